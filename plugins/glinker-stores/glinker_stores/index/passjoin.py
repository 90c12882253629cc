"""Why no key within two edits is missed: which pieces of a key to look for, so that every near one has one of them.

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

import numpy as np
import numpy.typing as npt

MAX_DISTANCE = 2
#: Keys of fewer letters are cut for one edit as well as for two.
SHORT = 8
#: The cuts of keys of one length: three segments for two edits, two for one.
CUTS = 5


class Windows(NamedTuple):
    """Pieces of keys of one length, as arrays: whose segment each may be, and where it lies.

    `place` names length and segment of the key looked for; `before` is 1 where the piece starts one letter earlier
    and leaves out its second letter, else 0.
    """

    place: npt.NDArray[np.uint64]
    start: npt.NDArray[np.int64]
    end: npt.NDArray[np.int64]
    before: npt.NDArray[np.int64]


def cut(length: npt.NDArray[np.int64], number: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Where segment `number` starts and ends in keys of the lengths given; 3 and 4 are for one edit."""
    # the middle segment is probed at most places, so that a letter left over makes it longer
    borders = (0 * length, length // 3, (2 * length + 1) // 3, length, 0 * length, length // 2, length)
    at = number if number < 3 else number + 1
    return borders[at], borders[at + 1]


def place(length: npt.NDArray[np.int64], number: int) -> npt.NDArray[np.uint64]:
    """The number that stands for segment `number` of keys of the lengths given."""
    return (length * CUTS + number + 1).astype(np.uint64)


@lru_cache(maxsize=4096)
def windows(letters: int, max_distance: int, min_similarity: float = 0.0) -> Windows:
    """Where to look for segments in a key: every other key within distance and similarity has one of its own there."""
    found: dict[tuple[int, int, int, int], None] = {}
    for length in range(max(1, letters - max_distance), letters + max_distance + 1):
        # a hair more than the similarity allows, for rounding: what is found is compared in full anyway
        allowed = int((1 - min_similarity) * max(letters, length) + 1e-6)
        distance = min(max_distance, MAX_DISTANCE, allowed)
        if distance >= abs(letters - length):
            found |= dict.fromkeys(_windows(letters, length, distance))
    columns = np.array(list(found), np.int64).reshape(-1, 4).T
    return Windows(columns[0].astype(np.uint64), columns[1], columns[2], columns[3])


def _windows(letters: int, length: int, distance: int) -> list[tuple[int, int, int, int]]:
    """The windows for keys of one length.

    Count each edit to one segment, a swap across a border to the segment on its left. Then there is a segment i without
    edits that has i edits on its left and at most `distance` - i on its right: the first one up to which no more than i
    edits are counted. The edits on the left shift it by at most i, those on the right must make up the rest of the
    difference in length; if the one next to it is a swap across the border, its first letter is found a place earlier.
    """
    found = []
    size = np.array([length])
    first_number = 3 if distance == 1 and length < SHORT else 0
    for left in range(distance + 1):
        number = first_number + left
        (start,), (end,), (code,) = *cut(size, number), place(size, number)
        for shift in range(-left, left + 1):
            first, last = int(start) + shift, int(end) + shift
            if abs(letters - length - shift) > distance - left or first < 0 or last > letters:
                continue
            found.append((int(code), first, last, 0))
            if abs(shift) < left and 0 < first < last:
                found.append((int(code), first, last, 1))
    return found
