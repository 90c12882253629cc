"""Which of several names in several languages to show, and which to take for names at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

#: Tags of what belongs to no language: none at all, and Wikidata's "multiple languages".
NEUTRAL = ("", "mul")

_OTHER = 4


class Text(NamedTuple):
    """A text with the tag of its language (BCP 47, such as `en-GB`)."""

    language: str
    text: str


def best(texts: Iterable[Text], language: str) -> str:
    """The text in the language, else in a variant of it, else in none, else in any (by tag); "" if there is none.

    >>> best([Text("de", "Rot"), Text("en-US", "color"), Text("en-GB", "colour")], "en")
    'colour'
    """
    return min(texts, key=lambda text: (_distance(text.language, language), text.language.lower(), text.text),
               default=Text("", "")).text  # fmt: skip


def spoken(texts: Iterable[Text], languages: Sequence[str]) -> list[str]:
    """The texts in one of the languages, in a variant of one, or in none, in their order; `*` is every language."""
    return [text for tag, text in texts if "*" in languages or any(_distance(tag, one) < _OTHER for one in languages)]


def _distance(tag: str, language: str) -> int:
    tag, language = tag.lower(), language.lower()
    if tag == language:
        return 0
    if tag in NEUTRAL:
        return 3
    whole = language.partition("-")[0]
    return 1 if tag == whole else 2 if tag.partition("-")[0] == whole else _OTHER
