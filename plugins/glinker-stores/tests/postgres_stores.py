"""What tests of a `PostgresStore` in use share: entities, ways to ask, and ways to look at what is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import psycopg
from glinker_stores.postgres import PostgresStore

from glinker_core.layers import Search
from glinker_core.model import Entity
from tests import services

PARIS = Entity("1", "Paris", ("Lutetia",), "capital of France", popularity=2)
EXACT = Search(modes=("exact",))
FUZZY = Search(modes=("fuzzy",))
Open = Callable[..., PostgresStore]


def many(count: int = 3000) -> Iterator[Entity]:
    """Entities that are written in more than one piece."""
    return (Entity(f"new-{n}", f"a new name {n}", description="d" * 100) for n in range(count))


def state(store: PostgresStore) -> object:
    """All that a store shows."""
    return store.revision, list(store.entities()), sorted(store.names()), store.search(["a new nmae 7"], Search())


def execute(statement: str) -> list[Any]:
    """The rows of a statement, past the store."""
    with psycopg.connect(services.postgres().replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []
