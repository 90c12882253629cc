"""The GLiNER models by Knowledgator that were trained for entity linking, and pipelines of those that go together.

Figures of the recognisers: GLiNER-bi-Encoder, arXiv 2602.18487; encoders of the others: their pages on the hub. None
is what nobody has published.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from attrs import frozen

#: What a preset looks for unless it is told.
LABELS = ("person", "organization", "location")


@frozen
class ModelCard:
    """A model on the hub.

    `parameters` in millions, both encoders together; `cross_ner` is the average zero-shot micro-F1 on CrossNER in
    percent; `speed` is in examples a second on one H100, `speed_precomputed` with the label embeddings given.
    """

    id: str
    role: Literal["ner", "linker", "reranker"]
    text_encoder: str
    label_encoder: str | None = None
    parameters: int | None = None
    cross_ner: float | None = None
    speed: float | None = None
    speed_precomputed: float | None = None


def _ner(size: str, text_encoder: str, label_encoder: str, *figures: Any) -> ModelCard:
    return ModelCard(f"knowledgator/gliner-bi-{size}-v2.0", "ner", text_encoder, label_encoder, *figures)


BI_EDGE = _ner("edge", "ettin-encoder-32m", "all-MiniLM-L6-v2", 60, 54.0, 13.64, 24.62)
BI_SMALL = _ner("small", "ettin-encoder-68m", "all-MiniLM-L12-v2", 108, 57.2, 7.99, 15.22)
BI_BASE = _ner("base", "ettin-encoder-150m", "bge-small-en-v1.5", 194, 60.3, 5.91, 9.51)
BI_LARGE = _ner("large", "ettin-encoder-400m", "bge-base-en-v1.5", 530, 61.5, 2.68, 3.60)
LINKER_BASE = ModelCard("knowledgator/gliner-linker-base-v1.0", "linker", "deberta-base")
LINKER_LARGE = ModelCard("knowledgator/gliner-linker-large-v1.0", "linker", "deberta-large")
RERANKER = ModelCard("knowledgator/gliner-linker-rerank-v1.0", "reranker", "ettin-encoder-68m")

MODELS = (BI_EDGE, BI_SMALL, BI_BASE, BI_LARGE, LINKER_BASE, LINKER_LARGE, RERANKER)


@frozen
class Preset:
    """Models that go together; called, it gives the pipeline of them as a file would hold it."""

    name: str
    summary: str
    ner: ModelCard
    linker: ModelCard
    reranker: ModelCard | None = None

    @property
    def models(self) -> tuple[ModelCard, ...]:
        """Its models in the order in which they run."""
        return tuple(card for card in (self.ner, self.linker, self.reranker) if card is not None)

    def __call__(self, labels: Sequence[str] | Mapping[str, str] = LABELS) -> dict[str, Any]:
        """Mentions of the `labels` (names, or names with descriptions), linked to the entities in the file that
        GLINKER_KB names, or in `kb.db`."""
        template = {"template": "{label}: {description}"}
        store = {"type": "sqlite", "search_mode": ["exact", "fuzzy"], "config": {"path": "${GLINKER_KB:-kb.db}"}}
        written = list(labels) if isinstance(labels, tuple) else labels  # whatever else it is, the recogniser checks it
        recognizer = {"model": self.ner.id, "labels": written, "threshold": 0.3}
        linker = {"model": self.linker.id, "use_precomputed_embeddings": True, "cache_embeddings": True}
        nodes: list[dict[str, Any]] = [
            {"id": "l1", "processor": "l1_gliner", "config": recognizer},
            {"id": "l2", "processor": "l2_chain", "config": {"layers": [store]}},
            {"id": "l3", "processor": "l3_batch", "schema": template, "config": linker},
        ]
        if self.reranker is not None:
            config = {"model": self.reranker.id}
            nodes.append({"id": "l4", "processor": "l4_reranker", "schema": template, "config": config})
        nodes.append({"id": "l0", "processor": "l0_aggregator"})
        description = f"{self.summary}; make the knowledge base with glinker kb import ENTITIES --store kb.db"
        return {"name": self.name, "description": description, "nodes": nodes}


EDGE = Preset("edge", "the smallest models, for any machine", BI_EDGE, LINKER_BASE)
BALANCED = Preset("balanced", "a larger recogniser, still quick on a CPU", BI_SMALL, LINKER_BASE)
HIGH_ACCURACY = Preset("high-accuracy", "large linker, better with a GPU", BI_BASE, LINKER_LARGE)
MAX_ACCURACY = Preset("max-accuracy", "the largest models and a reranker, for a GPU", BI_LARGE, LINKER_LARGE, RERANKER)

PRESETS = (EDGE, BALANCED, HIGH_ACCURACY, MAX_ACCURACY)
