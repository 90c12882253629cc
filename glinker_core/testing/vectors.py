"""`FakeVectorStore`: a store that also keeps vectors, in the plainest way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from attrs import define, field

from glinker_core.errors import InputError
from glinker_core.layers import Space, Upserted
from glinker_core.model import Entity
from glinker_core.testing.store import FakeStore

T = TypeVar("T")


@define
class FakeVectorStore(FakeStore):
    """A `FakeStore` with vectors (`layers.VectorStore`) in a dict."""

    _vectors: dict[tuple[Space, str], bytes] = field(factory=dict, init=False, repr=False)

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        written = list(entities)
        return self._following(lambda: FakeStore.upsert(self, written, on_duplicate))

    def delete(self, entity_ids: Iterable[str]) -> int:
        return self._following(lambda: FakeStore.delete(self, entity_ids))

    def clear(self) -> None:
        self._following(lambda: FakeStore.clear(self))

    def spaces(self) -> list[Space]:
        return sorted({space for space, _ in self._vectors}, key=lambda space: (space.model, space.template))

    def vectors(self, space: Space, entity_ids: Sequence[str]) -> list[bytes | None]:
        self._check(space)
        return [self._vectors.get((space, entity_id)) for entity_id in entity_ids]

    def add_vectors(self, space: Space, vectors: Iterable[tuple[str, bytes]]) -> int:
        self._check(space)
        given, size = dict(vectors), 2 * space.dimension
        if wrong := [entity_id for entity_id, vector in given.items() if len(vector) != size]:
            raise InputError(
                f"entity '{wrong[0]}': has {len(given[wrong[0]])} bytes; {space.dimension} numbers have {size}"
            )
        new = {(space, entity_id): vector for entity_id, vector in given.items() if entity_id in self._entities}
        self._vectors |= new
        return len(new)

    def drop_vectors(self, space: Space) -> None:
        self._check(space)
        self._vectors = {key: vector for key, vector in self._vectors.items() if key[0] != space}

    def _check(self, space: Space) -> None:
        for known in self.spaces():
            same = (known.model, known.template) == (space.model, space.template)
            if same and known.dimension != space.dimension:
                raise InputError(f"the space has vectors of {known.dimension} numbers, not of {space.dimension}")

    def _following(self, write: Callable[[], T]) -> T:
        """Write, and forget the vectors of entities that are no longer what they were."""
        before = dict(self._entities)
        done = write()
        self._vectors = {
            key: vector for key, vector in self._vectors.items() if self._entities.get(key[1]) == before[key[1]]
        }
        return done
