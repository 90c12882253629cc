"""What is compared, behind one interface, and our stores behind it.

A method searches in one or more *ways*. Ours are the rows of `WAYS`; a new search mode is one line there. Modes that a
store does not know are left out, and so is a way whose last mode it does not know; the tables say what was asked.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol

import sqlalchemy as sa
from attrs import define, frozen

from glinker_core.layers import Search
from glinker_core.model import Entity

_POSTGRES = "postgresql+psycopg://glinker:glinker@localhost:5432/glinker"
_DATABASE = "glinker_benchmark"


@frozen
class Way:
    """A way to search: the modes of our stores, the queries its rate is measured with, and whether its recall is.

    With `fill`, modes go on until there are enough candidates.
    """

    modes: tuple[str, ...]
    rated_with: str
    recalled: bool = False
    fill: bool = False


WAYS = {
    "exact": Way(("exact",), "exact", recalled=True),
    "fuzzy": Way(("exact", "variant", "fuzzy"), "typos, 1 or 2", recalled=True),
    "filled": Way(("exact", "variant", "fuzzy"), "typos, 1 or 2", recalled=True, fill=True),
    "all": Way(("exact", "variant", "fuzzy", "partial", "initials", "similar"), "reworded", recalled=True),
    "variant": Way(("variant",), "variants"),
    "partial": Way(("partial",), "partial names"),
    "similar": Way(("similar",), "reworded"),
    "prefix": Way(("prefix",), "partial names"),
    "text": Way(("text",), "partial names"),
}


class MissingError(Exception):
    """A method that cannot run here; says what it needs."""


def search_of(way: str, store: Any) -> Search | None:
    """How that store is asked, or None where it does not know the mode the way is about."""
    modes = tuple(mode for mode in WAYS[way].modes if mode in type(store).modes)
    return Search(modes=modes, fill=WAYS[way].fill) if modes[-1:] == WAYS[way].modes[-1:] else None


class Method(Protocol):
    """What is measured. `search` gives what it gives; `ids` makes entity ids of it, best first, outside the clock."""

    batch: ClassVar[int]  # names it is given at once when it is measured in batches
    lasting: ClassVar[bool]  # whether another process finds what was added
    edits: ClassVar[tuple[str, ...]]  # of `add` and `remove`, those it can do to what it holds

    def ways(self) -> dict[str, str]:
        """Its ways, with what each does."""

    def open(self) -> None:
        """MissingError where it cannot run."""

    def close(self) -> None: ...

    def add(self, entities: Iterable[Entity]) -> None: ...

    def remove(self, entity_ids: Sequence[str]) -> None: ...

    def search(self, way: str, names: Sequence[str]) -> Sequence[Any]: ...

    def ids(self, found: Any) -> list[str]: ...

    def size(self) -> int:
        """Bytes on disk, when it is closed."""

    def erase(self) -> None:
        """Leave nothing behind, nor what a run before this one left."""


@define
class OurStore:
    """One of our stores."""

    store: Any

    batch: ClassVar[int] = 500
    lasting: ClassVar[bool] = False
    edits: ClassVar[tuple[str, ...]] = ("add", "remove")

    def ways(self) -> dict[str, str]:
        return {name: ", ".join(found.modes) for name in WAYS if (found := search_of(name, self.store))}

    def open(self) -> None:
        self.store.open()

    def close(self) -> None:
        self.store.close()

    def add(self, entities: Iterable[Entity]) -> None:
        self.store.upsert(entities)

    def remove(self, entity_ids: Sequence[str]) -> None:
        self.store.delete(entity_ids)

    def search(self, way: str, names: Sequence[str]) -> Sequence[Any]:
        found: Sequence[Any] = self.store.search(names, search_of(way, self.store))
        return found

    def ids(self, found: Any) -> list[str]:
        return [candidate.entity_id for candidate in found]

    def size(self) -> int:
        return 0

    def erase(self) -> None:
        """Nothing is left behind."""


@define
class SqliteFile(OurStore):
    """`sqlite`, in a file in a folder that somebody else removes."""

    path: Path

    lasting: ClassVar[bool] = True

    def size(self) -> int:
        return self.path.stat().st_size


@define
class PostgresDatabase(OurStore):
    """`postgres`, in a database of its own on a server that others use too."""

    url: sa.URL

    lasting: ClassVar[bool] = True

    def open(self) -> None:
        try:
            with self._server() as connection:
                there = connection.scalar(sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), _NAME)
                if not there:
                    connection.execute(sa.text(f"CREATE DATABASE {_DATABASE} TEMPLATE template0"))
        except sa.exc.OperationalError as error:
            raise MissingError(f"postgres: no server answers ({error.orig}); run: make services") from error
        self.store.open()

    def size(self) -> int:
        with self._server() as connection:
            size: int = connection.scalar(sa.text("SELECT pg_database_size(:name)"), _NAME) or 0
        return size

    def erase(self) -> None:
        with self._server() as connection:
            connection.execute(sa.text(f"DROP DATABASE IF EXISTS {_DATABASE}"))

    def _server(self) -> Any:
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        return engine.connect()


_NAME = {"name": _DATABASE}


def _store(kind: str, **config: Any) -> Any:
    module = f"glinker_stores.{kind}"
    if importlib.util.find_spec(module) is None:
        raise MissingError(f"{kind}: there is no {module}; install a glinker-stores that has it")
    return getattr(importlib.import_module(module), f"{kind.title()}Store")(**config)


def _postgres(_: Path) -> Method:
    url = sa.make_url(os.environ.get("GLINKER_TEST_POSTGRES", _POSTGRES))
    ours = url.set(database=_DATABASE).render_as_string(hide_password=False)
    return PostgresDatabase(_store("postgres", url=ours), url=url)


#: Our stores, each made for a path where it may keep a file.
OURS: dict[str, Callable[[Path], Method]] = {
    "dict": lambda _: OurStore(_store("dict")),
    "sqlite": lambda path: SqliteFile(_store("sqlite", path=str(path)), path=path),
    "postgres": _postgres,
}
