"""What the parts of `gliner_speed.py` share: models, sizes, and work in the form that our layers take it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from gliner_peer import NOTHING_PASSES, TEMPLATE, Child, Seconds
from gliner_rounds import timed
from gliner_work import Text, Thing
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_stores.dict import DictStore
from shapes import SHAPES, make

from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.resources import Resources


@dataclass
class Bench:
    """Where the models are, how much is done, and the other interpreter."""

    folder: Path
    shape: str  # of the bi-encoder
    rounds: int
    size: float  # of the work, 1 for all
    clock: str
    child: Child | None

    def model(self, shape: str = "") -> str:
        """The folder of a model of that shape, the bi-encoder's unless it is told; made if it is not there."""
        folder = self.folder / (shape or self.shape)
        if not (folder / "gliner_config.json").is_file():
            make(SHAPES[folder.name], 0).save_pretrained(folder, safe_serialization=True)
        return str(folder)

    @cached_property
    def library(self) -> Any:
        """The bi-encoder as the library has it."""
        from gliner import GLiNER
        from transformers.initialization import no_init_weights

        with no_init_weights():
            return GLiNER.from_pretrained(self.model()).eval()

    def count(self, number: int, least: int = 1) -> int:
        """So many at full size."""
        return max(least, round(number * self.size))

    def slices(self, items: Sequence[Any]) -> list[Any]:
        """The work in as many slices as there are rounds."""
        return [list(items[turn :: self.rounds]) for turn in range(self.rounds)]


def raw_labels(model: Model, labels: Sequence[str]) -> torch.Tensor:
    """What the library's `encode_labels` gives, without its padding."""
    with torch.inference_mode():
        return model._label_vectors(labels, 64, None).clone()


def linker_over(folder: str, things: Sequence[Thing], precomputed: bool) -> GlinerLinker:
    """A linker over a dict store with the entities."""
    store = DictStore()
    store.open()
    store.upsert([entity_of(thing) for thing in things])
    linker = GlinerLinker(model=folder, threshold=NOTHING_PASSES, use_precomputed_embeddings=precomputed)
    linker.open(Resources({"dict": store}))
    if precomputed:
        linker.precompute_embeddings(["dict"], 64)
    return linker


def entity_of(thing: Thing) -> Entity:
    """It as our stores hold it."""
    return Entity(thing.entity_id, thing.label, thing.aliases, thing.description)


def written(thing: Thing) -> str:
    """What a model reads of it."""
    return TEMPLATE.format(label=thing.label, description=thing.description)


def candidates_of(text: Text, pools: Sequence[Sequence[int]], things: Sequence[Thing]) -> list[MentionCandidates]:
    """The mentions of a text with their candidates, as a retriever hands them on."""
    return [
        MentionCandidates(
            Mention(start, end, text.text[start:end]),
            tuple(Candidate(entity_of(things[n]), things[n].label, "exact", {"l2": 1.0}) for n in pool),
        )
        for (start, end), pool in zip(text.spans, pools, strict=True)
    ]


def encoder_alone(model: Model, texts: Sequence[Text]) -> Seconds:
    """The text encoder on the batches we make of texts, tokenised before."""
    words = [model.words(text.text).words for text in texts]
    batches = []
    for group in model.batches.groups([len(some) for some in words], 16):
        inputs = model._processor.tokenize_inputs([words[index] for index in group], None)
        batches.append((inputs["input_ids"], inputs["attention_mask"]))
    with torch.inference_mode():
        return timed(lambda: [model._core.token_rep_layer.encode_text(*batch) for batch in batches])
