"""Two evaluations of one gold standard side by side: what differs, and whether other documents would say the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from attrs import frozen

from glinker_core.cli.console import many
from glinker_core.errors import DataError, Problem
from glinker_core.source import shown
from glinker_eval.counting import Counts
from glinker_eval.records import Record
from glinker_eval.resampling import DRAWS, LEVEL, SEED, Interval, draws, interval, quotients

#: What must be the same for figures to mean the same, and how to have it so.
_SAME = {
    "task": ("task", "give both the same --task"),
    "match": ("match", "give both the same --match"),
    "gold_hash": ("digest of the gold standard", "measure both against the same --gold"),
}
_DOCUMENTS = 10  # that differ most
_NAMED = 3  # documents that are named in a problem


@frozen
class Difference:
    """A measure in both evaluations; `interval` is of the difference, `second - first`, with documents drawn for both.

    `better`: in which share of draws the second is above the first, `equal` in which they are the same.
    """

    first: float
    second: float
    difference: float
    interval: Interval | None
    better: float
    equal: float


@frozen
class Changed:
    """A document with its counts in both evaluations."""

    document: str
    first: Counts
    second: Counts


@frozen
class Tally:
    """Gold mentions by which of the two evaluations are right about them."""

    both: int
    first: int
    second: int
    neither: int


@frozen
class Comparison:
    """Everything that two evaluations differ in.

    `settings` are those that are not the same; `changed` the documents whose numbers of errors differ most, of
    `differing` in all.
    """

    first: str
    second: str
    task: str
    documents: int
    settings: Mapping[str, tuple[Any, Any]]
    measures: Mapping[str, Difference]
    mentions: Tally
    changed: tuple[Changed, ...]
    differing: int
    draws: int = DRAWS
    seed: int = SEED
    level: float = LEVEL


def compare(first: Record, second: Record) -> Comparison:
    """Compare two evaluations; raises `DataError` with every reason why that would mean nothing."""
    if problems := list(_problems(first, second)):
        raise DataError("comparison", problems)
    before, after = quotients(first), quotients(second)
    names = [name for name in before if name in after]
    drawn = draws([measures[name] for name in names for measures in (before, after)])
    measures: dict[str, Difference] = {}
    for at, name in enumerate(names):
        change = drawn[:, 2 * at + 1] - drawn[:, 2 * at]
        change = change[~np.isnan(change)]
        better, equal = float((change > 0).mean()), float((change == 0).mean())
        one, other = before[name].value, after[name].value
        measures[name] = Difference(one, other, other - one, interval(change), better, equal)
    counts = [Changed(name, scopes["all"], second.documents[name]["all"]) for name, scopes in first.documents.items()]
    changed = sorted((one for one in counts if one.first != one.second), key=lambda one: -abs(_gain(one)))
    return Comparison(
        first.name,
        second.name,
        first.settings["task"],
        len(counts),
        dict(_differing(first.settings, second.settings)),
        measures,
        _tally(first, second),
        tuple(changed[:_DOCUMENTS]),
        len(changed),
    )


def _gain(one: Changed) -> int:
    return (one.first.fp + one.first.fn) - (one.second.fp + one.second.fn)


def _problems(first: Record, second: Record) -> Iterator[Problem]:
    for key, (what, remedy) in _SAME.items():
        one, other = (record.settings.get(key) for record in (first, second))
        if one != other:
            yield Problem(second.name, f"{what} is {shown(other)}, in {first.name} {shown(one)}; {remedy}")
    for record, other in ((first, second), (second, first)):
        if alone := [name for name in record.documents if name not in other.documents]:
            more = f" and {len(alone) - _NAMED:,} more" if len(alone) > _NAMED else ""
            named = ", ".join(f"'{name}'" for name in alone[:_NAMED])
            yield Problem(other.name, f"has no document {named}{more}, which {record.name} has")
    if len(first.answers) != len(second.answers):
        yield Problem(second.name, f"has {len(second.answers):,} mentions, {first.name} {len(first.answers):,}")
    elif first.settings["gold_hash"] == second.settings["gold_hash"]:
        pairs = zip(first.answers, second.answers, strict=True)
        if moved := [one for one, other in pairs if one.in_kb != other.in_kb]:
            what = f"only one of the knowledge bases has the entities of {many(len(moved), 'mention')}"
            yield Problem(second.name, f"{what}, such as {shown(moved[0].text)} in document '{moved[0].document}'")


def _differing(first: Any, second: Any, place: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Settings that are not the same, those within others by their path."""
    if not (isinstance(first, Mapping) and isinstance(second, Mapping)):
        if first != second:
            yield place, (first, second)
        return
    for key in dict.fromkeys((*first, *second)):
        yield from _differing(first.get(key), second.get(key), f"{place}.{key}" if place else str(key))


def _tally(first: Record, second: Record) -> Tally:
    pairs = np.array([(one.right, other.right) for one, other in zip(first.answers, second.answers, strict=True)])
    one, other = pairs.reshape(-1, 2).astype(bool).T
    return Tally(*(int(found.sum()) for found in (one & other, one & ~other, ~one & other, ~one & ~other)))
