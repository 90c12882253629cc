"""Connections to a schema of a PostgreSQL database: opened, recognised as a store, failures told as a StoreError."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.pool import QueuePool

from glinker_core.errors import StoreError
from glinker_stores import blocks
from glinker_stores.postgres_errors import explained
from glinker_stores.postgres_tables import COLUMNS, CREATE, OUTGROWN, USABLE, VERSION_KEY
from glinker_stores.schema import VERSION, meta, tables

#: What is looked up again and again is in memory, where a page costs the same wherever it lies.
_PLANS = "SET LOCAL random_page_cost TO 1.1; SET LOCAL jit TO off"
#: For the sorting of many names at the end of a write.
_MEMORY = "SET LOCAL work_mem TO '64MB'; SET LOCAL gin_pending_list_limit TO '32MB'"
_KEPT_ALIVE = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}


@frozen
class Database:
    """A schema of a database, with the connections to it.

    No answer may take longer than `timeout` seconds, but to a write, which waits as long for another one to finish.
    """

    engine: Engine
    schema: str
    timeout: float

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""
        with self._connected(
            f"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL search_path TO {self.schema}; "
            f"SET LOCAL statement_timeout TO {_milliseconds(self.timeout)}; {_PLANS}"
        ) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose writes are all kept, or none of them when the block raises."""
        with self._connected(  # the lock comes first: each statement sees what was written before it
            f"BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL search_path TO {self.schema}; "
            f"SET LOCAL statement_timeout TO 0; SET LOCAL lock_timeout TO {_milliseconds(self.timeout)}; "
            f"{_PLANS}; {_MEMORY}; SELECT pg_advisory_xact_lock({self._lock})"
        ) as connection:
            yield connection
            if connection.exec_driver_sql(OUTGROWN).scalar_one():
                connection.exec_driver_sql("ANALYZE entity, name, described")
            connection.commit()

    def _connected(self, begin: str) -> Connection:
        """A connection in a transaction; a server that was started anew since the last one is not noticed."""
        connection = self.engine.connect()
        try:
            connection.exec_driver_sql(begin)
        except StoreError:
            if not connection.invalidated:
                connection.close()
                raise
            connection.close()  # one that was kept from before; all such are gone with it
            connection = self.engine.connect()
            connection.exec_driver_sql(begin)
        return connection

    @property
    def _lock(self) -> int:
        """What writers of the schema lock, a number that no other program locks but by chance."""
        return int.from_bytes(blake2b(f"glinker {self.schema}".encode(), digest_size=8).digest(), "big", signed=True)


def connect(
    arguments: Mapping[str, Any], place: str, schema: str, timeout: float, pool_size: int, read_only: bool
) -> Database:
    """A database in whose schema there is a store, made if there is none and it may be written."""
    try:
        from glinker_stores.postgres_driver import connect as open_connection
    except ImportError as error:
        raise StoreError(
            f'{place}: the driver psycopg cannot be imported ({error}); run: pip install "glinker-stores[postgres]"'
        ) from error
    options = {
        **_KEPT_ALIVE,
        "tcp_user_timeout": _milliseconds(timeout),
        "connect_timeout": math.ceil(min(timeout, 3600)),
        "fallback_application_name": "glinker",
        **arguments,
        "client_encoding": "utf8",
    }
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=partial(open_connection, **options),
        poolclass=QueuePool,
        pool_size=pool_size,
        max_overflow=-1,
        use_native_hstore=False,
    )
    sa.event.listen(engine, "handle_error", _explainer(place, timeout))
    database = Database(engine, schema, timeout)
    try:
        _recognise(database, place, read_only)
    except BaseException:
        engine.dispose()
        raise
    return database


def _milliseconds(seconds: float) -> int:
    return math.ceil(min(seconds * 1000, 2**31 - 1))  # the most that PostgreSQL knows


def _explainer(place: str, timeout: float) -> Callable[[ExceptionContext], StoreError | None]:
    def explain(context: ExceptionContext) -> StoreError | None:
        error = context.original_exception
        if not isinstance(error, context.dialect.loaded_dbapi.Error):
            return None  # a fault of the code, which goes up as it is
        return StoreError(explained(place, timeout, getattr(error, "sqlstate", None), str(error)))

    return explain


def _recognise(database: Database, place: str, read_only: bool) -> None:
    with database.reading() as connection:
        _check_encoding(connection, place)
        made = _is_store(connection, database.schema, place)
    if not made and read_only:
        raise StoreError(f"{place}: there is no store in it; import entities into it first, or correct 'schema'")
    if not made:
        with database.writing() as connection:
            if not _is_store(connection, database.schema, place):  # another process may have been quicker
                _create(connection, database.schema)


def _check_encoding(connection: Connection, place: str) -> None:
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise StoreError(
            f"{place}: the database is encoded in {encoding}, in which not every name can be written; "
            "make one with ENCODING 'UTF8'"
        )


def _is_store(connection: Connection, schema: str, place: str) -> bool:
    """Whether the schema holds a store that can be used; False if none of its tables is there."""
    usable = connection.exec_driver_sql(USABLE, (schema,)).scalar()
    if usable is False:  # its tables would pass for missing
        raise StoreError(explained(place, 0, "42501", f"permission denied for schema {schema}"))
    there: dict[str, set[str]] = {}
    for table, column in connection.exec_driver_sql(COLUMNS, (schema, list(tables.tables))):
        there.setdefault(table, set()).add(column)
    if not there:
        return False
    version = None
    if there.get("meta") == {"key", "value"}:
        version = connection.execute(sa.select(meta.c.value).where(meta.c.key == VERSION_KEY)).scalar()
    if version is None:
        raise StoreError(f"{place}: there are tables of another program in it; give a 'schema' of its own to the store")
    if version != str(VERSION):
        raise StoreError(
            f"{place}: was written in format {version}, this glinker-stores reads format {VERSION}; "
            "run: pip install --upgrade glinker-stores, or import the entities into a new schema"
        )
    return True


def _create(connection: Connection, schema: str) -> None:
    if connection.exec_driver_sql(USABLE, (schema,)).scalar() is None:
        connection.exec_driver_sql(f"CREATE SCHEMA {schema}")
    connection.exec_driver_sql(CREATE)
    rows = {**blocks.first(), VERSION_KEY: str(VERSION)}
    connection.execute(sa.insert(meta), [{"key": key, "value": value} for key, value in rows.items()])
