"""The likely nearest of very many vectors: all are compared by 4 bits for four numbers, in the cache of the processor.

A product quantiser in faiss's fast-scan layout: a bit a number, nothing that could go out of date as
partitions and graphs do, and 160,000 vectors are encoded in seconds. What it finds is scored again by the vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from glinker_core.errors import InputError
from glinker_dense.exact import Halves, Ints, Vectors

_TRAINED_ON = 40_000
_CHUNK = 65_536


class Coarse:
    """What stands for vectors when there are too many to compare them as they are."""

    def __init__(self, index: Any) -> None:
        self._index = index

    @classmethod
    def of(cls, vectors: Halves) -> Coarse:
        """Make it of vectors."""
        faiss, dimension = _faiss(), vectors.shape[1]
        together = next(numbers for numbers in (4, 2, 1) if dimension % numbers == 0)
        index = faiss.IndexPQFastScan(dimension, dimension // together, 4, faiss.METRIC_INNER_PRODUCT)
        step = max(1, len(vectors) // _TRAINED_ON)
        index.train(vectors[::step].astype(np.float32))
        for start in range(0, len(vectors), _CHUNK):
            index.add(vectors[start : start + _CHUNK].astype(np.float32))
        return cls(index)

    @classmethod
    def read(cls, data: Any) -> Coarse:
        """Read back what `written` gave."""
        return cls(_faiss().deserialize_index(np.frombuffer(data, np.uint8)))

    def written(self) -> bytes:
        """Its bytes, in the byte order of this machine."""
        data: bytes = _faiss().serialize_index(self._index).tobytes()
        return data

    def likely(self, queries: Vectors, count: int) -> Ints:
        """Per query the rows of the `count` vectors that are likely the nearest; -1 where there are no more."""
        rows: Ints = self._index.search(np.ascontiguousarray(queries), min(count, self._index.ntotal))[1]
        return rows


def _faiss() -> Any:
    try:
        import faiss
    except ImportError as error:
        raise InputError(
            "l2_dense: more entities than approximate_above are searched with faiss, which is not installed; "
            "run: pip install glinker-dense[ann], or raise approximate_above to compare all vectors"
        ) from error
    return faiss
