"""All parts of a store: what the newest says about a key counts, and few of them are kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from heapq import merge
from itertools import compress, count
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from attrs import define, frozen

from glinker_stores.index import terms
from glinker_stores.index.letters import Letters
from glinker_stores.index.part import GONE, Part, Weights

#: A key and the popularity of its most popular entity, or `GONE`.
Key: TypeAlias = tuple[str, float]

_SMALL = 4_000  # parts up to that size are merged whatever their size, because each costs every search the same


@define
class Live:
    """A part and those that are newer."""

    part: Part
    _newer: Sequence[Part]
    _popularity: npt.NDArray[np.float64] | None = None

    @property
    def popularity(self) -> npt.NDArray[np.float64]:
        """The popularity of those keys that no newer part says anything about; the others are `GONE`."""
        if self._popularity is None:
            popularity = self.part["popularity"]
            if self._newer:
                popularity = popularity.copy()
                for key in {key for one in self._newer for key in one.all_keys()}:
                    if (at := self.part.find(key)) is not None:
                        popularity[at] = GONE
            self._popularity = popularity
        return self._popularity


@frozen
class Parts:
    """The parts of one state of a store, oldest first."""

    live: tuple[Live, ...] = ()

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Parts:
        """The state that some parts make together."""
        return cls(tuple(Live(part, parts[index + 1 :]) for index, part in enumerate(parts)))

    def known(self, keys: Sequence[str]) -> Iterator[str]:
        """Those of the keys that some name has: what has not the hash of any is not looked for."""
        hashes = terms.whole(Letters.of(keys))
        for live in self.live:
            for key in compress(keys, live.part.may_have(hashes)):
                number = live.part.find(key)
                if number is not None and live.popularity[number] != GONE:
                    yield key

    def weights(self) -> Weights | None:
        """What 3-grams count in all parts: as the first, which is most of them, has it."""
        return self.live[0].part.weights() if self.live else None


def staying(sizes: Sequence[int], changed: int) -> int:
    """How many of the parts, which have so many keys, stay as they are when some keys change.

    The others go into the new part, so that each part has more keys than all that come after it: there are few, and a
    key is written again about as often as the number of keys doubles.
    """
    kept, size = len(sizes), changed
    while kept and sizes[kept - 1] <= max(2 * size, _SMALL):
        kept -= 1
        size += sizes[kept]
    return kept


def written(parts: Sequence[Part], changed: Sequence[Key]) -> tuple[int, Part]:
    """The part for keys that changed, in ascending order, and how many of the parts stay before it."""
    kept = staying(list(map(len, parts)), len(changed))
    known = changed if kept == len(parts) else _newest([changed, *(part.items() for part in reversed(parts[kept:]))])
    keys = [one for one in known if kept or one[1] != GONE]
    return kept, Part.of([key for key, _ in keys], [value for _, value in keys], parts[0].weights() if kept else None)


def _newest(sources: Sequence[Iterable[Key]]) -> Iterator[Key]:
    """The keys of all sources in order; what the first source says of a key counts."""
    last = None
    for key, _, value in merge(*map(_ranked, sources, count())):
        if key != last:
            yield key, value
        last = key


def _ranked(source: Iterable[Key], rank: int) -> Iterator[tuple[str, int, float]]:
    return ((key, rank, value) for key, value in source)
