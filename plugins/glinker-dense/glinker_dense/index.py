"""Vectors of all entities of a knowledge base, kept beside its revision, and the nearest of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from glinker_core.errors import StoreError
from glinker_core.model import Entity
from glinker_dense.encoder import Vectors
from glinker_dense.exact import Halves, Ints, best, nearest
from glinker_dense.listing import Listing, listing

if TYPE_CHECKING:
    from glinker_core.resources import KnowledgeBase
    from glinker_dense.vectors import EntityVectors

log = logging.getLogger(__name__)

_CHUNK = 2_048  # entities read at once
_FRESH = 1_000  # entities beside the base, before a new one is made of all


class Hit(NamedTuple):
    """An entity that was found, with the cosine of its vector and the query."""

    entity_id: str
    score: float


class DenseIndex:
    """The vectors of a knowledge base: a base of rows in order of ids, and the entities that came after it."""

    def __init__(self, kb: KnowledgeBase, vectors: EntityVectors, embed_at_most: int) -> None:
        self._kb, self._vectors, self._most = kb, vectors, embed_at_most
        self._revision = ""
        nothing = np.zeros((0, vectors.space.dimension), np.float16)
        self._base, self._fresh = Listing.empty(), Listing.empty()
        self._base_vectors, self._fresh_vectors = nothing, nothing
        self._alive = np.zeros(0, bool)
        self._lock = RLock()

    def search(self, queries: Vectors, limit: int, types: Sequence[str] = ()) -> list[list[Hit]]:
        """Per query the entities nearest to it, of some types if any are given, the nearest first."""
        with self._lock:
            self._refresh()
            base = np.flatnonzero(self._alive & self._base.of_types(types))
            fresh = np.flatnonzero(self._fresh.of_types(types))
            offset, found = len(self._base), []
            both = zip(
                self._nearest(queries, base, limit),
                nearest(queries, self._fresh_vectors, fresh, limit),
                strict=True,
            )
            for (rows, scores), (more, others) in both:
                some = best(np.append(rows, more + offset), np.append(scores, others), limit)
                found.append([Hit(self._id(int(row)), float(score)) for row, score in zip(*some, strict=True)])
            return found

    def _nearest(self, queries: Vectors, rows: Ints, limit: int) -> Iterator[tuple[Ints, Vectors]]:
        return nearest(queries, self._base_vectors, rows, limit)

    def _id(self, row: int) -> str:
        rows = self._base if row < len(self._base) else self._fresh
        return rows.id(row if row < len(self._base) else row - len(self._base))

    def _refresh(self) -> None:
        """Take up what moved in the stores since the last time: nothing is read that did not."""
        revision = self._kb.revision
        if revision == self._revision:
            return
        now = listing(self._kb)
        there, where = self._base.find(now)
        news = now.of(np.flatnonzero(~there))
        if len(news) > max(_FRESH, len(self._base) // 10) or there.sum() < len(self._base) * 0.9:
            self._base_vectors = self._read(now)
            self._base, self._fresh = now, now.of(np.zeros(0, np.int64))
            self._fresh_vectors, self._alive = self._base_vectors[:0], np.ones(len(now), bool)
        else:
            self._fresh_vectors = self._read(news)
            self._fresh, self._alive = news, np.zeros(len(self._base), bool)
            self._alive[where[there]] = True
        self._revision = revision

    def _read(self, rows: Listing) -> Halves:
        """The vectors of entities: those that are in memory, those that stores keep, and the others made now."""
        found = np.zeros((len(rows), self._vectors.space.dimension), np.float16)
        missing = np.ones(len(rows), bool)
        for known, vectors in ((self._base, self._base_vectors), (self._fresh, self._fresh_vectors)):
            there, where = known.find(rows)
            found[there] = vectors[where[there]]
            missing &= ~there
        new: list[tuple[int, Entity]] = []
        left = np.flatnonzero(missing)
        for start in range(0, len(left), _CHUNK):
            some = left[start : start + _CHUNK]
            entities = self._kb.get([rows.id(int(row)) for row in some])
            chunk = [(int(row), entity) for row, entity in zip(some, entities, strict=True) if entity is not None]
            for (row, entity), vector in zip(chunk, self._vectors.stored([e for _, e in chunk]), strict=True):
                if vector is None:
                    new.append((row, entity))
                else:
                    found[row] = vector
            if len(new) > self._most:
                raise StoreError(
                    f"l2_dense: more than {self._most} of {len(rows)} entities have no vector of model "
                    f"'{self._vectors.space.model}' and template '{self._vectors.space.template}'; "
                    "run: glinker embed PIPELINE"
                )
        if new:
            log.info("%d entities have no vector yet: embedding them", len(new))
            found[[row for row, _ in new]] = self._vectors.of([entity for _, entity in new])
        return found
