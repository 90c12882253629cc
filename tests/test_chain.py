import pytest

from glinker_core import ConfigError, DAGExecutor, NodeError
from glinker_core.builtin.chain import ChainLayer
from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import WHOLE_TEXT, Entity, Mention
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore, store_of
from tests.chains import CountingStore, ids, opened
from tests.fake_plugins import PARIS, fakes, node, pipeline


def test_defect_a_three_homonyms_are_all_candidates_in_a_stable_order():
    chain, _ = opened({"a": store_of(PARIS)})
    assert ids(chain, "Paris") == ["fr", "myth", "tx"]


def test_defect_e_each_mention_has_its_own_candidates_only():
    chain, _ = opened({"a": store_of(PARIS)})
    mentions = [[Mention(0, 5, "Paris"), Mention(6, 11, "Seine"), Mention(12, 16, "Nile")]]
    (items,) = chain.retrieve(["Paris Seine Nile"], mentions)
    assert [[c.entity_id for c in item.candidates] for item in items] == [["fr", "myth", "tx"], ["seine"], []]


def test_a_batch_is_one_call_per_store_and_a_name_is_asked_once():
    store = CountingStore(PARIS)
    chain, _ = opened({"a": store})
    mentions = [[Mention(0, 5, "Paris")], [Mention(0, 5, "Paris"), Mention(6, 11, "Seine")]]
    chain.retrieve(["Paris", "Paris Seine"], mentions)
    assert store.asked == [["Paris", "Seine"]]


def test_the_store_with_the_higher_priority_is_asked_first_and_answers_for_the_names_it_knows():
    slow, fast = CountingStore(PARIS), store_of([Entity("own", "Paris")])
    layers = [{"type": "slow", "priority": 0}, {"type": "fast", "priority": 5}]
    chain, _ = opened({"slow": slow, "fast": fast}, layers=layers)
    found = chain.lookup(["Paris", "Seine"])
    assert [c.entity_id for c in found["Paris"]] == ["own"]
    assert [c.entity_id for c in found["Seine"]] == ["seine"]
    assert slow.asked == [["Seine"]]


def test_candidates_are_cut_after_they_were_ordered_and_filtered():
    chain, _ = opened({"a": store_of(PARIS)}, max_candidates=1)
    assert ids(chain, "Paris") == ["fr"]
    chain, _ = opened({"a": store_of(PARIS)}, min_popularity=50)
    assert ids(chain, "Paris") == ["fr", "myth"]


def test_search_modes_and_fuzziness_are_those_of_the_layer():
    exact, _ = opened({"a": store_of(PARIS)}, layers=[{"type": "a", "search_mode": ("exact",)}])
    fuzzy, _ = opened({"a": store_of(PARIS)})
    assert ids(exact, "Pariss") == []
    assert ids(fuzzy, "Pariss") == ["fr", "myth", "tx"]


def test_a_search_mode_that_the_store_does_not_know_is_refused_when_it_opens():
    with pytest.raises(StoreError, match="search_mode 'dense' is not one of a 'a' store; it knows exact, fuzzy"):
        opened({"a": FakeStore()}, layers=[{"type": "a", "search_mode": ("dense",)}])


def test_more_than_two_edits_are_searched_as_two_and_that_is_said():
    layer = {"type": "fake", "fuzzy": {"max_distance": 64, "min_similarity": 0.1}}
    executor = DAGExecutor(pipeline(node("l1", "l1_fake"), node("l2", "l2_chain", layers=[layer])), plugins=fakes())
    assert "max_distance 64 is more than the 2 edits that are searched" in executor.graph.warnings[0]
    assert executor.graph.node("l2").component._search(ChainLayer("fake")) == Search()


def test_without_mentions_each_text_has_the_store_as_candidates():
    chain, _ = opened({"a": store_of(PARIS), "b": store_of(PARIS)}, max_candidates=2, min_popularity=30)
    (first,), empty = chain.retrieve(["Paris", ""], None)
    assert (first.mention.label, first.mention.text) == (WHOLE_TEXT, "Paris")
    assert [c.entity_id for c in first.candidates] == ["fr", "seine"]
    assert empty == ()


def test_without_mentions_the_stores_are_read_once_for_each_of_their_revisions():
    quick, slow = CountingStore(PARIS[:1]), CountingStore(PARIS)
    chain, _ = opened({"quick": quick, "cache": FakeCache(), "slow": slow}, max_candidates=2)
    for _ in range(3):
        chain.retrieve(["Paris"], None)
    assert (quick.walks, slow.walks) == (1, 1)
    slow.upsert([Entity("nile", "Nile", popularity=10_000)])
    (item,) = chain.retrieve(["Paris"], None)[0]
    assert [c.entity_id for c in item.candidates] == ["nile", "fr"]
    assert (quick.walks, slow.walks) == (2, 2)


def test_without_mentions_an_entity_is_what_the_store_with_the_higher_priority_says():
    own = Entity("fr", "Paris", popularity=1)
    layers = [{"type": "kb"}, {"type": "own", "priority": 1}]
    chain, _ = opened({"kb": store_of(PARIS), "own": store_of([own])}, layers=layers)
    (item,) = chain.retrieve(["x"], None)[0]
    assert [c.entity.popularity for c in item.candidates] == [300, 60, 25, 1]


def test_the_limit_of_a_layer_is_what_its_store_gives_at_most():
    store = CountingStore(PARIS)
    chain, _ = opened({"a": store}, layers=[{"type": "a", "limit": 2}])
    assert ids(chain, "Paris") == ["fr", "myth"]
    chain, _ = opened({"a": store}, layers=[{"type": "a", "limit": 9}], max_candidates=1)
    assert ids(chain, "Paris") == ["fr"]
    assert [search.limit for search in store.searches] == [2, 9]


@pytest.mark.parametrize("combine", ["first", "union"])
def test_a_chain_without_limits_gives_what_was_cut_off_and_leaves_caches_alone(combine):
    cache, store = FakeCache(), CountingStore(PARIS)
    layers = [{"type": "cache", "priority": 1}, {"type": "a", "limit": 2}]
    chain, resources = opened({"cache": cache, "a": store}, layers=layers, max_candidates=1, combine=combine)
    assert ids(chain, "Paris") == ["fr"]
    whole = chain.unlimited()
    whole.open(resources)
    assert ids(whole, "Paris") == ids(whole, "Paris") == ["fr", "myth", "tx"]
    assert len(store.asked) == 3  # the cache remembers the chain's answer, not the other
    assert ids(chain, "Paris") == ["fr"]
    assert len(store.asked) == 3


def test_a_batch_equals_one_by_one_in_any_order():
    chain, _ = opened({"fast": FakeStore(), "slow": store_of(PARIS)})
    mentions = [[Mention(0, 5, "Paris")], [], [Mention(0, 5, "Seine"), Mention(6, 10, "Nile")]]
    texts = ["Paris", "", "Seine Nile"]
    whole = chain.retrieve(texts, mentions)
    single = [chain.retrieve([t], [m])[0] for t, m in zip(texts, mentions, strict=True)]
    assert whole == single
    assert chain.retrieve(texts[::-1], mentions[::-1]) == whole[::-1]


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"layers": []}, "layers is empty; name at least one store"),
        ({"layers": [{}]}, "a layer has either a 'type' with its 'config', or a 'store'"),
        ({"layers": [{"type": "fake", "store": "kb"}]}, "a layer has either a 'type'"),
        ({"layers": [{"type": "fake", "search_mode": []}]}, "search_mode is empty"),
        ({"layers": [{"type": "fake", "limit": 0}]}, "limit must be at least 1, got 0"),
        ({"layers": [{"type": "fake", "ttl": -1}]}, "ttl must not be negative, got -1"),
        ({"layers": [{"type": "fake"}], "combine": "any"}, "'any'"),
        ({"layers": [{"type": "fake"}], "max_candidates": 0}, "max_candidates must be at least 1, got 0"),
        ({"layers": [{"type": "fake"}], "min_popularity": -1}, "min_popularity must not be negative, got -1"),
        ({"layers": [{"type": "fake", "fuzzy": {"min_similarity": 2.0}}]}, "min_similarity must be from 0 to 1, got 2"),
        ({"layers": [{"type": "fake", "fuzzy": {"prefix_length": -1}}]}, "prefix_length must not be negative, got -1"),
    ],
)
def test_settings_that_make_no_sense_are_refused_before_anything_opens(config, message):
    with pytest.raises(ConfigError, match=message):
        DAGExecutor(pipeline(node("l1", "l1_fake"), node("l2", "l2_chain", **config)), plugins=fakes())


def test_two_chains_can_share_a_store_of_the_pipeline_by_its_name():
    chain = pipeline(
        node("l1", "l1_fake"),
        node("l2", "l2_chain", layers=[{"store": "kb"}]),
        node("l2b", "l2_chain", layers=[{"store": "kb"}], max_candidates=1),
        node("l0", "l0_aggregator"),
        stores={"kb": {"type": "fake"}},
    )
    with DAGExecutor(chain, plugins=fakes()) as executor:
        assert executor.load_entities(PARIS, target_layers=["kb"]) == {"l2": {"kb": 4}, "l2b": {"kb": 4}}
        assert executor.link(["Paris"])[0].entities[0].linked_entity.entity_id == "fr"


def test_a_node_error_names_the_node_and_the_texts_of_a_store_that_is_down():
    chain = pipeline(
        node("l1", "l1_external"), node("l2", "l2_chain", layers=[{"type": "down"}]), node("l0", "l0_aggregator")
    )
    with DAGExecutor(chain, plugins=fakes()) as executor, pytest.raises(NodeError) as error:
        executor.execute({"texts": ["Paris"], "entities": [[{"start": 0, "end": 5}]]})
    assert str(error.value) == "node 'l2', batch 0 (texts 0): connection refused; start the server"
