"""What a write does to the tables: entities at once; their names, and the index over them, at the end."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from attrs import define, field
from sqlalchemy.engine import Connection

from glinker_core.model import Entity
from glinker_core.names import normalise, normalise_all
from glinker_stores.dialect import Dialect
from glinker_stores.records import Row, name_seal, opened, seal
from glinker_stores.schema import ADD_NAMES, ALL, CHANGED, FORGET_STALE, dropped, entity, staged


def known(connection: Connection, dialect: Dialect, entity_ids: Iterable[str]) -> dict[str, tuple[int, Entity]]:
    """Row and entity of each id that is there."""
    wanted = [entity_id for entity_id in dict.fromkeys(entity_ids) if encodable(entity_id)]
    rows = list(dialect.identified(connection, wanted))  # none may be left to read when one of them is damaged
    found = ((number, opened(number, row)) for number, *row in rows)
    return {one.entity_id: (number, one) for number, one in found}


def encodable(text: str) -> bool:
    """Whether a database can hold the text at all; a lone surrogate it cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


@define
class Writer:
    """Adds and removes entities within the transaction of a connection; `finish()` makes their names right."""

    connection: Connection
    dialect: Dialect
    _first: int = field(default=0, init=False)
    _last: int = field(default=0, init=False)
    _stale: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.dialect.stage(self.connection)
        self._first = self._last = self.connection.execute(sa.select(sa.func.max(entity.c.row))).scalar_one() or 0

    def add(self, entities: Iterable[tuple[Entity, Row]]) -> None:
        """Add entities whose ids are not there."""
        rows: list[tuple[Any, ...]] = []
        surfaces: list[tuple[int, str, float]] = []
        for one, row in entities:
            self._last += 1
            rows.append((self._last, *row, seal(self._last, row)))
            surfaces += [(self._last, surface, row.popularity) for surface in one.names]
        keys = normalise_all([surface for _, surface, _ in surfaces])
        named = zip(keys, surfaces, strict=True)
        names = [(key, *values, name_seal(key, *values)) for key, values in named]
        self.dialect.insert(self.connection, entity, rows)
        self.dialect.insert(self.connection, staged, names)
        if described := [(row[0], row[3]) for row in rows if row[3]]:
            self.dialect.describe(self.connection, described)

    def remove(self, entities: Iterable[tuple[int, Entity]]) -> None:
        """Remove entities that are there, given with their rows."""
        there = list(entities)
        gone = [(row, normalise(surface)) for row, one in there for surface in one.names]
        if gone:
            if described := [(row, one.description) for row, one in there if one.description]:
                self.dialect.undescribe(self.connection, described)
            self._stale |= any(row > self._first for row, _ in there)
            self.dialect.forget(self.connection, gone)
            self.dialect.insert(self.connection, dropped, [(key,) for _, key in gone])

    def finish(self) -> list[tuple[str, float]]:
        """Sort in the names of what was added; says which keys changed, in order, and how popular they are now."""
        run = self.connection.execute
        if self._stale:
            run(FORGET_STALE)
        run(ADD_NAMES)
        cursor: Any = self.connection.exec_driver_sql(CHANGED if self._first else ALL).cursor
        changed: list[tuple[str, float]] = cursor.fetchall()
        run(sa.delete(staged))
        run(sa.delete(dropped))
        return changed
