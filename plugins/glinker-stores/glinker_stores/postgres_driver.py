"""psycopg as a store needs it: any text and any number come back exactly, and many rows go in by COPY.

The only module that imports psycopg, which not everyone who has SQLite installs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from psycopg.adapt import AdaptersMap, Buffer, Dumper, Loader
from psycopg.types.string import StrDumperUnknown


def connect(**options: Any) -> psycopg.Connection[Any]:
    """A connection in which transactions are begun by hand."""
    try:
        return psycopg.connect(**options, autocommit=True, cursor_factory=_Cursor, context=_adapters())
    except UnicodeError as error:  # hosts that cannot be written as such
        raise psycopg.OperationalError(f"failed to resolve host: {error}") from error


def _adapters() -> AdaptersMap:
    adapters = AdaptersMap(psycopg.adapters)
    adapters.register_dumper(str, _Text)
    adapters.register_dumper(float, _Float)
    adapters.register_loader("text", _TextLoader)
    adapters.register_loader("numeric", _NumberLoader)
    return adapters


class _Cursor(psycopg.Cursor[Any]):
    """Sends the rows of `COPY ... FROM STDIN` as other statements are sent for many rows."""

    def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
        return self._copy(query, [params]) if _copies(query) else super().execute(query, params, **options)

    def executemany(self, query: Any, params_seq: Iterable[Any], **options: Any) -> None:
        if _copies(query):
            self._copy(query, params_seq)
        else:
            super().executemany(query, params_seq, **options)

    def _copy(self, query: Any, rows: Iterable[Sequence[Any]]) -> Any:
        with self.copy(query) as copy:
            for row in rows:
                copy.write_row(row)
        return self


def _copies(query: Any) -> bool:
    return isinstance(query, str) and query.startswith("COPY ")


class _Text(StrDumperUnknown):
    """PostgreSQL holds no NUL: it is written as two signs, in such a way that the order of texts stays the same."""

    def dump(self, obj: str) -> Buffer:
        if "\x00" in obj or "\x01" in obj:
            obj = obj.replace("\x01", "\x01\x02").replace("\x00", "\x01\x01")
        return obj.encode()


class _TextLoader(Loader):
    def load(self, data: Buffer) -> str:
        text = str(data, "utf-8")
        return text.replace("\x01\x01", "\x00").replace("\x01\x02", "\x01") if "\x01" in text else text


class _Float(Dumper):
    """A float as a decimal number with a point, which an int has not, and from which it is read again to the bit."""

    oid = psycopg.adapters.types["numeric"].oid

    def dump(self, obj: float) -> bytes:
        return (f"{obj:.1f}" if obj.is_integer() else repr(obj)).encode()


class _NumberLoader(Loader):
    def load(self, data: Buffer) -> float:
        text = bytes(data)
        return float(text) if b"." in text else int(text)
