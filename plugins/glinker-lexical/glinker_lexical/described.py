"""What the linker reads off an entity, once: its keys and the words it is recognised by."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from attrs import frozen

from glinker_core.model import Entity
from glinker_core.names import normalise, pieces
from glinker_lexical.words import FUNCTION_WORDS

_REMEMBERED = 20_000  # entities that are kept as they were read
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*")

Read = Callable[[Entity], "Described"]


@frozen
class Described:
    """The keys of an entity's label and description, and the content words of its label, description and type.

    `bare` is the key of the label without what only tells namesakes apart: "Georgia (country)", "Arab, Alabama".
    The key of the description has a space at both ends.
    """

    label: str
    bare: str
    description: str
    words: frozenset[str]


def content_words(text: str) -> frozenset[str]:
    """The folded words of a text but for words of grammar and single letters."""
    return key_words(normalise(text))


def key_words(key: str) -> frozenset[str]:
    """`content_words` of what is normalised already."""
    words = frozenset(pieces(key)) - FUNCTION_WORDS
    return frozenset(word for word in words if len(word) > 1 or not word.isascii())


def reader() -> Read:
    """A function that reads entities and remembers those it read last."""
    read = lru_cache(_REMEMBERED)(_read)
    return lambda entity: read(entity.label, entity.description, entity.entity_type)


def _read(label: str, description: str, entity_type: str) -> Described:
    key, told = normalise(label), normalise(description)
    bare = _BRACKETS.sub(" ", label).partition(", ")[0].strip()
    words = key_words(f"{key} {told} {normalise(entity_type)}")
    return Described(key, normalise(bare) if bare else key, f" {told} ", words)
