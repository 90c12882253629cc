"""Vectors of all entities of a knowledge base, kept beside its revision, and the nearest of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from glinker_core.errors import StoreError
from glinker_core.layers import Space
from glinker_dense import file
from glinker_dense.coarse import Coarse
from glinker_dense.exact import Halves, Ints, Vectors, best, cosines, nearest
from glinker_dense.listing import Listing, listing

if TYPE_CHECKING:
    from glinker_core.resources import KnowledgeBase
    from glinker_dense.vectors import TextAndNames

log = logging.getLogger(__name__)

_CHUNK = 2_048  # vectors read at once
_LIKELY = 10  # times as many as are wanted are scored by their vectors, where not all are
_FRESH = 1_000  # entities beside the base, before a new one is made of all


class Hit(NamedTuple):
    """An entity that was found, with the cosine of its vector and the query."""

    entity_id: str
    score: float


class DenseIndex:
    """The vectors of a knowledge base: a base of rows in order of ids, and the entities that came after it."""

    def __init__(
        self, kb: KnowledgeBase, vectors: TextAndNames, embed_at_most: int, approximate_above: int, folder: Path | None
    ) -> None:
        self._kb, self._vectors, self._most = kb, vectors, embed_at_most
        self._approximate_above = approximate_above
        self._file = folder / f"{_digest(vectors.space, kb)}.vectors" if folder is not None else None
        self._coarse: Coarse | None = None
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
            fresh = np.flatnonzero(self._fresh.of_types(types))
            offset, found = len(self._base), []
            both = zip(
                self._nearest(queries, limit, types),
                nearest(queries, self._fresh_vectors, fresh, limit),
                strict=True,
            )
            for (rows, scores), (more, others) in both:
                some = best(np.append(rows, more + offset), np.append(scores, others), limit)
                found.append(self._hits(*some))
            return found

    def _nearest(self, queries: Vectors, limit: int, types: Sequence[str]) -> Iterator[tuple[Ints, Vectors]]:
        """The best rows of the base that are alive, of some types if any are given."""
        if self._coarse is None or types:
            rows = np.flatnonzero(self._alive & self._base.of_types(types))
            yield from nearest(queries, self._base_vectors, rows, limit)
            return
        dead = len(self._base) - int(np.count_nonzero(self._alive))
        for query, likely in zip(queries, self._coarse.likely(queries, _LIKELY * limit + dead), strict=True):
            some = likely[likely >= 0]
            some = np.sort(some[self._alive[some]])
            yield best(some, cosines(query[None], self._base_vectors[some])[0], limit)

    def _hits(self, rows: Ints, scores: Vectors) -> list[Hit]:
        """What stands in rows of the base, and behind it in those of what came after."""
        old, ids = rows < len(self._base), np.empty(len(rows), object)
        ids[old], ids[~old] = self._base.names(rows[old]), self._fresh.names(rows[~old] - len(self._base))
        return list(map(Hit, ids.tolist(), scores.tolist()))

    def _refresh(self) -> None:
        """Take up what moved in the stores since the last time: nothing is read that did not."""
        revision = self._kb.revision
        if revision == self._revision:
            return
        now = listing(self._kb)
        if not self._revision and self._file is not None and self._file.is_file():
            self._open(self._file)
        there, where = self._base.find(now)
        news = now.of(np.flatnonzero(~there))
        gone = len(self._base) - there.sum()
        if len(news) > (max(_FRESH, len(self._base) // 10) if len(self._base) else 0) or gone > len(self._base) // 10:
            self._base_vectors = self._read(now)
            self._base, self._fresh = now, now.of(np.zeros(0, np.int64))
            self._fresh_vectors, self._alive = self._base_vectors[:0], np.ones(len(now), bool)
            self._coarse = Coarse.of(self._base_vectors) if len(now) > self._approximate_above else None
            if self._file is not None:
                self._write(self._file)
        else:
            self._fresh_vectors = self._read(news)
            self._fresh, self._alive = news, np.zeros(len(self._base), bool)
            self._alive[where[there]] = True
        self._revision = revision

    def _open(self, path: Path) -> None:
        """Start from a file; what moved in the stores since then is taken up as ever."""
        try:
            found = file.read(path, self._vectors.space)
        except (file.StaleError, OSError) as error:
            log.warning("%s: cannot be used, %s; its vectors are gathered again", path, error)
            return
        self._base, self._base_vectors, self._coarse = found
        self._alive = np.ones(len(self._base), bool)
        if len(self._base) > self._approximate_above and self._coarse is None:
            self._coarse = Coarse.of(self._base_vectors)
        if len(self._base) <= self._approximate_above:
            self._coarse = None

    def _write(self, path: Path) -> None:
        """Keep the base in a file, and go on with that: mapped, it takes no memory of its own."""
        file.write(path, self._vectors.space, file.Saved(self._base, self._base_vectors, self._coarse))
        self._base, self._base_vectors, _ = file.read(path, self._vectors.space)

    def _read(self, rows: Listing) -> Halves:
        """The vectors of entities: those that are in memory, those that stores keep, and the others made now."""
        found = np.zeros((len(rows), self._vectors.space.dimension), np.float16)
        missing = np.ones(len(rows), bool)
        for known, vectors in ((self._base, self._base_vectors), (self._fresh, self._fresh_vectors)):
            there, where = known.find(rows)
            found[there] = vectors[where[there]]
            missing &= ~there
        new: list[int] = []
        left = np.flatnonzero(missing)
        for start in range(0, len(left), _CHUNK):
            some = left[start : start + _CHUNK]
            there, vectors = self._vectors.stored(rows.names(some))
            found[some[there]] = vectors
            new += some[~there].tolist()
            if len(new) > self._most:
                raise StoreError(
                    f"l2_dense: more than {self._most} of {len(rows)} entities have no vector of model "
                    f"'{self._vectors.space.model}' and template '{self._vectors.space.template}'; "
                    "run: glinker embed PIPELINE"
                )
        if new:
            log.info("%d entities have no vector yet: embedding them", len(new))
            entities = zip(new, self._kb.get(rows.names(np.array(new))), strict=True)
            of_rows = {row: entity for row, entity in entities if entity is not None}
            found[list(of_rows)] = self._vectors.of(list(of_rows.values()))
        return found


def _digest(space: Space, kb: KnowledgeBase) -> str:
    """What a file is called: by what is in it, and by the stores it was made of."""
    return blake2b(repr((space, list(kb.stores))).encode(), digest_size=8).hexdigest()
