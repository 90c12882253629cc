"""Entities and documents from JSON lines, tables and plain text, under the field names of several linkers."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from attrs import define

from glinker_core.errors import near
from glinker_core.layers import Row
from glinker_core.model import Document, Entity

# ours, GLiNKER's; LELA's; scispaCy's
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "entity_id": ("entity_id", "id", "concept_id"),
    "label": ("label", "title", "canonical_name"),
    "aliases": ("aliases",),
    "description": ("description", "definition"),
    "entity_type": ("entity_type", "type", "types"),
    "popularity": ("popularity",),
    "metadata": ("metadata",),
}
_OURS = {theirs: ours for ours, names in _FIELDS.items() for theirs in names}
_LIST_SEPARATOR = "|"
_SURROGATE = re.compile("[\ud800-\udfff]")


class _BadRecordError(ValueError):
    """What is wrong with one record."""


def entity_of(record: Any) -> Entity:
    """An entity from a mapping with our field names, GLiNKER's, LELA's or scispaCy's; raises ValueError.

    Fields of no meaning here are kept in `metadata`; embeddings of other systems are not.
    """
    if isinstance(record, Entity):
        return record
    if not isinstance(record, Mapping):
        raise _BadRecordError(f"expected an object with 'entity_id' and 'label', got {_short(record)}")
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in record.items():
        ours = _OURS.get(name)
        if ours is None:
            if name not in ("embedding", "embedding_model_id"):
                extra[name] = value
        elif ours in values:
            raise _BadRecordError(f"'{name}' says '{ours}' a second time")
        elif value is not None:
            values[ours] = value
    metadata = values.pop("metadata", {})
    if not isinstance(metadata, Mapping):
        raise _BadRecordError(f"'metadata' must be an object, got {_short(metadata)}")
    for name in ("entity_id", "label"):
        if name not in values:
            raise _BadRecordError(f"'{name}' is missing{_mistyped(name, extra)}")
    return Entity(
        _text(values, "entity_id", required=True),
        _text(values, "label", required=True),
        _texts(values.get("aliases", ())),
        _text(values, "description"),
        _type(values.get("entity_type", "")),
        _number(values.get("popularity", 0)),
        {**extra, **metadata},
    )


def _mistyped(name: str, extra: Mapping[str, Any]) -> str:
    hint = near(name, extra)
    return f"; there is {hint.split('mean ')[1].rstrip('?')}" if "did you mean" in hint else ""


def _text(values: Mapping[str, Any], name: str, required: bool = False) -> str:
    value = values.get(name, "")
    if name == "entity_id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str):
        raise _BadRecordError(f"'{name}' must be a string, got {_short(value)}")
    if required and not value.strip():
        raise _BadRecordError(f"'{name}' is empty")
    if not value.isascii() and _SURROGATE.search(value):
        raise _BadRecordError(f"'{name}' holds half of a surrogate pair: {value!r}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise _BadRecordError(f"'aliases' must be a list of strings, got {_short(value)}")
    aliases = [_text({"aliases": alias}, "aliases") for alias in value]
    return tuple(dict.fromkeys(alias for alias in aliases if alias.strip()))


def _type(value: Any) -> str:
    """One type; of scispaCy's list of types the first."""
    first = value[0] if isinstance(value, (list, tuple)) and value else "" if value == [] else value
    return _text({"entity_type": first}, "entity_type")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BadRecordError(f"'popularity' must be a number, got {_short(value)}")
    if not math.isfinite(value) or value < 0:
        raise _BadRecordError(f"'popularity' must be 0 or more, got {value}")
    return value


def document_of(record: Any, number: int = 0) -> Document:
    """A document from a string or a mapping with `text`, optional `id` and optional `entities`; raises ValueError."""
    if isinstance(record, Document):
        return record
    if isinstance(record, str):
        return Document(record, str(number))
    if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
        raise _BadRecordError(f"expected an object with a string 'text', got {_short(record)}")
    given = record.get("entities", record.get("mentions"))
    if given is not None and not isinstance(given, (list, tuple)):
        raise _BadRecordError(f"'entities' must be a list of mentions, got {_short(given)}")
    return Document(record["text"], str(record.get("id", number)), None if given is None else tuple(given))


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."


def _rows(records: Iterable[tuple[int, Any]], make: Callable[[Any], Entity | Document]) -> Iterator[Row]:
    for line, record in records:
        if isinstance(record, _BadRecordError):
            yield Row(line, None, str(record))
            continue
        try:
            yield Row(line, make(record))
        except ValueError as error:
            yield Row(line, None, str(error))


@define
class JsonlReader:
    """One JSON object per line; blank lines are passed over."""

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Entities, one per line."""
        return _rows(_json_records(lines), entity_of)

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Documents, one per line: `{"text", "id", "entities"}`, or a string."""
        for line, record in _json_records(lines):
            yield from _rows([(line, record)], lambda item, line=line: document_of(item, line))  # type: ignore[misc]


def _json_records(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, json.loads(line)
        except UnicodeDecodeError as error:
            yield number, _BadRecordError(f"not UTF-8: byte {error.start}: {error.reason}")
        except json.JSONDecodeError as error:
            yield number, _BadRecordError(f"not JSON: {error.msg}, column {error.colno}")
        except RecursionError:
            yield number, _BadRecordError("not readable JSON: nested too deeply")


@define
class _TableReader:
    """A table with a header line of field names; `aliases` and `types` are separated by `|`."""

    def _separator(self) -> str:
        raise NotImplementedError  # the two tables below say it

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Entities, one per record."""
        return _rows(self._records(lines), lambda record: entity_of(_entity_cells(record)))

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Documents, one per record, from the columns `text` and `id`."""
        for line, record in self._records(lines):
            yield from _rows([(line, record)], lambda item, line=line: document_of(item, line))  # type: ignore[misc]

    def _records(self, lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
        bad: dict[int, _BadRecordError] = {}
        table = csv.reader(_decoded(lines, bad), delimiter=self._separator(), strict=True)
        header: list[str] | None = None
        while True:
            start = table.line_num + 1
            try:
                cells = next(table, None)
            except csv.Error as error:
                yield table.line_num, _BadRecordError(f"not a table: {error}")
                continue
            for number in sorted(n for n in bad if n <= table.line_num):
                yield number, bad.pop(number)
            if cells is None:
                return
            if not cells or cells == [""]:
                continue
            if header is None:
                header = [cell.strip() for cell in cells]
            elif len(cells) != len(header):
                yield start, _BadRecordError(f"{len(cells)} cells where the header has {len(header)}")
            else:
                yield start, dict(zip(header, cells, strict=True))


def _decoded(lines: Iterable[bytes], bad: dict[int, _BadRecordError]) -> Iterator[str]:
    for number, line in enumerate(lines, 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            bad[number] = _BadRecordError(f"not UTF-8: byte {error.start}: {error.reason}")
            yield "\n"


def _entity_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for name, cell in cells.items():
        ours = _OURS.get(name)
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

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One document."""
        try:
            yield Row(1, Document(b"".join(lines).decode("utf-8")))
        except UnicodeDecodeError as error:
            yield Row(1, None, f"not UTF-8: byte {error.start}: {error.reason}")
