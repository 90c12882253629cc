"""`PostgresStore`: a knowledge base in a schema of a PostgreSQL database, for all machines that reach the server."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, ClassVar

import sqlalchemy as sa
from attrs import define, field

from glinker_stores.dialect import Dialect
from glinker_stores.postgres_dialect import PostgresDialect
from glinker_stores.postgres_engine import Database, connect
from glinker_stores.sql import SqlStore

_SCHEMA = "glinker"
_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")


@define(eq=False)
class PostgresStore(SqlStore):
    """Entities in the schema `schema` of a PostgreSQL database, which is made when it is not there unless `read_only`.

    The database is at `url` (`postgresql://user:password@host:port/database?sslmode=require`, where `schema=...` may
    stand as well), or at `host`, `port` and `database`; without `user` or `password` those of libpq count (`PGUSER`,
    `PGPASSWORD`, `~/.pgpass`). Nothing takes longer than `timeout` seconds: to connect, to answer, to wait for another
    writer; but a write may, while it writes. `pool_size` connections are kept, and more are opened while more are
    needed at once. Safe to use from several threads and after a fork. Whatever goes wrong with the server is a
    StoreError.
    """

    url: str = field(default="", repr=False)
    host: str = "localhost"
    port: int = 5432
    database: str = "glinker"
    user: str = ""
    password: str | None = field(default=None, repr=False)
    schema: str = _SCHEMA
    timeout: float = 30.0
    pool_size: int = 5
    read_only: bool = False

    dialect: ClassVar[Dialect] = PostgresDialect()

    def __attrs_post_init__(self) -> None:
        ours = (self.host, self.port, self.database, self.user, self.password)
        if self.url and ours != ("localhost", 5432, "glinker", "", None):
            raise ValueError("url says where the database is; leave out host, port, database, user and password")
        if not 1 <= self.port <= 65_535:
            raise ValueError(f"port must be from 1 to 65535, got {self.port}")
        named = self._address().query.get("schema", self.schema)
        if self.schema not in (_SCHEMA, named):
            raise ValueError("schema stands here and in url, and is not the same; write one of them")
        if not (isinstance(named, str) and re.fullmatch("(?!pg_)[a-z_][a-z0-9_]{0,62}", named)):
            raise ValueError(
                f"schema must be made of small letters, digits and _, and not begin with pg_, at most 63, got {named!r}"
            )
        self.schema = named
        if not self.timeout > 0:
            raise ValueError(f"timeout must be more than 0 seconds, got {self.timeout}")
        if self.pool_size < 1:
            raise ValueError(f"pool_size must be at least 1, got {self.pool_size}")

    def _address(self) -> sa.URL:
        """Where the database is, and as whom it is asked."""
        if not self.url:
            who = self.user or None, self.password or None
            return sa.URL.create("postgresql", *who, self.host, self.port, self.database or None)
        try:
            url = sa.make_url(self.url)
        except (sa.exc.ArgumentError, ValueError):  # says what it choked on, which may be a piece of the password
            url = sa.URL.create("unreadable")
        misread = "@" in f"{url.host}{url.database}" or "/" in (url.database or "")  # a piece of the password
        if misread or url.drivername not in _SCHEMES:
            raise ValueError(
                "url cannot be read; expected postgresql://[user[:password]@][host][:port][/database][?option=value], "
                "signs such as @ and / in the password written as %40 and %2F"
            ) from None
        return url

    def _arguments(self) -> Mapping[str, Any]:
        """What libpq is told."""
        url = self._address()
        options = {option: value for option, value in url.query.items() if option != "schema"}
        return {**options, **url.translate_connect_args(username="user", database="dbname")}

    @property
    def place(self) -> str:
        """What messages call the store."""
        said = self._arguments()
        server = f"{said.get('host', 'localhost')}:{said.get('port', 5432)}"
        return f"PostgreSQL at {server}, database {said.get('dbname', 'of the user')}, schema {self.schema}"

    def connect(self) -> Database:
        """The schema, in which there is a store."""
        return connect(self._arguments(), self.place, self.schema, self.timeout, self.pool_size, self.read_only)
