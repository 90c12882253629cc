"""What stands around a mention."""

from __future__ import annotations

import re
from typing import NamedTuple

from glinker_core.model import WHOLE_TEXT, Mention

_END = re.compile(r"[.!?。！？][\"'”’)\]]*\s+|\n+")
_FARTHEST = 300  # characters on either side


class Spoken(NamedTuple):
    """A mention and the sentence it stands in, as an encoder reads them."""

    name: str
    sentence: str


def spoken(text: str, mention: Mention) -> Spoken:
    """What an encoder reads of a mention; a whole text is both."""
    if mention.label == WHOLE_TEXT:
        return Spoken(mention.text, mention.text)
    return Spoken(mention.text, sentence(text, mention.start, mention.end))


def sentence(text: str, start: int, end: int) -> str:
    """The sentence of a span, 300 characters on either side of it at most.

    A sentence ends at a full stop, question or exclamation mark before a space, or at the end of a line; a single
    capital letter, as in "J. Smith", ends none.
    """
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
