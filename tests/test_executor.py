"""`DAGExecutor`: texts are linked in order, in batches or one by one, and what fails is told."""

import logging
from threading import Event

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from glinker_core import DAGExecutor, DataError, Document, InputError, NodeError
from glinker_core.errors import CancelledError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.testing import texts as nasty
from tests.fake_plugins import PARIS, fakes, node, pipeline


@define
class Picky:
    """A recogniser that cannot stand a word."""

    word: str = "bad"

    def recognize(self, texts):
        if any(self.word in text for text in texts):
            raise ValueError(f"there is {self.word!r}")
        return [()] * len(texts)


class MorePlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_picky", f"{__name__}:Picky", "picky")


def test_texts_are_linked_in_order_with_ids_and_the_revision_of_the_knowledge_base(executor):
    documents = executor.link(["Paris", Document("the Seine", id="river"), ""])
    assert [d.id for d in documents] == ["0", "river", "2"]
    assert [[m.mention_text for m in d.entities] for d in documents] == [["Paris"], ["Seine"], []]
    assert {d.kb_revision for d in documents} == {executor.resources.kb.revision}


@pytest.mark.parametrize("batch", [[], [""], ["", " \n"]])
def test_nothing_in_nothing_out(executor, batch):
    assert [d.entities for d in executor.link(batch)] == [()] * len(batch)
    assert executor.execute({"texts": batch}).get("l0_result").entities == []


def test_an_empty_knowledge_base_links_nothing():
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        assert executor.link(["Paris"])[0].entities == ()
        assert executor.count_entities() == {"l2": {"fake": 0}}


@pytest.mark.parametrize("name", sorted(nasty.NASTY))
def test_offsets_are_right_in_nasty_texts(executor, name):
    text = nasty.NASTY[name]
    for mention in executor.link([text])[0].entities:
        assert text[mention.start : mention.end] == mention.mention_text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"texts": "a string"}, r"texts: expected a list of texts, got str 'a string'; put a single text into a list"),
        ({"texts": b"bytes"}, "texts: expected a list of texts, got bytes"),
        ({"texts": {"a": 1}}, "texts: expected a list of texts, got dict"),
        ({"texts": {"a"}}, "texts: expected a list of texts, got set"),
        ({"texts": 5}, "texts: expected a list of texts, got int 5"),
        ({"texts": ["a", None, 3]}, "texts: expected strings: text 1 is NoneType, text 2 is int"),
        ({"text": ["a"]}, r"input: expected \{'texts': \[...\]\}, got dict"),
        (["a"], r"input: expected \{'texts': \[...\]\}, got list"),
        ({"texts": ["a"], "entites": []}, "input: unknown key 'entites'; did you mean 'entities'?"),
    ],
)
def test_input_of_the_wrong_kind_is_refused(executor, data, message):
    with pytest.raises(InputError, match=message):
        executor.execute(data)


@pytest.mark.parametrize(
    ("texts", "got"),
    [("a string", "one"), (b"bytes", "one"), (Document("one"), "one"), ({"a"}, "set"), ({"a": 1}, "dict")],
)
def test_one_text_is_not_a_list_of_texts_and_a_set_has_no_order(executor, texts, got):
    with pytest.raises(InputError, match=f"texts: expected a list of texts, got {got}"):
        executor.link(texts)


def test_mentions_that_no_node_reads_are_said_once_and_counted(executor, caplog):
    given = [{"start": 0, "end": 5}]
    executor.execute({"texts": ["Paris", ""], "entities": [given, []]})
    executor.link([Document("Paris", entities=(given[0], given[0]))])
    assert [r.getMessage() for r in caplog.records] == [
        "test: 'entities' are given, but no node reads them; use l1_external"
    ]
    assert executor.counters == {"mentions given that no node reads": 3}


@pytest.mark.parametrize(("given", "count"), [(5, 1), ([5], 1), ([None], None), ({"a": 1}, 1), ([[]], None)])
def test_mentions_of_a_wrong_kind_that_no_node_reads_are_no_traceback(executor, given, count):
    executor.execute({"texts": ["Paris"], "entities": given})
    assert executor.counters.get("mentions given that no node reads") == count


@pytest.mark.parametrize("given", [5, [5], {"a": 1}])
def test_mentions_of_a_wrong_kind_are_refused_by_the_node_that_reads_them(given):
    chain = pipeline(node("l1", "l1_external"), node("l0", "l0_aggregator"))
    with (
        DAGExecutor(chain, plugins=fakes()) as executor,
        pytest.raises(NodeError, match=r"expected (one|a) list of") as e,
    ):
        executor.execute({"texts": ["Paris"], "entities": given})
    assert isinstance(e.value.cause, (InputError, DataError))


def test_bad_mentions_are_told_by_the_id_of_their_text_not_by_its_place_in_the_batch():
    chain = pipeline(node("l1", "l1_external"), node("l0", "l0_aggregator"))
    documents = [Document("Paris", str(n), ({"start": 0, "end": 5 if n < 4 else 9},)) for n in range(5)]
    with DAGExecutor(chain, plugins=fakes()) as executor:
        with pytest.raises(NodeError, match="text 4, mention 0: span 0:9 lies outside"):
            list(executor.stream(documents, batch_size=2))
        *good, bad = executor.stream(documents, batch_size=2, on_error="skip")
    assert [d.error for d in good] == [None] * 4
    assert "text 4, mention 0: span 0:9 lies outside" in bad.error


def test_glinkers_call_for_caches_is_still_there(executor):
    assert executor.setup_l3_cache_writeback() is None


def test_a_stream_refuses_what_is_not_a_text_and_sizes_that_make_no_sense(executor):
    with pytest.raises(InputError, match="texts: text 0: expected a string or a Document, got int 5"):
        executor.link([5])
    with pytest.raises(InputError, match="batch_size and workers must be at least 1, got 0 and 1"):
        executor.stream(["a"], batch_size=0)


@given(
    texts=st.lists(st.text(st.sampled_from("Paris Seine,.\n")) | st.sampled_from(["Paris", "in Paris", "the Seine"])),
    size=st.integers(1, 5),
    workers=st.integers(1, 3),
)
def test_batches_and_workers_change_nothing(texts, size, workers):
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        one_by_one = [executor.link([Document(text, id=str(n))])[0] for n, text in enumerate(texts)]
        assert list(executor.stream(texts, batch_size=size, workers=workers)) == one_by_one


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stream_reads_lazily_with_a_bounded_number_of_batches(executor, workers):
    read = []

    def texts():
        for number in range(100):
            read.append(number)
            yield "Paris"

    stream = executor.stream(texts(), batch_size=2, workers=workers)
    next(stream)
    assert len(read) <= 2 * (workers + 1)
    stream.close()
    assert len(read) <= 2 * (workers + 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_stream_can_be_cancelled(executor, workers):
    cancel = Event()
    stream = executor.stream(["Paris"] * 100, batch_size=1, workers=workers, cancel=cancel)
    next(stream)
    cancel.set()
    with pytest.raises(CancelledError):
        list(stream)
    assert executor.link(["Paris"])[0].entities  # the executor is as good as before


@pytest.mark.parametrize("workers", [1, 2])
def test_a_text_that_fails_is_reported_and_the_rest_of_its_batch_is_linked(workers, caplog):
    chain = pipeline(node("l1", "l1_picky"), node("l0", "l0_aggregator"))
    texts = ["good", "bad", "good too", "better"]
    with DAGExecutor(chain, plugins=fakes(more=MorePlugin())) as executor:
        with pytest.raises(NodeError, match=r"batch 0 \(texts 0, 1, 2\)"):
            list(executor.stream(texts, batch_size=3, workers=workers))
        with caplog.at_level(logging.WARNING):
            documents = list(executor.stream(texts, batch_size=3, workers=workers, on_error="skip"))
        assert [d.text for d in documents] == texts
        errors = [d.error for d in documents]
        assert errors == [None, "node 'l1', batch 0 (texts 1): ValueError: there is 'bad'", None, None]
        assert executor.counters == {"texts that failed": 1}
        assert [r.getMessage() for r in caplog.records] == [errors[1]]


def test_a_store_that_is_down_stops_a_run_even_when_bad_texts_are_skipped():
    chain = pipeline(
        node("l1", "l1_external"), node("l2", "l2_chain", layers=[{"type": "down"}]), node("l0", "l0_aggregator")
    )
    document = Document("Paris", entities=({"start": 0, "end": 5},))
    with DAGExecutor(chain, plugins=fakes()) as executor, pytest.raises(NodeError, match="connection refused"):
        executor.link([document], on_error="skip")


def test_documents_bring_their_own_mentions():
    chain = pipeline(
        node("l1", "l1_external"), node("l2", "l2_chain", layers=[{"type": "fake"}]), node("l0", "l0_aggregator")
    )
    with DAGExecutor(chain, plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        documents = executor.link(
            [Document("in Paris", entities=({"start": 3, "end": 8},)), Document("Paris", entities=())]
        )
    assert [[m.mention_text for m in d.entities] for d in documents] == [["Paris"], []]


@pytest.mark.parametrize("size", [1, 2])
def test_a_document_without_its_mentions_is_told_under_any_batch_size(size):
    documents = [Document("in Paris", entities=({"start": 3, "end": 8},)), Document("Paris")]
    with DAGExecutor(pipeline(node("l1", "l1_external"), node("l0", "l0_aggregator")), plugins=fakes()) as executor:
        linked = list(executor.stream(documents, batch_size=size, on_error="skip"))
    assert [document.error is None for document in linked] == [True, False]


@pytest.mark.parametrize("span", [(3, 3), (5, 3)])
def test_an_empty_span_is_called_empty_and_not_outside(span):
    document = Document("in Paris", entities=({"start": span[0], "end": span[1]},))
    with (
        DAGExecutor(pipeline(node("l1", "l1_external"), node("l0", "l0_aggregator")), plugins=fakes()) as executor,
        pytest.raises(NodeError, match=f"span {span[0]}:{span[1]} is empty; 'end' is exclusive"),
    ):
        executor.link([document])


def test_a_misspelt_policy_is_refused_rather_than_skipping():
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        with pytest.raises(InputError, match="on_error: unknown policy 'skipp'; did you mean 'skip'"):
            executor.load_entities([{"entity_id": "a"}], on_error="skipp")
        with pytest.raises(InputError, match="unknown policy 'rise'"):
            executor.stream(["Paris"], on_error="rise")


def test_a_pipeline_without_an_aggregator_can_be_executed_but_not_linked():
    with DAGExecutor(pipeline(node("l1", "l1_fake", names=["Paris"])), plugins=fakes()) as executor:
        assert executor.execute({"texts": ["Paris"]}).get("l1_result")[0][0].text == "Paris"
        with pytest.raises(InputError, match="has no aggregator; add a node with processor l0_aggregator"):
            executor.link(["Paris"])


def test_warnings_of_a_pipeline_are_logged(caplog):
    l2 = node("l2", "l2_chain", {"mentions": "l1"}, layers=[{"type": "fake"}])
    l0 = node("l0", "l0_aggregator", {"mentions": "l1"})
    DAGExecutor(pipeline(node("l1", "l1_fake"), node("lost", "l1_fake"), l2, l0), plugins=fakes())
    assert "nothing reads node 'lost'; its work is lost" in caplog.text


def test_verbose_logs_each_batch(caplog):
    with caplog.at_level(logging.INFO), DAGExecutor(pipeline(), verbose=True, plugins=fakes()) as executor:
        executor.link(["a", "b"])
    assert "test: batch 0, 2 texts" in caplog.text
