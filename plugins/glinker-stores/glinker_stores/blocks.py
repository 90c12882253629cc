"""Parts of the index in the tables of a store: their arrays as little-endian bytes, in pieces of a few megabytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from glinker_stores.index.part import TYPES, Array, Part
from glinker_stores.schema import block, part

_PIECE = 1 << 22  # bytes


def part_numbers(connection: Connection) -> list[int]:
    """The numbers of the parts, oldest first."""
    return list(connection.execute(sa.select(part.c.part).order_by(part.c.part)).scalars())


def read_array(connection: Connection, number: int, array: str) -> Array:
    """One array of a part."""
    pieces = connection.execute(
        sa.select(block.c.data).where(block.c.part == number, block.c.array == array).order_by(block.c.number)
    ).scalars()
    data = bytearray()
    for piece in pieces:
        data += piece
    return np.frombuffer(data, TYPES[array]).view(np.dtype(TYPES[array]).newbyteorder("="))


def add_part(connection: Connection, number: int, made: Part) -> None:
    """Keep a part that was just made."""
    connection.execute(sa.insert(part).values(part=number, keys=len(made)))
    for array, values in made.arrays().items():
        connection.execute(sa.insert(block), list(_pieces(number, array, values)))


def drop_parts(connection: Connection, numbers: Iterable[int]) -> None:
    """Forget parts."""
    for table in (block, part):
        connection.execute(sa.delete(table).where(table.c.part.in_(list(numbers))))


def _pieces(number: int, array: str, values: Array) -> Iterator[dict[str, Any]]:
    data = memoryview(values.astype(TYPES[array], copy=False).tobytes())
    for index, start in enumerate(range(0, max(len(data), 1), _PIECE)):
        yield {"part": number, "array": array, "number": index, "data": bytes(data[start : start + _PIECE])}
