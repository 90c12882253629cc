"""What stands around a mention."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from glinker_core.model import WHOLE_TEXT, Mention

_END = re.compile(r"[.!?。！？][\"'”’)\]]*\s+|\n+")
_FARTHEST = 300  # characters of its sentence on either side of a mention
_AROUND = 1_000  # characters on either side of a mention whose sentences tell what it is about
_SHORTEST, _LONGEST = 15, 1_000  # characters of a sentence: "Dr." is none, and encoders read no more than that


class Spoken(NamedTuple):
    """A mention and the sentences that stand around it, its own among them, as an encoder reads them."""

    name: str
    around: tuple[str, ...]


def spoken(text: str, mentions: Sequence[Mention]) -> list[Spoken]:
    """What an encoder reads of each mention; a whole text is both."""
    places = [place for place in sentences(text) if text[slice(*place)].strip()]
    starts, ends = [start for start, _ in places], [end for _, end in places]
    found = []
    for mention in mentions:
        near = places[bisect_right(ends, mention.start - _AROUND) : bisect_left(starts, mention.end + _AROUND)]
        whole = mention.label == WHOLE_TEXT or not near
        around = (mention.text,) if whole else tuple(text[start:end].strip() for start, end in near)
        found.append(Spoken(mention.text, around))
    return found


def sentences(text: str) -> Iterator[tuple[int, int]]:
    """Where the sentences of a text are; one without end is cut every 1,000 characters."""
    start = 0
    for end in (*(found.end() for found in _END.finditer(text) if not _is_initial(text, found.start())), len(text)):
        if end - start >= _SHORTEST or end == len(text):
            yield from ((at, min(at + _LONGEST, end)) for at in range(start, end, _LONGEST))
            start = end


def sentence(text: str, mention: Mention) -> str:
    """The sentence of a mention, 300 characters on either side of it at most; of a whole text all of it.

    A sentence ends at a full stop, question or exclamation mark before a space, or at the end of a line; a single
    capital letter, as in "J. Smith", ends none.
    """
    if mention.label == WHOLE_TEXT:
        return mention.text
    start, end = mention.start, mention.end
    first, last = max(0, start - _FARTHEST), min(len(text), end + _FARTHEST)
    for found in _END.finditer(text, first, start):
        if not _is_initial(text, found.start()):
            first = found.end()
    for found in _END.finditer(text, end, last):
        if not _is_initial(text, found.start()):
            last = found.start() + 1
            break
    return text[first:last].strip()


def _is_initial(text: str, stop: int) -> bool:
    return text[stop] == "." and text[stop - 1 : stop].isupper() and not text[stop - 2 : stop - 1].isalnum()


#: Words that mean what another mention of their text means.
PRONOUNS = frozenset(
    "he him himself his she her hers herself it its itself they them themselves their theirs".split()  # noqa: SIM905
)


def is_pronoun(text: str) -> bool:
    """Whether a mention is a pronoun of the third person (English)."""
    return text.casefold() in PRONOUNS
