"""How near the mode `similar` of a store comes to comparing a name with all names, and how much faster it is.

    python benchmarks/similar.py FOLDER [FILE] [--kb kb.db]

Similar is cosine over character 3-grams, as `grams` and `weights` say it; the very same key is left to mode `exact`.
Recall is the share of the 30 most similar entities that the store finds, of those with the least cosine it asks for;
where several are as similar as the 30th, any of them will do. FOLDER and FILE are those of `stores.py`. The exact
comparison needs numpy and scipy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import define, frozen
from corpora import read_entities
from glinker_stores.sqlite import SqliteStore
from methods import search_of
from queries import Names, draw_queries
from scipy import sparse

from glinker_core.layers import Search
from glinker_core.model import Candidate
from glinker_core.names import normalise

LIMIT = 30
KINDS = ("reworded", "typos, 1 or 2", "partial names", "exact")
_AT_ONCE = 16  # names compared with all at once, which bounds memory
_BATCH = 500
_ALMOST = 1 - 1e-5  # what single precision may make of two that are the same


def grams(key: str) -> list[str]:
    """The different 3-grams of a key; the spaces before it make its first letters count for more."""
    padded = f"  {key} "
    return list(dict.fromkeys(padded[at : at + 3] for at in range(len(padded) - 2)))


def weights(having: npt.NDArray[Any], keys: int) -> npt.NDArray[np.float32]:
    """What grams count for that so many of the keys have; one that no key has counts as if one had it."""
    logarithms: npt.NDArray[Any] = np.log1p(keys / np.maximum(having, 1))
    return logarithms.astype(np.float32)


@frozen
class Nearest:
    """For one name how many best entities there are, and all keys that are as similar as the last of them."""

    count: int
    keys: set[int]


@define
class AllKeys:
    """Every key of a knowledge base as a vector, to compare names with all of them."""

    numbers: dict[str, int]  # of the keys
    owners: list[list[int]]
    vocabulary: dict[str, int]
    weights: npt.NDArray[np.float32]
    unknown: float  # the weight of a gram that is not there
    vectors: sparse.csr_array  # gram by key, columns of length 1

    @classmethod
    def of(cls, names: Names) -> AllKeys:
        """The vectors of all keys of a knowledge base."""
        keys = list(names.sharers)
        vocabulary: dict[str, int] = {}
        columns = [[vocabulary.setdefault(gram, len(vocabulary)) for gram in grams(key)] for key in keys]
        having = np.bincount(np.fromiter((column for row in columns for column in row), np.int64))
        of_grams = weights(having, len(keys))
        vectors = _vectors(columns, of_grams, np.zeros(len(keys))).T.tocsr()
        numbers = {key: number for number, key in enumerate(keys)}
        return cls(
            numbers, list(names.sharers.values()), vocabulary, of_grams, weights(np.zeros(1), len(keys))[0], vectors
        )

    def nearest(self, texts: Sequence[str], floor: float) -> list[Nearest]:
        """Per name its most similar entities with a cosine of at least `floor`."""
        keys = [normalise(text) for text in texts]
        columns = [[self.vocabulary[gram] for gram in grams(key) if gram in self.vocabulary] for key in keys]
        missing = np.array([len(grams(key)) - len(known) for key, known in zip(keys, columns, strict=True)])
        products = (_vectors(columns, self.weights, missing * self.unknown**2) @ self.vectors).tocsr()
        found = []
        for key, (start, end) in zip(keys, pairwise(products.indptr.tolist()), strict=True):
            others, cosines = products.indices[start:end], products.data[start:end]
            kept = (cosines >= floor) & (others != self.numbers.get(key, -1))
            found.append(self._best(others[kept], cosines[kept]))
        return found

    def _best(self, keys: npt.NDArray[Any], cosines: npt.NDArray[np.float32]) -> Nearest:
        if not len(keys):
            return Nearest(0, set())
        best: dict[int, float] = {}
        for place in np.argsort(-cosines, kind="stable"):
            for row in self.owners[keys[place]]:
                best.setdefault(row, float(cosines[place]))
            if len(best) >= LIMIT:
                break
        least = list(best.values())[:LIMIT][-1] * _ALMOST
        near = np.flatnonzero(cosines >= least)
        return Nearest(min(len(best), LIMIT), set(keys[near].tolist()))


def _vectors(columns: list[list[int]], of_columns: npt.NDArray[np.float32], more: npt.NDArray[Any]) -> sparse.csr_array:
    """Rows of length 1 with the weights of their columns; `more` is what a row has beside them, squared."""
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((column for row in columns for column in row), np.int32, int(starts[-1]))
    rows = np.repeat(np.arange(len(columns)), np.diff(starts))
    values = of_columns[flat]
    squares = np.bincount(rows, values.astype(np.float64) ** 2, len(columns)) + more
    values = (values / np.sqrt(squares)[rows]).astype(np.float32)
    return sparse.csr_array((values, flat, starts), shape=(len(columns), len(of_columns)))


def found_of(every: AllKeys, near: Nearest, found: Sequence[Candidate]) -> int:
    """How many of the entities found are among the nearest."""
    keys = {candidate.entity_id: every.numbers.get(normalise(candidate.name)) for candidate in found[:LIMIT]}
    return min(sum(key in near.keys for key in keys.values()), near.count)


def main() -> None:
    """Print one row for each kind of query."""
    options = _options()
    source: Path = options.folder / options.file if options.folder.is_dir() else options.folder
    if not source.is_file():
        sys.exit(f"{source}: is not there; give the folder of the development data, or a file in it")
    names = Names.of(read_entities(source))
    with tempfile.TemporaryDirectory() as folder:
        path = options.kb or Path(folder, "kb.db")
        store = SqliteStore(str(path))
        search = search_of("similar", store)
        if search is not None:
            store.open()
            if not store.count():
                store.upsert(read_entities(source))
        started = time.perf_counter()
        every = AllKeys.of(names)
        took = time.perf_counter() - started
        print(f"{source.name}: {len(every.owners):,} keys, {len(every.vocabulary):,} grams, {took:.0f} s to count them")
        print(f"{'':24}{'n':>6}{'all, names/s':>14}{'similar, names/s':>18}{'recall@30':>11}{'nothing':>9}")
        for kind in KINDS:
            _row(kind, every, store, search, names, options)
        if search is None:
            print("the store has no mode 'similar': not measured")
        store.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", nargs="?", default="geo/entities.jsonl.gz")
    parser.add_argument("--kb", type=Path, help="a store to use, and to fill where it is empty")
    parser.add_argument("--queries", type=int, default=500, help="of each kind, compared with all names")
    parser.add_argument("--rated", type=int, default=5_000, help="of each kind, for the rate of the store")
    parser.add_argument("--seed", default="1", help="what queries are drawn with; tune with another")
    return parser.parse_args()


def _row(
    kind: str, every: AllKeys, store: SqliteStore, search: Search | None, names: Names, options: argparse.Namespace
) -> None:
    texts = [query.text for query in draw_queries(names, kind, options.queries, options.seed)]
    floor = getattr(search, "min_cosine", 0.0)
    started = time.perf_counter()
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    nearest = [near for part in parts for near in every.nearest(part, floor)]
    line = f"{kind:24}{len(texts):6,}{len(texts) / (time.perf_counter() - started):14,.0f}"
    if search is not None:
        found = store.search(texts, search)
        shares = [found_of(every, near, of) / near.count for near, of in zip(nearest, found, strict=True) if near.count]
        rated = [query.text for query in draw_queries(names, kind, options.rated, f"{options.seed} rate")]
        started = time.perf_counter()
        for start in range(0, len(rated), _BATCH):
            store.search(rated[start : start + _BATCH], search)
        rate = len(rated) / (time.perf_counter() - started)
        line += f"{rate:18,.0f}{sum(shares) / max(len(shares), 1):11.3f}{sum(not of for of in found):9,}"
    print(line, flush=True)


if __name__ == "__main__":
    main()
