"""`SqliteStore`: a knowledge base in one SQLite file, read by many threads and processes while one writes."""

from __future__ import annotations

import itertools
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import sqlalchemy as sa
from attrs import define, field, frozen, validators
from sqlalchemy.engine import Connection, Engine

from glinker_core.errors import StoreError
from glinker_core.layers import Name, Search, Upserted
from glinker_core.model import Candidate, Entity
from glinker_stores import engine, lookup, writes
from glinker_stores.records import Upsert, from_row, new_revision
from glinker_stores.schema import entity, meta, name, segment

_CHUNK = 2_000  # entities held at once while writing, rows while reading
_CACHED = 20_000  # entities kept as objects

T = TypeVar("T")

_VALUES = sa.func.json_each(sa.bindparam("values")).table_valued("value")
_NAMES_WITH = sa.select(name.c.key, name.c.surface, name.c.entity).where(name.c.key.in_(sa.select(_VALUES.c.value)))
_KEYS_WITH = (
    sa.select(segment.c.segment, sa.func.group_concat(segment.c.key, "\n"))  # one row instead of thousands
    .where(segment.c.segment.in_(sa.select(_VALUES.c.value)))
    .group_by(segment.c.segment)
)
_ENTITIES_AT = sa.select(*entity.c).where(entity.c.row.in_(sa.select(_VALUES.c.value)))
_REVISION = sa.select(meta.c.value).where(meta.c.key == "revision")


@define(eq=False)
class SqliteStore:
    """Entities in the file `path`, which is made when it is not there unless `read_only`.

    A write waits `timeout` seconds for another writer; readers never wait. Safe to use from several threads and after a
    fork. Whatever goes wrong with the file is a StoreError.
    """

    path: str
    read_only: bool = False
    timeout: float = field(default=30.0, validator=validators.ge(0))

    modes: ClassVar[tuple[str, ...]] = ("exact", "fuzzy")

    _engine: Engine | None = field(default=None, init=False, repr=False)
    _process: int = field(default=0, init=False, repr=False)
    _inherited: list[Engine] = field(factory=list, init=False, repr=False)
    _cache: tuple[str, dict[int, Entity]] = field(factory=lambda: ("", {}), init=False, repr=False)

    def open(self) -> None:
        """Connect to the file; a second call does nothing."""
        if self._engine is None:
            self._connect()

    def close(self) -> None:
        """Let go of the file; `open()` connects again."""
        if self._engine is not None and self._process == os.getpid():
            self._engine.dispose()
        elif self._engine is not None:
            self._inherited.append(self._engine)
        self._engine = None
        self._cache = ("", {})

    @property
    def revision(self) -> str:
        """Moves with each change, by whatever process; no two files that differ share one."""
        with self._reading() as connection:
            return _revision(connection)

    def search(self, names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
        """Per name its candidates, best first (`lookup.search`), all from one state of the file."""
        with self._reading() as connection:
            revision, cache = _revision(connection), self._cache
            if cache[0] != revision:
                cache = self._cache = (revision, {})
            return lookup.search(_Backend(connection, cache[1]), names, search)

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]:
        """Per id its entity, or None."""
        with self._reading() as connection:
            found = writes.known(connection, entity_ids)
        return [found[entity_id][1] if entity_id in found else None for entity_id in entity_ids]

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        """Add or replace entities, all or none, in one transaction that holds few of them in memory.

        DataError names those that cannot be kept, or that are there with other content under `on_duplicate="error"`.
        """
        upsert = Upsert(on_duplicate)
        with self._writing() as connection:
            writer = writes.Writer(connection)
            for chunk in _chunks(entities):
                checked = upsert.check(chunk)
                there = writes.known(connection, [one.entity_id for one, _ in checked])
                settled = upsert.settle(checked, {entity_id: one for entity_id, (_, one) in there.items()})
                writer.remove(there[entity_id] for entity_id in settled if entity_id in there)
                writer.add(settled.values())
            counts = upsert.finish(self.path)
            if upsert.changes:
                writer.finish()
                _move(connection)
        return counts

    def delete(self, entity_ids: Iterable[str]) -> int:
        """Remove entities with all their names, in one transaction; says how many there were."""
        count = 0
        with self._writing() as connection:
            writer = writes.Writer(connection)
            for chunk in _chunks(entity_ids):
                there = writes.known(connection, chunk)
                writer.remove(there.values())
                count += len(there)
            if count:
                writer.finish()
                _move(connection)
        return count

    def clear(self) -> None:
        """Remove all entities; the file keeps its size, and fills it again before it grows."""
        with self._writing() as connection:
            if _count(connection):
                for table in (segment, name, entity):
                    connection.execute(sa.delete(table))
                _move(connection)

    def count(self) -> int:
        """How many entities there are."""
        with self._reading() as connection:
            return _count(connection)

    def entities(self) -> Iterator[Entity]:
        """All entities in order of their ids, from one state of the file."""
        return map(from_row, self._rows(sa.select(*tuple(entity.c)[1:]).order_by(entity.c.entity_id)))

    def names(self) -> Iterator[Name]:
        """All names of all entities, from one state of the file."""
        columns = name.c.surface, entity.c.entity_id, entity.c.entity_type, entity.c.popularity
        return map(Name._make, self._rows(sa.select(*columns).where(name.c.entity == entity.c.row)))

    def _rows(self, statement: sa.Select[Any]) -> Iterator[Sequence[Any]]:
        with self._reading() as connection:
            yield from connection.execute(statement, execution_options={"yield_per": _CHUNK})

    def _connect(self) -> Engine:
        if self.path == ":memory:":
            raise StoreError("path: ':memory:' cannot be shared by connections; use a store of type 'dict'")
        self._engine = engine.connect(Path(self.path).expanduser(), self.read_only, self.timeout)
        self._process = os.getpid()
        return self._engine

    def _connected(self) -> Engine:
        if self._engine is None:
            raise StoreError(f"{self.path}: the store is not open; call open() first")
        if self._process != os.getpid():
            self._inherited.append(self._engine)  # after a fork SQLite connections may be neither used nor closed
            return self._connect()
        return self._engine

    def _reading(self) -> AbstractContextManager[Connection]:
        return engine.reading(self._connected())

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        if self.read_only:
            raise StoreError(f"{self.path}: is opened with read_only: true; open it with read_only: false to write")
        with engine.writing(self._connected()) as connection:
            yield connection


@frozen
class _Backend:
    """`lookup.Backend` on one connection; refers to entities by row."""

    connection: Connection
    cache: dict[int, Entity]

    def names_with(self, keys: Sequence[str]) -> Iterable[Any]:
        return self._each(_NAMES_WITH, keys)

    def keys_with(self, segments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        return ((segment, keys.split("\n")) for segment, keys in self._each(_KEYS_WITH, segments))

    def entities_at(self, refs: Sequence[int]) -> Mapping[int, Entity]:
        found = {row: one for row in refs if (one := self.cache.get(row)) is not None}
        if missing := [row for row in refs if row not in found]:
            read = {row: from_row(values) for row, *values in self._each(_ENTITIES_AT, missing)}
            if len(self.cache) + len(read) > _CACHED:
                self.cache.clear()
            self.cache.update(read)
            found |= read
        return found

    def _each(self, statement: sa.Select[Any], values: Sequence[Any]) -> Iterable[Any]:
        # one statement for any number of values; keys and segments have no NUL, at which JSON in SQLite would end
        return self.connection.execute(statement, {"values": json.dumps(values)}).all() if values else ()


def _revision(connection: Connection) -> str:
    revision: str = connection.execute(_REVISION).scalar_one()
    return revision


def _move(connection: Connection) -> None:
    moved = new_revision(_revision(connection))
    connection.execute(sa.update(meta).where(meta.c.key == "revision").values(value=moved))


def _count(connection: Connection) -> int:
    count: int = connection.execute(sa.select(sa.func.count()).select_from(entity)).scalar_one()
    return count


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    iterator = iter(items)
    while chunk := list(itertools.islice(iterator, _CHUNK)):
        yield chunk
