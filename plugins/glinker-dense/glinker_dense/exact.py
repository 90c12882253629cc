"""The nearest of many vectors, by comparing all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import torch

_ROWS, _FEW_ROWS = 16_384, 2_048  # compared at once with many queries, and with few: 3 MB at 384 numbers stay in caches
_QUERIES, _FEW = 512, 16
_DIGITS = 5  # of a score: what another order of adding up changes is beyond them
_ROUNDED = 1e-5  # what rounding may add to a score, or take away

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
    found: Vectors = np.round(_products(queries, vectors), _DIGITS)
    return found


def _products(queries: Vectors, vectors: Halves | Vectors) -> Vectors:
    """By torch: it makes 32 bits of 16 twice to ten times as fast as numpy, which was most of a search."""
    wide = torch.from_numpy(np.require(vectors, requirements="W")).float()  # of a mapped file a copy, as torch warns
    found: Vectors = (torch.from_numpy(queries) @ wide.T).numpy()
    return found


def _nearest(queries: Vectors, vectors: Halves, rows: Ints, limit: int) -> list[tuple[Ints, Vectors]]:
    found: list[tuple[Ints, Vectors]] = [(rows[:0], np.zeros(0, np.float32))] * len(queries)
    whole, step = len(rows) == len(vectors), _ROWS if len(queries) > _FEW else _FEW_ROWS
    for start in range(0, len(rows), step):
        some = rows[start : start + step]
        scores = _products(queries, vectors[start : start + step] if whole else vectors[some])
        least = np.partition(scores, -limit, axis=1)[:, -limit] if not start and len(some) > limit else None
        for query, (before, known) in enumerate(found):
            lowest = known[-1] if len(known) == limit else -np.inf if least is None else least[query]
            kept = np.flatnonzero(scores[query] >= lowest - _ROUNDED)
            if len(kept):
                joined = np.append(before, some[kept]), np.append(known, np.round(scores[query, kept], _DIGITS))
                found[query] = best(*joined, limit)
    return found


def unit(vectors: Vectors) -> Vectors:
    """Vectors of length 1; one of length 0 stays as it is."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    scaled: Vectors = (vectors / np.where(norms > 0, norms, 1)).astype(np.float32, copy=False)
    return scaled
