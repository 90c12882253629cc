"""L4: scores the best candidates of each mention again, with a model that reads them beside the text."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from attrs import define, field, validators

from glinker_core.layers import Candidates, Texts
from glinker_gliner.catalog import RERANKER
from glinker_gliner.layer import ScoringLayer

if TYPE_CHECKING:
    from glinker_core.resources import Resources

log = logging.getLogger(__name__)


@define(kw_only=True)
class GlinerReranker(ScoringLayer):
    """Scores the best `max_candidates` of each mention again, as `l4`; the others keep what they have, behind them.

    What such a model says of a candidate depends on those beside it. So the best of each chunk of `max_labels` meet in
    another round, and their scores there count; who was left behind scores no higher than who was not.
    """

    max_candidates: int = field(default=100, validator=validators.ge(1))

    def open(self, resources: Resources) -> None:
        """Load the model; one that compares vectors, as a linker does, is said to be no reranker, but runs."""
        super().open(resources)
        if self.loaded.independent:
            log.warning(
                "model '%s': is a linker, not a reranker: it scores candidates by vectors, without reading them beside "
                "the text; name one such as %s",
                self.model,
                RERANKER.id,
            )

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:
        """The same mentions, the candidates that were scored again first."""
        words = [self.loaded.words(text) for text in texts]
        return list(self.score("l4", words, candidates, self.max_candidates))
