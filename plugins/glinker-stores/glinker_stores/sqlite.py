"""`SqliteStore`: a knowledge base in one SQLite file, read by many threads and processes while one writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import sqlalchemy as sa
from attrs import define, field, frozen, validators
from sqlalchemy.engine import Connection

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.names import normalise_all, pieces
from glinker_stores import engine
from glinker_stores.batches import batched
from glinker_stores.dialect import Dialect
from glinker_stores.schema import embedding, entity, name, space, staging
from glinker_stores.sql import SqlStore

# what every search asks goes to the driver as it is: SQLAlchemy took 0.06 ms for each, of 0.5 that a search may take
_REVISION = "SELECT value FROM meta WHERE key = 'revision'"
# one statement for any number of values; keys have no NUL, at which JSON in SQLite would end
_NAMED = (
    f"SELECT {', '.join(map(str, name.c))}, {', '.join(map(str, list(entity.c)[1:]))} "  # noqa: S608  made of names of columns only
    "FROM name LEFT JOIN entity ON entity.row = name.entity WHERE key IN (SELECT value FROM json_each(?))"
)
_ENTITY = f"SELECT {', '.join(entity.c.keys())} FROM entity WHERE"  # noqa: S608  made of names of columns only
_AT_ONCE = 500  # ids in one question
_DESCRIBED = """
    SELECT row FROM fulltext JOIN entity ON row = fulltext.rowid
    WHERE fulltext MATCH ? AND popularity >= ?
        AND (? OR hex(entity_type) IN (SELECT value FROM json_each(?)))
    ORDER BY popularity DESC, entity_id LIMIT ?
"""


@frozen
class _Sqlite:
    """`sql.Dialect` of SQLite: lists of values as JSON, full text by FTS5."""

    def revision(self, connection: Connection) -> str:
        revision: str = next(engine.run(connection, _REVISION))[0]
        return revision

    def named(self, connection: Connection, keys: Sequence[str]) -> Iterable[Sequence[Any]]:
        return engine.run(connection, _NAMED, json.dumps(keys))

    def identified(self, connection: Connection, entity_ids: Sequence[str]) -> Iterator[Sequence[Any]]:
        for ids in batched(entity_ids, _AT_ONCE):  # not as JSON: an id may have a NUL
            yield from engine.run(connection, f"{_ENTITY} entity_id IN ({', '.join('?' * len(ids))})", *ids)

    def described(self, connection: Connection, words: Sequence[str], search: Search) -> Iterable[Sequence[Any]]:
        wanted = " AND ".join(map(_word, words))
        types = json.dumps([one.encode("utf-8", "surrogatepass").hex().upper() for one in search.types])  # NUL
        least, limit = float(search.min_popularity), max(search.limit, 0)
        return engine.run(connection, f"{_ENTITY} row IN ({_DESCRIBED})", wanted, least, not search.types, types, limit)

    def stage(self, connection: Connection) -> None:
        staging.create_all(connection)

    def insert(self, connection: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        _many(connection, sa.insert(table), rows)

    def forget(self, connection: Connection, names: Sequence[tuple[int, str]]) -> None:
        rows = [(row,) for row in dict.fromkeys(row for row, _ in names)]
        _many(connection, sa.delete(entity).where(entity.c.row == sa.bindparam("a")), rows)
        vectors = sa.and_(embedding.c.space.in_(sa.select(space.c.space)), embedding.c.entity == sa.bindparam("a"))
        _many(connection, sa.delete(embedding).where(vectors), rows)
        mine = sa.and_(name.c.entity == sa.bindparam("a"), name.c.key == sa.bindparam("b"))
        _many(connection, sa.delete(name).where(mine), names)

    def describe(self, connection: Connection, entities: Iterable[tuple[int, str]]) -> None:
        rows = _described(entities)
        connection.exec_driver_sql("INSERT INTO fulltext (rowid, words) VALUES (?, ?)", rows)

    def undescribe(self, connection: Connection, entities: Iterable[tuple[int, str]]) -> None:
        rows = _described(entities)
        delete = "INSERT INTO fulltext (fulltext, rowid, words) VALUES ('delete', ?, ?)"
        connection.exec_driver_sql(delete, rows)

    def empty(self, connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO fulltext (fulltext) VALUES ('delete-all')")


def _many(connection: Connection, statement: sa.Insert | sa.Delete, rows: Sequence[tuple[Any, ...]]) -> None:
    """Run a statement for each row, its values in the order of the parameters."""
    if rows:  # as driver SQL: with a dict per row, 450,000 names took 1.7 s instead of 0.6
        connection.exec_driver_sql(str(statement.compile(connection.engine)), list(rows))


def _described(entities: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Rows with the words of their descriptions as FTS5 is given them."""
    there = list(entities)
    keys = normalise_all([description for _, description in there])
    return [(row, _words(key)) for (row, _), key in zip(there, keys, strict=True)]


def _words(key: str) -> str:
    """The words of a key for FTS5, which finds borders of its own in what is neither ASCII letter nor digit."""
    return key if _plain(key) else " ".join(map(_word, pieces(key)))


def _word(word: str) -> str:
    return word if _plain(word) else f"\u00df{word.encode().hex()}"  # no key has that letter, it is folded to ss


def _plain(key: str) -> bool:
    return key.isascii() and key.replace(" ", "").isalnum()


@define(eq=False)
class SqliteStore(SqlStore):
    """Entities in the file `path`, which is made when it is not there unless `read_only`.

    A write waits `timeout` seconds for another writer; readers never wait. Safe to use from several threads and after a
    fork. Whatever goes wrong with the file is a StoreError.
    """

    path: str
    read_only: bool = False
    timeout: float = field(default=30.0, validator=validators.ge(0))

    dialect: ClassVar[Dialect] = _Sqlite()

    @property
    def place(self) -> str:
        """What messages call the store."""
        return self.path

    def connect(self) -> engine.File:
        """The file, in which there is a store."""
        if self.path == ":memory:":
            raise StoreError("path: ':memory:' cannot be shared by connections; use a store of type 'dict'")
        return engine.connect(Path(self.path).expanduser(), self.read_only, self.timeout)
