"""Parquet files: one entity per row, read row group by row group."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

from attrs import define

from glinker_core.errors import PluginError
from glinker_core.files import read_lines
from glinker_core.layers import Row
from glinker_formats.rows import row_of


@define
class ParquetReader:
    """Rows with columns of our field names, or of those that JSON lines may have; others are kept in `metadata`.

    `aliases` is a column of lists of strings, `metadata` one of structs or maps. Problems are told with the number of
    the row, from 1. `batch_size` rows are held in memory at a time, beside the row group they come from.
    """

    batch_size: int = 1000

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per row; the whole file is held in memory, for what matters most stands at its end."""
        content = b"".join(lines)
        if content:
            yield from self._rows(BytesIO(content))

    def entities_from(self, path: Path) -> Iterator[Row]:
        """One row per row, with no more in memory than a row group."""
        if path.suffix.lower() == ".gz":
            yield from self.entities(read_lines(path))
        elif path.stat().st_size:
            with path.open("rb") as stream:
                yield from self._rows(stream)

    def _rows(self, stream: BinaryIO) -> Iterator[Row]:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise PluginError('parquet files need pyarrow; run: pip install "glinker-formats[parquet]"') from error
        number = 0
        try:
            file = parquet.ParquetFile(stream, page_checksum_verification=True)
            for batch in file.iter_batches(self.batch_size):
                for record in batch.to_pylist(maps_as_pydicts="strict"):
                    number += 1
                    yield _row(number, record)
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
