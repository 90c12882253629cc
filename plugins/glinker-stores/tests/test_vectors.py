"""Vectors of entities: kept per model and template, gone with the content they were made of."""

import struct

import pytest

from glinker_core.errors import InputError
from glinker_core.layers import Space, VectorStore
from glinker_core.model import Entity

SPACE = Space("tiny@1", "{label}: {description}", 3)
OTHER = Space("tiny@1", "{label}", 3)


def vector(*numbers: float) -> bytes:
    return struct.pack(f"<{len(numbers)}e", *numbers)


A, B = vector(1, 0.5, -2), vector(0, 0, 65504)


@pytest.fixture
def filled(store):
    store.upsert([Entity("a", "A"), Entity("b", "B"), Entity("c", "C")])
    return store


def test_vectors_come_back_byte_by_byte(filled):
    assert isinstance(filled, VectorStore)
    assert filled.add_vectors(SPACE, [("a", A), ("b", B)]) == 2
    assert filled.vectors(SPACE, ["b", "c", "a", "unknown", "b"]) == [B, None, A, None, B]


def test_spaces_do_not_mix(filled):
    filled.add_vectors(SPACE, [("a", A)])
    filled.add_vectors(OTHER, [("a", B)])
    assert (filled.vectors(SPACE, ["a"]), filled.vectors(OTHER, ["a"])) == ([A], [B])
    assert filled.spaces() == [OTHER, SPACE]
    filled.drop_vectors(SPACE)
    assert (filled.vectors(SPACE, ["a"]), filled.vectors(OTHER, ["a"])) == ([None], [B])
    assert filled.spaces() == [OTHER]


def test_a_later_vector_takes_the_place_of_an_earlier_one(filled):
    filled.add_vectors(SPACE, [("a", A), ("b", A)])
    assert filled.add_vectors(SPACE, [("a", B)]) == 1
    assert filled.vectors(SPACE, ["a", "b"]) == [B, A]


def test_an_entity_that_changes_loses_its_vectors_and_no_other_does(filled):
    filled.add_vectors(SPACE, [("a", A), ("b", A), ("c", A)])
    filled.add_vectors(OTHER, [("a", A)])
    filled.upsert([Entity("a", "A", description="now described"), Entity("b", "B")])  # b is as it was
    filled.delete(["c"])
    assert filled.vectors(SPACE, ["a", "b", "c"]) == [None, A, None]
    assert filled.vectors(OTHER, ["a"]) == [None]
    filled.upsert([Entity("c", "C")])
    assert filled.vectors(SPACE, ["c"]) == [None], "an entity that comes again has the vector of the one before"


def test_clear_forgets_all_vectors(filled):
    filled.add_vectors(SPACE, [("a", A)])
    filled.clear()
    filled.upsert([Entity("a", "A")])
    assert filled.vectors(SPACE, ["a"]) == [None]
    assert filled.spaces() == []


def test_vectors_of_entities_that_are_not_there_are_not_counted(filled):
    assert filled.add_vectors(SPACE, [("a", A), ("gone", B), ("half-\ud83d", B)]) == 1
    assert filled.vectors(SPACE, ["gone", "half-\ud83d"]) == [None, None]


def test_vectors_do_not_move_the_revision(filled):
    before = filled.revision
    filled.add_vectors(SPACE, [("a", A)])
    filled.drop_vectors(SPACE)
    assert filled.revision == before


def test_a_vector_of_another_size_is_refused_and_nothing_is_kept(filled):
    with pytest.raises(InputError, match=r"entity 'b': has 4 bytes; 3 numbers .* have 6"):
        filled.add_vectors(SPACE, [("a", A), ("b", vector(1, 2))])
    assert filled.vectors(SPACE, ["a", "b"]) == [None, None]


def test_another_dimension_of_a_space_is_refused(filled):
    filled.add_vectors(SPACE, [("a", A)])
    wider = Space(SPACE.model, SPACE.template, 4)
    for call in (
        lambda: filled.add_vectors(wider, [("a", vector(1, 2, 3, 4))]),
        lambda: filled.vectors(wider, ["a"]),
        lambda: filled.drop_vectors(wider),
    ):
        with pytest.raises(InputError, match="has vectors of 3 numbers, not of 4"):
            call()
    assert filled.vectors(SPACE, ["a"]) == [A]


def test_many_vectors_go_in_and_out(filled):
    ids = [f"e{number}" for number in range(1200)]
    filled.upsert(Entity(entity_id, entity_id) for entity_id in ids)
    given = {entity_id: vector(number, 1, 2) for number, entity_id in enumerate(ids)}
    assert filled.add_vectors(SPACE, given.items()) == 1200
    assert filled.vectors(SPACE, ids) == list(given.values())
