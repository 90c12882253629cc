"""Several stores that answer for each name together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core import DAGExecutor
from glinker_core.model import Entity, Mention
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import store_of
from tests.chains import CountingStore, ids, opened
from tests.fake_plugins import PARIS, fakes, node, pipeline

OTHERS = (
    Entity("fr", "Paris", description="of the other store", popularity=1),
    Entity("opera", "Paris", description="an opera house", popularity=70),
    Entity("nile", "Nile", ("Paris of the south",)),
)


def test_every_store_is_asked_for_every_name_in_one_call_however_many_mentions_there_are():
    one, other = CountingStore(PARIS), CountingStore(OTHERS)
    chain, _ = opened({"one": one, "other": other}, combine="union")
    mentions = [[Mention(0, 5, "Paris")] * 3, [], [Mention(0, 4, "Nile"), Mention(5, 10, "Seine")] * 20]
    chain.retrieve(["Paris", "", "Nile Seine"], mentions)
    assert one.asked == other.asked == [["Paris", "Nile", "Seine"]]


def test_an_entity_that_several_stores_give_is_one_candidate_and_goes_first():
    chain, _ = opened({"one": store_of(PARIS), "other": store_of(OTHERS)}, combine="union")
    found = chain.lookup(["Paris"])["Paris"]
    assert [c.entity_id for c in found] == ["fr", "opera", "myth", "tx"]
    assert found[0].entity.description == "capital of France on the Seine"
    assert [list(c.scores) for c in found] == [["l2", "l2_rrf"]] * 4
    assert {c.scores["l2"] for c in found} == {1.0}


def test_the_record_is_that_of_the_store_with_the_higher_priority():
    layers = [{"type": "one"}, {"type": "other", "priority": 5}]
    chain, _ = opened({"one": store_of(PARIS), "other": store_of(OTHERS)}, layers=layers, combine="union")
    found = {c.entity_id: c.entity.description for c in chain.lookup(["Paris"])["Paris"]}
    assert found["fr"] == "of the other store"


def test_each_store_is_searched_in_its_own_way_and_the_fused_answer_is_cut():
    one, other = CountingStore(PARIS), CountingStore(OTHERS)
    layers = [
        {"type": "one", "priority": 1, "search_mode": ("exact",), "limit": 2},
        {"type": "other", "search_mode": ("exact", "fuzzy"), "limit": 9},
    ]
    chain, _ = opened({"one": one, "other": other}, layers=layers, combine="union", max_candidates=3)
    assert ids(chain, "Paris") == ["fr", "opera", "myth"]
    assert ids(chain, "Nil") == ["nile"]
    assert [(s.modes, s.limit) for s in (one.searches[0], other.searches[0])] == [
        (("exact",), 2),
        (("exact", "fuzzy"), 9),
    ]


def test_one_store_may_be_asked_in_two_ways_at_once():
    store = CountingStore(PARIS)
    layers = [{"type": "kb", "search_mode": ("exact",)}, {"type": "kb", "search_mode": ("fuzzy",)}]
    chain, _ = opened({"kb": store}, layers=layers, combine="union")
    assert ids(chain, "Paris") == ["fr", "myth", "tx"]
    assert [search.modes for search in store.searches] == [("exact",), ("fuzzy",)]


def test_without_a_linker_the_share_of_stores_decides_what_is_linked():
    stores = [{"type": "fake", "name": name} for name in ("one", "other")]
    nodes = (
        node("l1", "l1_fake"),
        node("l2", "l2_chain", layers=stores, combine="union"),
        node("l0", "l0_aggregator", min_confidence=0.6),
    )
    with DAGExecutor(pipeline(*nodes), plugins=fakes()) as executor:
        executor.load_entities(PARIS, target_layers=["one"])
        executor.load_entities(OTHERS, target_layers=["other"])
        linked = {m.mention_text: m.linked_entity for m in executor.link(["Paris Seine"])[0].entities}
    assert (linked["Paris"].entity_id, linked["Paris"].score) == ("fr", pytest.approx((1 + 61 / 62) / 2))
    assert linked["Seine"] is None  # first in one of two stores: 0.5


NAMES = st.lists(st.sampled_from(["Paris", "Nile", "Seine", "Pariss", "Niel", "nobody"]), unique=True)


@settings(max_examples=30, deadline=None)
@given(NAMES, st.lists(st.sampled_from(["Paris", "Nile", "Seine", "nobody"])))
def test_a_batch_equals_one_by_one_whatever_the_cache_remembers(names, before):
    def chain():
        stores = {"cache": FakeCache(), "one": store_of(PARIS), "other": store_of(OTHERS)}
        return opened(stores, combine="union")[0]

    warm = chain()
    warm.lookup(before)
    assert warm.lookup(names) == {name: chain().lookup([name])[name] for name in names}
