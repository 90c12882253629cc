"""What stores in SQL databases share: reads and writes over tables that are the same in each."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from threading import RLock, local
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa
from attrs import define, field, frozen
from sqlalchemy.engine import Connection, Engine

from glinker_core.errors import StoreError
from glinker_core.layers import Name, Search, Space, Upserted
from glinker_core.model import Candidate, Entity
from glinker_stores import blocks, lookup, vectors, writes
from glinker_stores.batches import batched
from glinker_stores.dialect import Dialect
from glinker_stores.index.part import Array, Part
from glinker_stores.index.parts import Parts, written
from glinker_stores.lookup import Answers
from glinker_stores.records import DamagedError, Upsert, name_seal, new_revision, opened
from glinker_stores.schema import block, embedding, entity, meta, name, space

_CHUNK = 2_000  # entities held at once while writing, rows while reading

_REVISION = sa.select(meta.c.value).where(meta.c.key == "revision")


@define
class State:
    """What a store keeps in memory of what it saw last: the index, and answers."""

    answers: Answers = field(factory=Answers)
    _revision: str = ""
    _loaded: dict[int, Part] = field(factory=dict, repr=False)
    _parts: Parts = field(factory=Parts, repr=False)
    _lock: Any = field(factory=RLock, repr=False)
    asking: local = field(factory=local, repr=False)  # `connection` of the search that this thread is about

    def parts(self, revision: str, numbers: Callable[[], list[int]], load: Callable[[int, str], Array]) -> Parts:
        """The index at a revision; parts that were there before are not read again."""
        with self._lock:
            if revision != self._revision:
                made = {number: self._loaded.get(number) or Part(partial(load, number)) for number in numbers()}
                self._parts, self._loaded, self._revision = Parts.of(list(made.values())), made, revision
            return self._parts


@frozen
class _Backend:
    """`lookup.Backend` on one connection."""

    store: SqlStore
    connection: Connection
    revision: str
    _made: dict[int, Entity] = field(factory=dict)  # entities by row: one is found by several names

    def named(self, keys: Sequence[str]) -> Iterator[tuple[str, str, Entity]]:
        missing = set(keys)
        for key, number, surface, popularity, sealed, *row in self.store.dialect.named(self.connection, keys):
            if name_seal(key, number, surface, popularity) != sealed:
                raise DamagedError(f"the name {surface!r} is not as it was written")
            if row[-1] is None:
                raise DamagedError("there are names of entities that are not there")
            missing.discard(key)
            yield key, surface, self._entity(number, row)
        for lost in self.parts().known([key for key in keys if key in missing]) if missing else ():
            raise DamagedError(f"there is no name any more for the key {lost!r} of the index")

    def described(self, words: Sequence[str], search: Search) -> Iterator[Entity]:
        for number, *row in self.store.dialect.described(self.connection, words, search):
            yield self._entity(number, row)

    def parts(self) -> Parts:
        return self.store.index(self.connection, self.revision)

    def _entity(self, number: int, row: Sequence[Any]) -> Entity:
        if number not in self._made:
            self._made[number] = opened(number, row)
        return self._made[number]


class Database(Protocol):
    """Where the tables are, with the connections to them."""

    @property
    def engine(self) -> Engine: ...

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection whose writes are all kept, or none of them when the block raises; others wait to write."""


@define(eq=False)
class SqlStore(ABC):
    """The methods of a store whose tables lie in a SQL database; a store says itself how they are reached."""

    modes: ClassVar[tuple[str, ...]] = lookup.MODES
    dialect: ClassVar[Dialect]

    _database: Database | None = field(default=None, init=False, repr=False)
    _process: int = field(default=0, init=False, repr=False)
    _inherited: list[Database] = field(factory=list, init=False, repr=False)
    _state: State = field(factory=State, init=False, repr=False)

    @property
    @abstractmethod
    def place(self) -> str:
        """What messages call the store."""

    @property
    @abstractmethod
    def read_only(self) -> bool:
        """Whether it must not be written."""

    @abstractmethod
    def connect(self) -> Database:
        """The database, in which there is a store; made if there is none, unless `read_only`."""

    def open(self) -> None:
        """Connect; a second call does nothing."""
        if self._database is None:
            self._connect()

    def close(self) -> None:
        """Let go of the connections; `open()` connects again."""
        if self._database is not None and self._process == os.getpid():
            self._database.engine.dispose()
        elif self._database is not None:
            self._inherited.append(self._database)
        self._database = None
        self._state = State()

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""
        return self._connected().reading()

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection whose writes are all kept, or none of them when the block raises; others wait to write."""
        if self.read_only:
            raise StoreError(f"{self.place}: is opened with read_only: true; open it with read_only: false to write")
        return self._connected().writing()

    def _connect(self) -> Database:
        self._database = self.connect()
        self._process = os.getpid()
        return self._database

    def _connected(self) -> Database:
        if self._database is None:
            raise StoreError(f"{self.place}: the store is not open; call open() first")
        if self._process != os.getpid():
            self._inherited.append(self._database)  # after a fork its connections may be neither used nor closed
            return self._connect()
        return self._database

    @property
    def revision(self) -> str:
        """Moves with each change, by whatever process; no two stores that differ share one."""
        with self.reading() as connection:
            return self.dialect.revision(connection)

    def search(self, names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
        """Per name its candidates, best first (`lookup.search`), all from one state of the store."""
        with self._told(), self.reading() as connection:
            revision = self.dialect.revision(connection)
            backend = _Backend(self, connection, revision)
            return self._state.answers.search(names, search, revision, lambda new: lookup.search(backend, new, search))

    def index(self, connection: Connection, revision: str) -> Parts:
        """The index over all keys at that revision, which is the one the connection sees."""
        state = self._state
        state.asking.connection = connection

        def load(number: int, array: str) -> Array:  # for whoever first uses the array, in the state that is seen there
            return blocks.read_array(state.asking.connection, number, array)

        return state.parts(revision, lambda: blocks.part_numbers(connection), load)

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]:
        """Per id its entity, or None."""
        with self._told(), self.reading() as connection:
            found = writes.known(connection, self.dialect, entity_ids)
        return [found[entity_id][1] if entity_id in found else None for entity_id in entity_ids]

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        """Add or replace entities, all or none, in one transaction that holds few of them in memory.

        DataError names those that cannot be kept, or that are there with other content under `on_duplicate="error"`.
        """
        upsert = Upsert(on_duplicate)
        with self._told(), self.writing() as connection:
            writer = writes.Writer(connection, self.dialect)
            for chunk in batched(entities, _CHUNK):
                checked = upsert.check(chunk)
                there = writes.known(connection, self.dialect, [one.entity_id for one, _ in checked])
                settled = upsert.settle(checked, {entity_id: one for entity_id, (_, one) in there.items()})
                writer.remove(there[entity_id] for entity_id in settled if entity_id in there)
                writer.add(settled.values())
            counts = upsert.finish(self.place)
            if upsert.changes:
                self._finish(connection, writer)
        return counts

    def delete(self, entity_ids: Iterable[str]) -> int:
        """Remove entities with all their names, in one transaction; says how many there were."""
        count = 0
        with self._told(), self.writing() as connection:
            writer = writes.Writer(connection, self.dialect)
            for chunk in batched(entity_ids, _CHUNK):
                there = writes.known(connection, self.dialect, chunk)
                writer.remove(there.values())
                count += len(there)
            if count:
                self._finish(connection, writer)
        return count

    def clear(self) -> None:
        """Remove all entities."""
        with self.writing() as connection:
            if _count(connection):
                self.dialect.empty(connection)
                for table in (embedding, space, block, name, entity):
                    connection.execute(sa.delete(table))
                blocks.list_parts(connection, [])
                _move(connection)

    def spaces(self) -> list[Space]:
        """The spaces there are vectors in, in order of model and template."""
        with self.reading() as connection:
            return vectors.known_spaces(connection)

    def vectors(self, space: Space, entity_ids: Sequence[str]) -> list[bytes | None]:
        """Per id the vector of its entity, or None."""
        with self._told(), self.reading() as connection:
            found = vectors.read(connection, space, entity_ids)
        return [found.get(entity_id) for entity_id in entity_ids]

    def add_vectors(self, space: Space, new: Iterable[tuple[str, bytes]]) -> int:
        """Keep vectors, all or none; says how many have an entity."""
        with self.writing() as connection:
            return vectors.write(connection, space, new)

    def drop_vectors(self, space: Space) -> None:
        """Forget all vectors of a space."""
        with self.writing() as connection:
            vectors.drop(connection, space)

    def _finish(self, connection: Connection, writer: writes.Writer) -> None:
        """Make names and index right, and move the revision."""
        changed = writer.finish()
        numbers = blocks.part_numbers(connection)
        kept, made = written([Part(partial(blocks.read_array, connection, number)) for number in numbers], changed)
        blocks.drop_parts(connection, numbers[kept:])
        number = _move(connection)
        blocks.add_part(connection, number, made)
        blocks.list_parts(connection, [*numbers[:kept], number])

    def count(self) -> int:
        """How many entities there are."""
        with self.reading() as connection:
            return _count(connection)

    def entities(self) -> Iterator[Entity]:
        """All entities in order of their ids, from one state of the store."""
        return self._all(sa.select(entity).order_by(entity.c.entity_id))

    def names(self) -> Iterator[Name]:
        """All names of all entities, from one state of the store."""
        everything = self._all(sa.select(entity))
        return (Name(n, one.entity_id, one.entity_type, one.popularity) for one in everything for n in one.names)

    def numbers(self) -> Iterator[tuple[str, int, str]]:
        """The id of each entity, a number that another content would not have, and its type; none of it is checked."""
        number = entity.c.row * 2**32 + entity.c.seal
        with self.reading() as connection:
            cursor: Any = connection.execute(sa.select(entity.c.entity_id, number, entity.c.entity_type)).cursor
            found: list[tuple[str, int, str]] = cursor.fetchall()  # half the time of SQLAlchemy's own rows
        return iter(found)

    def _all(self, statement: sa.Select[Any]) -> Iterator[Entity]:
        some = {"yield_per": _CHUNK}
        with self._told(), self.reading() as connection, connection.execute(statement, execution_options=some) as rows:
            for number, *row in rows:
                yield opened(number, row)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what is found damaged as a StoreError."""
        try:
            yield
        except DamagedError as error:
            raise StoreError(
                f"{self.place}: it is damaged, {error}; import the entities again into a new store"
            ) from error


def _move(connection: Connection) -> int:
    """Move the revision; gives the number of the write, which no other write to the store has."""
    moved = new_revision(connection.execute(_REVISION).scalar_one())
    connection.execute(sa.update(meta).where(meta.c.key == "revision").values(value=moved))
    return int(moved.partition("-")[0])


def _count(connection: Connection) -> int:
    count: int = connection.execute(sa.select(sa.func.count()).select_from(entity)).scalar_one()
    return count
