"""What a store promises that keeps vectors of its entities."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest

from glinker_core.errors import InputError
from glinker_core.layers import Space, VectorStore
from glinker_core.model import Entity
from glinker_core.testing.checks import missing
from glinker_core.testing.contracts.store_base import StoreBase

SPACE = Space("model@1", "{label}: {description}", 3)
OTHER = Space("model@1", "{label}", 3)
WIDER = Space("model@1", "{label}: {description}", 4)


def vector(*numbers: float) -> bytes:
    """Numbers as stores keep them."""
    return struct.pack(f"<{len(numbers)}e", *numbers)


A, B = vector(1, 0.5, -2), vector(0, 0, 65504)


class VectorStoreContract(StoreBase):
    """A store that keeps vectors (`layers.VectorStore`): by space and entity, gone with the content they were made of.

    Override the fixture `store` with an opened and empty store; where entities outlive the object also `reopen`, which
    closes a store and returns a new one on the same data.
    """

    @pytest.fixture
    def filled(self, store: Any) -> Any:
        """The store with three entities."""
        store.upsert([Entity("a", "A"), Entity("b", "B"), Entity("c", "C")])
        return store

    def test_fits_the_protocol_of_vector_stores(self, store: Any) -> None:
        """Has every method of `layers.VectorStore`."""
        lacking = missing(store, VectorStore)
        assert not lacking, f"members of layers.VectorStore that are missing: {', '.join(lacking)}"

    def test_vectors_come_back_byte_by_byte(self, filled: Any) -> None:
        """In the order of the ids that are asked; None for an entity without one, or that is not there."""
        assert filled.add_vectors(SPACE, [("a", A), ("b", B)]) == 2
        assert list(filled.vectors(SPACE, ["b", "c", "a", "unknown", "b"])) == [B, None, A, None, B]
        assert list(filled.vectors(SPACE, [])) == []

    def test_vectors_of_spaces_do_not_mix(self, filled: Any) -> None:
        """Another template is another space; a space without vectors is none."""
        filled.add_vectors(SPACE, [("a", A)])
        filled.add_vectors(OTHER, [("a", B)])
        assert (filled.vectors(SPACE, ["a"]), filled.vectors(OTHER, ["a"])) == ([A], [B])
        assert list(filled.spaces()) == [OTHER, SPACE]
        filled.drop_vectors(SPACE)
        assert (filled.vectors(SPACE, ["a"]), filled.vectors(OTHER, ["a"])) == ([None], [B])
        assert list(filled.spaces()) == [OTHER]

    def test_a_later_vector_takes_the_place_of_an_earlier_one(self, filled: Any) -> None:
        """The last vector of an entity counts."""
        filled.add_vectors(SPACE, [("a", A), ("b", A)])
        assert filled.add_vectors(SPACE, [("a", B)]) == 1
        assert filled.vectors(SPACE, ["a", "b"]) == [B, A]

    def test_an_entity_that_changes_loses_its_vectors_and_no_other_does(self, filled: Any) -> None:
        """In all spaces; one that is written again as it was keeps them, one that was away has none."""
        filled.add_vectors(SPACE, [("a", A), ("b", A), ("c", A)])
        filled.add_vectors(OTHER, [("a", A)])
        filled.upsert([Entity("a", "A", description="now described"), Entity("b", "B")])
        filled.delete(["c"])
        assert filled.vectors(SPACE, ["a", "b", "c"]) == [None, A, None]
        assert filled.vectors(OTHER, ["a"]) == [None]
        filled.upsert([Entity("c", "C")])
        assert filled.vectors(SPACE, ["c"]) == [None], "an entity that comes again has the vector of the one before"

    def test_clear_forgets_all_vectors(self, filled: Any) -> None:
        """They do not come back with the entities."""
        filled.add_vectors(SPACE, [("a", A)])
        filled.clear()
        filled.upsert([Entity("a", "A")])
        assert filled.vectors(SPACE, ["a"]) == [None]
        assert list(filled.spaces()) == []

    def test_vectors_of_entities_that_are_not_there_are_not_counted(self, filled: Any) -> None:
        """Nor kept: entities may have gone while their vectors were made."""
        assert filled.add_vectors(SPACE, [("a", A), ("gone", B), ("half-\ud83d", B)]) == 1
        assert filled.vectors(SPACE, ["gone", "half-\ud83d"]) == [None, None]
        filled.upsert([Entity("gone", "back")])
        assert filled.vectors(SPACE, ["gone"]) == [None]

    def test_vectors_do_not_move_the_revision(self, filled: Any) -> None:
        """It is that of the entities."""
        before = filled.revision
        filled.add_vectors(SPACE, [("a", A)])
        filled.drop_vectors(SPACE)
        assert filled.revision == before

    def test_a_vector_of_another_size_is_refused_and_nothing_is_kept(self, filled: Any) -> None:
        """`InputError` names the entity; the vectors beside it are not kept either."""
        with pytest.raises(InputError, match="'b'"):
            filled.add_vectors(SPACE, [("a", A), ("b", vector(1, 2))])
        assert filled.vectors(SPACE, ["a", "b"]) == [None, None]

    def test_another_dimension_of_a_space_is_refused(self, filled: Any) -> None:
        """`InputError` with both dimensions, whatever is asked; what was kept stays."""
        filled.add_vectors(SPACE, [("a", A)])
        for method, arguments in (
            ("add_vectors", [[("a", vector(1, 2, 3, 4))]]),
            ("vectors", [["a"]]),
            ("drop_vectors", []),
        ):
            with pytest.raises(InputError, match=r"3.*4"):
                getattr(filled, method)(WIDER, *arguments)
        assert filled.vectors(SPACE, ["a"]) == [A]

    def test_many_vectors_go_in_and_out(self, store: Any) -> None:
        """More than one statement of a database takes."""
        ids = [f"e{number}" for number in range(1_200)]
        store.upsert(Entity(entity_id, entity_id) for entity_id in ids)
        given = {entity_id: vector(number, 1, 2) for number, entity_id in enumerate(ids)}
        assert store.add_vectors(SPACE, given.items()) == 1_200
        assert list(store.vectors(SPACE, ids)) == list(given.values())

    def test_vectors_outlive_the_object(self, filled: Any, reopen: Callable[[Any], Any] | None) -> None:
        """They are there after closing and opening, where entities are."""
        if reopen is None:
            pytest.skip("the fixture 'reopen' is not overridden: entities do not outlive the store")
        filled.add_vectors(SPACE, [("a", A)])
        again = reopen(filled)
        assert (again.vectors(SPACE, ["a", "b"]), list(again.spaces())) == ([A, None], [SPACE])
        again.close()
