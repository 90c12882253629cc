"""Parquet files: one entity or document per row, read row group by row group; linked documents as such a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from attrs import define

from glinker_core.builtin.records import document_of
from glinker_core.errors import PluginError, near
from glinker_core.files import read_lines
from glinker_core.layers import Row
from glinker_formats.rows import row_of


@define
class ParquetReader:
    """Rows with columns of our field names, or of those that JSON lines may have; others are kept in `metadata`.

    `aliases` is a column of lists of strings, `metadata` one of structs or maps. `text` and `id` are the columns of a
    document; `entities` has its mentions, if there is one, and others are not read. Problems are told with the number
    of the row, from 1. `batch_size` rows are held in memory at a time, beside the row group they come from.
    """

    batch_size: int = 1000
    text: str = "text"
    id: str = "id"

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per row; the whole file is held in memory, for what matters most stands at its end."""
        content = b"".join(lines)
        if content:
            yield from self._rows(BytesIO(content), _row)

    def entities_from(self, path: Path) -> Iterator[Row]:
        """One row per row, with no more in memory than a row group."""
        if path.suffix.lower() == ".gz":
            yield from self.entities(read_lines(path))
        elif path.stat().st_size:
            with path.open("rb") as stream:
                yield from self._rows(stream, _row)

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One document per row; the whole file is held in memory."""
        content = b"".join(lines)
        if content:
            yield from self._rows(BytesIO(content), self._document, (self.text, self.id, "entities"))

    def documents_from(self, path: Path) -> Iterator[Row]:
        """One document per row, with no more in memory than a row group."""
        if path.suffix.lower() in (".gz", ".zst"):
            yield from self.documents(read_lines(path))
        elif path.stat().st_size:
            with path.open("rb") as stream:
                yield from self._rows(stream, self._document, (self.text, self.id, "entities"))

    def _document(self, number: int, record: dict[str, Any]) -> Row:
        try:
            return Row(number, document_of(record, self.text, self.id))
        except ValueError as error:
            return Row(number, None, str(error))

    def _rows(
        self, stream: BinaryIO, make: Callable[[int, dict[str, Any]], Row], columns: Sequence[str] = ()
    ) -> Iterator[Row]:
        """What is made of each row, of these columns or of all; the first one must be there."""
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise PluginError('parquet files need pyarrow; run: pip install "glinker-formats[parquet]"') from error
        number = 0
        try:
            file = parquet.ParquetFile(stream, page_checksum_verification=True)
            names = file.schema_arrow.names
            if columns and columns[0] not in names:
                yield Row(1, None, f"no column '{columns[0]}'{near(columns[0], names)}")
                return
            wanted = [name for name in columns if name in names] or None
            for batch in file.iter_batches(self.batch_size, columns=wanted):
                for record in batch.to_pylist(maps_as_pydicts="strict"):
                    number += 1
                    yield make(number, record)
        except (pyarrow.ArrowException, OSError, ValueError, KeyError) as error:
            if getattr(error, "errno", None) is not None:  # the disk, not what is on it
                raise
            reason = str(error).strip().partition("\n")[0]
            yield Row(number + 1, None, f"not readable as Parquet: {reason}")


def _row(number: int, record: dict[str, Any]) -> Row:
    try:
        return row_of(number, {name: _plain(name, value) for name, value in record.items() if value is not None})
    except ValueError as error:
        return Row(number, None, str(error))


def _plain(name: str, value: Any) -> Any:
    """A value as JSON would have it; raises ValueError for what has no such form."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(name, item) for item in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise ValueError(f"'{name}' holds {type(value).__name__}, which no text can be; cast the column")
