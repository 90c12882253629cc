"""Entities and documents from JSON lines, tables and plain text."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from attrs import define

from glinker_core.builtin.records import OURS, BadRecordError, document_of, entity_of
from glinker_core.errors import near
from glinker_core.layers import Row
from glinker_core.model import Document, Entity

_LIST_SEPARATOR = "|"
_LONGEST_CELL = 2**31 - 1


def _rows(records: Iterable[tuple[int, Any]], make: Callable[[Any], Entity | Document]) -> Iterator[Row]:
    for line, record in records:
        if isinstance(record, BadRecordError):
            yield Row(line, None, str(record))
            continue
        try:
            yield Row(line, make(record))
        except ValueError as error:
            yield Row(line, None, str(error))


@define
class JsonlReader:
    """One JSON object per line; blank lines are passed over. `text` and `id` are the keys a document has them under."""

    text: str = "text"
    id: str = "id"

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Entities, one per line."""
        return _rows(json_records(lines), entity_of)

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Documents, one per line: `{"text", "id", "entities"}`, or a string."""
        return _rows(json_records(lines), partial(document_of, text=self.text, id=self.id))


def json_records(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    """Number and value of each line that is not blank; a line that cannot be read has the error as its value."""
    decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, decode(line.rstrip(b"\r\n").decode("utf-8"))
        except UnicodeDecodeError as error:
            yield number, BadRecordError(f"not UTF-8: byte {error.start}: {error.reason}")
        except json.JSONDecodeError as error:
            yield number, BadRecordError(f"not JSON: {error.msg}, column {error.colno}")
        except ValueError as error:  # a key twice, NaN, a number of too many digits
            yield number, BadRecordError(f"not JSON: {error}")
        except RecursionError:
            yield number, BadRecordError("not JSON: nested too deeply")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise BadRecordError(f"key '{next(name for name in names if names.count(name) > 1)}' stands there twice")
    return made


def _constant(name: str) -> Any:
    raise BadRecordError(f"{name} is no number")


@define
class _TableReader:
    """A table with a header line of field names; `aliases` and `types` are separated by `|`.

    `text` and `id` are the columns of a document.
    """

    text: str = "text"
    id: str = "id"

    def _separator(self) -> str:
        raise NotImplementedError  # the two tables below say it

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Entities, one per record."""
        return _rows(self._records(lines), lambda record: entity_of(_entity_cells(record)))

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Documents, one per record."""
        return _rows(self._records(lines, self.text), partial(document_of, text=self.text, id=self.id))

    def _records(self, lines: Iterable[bytes], needed: str = "") -> Iterator[tuple[int, Any]]:
        """The records by the line each begins in; without the column that is needed, there are none."""
        if csv.field_size_limit() < _LONGEST_CELL:
            csv.field_size_limit(_LONGEST_CELL)  # the module's own is 131072 letters, for all readers of a process
        bad: dict[int, BadRecordError] = {}
        table = csv.reader(_decoded(lines, bad), delimiter=self._separator(), strict=True)
        header: list[str] = []
        while True:
            start = table.line_num + 1
            try:
                cells = next(table, None)
            except csv.Error as error:
                reach = f"; the record reaches to line {table.line_num}" if table.line_num > start else ""
                bad[start], cells = BadRecordError(f"not a table: {error}{reach}"), []
            if bad:  # a record with a line that cannot be read is no record
                yield from sorted(bad.items())
                bad.clear()
                if not header:
                    yield start, BadRecordError("not a table: the line that should name the columns cannot be read")
                    return
            elif cells and header and len(cells) != len(header):
                yield start, BadRecordError(f"{len(cells)} cells where the header has {len(header)}")
            elif cells and header:
                yield start, dict(zip(header, cells, strict=True))
            elif cells:
                header = [cell.strip() for cell in cells]
                wrong = [name for name in header if not name or header.count(name) > 1]
                if wrong:
                    what = f"two columns are called '{wrong[0]}'" if wrong[0] else "a column has no name"
                    yield start, BadRecordError(f"not a table: {what} in the header")
                    return
                if needed and needed not in header:
                    yield start, BadRecordError(f"no column '{needed}'{near(needed, header)}")
                    return
            if cells is None:
                return


def _decoded(lines: Iterable[bytes], bad: dict[int, BadRecordError]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            bad[number] = BadRecordError(f"not UTF-8: byte {error.start}: {error.reason}")
            yield "\n"


def _entity_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, cell in cells.items():
        ours = OURS.get(name)
        if ours == "aliases" or name == "types":
            record[name] = [part.strip() for part in cell.split(_LIST_SEPARATOR) if part.strip()]
        elif ours == "popularity":
            record[name] = _parsed_number(cell)
        elif cell or ours in ("entity_id", "label"):
            record[name] = cell
    return record


def _parsed_number(cell: str) -> Any:
    try:
        return int(cell) if cell.strip().lstrip("+-").isdigit() else float(cell) if cell.strip() else 0
    except ValueError:
        return cell  # the entity says what a popularity is


@define
class CsvReader(_TableReader):
    """A comma-separated table."""

    def _separator(self) -> str:
        return ","


@define
class TsvReader(_TableReader):
    """A tab-separated table."""

    def _separator(self) -> str:
        return "\t"


@define
class TextReader:
    """Plain text: the whole file is one document."""

    whole_file: ClassVar[bool] = True

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One document."""
        try:
            yield Row(1, Document(b"".join(lines).decode("utf-8")))
        except UnicodeDecodeError as error:
            yield Row(1, None, f"not UTF-8: byte {error.start}: {error.reason}")


__all__ = ["CsvReader", "JsonlReader", "TextReader", "TsvReader", "document_of", "entity_of", "json_records"]
