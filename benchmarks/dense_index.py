"""The approximate index of `l2_dense` against comparing all vectors: recall, time, memory, building and adding.

    python benchmarks/dense_index.py VECTORS.npy [MORE.npy ...] --queries QUERIES.npy [--adds 12]

The files hold vectors of entities in 16 bits and unit vectors of queries in 32. A hit is a vector whose cosine reaches
that of the exact thirtieth: equal vectors are many. Times are of one thread.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TypeVar

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
from attrs import define
from glinker_dense.coarse import Coarse
from glinker_dense.exact import cosines, nearest, unit
from glinker_dense.index import DenseIndex
from glinker_stores.sqlite import SqliteStore

from glinker_core.layers import Space
from glinker_core.model import Entity
from glinker_core.resources import Resources
from glinker_core.vectors import StoredVectors

T = TypeVar("T")

_DEPTH = 30
_BATCHES = (1, 16, 400)


@define
class Given:
    """Vectors of entities as `DenseIndex` asks for them, without an encoder."""

    space: Space
    resources: Resources

    def stored(self, entity_ids: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        found = StoredVectors(self.resources, lambda: self.space).of_ids(entity_ids)
        there = np.array([data is not None for data in found], bool)
        vectors = np.frombuffer(b"".join(data for data in found if data is not None), "<f2")
        return there, vectors.reshape(-1, self.space.dimension)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("vectors", type=Path, nargs="+")
    parser.add_argument("--queries", type=Path, required=True)
    parser.add_argument("--adds", type=int, default=12)
    options = parser.parse_args()
    vectors = np.concatenate([np.load(path) for path in options.vectors])
    queries = unit(np.load(options.queries).astype(np.float32))
    print(f"{len(vectors):,} vectors, {len(queries)} queries")
    coarse, took = _timed(lambda: Coarse.of(vectors))
    print(f"build {took:.1f} s, {len(coarse.written()) / len(vectors):.0f} bytes an entity beside the mapped vectors")
    rows = np.arange(len(vectors))
    exact = list(nearest(queries, vectors, rows, _DEPTH))
    for times in (5, 10, 20):
        hits = []
        for query, (_, scores), likely in zip(queries, exact, coarse.likely(queries, times * _DEPTH), strict=True):
            found = np.sort(cosines(query[None], vectors[likely])[0])[::-1][:_DEPTH]
            hits.append((found >= scores[-1]).mean())
        print(f"  {times} times as many scored: recall@{_DEPTH} {np.mean(hits):.4f}")
    with tempfile.TemporaryDirectory() as folder:
        _through_the_index(vectors, queries, Path(folder), options.adds)


def _through_the_index(vectors: np.ndarray, queries: np.ndarray, folder: Path, adds: int) -> None:
    store, space = SqliteStore(str(folder / "kb.db")), Space("given", "{label}", vectors.shape[1])
    store.open()
    store.upsert(Entity(f"e{number}", f"name {number}") for number in range(len(vectors)))
    store.add_vectors(space, ((f"e{number}", vector.tobytes()) for number, vector in enumerate(vectors)))
    resources = Resources({"kb": store})

    def index(above: int) -> DenseIndex:
        return DenseIndex(resources.kb, Given(space, resources), 0, above, folder / f"above-{above}")

    slow, quick = index(len(vectors)), index(0)
    for name, one in (("exact", slow), ("approximate", quick)):
        print(f"  {name}: gathered and written in {_timed(partial(one.search, queries[:1], _DEPTH))[1]:.1f} s")
    for size in _BATCHES:
        spent = [
            [_timed(partial(one.search, queries[at : at + size], _DEPTH))[1] for one in (slow, quick)]
            for at in range(0, min(len(queries), 10 * size), size)
        ]
        all_of, likely = np.median(spent, axis=0) / size * 1e3
        print(f"  {size} at once: {all_of:.2f} ms and {likely:.2f} ms a query, {all_of / likely:.1f} times the speed")
    print(f"  opened again in {_timed(lambda: index(0).search(queries[:1], _DEPTH))[1]:.2f} s")
    store.upsert(Entity(f"new{number}", f"new {number}") for number in range(adds))
    store.add_vectors(space, ((f"new{number}", queries[number].astype("<f2").tobytes()) for number in range(adds)))
    found, took = _timed(lambda: quick.search(queries[:adds], 1))
    there = sum(hits[0].entity_id == f"new{number}" for number, hits in enumerate(found))
    print(f"  {adds} entities added: {there} found in {took:.2f} s")


def _timed(call: Callable[[], T]) -> tuple[T, float]:
    started = time.process_time()
    result = call()
    return result, time.process_time() - started


if __name__ == "__main__":
    main()
