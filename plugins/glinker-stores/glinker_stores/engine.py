"""Connections to one SQLite file: opened, recognised as a store, and every failure told as a StoreError."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from attrs import frozen
from sqlalchemy.engine import Connection, Engine, ExceptionContext
from sqlalchemy.pool import QueuePool

from glinker_core.errors import StoreError
from glinker_stores import blocks
from glinker_stores.schema import APPLICATION_ID, VERSION, meta, tables

_HEAD = b"SQLite format 3\0"

#: What SQLite says, and what that means for whoever reads it. Python 3.10 knows no error codes, so the words must do.
_MEANINGS = {
    "database is locked": "another writer did not finish within {timeout:g} s; try again, or raise 'timeout'",
    "database or disk is full": "the disk is full, nothing was written; free some space and try again",
    "readonly database": "it cannot be written; make file and folder writable, or open it with read_only: true",
    "unable to open database file": "it cannot be opened; make the folder writable, or open it read_only: true",
    "file is not a database": "it is damaged; import the entities again into a new file",
    "malformed": "it is damaged; import the entities again into a new file",
    "decode to UTF-8": "it is damaged; import the entities again into a new file",
    "vtable constructor": "it is damaged; import the entities again into a new file",
    "no such": "it is damaged; import the entities again into a new file",  # column or table, or no such page in them
}


def connect(path: Path, read_only: bool, timeout: float) -> File:
    """A file that is a store, made if there is none and it may be written."""
    if not path.exists():
        if read_only:
            raise StoreError(f"{path}: no such file; import entities into it first, or correct the path")
        if not path.parent.is_dir():
            raise StoreError(f"{path}: there is no folder {path.parent}; make it first")
    elif not path.is_file():
        raise StoreError(f"{path}: is not a file; give the path of a SQLite file")
    else:
        _look_at(path)
    file = File(_engine(path, "ro" if read_only else "rwc", timeout), path, timeout)
    try:
        try:
            _recognise(file, read_only)
        except StoreError as error:
            if not (read_only and _cannot_write(error) and not Path(f"{path}-wal").exists()):
                raise
            # SQLite wants to write beside a file in WAL mode, even to read it; where nobody writes, it need not
            file.engine.dispose()
            file = File(_engine(path, "ro&immutable=1", timeout), path, timeout)
            _recognise(file, read_only)
    except BaseException:
        file.engine.dispose()
        raise
    return file


def _look_at(path: Path) -> None:
    """Refuse what is no SQLite file before SQLite, which takes a very short file for an empty one, and fills it.

    A file whose end is missing may be found out by SQLite much later, when it comes to it.
    """
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}") from error
    if head[:16] not in (b"", _HEAD):
        raise StoreError(f"{path}: is not a SQLite file; give the path of one that glinker wrote, or of none yet")
    page_size = int.from_bytes(head[16:18], "big")  # https://www.sqlite.org/fileformat.html
    length = (65536 if page_size == 1 else page_size) * int.from_bytes(head[28:32], "big")
    if not Path(f"{path}-wal").exists() and path.stat().st_size < length:  # in this order: another process may write
        raise StoreError(f"{path}: it is damaged, its end is missing; import the entities again into a new file")


def run(connection: Connection, statement: str, *values: object) -> Iterator[Any]:
    """The rows of a statement that goes to the driver as it is; a failure is told by who opened the connection."""
    driver: Any = connection.connection.driver_connection
    rows: Iterator[Any] = driver.execute(statement, values)
    return rows


@frozen
class File:
    """A file that is a store, with the connections to it; a write waits `timeout` seconds for another one."""

    engine: Engine
    path: Path
    timeout: float

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store, whatever is written meanwhile."""
        with self._told(), self.engine.connect() as connection:
            run(connection, "BEGIN")
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection whose writes are all kept, or none of them when the block raises."""
        with self._told(), self.engine.connect() as connection:
            run(connection, "BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Tells what SQLAlchemy does not see, since it went to the driver as it is (`run`)."""
        try:
            yield
        except sqlite3.Error as error:
            raise _explained(error, self.path, self.timeout) from error


def _engine(path: Path, mode: str, timeout: float) -> Engine:
    address = f"{path.absolute().as_uri()}?mode={mode}"

    def open_file() -> sqlite3.Connection:
        # transactions are begun by hand; the pool hands a connection to one thread at a time
        opened = sqlite3.connect(address, timeout=timeout, isolation_level=None, check_same_thread=False, uri=True)
        opened.execute("PRAGMA cell_size_check = ON")  # looks at how a page is made before it is used
        return opened

    engine = sa.create_engine("sqlite://", creator=open_file, poolclass=QueuePool, max_overflow=-1)
    sa.event.listen(engine, "handle_error", _explainer(path, timeout))
    return engine


def _explainer(path: Path, timeout: float) -> Callable[[ExceptionContext], StoreError | None]:
    def explain(context: ExceptionContext) -> StoreError | None:
        error = context.original_exception  # what is no error of SQLite is a fault of the code, and goes up as it is
        return _explained(error, path, timeout) if isinstance(error, sqlite3.Error) else None

    return explain


def _explained(error: sqlite3.Error, path: Path, timeout: float) -> StoreError:
    meaning = next((meaning for words, meaning in _MEANINGS.items() if words in str(error)), "SQLite failed")
    return StoreError(f"{path}: {meaning.format(timeout=timeout)} ({error})")


def _cannot_write(error: StoreError) -> bool:
    return any(words in str(error.__cause__) for words in ("readonly database", "unable to open database file"))


def _recognise(file: File, read_only: bool) -> None:
    path = file.path
    with file.reading() as connection:  # one state, or a store made meanwhile would pass for another program's
        made = _is_store(connection, path)
    if read_only:
        if not made:
            raise StoreError(f"{path}: is empty; import entities into it first, or correct the path")
        return
    if not made:
        with file.writing() as connection:
            if not _is_store(connection, path):  # another process may have been quicker
                tables.create_all(connection)
                connection.exec_driver_sql(
                    "CREATE VIRTUAL TABLE fulltext USING fts5"
                    "(words, content='', detail=none, columnsize=0, tokenize='unicode61 remove_diacritics 0')"
                )
                rows = [{"key": key, "value": value} for key, value in blocks.first().items()]
                connection.execute(sa.insert(meta), rows)
                connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.exec_driver_sql(f"PRAGMA user_version = {VERSION}")
    with file.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other


def _is_store(connection: Connection, path: Path) -> bool:
    """Whether the file holds a store that can be used; False for one without any table."""
    owner = connection.exec_driver_sql("PRAGMA application_id").scalar_one()
    version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
    if owner != APPLICATION_ID:
        if connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one():
            raise StoreError(f"{path}: is a SQLite file of another program; give a path of its own to the store")
        return False
    if version != VERSION:
        raise StoreError(
            f"{path}: was written in format {version}, this glinker-stores reads format {VERSION}; "
            "run: pip install --upgrade glinker-stores, or import the entities into a new file"
        )
    return True
