"""Vectors of entities: what a bi-encoder makes of the text of each, from the stores where they are kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from glinker_core.layers import Space
from glinker_core.model import Entity
from glinker_core.vectors import Progress, StoredVectors, render

if TYPE_CHECKING:
    from glinker_core.resources import Resources
    from glinker_gliner.model import Model

_HELD = 20_000  # vectors held in memory: 31 MB at 384 numbers
_BATCH = 64  # texts of entities are short


class EntityVectors:
    """The vectors of entities under one model and template, by the text the model reads: never one of another text.

    With `read` they come from the stores where there are any, with `write` new ones are kept there; stores keep 16 bits
    a number, and then all vectors are rounded so, whether they were stored or not.
    """

    def __init__(
        self, model: Model, template: str, resources: Resources, read: bool, write: bool, batch_size: int
    ) -> None:
        self._model, self._template, self._resources = model, template, resources
        self._read, self._write, self._batch_size = read, write, max(batch_size, _BATCH)
        self._stored = StoredVectors(resources, self._in)
        self._slots: dict[str, int] = {}  # by text: its row
        self._seen: dict[str, Entity] = {}  # by id: who had it last, who need not be written again
        self._rows: dict[str, int] = {}  # by id: the row of whoever had it last
        self._vectors = torch.empty(0, 0)
        self._space: Space | None = None
        self._lock = RLock()

    def of(self, entities: Sequence[Entity]) -> Tensor:
        """The vectors (N, D) of entities, on the device of the model."""
        vectors, rows = self.rows(entities)
        return vectors[rows]

    def rows(self, entities: Sequence[Entity]) -> tuple[Tensor, Tensor]:
        """Vectors (M, D), and per entity which of them is its own (N,): nothing is copied for those held already."""
        with self._lock:
            ids = [entity.entity_id for entity in entities]
            same = list(map(self._seen.get, ids)) == list(entities)
            rows = map(self._rows.__getitem__, ids) if same else self._held(entities)
            numbers = torch.from_numpy(np.fromiter(rows, np.int64, len(ids)))
            return self._vectors, numbers.to(self._vectors.device)

    def _held(self, entities: Sequence[Entity]) -> list[int]:
        """The rows of entities by what is written of them; those that have none yet are given one."""
        texts = [render(self._template, entity) for entity in entities]
        missing = {text: entity for text, entity in zip(texts, entities, strict=True) if text not in self._slots}
        if len(self._slots) + len(missing) > _HELD:
            # another tensor: somebody may still read the rows of this one
            self._slots, self._seen, self._rows, self._vectors = {}, {}, {}, self._vectors.new_empty(0, 0)
            missing = dict(zip(texts, entities, strict=True))
        if missing:
            self._hold(missing)
        rows = [self._slots[text] for text in texts]
        self._seen |= ((entity.entity_id, entity) for entity in entities)
        self._rows |= zip((entity.entity_id for entity in entities), rows, strict=True)
        return rows

    def precompute(self, names: Sequence[str], batch_size: int, progress: Progress | None = None) -> dict[str, int]:
        """Embed the entities of the stores named that have no vector yet; `{store: how many were embedded}`."""

        def encode(entities: Sequence[Entity]) -> list[bytes]:
            return _bytes(self._encoded([render(self._template, entity) for entity in entities], batch_size))

        return self._stored.precompute(names, encode, progress)

    def _hold(self, entities: Mapping[str, Entity]) -> None:
        """Hold the vectors of entities, given by their texts: stored ones as they are, the others made now."""
        stored = self._stored.of(entities) if self._read else {}
        parts = []
        if stored:
            numbers = np.frombuffer(b"".join(stored.values()), "<f2").reshape(len(stored), -1)
            parts.append(torch.from_numpy(numbers.astype(np.float32)).to(self._model.device))
        if new := [text for text in entities if text not in stored]:
            made = self._encoded(new, self._batch_size)
            parts.append(made.half().float() if self._read or self._write else made)
            if self._write:
                self._stored.keep({text: entities[text] for text in new}, dict(zip(new, _bytes(made), strict=True)))
        start, end = len(self._slots), len(self._slots) + len(entities)
        vectors = torch.cat(parts)
        if end > len(self._vectors):  # room for as many again, so that what is held is seldom copied
            grown = vectors.new_empty(max(end, min(2 * end, _HELD)), vectors.shape[1])
            grown[:start] = self._vectors[:start] if start else grown[:start]
            self._vectors = grown
        self._vectors[start:end] = vectors
        self._slots |= {text: start + index for index, text in enumerate([*stored, *new])}

    def _encoded(self, texts: Sequence[str], batch_size: int) -> Tensor:
        if cut := self._model.cut(texts):
            self._resources.count("entity texts cut to what the label encoder reads", cut)
        return self._model.labels(texts, batch_size).float()

    def _in(self) -> Space:
        """The space of these vectors."""
        if self._space is None:
            dimension = self._model.labels(["x"], 1).shape[1]
            self._space = Space(self._model.fingerprint, self._template, dimension)
        return self._space


def _bytes(vectors: Tensor) -> list[bytes]:
    """Each vector as little-endian 16-bit floats."""
    numbers = vectors.cpu().numpy().astype("<f2")
    return [row.tobytes() for row in numbers]
