"""The nearest of many vectors, by comparing all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

_ROWS = 16_384  # compared at once: 25 MB at 384 numbers
_QUERIES = 512
_DIGITS = 5  # of a score: what another order of adding up changes is beyond them

Vectors = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def nearest(queries: Vectors, vectors: Halves, rows: Ints, limit: int) -> Iterator[tuple[Ints, Vectors]]:
    """Per query the best `limit` of some rows of the vectors, with their cosines; of equals those with lower rows."""
    for start in range(0, len(queries), _QUERIES):
        yield from _nearest(queries[start : start + _QUERIES], vectors, rows, limit)


def best(rows: Ints, scores: Vectors, limit: int) -> tuple[Ints, Vectors]:
    """The best `limit` of rows with their scores, best first, of equals the lower row."""
    order = np.lexsort((rows, -scores))[:limit]
    return rows[order], scores[order]


def cosines(queries: Vectors, vectors: Halves | Vectors) -> Vectors:
    """The cosine of each query with each vector, in as many digits as do not depend on what is computed beside it."""
    found: Vectors = np.round(queries @ vectors.astype(np.float32, copy=False).T, _DIGITS)
    return found


def _nearest(queries: Vectors, vectors: Halves, rows: Ints, limit: int) -> list[tuple[Ints, Vectors]]:
    found: list[tuple[Ints, Vectors]] = [(rows[:0], np.zeros(0, np.float32))] * len(queries)
    whole = len(rows) == len(vectors)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        scores = cosines(queries, vectors[start : start + _ROWS] if whole else vectors[some])
        least = np.partition(scores, -limit, axis=1)[:, -limit] if len(some) > limit else np.full(len(queries), -np.inf)
        for query, (before, known) in enumerate(found):
            kept = np.flatnonzero(scores[query] >= max(least[query], known[-1] if len(known) == limit else -np.inf))
            if len(kept):
                joined = np.append(before, some[kept]), np.append(known, scores[query, kept])
                found[query] = best(*joined, limit)
    return found


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; one of length 0 stays as it is."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
    return scaled
