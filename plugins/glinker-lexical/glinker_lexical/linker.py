"""L3: scores candidates by their names, how well known they are, and what the document says of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import attrs
from attrs import define, field, frozen, validators

from glinker_core.combine import Explanation, combine, log_odds, logistic, reasons
from glinker_core.layers import Candidates, Texts
from glinker_core.model import MentionCandidates
from glinker_core.ranked import Ranked
from glinker_lexical.described import Read, reader
from glinker_lexical.document import Surface, surfaces


@frozen
class Weights:
    """How much each feature counts, in log-odds, and the `bias` they start from; see `features`."""

    name: float = 11.0
    case: float = 0.2
    label: float = 5.0
    prior: float = 2.8
    usage: float = 5.0
    overlap: float = 4.0
    document: float = 3.0
    type: float = 1.0
    mentions: float = 1.5
    coherence: float = 4.0
    bias: float = -18.0


@define
class LexicalLinker:
    """Scores each candidate by a logistic sum of readable features, without a model.

    The features stand in `candidate.scores` before `l3`: `name`, `case`, `label`, `prior`, `usage`, `overlap`,
    `document`, `type`, `mentions`, `coherence`. With the default weights a single candidate of the same name is linked
    without any context, and one that is only similar is not. The mentions of a text support each other.
    It finds no mentions: a whole text, which is what a retriever gives without a recogniser, is NIL.
    """

    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    weights: Weights = Weights()
    _read: Read = field(factory=reader, init=False, eq=False, repr=False)

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions, candidates best first; where scores are equal they keep their order."""
        weights, bias = self._weights()
        return [tuple(self._linked(text, items, weights, bias)) for text, items in zip(texts, candidates, strict=True)]

    def explain(
        self, text: str, item: MentionCandidates, items: Sequence[MentionCandidates] = ()
    ) -> tuple[Explanation, ...]:
        """The reasons for the score of each candidate, in the order of `item.candidates`, scored already or not.

        `items` are all mentions of the text, this one among them or not; without them it is explained by itself.
        """
        weights, bias = self._weights()
        surface = surfaces(text, (item, *items), self._read, weights)[0]
        rows = [dict(zip(surface.features, values, strict=True)) for values in surface.rows()]
        return tuple(
            Explanation(candidate, combine(values, weights, bias), bias, reasons(values, weights), tuple(words.items()))
            for candidate, values, words in zip(item.candidates, rows, surface.shared, strict=True)
        )

    def _linked(
        self, text: str, items: Sequence[MentionCandidates], weights: Mapping[str, float], bias: float
    ) -> Iterator[MentionCandidates]:
        if not items:
            return
        done: dict[int, Ranked] = {}
        for item, surface in zip(items, surfaces(text, items, self._read, weights), strict=True):
            if id(surface) not in done:
                done[id(surface)] = _scored(surface, weights, bias)
            yield MentionCandidates(item.mention, done[id(surface)], self.threshold)

    def _weights(self) -> tuple[Mapping[str, float], float]:
        weights = attrs.asdict(self.weights)
        return weights, weights.pop("bias")


def _scored(surface: Surface, weights: Mapping[str, float], bias: float) -> Ranked:
    weighed = [weights[feature] for feature in surface.features]
    values = [logistic(log_odds(row, weighed, bias)) for row in surface.rows()]
    return Ranked(surface.candidates, "l3", values, surface.features)
