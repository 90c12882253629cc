"""How readable features become one score: a weighted sum through the logistic function, and its reasons."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from attrs import frozen


@frozen
class Reason:
    """What one feature adds to the sum: `contribution` is `value * weight`, in log-odds."""

    feature: str
    value: float
    weight: float

    @property
    def contribution(self) -> float:
        return self.value * self.weight


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
