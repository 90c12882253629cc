"""Vectors of entities: held in memory, read from the stores that keep them, or made now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np

from glinker_core.errors import StoreError
from glinker_core.layers import Space
from glinker_core.model import Entity
from glinker_core.vectors import Progress, StoredVectors, render
from glinker_dense.encoder import Encoder, Vectors

if TYPE_CHECKING:
    from glinker_core.resources import Resources

_HELD = 50_000  # vectors held in memory: 77 MB at 384 numbers


class EntityVectors:
    """The vectors of entities under one encoder and template, by the text that is written of them.

    All are rounded to the 16 bits that stores keep, whether they were stored or not.
    """

    def __init__(self, encoder: Encoder, template: str, resources: Resources, keep: bool, batch_size: int) -> None:
        self.space = Space(encoder.fingerprint, template, encoder.dimension)
        self._encoder, self._batch_size, self._keeps = encoder, batch_size, keep
        self._stored = StoredVectors(resources, lambda: self.space)
        self._held: dict[str, np.ndarray] = {}
        self._lock = RLock()

    def text(self, entity: Entity) -> str:
        """What is written of an entity."""
        return render(self.space.template, entity)

    def of(self, entities: Sequence[Entity]) -> Vectors:
        """The vectors (N, D) of entities."""
        texts = [self.text(entity) for entity in entities]
        with self._lock:
            missing = {text: entity for text, entity in zip(texts, entities, strict=True) if text not in self._held}
            if len(self._held) + len(missing) > _HELD:
                self._held = {}
                missing = dict(zip(texts, entities, strict=True))
            if missing:
                self._hold(missing)
            if not texts:
                return np.zeros((0, self.space.dimension), np.float32)
            return np.stack([self._held[text] for text in texts]).astype(np.float32)

    def precompute(self, names: Sequence[str], batch_size: int, progress: Progress | None = None) -> dict[str, int]:
        """Embed the entities of the stores named that have no vector yet; `{store: how many were embedded}`."""

        def encode(texts: Sequence[str]) -> list[bytes]:
            return [row.tobytes() for row in self._encoder.entities(texts, batch_size).astype("<f2")]

        return self._stored.precompute(names, self.space.template, encode, progress)

    def stored(self, entities: Sequence[Entity]) -> list[np.ndarray | None]:
        """The vectors that stores have of entities, in 16 bits."""
        texts = [self.text(entity) for entity in entities]
        found = self._read(dict(zip(texts, entities, strict=True)))
        return [found.get(text) for text in texts]

    def _hold(self, entities: Mapping[str, Entity]) -> None:
        self._held |= self._read(entities)
        new = [text for text in entities if text not in self._held]
        if new:
            made = self._encoder.entities(new, self._batch_size).astype("<f2")
            self._held |= zip(new, made, strict=True)
            if self._keeps:
                self._stored.keep({text: entities[text] for text in new}, {t: self._held[t].tobytes() for t in new})

    def _read(self, entities: Mapping[str, Entity]) -> dict[str, np.ndarray]:
        found = {text: np.frombuffer(data, "<f2") for text, data in self._stored.of(entities).items()}
        for text, vector in found.items():
            if not np.isfinite(vector).all():
                raise StoreError(
                    f"the stored vector of entity '{entities[text].entity_id}' has numbers that are not finite; "
                    "drop the vectors of this model and run: glinker embed PIPELINE"
                )
        return found
