"""What stores say of vectors they do not take; the rest is in the contract of stores with vectors."""

from __future__ import annotations

from typing import Any

import pytest

from glinker_core.errors import InputError
from glinker_core.layers import Space, VectorStore
from glinker_core.model import Entity

SPACE = Space("tiny@1", "{label}", 3)


@pytest.fixture
def filled(store: Any) -> Any:
    store.upsert([Entity("a", "A"), Entity("b", "B")])
    return store


def test_every_store_keeps_vectors(store: Any) -> None:
    assert isinstance(store, VectorStore)


def test_a_vector_of_another_size_is_named_with_what_would_be_right(filled: Any) -> None:
    with pytest.raises(InputError, match=r"entity 'b': has 4 bytes; 3 numbers .* have 6"):
        filled.add_vectors(SPACE, [("a", bytes(6)), ("b", bytes(4))])


def test_another_dimension_is_told_beside_that_of_the_space(filled: Any) -> None:
    filled.add_vectors(SPACE, [("a", bytes(6))])
    with pytest.raises(InputError, match="has vectors of 3 numbers, not of 4"):
        filled.vectors(Space("tiny@1", "{label}", 4), ["a"])
