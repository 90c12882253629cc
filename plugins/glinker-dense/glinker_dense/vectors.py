"""Vectors of entities: held in memory, read from the stores that keep them, or made now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, chain
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from glinker_core.errors import StoreError
from glinker_core.layers import Space
from glinker_core.model import Entity
from glinker_core.vectors import Progress, StoredVectors
from glinker_dense.encoder import Encoder
from glinker_dense.exact import Flags, Halves, Vectors, unit

if TYPE_CHECKING:
    from glinker_core.resources import Resources

#: the texts of an entity whose mean is its vector
Read = Callable[[Entity], Sequence[str]]

_HELD = 50_000  # vectors held in memory: 77 MB at 384 numbers


class EntityVectors:
    """The vectors of entities under one encoder: the mean of what is `read` of each, under the name `what`.

    All are rounded to the 16 bits that stores keep, whether they were stored or not.
    """

    def __init__(
        self, encoder: Encoder, what: str, read: Read, resources: Resources, keep: bool, batch_size: int
    ) -> None:
        self.space = Space(encoder.fingerprint, what, encoder.dimension)
        self._encoder, self._texts, self._batch_size, self._keeps = encoder, read, batch_size, keep
        self._stored = StoredVectors(resources, lambda: self.space)
        self._held: dict[str, np.ndarray] = {}
        self._lock = RLock()

    def of(self, entities: Sequence[Entity]) -> Vectors:
        """The vectors (N, D) of entities."""
        keys = [self._key(entity) for entity in entities]
        with self._lock:
            missing = {key: entity for key, entity in zip(keys, entities, strict=True) if key not in self._held}
            if len(self._held) + len(missing) > _HELD:
                self._held = {}
                missing = dict(zip(keys, entities, strict=True))
            if missing:
                self._hold(missing)
            if not keys:
                return np.zeros((0, self.space.dimension), np.float32)
            return np.stack([self._held[key] for key in keys]).astype(np.float32)

    def precompute(self, names: Sequence[str], batch_size: int, progress: Progress | None = None) -> dict[str, int]:
        """Embed the entities of the stores named that have no vector yet; `{store: how many were embedded}`."""

        def encode(entities: Sequence[Entity]) -> list[bytes]:
            return [row.tobytes() for row in self._made(entities, batch_size)]

        return self._stored.precompute(names, encode, progress)

    def stored(self, entity_ids: Sequence[str]) -> tuple[Flags, Halves]:
        """Of which entities stores have a vector (N), and these vectors."""
        found = self._stored.of_ids(entity_ids)
        there = np.array([data is not None for data in found], bool)
        ids = [entity_id for entity_id, data in zip(entity_ids, found, strict=True) if data is not None]
        vectors = np.frombuffer(b"".join(data for data in found if data is not None), "<f2")
        return there, _finite(ids, vectors.reshape(-1, self.space.dimension))

    def _key(self, entity: Entity) -> str:
        return "\n".join((entity.entity_id, *self._texts(entity)))

    def _made(self, entities: Sequence[Entity], batch_size: int) -> Halves:
        texts = [self._texts(entity) for entity in entities]
        vectors = self._encoder.entities(list(chain.from_iterable(texts)), batch_size)
        starts = list(accumulate(map(len, texts[:-1]), initial=0))
        return unit(np.add.reduceat(vectors, starts, axis=0)).astype("<f2")

    def _hold(self, entities: Mapping[str, Entity]) -> None:
        self._held |= self._read(entities)
        new = {key: entity for key, entity in entities.items() if key not in self._held}
        if new:
            self._held |= zip(new, self._made(list(new.values()), self._batch_size), strict=True)
            if self._keeps:
                self._stored.keep(new, {key: self._held[key].tobytes() for key in new})

    def _read(self, entities: Mapping[str, Entity]) -> dict[str, np.ndarray]:
        found = self._stored.of(entities)
        vectors = np.frombuffer(b"".join(found.values()), "<f2").reshape(-1, self.space.dimension)
        return dict(zip(found, _finite([entities[key].entity_id for key in found], vectors), strict=True))


@frozen
class TextAndNames:
    """The vectors that entities are searched by: half what their text means, half what their names mean."""

    text: EntityVectors
    names: EntityVectors

    @property
    def space(self) -> Space:
        """What they are made with."""
        return evolve(self.text.space, template=f"{self.names.space.template}, {self.text.space.template}")

    def of(self, entities: Sequence[Entity]) -> Vectors:
        """The vectors (N, D) of entities."""
        return _both(self.text.of(entities), self.names.of(entities)).astype(np.float32)

    def stored(self, entity_ids: Sequence[str]) -> tuple[Flags, Halves]:
        """Of which entities stores have both vectors (N), and the vectors made of them."""
        (of_text, texts), (of_names, names) = self.text.stored(entity_ids), self.names.stored(entity_ids)
        there = of_text & of_names
        return there, _both(texts[there[of_text]], names[there[of_names]])

    def precompute(self, names: Sequence[str], batch_size: int, progress: Progress | None = None) -> dict[str, int]:
        """Embed the entities of the stores named that have no vectors yet; `{store: how many were embedded}`."""

        def half(now: int, total: int) -> None:
            if progress is not None:
                progress(now, 2 * total)

        texts = self.text.precompute(names, batch_size, half)
        others = self.names.precompute(names, batch_size, half)
        return {name: max(texts[name], others[name]) for name in names}


def _both(text: np.ndarray, names: np.ndarray) -> Halves:
    return unit(text.astype(np.float32) + names).astype("<f2")


def _finite(entity_ids: Sequence[str], vectors: Halves) -> Halves:
    bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
    if len(bad):
        raise StoreError(
            f"the stored vector of entity '{entity_ids[bad[0]]}' has numbers that are not finite; "
            "drop the vectors of this model and run: glinker embed PIPELINE"
        )
    return vectors
