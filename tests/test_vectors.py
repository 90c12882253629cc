"""Vectors as stores keep them, for any model: here one whose vector of a text is its length."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import pytest
from glinker_stores.dict import DictStore

from glinker_core.errors import InputError
from glinker_core.layers import Space
from glinker_core.model import Entity, evolve
from glinker_core.resources import Resources
from glinker_core.testing.fakes import store_of
from glinker_core.vectors import StoredVectors, render

TEMPLATE = "{label}: {description}"
SPACE = Space("length@1", TEMPLATE, 1)
CITIES = (Entity("a", "Aa", description="city"), Entity("b", "Bbb", description="town"), Entity("c", "C"))


def encode(texts: Sequence[str]) -> list[bytes]:
    return [struct.pack("<e", len(text)) for text in texts]


def encode_all(entities: Sequence[Entity]) -> list[bytes]:
    return encode([render(TEMPLATE, entity) for entity in entities])


def opened(*entities: Entity) -> Any:
    store = DictStore()
    store.open()
    store.upsert(entities)
    return store


def vectors(**stores: Any) -> StoredVectors:
    return StoredVectors(Resources(stores), lambda: SPACE)


def by_text(*entities: Entity) -> dict[str, Entity]:
    return {render(TEMPLATE, entity): entity for entity in entities}


def test_every_field_of_an_entity_can_stand_in_a_template() -> None:
    entity = Entity("q1", "Oder", ("Odra", "Viadrus"), "river", "place", 3)
    template = "{entity_id} {label} ({aliases}): {description}, {entity_type} {popularity}"
    assert render(template, entity) == "q1 Oder (Odra, Viadrus): river, place 3"
    assert render("{label} {description}", Entity("q1", "Oder")) == "Oder"


def test_what_is_precomputed_is_found_by_the_text() -> None:
    kb = vectors(kb=opened(*CITIES))
    assert kb.of(by_text(*CITIES)) == {}
    told: list[tuple[int, int]] = []
    assert kb.precompute(["kb"], encode_all, lambda *now: told.append(now)) == {"kb": 3}
    assert kb.of(by_text(*CITIES)) == dict(zip(by_text(*CITIES), encode(list(by_text(*CITIES))), strict=True))
    assert told == [(3, 3)]
    assert kb.precompute(["kb"], encode_all) == {"kb": 0}


def test_a_vector_goes_with_the_content_of_the_entity() -> None:
    first = opened(*CITIES)
    changed = evolve(CITIES[0], description="another city of the name")
    kb = vectors(first=first, second=opened(changed))
    kb.precompute(["first"], encode_all)
    assert list(kb.of(by_text(changed, *CITIES))) == list(by_text(*CITIES))
    kb.keep(by_text(changed), dict.fromkeys(by_text(changed), encode(["x"])[0]))
    assert list(kb.of(by_text(changed))) == list(by_text(changed))
    assert kb.of(by_text(CITIES[0])) == {render(TEMPLATE, CITIES[0]): encode([render(TEMPLATE, CITIES[0])])[0]}


def test_a_store_that_keeps_no_vectors_is_named() -> None:
    kb = vectors(kb=opened(*CITIES), plain=store_of(CITIES))
    with pytest.raises(InputError, match="store 'plain' keeps no vectors; those that do: kb"):
        kb.precompute(["plain"], encode_all)
