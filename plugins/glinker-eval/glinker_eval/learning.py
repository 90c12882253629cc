"""Weights learnt from choices by a conditional logit in which NIL is one more candidate.

The probability of a candidate is the softmax of the weighted sums over the candidates of its mention and NIL, whose sum
is 0. So one fit says which candidate is best and whether it is good enough, and the logistic function of a sum is the
probability of that candidate against NIL. Weights are drawn towards the old ones, in units of the spread of each value;
how hard is chosen by cross-validation over documents. Everything is deterministic.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, frozen

from glinker_eval.choices import Bools, Floats, Ints, Table, folds

#: The old weights as they are: nothing is learnt.
OLD = math.inf
#: How hard weights are drawn towards the old ones, in mentions that say so.
STRENGTHS = (10.0, 30.0, 100.0, 300.0, OLD)
PARTS = 5
SEED = 1
_STEPS = 50
_SMALL = 1e-9
_LEAST_GROWTH = 0.05


@frozen(eq=False)
class Weights:
    """Weights of values, of their absence, and the `bias`: the sum of a candidate is above 0 where it is linked."""

    values: Floats
    absent: Floats
    bias: float

    def sums(self, table: Table) -> Floats:
        found: Floats = table.x @ self.values + table.absent @ self.absent + self.bias
        return found


@frozen(eq=False)
class _Scale:
    """From weights in their own units to those of standardised columns, and back."""

    mean: Floats
    spread: Floats
    absences: Floats

    @classmethod
    def of(cls, table: Table) -> _Scale:
        there = 1 - table.absent
        count = np.maximum(there.sum(axis=0), 1)
        mean = (table.x * there).sum(axis=0) / count
        spread = np.sqrt((((table.x - mean) * there) ** 2).sum(axis=0) / count)
        return cls(mean, np.where(spread > _SMALL, spread, 0.0), table.absent.any(axis=0).astype(float))

    def columns(self, table: Table) -> Floats:
        """Values less their mean in units of their spread, 0 where they are missing; who lacks them; and 1."""
        values = np.where(self.spread > 0, table.x - self.mean * (1 - table.absent), 0.0) / self._unit
        return np.hstack([values, table.absent, np.ones((len(table.x), 1))])

    def scaled(self, old: Weights) -> Floats:
        missed = (old.absent - old.values * self.mean) * self.absences
        return np.concatenate([old.values * self.spread, missed, [old.bias + old.values @ self.mean]])

    def own(self, scaled: Floats, old: Weights) -> Weights:
        """Weights in their own units; a value that never differs keeps its old weight, as does what never lacks."""
        moved, missed = np.split(scaled[:-1], 2)
        values = np.where(self.spread > 0, moved / self._unit, old.values)
        absent = np.where(self.absences > 0, missed + values * self.mean, old.absent)
        return Weights(values, absent, float(scaled[-1] - values @ self.mean))

    @property
    def _unit(self) -> Floats:
        found: Floats = np.where(self.spread > 0, self.spread, 1.0)
        return found


@frozen(eq=False)
class Alternatives:
    """Candidates in rows, mention by mention, each mention followed by NIL; `chosen` is the right row of each."""

    x: Floats
    starts: Ints
    chosen: Ints

    @classmethod
    def of(cls, x: Floats, table: Table) -> Alternatives:
        """Of columns with a row per candidate; NIL is right where no candidate is, otherwise the first that is."""
        ends = table.starts + table.sizes
        starts = table.starts + np.arange(len(table.sizes))
        padded = np.insert(x, ends, 0.0, axis=0)
        right = np.insert(table.right, ends, True)
        first = np.flatnonzero(right)
        return cls(padded, starts, first[np.searchsorted(first, starts)])

    def log_likelihoods(self, weights: Floats) -> Floats:
        """Of the right alternative of each mention."""
        sums = self.x @ weights
        found: Floats = sums[self.chosen] - self._log_totals(sums)
        return found

    def fitted(self, centre: Floats, strength: float) -> Floats:
        """The likeliest weights, less `strength` / 2 times the squared distance to `centre`; Newton's method."""
        weights, ridge = centre.copy(), strength * np.eye(len(centre))
        sizes = np.diff(np.append(self.starts, len(self.x)))
        now = self._loss(weights, centre, strength)
        for _ in range(_STEPS):
            sums = self.x @ weights
            shares = np.exp(sums - np.repeat(self._log_totals(sums), sizes))[:, None] * self.x
            expected = np.add.reduceat(shares, self.starts)
            gradient = expected.sum(axis=0) - self.x[self.chosen].sum(axis=0) + strength * (weights - centre)
            step = np.linalg.solve(shares.T @ self.x - expected.T @ expected + ridge, gradient)
            size, before = 1.0, now
            while (after := self._loss(weights - size * step, centre, strength)) > before and size > _SMALL:
                size /= 2
            if after <= before:
                weights, now = weights - size * step, after
            if before - after < _SMALL * (1 + abs(before)):
                break
        return weights

    def _loss(self, weights: Floats, centre: Floats, strength: float) -> float:
        return float(strength / 2 * ((weights - centre) ** 2).sum() - self.log_likelihoods(weights).sum())

    def _log_totals(self, sums: Floats) -> Floats:
        sizes = np.diff(np.append(self.starts, len(sums)))
        top = np.maximum.reduceat(sums, self.starts)
        found: Floats = top + np.log(np.add.reduceat(np.exp(sums - np.repeat(top, sizes)), self.starts))
        return found


@frozen(eq=False)
class Held:
    """What sums say of each document: the log-likelihood of its mentions, and of its best candidates how many are
    right, how many are links, and how many are both."""

    likelihood: Floats
    right: Floats
    links: Floats
    right_links: Floats


def held(sums: Floats, table: Table) -> Held:
    """Measure the sums of a table's candidates, above 0 for a link."""
    count = len(table.linkable)
    if not len(table.sizes):
        return Held(*np.zeros((4, count)))
    best = table.best(sums)
    linked, right = sums[best] >= 0, table.right[best]
    likelihoods = Alternatives.of(sums[:, None], table).log_likelihoods(np.ones(1))
    per_mention = likelihoods, right.astype(float), linked.astype(float), (linked & right).astype(float)
    return Held(*(np.bincount(table.documents, of, count).astype(float) for of in per_mention))


def f1(right_links: Floats, links: Floats, linkable: Ints) -> Floats:
    """Micro-averaged F1 of links over the last axis, the documents; 0 where there is nothing to count."""
    found: Floats = 2 * right_links.sum(axis=-1) / np.maximum(links.sum(axis=-1) + linkable.sum(axis=-1), 1)
    return found


def foretold(table: Table, old: Weights, documents: Bools, seed: int = SEED) -> Floats:
    """The sums that `learn` would give to each of some documents, learnt from the rest of them; others have 0."""
    part = parts(documents, seed)
    sums = np.zeros(len(table.x))
    for fold in range(part.max() + 1):
        rows = np.repeat((part == fold)[table.documents], table.sizes)
        sums[rows] = learn(table, old, documents & (part != fold)).sums(table.of(part == fold))
    return sums


def parts(documents: Bools, seed: int = SEED) -> Ints:
    """Which part each of some documents belongs to, drawn with a fixed seed; -1 for the others."""
    part = np.full(len(documents), -1)
    count = int(documents.sum())
    part[documents] = folds(count, min(PARTS, count), seed)
    return part


def learn(table: Table, old: Weights, documents: Bools) -> Weights:
    """Weights from some of the documents: new ones, the old ones with another bias, or the old ones themselves.

    New ones, if they foretell clearly more of documents they were not learnt from than the old ones do with the best
    scale and bias, have no fewer right candidates in front, and no smaller F1. They link as many mentions as the old
    ones do, unless the bias that was learnt with them is clearly better. Otherwise another bias, if F1 grows.
    """
    table = table.of(documents)
    if not len(table.sizes):
        return old
    part = parts(documents)
    sums = {strength: np.zeros(len(table.x)) for strength in STRENGTHS}
    as_many = {strength: np.zeros(len(table.x)) for strength in STRENGTHS}
    for fold in range(part.max() + 1):
        out, others = table.of(part == fold), table.of(documents & (part != fold))
        rows = np.repeat((part == fold)[table.documents], table.sizes)
        for strength, weights in _path(others, old, STRENGTHS).items():
            sums[strength][rows] = weights.sums(out)
            as_many[strength][rows] = _linking_as_many(weights, old, others).sums(out)
    measured = {strength: held(sums[strength], table) for strength in STRENGTHS}
    now = held(old.sums(table), table)
    strength = _chosen(measured, table, _f1(now, table))
    if strength != OLD:
        new = _path(table, old, (strength,))[strength]
        kept = held(as_many[strength], table)
        return new if _clearly_better(measured[strength], kept, table) else _linking_as_many(new, old, table)
    if _f1(measured[OLD], table) <= _f1(now, table):
        return old
    grown = _path(table, old, (OLD,))[OLD]
    largest = int(np.abs(old.values).argmax()) if len(old.values) else 0
    scale = grown.values[largest] / old.values[largest] if old.values.any() else 1.0
    return evolve(old, bias=grown.bias / float(scale))


def _chosen(measured: Mapping[float, Held], table: Table, least: float) -> float:
    strength = max(measured, key=lambda one: (measured[one].likelihood.sum(), one))
    new, old = measured[strength], measured[OLD]
    there = np.bincount(table.documents, minlength=len(table.linkable)) > 0
    better = clearly_positive((new.likelihood - old.likelihood)[there]) and new.right.sum() >= old.right.sum()
    return strength if better and _f1(new, table) >= least else OLD


def _linking_as_many(new: Weights, old: Weights, table: Table) -> Weights:
    """New weights with the bias that links as many mentions of a table as the old ones do."""
    if not len(table.sizes):
        return new
    before, after = old.sums(table), new.sums(table)
    links = int((before[table.best(before)] >= 0).sum())
    best = np.sort(after[table.best(after)])[::-1]
    least = best[links - 1] if links else best[0] + 1
    most = best[links] if links < len(best) else best[-1] - 1
    return evolve(new, bias=new.bias - float(least + most) / 2)


def _clearly_better(one: Held, other: Held, table: Table) -> bool:
    """Whether documents clearly gain F1: what each adds to it, for small differences."""
    gains = 2 * (one.right_links - other.right_links) - _f1(other, table) * (one.links - other.links)
    return clearly_positive(gains[np.bincount(table.documents, minlength=len(table.linkable)) > 0])


def _f1(counts: Held, table: Table) -> float:
    return float(f1(counts.right_links, counts.links, table.linkable))


def clearly_positive(gains: Floats) -> bool:
    """Whether a mean is more than its standard error above 0."""
    return len(gains) > 1 and bool(gains.mean() > gains.std(ddof=1) / len(gains) ** 0.5)


def _path(table: Table, old: Weights, strengths: Sequence[float]) -> dict[float, Weights]:
    """Weights for each strength; for `OLD` the old ones times a number, made as sure as they are right, and a bias."""
    if not len(table.sizes):
        return dict.fromkeys(strengths, old)
    scale = _Scale.of(table)
    start = scale.scaled(old)
    alternatives = Alternatives.of(scale.columns(table), table)
    along = np.stack([alternatives.x[:, :-1] @ start[:-1], alternatives.x[:, -1]], axis=1)
    grown, shift = evolve(alternatives, x=along).fitted(np.array([1.0, start[-1]]), 1.0)
    centre = np.append(start[:-1] * max(grown, _LEAST_GROWTH), shift)
    made = {}
    for strength in strengths:
        fitted = centre if strength == OLD else alternatives.fitted(centre, strength)
        made[strength] = scale.own(fitted, evolve(old, values=old.values * max(grown, _LEAST_GROWTH)))
    return made
