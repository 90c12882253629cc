"""Entity stores: in memory, in one SQLite file and in PostgreSQL, with the same lookup of names."""

from __future__ import annotations

from collections.abc import Iterable

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_stores() -> Iterable[Component]:
    """The stores of this distribution."""
    yield Component("dict", "glinker_stores.dict:DictStore", "entities in memory; also remembers answers")
    yield Component("sqlite", "glinker_stores.sqlite:SqliteStore", "entities in one SQLite file")
    yield Component("postgres", "glinker_stores.postgres:PostgresStore", "entities in a PostgreSQL database")
