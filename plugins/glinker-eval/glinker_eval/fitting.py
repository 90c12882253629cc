"""Weights of a pipeline learnt from a gold standard, what they gain, and whether they may take the place of the old."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from attrs import frozen

from glinker_core.errors import DataError, InputError, Problem
from glinker_core.executor import DAGExecutor
from glinker_core.graph import Node
from glinker_eval.choices import Choice, Floats, Ints, Table, table
from glinker_eval.gold import Gold
from glinker_eval.learning import Held, Weights, f1, foretold, held, learn
from glinker_eval.observing import BIAS, Weighting, choices, weighted_node
from glinker_eval.running import run

_DIGITS = 4
_DRAWS = 2000
_LEVEL = 90  # percent
_SEED = 2
_TINY = 1e-6
_NEAR = 1e-6  # what a score may differ from the weighted sum


@frozen
class Gain:
    """A figure with the old weights, with weights learnt from other documents, and where the difference lies.

    `low` and `high` hold 90 % of the differences when documents are drawn again, with replacement.
    """

    before: float
    after: float
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.after - self.before


@frozen
class Facts:
    """What was learnt from: of the mentions that may be linked, `unreachable` have no right candidate."""

    documents: int
    mentions: int
    linkable: int
    unreachable: int


@frozen
class Fit:
    """New weights of a node beside the old ones, and what they gain by cross-validation.

    `accuracy` is the share of right best candidates among the mentions whose gold is in the knowledge base, `f1` that
    of links.
    """

    node: str
    old: Weighting
    new: Weighting
    facts: Facts
    accuracy: Gain
    f1: Gain

    @property
    def better(self) -> bool:
        """Whether the new weights beat the old ones: the interval of F1 lies above 0, and accuracy is no smaller."""
        return self.new != self.old and self.f1.low > 0 and self.accuracy.difference >= 0


def fit(executor: DAGExecutor, gold: Gold) -> Fit:
    """Learn the weights of the last node that has some; the pipeline takes its mentions from the gold standard."""
    node, old = weighted_node(executor.graph.nodes)
    outcome = run(executor, gold.against(executor.resources.kb), "gold")
    return fit_choices(list(choices(outcome.documents, node)), old, node)


def fit_choices(found: Sequence[Choice], old: Weighting, node: Node | None = None) -> Fit:
    """The same of choices that are there already."""
    place = node.id if node is not None else ""
    made = table(found, _names(found, old), old.missing is not None)
    facts = Facts(len(made.linkable), len(found), int(made.linkable.sum()), _unreachable(found))
    if facts.documents < 2 or facts.unreachable == facts.linkable:
        told = f"{facts.documents} documents, {facts.linkable - facts.unreachable} mentions with a right candidate"
        raise DataError("gold standard", [Problem("", f"{told}; there is nothing to learn weights from")])
    weights = _from(old, made.names)
    _check(found, made, old, weights, place)
    everything = np.ones(facts.documents, bool)
    learnt = learn(made, weights, everything)
    before, after = held(weights.sums(made), made), held(foretold(made, weights, everything), made)
    return Fit(
        place,
        old,
        _as_written(learnt, made, old),
        facts,
        _gain(before, after, made.linkable, _accuracy),
        _gain(before, after, made.linkable, _f1),
    )


def measured(found: Sequence[Choice], weights: Weighting) -> tuple[float, float]:
    """Accuracy of best candidates and F1 of links under some weights."""
    made = table(found, weights.names, weights.missing is not None)
    counts, everything = held(_from(weights, made.names).sums(made), made), np.arange(len(made.linkable))
    return float(_accuracy(counts, made.linkable, everything)), float(_f1(counts, made.linkable, everything))


def _unreachable(found: Sequence[Choice]) -> int:
    return sum(choice.linkable and not choice.right for choice in found)


def _names(found: Sequence[Choice], old: Weighting) -> tuple[str, ...]:
    """The values that have a weight; where none has, all there are, as they first come."""
    every = dict.fromkeys(name for choice in found for values in choice.values for name in values)
    return old.names or tuple(every)


def _from(old: Weighting, names: Sequence[str]) -> Weights:
    """Weights as learning sees them, whose sums are above 0 for a link."""
    values = np.array([old.weights.get(name, 0.0) for name in names])
    absent = np.array([(old.missing or {}).get(name, 0.0) for name in names])
    return Weights(values, absent, old.weights.get(BIAS, 0.0) - _log_odds(old.threshold))


def _as_written(learnt: Weights, made: Table, old: Weighting) -> Weighting:
    weights = _rounded(zip(made.names, learnt.values, strict=True))
    weights = {name: weight for name, weight in weights.items() if weight or name in old.weights}
    bias = round(learnt.bias + _log_odds(old.threshold), _DIGITS)
    missing = None
    if old.missing is not None:
        lacking = (name for name, some in zip(made.names, made.absent.max(axis=0, initial=0) > 0, strict=True) if some)
        found = dict(zip(made.names, learnt.absent, strict=True))
        missing = {**old.missing, **_rounded((name, found[name]) for name in lacking if name in weights)}
    return Weighting({**weights, BIAS: bias}, missing, old.threshold)


def _rounded(weights: Iterable[tuple[str, float]]) -> dict[str, float]:
    return {name: round(float(value), _DIGITS) for name, value in weights}


def _log_odds(score: float) -> float:
    sure = min(max(score, _TINY), 1 - _TINY)
    return float(np.log(sure / (1 - sure)))


def _check(found: Sequence[Choice], made: Table, old: Weighting, weights: Weights, place: str) -> None:
    """Refuse a node whose scores are not what its weights make of what stands on the candidates."""
    if not old.names:
        return
    scores = np.array([score for choice in found for score in choice.scores])
    sums = weights.sums(made) + _log_odds(old.threshold)
    off = np.abs(1 / (1 + np.exp(-np.clip(sums, -700, 700))) - scores)
    if len(off) and off.max() > _NEAR:
        named = ", ".join(old.names)
        raise InputError(f"node '{place}': its scores are not the logistic sum of {named} and bias as they stand on "
                         f"the candidates (off by {off.max():.2g}); weights cannot be learnt from them")  # fmt: skip


def _accuracy(one: Held, linkable: Ints, drawn: Ints) -> Floats:
    found: Floats = one.right[drawn].sum(axis=-1) / np.maximum(linkable[drawn].sum(axis=-1), 1)
    return found


def _f1(one: Held, linkable: Ints, drawn: Ints) -> Floats:
    return f1(one.right_links[drawn], one.links[drawn], linkable[drawn])


def _gain(before: Held, after: Held, linkable: Ints, figure: Callable[[Held, Ints, Ints], Floats]) -> Gain:
    """A figure of both, and the interval of the difference by the paired bootstrap over documents."""
    count = len(linkable)
    drawn = np.random.default_rng(_SEED).integers(count, size=(_DRAWS, count))
    differences = figure(after, linkable, drawn) - figure(before, linkable, drawn)
    whole = np.arange(count)
    low, high = np.percentile(differences, [(100 - _LEVEL) / 2, (100 + _LEVEL) / 2])
    was, is_now = float(figure(before, linkable, whole)), float(figure(after, linkable, whole))
    return Gain(was, is_now, float(low), float(high))
