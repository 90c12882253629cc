"""Where mentions lie in the windows of their texts: each in one of them, with a note where it does not lie whole."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from glinker_core.model import Mention
from glinker_gliner.windows import Window, Words, span_of


class Placed(NamedTuple):
    """Words of a window, both inclusive, that stand for a mention; `note` says how they differ from it."""

    window: Window
    first: int
    last: int
    note: str


def place(mention: Mention, words: Words, windows: Sequence[Window], max_width: int) -> Placed | None:
    """The window a mention belongs to and its words there; None for a mention without words, such as blanks.

    `max_width` is how many words a mention had at most when the model was trained, 0 for any number.
    """
    found = span_of(words, mention.start, mention.end)
    if found is None or not windows:
        return None
    window = windows[min(bisect_right([one.core_last for one in windows], found.first), len(windows) - 1)]
    last = min(found.last, window.last - 1)
    note = found.note
    if last < found.last:
        note = "reaches beyond its window: scored by the words within"
    elif max_width and found.last - found.first >= max_width:
        note = f"wider than the {max_width} words the model knows"
    return Placed(window, found.first - window.first, last - window.first, note)
