"""`DAGExecutor`: entities are loaded, counted, embedded and cleared in the stores of a pipeline."""

from typing import ClassVar

import pytest
from attrs import define

from glinker_core import DAGExecutor, DataError, InputError
from glinker_core.errors import StoreError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.model import Entity
from tests.fake_plugins import PARIS, fakes, node, pipeline


def test_entities_come_from_lists_mappings_and_files(tmp_path):
    file = tmp_path / "kb.jsonl"
    file.write_text('{"entity_id": "a", "label": "A"}\n{"entity_id": "b", "label": "B"}\n')
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        assert executor.load_entities({"m": {"label": "M"}}) == {"l2": {"fake": 1}}
        assert executor.load_entities(iter([{"entity_id": "x", "label": "X"}, Entity("y", "Y")])) == {"l2": {"fake": 2}}
        assert executor.load_entities(str(file), target_layers=["fake"]) == {"l2": {"fake": 2}}
        assert executor.count_entities() == {"l2": {"fake": 5}}


def test_defect_p_a_bad_record_refuses_the_whole_import_and_all_are_listed(executor):
    records = [{"entity_id": "new", "label": "New"}, {"label": "x"}, 7]
    with pytest.raises(DataError) as error:
        executor.load_entities(records)
    assert str(error.value).splitlines() == [
        "nothing was imported from the records given: 2 problems",
        "  record 1: 'entity_id' is missing",
        "  record 2: expected an object with 'entity_id' and 'label', got 7",
    ]
    assert executor.count_entities() == {"l2": {"fake": 4}}


def test_bad_records_can_be_skipped_and_are_listed_and_counted(executor, caplog):
    records = [{"entity_id": "new", "label": "New"}, {"label": "x"}]
    assert executor.load_entities(records, on_error="skip") == {"l2": {"fake": 1}}
    assert executor.count_entities() == {"l2": {"fake": 5}}
    assert executor.counters["entities skipped"] == 1
    assert "record 1: 'entity_id' is missing" in caplog.text


def test_a_refused_duplicate_does_not_hide_the_bad_records_that_were_skipped(executor):
    with pytest.raises(DataError) as error:
        executor.load_entities([{"label": "x"}, {"entity_id": "seine", "label": "Sequana"}], on_error="skip")
    assert [str(problem) for problem in error.value.problems] == [
        "record 0: 'entity_id' is missing",
        "entity 'seine': is there already with other content",
    ]


def test_defect_o_an_id_with_other_content_is_said_kept_or_replaced(executor):
    other = [{"entity_id": "seine", "label": "Sequana"}]
    with pytest.raises(DataError, match="entity 'seine': is there already with other content"):
        executor.load_entities(other)
    executor.load_entities(other, on_duplicate="keep")
    assert executor.resources.kb.get(["seine"])[0].label == "Seine"
    executor.load_entities(other, overwrite=True)
    assert executor.resources.kb.get(["seine"])[0].label == "Sequana"
    assert executor.link(["on the Seine"])[0].entities == ()


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["dcit"], "target_layers: no store 'dcit'; known are fake"),
        (["fak", "x"], "target_layers: no store 'fak'; did you mean 'fake'[?], no store 'x'; known are fake"),
        ("fake", "target_layers: expected a list of store names, got 'fake'; write \\['fake'\\]"),
    ],
)
def test_unknown_target_layers_are_refused_before_anything_loads(executor, names, message):
    with pytest.raises(InputError, match=message):
        executor.load_entities(PARIS, target_layers=names)


def test_entities_go_to_every_store_that_is_written_to_even_from_an_iterator():
    layers = [
        {"type": "fake", "name": "a"},
        {"type": "fake", "name": "b"},
        {"type": "fake", "name": "c", "write": False},
    ]
    with DAGExecutor(
        pipeline(node("l1", "l1_fake"), node("l2", "l2_chain", layers=layers)), plugins=fakes()
    ) as executor:
        assert executor.load_entities(iter(PARIS)) == {"l2": {"a": 4, "b": 4}}
        assert executor.count_entities() == {"l2": {"a": 4, "b": 4, "c": 0}}
        assert executor.resources.kb.count() == 4
        executor.clear_databases(["a"])
        assert executor.count_entities() == {"l2": {"a": 0, "b": 4, "c": 0}}
        executor.clear_databases()
        assert executor.resources.kb.count() == 0


@pytest.fixture
def cached():
    layers = [{"type": "fake_cache", "name": "quick", "priority": 1}, {"type": "fake", "name": "kb"}]
    nodes = node("l1", "l1_external"), node("l2", "l2_chain", layers=layers), node("l0", "l0_aggregator")
    with DAGExecutor(pipeline(*nodes), plugins=fakes()) as executor:
        yield executor


def test_entities_are_in_stores_and_never_in_caches(cached):
    assert cached.load_entities(PARIS) == {"l2": {"kb": 4}}
    assert cached.count_entities() == {"l2": {"kb": 4}}
    assert list(cached.resources.kb.stores) == ["kb"]
    with pytest.raises(InputError, match="target_layers: 'quick' is a cache and holds no entities; name a store: kb"):
        cached.load_entities(PARIS, target_layers=["quick"])
    with pytest.raises(InputError, match="'quick' is a cache and holds no entities"):
        cached.precompute_embeddings(["kb", "quick"])
    with pytest.raises(StoreError, match="'quick' is a cache and holds no entities"):
        cached.resources.store("quick")


@pytest.mark.parametrize("names", [None, ["quick"]])
def test_clearing_databases_makes_caches_forget(cached, names):
    cached.load_entities(PARIS)
    cached.execute({"texts": ["Paris"], "entities": [[{"start": 0, "end": 5}]]})
    quick = cached.resources.caches["quick"]
    assert len(quick._answers) == 1
    cached.clear_databases(names)
    assert quick._answers == {}
    assert cached.count_entities() == {"l2": {"kb": 0 if names is None else 4}}


def test_entities_that_no_store_would_take_are_refused():
    chain = node("l2", "l2_chain", layers=[{"type": "fake", "write": False}])
    with DAGExecutor(pipeline(node("l1", "l1_fake"), chain), plugins=fakes()) as executor:
        with pytest.raises(InputError, match="pipeline 'test' writes to no store; name one, or set write: true"):
            executor.load_entities(PARIS)
        assert executor.load_entities(PARIS, target_layers=["fake"]) == {"l2": {"fake": 4}}


def test_a_store_that_no_node_declares_is_loaded_under_its_own_heading():
    chain = pipeline(node("l1", "l1_fake"), node("l0", "l0_aggregator"), stores={"kb": {"type": "fake"}})
    with DAGExecutor(chain, plugins=fakes()) as executor:
        assert executor.load_entities(PARIS) == {"stores": {"kb": 4}}
        assert [m.mention_text for m in executor.link(["Seine"])[0].entities] == ["Seine"]


def test_embeddings_need_a_node_that_makes_them(executor):
    with pytest.raises(InputError, match="no node of this pipeline embeds entities; run: pip install glinker-gliner"):
        executor.precompute_embeddings()


@define
class Embedding:
    asked: ClassVar[list[tuple[list[str], int]]] = []

    def link(self, texts, candidates):
        return candidates

    def precompute_embeddings(self, stores, batch_size, progress):
        self.asked.append((stores, batch_size))
        return dict.fromkeys(stores, 4)


class EmbeddingPlugin:
    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_embedding", f"{__name__}:Embedding", "")


@pytest.mark.parametrize("on_load", [True, False])
def test_entities_are_embedded_when_they_are_loaded_if_the_retriever_is_set_so(on_load):
    Embedding.asked.clear()
    embeddings = {"enabled": True, "precompute_on_load": on_load}
    l2 = node("l2", "l2_chain", layers=[{"type": "fake", "name": "kb"}], embeddings=embeddings)
    nodes = node("l1", "l1_external"), l2, node("l3", "l3_embedding"), node("l0", "l0_aggregator")
    with DAGExecutor(pipeline(*nodes), plugins=fakes(more=EmbeddingPlugin())) as executor:
        executor.load_entities(PARIS)
        assert Embedding.asked == ([(["kb"], 32)] if on_load else [])
        assert executor.precompute_embeddings() == {"l3": {"kb": 4}}
