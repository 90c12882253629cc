"""Many keys as one array of letters, and hashes of any pieces of them without making strings."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt
from attrs import frozen

U64 = npt.NDArray[np.uint64]
U32 = npt.NDArray[np.uint32]
Ints = npt.NDArray[np.int64]

# odd, so that it has an inverse modulo 2**64; the others are the constants of the mixing step of MurmurHash3
_BASE = 0x9E3779B97F4A7C15
_INVERSE = pow(_BASE, -1, 2**64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_HALF = np.uint64(32)


@frozen
class Letters:
    """The letters of all keys, one behind the other; key i is `codes[offsets[i]:offsets[i + 1]]`.

    The hash of a piece is its polynomial modulo 2**64, taken from sums over everything before it, so that any piece of
    any key costs the same. It depends on the letters alone.
    """

    codes: U64
    offsets: Ints
    _sums: U64

    @classmethod
    def of(cls, keys: Sequence[str]) -> Letters:
        """The letters of some keys."""
        lengths = np.fromiter(map(len, keys), np.int64, len(keys))
        codes = np.frombuffer("".join(keys).encode("utf-32-le"), np.uint32).astype(np.uint64)
        return cls.joined(codes, lengths)

    @classmethod
    def joined(cls, codes: U64, lengths: Ints) -> Letters:
        """Keys given as their letters and how many each has."""
        sums = np.zeros(codes.size + 1, np.uint64)
        np.cumsum(codes * _powers(_BASE, codes.size), out=sums[1:])
        return cls(codes, starts_of(lengths), sums)

    @property
    def lengths(self) -> Ints:
        """How many letters each key has."""
        return np.diff(self.offsets)

    def kept(self, keep: npt.NDArray[np.bool_]) -> Letters:
        """The same keys with only some of their letters."""
        counts = np.concatenate(([0], np.cumsum(keep)))
        return Letters.joined(self.codes[keep], np.diff(counts[self.offsets]))

    def polynomials(self, starts: Ints, ends: Ints) -> U64:
        """A number for each piece, given by its place in `codes`."""
        return (self._sums[ends] - self._sums[starts]) * _powers(_INVERSE, self.codes.size + 1)[starts]

    def wholes(self) -> U64:
        """A number for each key."""
        return self.polynomials(self.offsets[:-1], self.offsets[1:])


def starts_of(lengths: Ints) -> Ints:
    """Where each of some pieces starts that lie one behind the other, and where the last one ends."""
    starts = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=starts[1:])
    return starts


def prefixed(polynomials: U64, letters: U64) -> U64:
    """The numbers of pieces with one more letter before each of them."""
    return polynomials * np.uint64(_BASE) + letters


def mixed(numbers: U64, salts: U64 | None = None) -> U32:
    """32 bits of each number, well spread; different salts make unrelated ones of the same number."""
    return (scattered(numbers if salts is None else numbers + salts * np.uint64(_INVERSE)) >> _HALF).astype(np.uint32)


def scattered(numbers: U64) -> U64:
    """Numbers of 64 bits that are as good as random, the same for the same number."""
    spread = numbers ^ (numbers >> _HALF)
    spread *= _MIX
    spread ^= spread >> _HALF
    spread *= np.uint64(_BASE)
    return spread


def _powers(base: int, count: int) -> U64:
    return _powers_upto(base, max(count - 1, 1).bit_length())[:count]


@lru_cache(maxsize=64)
def _powers_upto(base: int, bits: int) -> U64:
    powers = np.full(1 << bits, base, np.uint64)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    powers.setflags(write=False)
    return powers
