"""Vectors of entities in the tables of a store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from glinker_core.layers import Space
from glinker_stores.batches import batched
from glinker_stores.records import DamagedError
from glinker_stores.schema import embedding, entity
from glinker_stores.schema import space as spaces
from glinker_stores.spaces import check_dimension, checked
from glinker_stores.writes import encodable

_SEAL = 4  # bytes
_AT_ONCE = 500  # ids in one question, vectors in one write


def known_spaces(connection: Connection) -> list[Space]:
    """The spaces that have vectors."""
    used = sa.select(embedding.c.space)
    found = connection.execute(
        sa.select(spaces.c.model, spaces.c.template, spaces.c.dimension).where(spaces.c.space.in_(used))
    )
    return sorted((Space(*row) for row in found), key=lambda space: (space.model, space.template))


def read(connection: Connection, space: Space, entity_ids: Sequence[str]) -> dict[str, bytes]:
    """The vectors there are, by id."""
    number = _number(connection, space)
    found: dict[str, bytes] = {}
    if number is None:
        return found
    # ids first: asked for both at once, SQLite reads all vectors of the space from thirty ids on
    asked = sa.select(embedding.c.entity, embedding.c.vector).where(embedding.c.space == number)
    for ids in batched(filter(encodable, dict.fromkeys(entity_ids)), _AT_ONCE):
        of_row = _rows(connection, ids)
        for row, data in connection.execute(asked.where(embedding.c.entity.in_(list(of_row)))):
            vector = data[:-_SEAL] if isinstance(data, bytes) else b""
            if data != _sealed(number, row, vector):
                raise DamagedError(f"the vector of entity {of_row[row]!r} is not as it was written")
            found[of_row[row]] = vector
    return found


def write(connection: Connection, space: Space, vectors: Iterable[tuple[str, bytes]]) -> int:
    """Keep vectors of the entities that are there; says how many."""
    number = _number(connection, space)
    if number is None:
        last = connection.execute(sa.select(sa.func.max(spaces.c.space))).scalar_one() or 0
        number = last + 1
        values = {"space": number, "model": space.model, "template": space.template, "dimension": space.dimension}
        connection.execute(sa.insert(spaces).values(values))
    count = 0
    for some in batched(checked(space, vectors), _AT_ONCE):
        of_ids = {entity_id: vector for entity_id, vector in some if encodable(entity_id)}
        rows = [
            {"space": number, "entity": row, "vector": _sealed(number, row, of_ids[entity_id])}
            for row, entity_id in _rows(connection, list(of_ids)).items()
        ]
        there = embedding.c.entity.in_([row["entity"] for row in rows])
        connection.execute(sa.delete(embedding).where(embedding.c.space == number, there))
        if rows:
            connection.execute(sa.insert(embedding), rows)
        count += len(rows)
    return count


def drop(connection: Connection, space: Space) -> None:
    """Forget a space with all its vectors."""
    number = _number(connection, space)
    for table in (embedding, spaces):
        connection.execute(sa.delete(table).where(table.c.space == number))


def _rows(connection: Connection, entity_ids: Sequence[str]) -> dict[int, str]:
    """The ids there are, by row, in order of rows."""
    asked = sa.select(entity.c.row, entity.c.entity_id).where(entity.c.entity_id.in_(entity_ids))
    return dict(sorted((row, entity_id) for row, entity_id in connection.execute(asked)))


def _number(connection: Connection, space: Space) -> int | None:
    """The number of a space; None for one that is not known."""
    mine = sa.and_(spaces.c.model == space.model, spaces.c.template == space.template)
    row = connection.execute(sa.select(spaces.c.space, spaces.c.dimension).where(mine)).one_or_none()
    if row is None:
        return None
    check_dimension(space, row.dimension)
    return int(row.space)


def _sealed(number: int, row: int, vector: bytes) -> bytes:
    """A vector with a checksum of it and of whose it is."""
    return vector + crc32(vector, crc32(f"{number} {row}".encode())).to_bytes(_SEAL, "little")
