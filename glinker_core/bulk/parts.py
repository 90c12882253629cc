"""Rows of input files in parts: what one worker links at a time, and writes as one file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from attrs import frozen

from glinker_core.layers import Row
from glinker_core.model import Document

_CHARACTERS = 8_000_000  # of text at most in a part of several documents, which a worker holds at once


@frozen
class Part:
    """Rows that follow each other in the input, by the place of each: `file:line`.

    With `retry` they are those of the part that failed before, for the how-manieth time.
    """

    number: int
    rows: tuple[tuple[str, Row], ...]
    retry: int = 0


def cut(rows: Iterable[tuple[str, Row]], size: int) -> Iterator[Part]:
    """Parts of `size` rows, or fewer where their texts are long; the same rows make the same parts in every run."""
    number, length = 0, 0
    taken: list[tuple[str, Row]] = []
    for place, row in rows:
        more = len(row.item.text) if isinstance(row.item, Document) else 0
        if taken and (len(taken) == size or length + more > _CHARACTERS):
            yield Part(number, tuple(taken))
            number, taken, length = number + 1, [], 0
        taken.append((place, row))
        length += more
    if taken:
        yield Part(number, tuple(taken))
