"""L3: scores candidates by what an encoder makes of them and of the text, beside names and how well known they are."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from attrs import define, field, validators

from glinker_core.combine import Explanation, combine, reasons
from glinker_core.layers import Candidates, Texts
from glinker_core.model import Mention, MentionCandidates
from glinker_dense.context import is_pronoun
from glinker_dense.layer import EncoderLayer

_SCORE = "encoder"

#: Learnt on development data and rounded (docs/explanation/dense.md); from `label` on it is what `l3_lexical` leaves.
WEIGHTS: Mapping[str, float] = {
    "name": 7.5,
    "prior": 4.0,
    "meaning": 6.0,
    "context": 4.5,
    "neighbours": 4.0,
    "antecedent": 2.5,
    "label": 3.0,
    "usage": 4.0,
    "document": 2.0,
    "overlap": 2.0,
    "mentions": 1.0,
    "coherence": 0.5,
    "bias": -15.0,
}
_SPELT = ("l2", "name", "case", "label", "usage", "document")  # what compares spellings


def _ordered(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights as numbers, the usual ones in their usual order."""
    names = [*(name for name in WEIGHTS if name in weights), *sorted(name for name in weights if name not in WEIGHTS)]
    return {name: float(weights[name]) for name in names}


@define(kw_only=True)
class EncoderLinker(EncoderLayer):
    """Scores each candidate by a logistic sum of readable features, as `encoder`.

    Its own features stand in `candidate.scores` before it: `meaning`, the cosine of mention and entity text; `context`,
    of entity text and the mean of the sentences within 1,000 characters of the mention; `neighbours`, of the entity and
    the mean of what the other mentions of the text seem to mean; `antecedent`, for a pronoun, how likely the entity is
    meant by what the text names first; and where no stage before left them, `name`, how alike the spellings are, and
    `prior`, how well known the entity is among the candidates. `weights` may name whatever else stands there, such as
    `label` and `document`, which `l3_lexical` leaves; what a candidate lacks counts nothing.
    """

    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    weights: Mapping[str, float] = field(factory=lambda: dict(WEIGHTS), converter=_ordered)

    def __attrs_post_init__(self) -> None:
        if wrong := [name for name, weight in self.weights.items() if not math.isfinite(weight)]:
            raise ValueError(f"weights must be finite, got {self.weights[wrong[0]]} for '{wrong[0]}'")

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions, candidates best first; where scores are equal they keep their order."""
        valued = self._values(texts, candidates)
        return [tuple(self._scored(item, next(valued)) for item in items) for items in candidates]

    def features(self, item: MentionCandidates) -> list[dict[str, float]]:
        """Per candidate that is scored already every value that a weight can name."""
        left_out = _SPELT if is_pronoun(item.mention.text) else ()
        return [{n: v for n, v in one.scores.items() if n not in left_out} for one in item.candidates]

    def explain(
        self, text: str, item: MentionCandidates, items: Sequence[MentionCandidates] = ()
    ) -> tuple[Explanation, ...]:
        """The reasons for the score of each candidate, in the order of `item.candidates`, scored already or not.

        `items` are all mentions of the text, this one among them or not; without them it is explained by itself.
        """
        others = [one for one in items if one.mention != item.mention]
        values = next(self._values([text], [(item, *others)]))
        found = []
        for candidate, own in zip(item.candidates, values, strict=True):
            counted = self.counted(item.mention, {**candidate.scores, **own})
            score = combine(counted, self.weights, self._bias)
            found.append(Explanation(candidate, score, self._bias, reasons(counted, self.weights)))
        return tuple(found)

    def _values(self, texts: Texts, candidates: Candidates) -> Iterator[list[dict[str, float]]]:
        """Per mention, in order, the own features of each of its candidates."""
        from glinker_dense.features import valued

        return valued(self, texts, candidates)

    def _scored(self, item: MentionCandidates, values: Sequence[Mapping[str, float]]) -> MentionCandidates:
        scored = []
        for candidate, own in zip(item.candidates, values, strict=True):
            score = combine(self.counted(item.mention, {**candidate.scores, **own}), self.weights, self._bias)
            scored.append(candidate.scored(**own, **{_SCORE: score}))
        best_first = tuple(sorted(scored, key=lambda candidate: -candidate.score))
        return MentionCandidates(item.mention, best_first, self.threshold, item.note)

    def counted(self, mention: Mention, values: Mapping[str, float]) -> dict[str, float]:
        """What counts for a candidate, in the order of the weights; of a pronoun nothing that compares spellings."""
        left_out = _SPELT if is_pronoun(mention.text) else ()
        return {name: values[name] for name in self.weights if name in values and name not in left_out}

    @property
    def _bias(self) -> float:
        return self.weights.get("bias", 0.0)
