"""Mentions the caller knows: checked against the texts, all faults at once."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from attrs import define, field

from glinker_core.errors import DataError, InputError, Problem
from glinker_core.layers import Mentions, Texts
from glinker_core.model import Mention
from glinker_core.resources import Resources
from glinker_core.source import shown


@define
class ExternalRecognizer:
    """Takes mentions from the caller's `entities`: per text a list of `{"start", "end", "text"[, "label", "score"]}`.

    `on_error`: `raise` refuses the batch with every bad mention; `skip` leaves bad mentions out and counts them
    (counter `external mentions skipped`).
    """

    on_error: Literal["raise", "skip"] = "raise"
    _resources: Resources | None = field(default=None, init=False)

    def open(self, resources: Resources) -> None:
        self._resources = resources

    def recognize(self, texts: Texts, entities: Sequence[Sequence[Mapping[str, Any]]] | None) -> Mentions:
        if entities is None:
            raise InputError("l1_external: give 'entities' beside 'texts', one list of mentions per text")
        problems: list[Problem] = []
        mentions = to_mentions(texts, entities, problems if self.on_error == "skip" else None)
        if problems and self._resources is not None:
            self._resources.count("external mentions skipped", len(problems))
        return mentions


def to_mentions(
    texts: Texts, entities: Sequence[Sequence[Mapping[str, Any]]], skipped: list[Problem] | None = None
) -> Mentions:
    """Mentions of plain mappings, in order of position; faults are raised together, or added to `skipped`.

    A fault is an offset outside the text, a `text` that is not what stands there, and an overlap with another mention.
    """
    if not _is_list(entities) or len(entities) != len(texts):
        raise InputError(f"entities: expected one list of mentions per text ({len(texts)}), got {_size(entities)}")
    problems: list[Problem] = []
    result = [tuple(_checked(text, items, index, problems)) for index, (text, items) in
              enumerate(zip(texts, entities, strict=True))]  # fmt: skip
    if problems and skipped is None:
        raise DataError("mentions given by the caller", problems)
    if skipped is not None:
        skipped.extend(problems)
    return result


def _size(entities: Any) -> str:
    return f"{len(entities)} lists" if _is_list(entities) else shown(entities)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, (str, bytes))


def _checked(text: str, items: Any, index: int, problems: list[Problem]) -> Iterator[Mention]:
    if items is None:
        problems.append(Problem(f"text {index}", "has no 'entities'; give a list of mentions, or an empty one"))
        return
    if not _is_list(items):
        problems.append(Problem(f"text {index}", f"expected a list of mentions, got {shown(items)}"))
        return
    good: list[tuple[Mention, int]] = []
    for number, item in enumerate(items):
        mention = _mention(text, item, f"text {index}, mention {number}", problems)
        if mention is not None:
            good.append((mention, number))
    good.sort(key=lambda pair: (pair[0].start, -pair[0].end, pair[1]))
    last: Mention | None = None
    for mention, number in good:
        if last is not None and mention.start < last.end:
            problem = f"{_span(mention)} overlaps {_span(last)}; give one of them"
            problems.append(Problem(f"text {index}, mention {number}", problem))
            continue
        last = mention
        yield mention


def _mention(text: str, item: Any, place: str, problems: list[Problem]) -> Mention | None:
    if isinstance(item, Mention):
        item = {"start": item.start, "end": item.end, "text": item.text, "label": item.label, "score": item.score}
    if not isinstance(item, Mapping):
        problems.append(Problem(place, f"expected a mapping with 'start' and 'end', got {shown(item)}"))
        return None
    start, end = _whole(item.get("start")), _whole(item.get("end"))
    if start is None or end is None:
        given = f"{shown(item.get('start'))} and {shown(item.get('end'))}"
        problems.append(Problem(place, f"'start' and 'end' must be whole numbers, got {given}"))
        return None
    if not 0 <= start < end <= len(text):
        wrong = f"lies outside the text of {len(text)} characters" if start < end else "is empty; 'end' is exclusive"
        problems.append(Problem(place, f"span {start}:{end} {wrong}"))
        return None
    surface = text[start:end]
    if item.get("text", surface) != surface:
        problem = f"span {start}:{end} is {shown(surface)} in the text, not {shown(item['text'])}"
        problems.append(Problem(place, f"{problem}; offsets count code points"))
        return None
    label, score = item.get("label"), item.get("score", 1.0)
    if not isinstance(label, (str, type(None))):
        problems.append(Problem(place, f"'label' must be a string, got {shown(label)}"))
        return None
    if isinstance(score, bool) or not isinstance(score, (int, float)) or not 0 <= score <= 1:
        problems.append(Problem(place, f"'score' must be a number from 0 to 1, got {shown(score)}"))
        return None
    return Mention(start, end, surface, label or "", float(score))


def _span(mention: Mention) -> str:
    return f"{mention.start}:{mention.end} {shown(mention.text)}"


def _whole(value: Any) -> int | None:
    """A whole number, also one of numpy."""
    return operator.index(value) if hasattr(value, "__index__") and not isinstance(value, bool) else None
