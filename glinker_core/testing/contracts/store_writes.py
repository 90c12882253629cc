"""What a store promises of its writes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.errors import GlinkerError
from glinker_core.layers import Upserted
from glinker_core.model import Entity, evolve
from glinker_core.testing.contracts.store_base import EXACT, StoreBase, entity
from glinker_core.testing.entities import ENTITIES, HOMONYMS
from glinker_core.testing.store import ON_DUPLICATE, FakeStore

Writes = list[tuple[str, str, list[str]]]
_IDS = st.sampled_from("abc")
_WRITES = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["replace", "keep"]), _IDS, st.lists(st.sampled_from("xyz"), min_size=1)),
        st.tuples(st.just("delete"), _IDS, st.just(["-"])),
    ),
    max_size=8,
)


class WritesContract(StoreBase):
    """upsert, delete and clear."""

    def test_upsert_says_what_it_did(self, store: Any) -> None:
        """Counts what was added, replaced by other content, kept against other content, and unchanged."""
        a, b, other = entity("a", "A"), entity("b", "B"), entity("a", "A2")
        assert store.upsert([a]) == Upserted(added=1)
        assert store.upsert([a, b]) == Upserted(added=1, unchanged=1)
        assert store.upsert([other], on_duplicate="keep") == Upserted(kept=1)
        assert store.get(["a"]) == [a]
        assert store.upsert([other], on_duplicate="replace") == Upserted(replaced=1)
        assert store.get(["a"]) == [other]
        assert store.upsert([]) == Upserted()

    def test_upsert_replaces_when_not_told_otherwise(self, store: Any) -> None:
        """`replace` is the default."""
        self.fill(store, [entity("a", "A")])
        store.upsert([entity("a", "A2")])
        assert store.get(["a"]) == [entity("a", "A2")]

    def test_keep_leaves_what_is_there(self, store: Any) -> None:
        """With `keep` neither content nor names of an entity change."""
        self.fill(store)
        before = self.content(store)
        store.upsert([evolve(one, label="Someone Else", aliases=()) for one in ENTITIES], on_duplicate="keep")
        assert self.content(store) == before
        assert self.found(store, "Someone Else") == []

    def test_merge_joins_what_is_there_with_what_is_given(self, store: Any) -> None:
        """With `merge` all names are kept and what was blank is filled (`Entity.merged`); nothing new is no change."""
        there = entity("a", "A", "x", popularity=3)
        given = evolve(entity("a", "B", "y", popularity=2), description="new")
        self.fill(store, [there])
        assert store.upsert([given], on_duplicate="merge") == Upserted(replaced=1)
        assert store.get(["a"]) == [evolve(there, aliases=("x", "B", "y"), description="new")]
        assert store.upsert([given, there], on_duplicate="merge") == Upserted(unchanged=2)
        assert [self.found(store, name) for name in ("A", "x", "B", "y")] == [["a"]] * 4

    def test_error_refuses_other_content_and_writes_nothing(self, store: Any) -> None:
        """With `error` a conflict raises a `GlinkerError` and nothing is written; equal content is no conflict."""
        self.fill(store)
        before = self.content(store)
        with pytest.raises(GlinkerError, match="bare"):
            store.upsert([entity("new", "New"), entity("bare", "Other")], on_duplicate="error")
        assert self.content(store) == before
        assert store.upsert(ENTITIES, on_duplicate="error") == Upserted(unchanged=len(ENTITIES))

    def test_an_unknown_on_duplicate_is_refused(self, store: Any) -> None:
        """A misspelt policy raises a `GlinkerError` and writes nothing."""
        with pytest.raises(GlinkerError, match="overwrite"):
            store.upsert([entity("a", "A")], on_duplicate="overwrite")
        assert store.count() == 0

    @pytest.mark.parametrize("on_duplicate", ["keep", "replace", "merge"])
    def test_one_batch_is_the_same_as_one_by_one(self, store: Any, on_duplicate: str) -> None:
        """Also when an id comes several times in one batch."""
        writes = [entity("a", "A"), entity("b", "B"), entity("a", "A2", "x"), entity("a", "A2", "x"), entity("b", "B3")]
        plain = FakeStore()
        expected = sum((plain.upsert([one], on_duplicate) for one in writes), Upserted())
        assert store.upsert(iter(writes), on_duplicate) == expected
        assert list(store.entities()) == list(plain.entities())
        assert sorted(map(tuple, store.names())) == sorted(map(tuple, plain.names()))

    def test_replacing_leaves_no_stale_name(self, store: Any) -> None:
        """Names the new content does not have find nothing any more, exactly or fuzzily; new ones do."""
        self.fill(store)
        store.upsert([Entity("city-istanbul", "Stamboul", ("Byzantion",))])
        for gone in ("Istanbul", "Constantinople", "Konstantinople"):
            found = self.found(store, gone, self.everything(store))
            assert not found, f"{gone!r} still finds what was replaced: {found}"
        assert [self.found(store, name) for name in ("Stamboul", "Byzantion")] == [["city-istanbul"]] * 2
        assert "Constantinople" not in [name.surface for name in store.names()]

    def test_replacing_changes_the_order_of_homonyms(self, store: Any) -> None:
        """Popularity counts as it is now."""
        self.fill(store)
        store.upsert([evolve(ENTITIES[1], popularity=10_000)])
        assert self.found(store, "Paris")[0] == ENTITIES[1].entity_id
        assert self.search(store, "Paris")[0].entity.popularity == 10_000

    def test_deleting_leaves_no_name(self, store: Any) -> None:
        """The entity and its names are gone, its homonyms stay; says how many entities there were."""
        self.fill(store)
        assert store.delete(iter(["myth-paris", "city-istanbul", "nobody", "myth-paris"])) == 2
        assert self.found(store, "Paris") == [one for one in HOMONYMS["Paris"] if one != "myth-paris"]
        assert self.found(store, "Constantinople", self.everything(store)) == []
        assert store.get(["myth-paris"]) == [None]
        assert store.count() == len(ENTITIES) - 2
        assert not {name.entity_id for name in store.names()} & {"myth-paris", "city-istanbul"}
        assert store.delete([]) == 0

    def test_clear_leaves_nothing(self, store: Any) -> None:
        """No entity, no name, nothing found; the store can be filled again."""
        self.fill(store)
        store.clear()
        assert self.content(store)[1:] == (0, [], [])
        assert self.found(store, "Paris", self.everything(store)) == []
        self.fill(store)
        assert store.count() == len(ENTITIES)

    @pytest.mark.parametrize("count", [0, 1, 2_000])
    def test_a_failing_upsert_writes_nothing(self, store: Any, count: int) -> None:
        """When the iterable raises, after however many entities, the store stays as it was and can be written to."""
        self.fill(store)
        before = self.content(store)

        def entities() -> Iterator[Entity]:
            yield evolve(ENTITIES[0], label="Overwritten")
            for number in range(count):
                yield entity(f"new-{number}", f"New {number}")
            raise RuntimeError("the file ends here")

        with pytest.raises(RuntimeError, match="the file ends here"):
            store.upsert(entities())
        assert self.content(store) == before
        assert self.found(store, "Overwritten") == []
        assert store.upsert([entity("after", "After")]) == Upserted(added=1)

    def test_revision_moves_with_every_change(self, store: Any) -> None:
        """Adding, replacing, deleting and clearing each give a revision that was not there before."""
        seen = [store.revision]
        changes: Iterable[Any] = (
            lambda: self.fill(store),
            lambda: store.upsert([evolve(ENTITIES[0], label="Other")]),
            lambda: store.upsert([evolve(ENTITIES[1], popularity=1)]),
            lambda: store.upsert([evolve(ENTITIES[2], description="other")]),
            lambda: store.delete(["bare"]),
        )
        for number, change in enumerate(changes):
            change()
            assert store.revision not in seen, f"revision did not move with change {number}"
            seen.append(store.revision)
        store.clear()
        assert store.revision != seen[-1], "revision did not move with clear()"

    def test_revision_stays_when_nothing_changes(self, store: Any) -> None:
        """Reading, writing what is there, keeping, and deleting what is not there leave the revision as it is."""
        self.fill(store)
        before = store.revision
        store.search(["Paris", "Constantinnople"], self.everything(store))
        store.get(["bare"])
        self.fill(store)
        for on_duplicate in ON_DUPLICATE:
            store.upsert(ENTITIES, on_duplicate)
        store.upsert([entity("bare", "Other")], on_duplicate="keep")
        store.delete(["nobody"])
        store.upsert([])
        assert store.revision == before

    @settings(max_examples=25, deadline=None, database=None, derandomize=True,
              suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])  # fmt: skip
    @given(writes=_WRITES)
    def test_any_history_of_writes_leaves_the_right_names(self, store: Any, writes: Writes) -> None:
        """After any upserts and deletes, every name finds exactly the entities that have it."""
        store.clear()
        plain = FakeStore()
        for what, entity_id, (label, *aliases) in writes:
            for one in (store, plain):
                if what == "delete":
                    one.delete([entity_id])
                else:
                    one.upsert([entity(entity_id, label, *aliases)], what)
        assert list(store.entities()) == list(plain.entities())
        for name in "xyz":
            assert self.found(store, name, EXACT) == self.found(plain, name, EXACT), f"{name!r} after {writes}"
