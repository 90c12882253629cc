"""Which of the spans that a model found stay, where they overlap: the best first, as the library decides."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable
from typing import NamedTuple

_DIGITS = 6  # of a score that decide: later ones change with the batch and the processor


class Found(NamedTuple):
    """A span and a label with their score: words of the window, both inclusive; number of the label; probability."""

    first: int
    last: int
    label: int
    score: float


def greedy(found: Iterable[Found], flat: bool, multi_label: bool) -> list[Found]:
    """What stays, in order of position; with `flat` nothing overlaps, without it spans may lie within others.

    One span has one label, the best, or with `multi_label` all that passed. Scores that are equal in six digits are
    decided by position.
    """
    kept: list[Found] = []
    taken: list[tuple[int, int]] = []  # spans kept, in order
    for one in sorted(found, key=lambda one: (-round(one.score, _DIGITS), one.first, one.last, one.label)):
        span = one.first, one.last
        at = bisect_left(taken, span)
        if at < len(taken) and taken[at] == span:
            if multi_label:
                kept.append(one)
        elif (flat and not _touches(taken, at, span)) or (
            not flat and not any(_crosses(span, other) for other in taken)
        ):
            insort(taken, span)
            kept.append(one)
    return sorted(kept, key=lambda one: (one.first, one.last, one.label))


def _touches(taken: list[tuple[int, int]], at: int, span: tuple[int, int]) -> bool:
    """Whether a span shares a word with those beside the place where it belongs; they share none with each other."""
    return (at > 0 and taken[at - 1][1] >= span[0]) or (at < len(taken) and taken[at][0] <= span[1])


def _crosses(span: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two spans share words, and neither lies within the other."""
    return span[0] < other[0] <= span[1] < other[1] or other[0] < span[0] <= other[1] < span[1]
