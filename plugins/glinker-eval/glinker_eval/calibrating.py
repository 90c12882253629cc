"""How often links of a score are right: curves that say so, and thresholds from which on few are wrong."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

import numpy as np
from attrs import evolve, frozen

from glinker_core.builtin.calibration import Calibration, MaxError
from glinker_core.errors import DataError, Problem
from glinker_eval.choices import Bools, Floats, Ints, folds
from glinker_eval.counting import SPANS, Match
from glinker_eval.gold import GoldDocument
from glinker_eval.running import MentionSource, Traced

#: Bins of the expected calibration error, of equal width.
BINS = 15
_PARTS = 5
_SEED = 3
_STEPS = 100
_GROUPS = 20  # of equal size, of which a curve of points is made
_LEAST = 10  # scores in a group
_DIGITS = 6
_TINY = 1e-6
_DOUBT = 1.81  # standard errors: two samples of one size differ by more in one of ten cases, on one side
_CHANCE = 0.035  # the same as a probability
_TENTHS = 10


@frozen
class Judged:
    """The best candidate of a mention: its score, as a link its confidence, whether it is right, and whether it is
    linked."""

    document: str
    score: float
    right: bool
    linked: bool = True


@frozen
class Calibrated:
    """A curve with the name of its kind, and the error of scores before it and after, on documents it did not see.

    Errors are expected calibration errors in 15 bins of equal width, of links.
    """

    kind: str
    curve: Calibration | None
    before: float
    after: float
    mentions: int


def judged(documents: Iterable[Traced], mentions: MentionSource, match: Match = "strong") -> Iterator[Judged]:
    """Of each mention with candidates, what L0 would link it to; nothing is said of those that are optional.

    With the mentions of the gold standard each is looked up by its span. With its own, those that the gold standard
    does not have are wrong, but for those outside of what was judged.
    """
    for traced in documents:
        for mention in traced.linked.entities:
            there = [one for one in traced.gold.mentions if SPANS[match](one, mention)]
            if not mention.candidates or (there and all(one.optional for one in there)):
                continue
            if not there and (mentions == "gold" or _outside(traced.gold, mention.start, mention.end)):
                continue
            best, link = mention.candidates[0], mention.linked_entity
            right = any(best.entity_id in one.entity_ids for one in there)
            yield Judged(traced.gold.id, best.score if link is None else link.score, right, link is not None)


def _outside(document: GoldDocument, start: int, end: int) -> bool:
    return document.judged is not None and not (document.judged[0] <= start and end <= document.judged[1])


def expected_calibration_error(scores: Sequence[float] | Floats, right: Sequence[bool] | Bools) -> float:
    """The mean distance of score and share that is right, over 15 bins of equal width, by how many are in a bin.

    >>> round(expected_calibration_error([0.9, 0.9, 0.9, 0.9], [True, True, True, False]), 3)
    0.15
    """
    confidence, hit = np.asarray(scores, float), np.asarray(right, float)
    if not len(confidence):
        return 0.0
    off = np.bincount(_bins(confidence), hit - confidence, BINS)
    return float(np.abs(off).sum() / len(confidence))


def _bins(scores: Floats) -> Ints:
    return np.minimum((scores * BINS).astype(np.int64), BINS - 1)


@frozen
class Bin:
    """Links whose scores lie in one bin: how many, their mean score, and the share that is right."""

    links: int
    score: float
    right: float


@frozen
class Reliability:
    """How far scores of links say how often they are right; bins without links are left out."""

    error: float
    links: int
    bins: tuple[Bin, ...]


def reliability(items: Iterable[Judged]) -> Reliability | None:
    """The expected calibration error of links, and what it is made of; None without any, or if scores leave 0..1."""
    links = [item for item in items if item.linked]
    scores, right = np.array([item.score for item in links]), np.array([item.right for item in links], bool)
    if not links or not ((scores >= 0) & (scores <= 1)).all():
        return None
    places = _bins(scores)
    bins = (places == place for place in np.unique(places))
    return Reliability(
        expected_calibration_error(scores, right),
        len(links),
        tuple(Bin(int(there.sum()), float(scores[there].mean()), float(right[there].mean())) for there in bins),
    )


def calibrate(items: Sequence[Judged]) -> Calibrated:
    """The curve that foretells which mentions of other documents are right with the least squared error."""
    if len({item.right for item in items}) < 2:
        told = "right" if items and items[0].right else "wrong"
        raise DataError(
            "gold standard", [Problem("", f"all {len(items)} best candidates are {told}; nothing to calibrate")]
        )
    documents = list(dict.fromkeys(item.document for item in items))
    number = {document: at for at, document in enumerate(documents)}
    scores = np.array([item.score for item in items])
    right = np.array([item.right for item in items])
    links = np.array([item.linked for item in items])
    part = folds(len(documents), min(_PARTS, len(documents)), _SEED)[[number[item.document] for item in items]]
    held = {kind: scores.copy() for kind in KINDS}
    for fold in range(int(part.max()) + 1):
        rest, out = part != fold, part == fold
        if not rest.any():
            continue
        for kind, made in KINDS.items():
            held[kind][out] = _applied(made(scores[rest], right[rest]), scores[out])
    kind = min(KINDS, key=lambda one: float(((held[one] - right) ** 2).mean()))
    return Calibrated(
        kind,
        KINDS[kind](scores, right),
        expected_calibration_error(scores[links], right[links]),
        expected_calibration_error(held[kind][links], right[links]),
        len(items),
    )


def _applied(curve: Calibration | None, scores: Floats) -> Floats:
    return scores if curve is None else np.array([curve(float(score)) for score in scores])


def none(scores: Floats, right: Bools) -> None:
    """Scores as they are."""


def temperature(scores: Floats, right: Bools) -> Calibration:
    """One temperature for all log-odds."""
    return _logistic(scores, right, shifts=False)


def temperature_and_shift(scores: Floats, right: Bools) -> Calibration:
    """A temperature and a shift (Platt)."""
    return _logistic(scores, right, shifts=True)


def _logistic(scores: Floats, right: Bools, *, shifts: bool) -> Calibration:
    """Of the greatest likelihood; the targets are (n + 1) / (n + 2) and 1 / (m + 2), for n right and m wrong ones."""
    sure = np.clip(scores, _TINY, 1 - _TINY)
    x = np.stack([np.log(sure / (1 - sure)), np.full(len(scores), float(shifts))], axis=1)
    yes, no = int(right.sum()), int((~right).sum())
    target = np.where(right, (yes + 1) / (yes + 2), 1 / (no + 2))
    line = np.array([1.0, 0.0])

    def loss(at: Floats) -> float:
        return float((np.logaddexp(0, x @ at) - target * (x @ at)).sum())

    for _ in range(_STEPS):
        share = 1 / (1 + np.exp(-x @ line))
        curvature = (x * (share * (1 - share))[:, None]).T @ x + _TINY * np.eye(2)
        step = np.linalg.solve(curvature, x.T @ (share - target))
        size = 1.0
        while loss(line - size * step) > loss(line) and size > _TINY:
            size /= 2
        line = line - size * step
        if np.abs(step).max() < _TINY:
            break
    slope = max(float(line[0]), 0.01)  # scores that say nothing, or the opposite, hardly count
    return Calibration(round(1 / slope, _DIGITS), round(float(line[1]), _DIGITS))


def isotonic(scores: Floats, right: Bools) -> Calibration:
    """A line of points that never falls: shares of right ones in groups of equal size, neighbours that fall pooled.

    Each pool is flat from its lowest score to its highest. To each group one mention is added that is right as often as
    all are.
    """
    order = np.argsort(scores, kind="stable")
    rising, hits = np.round(scores[order], _DIGITS), right[order]
    size = max(_LEAST, math.ceil(len(scores) / _GROUPS))
    base = float(right.mean())
    pools: list[tuple[float, float, float, int]] = []  # the lowest and highest score, the share, how many
    for group in _groups(rising, size):
        count = len(group)
        share = float((hits[group].sum() + base) / (count + 1))
        pools.append((float(rising[group[0]]), float(rising[group[-1]]), share, count))
        while len(pools) > 1 and pools[-2][2] >= pools[-1][2]:
            (low, _, share, some), (_, high, other, more) = pools[-2:]
            pools[-2:] = [(low, high, (share * some + other * more) / (some + more), some + more)]
    points = {score: round(share, _DIGITS) for low, high, share, _ in pools for score in (low, high)}
    return Calibration(points=tuple(points.items()))


def _groups(rising: Floats, size: int) -> Iterator[list[int]]:
    """Places in groups of at least `size`, those of one score together; what is left belongs to the last."""
    groups: list[list[int]] = [[]]
    for _, same in groupby(range(len(rising)), key=lambda at: rising[at]):
        if len(groups[-1]) >= size:
            groups.append([])
        groups[-1].extend(same)
    if len(groups) > 1 and len(groups[-1]) < size:
        groups[-2:] = [groups[-2] + groups[-1]]
    yield from groups


KINDS: Mapping[str, Callable[[Floats, Bools], Calibration | None]] = {
    "as it is": none,
    "temperature": temperature,
    "temperature and shift": temperature_and_shift,
    "isotonic": isotonic,
}


def max_error(items: Sequence[Judged], error: float, mentions: int) -> MaxError | None:
    """The lowest score from which on links are wrong so rarely that in another sample of this size the share of wrong
    ones is above `error` in one of ten cases at most; None where no score is enough.

    Scores are tried at each tenth of the links: of very many, some would do by luck. `mentions` is of how many the
    links are a share.
    """
    links = sorted((item for item in items if item.linked), key=lambda item: -item.score)
    documents = len({item.document for item in items})
    together, sizes = _together(links), Counter[str]()
    wrong = squares = 0
    due, best = len(links) / _TENTHS, None
    for count, item in enumerate(links, 1):
        squares += 2 * sizes[item.document] + 1  # the sum of the squared numbers of links per document
        sizes[item.document] += 1
        wrong += not item.right
        below = links[count].score if count < len(links) else 0.0
        if count < due or below == item.score:
            continue
        due = count + len(links) / _TENTHS
        effect = 1 + together * (squares / count - 1)
        deviation = math.sqrt(count * error * (1 - error) * effect)
        if wrong + _DOUBT * deviation <= count * error and _at_most(wrong, count, error) <= _CHANCE:
            best = MaxError(error, (item.score + below) / 2, count, wrong, count / mentions, documents)
    return None if best is None else evolve(best, threshold=round(best.threshold, 9), coverage=round(best.coverage, 4))


def _together(links: Sequence[Judged]) -> float:
    """How alike the links of a document are, right or wrong, from 0 to 1: their intraclass correlation.

    It is what makes the share of wrong ones vary over documents more than if each link stood alone. Taken of all links,
    for of few wrong ones a lucky sample would say too little.
    """
    rate = sum(not item.right for item in links) / max(len(links), 1)
    sizes = Counter(item.document for item in links)
    pairs = sum(size * (size - 1) for size in sizes.values())
    if not pairs or not 0 < rate < 1:
        return 0.0
    excess: dict[str, float] = {}
    for item in links:
        excess[item.document] = excess.get(item.document, 0.0) + (not item.right) - rate
    alone = len(links) * rate * (1 - rate)
    shared = math.fsum(one**2 for one in excess.values()) - alone
    return min(max(shared / (pairs * rate * (1 - rate)), 0.0), 1.0)


def _at_most(successes: int, trials: int, chance: float) -> float:
    """The probability of no more successes than these."""
    logs = [
        math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1)
        + k * math.log(chance) + (trials - k) * math.log1p(-chance)
        for k in range(successes + 1)
    ]  # fmt: skip
    return math.fsum(map(math.exp, logs))
