import pytest
from attrs import define

from glinker_core import DAGExecutor, InputError, NodeError
from glinker_core.errors import CancelledError
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.model import Mention
from glinker_core.runner import run_batch
from glinker_core.source import load_source
from tests.fake_plugins import PARIS, fakes, node, pipeline


@define
class Odd:
    """A recogniser that gives back whatever the test wants."""

    answer: str = "short"

    def recognize(self, texts):
        if self.answer == "raise":
            raise ZeroDivisionError("no reason")
        if self.answer == "silent":
            raise ZeroDivisionError
        return {"short": [], "text": "x" * len(texts), "none": None, "iterator": iter([()] * len(texts))}[self.answer]


class OddPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_odd", f"{__name__}:Odd", "odd")


class Watcher:
    """Sees every hook of a run."""

    def __init__(self):
        self.seen = []

    @hookimpl
    def glinker_run_started(self, run):
        self.seen.append(("started", run.batch, len(run.texts)))

    @hookimpl(wrapper=True)
    def glinker_run_node(self, call):
        result = yield
        self.seen.append((call.node.id, call.node.processor, len(result)))
        return result

    @hookimpl
    def glinker_run_finished(self, run):
        self.seen.append(("finished", type(run.error).__name__))


def odd(answer):
    return DAGExecutor(
        pipeline(node("l1", "l1_odd", answer=answer), node("l0", "l0_aggregator")), plugins=fakes(odd=OddPlugin())
    )


@pytest.mark.parametrize(
    ("answer", "got"), [("short", "0"), ("text", "str"), ("none", "NoneType"), ("iterator", "list_iterator")]
)
def test_a_component_that_does_not_give_one_item_per_text_is_found_out(answer, got):
    with pytest.raises(NodeError, match=rf"Odd.recognize must give one item per text: 2 texts, got {got}"):
        odd(answer).execute({"texts": ["a", "b"]})


def test_a_failing_node_is_named_with_batch_texts_and_reason_and_keeps_its_cause():
    with pytest.raises(NodeError) as error:
        odd("raise").execute({"texts": ["a"] * 7})
    assert str(error.value) == "node 'l1', batch 0 (texts 0, 1, 2, 3, 4 ...): ZeroDivisionError: no reason"
    assert isinstance(error.value.__cause__, ZeroDivisionError)


def test_an_error_without_words_is_called_by_its_type():
    with pytest.raises(NodeError, match=r"\(texts 0\): ZeroDivisionError: ZeroDivisionError$"):
        odd("silent").execute({"texts": ["a"]})


def test_hooks_see_each_node_once_per_batch_and_the_end_of_a_run():
    watcher = Watcher()
    with DAGExecutor(pipeline(), plugins=fakes(watcher=watcher)) as executor:
        executor.load_entities(PARIS)
        list(executor.stream(["Paris", "Seine", "Troy"], batch_size=2))
    nodes = [("l1", "l1_fake"), ("l2", "l2_chain"), ("l3", "l3_fake"), ("l0", "l0_aggregator")]
    expected = []
    for batch, size in ((0, 2), (1, 1)):
        expected += [("started", batch, size), *((n, p, size) for n, p in nodes), ("finished", "NoneType")]
    assert watcher.seen == expected


def test_hooks_see_what_a_run_failed_with():
    watcher = Watcher()
    plugins = fakes(odd=OddPlugin(), watcher=watcher)
    executor = DAGExecutor(pipeline(node("l1", "l1_odd", answer="raise"), node("l0", "l0_aggregator")), plugins=plugins)
    with pytest.raises(NodeError):
        executor.execute({"texts": ["a"]})
    assert watcher.seen == [("started", 0, 1), ("finished", "NodeError")]


def test_a_run_that_is_cancelled_stops_before_the_next_node():
    plugins = fakes()
    graph = build(load_source(pipeline(node("l1", "l1_fake", names=["a"]), node("l0", "l0_aggregator"))), plugins)
    with pytest.raises(CancelledError, match="cancelled before node 'l1' of batch 3"):
        run_batch(graph, plugins, {"texts": ["a"]}, batch=3, cancelled=lambda: True)


def test_two_recognisers_merge_into_one_retriever():
    chain = pipeline(
        node("cities", "l1_fake", names=["Paris"], label="city"),
        node("rivers", "l1_fake", names=["Seine", "Paris"], label="river"),
        node("l2", "l2_chain", {"mentions": [{"source": "cities"}, "rivers"]}, layers=[{"type": "fake"}]),
        node("l0", "l0_aggregator", {"candidates": "l2"}),
    )
    with DAGExecutor(chain, plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        context = executor.execute({"texts": ["The Seine in Paris", ""]})
    expected = [[("Seine", "river"), ("Paris", "city"), ("Paris", "river")], []]
    assert [[(i.mention.text, i.mention.label) for i in items] for items in context.get("l2_result")] == expected
    assert [m.mention_text for m in context.get("l0_result").entities] == ["Seine", "Paris"]


def test_two_stores_merge_into_one_linker():
    chain = pipeline(
        node("l1", "l1_fake"),
        node("one", "l2_chain", layers=[{"store": "a"}]),
        node("two", "l2_chain", layers=[{"store": "b"}]),
        node("l3", "l3_fake", {"candidates": ["one", "two"]}),
        node("l0", "l0_aggregator", return_all_candidates=True),
        stores={"a": {"type": "fake"}, "b": {"type": "fake"}},
    )
    with DAGExecutor(chain, plugins=fakes()) as executor:
        executor.load_entities(PARIS[:2], target_layers=["a"])
        executor.load_entities(PARIS[1:], target_layers=["b"])
        (document,) = executor.link(["Paris, where the prince of Troy ..."])
    assert document.entities[0].linked_entity.entity_id == "myth"
    assert sorted(document.entities[0].candidate_scores) == ["fr", "myth", "tx"]


def test_mentions_can_come_from_the_caller_without_a_recogniser():
    l2 = node("l2", "l2_chain", {"mentions": {"source": "$input", "fields": "entities"}}, layers=[{"type": "fake"}])
    with DAGExecutor(pipeline(l2, node("l0", "l0_aggregator")), plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        context = executor.execute({"texts": ["in Paris"], "entities": [[{"start": 3, "end": 8, "text": "Paris"}]]})
        assert context.get("l2_result")[0][0].mention == Mention(3, 8, "Paris")
        with pytest.raises(NodeError, match="give 'entities', one list per text") as error:
            executor.execute({"texts": ["in Paris"]})
        assert isinstance(error.value.cause, InputError)


def test_results_have_the_shapes_glinker_users_know():
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        context = executor.execute({"texts": ["Paris on the Seine", "nothing"]})
    assert [m.text for m in context.get("l1_result").entities[0]] == ["Paris", "Seine"]
    assert len(context.get("l2_result").candidates[0][0].candidates) == 3
    paris, seine = context.get("l1_result").entities[0]
    assert (paris.left_context, paris.right_context) == ("", " on the Seine")
    assert (seine.left_context, seine.right_context) == ("Paris on the ", "")
    best = context.get("l3_result").entities[0][0]
    assert (best.text, best.label, best.start, best.end) == ("Paris", "Paris", 0, 5)
    assert set(best.class_probs) == {"Paris"}
    assert context.get("l0_result").stats == {"total_mentions": 2, "linked": 2, "unlinked": 0, "linking_rate": 1.0}
    assert [len(document.entities) for document in context.get("l0_result").documents] == [2, 0]
    assert context.get("outputs[-1]") is context.get("l0_result")


def test_defect_f_a_component_is_called_once_per_batch_not_once_per_text():
    watcher = Watcher()
    with DAGExecutor(pipeline(), plugins=fakes(watcher=watcher)) as executor:
        executor.execute({"texts": ["Paris"] * 8})
    assert [seen for seen in watcher.seen if seen[0] == "l3"] == [("l3", "l3_fake", 8)]


@pytest.mark.parametrize("l1", ["l1_fake", "l1_external"])
def test_defect_j_a_reranker_works_on_what_the_linker_left_and_nothing_is_lost(l1):
    chain = pipeline(
        node("l1", l1),
        node("l2", "l2_chain", layers=[{"type": "fake"}]),
        node("l3", "l3_fake"),
        node("l4", "l4_fake", top=2),
        node("l0", "l0_aggregator", return_all_candidates=True),
    )
    data = {"texts": ["Paris, a city in Texas"], "entities": [[{"start": 0, "end": 5}]]}
    with DAGExecutor(chain, plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        (mention,) = executor.execute(data).get("l0_result").entities
    assert mention.linked_entity.entity_id == "tx"
    assert [list(c.scores) for c in mention.candidates] == [["l2", "l3", "l4"], ["l2", "l3", "l4"], ["l2", "l3"]]
