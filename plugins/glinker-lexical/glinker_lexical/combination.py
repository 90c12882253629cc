"""L4: joins the scores that earlier stages left on a candidate into one, by weights that stand in the pipeline file."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping, Sequence

from attrs import define, field, validators

from glinker_core.combine import Explanation, combine, reasons
from glinker_core.layers import Candidates, Texts
from glinker_core.model import Candidate, MentionCandidates
from glinker_core.names import normalise

_SCORE = "combined"
_CLIP = 0.001  # of a score whose log-odds are taken: 0 and 1 have none


def own_values(item: MentionCandidates) -> list[dict[str, float]]:
    """What is known of each candidate without any stage, all in 0..1.

    `share`: of the popularity of all candidates, equal shares where none has any. `rank`: 1 / place in the list, as the
    stage before left it. `same_name` and `same_label`: 1 where the mention is, once normalised, the name that matched
    and the entity's label.
    """
    total = math.fsum(candidate.entity.popularity for candidate in item.candidates)
    key = normalise(item.mention.text)
    return [
        {
            "share": candidate.entity.popularity / total if total else 1 / len(item.candidates),
            "rank": 1 / place,
            "same_name": float(normalise(candidate.name) == key),
            "same_label": float(normalise(candidate.label) == key),
        }
        for place, candidate in enumerate(item.candidates, 1)
    ]


def values_of(item: MentionCandidates, log_odds: Collection[str] = ()) -> list[dict[str, float]]:
    """Per candidate all that can have a weight: its scores and `own_values`, those of `log_odds` as ln(p / (1 - p)).

    A score that stands on the candidate goes before an own value of that name.
    """
    own = own_values(item)
    return [
        {name: _log_odds(value) if name in log_odds else value for name, value in {**known, **candidate.scores}.items()}
        for known, candidate in zip(own, item.candidates, strict=True)
    ]


def _log_odds(score: float) -> float:
    share = min(max(score, _CLIP), 1 - _CLIP)
    return math.log(share / (1 - share))


def _finite(weights: Mapping[str, float]) -> Mapping[str, float]:
    return {name: float(weight) for name, weight in weights.items()}


@define
class CombiningReranker:
    """Scores each candidate by a logistic sum of the scores it has, `combined`, without a model.

    `weights`: per score what it adds to the log-odds (`l2`, `l3`, `name`, `prior`, ... as earlier stages left them, and
    `share`, `rank`, `same_name`, `same_label`, which this stage finds out), and the `bias` they start from. `missing`:
    what is added for a candidate that lacks a score, nothing if not said. `log_odds`: scores that are taken as
    ln(p / (1 - p)), p kept within 0.001 and 0.999, as suits those of neural models. Without weights the order stays.
    `glinker fit` learns the weights.
    """

    weights: Mapping[str, float] = field(factory=dict, converter=_finite)
    missing: Mapping[str, float] = field(factory=dict, converter=_finite)
    log_odds: tuple[str, ...] = ()
    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])

    def __attrs_post_init__(self) -> None:
        for name, settings in (("weights", self.weights), ("missing", self.missing)):
            if wrong := [key for key, weight in settings.items() if not math.isfinite(weight)]:
                raise ValueError(f"{name} must be finite, got {settings[wrong[0]]} for '{wrong[0]}'")
        for name, listed in (("missing", list(self.missing)), ("log_odds", list(self.log_odds))):
            if wrong := [key for key in listed if key not in self.weights or key == "bias"]:
                raise ValueError(f"{name} names '{wrong[0]}', which has no weight; give it one, or leave it out")

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:  # noqa: ARG002  # part of the protocol
        """The same mentions, candidates best first; where scores are equal they keep their order."""
        return [tuple(map(self._combined, items)) for items in candidates]

    def features(self, item: MentionCandidates) -> list[dict[str, float]]:
        """Per candidate every value that a weight can name; what a candidate lacks is not there."""
        return values_of(item, self.log_odds)

    def explain(self, text: str, item: MentionCandidates) -> tuple[Explanation, ...]:  # noqa: ARG002  # as l3_lexical's
        """The reasons for the score of each candidate, in the order of `item.candidates`, scored already or not.

        The reason for a score that is missing is `no NAME`, with a value of 1.
        """
        return tuple(
            Explanation(candidate, score, self._bias, reasons(values, self._all))
            for candidate, values, score in self._scored(item)
        )

    def _combined(self, item: MentionCandidates) -> MentionCandidates:
        own = own_values(item)
        scored = [
            candidate.scored(
                **{n: v for n, v in known.items() if n in self.weights and n not in candidate.scores}, **{_SCORE: score}
            )
            for known, (candidate, _, score) in zip(own, self._scored(item), strict=True)
        ]
        best_first = tuple(sorted(scored, key=lambda candidate: -candidate.score))
        return MentionCandidates(item.mention, best_first, self.threshold, item.note)

    def _scored(self, item: MentionCandidates) -> Iterator[tuple[Candidate, dict[str, float], float]]:
        """Each candidate with what counts for it, by the name of its weight, and its score."""
        weights, bias = self._all, self._bias
        for candidate, values in zip(item.candidates, self.features(item), strict=True):
            present = {name: values[name] for name in self._names if name in values}
            absent = {f"no {name}": 1.0 for name in self.missing if name not in values}
            yield candidate, {**present, **absent}, combine({**present, **absent}, weights, bias)

    @property
    def _names(self) -> Sequence[str]:
        return [name for name in self.weights if name != "bias"]

    @property
    def _bias(self) -> float:
        return self.weights.get("bias", 0.0)

    @property
    def _all(self) -> dict[str, float]:
        return {**self.weights, **{f"no {name}": weight for name, weight in self.missing.items()}}
