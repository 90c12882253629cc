"""The index behind fuzzy lookup: which few keys can be within two edits of a key, without looking at all others.

A key of n letters is cut into three segments. Two edits leave one of the three as it was, so whoever shares no
segment, at a place two edits can shift it to, is further away (PassJoin, Li et al., PVLDB 5(3), 2011). One edit needs
two segments only; short keys are cut that way too, because their thirds are shared by too many. An edit is an
insertion, a deletion, a substitution or a swap of neighbours, none twice on the same letters (OSA). Every key within
the distance is found, however short: a key with fewer letters than segments has empty segments, which all share.

Spaces are letters of a key like any other, so that edits are counted on exactly the key `names.normalise` makes.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

MAX_DISTANCE = 2
_SHORT = 8  # keys of fewer letters are cut for one edit as well as for two


class Cut(NamedTuple):
    """Where a segment lies in every key of one length; `place` names length and segment, and starts its entry."""

    place: str
    start: int
    end: int


@lru_cache(maxsize=1024)
def _cut(length: int, distance: int) -> tuple[Cut, ...]:
    """The `distance` + 1 segments by which keys of that length are found."""
    if distance == 1 and length < _SHORT:
        half = length // 2
        return Cut(f"{length}d", 0, half), Cut(f"{length}e", half, length)
    # the middle segment is probed at most places, so that a letter left over makes it longer
    first, second = length // 3, (2 * length + 1) // 3
    return Cut(f"{length}a", 0, first), Cut(f"{length}b", first, second), Cut(f"{length}c", second, length)


def cuts(length: int) -> tuple[Cut, ...]:
    """All segments of keys of that length."""
    return _cut(length, 2) + (_cut(length, 1) if length < _SHORT else ())


def segments(key: str) -> list[str]:
    """The entries a store keeps for a key.

    >>> segments("berlin")
    ['6abe', '6brl', '6cin', '6dber', '6elin']
    """
    return [place + key[start:end] for place, start, end in cuts(len(key))]


def probes(key: str, max_distance: int, min_similarity: float = 0.0) -> list[str]:
    """The entries to ask for: every other key within the distance and the similarity has at least one of them."""
    found: list[str] = []
    for length in range(max(1, len(key) - max_distance), len(key) + max_distance + 1):
        # a hair more than the similarity allows, for rounding: what is found is compared in full anyway
        allowed = int((1 - min_similarity) * max(len(key), length) + 1e-6)
        distance = min(max_distance, MAX_DISTANCE, allowed)
        if distance >= max(1, abs(len(key) - length)):
            found += _probes(key, length, distance)
    return list(dict.fromkeys(found))


def _probes(key: str, length: int, distance: int) -> list[str]:
    """The entries of keys of one length.

    Count each edit to one segment, a swap across a border to the segment on its left. Then there is a segment i without
    edits that has i edits on its left and at most `distance` - i on its right: the first one up to which no more than i
    edits are counted. The edits on the left shift it by at most i, those on the right must make up the rest of the
    difference in length; if the one next to it is a swap across the border, its first letter is found a place earlier.
    """
    found = []
    for left, (place, start, end) in enumerate(_cut(length, distance)[: distance + 1]):
        for shift in range(-left, left + 1):
            first, last = start + shift, end + shift
            if abs(len(key) - length - shift) > distance - left or first < 0 or last > len(key):
                continue
            found.append(place + key[first:last])
            if abs(shift) < left and 0 < first < last:
                found.append(place + key[first - 1] + key[first + 1 : last])
    return found
