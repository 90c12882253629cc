"""What keys are found by: terms of several kinds, each a number of 32 bits. Two terms of a kind may have one number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from glinker_core.names import pieces
from glinker_stores.index import passjoin
from glinker_stores.index.letters import U32, U64, Ints, Letters, mixed, prefixed, scattered, starts_of

#: Words that initials leave out as often as not: DRC is the Democratic Republic of the Congo.
SMALL_WORDS = (
    "a", "and", "da", "de", "del", "der", "des", "di", "du", "et", "for", "in", "la", "of", "on", "the", "und",
)  # fmt: skip
MOST_INITIALS = 8
_SPACE = ord(" ")
_PADDING = (2, 1)  # spaces before and behind a key, so that its first letters count for more
_GRAM = 3


class Terms(NamedTuple):
    """Terms of keys, each with the number of its key."""

    terms: U32
    keys: Ints


def spaced(key: str) -> str:
    """The key with a space between any two words, also in scripts that do not write it."""
    return key if key.isascii() else " ".join(pieces(key))


def stem(word: str) -> str:
    """A word without what the plural adds, and without what it changes.

    >>> [stem(word) for word in ("disease", "diseases", "city", "cities", "virus", "mass")]
    ['diseas', 'diseas', 'cit', 'cit', 'virus', 'mass']
    """
    if len(word) > 3 and word[-1] == "s" and word[-2] not in "ius":
        word = word[:-1]
    if len(word) > 3 and word[-1] == "e":
        word = word[:-1]
    return word[:-1] if len(word) > 3 and word[-1] in "iy" else word


class Words(NamedTuple):
    """The words of keys: where each lies among the letters of the `spaced` keys, and in which key."""

    letters: Letters
    starts: Ints
    ends: Ints
    keys: Ints

    @classmethod
    def of(cls, keys: Sequence[str]) -> Words:
        """The words of some keys."""
        letters = Letters.of([spaced(key) for key in keys])
        space = letters.codes == _SPACE
        first = ~space
        first[1:] &= space[:-1]
        first[letters.offsets[:-1][letters.lengths > 0]] = True
        starts = np.flatnonzero(first)
        borders = np.sort(np.concatenate((np.flatnonzero(space), letters.offsets[1:])))
        ends = borders[np.searchsorted(borders, starts, "right")]
        return cls(letters, starts, ends, np.searchsorted(letters.offsets, starts, "right") - 1)

    def counts(self) -> Ints:
        """How many words each key has."""
        return np.bincount(self.keys, minlength=len(self.letters.offsets) - 1)

    def terms(self) -> Terms:
        """Each word."""
        return Terms(mixed(self.letters.polynomials(self.starts, self.ends)), self.keys)


def segments(letters: Letters) -> Iterator[Terms]:
    """The segments of keys (`passjoin`)."""
    lengths = letters.lengths
    for number in range(passjoin.CUTS):
        keys = np.arange(len(lengths)) if number < 3 else np.flatnonzero(lengths < passjoin.SHORT)
        start, end = passjoin.cut(lengths[keys], number)
        at = letters.offsets[keys]
        yield Terms(mixed(letters.polynomials(at + start, at + end), passjoin.place(lengths[keys], number)), keys)


def probes(letters: Letters, max_distance: int, min_similarity: float) -> Terms:
    """The segments by which everything within distance and similarity is found."""
    found = [passjoin.windows(length, max_distance, min_similarity) for length in letters.lengths.tolist()]
    keys = np.repeat(np.arange(len(found)), [one.place.size for one in found])
    place, start, end, before = (np.concatenate(column) for column in zip(*found, strict=True))
    at = letters.offsets[keys]
    numbers = letters.polynomials(at + start, at + end)
    swapped = np.flatnonzero(before)
    if swapped.size:
        first = (at + start)[swapped]
        rest = letters.polynomials(first + 1, (at + end)[swapped])
        numbers[swapped] = prefixed(rest, letters.codes[first - 1])
    return Terms(mixed(numbers, place), keys)


def signatures(letters: Letters) -> U32:
    """Which letters each key has an odd number of times: one edit changes at most two of the 32 bits."""
    bits = (np.uint32(1) << (letters.codes & np.uint64(31)).astype(np.uint32)).astype(np.uint32)
    return np.bitwise_xor.reduceat(bits, letters.offsets[:-1]) if bits.size else np.zeros(0, np.uint32)


def variants(words: Words) -> Iterator[Terms]:
    """Each key by the stems of its words, in whatever order, and by the stem of all its words written as one."""
    keys = np.arange(len(words.letters.offsets) - 1)
    sets = np.zeros(len(keys), np.uint64)
    np.add.at(sets, words.keys, scattered(_stems(words.letters, words.starts, words.ends)))
    yield Terms(mixed(sets), keys)
    joined = words.letters.kept(words.letters.codes != _SPACE)
    stems = _stems(joined, joined.offsets[:-1], joined.offsets[1:])
    yield Terms(mixed(scattered(stems)), keys)  # of a key of one word the same once more


def _stems(letters: Letters, starts: Ints, ends: Ints) -> U64:
    """A number for the stem of each word; the same rules as `stem`."""
    codes = letters.codes
    plural = (codes[ends - 1] == ord("s")) & ~_among(codes[np.maximum(ends - 2, 0)], "ius")
    ends = ends - (plural & (ends - starts > 3))
    ends = ends - ((codes[ends - 1] == ord("e")) & (ends - starts > 3))
    ends = ends - (_among(codes[ends - 1], "iy") & (ends - starts > 3))
    return letters.polynomials(starts, ends)


def initials(words: Words) -> Iterator[Terms]:
    """Each key of several words by their first letters, once with and once without `SMALL_WORDS`."""
    small = Letters.of(SMALL_WORDS).wholes()
    numbers = words.letters.polynomials(words.starts, words.ends)
    large = ~np.isin(numbers, small)
    all_of_them = np.ones_like(large)
    for chosen in (all_of_them, large):
        keys = words.keys[chosen]
        counts = np.bincount(keys, minlength=len(words.letters.offsets) - 1)
        firsts = Letters.joined(words.letters.codes[words.starts[chosen]], counts)
        found = np.flatnonzero((counts > 1) & (counts <= MOST_INITIALS))
        if chosen is large:  # where there was nothing to leave out, the key is found already
            found = found[counts[found] < words.counts()[found]]
        yield Terms(mixed(firsts.wholes()[found]), found)


def whole(letters: Letters) -> U32:
    """One term for all of each key: what `initials` are looked up by."""
    return mixed(letters.wholes())


def grams(letters: Letters) -> Terms:
    """The 3-grams of keys, with spaces before and behind; one that a key has twice comes twice."""
    before, behind = _PADDING
    lengths = letters.lengths + before + behind
    starts = starts_of(lengths)
    codes = np.full(int(starts[-1]), _SPACE, np.uint64)
    shift = starts[:-1] + before - letters.offsets[:-1]
    codes[np.arange(letters.codes.size) + np.repeat(shift, letters.lengths)] = letters.codes
    padded = Letters.joined(codes, lengths)
    counts = lengths - (_GRAM - 1)
    keys = np.repeat(np.arange(len(counts)), counts)
    at = np.arange(keys.size) + np.repeat((_GRAM - 1) * np.arange(len(counts)), counts)
    return Terms(mixed(padded.polynomials(at, at + _GRAM)), keys)


def _among(codes: U64, letters: str) -> npt.NDArray[np.bool_]:
    return np.isin(codes, np.array([ord(letter) for letter in letters], np.uint64))
