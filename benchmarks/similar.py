"""How near the mode `similar` of a store comes to comparing a name with all names, and how much faster it is.

    python benchmarks/similar.py FOLDER [FILE] [--kb kb.db]

Similar is cosine over character 3-grams, as `grams` and `weights` say it. Recall is the share of the 30 most similar
entities that the store finds; where several are as similar as the 30th, any of them will do. FOLDER and FILE are those
of `stores.py`. The exact comparison needs numpy and scipy.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import define, frozen
from corpora import read_entities
from glinker_stores.sqlite import SqliteStore
from methods import WAYS
from queries import Names, draw_queries
from scipy import sparse

from glinker_core.model import Candidate
from glinker_core.names import normalise

LIMIT = 30
KINDS = ("reworded", "typos, 1 or 2", "partial names", "exact")
_AT_ONCE = 16  # names compared with all at once, which bounds memory
_BATCH = 500
_ALMOST = 1e-5  # what single precision may make of two that are the same


def grams(key: str) -> list[str]:
    """The 3-grams of a key; the spaces before it make its first letters count for more."""
    padded = f"  {key} "
    return [padded[at : at + 3] for at in range(len(padded) - 2)]


def weights(counts: sparse.csr_array) -> npt.NDArray[np.float32]:
    """What each gram counts for, given how often each key (row) has each gram (column): all the same."""
    return np.ones(counts.shape[1], np.float32)


@frozen
class Nearest:
    """For one name the least similarity of its best entities, how many they are, and what all keys are to it."""

    cut: float
    count: int
    similarities: dict[int, float]  # of the keys that reach the cut


@define
class AllKeys:
    """Every key of a knowledge base as a vector, to compare names with all of them."""

    numbers: dict[str, int]  # of the keys
    owners: list[list[int]]
    vocabulary: dict[str, int]
    weights: npt.NDArray[np.float32]
    vectors: sparse.csr_array  # gram by key, columns of length 1

    @classmethod
    def of(cls, names: Names) -> AllKeys:
        """The vectors of all keys of a knowledge base."""
        keys = list(names.sharers)
        vocabulary: dict[str, int] = {}
        columns = [[vocabulary.setdefault(gram, len(vocabulary)) for gram in grams(key)] for key in keys]
        counts = _matrix(columns, len(vocabulary))
        weighted = counts * weights(counts)
        numbers = {key: number for number, key in enumerate(keys)}
        vectors = _normed(weighted).T.tocsr()
        return cls(numbers, list(names.sharers.values()), vocabulary, weights(counts), vectors)

    def nearest(self, texts: Sequence[str], floor: float) -> list[Nearest]:
        """Per name its most similar entities, those below `floor` left out."""
        keys = [normalise(text) for text in texts]
        columns = [[self.vocabulary[gram] for gram in grams(key) if gram in self.vocabulary] for key in keys]
        unknown = np.array([len(grams(key)) - len(known) for key, known in zip(keys, columns, strict=True)], np.float32)
        counts = _matrix(columns, len(self.vocabulary)) * self.weights
        products = (_normed(counts, unknown * self.weights.max() ** 2) @ self.vectors).tocsr()
        return [self._best(products.indices[a:b], products.data[a:b], floor) for a, b in _spans(products.indptr)]

    def _best(self, keys: npt.NDArray[Any], similarities: npt.NDArray[np.float32], floor: float) -> Nearest:
        if not len(keys):
            return Nearest(0.0, 0, {})
        wanted = min(10 * LIMIT, len(keys))
        while True:  # more keys where an entity has several of them
            chosen = np.argpartition(-similarities, wanted - 1)[:wanted]
            best: dict[int, float] = {}
            for place in chosen[np.argsort(-similarities[chosen], kind="stable")]:
                for row in self.owners[keys[place]]:
                    best.setdefault(row, float(similarities[place]))
            if len(best) >= LIMIT or wanted == len(keys):
                break
            wanted = min(4 * wanted, len(keys))
        ranked = [similarity for similarity in list(best.values())[:LIMIT] if similarity >= floor]
        cut = ranked[-1] if ranked else 1.0
        near = np.flatnonzero(similarities >= cut - _ALMOST)
        return Nearest(cut, len(ranked), {int(keys[place]): float(similarities[place]) for place in near})


def _matrix(columns: list[list[int]], width: int) -> sparse.csr_array:
    """How often each row has each column."""
    starts = np.cumsum([0, *map(len, columns)])
    flat = np.fromiter((column for row in columns for column in row), np.int32, int(starts[-1]))
    matrix = sparse.csr_array((np.ones(flat.size, np.float32), flat, starts), shape=(len(columns), width))
    matrix.sum_duplicates()
    return matrix


def _normed(matrix: sparse.csr_array, more: npt.NDArray[np.float32] | float = 0.0) -> sparse.csr_array:
    """Rows of length 1; `more` is the sum of squares of what a row has beside its columns."""
    lengths = np.sqrt(np.asarray((matrix * matrix).sum(axis=1)).ravel() + more)
    return (sparse.diags_array(1 / np.maximum(lengths, 1e-9)) @ matrix).astype(np.float32).tocsr()


def _spans(pointers: npt.NDArray[Any]) -> Iterator[tuple[int, int]]:
    return zip(pointers[:-1].tolist(), pointers[1:].tolist(), strict=True)


def found_of(every: AllKeys, near: Nearest, found: Sequence[Candidate]) -> int:
    """How many of the entities found are among the nearest."""
    keys = {candidate.entity_id: every.numbers.get(normalise(candidate.name)) for candidate in found[:LIMIT]}
    return min(sum(key in near.similarities for key in keys.values()), near.count)


def main() -> None:
    """Print one row for each kind of query."""
    options = _options()
    source: Path = options.folder / options.file if options.folder.is_dir() else options.folder
    if not source.is_file():
        sys.exit(f"{source}: is not there; give the folder of the development data, or a file in it")
    names = Names.of(read_entities(source))
    search = WAYS["similar"].search
    with tempfile.TemporaryDirectory() as folder:
        path = options.kb or Path(folder, "kb.db")
        store = SqliteStore(str(path)) if set(search.modes) <= set(SqliteStore.modes) else None
        if store is not None:
            store.open()
            if not store.count():
                store.upsert(read_entities(source))
        started = time.perf_counter()
        every = AllKeys.of(names)
        took = time.perf_counter() - started
        print(f"{source.name}: {len(every.owners):,} keys, {len(every.vocabulary):,} grams, {took:.0f} s to count them")
        print(f"{'':24}{'n':>6}{'all, names/s':>14}{'similar, names/s':>18}{'recall@30':>11}{'nothing':>9}")
        for kind in KINDS:
            _row(kind, every, store, names, options)
        if store is None:
            print(f"the store knows no mode {', '.join(search.modes)}: not measured")
        else:
            store.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", nargs="?", default="geo/entities.jsonl.gz")
    parser.add_argument("--kb", type=Path, help="a store to use, and to fill where it is empty")
    parser.add_argument("--queries", type=int, default=500, help="of each kind, compared with all names")
    parser.add_argument("--rated", type=int, default=5_000, help="of each kind, for the rate of the store")
    parser.add_argument("--floor", type=float, default=0.0, help="entities less similar need not be found")
    parser.add_argument("--seed", default="1", help="what queries are drawn with; tune with another")
    return parser.parse_args()


def _row(kind: str, every: AllKeys, store: SqliteStore | None, names: Names, options: argparse.Namespace) -> None:
    texts = [query.text for query in draw_queries(names, kind, options.queries, options.seed)]
    started = time.perf_counter()
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    nearest = [near for part in parts for near in every.nearest(part, options.floor)]
    line = f"{kind:24}{len(texts):6,}{len(texts) / (time.perf_counter() - started):14,.0f}"
    if store is not None:
        found = store.search(texts, WAYS["similar"].search)
        shares = [found_of(every, near, of) / near.count for near, of in zip(nearest, found, strict=True) if near.count]
        rated = [query.text for query in draw_queries(names, kind, options.rated, f"{options.seed} rate")]
        started = time.perf_counter()
        for start in range(0, len(rated), _BATCH):
            store.search(rated[start : start + _BATCH], WAYS["similar"].search)
        rate = len(rated) / (time.perf_counter() - started)
        line += f"{rate:18,.0f}{sum(shares) / max(len(shares), 1):11.3f}{sum(not of for of in found):9,}"
    print(line)


if __name__ == "__main__":
    main()
