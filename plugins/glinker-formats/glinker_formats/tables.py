"""Linked documents as a Parquet file: a row per document, with its mentions as a list of structs."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import Any

from attrs import define, field

from glinker_core.builtin.writers import CANDIDATE_KEYS, DOCUMENT_KEYS, MENTION_KEYS, record
from glinker_core.errors import PluginError
from glinker_core.model import LinkedDocument

_ROWS = 1000  # documents of a row group, which is what is held in memory
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Sink(io.RawIOBase):
    """Takes what is written, and gives it away."""

    def __init__(self) -> None:
        self._waiting, self._written = bytearray(), 0

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        more = bytes(content)
        self._waiting += more
        self._written += len(more)
        return len(more)

    def tell(self) -> int:
        return self._written

    def taken(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self._waiting)
        self._waiting.clear()
        return taken


@define
class ParquetWriter:
    """The columns are the keys of our JSON lines; `all_candidates` adds those of each mention.

    Half a surrogate pair, which Parquet cannot hold, becomes U+FFFD; offsets stay as they are.
    """

    all_candidates: bool = False
    _rows: list[dict[str, Any]] = field(factory=list, init=False, repr=False)
    _sink: _Sink = field(factory=_Sink, init=False, repr=False)
    _file: Any = field(default=None, init=False, repr=False)

    def write(self, document: LinkedDocument) -> bytes:
        """The bytes of a row group, once enough documents have come."""
        self._rows.append(_whole(record(document, self.all_candidates)))
        return self._group() if len(self._rows) == _ROWS else b""

    def end(self) -> bytes:
        """The last row group, and what stands where."""
        last = self._group()
        self._opened().close()
        return last + self._sink.taken()

    def _group(self) -> bytes:
        file = self._opened()
        if self._rows:
            import pyarrow

            file.write_table(pyarrow.Table.from_pylist(self._rows, file.schema))
            self._rows.clear()
        return self._sink.taken()

    def _opened(self) -> Any:
        if self._file is None:
            try:
                from pyarrow import parquet
            except ImportError as error:
                raise PluginError('parquet files need pyarrow; run: pip install "glinker-formats[parquet]"') from error
            self._file = parquet.ParquetWriter(self._sink, schema(self.all_candidates), write_page_checksum=True)
        return self._file


@lru_cache
def schema(candidates: bool = False) -> Any:
    """The `pyarrow.Schema` of linked documents, with the candidates of mentions or without."""
    import pyarrow as pa

    types = {str: pa.string(), int: pa.int64(), float: pa.float64()}
    mention = [(name, types[kind]) for name, kind in MENTION_KEYS.items()]
    if candidates:
        one = [(name, types[kind]) for name, kind in CANDIDATE_KEYS.items()]
        scores = ("scores", pa.map_(pa.string(), pa.float64()))
        mention.append(("candidates", pa.list_(pa.struct([*one, scores]))))
    about = [(name, types[kind]) for name, kind in DOCUMENT_KEYS.items()]
    return pa.schema([*about, ("entities", pa.list_(pa.struct(mention)))])


def _whole(value: Any) -> Any:
    """The same without halves of surrogate pairs."""
    if isinstance(value, str):
        return value if value.isascii() else _SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_whole(key): _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value
