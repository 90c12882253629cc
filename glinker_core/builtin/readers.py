"""Entities and documents from JSON lines, tables and plain text, under the field names of several linkers."""

from __future__ import annotations

import csv
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, ClassVar

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
_IDS = _FIELDS["entity_id"]
_LIST_SEPARATOR = "|"
_LONGEST_CELL = 2**31 - 1
_SURROGATE = re.compile("[\ud800-\udfff]")


class _BadRecordError(ValueError):
    """What is wrong with one record."""


def entity_of(record: Any) -> Entity:
    """An entity from a mapping with our field names, GLiNKER's, LELA's or scispaCy's; raises ValueError.

    Fields of no meaning here are kept in `metadata`, and so are several `types`; embeddings of other systems are not.
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
    kind = values.get("entity_type", "")
    if isinstance(kind, (list, tuple)):
        values["entity_type"] = kind[0] if kind else ""
        if len(kind) > 1:
            extra["types"] = [_text({"types": one}, "types") for one in kind]
    return Entity(
        _text(values, "entity_id", required=True),
        _text(values, "label", required=True),
        _texts(values.get("aliases", ())),
        _text(values, "description"),
        _text(values, "entity_type"),
        _number(values.get("popularity", 0)),
        _metadata(extra, metadata) if extra or metadata else {},
    )


def entity_under(key: Any, record: Any) -> Entity:
    """An entity from a record that stands under its id in a mapping; raises ValueError."""
    if isinstance(record, Mapping) and not any(name in record for name in _IDS):
        record = {"entity_id": key, **record}
    entity = entity_of(record)
    if entity.entity_id != str(key):
        raise _BadRecordError(f"stands under {_short(key)}, but its 'entity_id' is {_short(entity.entity_id)}")
    return entity


def _metadata(extra: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    for name in extra:
        if name in metadata and metadata[name] != extra[name]:
            raise _BadRecordError(f"'{name}' stands in the record and in its 'metadata', and is not the same")
    merged = {**extra, **metadata}
    try:
        json.dumps(merged, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, TypeError, RecursionError) as error:  # also what is not UTF-8
        raise _BadRecordError(f"'metadata' cannot be kept as JSON: {error}") from error
    return merged


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


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _BadRecordError(f"'popularity' must be a number, got {_short(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0:
        wanted = "0 or more" if math.isfinite(number) else "0 or more and finite"
        raise _BadRecordError(f"'popularity' must be {wanted}, got {_short(value)}")
    return value if number < 2**53 else number  # stores keep whole numbers of 64 bits


def document_of(record: Any) -> Document:
    """A document from a string or a mapping with `text`, optional `id` and optional `entities`; raises ValueError."""
    if isinstance(record, Document):
        return record
    if isinstance(record, str):
        return Document(record)
    if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
        raise _BadRecordError(f"expected an object with a string 'text', got {_short(record)}")
    given, name = record.get("entities", record.get("mentions")), record.get("id")
    if given is not None and not isinstance(given, (list, tuple)):
        raise _BadRecordError(f"'entities' must be a list of mentions, got {_short(given)}")
    if isinstance(name, bool) or not isinstance(name, (str, int, type(None))):
        raise _BadRecordError(f"'id' must be a string, got {_short(name)}")
    return Document(record["text"], "" if name is None else str(name), None if given is None else tuple(given))


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
        return _rows(_json_records(lines), document_of)


def _json_records(lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
    decode = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield number, decode(line.decode("utf-8"))
        except UnicodeDecodeError as error:
            yield number, _BadRecordError(f"not UTF-8: byte {error.start}: {error.reason}")
        except json.JSONDecodeError as error:
            yield number, _BadRecordError(f"not JSON: {error.msg}, column {error.colno}")
        except ValueError as error:  # a key twice, NaN, a number of too many digits
            yield number, _BadRecordError(f"not JSON: {error}")
        except RecursionError:
            yield number, _BadRecordError("not JSON: nested too deeply")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        raise _BadRecordError(f"key '{next(name for name in names if names.count(name) > 1)}' stands there twice")
    return made


def _constant(name: str) -> Any:
    raise _BadRecordError(f"{name} is no number")


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
        return _rows(self._records(lines), document_of)

    def _records(self, lines: Iterable[bytes]) -> Iterator[tuple[int, Any]]:
        if csv.field_size_limit() < _LONGEST_CELL:
            csv.field_size_limit(_LONGEST_CELL)  # the module's own is 131072 letters, for all readers of a process
        bad: dict[int, _BadRecordError] = {}
        table = csv.reader(_decoded(lines, bad), delimiter=self._separator(), strict=True)
        header: list[str] = []
        while True:
            start = table.line_num + 1
            try:
                cells = next(table, None)
            except csv.Error as error:
                reach = f"; the record reaches to line {table.line_num}" if table.line_num > start else ""
                bad[start], cells = _BadRecordError(f"not a table: {error}{reach}"), []
            if bad:  # a record with a line that cannot be read is no record
                yield from sorted(bad.items())
                bad.clear()
                if not header:
                    yield start, _BadRecordError("not a table: the line that should name the columns cannot be read")
                    return
            elif cells and header and len(cells) != len(header):
                yield start, _BadRecordError(f"{len(cells)} cells where the header has {len(header)}")
            elif cells and header:
                yield start, dict(zip(header, cells, strict=True))
            elif cells:
                header = [cell.strip() for cell in cells]
                wrong = [name for name in header if not name or header.count(name) > 1]
                if wrong:
                    what = f"two columns are called '{wrong[0]}'" if wrong[0] else "a column has no name"
                    yield start, _BadRecordError(f"not a table: {what} in the header")
                    return
            if cells is None:
                return


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

    whole_file: ClassVar[bool] = True

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One document."""
        try:
            yield Row(1, Document(b"".join(lines).decode("utf-8")))
        except UnicodeDecodeError as error:
            yield Row(1, None, f"not UTF-8: byte {error.start}: {error.reason}")
