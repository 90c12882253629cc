"""Parts of the index in the tables of a store: their arrays as little-endian bytes, in pieces of a few megabytes.

Each piece ends with a checksum of all pieces of its array so far, and its number says how many come after it: what is
damaged, missing or in the wrong place is never taken for an index.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import numpy as np
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from glinker_stores.index.part import TYPES, Array, Part
from glinker_stores.records import DamagedError, new_revision
from glinker_stores.schema import block, meta

_PIECE = 1 << 22  # bytes
_CHECKSUM = 4
_PARTS = "parts"


def first() -> Mapping[str, str]:
    """What is in `meta` of a store without entities."""
    return {"revision": new_revision(), _PARTS: _listed([])}


def part_numbers(connection: Connection) -> list[int]:
    """The numbers of the parts, oldest first."""
    value = connection.execute(sa.select(meta.c.value).where(meta.c.key == _PARTS)).scalar()
    numbers = [int(number) for number in str(value).split()[:-1] if number.isdecimal()]
    if value != _listed(numbers):
        raise DamagedError("the list of the parts of the index is not as it was written")
    return numbers


def list_parts(connection: Connection, numbers: Sequence[int]) -> None:
    """Say which parts there are, oldest first."""
    connection.execute(sa.update(meta).where(meta.c.key == _PARTS).values(value=_listed(numbers)))


def _listed(numbers: Sequence[int]) -> str:
    text = "".join(f"{number} " for number in numbers)
    return f"{text}{crc32(f'{_PARTS} {text}'.encode()):08x}"


def read_array(connection: Connection, number: int, array: str) -> Array:
    """One array of a part."""
    pieces = connection.execute(
        sa.select(block.c.number, block.c.data)
        .where(block.c.part == number, block.c.array == array)
        .order_by(block.c.number.desc())
    )
    data, checksum, follow = bytearray(), _start(number, array), None
    for left, piece in pieces:
        values = memoryview(piece)[:-_CHECKSUM] if isinstance(piece, bytes) else b""
        checksum = crc32(values, checksum)
        if piece[-_CHECKSUM:] != checksum.to_bytes(_CHECKSUM, "little"):
            raise DamagedError(f"the index is not as it was written (part {number}, {array})")
        data += values
        follow = left
    if follow != 0:
        raise DamagedError(f"a piece of the index is not there (part {number}, {array})")
    return np.frombuffer(data, TYPES[array]).view(np.dtype(TYPES[array]).newbyteorder("="))


def add_part(connection: Connection, number: int, made: Part) -> None:
    """Keep a part that was just made."""
    for array, values in made.arrays().items():
        connection.execute(sa.insert(block), list(_pieces(number, array, values)))


def drop_parts(connection: Connection, numbers: Iterable[int]) -> None:
    """Forget parts."""
    connection.execute(sa.delete(block).where(block.c.part.in_(list(numbers))))


def _pieces(number: int, array: str, values: Array) -> Iterator[dict[str, Any]]:
    data = memoryview(values.astype(TYPES[array], copy=False).tobytes())
    starts, checksum = range(0, max(len(data), 1), _PIECE), _start(number, array)
    for left, start in zip(reversed(range(len(starts))), starts, strict=True):
        piece = data[start : start + _PIECE]
        checksum = crc32(piece, checksum)
        whole = b"".join((piece, checksum.to_bytes(_CHECKSUM, "little")))
        yield {"part": number, "array": array, "number": left, "data": whole}


def _start(number: int, array: str) -> int:
    return crc32(f"{number} {array}".encode())
