"""What the parts of the store contract share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.testing.entities import ENTITIES

EXACT = Search(modes=("exact",))


class StoreBase:
    """The fixtures of the store contract, and short ways to write to a store and to ask it."""

    @pytest.fixture
    def store(self) -> Any:
        """The store under test, opened and empty."""
        raise NotImplementedError(f"{type(self).__name__}: override the fixture 'store' with an opened, empty store")

    @pytest.fixture
    def reopen(self) -> Callable[[Any], Any] | None:
        """A function that closes a store and returns a new one on the same data; None where there is none."""
        return None

    def fill(self, store: Any, entities: Iterable[Entity] = ENTITIES) -> None:
        """Write entities, those of the contract unless others are given."""
        store.upsert(entities)

    def found(self, store: Any, name: str, search: Search = EXACT) -> list[str]:
        """The ids of the candidates of one name, in order."""
        return [candidate.entity_id for candidate in self.search(store, name, search)]

    def search(self, store: Any, name: str, search: Search = EXACT) -> Sequence[Candidate]:
        """The candidates of one name."""
        answers = list(store.search([name], search))
        assert len(answers) == 1, f"{len(answers)} answers to one name"
        return tuple(answers[0])

    def everything(self, store: Any, limit: int = 30) -> Search:
        """A search in all modes the store has."""
        return Search(modes=type(store).modes, limit=limit)

    def content(self, store: Any) -> tuple[Any, ...]:
        """All there is to see of a store from outside."""
        return (store.revision, store.count(), list(store.entities()), sorted(map(tuple, store.names())))

    def needs_fuzzy(self, store: Any) -> None:
        """Skip where the store has no fuzzy search."""
        if "fuzzy" not in type(store).modes:
            pytest.skip("the store does not offer fuzzy search")


def entity(entity_id: str, label: str, *aliases: str, popularity: float = 0, description: str = "") -> Entity:
    """An entity in one short line."""
    return Entity(entity_id, label, aliases, description, popularity=popularity)
