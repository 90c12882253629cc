"""Candidates in the order of a new score, as a stage leaves them: of hundreds, those behind look only at a few."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, overload

from glinker_core.model import Candidate


class Ranked(Sequence[Candidate]):
    """Candidates with a score of one more stage, best first; equal to the tuple of them, and as immutable.

    `values` are the scores of the first candidates, in their order; those without one stay behind as they are, and of
    equal scores the earlier candidate comes first. `features` are columns of other scores, as long as `values`, that
    stand before that of the stage, and do not change any more. Each record is made once, when somebody looks at it: of
    a thousand candidates L0 looks at one.
    """

    __slots__ = ("_candidates", "_features", "_made", "_order", "_stage", "_values")

    def __init__(
        self,
        candidates: Sequence[Candidate],
        stage: str,
        values: Sequence[float],
        features: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        self._candidates, self._stage, self._values, self._features = candidates, stage, tuple(values), features
        self._order = sorted(range(len(values)), key=self._values.__getitem__, reverse=True)
        self._made: dict[int, Candidate] = {}

    def __len__(self) -> int:
        return len(self._candidates)

    @overload
    def __getitem__(self, index: int) -> Candidate: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Candidate, ...]: ...
    def __getitem__(self, index: int | slice) -> Candidate | tuple[Candidate, ...]:
        places = range(len(self._candidates))[index]
        return self._at(places) if isinstance(places, int) else tuple(map(self._at, places))

    def __iter__(self) -> Iterator[Candidate]:
        return map(self._at, range(len(self._candidates)))

    def __eq__(self, other: Any) -> bool:
        return tuple(self) == tuple(other) if isinstance(other, (tuple, Ranked)) else NotImplemented

    def __hash__(self) -> int:
        return hash(tuple(self))

    def __repr__(self) -> str:
        return repr(tuple(self))

    def _at(self, place: int) -> Candidate:
        if place >= len(self._order):
            return self._candidates[place]
        made = self._made.get(place)
        if made is None:
            index = self._order[place]
            features = {name: column[index] for name, column in self._features.items()}
            made = self._candidates[index].scored(**features, **{self._stage: self._values[index]})
        return self._made.setdefault(place, made)


__all__ = ["Ranked"]
