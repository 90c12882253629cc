from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from glinker_stores.dict import DictStore
from glinker_stores.postgres import PostgresStore
from glinker_stores.sqlite import SqliteStore

from glinker_core.layers import Store
from glinker_core.model import Entity
from tests import services


@pytest.fixture(params=["dict", "sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Each store in turn, open and empty."""
    made: Store
    if request.param == "dict":
        made = DictStore()
    elif request.param == "sqlite":
        made = SqliteStore(str(tmp_path / "kb.db"))
    else:
        made = PostgresStore(services.postgres(), schema=request.getfixturevalue("kept_schema"))
    made.open()
    made.clear()
    yield made
    made.close()


@pytest.fixture(scope="session")
def server() -> Iterator[psycopg.Connection[Any]]:
    """A connection to the database that all tests share; skips where there is none."""
    with psycopg.connect(services.postgres().replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("SET lock_timeout TO 5000; SET client_min_messages TO warning")
        yield connection


@contextmanager
def new_schema(server: psycopg.Connection[Any]) -> Iterator[str]:
    """A schema nobody else has; dropped in the end."""
    name = f"test_{secrets.token_hex(8)}"
    yield name
    server.execute(f"DROP SCHEMA IF EXISTS {name} CASCADE")


@pytest.fixture(scope="session")
def kept_schema(server: psycopg.Connection[Any]) -> Iterator[str]:
    """One schema for all tests that start with an empty store, which is quicker than a new one."""
    with new_schema(server) as name:
        yield name


@pytest.fixture
def schema(server: psycopg.Connection[Any]) -> Iterator[str]:
    """A schema of one test."""
    with new_schema(server) as name:
        yield name


@pytest.fixture
def other_schema(server: psycopg.Connection[Any]) -> Iterator[str]:
    """Another one."""
    with new_schema(server) as name:
        yield name


@pytest.fixture
def open_store(schema: str) -> Iterator[Callable[..., PostgresStore]]:
    """Opens stores in the schema unless another one is named, and closes them in the end."""
    made = []

    def opened(*entities: Entity, **settings: Any) -> PostgresStore:
        store = PostgresStore(**{"url": services.postgres(), "schema": schema, **settings})
        made.append(store)
        store.open()
        if entities:
            store.upsert(entities)
        return store

    yield opened
    for store in made:
        store.close()


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where a file may be made."""
    return str(tmp_path / "kb.db")


@pytest.fixture
def make() -> Iterator[Callable[..., SqliteStore]]:
    """Opens stores on files, and closes them in the end."""
    made = []

    def make(path: str, *entities: Entity, read_only: bool = False, timeout: float = 0.1) -> SqliteStore:
        store = SqliteStore(path, read_only=read_only, timeout=timeout)
        made.append(store)
        store.open()
        if entities:
            store.upsert(entities)
        return store

    yield make
    for store in made:
        store.close()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@pytest.fixture
def nobody() -> Callable[[], AbstractContextManager[None]]:
    """A block without the rights of root, to whom nothing is read-only."""
    if not hasattr(os, "seteuid"):
        pytest.skip("rights of files are another matter here")

    @contextmanager
    def block() -> Iterator[None]:
        user = os.geteuid()
        os.seteuid(65534 if user == 0 else user)
        try:
            yield
        finally:
            os.seteuid(user)

    return block
