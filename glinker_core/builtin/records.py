"""Entities and documents from plain mappings, under the field names of several linkers."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from glinker_core.errors import near
from glinker_core.model import Document, Entity

# ours, GLiNKER's; LELA's; scispaCy's
FIELDS: Mapping[str, tuple[str, ...]] = {
    "entity_id": ("entity_id", "id", "concept_id"),
    "label": ("label", "title", "canonical_name"),
    "aliases": ("aliases",),
    "description": ("description", "definition"),
    "entity_type": ("entity_type", "type", "types"),
    "popularity": ("popularity",),
    "metadata": ("metadata",),
}
OURS = {theirs: ours for ours, names in FIELDS.items() for theirs in names}
_IDS = FIELDS["entity_id"]
_SURROGATE = re.compile("[\ud800-\udfff]")
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode  # made once: json.dumps makes one per call


class BadRecordError(ValueError):
    """What is wrong with one record."""


def entity_of(record: Any) -> Entity:
    """An entity from a mapping with our field names, GLiNKER's, LELA's or scispaCy's; raises ValueError.

    Fields of no meaning here are kept in `metadata`, and so are several `types`; embeddings of other systems are not.
    """
    if isinstance(record, Entity):
        return record
    if not isinstance(record, Mapping):
        raise BadRecordError(f"expected an object with 'entity_id' and 'label', got {_short(record)}")
    values: dict[str, Any] = {}
    extra: dict[str, Any] = {}
    for name, value in record.items():
        ours = OURS.get(name)
        if ours is None:
            if name not in ("embedding", "embedding_model_id"):
                extra[name] = value
        elif ours in values:
            raise BadRecordError(f"'{name}' says '{ours}' a second time")
        elif value is not None:
            values[ours] = value
    metadata = values.pop("metadata", {})
    if not isinstance(metadata, Mapping):
        raise BadRecordError(f"'metadata' must be an object, got {_short(metadata)}")
    for name in ("entity_id", "label"):
        if name not in values:
            raise BadRecordError(f"'{name}' is missing{_mistyped(name, extra)}")
    kind = values.get("entity_type", "")
    if isinstance(kind, (list, tuple)):
        values["entity_type"] = kind[0] if kind else ""
        if len(kind) > 1:
            extra["types"] = [_sound(one, "types") for one in kind]
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
        raise BadRecordError(f"stands under {_short(key)}, but its 'entity_id' is {_short(entity.entity_id)}")
    return entity


def _metadata(extra: Mapping[str, Any], metadata: Mapping[str, Any]) -> dict[str, Any]:
    for name in extra:
        if name in metadata and metadata[name] != extra[name]:
            raise BadRecordError(f"'{name}' stands in the record and in its 'metadata', and is not the same")
    merged = {**extra, **metadata}
    try:
        if not _strings(merged):
            _ENCODE(merged).encode()
    except (ValueError, TypeError, RecursionError) as error:  # also what is not UTF-8
        raise BadRecordError(f"'metadata' cannot be kept as JSON: {error}") from error
    return merged


def _strings(metadata: Mapping[str, Any]) -> bool:
    """Whether there is nothing but strings without surrogates, as in most: then no JSON need be tried."""
    try:
        "".join((*metadata, *metadata.values())).encode()
    except (TypeError, UnicodeEncodeError):
        return False
    return True


def _mistyped(name: str, extra: Mapping[str, Any]) -> str:
    hint = near(name, extra)
    return f"; there is {hint.split('mean ')[1].rstrip('?')}" if "did you mean" in hint else ""


def _text(values: Mapping[str, Any], name: str, required: bool = False) -> str:
    value = values.get(name, "")
    if name == "entity_id" and isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    text = _sound(value, name)
    if required and not text.strip():
        raise BadRecordError(f"'{name}' is empty")
    return text


def _sound(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise BadRecordError(f"'{name}' must be a string, got {_short(value)}")
    if not value.isascii() and _SURROGATE.search(value):
        raise BadRecordError(f"'{name}' holds half of a surrogate pair: {value!r}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise BadRecordError(f"'aliases' must be a list of strings, got {_short(value)}")
    aliases = [_sound(alias, "aliases") for alias in value]
    return tuple(dict.fromkeys([alias for alias in aliases if alias.strip()]))


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRecordError(f"'popularity' must be a number, got {_short(value)}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number < 0:
        wanted = "0 or more" if math.isfinite(number) else "0 or more and finite"
        raise BadRecordError(f"'popularity' must be {wanted}, got {_short(value)}")
    return value if number < 2**53 else number  # stores keep whole numbers of 64 bits


def document_of(record: Any, text: str = "text", id: str = "id") -> Document:  # noqa: A002  # as the settings of readers
    """A document from a string or a mapping with `text`, optional `id` and optional `entities`; raises ValueError.

    `text` and `id` are the keys under which the mapping has both.
    """
    if isinstance(record, Document):
        return record
    if isinstance(record, str):
        return Document(record)
    if not isinstance(record, Mapping) or not isinstance(record.get(text), str):
        raise BadRecordError(f"expected an object with a string '{text}', got {_short(record)}")
    given, name = record.get("entities", record.get("mentions")), record.get(id)
    if given is not None and not isinstance(given, (list, tuple)):
        raise BadRecordError(f"'entities' must be a list of mentions, got {_short(given)}")
    if isinstance(name, bool) or not isinstance(name, (str, int, type(None))):
        raise BadRecordError(f"'{id}' must be a string, got {_short(name)}")
    return Document(record[text], "" if name is None else str(name), None if given is None else tuple(given))


def _short(value: Any) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
