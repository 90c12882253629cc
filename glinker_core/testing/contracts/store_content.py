"""What a store promises of what it holds."""

from __future__ import annotations

from typing import Any

import pytest

from glinker_core.errors import GlinkerError
from glinker_core.layers import Name
from glinker_core.model import Entity
from glinker_core.names import normalise
from glinker_core.testing.contracts.store_base import StoreBase, entity
from glinker_core.testing.entities import ENTITIES, HOSTILE


class ContentContract(StoreBase):
    """Entities by id, all entities, all names."""

    def test_entities_come_back_as_they_went_in(self, store: Any) -> None:
        """Every field of every entity: order of aliases, nested metadata, popularity to the last bit."""
        self.fill(store)
        for one in ENTITIES:
            assert store.get([one.entity_id]) == [one]

    def test_get_answers_in_the_order_asked(self, store: Any) -> None:
        """One answer per id, None for an id that is not there, repeated ids repeated."""
        self.fill(store)
        got = store.get(["bare", "nobody", "", "full", "bare", "Bare"])
        assert [one and one.entity_id for one in got] == ["bare", None, None, "full", "bare", None]

    def test_count_says_how_many_entities_there_are(self, store: Any) -> None:
        """Not names, not writes."""
        assert store.count() == 0
        self.fill(store)
        self.fill(store)
        assert store.count() == len(ENTITIES)

    def test_entities_come_in_order_of_ids(self, store: Any) -> None:
        """By code points, under no locale and not as UTF-16."""
        ids = ["b", "B", "a", "10", "9", "_", "é", "z", "Å", "\uff5e", "\U0001f600", "a b", "ab", "a-b"]
        self.fill(store, [entity(one, "label") for one in ids])
        assert [one.entity_id for one in store.entities()] == sorted(ids)

    def test_names_are_all_names_of_all_entities(self, store: Any) -> None:
        """Label and aliases of each entity, as they are written, each once, with id, type and popularity."""
        self.fill(store)
        expected = [Name(n, one.entity_id, one.entity_type, one.popularity) for one in ENTITIES for n in one.names]
        assert sorted(store.names()) == sorted(expected)

    @pytest.mark.parametrize("one", HOSTILE, ids=lambda one: one.entity_id)
    def test_hostile_entities_are_kept_or_refused(self, store: Any, one: Entity) -> None:
        """Quotes, SQL, wildcards, NUL, lone surrogates: kept exactly and found, or refused with a `GlinkerError`."""
        self.fill(store)
        before = self.content(store)
        try:
            store.upsert([entity("first", "goes with it"), one])
        except GlinkerError:
            assert self.content(store) == before, "the refused entity left something behind"
            return
        assert store.get([one.entity_id]) == [one]
        for name in filter(normalise, one.names):  # a name without any sign has no key to be found by
            assert one.entity_id in self.found(store, name), f"{name[:60]!r} does not find its entity"
        assert store.delete([one.entity_id, "first"]) == 2
        assert self.content(store)[1:] == before[1:], "the entity left something behind"
