"""Windows of texts that are too long to be seen at once, and what was found in them put together again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

_ENDS = (re.compile(r"\n\s*\n|[.!?。！？]\s+|[。！？]"), re.compile(r"\s+"))  # the better ones first


class Found(NamedTuple):
    """A span that was found, in characters; its label is the pipeline's."""

    start: int
    end: int
    label: str
    score: float


def windows(text: str, length: int, overlap: int) -> Iterator[tuple[int, int]]:
    """Start and end of each window, of at most `length` characters; two neighbours share about `overlap` of them.

    They end at the end of a paragraph or sentence where one is near, else between words, else within one.
    """
    overlap = min(overlap, length // 4)
    start = 0
    while len(text) - start > length:
        end = _border(text, start + length - overlap // 2, start + length)
        yield start, end
        space = _ENDS[1].search(text, end - overlap, end - overlap // 2)
        start = space.end() if space else end - overlap
    yield start, len(text)


def _border(text: str, first: int, last: int) -> int:
    for border in _ENDS:
        if ends := [match.end() for match in border.finditer(text, first, last)]:
            return ends[-1]
    return last


def join(places: Sequence[tuple[int, int]], found: Sequence[list[Found]]) -> list[Found]:
    """What was found in the windows of a text, with offsets in the text; each mention once.

    Of two windows the first one counts up to a place in the middle of what they share, and the second from there on.
    The place lies within no mention of either, unless one is longer than half of what they share.
    """
    joined = found[0]
    for (start, _), before, some in zip(places[1:], places, found[1:], strict=False):
        moved = [one._replace(start=one.start + start, end=one.end + start) for one in some]
        cut = _cut(start, before[1], [one for one in (*joined, *moved) if one.end > start and one.start < before[1]])
        joined = [*(one for one in joined if one.end <= cut), *(one for one in moved if one.start >= cut)]
    return joined


def _cut(first: int, last: int, found: list[Found]) -> int:
    middle = (first + last) // 2
    places = {middle, *(place for one in found for place in one[:2] if first < place < last)}
    free = [place for place in places if not any(one.start < place < one.end for one in found)]
    return min(free or [middle], key=lambda place: (abs(place - middle), place))
