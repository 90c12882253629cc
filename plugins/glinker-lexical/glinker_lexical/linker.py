"""L3: scores candidates by their names, how well known they are and the words they share with the document."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache

import attrs
from attrs import define, field, frozen, validators

from glinker_core.layers import Candidates, Texts
from glinker_core.model import Candidate, MentionCandidates
from glinker_lexical.combine import Reason, combine, reasons
from glinker_lexical.features import content_words, entity_words, features, shared_words

_REMEMBERED = 20_000  # entities whose words are kept


@frozen
class Weights:
    """How much each feature counts, in log-odds, and the `bias` they start from; see `features.features`."""

    name: float = 10.0
    case: float = 0.5
    prior: float = 3.0
    overlap: float = 4.0
    type: float = 1.0
    bias: float = -12.5


@frozen
class Explanation:
    """Why a candidate has its score: the bias, the reasons in order, and the words it shares with the document.

    Each word comes with its weight; together they make the value of the feature `overlap`.
    """

    candidate: Candidate
    score: float
    bias: float
    reasons: tuple[Reason, ...]
    words: tuple[tuple[str, float], ...]


def _remembering() -> Callable[[str, str], frozenset[str]]:
    return lru_cache(_REMEMBERED)(entity_words)


@define
class LexicalLinker:
    """Scores each candidate by a logistic sum of readable features, without a model.

    The features stand in `candidate.scores` before `l3`: `name`, `case`, `prior`, `overlap`, `type`. With the default
    weights a single candidate of the same name is linked without any context, and one that is only similar is not.
    It finds no mentions: a whole text, which is what a retriever gives without a recogniser, is NIL.
    """

    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    weights: Weights = Weights()
    _words: Callable[[str, str], frozenset[str]] = field(factory=_remembering, init=False, eq=False, repr=False)

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions, candidates best first; where scores are equal they keep their order."""
        return [tuple(self._link(text, items)) for text, items in zip(texts, candidates, strict=True)]

    def explain(self, text: str, item: MentionCandidates) -> tuple[Explanation, ...]:
        """The reasons for the score of each candidate, in the order of `item.candidates`, scored already or not."""
        shared = self._shared(item, content_words(text))
        weights, bias = self._weights()
        return tuple(
            Explanation(candidate, combine(values, weights, bias), bias, reasons(values, weights), tuple(words.items()))
            for candidate, values, words in zip(
                item.candidates, features(item.mention, item.candidates, shared), shared, strict=True
            )
        )

    def _link(self, text: str, items: Sequence[MentionCandidates]) -> Iterator[MentionCandidates]:
        context = content_words(text) if items else frozenset()
        seen: dict[tuple[str, str], tuple[tuple[Candidate, ...], tuple[Candidate, ...]]] = {}
        for item in items:
            mention = item.mention
            before, after = seen.get((mention.text, mention.label), (None, ()))
            if before != item.candidates:
                after = self._score(item, context)
                seen[mention.text, mention.label] = item.candidates, after
            yield MentionCandidates(mention, after, self.threshold)

    def _score(self, item: MentionCandidates, context: Collection[str]) -> tuple[Candidate, ...]:
        weights, bias = self._weights()
        values = features(item.mention, item.candidates, self._shared(item, context))
        scored = [
            candidate.scored(**value, l3=combine(value, weights, bias))
            for candidate, value in zip(item.candidates, values, strict=True)
        ]
        return tuple(sorted(scored, key=lambda candidate: -candidate.score))

    def _shared(self, item: MentionCandidates, context: Collection[str]) -> list[dict[str, float]]:
        described = [self._words(c.entity.description, c.entity.entity_type) for c in item.candidates]
        return shared_words(item.mention, context, described)

    def _weights(self) -> tuple[Mapping[str, float], float]:
        weights = attrs.asdict(self.weights)
        return weights, weights.pop("bias")
