"""How far figures would move with other documents of the same kind: measures as quotients, and their bootstrap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from attrs import frozen

from glinker_eval.choices import Floats
from glinker_eval.counting import Scope, scope_name
from glinker_eval.measures import RANKS
from glinker_eval.records import Answer, Record

#: How often as many documents as there are are drawn from them, with replacement.
DRAWS = 1000
SEED = 11
#: The share of draws that an interval holds, as many being left out on either side.
LEVEL = 0.95


@frozen(eq=False)
class Quotient:
    """A measure that is a sum over documents divided by another, such as F1 by 2 TP and 2 TP + FP + FN.

    It is `empty` where there is nothing to divide by.
    """

    parts: Floats
    wholes: Floats
    empty: float = np.nan

    @property
    def value(self) -> float:
        """That of all documents; NaN where it is not defined."""
        return float(_divided(self.parts.sum(), self.wholes.sum(), np.array(self.empty)))


@frozen
class Interval:
    """Where the middle of all draws lies."""

    low: float
    high: float


def quotients(record: Record) -> dict[str, Quotient]:
    """The measures of an evaluation by name, but for those that are not defined of it."""
    documents = list(record.documents)
    task = record.settings["task"]
    made: dict[str, Quotient] = {}
    for scope in next(iter(record.documents.values())):
        counts = [record.documents[document][scope] for document in documents]
        if scope != "all" and all(one.nothing for one in counts):
            continue
        found = _array(2 * one.tp for one in counts)
        made[micro_f1(task, scope)] = Quotient(found, found + _array(one.fp + one.fn for one in counts), 1.0)
        made[macro_f1(task, scope)] = Quotient(_array(one.f1 for one in counts), np.ones(len(counts)))
    answers = [answer for answer in record.answers if answer.in_kb]
    if task == "md" or not answers:
        return made

    def number(chosen: Iterable[Answer]) -> Floats:
        of = dict.fromkeys(documents, 0)
        for answer in chosen:
            of[answer.document] += 1
        return _array(of.values())

    right, all_of_them = number(answer for answer in answers if answer.right), number(answers)
    made["accuracy"] = Quotient(right, all_of_them)
    made["accuracy, normalised"] = Quotient(right, number(a for a in answers if any(a.ranks.values())))
    for source in answers[0].ranks:
        for depth in (*RANKS, None):
            there = (a for a in answers if (rank := a.ranks[source]) and (depth is None or rank <= depth))
            made[recall_at(source, str(depth or "all"))] = Quotient(number(there), all_of_them)
    return {name: one for name, one in made.items() if not np.isnan(one.value)}


def micro_f1(task: str, scope: Scope) -> str:
    """The name of the F1 of sums over documents."""
    return f"micro F1, {scope_name(task, scope)}"


def macro_f1(task: str, scope: Scope) -> str:
    """The name of the mean of documents' F1."""
    return f"macro F1, {scope_name(task, scope)}"


def recall_at(source: str, depth: str) -> str:
    """The name of the recall of a source at a depth."""
    return f"recall@{depth}, {source}"


def draws(measures: Sequence[Quotient]) -> Floats:
    """The measures, a column each, of documents drawn anew, a row per draw; the same documents for all measures."""
    sums = np.stack([column for one in measures for column in (one.parts, one.wholes)], axis=1)
    empty = np.array([one.empty for one in measures])
    size, random = len(sums), np.random.default_rng(SEED)
    rows = np.empty((DRAWS, len(measures)))
    for row in rows:
        drawn = np.bincount(random.integers(size, size=size), minlength=size) @ sums
        row[:] = _divided(drawn[::2], drawn[1::2], empty)
    return rows


def interval(values: Floats) -> Interval | None:
    """The percentiles of draws between which `LEVEL` of them lie; None where a measure is never defined."""
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))


def intervals(measures: Mapping[str, Quotient]) -> dict[str, Interval | None]:
    """The interval of each measure."""
    drawn = draws([*measures.values()])
    return {name: interval(drawn[:, at]) for at, name in enumerate(measures)}


def _divided(part: Floats, whole: Floats, empty: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1), empty)


def _array(numbers: Iterable[float]) -> Floats:
    return np.array([*numbers], float)
