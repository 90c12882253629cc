"""L4: a cross-encoder reads the best candidates of each mention beside its sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, validators

from glinker_core.combine import logistic
from glinker_core.errors import InputError
from glinker_core.layers import Candidates, Texts
from glinker_core.model import MentionCandidates
from glinker_core.vectors import render
from glinker_dense.context import sentence
from glinker_dense.layer import ModelLayer
from glinker_dense.loading import ModelSpec

if TYPE_CHECKING:
    from glinker_core.resources import Resources

_SCORE = "cross"
_DIGITS = 5  # of a score: what a batch of another size changes is beyond them


@define(kw_only=True)
class CrossEncoderReranker(ModelLayer):
    """Scores the best `max_candidates` of each mention again, as `cross`; the others keep what they have, behind them.

    `model` is any CrossEncoder of sentence-transformers with one output. It reads "mention: sentence" beside what
    `template` makes of an entity; its output is taken as log-odds. `max_length` counts tokens of both together.
    """

    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    max_candidates: int = field(default=10, validator=validators.ge(1))
    _model: Any = field(default=None, init=False, repr=False, eq=False)

    def open(self, resources: Resources) -> None:
        """Load the model, unless another layer has."""
        self._model = resources.shared(("cross", self.spec), lambda: _load(self.spec))

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions, the candidates that were scored again first."""
        pairs: dict[tuple[str, str], float] = {}
        asked: list[list[list[tuple[str, str]]]] = []
        for text, items in zip(texts, candidates, strict=True):
            asked.append([])
            for item in items:
                name, around = item.mention.text, sentence(text, item.mention)
                read = name if name == around else f"{name}: {around}"
                asked[-1].append(
                    [(read, render(self.template, c.entity)) for c in item.candidates[: self.max_candidates]]
                )
                pairs |= dict.fromkeys(asked[-1][-1], 0.0)
        pairs = self._scores(list(pairs))
        return [
            tuple(self._scored(item, [pairs[one] for one in some]) for item, some in zip(items, of_text, strict=True))
            for items, of_text in zip(candidates, asked, strict=True)
        ]

    def _scores(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], float]:
        if self._model is None:
            raise RuntimeError("call open() first")
        if not pairs:
            return {}
        import torch

        from glinker_dense.encoder import readable

        ordered = sorted(pairs, key=lambda pair: (len(pair[0]) + len(pair[1]), pair))
        found = self._model.predict(
            [(readable(one), readable(other)) for one, other in ordered],
            batch_size=self.batch_size,
            show_progress_bar=False,
            activation_fn=torch.nn.Identity(),
        )
        scores = [float(one) for one in found]
        if not all(map(math.isfinite, scores)):
            raise InputError(f"model '{self.model}': gives scores that are not finite; use dtype: fp32")
        return {pair: round(logistic(score), _DIGITS) for pair, score in zip(ordered, scores, strict=True)}

    def _scored(self, item: MentionCandidates, scores: Sequence[float]) -> MentionCandidates:
        scored = [one.scored(**{_SCORE: score}) for one, score in zip(item.candidates, scores, strict=False)]
        best_first = sorted(scored, key=lambda candidate: -candidate.score)
        return MentionCandidates(
            item.mention, (*best_first, *item.candidates[len(scores) :]), self.threshold, item.note
        )


def _load(spec: ModelSpec) -> Any:
    from sentence_transformers import CrossEncoder

    from glinker_dense.loading import load

    model = load(spec, CrossEncoder)
    if (outputs := int(model.num_labels)) != 1:
        raise InputError(
            f"model '{spec.model}': has {outputs} outputs, and one is needed; use a model that ranks pairs"
        )
    if spec.max_length is not None:
        model.max_length = spec.max_length
    return model
