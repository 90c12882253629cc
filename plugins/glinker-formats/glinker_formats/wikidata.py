"""Wikidata's JSON dumps (`latest-all.json.gz`): one entity per item, read line by line.

Format: https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from attrs import define, field

from glinker_core.layers import Row
from glinker_formats.languages import Text, best, spoken
from glinker_formats.rows import decoded, names, row_of, tell

_INSTANCE_OF = "P31"


@define
class WikidataReader:
    """Items with label, aliases and description in a language, and the number of sitelinks as popularity.

    A label or description that is not there in `language` is taken from a variant of it, from "mul", or else from any
    language. Names in `other_languages` (`["de", "fr"]`; `["*"]` is all) become aliases too. What an item is an
    instance of (P31; deprecated statements do not count) stands in `metadata["instance_of"]`; the first of these ids
    that is in `types` (`{Q5: person}`) names the type. Properties, lexemes, redirects and items without any label are
    left out and counted in the log.
    """

    language: str = "en"
    other_languages: tuple[str, ...] = field(default=(), converter=tuple)
    types: Mapping[str, str] = field(factory=dict)

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per item; brackets and commas around the lines may be there or not."""
        left_out: Counter[str] = Counter()
        for number, text, problem in decoded(lines):
            written = text.strip().removesuffix(",").rstrip()
            if problem or written not in ("", "[", "]"):
                row = Row(number, None, problem) if problem else self._row(number, written, left_out)
                if row is not None:
                    yield row
        tell(left_out)

    def _row(self, number: int, written: str, left_out: Counter[str]) -> Row | None:
        """A row, or None for what is left out and counted."""
        try:
            item = json.loads(written)
            if not isinstance(item, dict) or not isinstance(item.get("id", item.get("entity")), str):
                return Row(number, None, f"expected an object with an 'id', got {written[:60]!r}")
            if reason := _not_an_item(item):
                left_out[reason] += 1
                return None
            record = self._record(item)
        except json.JSONDecodeError as error:
            return Row(number, None, f"not JSON: {error.msg}, column {error.colno}")
        except RecursionError:
            return Row(number, None, "not readable JSON: nested too deeply")
        except ValueError as error:
            return Row(number, None, str(error))
        if not record["label"]:
            left_out["items without a label in any language"] += 1
            return None
        return row_of(number, record)

    def _record(self, item: Mapping[str, Any]) -> dict[str, Any]:
        labels = [_text(entry, "labels") for entry in _object(item, "labels").values()]
        lists = _object(item, "aliases").values()
        aliases = [_text(entry, "aliases") for entries in lists for entry in _list(entries, "aliases")]
        label = best(labels, self.language)
        languages = (self.language, *self.other_languages)
        kinds = _instance_of(_object(item, "claims"))
        return {
            "entity_id": item["id"],
            "label": label,
            "aliases": names(label, spoken([*labels, *aliases], languages)),
            "description": best(
                (_text(entry, "descriptions") for entry in _object(item, "descriptions").values()), self.language
            ),
            "entity_type": next((self.types[kind] for kind in kinds if kind in self.types), ""),
            "popularity": len(_object(item, "sitelinks")),
            "metadata": {"instance_of": kinds} if kinds else {},
        }


def _not_an_item(item: Mapping[str, Any]) -> str:
    """What is left out by rule, and as what it is counted."""
    if "redirect" in item:
        return "redirects"
    kind = item.get("type", "item")
    return "" if kind == "item" else "properties" if kind == "property" else f"entities of type '{kind}'"


def _instance_of(claims: Mapping[str, Any]) -> list[str]:
    """Ids of classes, the preferred first, then in the order of the item."""
    found: list[tuple[bool, str]] = []
    for claim in _list(claims.get(_INSTANCE_OF, []), "claims"):
        try:
            rank, snak = claim.get("rank"), claim["mainsnak"]
            if snak["snaktype"] == "value" and rank != "deprecated":
                found.append((rank != "preferred", str(snak["datavalue"]["value"]["id"])))
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"a statement of {_INSTANCE_OF} that cannot be read: {str(claim)[:60]}") from error
    return list(dict.fromkeys(kind for _, kind in sorted(found, key=lambda pair: pair[0])))


def _object(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A member that is an object; the dumps write an empty one as an empty list."""
    value = item.get(name) or {}
    if not isinstance(value, dict):
        raise ValueError(f"'{name}' must be an object, got {str(value)[:60]!r}")  # noqa: TRY004  # a fault of the data
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"'{name}' must be a list, got {str(value)[:60]!r}")  # noqa: TRY004
    return value


def _text(entry: Any, name: str) -> Text:
    if isinstance(entry, dict) and isinstance(entry.get("value"), str) and isinstance(entry.get("language"), str):
        return Text(entry["language"], entry["value"])
    raise ValueError(f"'{name}' must hold objects with 'language' and 'value', got {str(entry)[:60]!r}")
