"""Whether vectors of entities are what their space says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from glinker_core.errors import InputError
from glinker_core.layers import Space

_BYTES = 2  # of a number


def checked(space: Space, vectors: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """The vectors, each of which has the size it must have."""
    for entity_id, vector in vectors:
        if len(vector) != space.dimension * _BYTES:
            raise InputError(
                f"vector of entity {entity_id!r}: has {len(vector)} bytes; {space.dimension} numbers of the space of "
                f"model {space.model!r} have {space.dimension * _BYTES}"
            )
        yield entity_id, vector


def check_dimension(space: Space, there: int) -> None:
    """Refuse a space that is known with another dimension."""
    if there != space.dimension:
        raise InputError(
            f"space of model {space.model!r}: has vectors of {there} numbers, not of {space.dimension}; "
            "name the revision of the model in its name, or drop the space first"
        )
