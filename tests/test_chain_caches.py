"""What a chain remembers, and what it does without."""

import logging

import pytest

from glinker_core.errors import StoreError
from glinker_core.model import Entity
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore, store_of
from tests.chains import CountingStore, ids, opened
from tests.fake_plugins import PARIS, DownStore

either = pytest.mark.parametrize("combine", ["first", "union"])
any_cache = pytest.mark.parametrize("cache", [FakeStore, FakeCache], ids=["a store that caches", "a cache"])


@either
@any_cache
def test_what_a_slow_store_answered_is_remembered_whole_with_every_homonym(cache, combine):
    slow = CountingStore(PARIS)
    chain, _ = opened({"fast": cache(), "slow": slow}, combine=combine)
    first = chain.lookup(["Paris", "Nile"])
    second = chain.lookup(["Nile", "Paris"])
    assert second == first
    assert len(second["Paris"]) == 3
    assert slow.asked == [["Paris", "Nile"]]


@either
@any_cache
def test_only_the_names_that_are_not_remembered_are_asked(cache, combine):
    slow = CountingStore(PARIS)
    chain, _ = opened({"fast": cache(), "slow": slow}, combine=combine)
    chain.lookup(["Paris"])
    chain.lookup(["Seine", "Paris", "Nile"])
    assert slow.asked == [["Paris"], ["Seine", "Nile"]]


@either
@any_cache
def test_a_changed_slow_store_is_asked_again(cache, combine):
    slow = CountingStore(PARIS)
    chain, _ = opened({"fast": cache(), "slow": slow}, combine=combine)
    assert ids(chain, "Nile") == []
    slow.upsert([Entity("nile", "Nile")])
    assert ids(chain, "Nile") == ["nile"]


@any_cache
@pytest.mark.parametrize(
    "other", [{"max_candidates": 1}, {"min_popularity": 50}, {"combine": "union"}, {"search_mode": ("exact",)}]
)
def test_a_chain_that_asks_otherwise_does_not_recall_the_answers(cache, other):
    slow, remembering = CountingStore(PARIS), cache()
    opened({"fast": remembering, "slow": slow})[0].lookup(["Paris"])
    layers = [{"type": "fast", "priority": 1}, {"type": "slow"}]
    if "search_mode" in other:
        layers[1] |= other
        other = {}
    opened({"fast": remembering, "slow": slow}, layers=layers, **other)[0].lookup(["Paris"])
    assert len(slow.asked) == 2
    opened({"fast": remembering, "slow": slow})[0].lookup(["Paris"])
    assert len(slow.asked) == 2


def test_an_entity_new_in_the_fast_store_wins_over_what_it_remembers():
    fast, slow = FakeStore(), store_of(PARIS)
    chain, _ = opened({"fast": fast, "slow": slow})
    assert len(ids(chain, "Paris")) == 3
    fast.upsert([Entity("own", "Paris")])
    assert ids(chain, "Paris") == ["own"]


@either
def test_a_cache_is_recalled_before_and_written_after_the_stores_behind_it(combine):
    quick, near, slow = FakeCache(), FakeCache(), CountingStore(PARIS)
    chain, _ = opened({"quick": quick, "near": near, "slow": slow}, combine=combine)
    answer = chain.lookup(["Paris"])
    quick.clear()
    assert chain.lookup(["Paris"]) == answer  # from the second cache, and back into the first
    near.clear()
    assert chain.lookup(["Paris"]) == answer
    assert len(slow.asked) == 1


def test_a_cache_between_stores_remembers_the_slower_ones_only():
    quick, slow = CountingStore(PARIS[:1]), CountingStore(PARIS)
    chain, _ = opened(
        {"quick": quick, "cache": FakeCache(), "slow": slow},
        layers=[{"type": "quick", "priority": 2, "write": False}, {"type": "cache", "priority": 1}, {"type": "slow"}],
    )
    for _ in range(2):
        assert ids(chain, "Paris") == ["fr"]
        assert ids(chain, "Seine") == ["seine"]
    assert quick.asked == [["Paris"], ["Seine"]] * 2
    assert slow.asked == [["Seine"]]


@either
def test_a_cache_behind_all_stores_is_left_alone(combine):
    cache = FakeCache(down=True)
    chain, resources = opened({"kb": store_of(PARIS), "cache": cache}, combine=combine)
    assert len(ids(chain, "Paris")) == 3
    assert resources.counters == {}


@either
@any_cache
@pytest.mark.parametrize(
    ("layer", "asked"),
    [
        ({"cache_policy": "always"}, 1),
        ({"cache_policy": "miss"}, 2),  # an empty answer is not kept
        ({"cache_policy": "hit"}, 3),
        ({"write": False}, 3),
    ],
)
def test_the_cache_policy_says_what_is_remembered(cache, combine, layer, asked):
    slow = CountingStore(PARIS)
    layers = [{"type": "fast", "priority": 1, **layer}, {"type": "slow"}]
    chain, _ = opened({"fast": cache(), "slow": slow}, layers=layers, combine=combine)
    chain.lookup(["Paris", "Nile"])
    chain.lookup(["Nile"])
    chain.lookup(["Paris"])
    assert len(slow.asked) == asked


@either
def test_a_cache_that_is_not_written_to_still_recalls_what_others_remember(combine):
    cache, slow = FakeCache(), CountingStore(PARIS)
    opened({"cache": cache, "slow": slow}, combine=combine)[0].lookup(["Paris"])
    layers = [{"type": "cache", "priority": 1, "write": False}, {"type": "slow"}]
    chain, _ = opened({"cache": cache, "slow": slow}, layers=layers, combine=combine)
    assert len(ids(chain, "Paris")) == 3
    assert slow.asked == [["Paris"]]


# -- failures --------------------------------------------------------------------------------------------------


@either
def test_defect_q_a_store_that_is_down_is_an_error_and_never_an_empty_answer(combine):
    chain, _ = opened({"down": DownStore()}, combine=combine)
    with pytest.raises(StoreError, match="connection refused"):
        chain.lookup(["Paris"])


@either
def test_a_store_that_may_fail_is_done_without_with_one_warning_and_a_counter(combine, caplog):
    layers = [{"type": "down", "priority": 1, "on_error": "degrade"}, {"type": "kb"}]
    chain, resources = opened({"down": DownStore(), "kb": store_of(PARIS)}, layers=layers, combine=combine)
    with caplog.at_level(logging.WARNING):
        assert len(ids(chain, "Paris")) == 3
        assert len(ids(chain, "Seine")) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "store 'down' failed, going on without it: connection refused; start the server"
    ]
    assert resources.counters == {"lookups without store 'down'": 2}


@either
def test_when_every_store_fails_there_is_nothing_to_go_on_with(combine):
    layers = [{"type": name, "on_error": "degrade"} for name in ("a", "b")]
    chain, resources = opened({"a": DownStore(), "b": DownStore()}, layers=layers, combine=combine)
    with pytest.raises(StoreError, match="connection refused"):
        chain.lookup(["Paris"])
    assert resources.counters == {"lookups without store 'a'": 1, "lookups without store 'b'": 1}


@either
def test_a_cache_that_is_down_is_done_without_unless_it_must_not_fail(combine, caplog):
    stores = {"cache": FakeCache(down=True), "kb": store_of(PARIS)}
    chain, resources = opened(stores, combine=combine)
    with caplog.at_level(logging.WARNING):
        assert [len(ids(chain, name)) for name in ("Paris", "Seine")] == [3, 1]
    assert [record.getMessage() for record in caplog.records] == [
        "cache 'cache' failed, going on without it: cache is down; start the server"
    ]
    assert resources.counters == {"lookups without cache 'cache'": 2}
    layers = [{"type": "cache", "priority": 1, "on_error": "raise"}, {"type": "kb"}]
    with pytest.raises(StoreError, match="cache is down"):
        opened(stores, layers=layers, combine=combine)[0].lookup(["Paris"])


class ForgetfulStore(FakeStore):
    """Can be asked, but not written to."""

    def remember(self, answers, scope):
        raise StoreError("disk full")


class FullCache(FakeCache):
    def remember(self, answers, scope):
        raise StoreError("out of memory")


@either
@pytest.mark.parametrize(("cache", "policy"), [(ForgetfulStore, "degrade"), (FullCache, None), (FullCache, "degrade")])
def test_what_cannot_be_remembered_is_answered_all_the_same(cache, policy, combine):
    layers = [{"type": "cache", "priority": 1, "on_error": policy}, {"type": "kb"}]
    chain, resources = opened({"cache": cache(), "kb": store_of(PARIS)}, layers=layers, combine=combine)
    assert len(ids(chain, "Paris")) == 3
    assert sum(resources.counters.values()) == 1


@either
@pytest.mark.parametrize(("cache", "policy"), [(ForgetfulStore, None), (FullCache, "raise")])
def test_what_cannot_be_remembered_is_an_error_by_policy_only(cache, policy, combine):
    layers = [{"type": "cache", "priority": 1, "on_error": policy}, {"type": "kb"}]
    chain, _ = opened({"cache": cache(), "kb": store_of(PARIS)}, layers=layers, combine=combine)
    with pytest.raises(StoreError, match=r"disk full|out of memory"):
        chain.lookup(["Paris"])


@either
@any_cache
@pytest.mark.parametrize("down", ["search", "revision"])
@pytest.mark.parametrize("behind", [True, False])
def test_answers_without_a_store_that_failed_are_never_remembered(cache, combine, down, behind, caplog):
    failing, kb = CountingStore([Entity("own", "Paris", popularity=1)]), CountingStore(PARIS)
    layers = [
        {"type": "cache", "priority": 2},
        {"type": "failing", "priority": 0 if behind else 1, "on_error": "degrade", "write": False},
        {"type": "kb", "priority": 1 if behind else 0, "write": False},
    ]
    stores = {"cache": cache(), "failing": failing, "kb": kb}
    chain, resources = opened(stores, layers=layers, combine=combine)
    failing.down = down
    assert [len(ids(chain, name)) for name in ("Paris", "Nile")] == [3, 0]
    failing.down = ""
    failing.upsert([Entity("nile", "Nile")])
    failing.delete(["nile"])  # back to the revision it had
    found = ids(chain, "Paris"), ids(chain, "Nile")
    fresh, _ = opened({**stores, "cache": cache()}, layers=layers, combine=combine)
    assert found == (ids(fresh, "Paris"), ids(fresh, "Nile"))
    if combine == "union":
        assert "own" in found[0]
    assert resources.counters["lookups without store 'failing'"] >= 1
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_what_was_answered_before_the_store_that_failed_is_remembered():
    quick, failing, kb = CountingStore(PARIS[:3]), CountingStore(down="search"), CountingStore(PARIS)
    layers = [
        {"type": "cache", "priority": 3},
        {"type": "quick", "priority": 2, "write": False},
        {"type": "failing", "priority": 1, "on_error": "degrade", "write": False},
        {"type": "kb", "write": False},
    ]
    things = {"cache": FakeCache(), "quick": quick, "failing": failing, "kb": kb}
    chain, _ = opened(things, layers=layers)
    for _ in range(2):
        chain.lookup(["Paris", "Seine"])
    assert quick.asked == [["Paris", "Seine"], ["Seine"]]  # Paris is remembered, Seine is not
    assert kb.asked == [["Seine"], ["Seine"]]


@either
def test_a_store_that_failed_is_asked_nothing_more_in_the_same_lookup(combine):
    failing = CountingStore(PARIS, down="revision")
    layers = [
        {"type": "cache", "priority": 2},
        {"type": "failing", "priority": 1, "on_error": "degrade"},
        {"type": "kb"},
    ]
    chain, resources = opened({"cache": FakeCache(), "failing": failing, "kb": store_of(PARIS)}, layers=layers,
                              combine=combine)  # fmt: skip
    assert len(ids(chain, "Paris")) == 3
    assert resources.counters == {"lookups without store 'failing'": 1}
