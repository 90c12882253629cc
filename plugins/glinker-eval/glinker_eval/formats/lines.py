"""Gold standards in JSON lines of other tools: ELEVANT and ZELDA."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from attrs import define

from glinker_core.builtin.readers import json_records
from glinker_core.builtin.records import BadRecordError
from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_core.source import shown
from glinker_eval.formats.parts import mention, titles
from glinker_eval.gold import JudgedDocument


@define
class ElevantReader:
    """Benchmarks of ELEVANT: `text` and `labels` with `span` and `entity_id`, of which `Unknown...` is NIL.

    Quantities, dates and what is `optional` need not be found; `evaluation_span` is the part that was annotated.
    https://github.com/ad-freiburg/elevant/blob/main/docs/file_formats.md
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per line."""
        return _rows(lines, _elevant)


@define
class ZeldaReader:
    """Documents of ZELDA: `text`, `index` with the spans, `wikipedia_titles` and `wikipedia_ids`, each of them right.

    https://github.com/flairNLP/zelda
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per line."""
        return _rows(lines, _zelda)


def _rows(lines: Iterable[bytes], make: Callable[[Mapping[str, Any]], Document]) -> Iterator[Row]:
    for number, record in json_records(lines):
        try:
            if isinstance(record, BadRecordError):
                raise record
            if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
                raise BadRecordError(f"expected an object with a string 'text', got {shown(record)}")
            yield Row(number, make(record))
        except BadRecordError as error:
            yield Row(number, None, str(error))


def _elevant(record: Mapping[str, Any]) -> Document:
    judged = record.get("evaluation_span")
    return JudgedDocument(
        record["text"],
        _name(record),
        tuple(_label(label) for label in _list(record, "labels")),
        None if judged is None else _span(judged, "evaluation_span"),
    )


def _label(label: Any) -> dict[str, Any]:
    if not isinstance(label, Mapping):
        raise BadRecordError(f"a label must be an object with 'span' and 'entity_id', got {shown(label)}")
    start, end = _span(label.get("span"), "span")
    one, kind = label.get("entity_id"), label.get("type") or ""
    if not isinstance(one, str) or not isinstance(kind, str):
        raise BadRecordError(f"'entity_id' and 'type' must be strings, got {shown(one)} and {shown(kind)}")
    made = mention(start, end, None, [] if one.startswith("Unknown") else [one], "" if kind == "OTHER" else kind)
    needless = label.get("optional") or kind in ("QUANTITY", "DATETIME")
    return {**made, "optional": True} if needless else made


def _zelda(record: Mapping[str, Any]) -> Document:
    spans, titled = _list(record, "index"), _list(record, "wikipedia_titles")
    numbers = _list(record, "wikipedia_ids") if "wikipedia_ids" in record else [None] * len(titled)
    if not len(spans) == len(titled) == len(numbers):
        counts = f"{len(spans)}, {len(titled)} and {len(numbers)}"
        raise BadRecordError(f"'index', 'wikipedia_titles' and 'wikipedia_ids' must be as long, got {counts} items")
    mentions = []
    for span, title, number in zip(spans, titled, numbers, strict=True):
        if not isinstance(title, str) or isinstance(number, (bool, float, list, dict)):
            raise BadRecordError(f"a title must be a string and an id a number, got {shown(title)} and {shown(number)}")
        ids = [*titles(title), *([] if number is None else [str(number)])]
        mentions.append(mention(*_span(span, "index"), None, ids))
    return Document(record["text"], _name(record), tuple(mentions))


def _list(record: Mapping[str, Any], name: str) -> Sequence[Any]:
    if not isinstance(found := record.get(name), list):
        raise BadRecordError(f"'{name}' must be a list, got {shown(found)}")
    return found


def _span(value: Any, name: str) -> tuple[int, int]:
    if not isinstance(value, list) or len(value) != 2 or any(type(one) is not int for one in value):
        raise BadRecordError(f"'{name}' must be a start and an end, got {shown(value)}")
    return value[0], value[1]


def _name(record: Mapping[str, Any]) -> str:
    name = record.get("id", "")
    if isinstance(name, bool) or not isinstance(name, (str, int)):
        raise BadRecordError(f"'id' must be a string or a number, got {shown(name)}")
    return str(name)
