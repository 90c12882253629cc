import logging

import pytest

from glinker_core import ConfigError, DAGExecutor, NodeError
from glinker_core.builtin.chain import ChainLayer, ChainRetriever
from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import WHOLE_TEXT, Entity, Mention
from glinker_core.resources import Resources
from glinker_core.testing.store import FakeStore, store_of
from tests.fake_plugins import PARIS, DownStore, fakes, node, pipeline


class CountingStore(FakeStore):
    """Remembers what it was asked."""

    def search(self, names, search):
        self.asked = [*getattr(self, "asked", []), list(names)]
        return super().search(names, search)


def counting(entities):
    store = CountingStore()
    store.upsert(entities)
    return store


def opened(stores, **config):
    layers = config.pop("layers", [{"type": name, "priority": -n} for n, name in enumerate(stores)])
    chain = ChainRetriever(layers=tuple(ChainLayer(**layer) for layer in layers), **config)
    resources = Resources(stores)
    chain.open(resources)
    return chain, resources


def ids(chain, name):
    return [c.entity_id for c in chain.lookup([name])[name]]


def test_defect_a_three_homonyms_are_all_candidates_in_a_stable_order():
    chain, _ = opened({"a": store_of(PARIS)})
    assert ids(chain, "Paris") == ["fr", "myth", "tx"]


def test_defect_e_each_mention_has_its_own_candidates_only():
    chain, _ = opened({"a": store_of(PARIS)})
    mentions = [[Mention(0, 5, "Paris"), Mention(6, 11, "Seine"), Mention(12, 16, "Nile")]]
    (items,) = chain.retrieve(["Paris Seine Nile"], mentions)
    assert [[c.entity_id for c in item.candidates] for item in items] == [["fr", "myth", "tx"], ["seine"], []]


def test_a_batch_is_one_call_per_store_and_a_name_is_asked_once():
    store = counting(PARIS)
    chain, _ = opened({"a": store})
    mentions = [[Mention(0, 5, "Paris")], [Mention(0, 5, "Paris"), Mention(6, 11, "Seine")]]
    chain.retrieve(["Paris", "Paris Seine"], mentions)
    assert store.asked == [["Paris", "Seine"]]


def test_the_store_with_the_higher_priority_is_asked_first_and_answers_for_the_names_it_knows():
    slow, fast = counting(PARIS), store_of([Entity("own", "Paris")])
    layers = [{"type": "slow", "priority": 0}, {"type": "fast", "priority": 5}]
    chain, _ = opened({"slow": slow, "fast": fast}, layers=layers)
    found = chain.lookup(["Paris", "Seine"])
    assert [c.entity_id for c in found["Paris"]] == ["own"]
    assert [c.entity_id for c in found["Seine"]] == ["seine"]
    assert slow.asked == [["Seine"]]


def test_what_a_slow_store_answered_is_remembered_whole_with_every_homonym():
    slow = counting(PARIS)
    chain, _ = opened({"fast": FakeStore(), "slow": slow})
    first = chain.lookup(["Paris", "Nile"])
    second = chain.lookup(["Nile", "Paris"])
    assert second == first
    assert len(second["Paris"]) == 3
    assert slow.asked == [["Paris", "Nile"]]


def test_a_changed_slow_store_is_asked_again():
    slow = counting(PARIS)
    chain, _ = opened({"fast": FakeStore(), "slow": slow})
    assert ids(chain, "Nile") == []
    slow.upsert([Entity("nile", "Nile")])
    assert ids(chain, "Nile") == ["nile"]


def test_an_entity_new_in_the_fast_store_wins_over_what_it_remembers():
    fast, slow = FakeStore(), store_of(PARIS)
    chain, _ = opened({"fast": fast, "slow": slow})
    assert len(ids(chain, "Paris")) == 3
    fast.upsert([Entity("own", "Paris")])
    assert ids(chain, "Paris") == ["own"]


@pytest.mark.parametrize(
    ("layer", "asked"),
    [
        ({"cache_policy": "always"}, 1),
        ({"cache_policy": "miss"}, 2),  # an empty answer is not kept
        ({"cache_policy": "hit"}, 3),
        ({"write": False}, 3),
    ],
)
def test_the_cache_policy_says_what_is_remembered(layer, asked):
    slow = counting(PARIS)
    layers = [{"type": "fast", "priority": 1, **layer}, {"type": "slow"}]
    chain, _ = opened({"fast": FakeStore(), "slow": slow}, layers=layers)
    chain.lookup(["Paris", "Nile"])
    chain.lookup(["Nile"])
    chain.lookup(["Paris"])
    assert len(slow.asked) == asked


def test_defect_q_a_store_that_is_down_is_an_error_and_never_an_empty_answer():
    chain, _ = opened({"down": DownStore()})
    with pytest.raises(StoreError, match="connection refused"):
        chain.lookup(["Paris"])


def test_a_store_that_may_fail_is_done_without_with_one_warning_and_a_counter(caplog):
    layers = [{"type": "down", "priority": 1, "on_error": "degrade"}, {"type": "kb"}]
    chain, resources = opened({"down": DownStore(), "kb": store_of(PARIS)}, layers=layers)
    with caplog.at_level(logging.WARNING):
        assert len(ids(chain, "Paris")) == 3
        assert len(ids(chain, "Seine")) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "store 'down' failed, going on without it: connection refused; start the server"
    ]
    assert resources.counters == {"lookups without store 'down'": 2}


class ForgetfulStore(FakeStore):
    """Can be asked, but not written to."""

    def remember(self, answers, scope):
        raise StoreError("disk full")


def test_a_cache_that_cannot_be_written_degrades_by_policy_only():
    for policy in ("raise", "degrade"):
        layers = [{"type": "cache", "priority": 1, "on_error": policy}, {"type": "kb"}]
        chain, _ = opened({"cache": ForgetfulStore(), "kb": store_of(PARIS)}, layers=layers)
        if policy == "raise":
            with pytest.raises(StoreError, match="disk full"):
                chain.lookup(["Paris"])
        else:
            assert len(ids(chain, "Paris")) == 3


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
