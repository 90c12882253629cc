"""Causes of errors in small documents, and sums that hold whatever the pipeline, the gold standard and the count."""

import pytest
from attrs import define, evolve
from glinker_eval.causes import ATTRIBUTED, Attribution
from glinker_eval.counting import Counts
from glinker_eval.evaluation import Setup, evaluate
from glinker_eval.gold import Gold, GoldDocument, GoldMention
from glinker_eval.ladder import perfected
from glinker_eval.running import run
from glinker_eval.stages import SecondLook, item_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core import DAGExecutor
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention, MentionCandidates
from tests.fake_plugins import fakes, node, pipeline

ENTITIES = [
    Entity("ulm", "Ulm", (), "lies minster", "town", 9),
    Entity("ulm2", "Ulm", (), "farm", "town", 5),
    Entity("ulm3", "Ulm", (), "Rhine", "town", 1),
    Entity("lies", "Ulm lies", (), "", "book"),
    Entity("rhine", "Rhine", ("Father Rhine",), "river", "river"),
    Entity("elbe", "Elbe", (), "river", "river"),
]
CHAIN = {"layers": [{"type": "fake", "search_mode": ["exact"]}]}


@define
class Spotter:
    """An L3 that finds the labels of the candidates of a whole text, as linkers do that need no recogniser."""

    threshold: float = 0.5

    def link(self, texts, candidates):
        return [[found for item in items for found in self._spotted(text, item)]
                for text, items in zip(texts, candidates, strict=True)]  # fmt: skip

    def _spotted(self, text, item):
        if item.mention.label != WHOLE_TEXT:
            yield evolve(item, candidates=tuple(c.scored(l3=1.0) for c in item.candidates))
            return
        for name in dict.fromkeys(candidate.label for candidate in item.candidates):
            if (start := text.find(name)) >= 0:
                same = tuple(c.scored(l3=0.9) for c in item.candidates if c.label == name)
                yield MentionCandidates(Mention(start, start + len(name), name), same, self.threshold)


class Spotters:
    """Declares it."""

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_spotter", f"{__name__}:Spotter", "finds labels")


def l1(**config):
    return node("l1", "l1_fake", names=["Ulm lies", "Ulm", "Rhine", "Bonn"], **config)


PIPELINES = {
    "linker": [l1(), node("l2", "l2_chain", **CHAIN), node("l3", "l3_fake"), node("l0", "l0_aggregator")],
    "retriever alone": [l1(), node("l2", "l2_chain", max_candidates=2, **CHAIN), node("l0", "l0_aggregator")],
    "recogniser alone": [l1(), node("l0", "l0_aggregator")],
    "hides NIL": [
        l1(), node("l2", "l2_chain", max_candidates=1, **CHAIN), node("l3", "l3_fake", threshold=0.6),
        node("l0", "l0_aggregator", include_unlinked=False, min_confidence=0.7),
    ],
    "two rerankers": [
        l1(), node("l2", "l2_chain", **CHAIN), node("l3", "l3_fake"), node("l4", "l4_fake", top=1),
        node("l4b", "l4_fake", top=3), node("l0", "l0_aggregator", strict_matching=False),
    ],
    "branches": [
        l1(), node("short", "l1_fake", names=["Ulm", "lies"], label="word"),
        node("l2", "l2_chain", {"mentions": ["l1", "short"]}, max_candidates=1, **CHAIN),
        node("l2b", "l2_chain", {"mentions": "short"}, max_candidates=1, min_popularity=2, **CHAIN),
        node("l3", "l3_fake", {"candidates": ["l2", "l2b"]}),
        node("gate", "gate_uncertain", {"candidates": "l3"}, min_margin=0.3),
        node("l4", "l4_fake", {"candidates": "gate"}),
        node("l0", "l0_aggregator", {"mentions": ["l1", "short"], "candidates": ["l3", "l4"]}, overlaps="longest"),
    ],
    "gate lets go": [
        l1(), node("l2", "l2_chain", **CHAIN), node("gate", "gate_uncertain", min_margin=0.5),
        node("l3", "l3_fake", {"candidates": "gate"}), node("l0", "l0_aggregator", {"candidates": "l3"}),
    ],
    "gate at the end": [
        l1(), node("l2", "l2_chain", **CHAIN), node("l3", "l3_fake"), node("gate", "gate_uncertain", min_margin=0.0),
        node("l0", "l0_aggregator", {"candidates": "gate"}),
    ],
    "gate to a linker": [
        l1(), node("l2", "l2_chain", **CHAIN), node("gate", "gate_uncertain"),
        node("l3", "l3_fake", {"candidates": "gate"}), node("l0", "l0_aggregator", {"candidates": ["l2", "l3"]}),
    ],
    "whole texts": [
        node("l2", "l2_chain", max_candidates=3, **CHAIN), node("l3", "l3_spotter"),
        node("l0", "l0_aggregator", strict_matching=False),
    ],
    "given mentions": [
        node("l1", "l1_external"), node("l2", "l2_chain", **CHAIN), node("l3", "l3_fake"), node("l0", "l0_aggregator"),
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def executors():
    made = {
        name: DAGExecutor(pipeline(*nodes), plugins=fakes(spotters=Spotters())) for name, nodes in PIPELINES.items()
    }
    for executor in made.values():
        if executor.graph.stores:
            executor.load_entities(ENTITIES)
    yield made
    for executor in made.values():
        executor.close()


def document(text, *mentions, judged=None):
    made = [GoldMention(text.index(one), text.index(one) + len(one), one, ids, **rest) for one, ids, rest in mentions]
    return GoldDocument("d", text, tuple(sorted(made, key=lambda mention: (mention.start, mention.end))), judged)


def means(name, *ids, **rest):
    return name, ids, rest


@pytest.fixture
def errors(executors):
    def told(name, one, task="el", match="strong"):
        executor = executors[name]
        outcome = run(executor, Gold("g", (one,)), "own")
        view = Attribution(executor.graph, SecondLook(executor), task, match, outcome.answers_nil)
        return [(e.kind, e.text, e.given, e.cause, e.node) for e in view.errors(outcome.documents[0])]

    return told


def test_a_wrong_entity_is_missed_and_extra_for_one_reason(errors):
    gold = document("Ulm lies at the Rhine.", means("Ulm lies", "lies"), means("Rhine", "elbe"))
    assert errors("linker", gold) == [
        ("missed", "Rhine", "rhine", "not_retrieved", "l2"),
        ("extra", "Rhine", "rhine", "not_retrieved", "l2"),
    ]


def test_a_span_that_is_not_found_right_is_one_that_is_not_found_if_nothing_overlaps_it(errors):
    gold = document("Ulm on Rhine, Elbe, Bonn", means("Ulm on", "ulm"), means("Elbe", "elbe"), means("Bonn"))
    assert errors("linker", gold) == [
        ("missed", "Ulm on", None, "wrong_span", "l1"),
        ("missed", "Elbe", None, "not_detected", "l1"),
        ("extra", "Ulm", "ulm3", "wrong_span", "l1"),
        ("extra", "Rhine", "rhine", "spurious", "l1"),
    ]
    assert errors("linker", gold, match="weak") == [
        ("missed", "Ulm on", "ulm3", "ranked_l3", "l3"),
        ("missed", "Elbe", None, "not_detected", "l1"),
        ("extra", "Ulm", "ulm3", "ranked_l3", "l3"),
        ("extra", "Rhine", "rhine", "spurious", "l1"),
    ]


def test_what_overlaps_is_no_wrong_span_if_it_is_right_itself(errors):
    gold = document("Ulm lies", means("Ulm lies", "lies"), means("lies", "elbe"))
    assert errors("linker", gold) == [("missed", "lies", None, "not_detected", "l1")]


def test_a_mention_that_l0_dropped_was_found(errors):
    gold = document("Ulm lies", means("Ulm lies", "lies"), means("Ulm", "ulm"))
    assert errors("branches", gold) == [("missed", "Ulm", None, "wrong_span", "l0")]


def test_who_ranked_wrong_is_who_gave_the_right_entity_its_score(errors):
    text = "Ulm minster, Rhine"
    assert errors("retriever alone", document(text, means("Ulm", "ulm2"))) == [
        ("missed", "Ulm", "ulm", "ranked_l2", "l2"), ("extra", "Ulm", "ulm", "ranked_l2", "l2"),
        ("extra", "Rhine", "rhine", "spurious", "l1"),
    ]  # fmt: skip
    assert ("missed", "Ulm", "ulm3", "ranked_l3", "l3") in errors("linker", document(text, means("Ulm", "ulm")))
    assert ("missed", "Ulm", "ulm3", "ranked_l4", "l4b") in errors("two rerankers", document(text, means("Ulm", "ulm")))


def test_what_stands_behind_the_limit_is_cut_off(errors):
    gold = document("Ulm, Rhine", means("Ulm", "ulm3"), means("Rhine", "rhine"))
    assert errors("retriever alone", gold)[0] == ("missed", "Ulm", "ulm", "cut_off", "l2")
    assert errors("linker", gold) == []


def test_of_several_retrievers_the_one_that_cut_off_is_named(errors):
    gold = document("Ulm lies", means("Ulm lies", "ulm"), means("lies", "rhine"))
    assert errors("branches", gold)[0] == ("missed", "Ulm lies", "lies", "not_retrieved", "")
    gold = document("Ulm", means("Ulm", "ulm2"))
    assert errors("branches", gold)[0] == ("missed", "Ulm", "ulm", "cut_off", "l2")


def test_what_a_gate_lets_go_did_not_reach_l0(errors):
    gold = document("Rhine", means("Rhine", "rhine"))
    assert errors("gate lets go", gold)[0] == ("missed", "Rhine", None, "dropped", "gate")
    assert errors("gate at the end", gold)[0] == ("missed", "Rhine", None, "dropped", "gate")


def test_nil_that_is_linked_and_nil_that_is_hidden(errors):
    assert errors("linker", document("Rhine", means("Rhine"))) == [
        ("missed", "Rhine", "rhine", "nil_wrong", "l0"), ("extra", "Rhine", "rhine", "nil_wrong", "l0"),
    ]  # fmt: skip
    for gold in document("Bonn", means("Bonn")), document("Bonn", means("Bonn", "bonn", absent=True)):
        assert errors("hides NIL", gold) == [("missed", "Bonn", None, "nil_wrong", "l0")]


def test_what_the_knowledge_base_lacks(errors):
    gold = document("Rhine at Bonn", means("Rhine", "lost", absent=True), means("Bonn", "bonn", absent=True))
    assert errors("linker", gold) == [
        ("missed", "Rhine", "rhine", "kb_gap", ""), ("extra", "Rhine", "rhine", "kb_gap", ""),
    ]  # fmt: skip


def test_a_link_that_is_too_weak_is_missed_and_where_nil_is_shown_extra(errors):
    gold = document("Rhine", means("Rhine", "rhine"))
    assert errors("hides NIL", gold) == [("missed", "Rhine", None, "below_threshold", "l0")]


def test_detection_looks_at_spans_alone_but_what_is_hidden_is_missed_for_its_own_reason(errors):
    gold = document("Ulm, Rhine, Elbe", means("Ulm", "elbe"), means("Rhine", "rhine"), means("Elbe", "elbe"))
    assert errors("linker", gold, "md") == [("missed", "Elbe", None, "not_detected", "l1")]
    assert errors("hides NIL", gold, "md") == [
        ("missed", "Ulm", None, "not_retrieved", "l2"), ("missed", "Rhine", None, "below_threshold", "l0"),
        ("missed", "Elbe", None, "not_detected", "l1"),
    ]  # fmt: skip


def test_optional_gold_that_is_linked_wrong_is_extra_for_its_own_reason(errors):
    gold = document("Rhine", means("Rhine", "elbe", optional=True))
    assert errors("linker", gold) == [("extra", "Rhine", "rhine", "not_retrieved", "l2")]
    gold = document("Rhine river", means("Rhine river", "rhine", optional=True))
    assert errors("linker", gold) == [("extra", "Rhine", "rhine", "wrong_span", "l1")]


def test_what_lies_outside_of_what_was_judged_is_no_error(errors):
    assert errors("linker", document("Ulm, Rhine", means("Ulm", "ulm3"), judged=(0, 4))) == []


def test_one_mention_can_be_right_for_one_of_two_gold_mentions_of_a_span(errors):
    gold = document("Rhine", means("Rhine", "rhine"), means("Rhine", "elbe"), means("Rhine", "rhine", label="river"))
    assert errors("linker", gold) == [
        ("missed", "Rhine", None, "not_retrieved", "l2"), ("missed", "Rhine", None, "not_detected", "l1"),
    ]  # fmt: skip


def test_a_linker_that_finds_mentions_itself_is_given_the_whole_text(errors):
    gold = document("Ulm and Elbe", means("Ulm", "ulm2"), means("Elbe", "elbe"))
    assert errors("whole texts", gold) == [
        ("missed", "Ulm", "ulm", "ranked_l3", "l3"), ("missed", "Elbe", None, "not_detected", ""),
        ("extra", "Ulm", "ulm", "ranked_l3", "l3"),
    ]  # fmt: skip


def test_candidates_of_a_mention_are_those_of_its_label_else_of_its_span_else_of_what_overlaps_it_most():
    whole, other, same = Mention(0, 9, "Ulm lies."), Mention(0, 3, "Ulm", "river"), Mention(0, 3, "Ulm", "town")
    items = [MentionCandidates(mention) for mention in (whole, Mention(2, 8, "m lies"), other, same)]
    assert [item_of(items[:end], same).mention for end in (4, 3, 2)] == [same, other, whole]
    assert item_of(items, Mention(9, 10, "!")) is None


# -- steps ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def figures(executors):
    def told(name, *documents):
        done = evaluate(executors[name], Gold("g", documents))
        return {step.stage: step.figures["all"] for step in done.ladder}

    return told


def test_that_the_knowledge_base_lacks_an_entity_no_stage_can_mend(figures):
    gold = document("Elbe", means("Elbe", "lost"))
    assert figures("linker", gold) == {"own": 0, "l1": 0, "l2": 0, "l3": 0, "l0": 0, "kb": 1}


def test_a_link_that_is_right_for_another_gold_mention_of_the_span_is_no_gap_of_the_knowledge_base(figures):
    gold = document("Rhine", means("Rhine", "rhine"), means("Rhine", "lost"))
    assert figures("linker", gold) == {"own": 2 / 3, "l1": 2 / 3, "l2": 2 / 3, "l3": 2 / 3, "l0": 1, "kb": 1}


def test_a_retriever_after_which_nothing_ranks_is_perfect_if_the_right_entity_stands_first(figures):
    gold = document("Ulm farm", means("Ulm", "ulm"))
    assert figures("linker", gold) == {"own": 0, "l1": 0, "l2": 0, "l3": 1, "l0": 1, "kb": 1}
    gold = document("Ulm farm", means("Ulm", "ulm3"))
    assert figures("retriever alone", gold) == {"own": 0, "l1": 0, "l2": 1, "l0": 1, "kb": 1}


def test_what_an_earlier_step_mended_stays_mended(figures):
    gold = document("Rhine, Ulm farm", means("Rhine", "elbe"), means("Ulm", "ulm"))
    assert figures("gate to a linker", gold) == {"own": 0, "l1": 0, "l2": 0.5, "l3": 1, "l0": 1, "kb": 1}


def test_an_undetected_mention_shows_what_later_stages_would_make_of_it(figures):
    gold = document("Elbe lies minster, Ulm", means("Elbe", "elbe"), means("Ulm", "ulm"), means("lies", "rhine"))
    assert figures("linker", gold) == {"own": 0.5, "l1": 2 / 3, "l2": 1, "l3": 1, "l0": 1, "kb": 1}


def test_a_stage_that_is_perfect_puts_the_right_entity_first_and_scores_stay_with_their_places():
    graph = DAGExecutor(pipeline(*PIPELINES["linker"]), plugins=fakes()).graph
    one, two, three, new = (Entity(name, name) for name in ("one", "two", "three", "new"))
    all_scores = {"l2": 1.0, "l3": 0.9}, {"l2": 1.0, "l3": 0.7}, {"l2": 0.5}
    scored = [Candidate(*c) for c in zip((one, two, three), "xxx", ("exact",) * 3, all_scores, strict=True)]

    class Linker:
        def link(self, texts, candidates):
            return candidates

    def perfect(entity_id, candidates=tuple(scored), layer="linker"):
        nodes = [evolve(node, component=Linker()) if node.id == "l3" else node for node in graph.nodes]
        gold = GoldDocument("d", "x", (GoldMention(0, 1, "x", (entity_id,)),))
        made = perfected(evolve(graph, nodes=tuple(nodes)), [layer], {"new": new}, [gold]).node("l3").component
        ((item,),) = made.link(texts=["x"], candidates=[[MentionCandidates(Mention(0, 1, "x"), candidates)]])
        return [(c.entity_id, c.scores.get("l3")) for c in item.candidates]

    assert perfect("one") == [("one", 0.9), ("two", 0.7), ("three", None)]
    assert perfect("two") == [("two", 0.9), ("one", 0.7), ("three", None)]
    assert perfect("three") == [("three", 0.9), ("one", 0.7), ("two", 0.7)]
    assert perfect("new") == [("new", 0.9), ("one", 0.7), ("two", 0.7), ("three", None)]
    assert perfect("new", ()) == [("new", None)]
    assert perfect("two", layer="reranker") == [("one", 0.9), ("two", 0.7), ("three", None)]


# -- sums -----------------------------------------------------------------------------------------------------------

WORDS = "Ulm", "lies", "Rhine", "Elbe", "Bonn", "minster", "river", "farm"
IDS = (), ("ulm",), ("ulm2",), ("ulm3", "lies"), ("lies",), ("rhine",), ("elbe",), ("lost",)
SETUPS = [
    Setup("el"), Setup("el", "weak"), Setup("md"), Setup("md", "weak"), Setup("ed", mentions="gold"), Setup("ed"),
    Setup("el", mentions="gold"),
]  # fmt: skip


DRAWN = st.tuples(st.integers(0, 5), st.integers(0, 1), st.sampled_from(IDS), st.sampled_from([False] * 5 + [True]))


@st.composite
def gold_documents(draw):
    made = []
    for number in range(draw(st.integers(1, 3))):
        words = draw(st.lists(st.sampled_from(WORDS), max_size=6))
        starts = [sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
        text = " ".join(words)
        judged = draw(st.sampled_from([None, None, (0, len(text) // 2)]))
        mentions = set()
        for first, more, ids, optional in draw(st.lists(DRAWN, max_size=4)):
            if (last := first + more) < len(words):
                start, end = starts[first], starts[last] + len(words[last])
                if judged is None or end <= judged[1]:
                    mentions.add(GoldMention(start, end, text[start:end], ids, "", optional))
        ordered = sorted(mentions, key=lambda one: (one.start, one.end, one.entity_ids, one.optional))
        made.append(GoldDocument(f"d{number}", text, tuple(ordered), judged))
    return Gold("drawn", tuple(made))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gold=gold_documents(), name=st.sampled_from(sorted(PIPELINES)), setup=st.sampled_from(SETUPS))
def test_causes_add_up_to_the_errors_and_gaps_to_the_whole(executors, gold, name, setup):
    executor = executors[name]
    if name == "given mentions":
        setup = Setup("el" if setup.task == "md" else setup.task, setup.match, "gold")
    elif setup.mentions == "gold":
        setup = Setup("ed")
    done = evaluate(executor, gold, setup)
    for scope, scores in done.scores.items():
        if scope in ATTRIBUTED:
            told = sum(done.causes.get(scope, {}).values(), Counts())
            assert (told.fp, told.fn) == (scores.counts.fp, scores.counts.fn)
            assert done.ladder[0].figures[scope] == scores.micro.f1
            assert sum(step.gaps[scope] for step in done.ladder) == pytest.approx(1 - scores.micro.f1)
    assert set(done.causes) <= set(done.scores)
    assert set(done.ladder[-1].figures.values()) == {1.0}
