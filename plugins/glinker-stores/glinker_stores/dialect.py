"""What each kind of SQL database says in its own way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from glinker_core.layers import Search


class Dialect(Protocol):
    """What each kind of database says in its own way."""

    def revision(self, connection: Connection) -> str:
        """The revision the connection sees."""

    def named(self, connection: Connection, keys: Sequence[str]) -> Iterable[Sequence[Any]]:
        """The columns of `name` of each name with one of these keys, those of its entity but for `row` after them."""

    def identified(self, connection: Connection, entity_ids: Sequence[str]) -> Iterable[Sequence[Any]]:
        """The columns of `entity` of those with these ids."""

    def described(self, connection: Connection, words: Sequence[str], search: Search) -> Iterable[Sequence[Any]]:
        """The columns of `entity` of those whose descriptions have all words: the `search.limit` most popular ones."""

    def stage(self, connection: Connection) -> None:
        """Make the tables of `staging`, for this transaction."""

    def insert(self, connection: Connection, table: sa.Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows, with a value for each column; there may be none."""

    def forget(self, connection: Connection, names: Sequence[tuple[int, str]]) -> None:
        """Remove entities, their names and their vectors: given are their rows, with the key of each name."""

    def describe(self, connection: Connection, entities: Iterable[tuple[int, str]]) -> None:
        """Index the descriptions of rows."""

    def undescribe(self, connection: Connection, entities: Iterable[tuple[int, str]]) -> None:
        """Take descriptions of rows out of the index."""

    def empty(self, connection: Connection) -> None:
        """Remove everything but the revision."""
