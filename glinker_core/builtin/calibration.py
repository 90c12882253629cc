"""What makes of a score how often it is right, and how sure a link must be for few to be wrong."""

from __future__ import annotations

import bisect
import math
from itertools import pairwise

from attrs import field, frozen, validators

_SURE = 1e-6  # scores nearer to 0 or 1 than this have the log-odds of it
_ERROR = [validators.gt(0), validators.lt(1)]


@frozen
class Calibration:
    """Scores as shares of right links, by `glinker calibrate`: a `temperature` with a `shift`, or a line of `points`.

    The log-odds of a score are divided by the `temperature`, then `shift` is added. `points`: pairs of a score and what
    it becomes, both rising; in between on a straight line, outside as the nearest point.
    """

    temperature: float = field(default=1.0, validator=validators.gt(0))
    shift: float = 0.0
    points: tuple[tuple[float, ...], ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.points and (self.temperature, self.shift) != (1.0, 0.0):
            raise ValueError("points stand beside a temperature or a shift; write one of them")
        if any(len(point) != 2 or not all(0 <= value <= 1 for value in point) for point in self.points):
            raise ValueError("points must be pairs of numbers from 0 to 1: [score, share that is right]")
        for (one, share), (next_one, next_share) in pairwise(self.points):
            if one >= next_one or share > next_share:
                raise ValueError(f"points must rise, got [{one}, {share}] before [{next_one}, {next_share}]")

    def __call__(self, score: float) -> float:
        """What a score of 0..1 becomes, 0..1; never less for more.

        >>> round(Calibration(temperature=2.0)(0.9), 3), Calibration(points=((0.2, 0.1), (0.6, 0.5)))(0.4)
        (0.75, 0.3)
        """
        if self.points:
            return self._between(score)
        sure = min(max(score, _SURE), 1 - _SURE)
        log_odds = math.log(sure / (1 - sure)) / self.temperature + self.shift
        return 1 / (1 + math.exp(-log_odds)) if log_odds > -700 else 0.0

    def _between(self, score: float) -> float:
        after = bisect.bisect_right(self.points, score, key=lambda point: point[0])
        if after in (0, len(self.points)):
            return self.points[max(after - 1, 0)][1]
        (low, share), (high, next_share) = self.points[after - 1 : after + 1]
        return min(next_share, share + (next_share - share) * ((score - low) / (high - low)))


@frozen
class MaxError:
    """The confidence a link needs for at most a share `error` of them to be wrong, and what says so.

    `threshold` alone decides. `links` and `wrong` are those that reached it in the `documents` that
    `glinker calibrate --max-error` was given, and `coverage` is their share of the mentions.
    """

    error: float = field(validator=_ERROR)
    threshold: float = field(validator=[validators.ge(0), validators.le(1)])
    links: int = 0
    wrong: int = 0
    coverage: float = 0.0
    documents: int = 0
