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
_SAY_NOTHING = FUNCTION_WORDS.union(map(chr, range(128)))  # words of grammar and single letters
_BRACKETS = re.compile(r"\s*\([^()]*\)\s*")

Read = Callable[[Entity], "Described"]


@frozen
class Described:
    """The keys of an entity's label and description, and the content words of its label, description and type.

    `bare` is the key of the label without what only tells namesakes apart: "Georgia (country)", "Arab, Alabama";
    `initials` are the first letters of its words, with words of grammar and without, where there are two at least.
    The key of the description has a space at both ends.
    """

    label: str
    bare: str
    initials: tuple[str, ...]
    description: str
    type: str
    words: frozenset[str]


def content_words(text: str) -> frozenset[str]:
    """The folded words of a text but for words of grammar and single letters."""
    return key_words(normalise(text))


def key_words(key: str) -> frozenset[str]:
    """`content_words` of what is normalised already."""
    return frozenset(pieces(key)) - _SAY_NOTHING


def reader() -> Read:
    """A function that reads entities and remembers those it read last."""
    read = lru_cache(_REMEMBERED)(_read)
    return lambda entity: read(entity.label, entity.description, entity.entity_type)


def _read(label: str, description: str, entity_type: str) -> Described:
    key, told, kind = normalise(label), normalise(description), normalise(entity_type)
    told_apart = "(" in label or "," in label
    bare = (told_apart and normalise(_BRACKETS.sub(" ", label).partition(", ")[0])) or key
    return Described(key, bare, _initials(bare), f" {told} ", kind, key_words(f"{key} {told} {kind}"))


def _initials(key: str) -> tuple[str, ...]:
    words = pieces(key)
    given = (words, [word for word in words if word not in FUNCTION_WORDS])
    return tuple("".join(word[0] for word in some) for some in given if len(some) > 1)
