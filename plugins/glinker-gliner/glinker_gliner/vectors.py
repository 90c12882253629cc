"""Vectors of entities: what a bi-encoder makes of the text of each, from the stores where they are kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from glinker_core.errors import InputError, StoreError
from glinker_core.layers import Space, Store, VectorStore
from glinker_core.model import Entity

if TYPE_CHECKING:
    from glinker_core.resources import Resources
    from glinker_gliner.model import Model

log = logging.getLogger(__name__)

_HELD = 20_000  # vectors held in memory: 31 MB at 384 numbers
_BATCH = 64  # texts of entities are short
_CHUNK = 4_096  # entities embedded and written at once: what a run that is stopped can lose

#: (how many entities were done now, how many there are)
Progress = Callable[[int, int], None]


def render(template: str, entity: Entity) -> str:
    """The text of an entity that a model reads."""
    return template.format(
        entity_id=entity.entity_id,
        label=entity.label,
        aliases=", ".join(entity.aliases),
        description=entity.description,
        entity_type=entity.entity_type,
        popularity=entity.popularity,
    ).strip()


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
        self._stores: Mapping[str, Store] = {
            name: store for name, store in resources.stores.items() if isinstance(store, VectorStore)
        }
        self._unwritable: set[str] = set()
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
        """Embed the entities of the stores named that have no vector yet; `{store: how many were embedded}`.

        Each chunk is kept when it is done, so a run that was stopped goes on where it was.
        """
        if other := [name for name in names if name not in self._stores]:
            able = ", ".join(self._stores) or "none of this pipeline does"
            raise InputError(f"precompute_embeddings: store '{other[0]}' keeps no vectors; those that do: {able}")
        return {name: self._precompute(self._stores[name], batch_size, progress) for name in names}

    def _precompute(self, store: Store, batch_size: int, progress: Progress | None) -> int:
        assert isinstance(store, VectorStore)
        space, count, total = self._in(), 0, store.count()
        entities = iter(store.entities())
        while chunk := list(islice(entities, _CHUNK)):
            there = store.vectors(space, [entity.entity_id for entity in chunk])
            new = [entity for entity, vector in zip(chunk, there, strict=True) if vector is None]
            if new:
                vectors = self._encoded([render(self._template, entity) for entity in new], batch_size)
                count += store.add_vectors(space, zip((one.entity_id for one in new), _bytes(vectors), strict=True))
            if progress is not None:
                progress(len(chunk), total)
        return count

    def _hold(self, entities: Mapping[str, Entity]) -> None:
        """Hold the vectors of entities, given by their texts: stored ones as they are, the others made now."""
        stored = self._stored(entities) if self._read else {}
        parts = []
        if stored:
            numbers = np.frombuffer(b"".join(stored.values()), "<f2").reshape(len(stored), -1)
            parts.append(torch.from_numpy(numbers.astype(np.float32)).to(self._model.device))
        if new := [text for text in entities if text not in stored]:
            made = self._encoded(new, self._batch_size)
            parts.append(made.half().float() if self._read or self._write else made)
            if self._write:
                self._keep({text: entities[text] for text in new}, made)
        start, end = len(self._slots), len(self._slots) + len(entities)
        vectors = torch.cat(parts)
        if end > len(self._vectors):  # room for as many again, so that what is held is seldom copied
            grown = vectors.new_empty(max(end, min(2 * end, _HELD)), vectors.shape[1])
            grown[:start] = self._vectors[:start] if start else grown[:start]
            self._vectors = grown
        self._vectors[start:end] = vectors
        self._slots |= {text: start + index for index, text in enumerate([*stored, *new])}

    def _stored(self, entities: Mapping[str, Entity]) -> dict[str, bytes]:
        """The vectors that stores have of just these entities, by text."""
        found: dict[str, bytes] = {}
        for store in self._stores.values():
            assert isinstance(store, VectorStore)
            left = {text: entity for text, entity in entities.items() if text not in found}
            vectors = store.vectors(self._in(), [entity.entity_id for entity in left.values()])
            there = {text: vector for text, vector in zip(left, vectors, strict=True) if vector is not None}
            same = self._same(store, {text: left[text] for text in there})
            found |= {text: vector for text, vector in there.items() if text in same}
        return found

    def _keep(self, entities: Mapping[str, Entity], vectors: Tensor) -> None:
        """Keep new vectors in the stores that have the entities; those that cannot be written are left alone."""
        by_text = dict(zip(entities, _bytes(vectors), strict=True))
        for name, store in self._stores.items():
            if name in self._unwritable:
                continue
            assert isinstance(store, VectorStore)
            same = self._same(store, entities)
            try:
                store.add_vectors(self._in(), [(entities[text].entity_id, by_text[text]) for text in same])
            except StoreError as error:
                self._unwritable.add(name)
                log.warning("store '%s': vectors are not kept there, but computed again each time: %s", name, error)

    def _same(self, store: Store, entities: Mapping[str, Entity]) -> list[str]:
        """The texts of those entities that the store has with the same content, as another store may not."""
        alone = len(self._resources.stores) == 1  # another store may have the id too, even one that keeps no vectors
        if alone and len({entity.entity_id for entity in entities.values()}) == len(entities):
            return list(entities)
        there = store.get([entity.entity_id for entity in entities.values()])
        return [text for (text, entity), other in zip(entities.items(), there, strict=True) if entity == other]

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
