"""Texts as the words a model sees, and long texts as windows of them that overlap."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from math import inf
from typing import NamedTuple

_SURROGATE = re.compile("[\ud800-\udfff]")


class Words(NamedTuple):
    """The words of a text with the offsets of their first character and of the one after their last."""

    text: str
    words: list[str]
    starts: list[int]
    ends: list[int]

    @classmethod
    def of(cls, text: str, split: Callable[[str], Iterable[tuple[str, int, int]]]) -> Words:
        """Split a text; lone surrogates, which no tokenizer takes, are shown to the model as U+FFFD."""
        found = list(split(_SURROGATE.sub("\ufffd", text)))
        return cls(text, *map(list, zip(*found, strict=True))) if found else cls(text, [], [], [])


class Span(NamedTuple):
    """First and last word of a mention; `note` says where it does not end where the mention does, and why."""

    first: int
    last: int
    note: str = ""


def span_of(words: Words, start: int, end: int) -> Span | None:
    """The words that a mention covers, whole or in part; None if it covers none."""
    first = bisect_right(words.ends, start)
    last = bisect_left(words.starts, end) - 1
    if first > last:
        return None
    exact = words.starts[first] == start and words.ends[last] == end
    return Span(first, last, "" if exact else "ends within a word: scored by whole words")


class Window(NamedTuple):
    """Words `first` to `last` (exclusive) of a text; spans that start in `core_first` to `core_last` belong to it."""

    words: Words
    first: int
    last: int
    core_first: int
    core_last: int

    @property
    def tokens(self) -> list[str]:
        """Its words."""
        return self.words.words[self.first : self.last]

    def __len__(self) -> int:
        return self.last - self.first


class Limits(NamedTuple):
    """How much a window holds: words, and the tokens they make; `overlap` is how many words two windows share."""

    words: int
    tokens: int
    overlap: int


def windows(words: Words, limits: Limits, sizes: Callable[[Sequence[str]], list[int]]) -> Iterator[Window]:
    """The windows of a text, which is one window if it fits; `sizes` counts the tokens of words.

    Every span that is no wider than half the overlap lies whole in the window it belongs to, with words on both sides.
    """
    count = len(words.words)
    fits = count <= limits.words and sum(len(word.encode()) for word in words.words) <= limits.tokens
    tokens = [] if fits else [0, *accumulate(sizes(words.words))]
    if fits or (count <= limits.words and tokens[-1] <= limits.tokens):
        if count:
            yield Window(words, 0, count, 0, count)
        return
    first = core = 0
    while True:
        last = bisect_right(tokens, tokens[first] + limits.tokens, first + 1, count + 1) - 1
        last = min(max(last, first + 1), first + limits.words)
        if last >= count:
            yield Window(words, first, count, core, count)
            return
        following = max(last - min(limits.overlap, (last - first) // 2), first + 1)
        middle = (following + last + 1) // 2
        yield Window(words, first, last, core, middle)
        first, core = following, middle


def groups(sizes: Sequence[int], at_most: int, room: float = inf, padding: float = 0.15) -> Iterator[list[int]]:
    """Indices of sizes in groups that waste little when all are padded to the longest: at most `padding` of it.

    A group of more than one takes no more than `room`, padding and all.
    """
    group: list[int] = []
    total = 0
    for index in sorted(range(len(sizes)), key=lambda at: (-sizes[at], at)):
        padded = sizes[group[0]] * (len(group) + 1) if group else 0
        if group and (len(group) == at_most or padded > room or padded * (1 - padding) > total + sizes[index]):
            yield group
            group, total = [], 0
        group.append(index)
        total += sizes[index]
    if group:
        yield group
