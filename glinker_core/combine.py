"""How readable features become one score: a weighted sum through the logistic function, and its reasons.

For linkers and rerankers whose settings are `weights` by name; `glinker fit` learns those.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from glinker_core.model import Candidate

_SMOOTHING = 0.001  # of the best known candidate, added to all: unknown popularity is low, not nothing
_DECADES = 3  # powers of ten between a prior of 1 and of 0


@frozen
class Reason:
    """What one feature adds to the sum: `contribution` is `value * weight`, in log-odds."""

    feature: str
    value: float
    weight: float

    @property
    def contribution(self) -> float:
        return self.value * self.weight


@frozen
class Explanation:
    """Why a candidate has its score: the bias, and the reasons in order.

    `words` are those it shares with the document, each with its weight, where words are compared.
    """

    candidate: Candidate
    score: float
    bias: float
    reasons: tuple[Reason, ...]
    words: tuple[tuple[str, float], ...] = ()


def combine(features: Mapping[str, float], weights: Mapping[str, float], bias: float) -> float:
    """A score in 0..1: the logistic function of `bias` plus each feature times its weight.

    >>> combine({"name": 1.0, "prior": 0.5}, {"name": 2.0, "prior": 4.0}, bias=-4.0)
    0.5
    """
    return logistic(log_odds(features.values(), [weights[feature] for feature in features], bias))


def log_odds(values: Iterable[float], weights: Iterable[float], bias: float = 0) -> float:
    """The sum itself: `bias` plus each value times its weight, in their order."""
    total = bias
    for value, weight in zip(values, weights, strict=True):
        total += value * weight
    return total


def logistic(log_odds: float) -> float:
    """1 / (1 + exp(-x)), for any finite x."""
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    odds = math.exp(log_odds)
    return odds / (1 + odds)


def reasons(features: Mapping[str, float], weights: Mapping[str, float]) -> tuple[Reason, ...]:
    """One `Reason` per feature, in order; their contributions and the bias add up to the log-odds of the score."""
    return tuple(Reason(feature, value, weights[feature]) for feature, value in features.items())


def priors(candidates: Sequence[Candidate]) -> list[float]:
    """How well known each candidate is among all: 1 for one that has all popularity, 0 for a thousandth or less.

    In between it falls with the logarithm of the share, so that only ratios of popularity count, not its unit.
    """
    popularity = [candidate.entity.popularity for candidate in candidates]
    extra = max(popularity, default=0) * _SMOOTHING or 1.0
    total = math.fsum(popularity) + extra * len(popularity)
    return [max(0.0, 1 + math.log10((one + extra) / total) / _DECADES) for one in popularity]
