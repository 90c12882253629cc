"""The keys of one write with everything they are found by, as arrays that are stored and loaded as they are."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import count, repeat
from typing import Any

import numpy as np
import numpy.typing as npt
from attrs import define, field, frozen

from glinker_stores.batches import batched
from glinker_stores.index import terms
from glinker_stores.index.letters import U32, U64, Ints, Letters, starts_of

Array = npt.NDArray[Any]
#: A key that no name has any more.
GONE = -1.0
_AT_ONCE = 50_000  # keys whose letters are held as numbers at once, which bounds memory
_GRAMS_AT_ONCE = 5_000
_THREADS = 2
_NONE: npt.NDArray[np.int64] = np.zeros(0, np.int64)
_HIGH = np.uint64(32)
_KINDS = ("segment", "variant", "word", "initials", "gram")

#: The type of each array, as it is stored.
TYPES: Mapping[str, str] = {
    "text": "u1", "offsets": "<u4", "popularity": "<f8", "hashes": "<u4",
    "signature": "<u4", "words": "<u2", "norm": "<f4",
    **{f"{kind}.{array}": "<u4" for kind in _KINDS for array in ("terms", "starts", "keys")},
}  # fmt: skip


@frozen
class Postings:
    """Keys by their terms: those of `terms[i]` are `keys[starts[i]:starts[i + 1]]`, in ascending order."""

    terms: U32
    starts: U32
    keys: U32

    @classmethod
    def of(cls, pairs: list[U64]) -> Postings:
        """The postings of pairs of term and key, a term in the upper half of each number; empties the list."""
        packed = np.empty(sum(some.size for some in pairs), np.uint64)
        end = packed.size
        while pairs:  # one after the other is freed: of a million names these are 115 MB
            some = pairs.pop()
            packed[end - some.size : end] = some
            end -= some.size
        packed.sort()
        once = np.ones(packed.size, bool)
        once[1:] = packed[1:] != packed[:-1]
        keys = packed.astype(np.uint32)[once]
        packed >>= _HIGH
        numbers = packed.astype(np.uint32)[once]
        first = np.ones(numbers.size + 1, bool)
        first[1:-1] = numbers[1:] != numbers[:-1]
        starts = np.flatnonzero(first)
        return cls(numbers[starts[:-1]], starts.astype(np.uint32), keys)

    def sizes(self) -> Ints:
        """How many keys each term has."""
        starts: Ints = self.starts.astype(np.int64)
        return starts[1:] - starts[:-1]

    def places(self, wanted: U32) -> Ints:
        """Where each of the terms stands in `terms`, or -1."""
        if not self.terms.size:
            return np.full(wanted.size, -1)
        at = np.minimum(np.searchsorted(self.terms, wanted), self.terms.size - 1)
        return np.where(self.terms[at] == wanted, at, -1)

    def keys_of(self, place: int) -> U32:
        """The keys of one term."""
        return self.keys[self.starts[place] : self.starts[place + 1]]

    def found(self, wanted: U32, askers: Ints) -> tuple[Ints, Ints]:
        """Pairs of an asker and a key that has one of its terms; the same pair may come more than once."""
        places = self.places(wanted)
        there = places >= 0
        places, askers = places[there], askers[there]
        starts = self.starts[places].astype(np.int64)
        counts = self.starts[places + 1] - starts
        at = np.arange(int(counts.sum())) + np.repeat(starts - starts_of(counts)[:-1], counts)
        return np.repeat(askers, counts), self.keys[at].astype(np.int64)


@frozen
class Weights:
    """What each 3-gram counts: (ln(1 + keys / keys with it))^2, the weight of tf-idf. Others count as if in one key."""

    terms: U32
    values: npt.NDArray[np.float32]
    other: float

    @classmethod
    def of(cls, grams: Postings, keys: int) -> Weights:
        """The weights that follow from how common each gram is among some keys."""
        values = np.log1p(keys / np.maximum(grams.sizes(), 1)) ** 2
        return cls(grams.terms, values.astype(np.float32), float(np.log1p(max(keys, 1)) ** 2))

    def get(self, grams: U32) -> npt.NDArray[np.float32]:
        """The weight of each gram."""
        if not self.terms.size:
            return np.full(grams.size, self.other, np.float32)
        at = np.minimum(np.searchsorted(self.terms, grams), self.terms.size - 1)
        return np.where(self.terms[at] == grams, self.values[at], np.float32(self.other))


@define
class Part:
    """Keys in order, with the popularity of the most popular entity of each, or `GONE`.

    Arrays are loaded by `load` when they are first used, by names such as `word.keys`. A part never changes.
    """

    load: Callable[[str], Array]
    _loaded: dict[str, Array] = field(factory=dict)
    _weights: Weights | None = None

    @classmethod
    def of(cls, keys: Sequence[str], popularity: Sequence[float], weights: Weights | None) -> Part:
        """A part of keys in ascending order; without `weights` it makes its own, as the first part of a store does."""
        encoded = [key.encode() for key in keys]
        arrays: dict[str, Array] = {
            "text": np.frombuffer(b"".join(encoded), np.uint8),
            "offsets": starts_of(np.fromiter(map(len, encoded), np.int64, len(keys))).astype(np.uint32),
            "popularity": np.asarray(popularity, np.float64),
        }
        alive = arrays["popularity"] != GONE
        with ThreadPoolExecutor(
            _THREADS
        ) as pool:  # numpy lets others work meanwhile: 3.2 s instead of 4.8 on two cores
            found = list(pool.map(_Found.of, batched(keys, _AT_ONCE), count(0, _AT_ONCE), repeat(alive)))
            pairs = [[part.pairs[kind] for part in found] for kind in _KINDS]
            arrays["hashes"] = np.sort(np.concatenate([_NONE.astype(np.uint32), *(part.hashes for part in found)]))
            arrays["signature"] = np.concatenate([_NONE.astype(np.uint32), *(part.signature for part in found)])
            arrays["words"] = np.concatenate([_NONE.astype(np.uint16), *(part.words for part in found)])
            found.clear()
            for kind, made in zip(_KINDS, pool.map(Postings.of, pairs), strict=True):
                arrays |= {f"{kind}.terms": made.terms, f"{kind}.starts": made.starts, f"{kind}.keys": made.keys}
        part = cls(arrays.__getitem__, arrays)
        grams = part.postings("gram")
        weights = weights or Weights.of(grams, int(alive.sum()))
        arrays["norm"] = _norms(grams, weights, len(keys))
        return part

    def __len__(self) -> int:
        return int(self["popularity"].size)

    def __getitem__(self, name: str) -> Array:
        if name not in self._loaded:
            self._loaded[name] = self.load(name)
        return self._loaded[name]

    def arrays(self) -> Mapping[str, Array]:
        """All arrays of a part that was just made."""
        return self._loaded

    def postings(self, kind: str) -> Postings:
        """The postings of one kind of term."""
        return Postings(self[f"{kind}.terms"], self[f"{kind}.starts"], self[f"{kind}.keys"])

    def weights(self) -> Weights:
        """The weights this part makes for itself and for the parts that come after it."""
        if self._weights is None:
            grams = Postings(self["gram.terms"], self["gram.starts"], np.zeros(0, np.uint32))  # their keys are many
            self._weights = Weights.of(grams, int((self["popularity"] != GONE).sum()))
        return self._weights

    def keys(self, numbers: Iterable[int]) -> list[str]:
        """The keys with these numbers."""
        text, offsets = self["text"].data, self["offsets"]
        at = np.fromiter(numbers, np.int64)
        return [
            str(text[start:end], "utf-8")
            for start, end in zip(offsets[at].tolist(), offsets[at + 1].tolist(), strict=True)
        ]

    def all_keys(self) -> list[str]:
        """All keys, in order."""
        return self.keys(range(len(self)))

    def items(self) -> Iterable[tuple[str, float]]:
        """All keys, in order, with their popularity."""
        return zip(self.all_keys(), self["popularity"].tolist(), strict=True)

    def may_have(self, hashes: U32) -> npt.NDArray[np.bool_]:
        """Of which of some keys, given by `terms.whole`, the part may have a name; hardly ever of others."""
        mine = self["hashes"]
        return mine[np.searchsorted(mine[:-1], hashes)] == hashes if mine.size else np.zeros(hashes.size, bool)

    def find(self, key: str) -> int | None:
        """The number of that key, if the part says anything about it."""
        at = self.place(key)
        return at if at < len(self) and self.keys([at]) == [key] else None

    def place(self, key: str) -> int:
        """How many of the keys come before that one."""
        text, offsets = self["text"].data, self["offsets"].data
        return bisect_left(range(len(self)), key.encode(), key=lambda at: bytes(text[offsets[at] : offsets[at + 1]]))


@frozen
class _Found:
    """What a few of the keys of a part are found by: pairs of term and key for each kind."""

    hashes: U32
    signature: U32
    words: npt.NDArray[np.uint16]
    pairs: Mapping[str, U64]

    @classmethod
    def of(cls, keys: Sequence[str], start: int, alive: npt.NDArray[np.bool_]) -> _Found:
        """For keys from number `start` on; those that are not alive are found by nothing."""
        letters, words = Letters.of(keys), terms.Words.of(keys)
        of_kinds = (
            terms.segments(letters),
            terms.variants(words),
            [words.terms()],
            terms.initials(words),
            [terms.grams(letters)],
        )
        pairs = {}
        for kind, several in zip(_KINDS, of_kinds, strict=True):
            numbers, owners = (np.concatenate(column) for column in zip(*several, strict=True))
            owners = owners + start
            kept = alive[owners]
            pairs[kind] = (numbers[kept].astype(np.uint64) << _HIGH) | owners[kept].astype(np.uint64)
        hashes = terms.whole(letters)[alive[start : start + len(keys)]]
        return cls(hashes, terms.signatures(letters), np.minimum(words.counts(), 65535).astype(np.uint16), pairs)


def _norms(grams: Postings, weights: Weights, keys: int) -> npt.NDArray[np.float32]:
    """The length of each key as a vector of its grams."""
    squares = np.zeros(keys)
    values, sizes = weights.get(grams.terms), grams.sizes()
    for start in range(0, sizes.size, _GRAMS_AT_ONCE):
        some = slice(start, start + _GRAMS_AT_ONCE)
        first, last = grams.starts[start], grams.starts[min(start + _GRAMS_AT_ONCE, sizes.size)]
        squares += np.bincount(grams.keys[first:last], np.repeat(values[some], sizes[some]), minlength=keys)
    return np.maximum(np.sqrt(squares), 1e-6).astype(np.float32)
