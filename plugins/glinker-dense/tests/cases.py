"""Entities, texts and stores that several tests share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from glinker_stores.dict import DictStore

from glinker_core.model import Candidate, Entity, Mention, MentionCandidates

PLANET = Entity("planet", "Mercury", description="smallest planet, closest to the Sun", popularity=30)
ELEMENT = Entity("element", "Mercury", ("quicksilver",), "chemical element in the blood", popularity=20)
PARIS = Entity("paris", "Paris", description="capital city of France", entity_type="place", popularity=90)
TROY = Entity("troy", "Paris", description="prince of Troy", entity_type="person", popularity=3)
BARE = Entity("bare", "Jordan")
ENTITIES = (PLANET, ELEMENT, PARIS, TROY, BARE)
TEXT = "Mercury is the planet closest to the Sun. It is small. Paris is a city."
AROUND = (
    "Mercury is the planet closest to the Sun.",
    "It is small. Paris is a city.",
)  # what stands around its mentions


def stored(*entities: Entity) -> Any:
    """A store that keeps vectors."""
    store = DictStore()
    store.open()
    store.upsert(entities)
    return store


def vector(encoder: Any, entity: Entity) -> Any:
    """The vector an entity is found by: half its text, half the mean of its names, of length 1."""
    names = sum(encoder.entities([name], 8)[0] for name in (entity.label, *entity.aliases))
    both = of_text(encoder, entity) + names / np.linalg.norm(names)
    return both / np.linalg.norm(both)


def of_text(encoder: Any, entity: Entity) -> Any:
    """The vector of the text of an entity."""
    return encoder.entities([f"{entity.label}: {entity.description}".strip()], 8)[0]


def of_mention(encoder: Any, name: str) -> tuple[Any, Any]:
    """The vectors of a mention of `TEXT` and of what stands around it."""
    one, *around = encoder.queries([name, *AROUND], 8)
    return one, sum(around) / np.linalg.norm(sum(around))


def mentions(text: str, *names: str) -> tuple[Mention, ...]:
    """The first mention of each name in a text."""
    return tuple(Mention(text.index(name), text.index(name) + len(name), name) for name in names)


def items(text: str, names: Sequence[str], entities: Iterable[Entity], **scores: float) -> list[MentionCandidates]:
    """Mentions with the same candidates each."""
    found = tuple(Candidate(entity, entity.label, "exact", scores or {"l2": 1.0}) for entity in entities)
    return [MentionCandidates(mention, found) for mention in mentions(text, *names)]


def ids(item: MentionCandidates) -> list[str]:
    return [candidate.entity_id for candidate in item.candidates]
