"""What all layers over a GLiNER model share: which model it is and where it runs, windows, and scores of candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field, validators

from glinker_core.errors import DataError, Problem
from glinker_core.model import Entity, MentionCandidates
from glinker_core.ranked import Ranked
from glinker_core.vectors import render
from glinker_gliner.loading import ModelSpec
from glinker_gliner.windows import Window, Words, windows

if TYPE_CHECKING:
    from glinker_core.resources import Resources
    from glinker_core.vectors import Progress
    from glinker_gliner.model import Model
    from glinker_gliner.vectors import EntityVectors


def _positive(_: Any, __: Any, value: int | None) -> None:
    if value is not None and value < 1:
        raise ValueError(f"max_length must be at least 1 word, got {value}; leave it out for what the model reads")


@define(kw_only=True)
class ModelLayer:
    """What is said of a model: its name on the hub or its folder, and how it runs.

    Layers with the same `model`, `revision`, `device` and `dtype` share it. Texts of more than `max_length` words, or
    of more tokens than the model reads, are seen in windows that share `window_overlap` words, or refused with
    `on_overflow: error`. `batch_size` windows go through the model at once.
    """

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: Literal["fp32", "bf16", "fp16"] = "fp32"
    compile: bool = False
    token: str | None = field(default=None, repr=False)
    local_files_only: bool = False
    batch_size: int = field(default=16, validator=validators.ge(1))
    max_length: int | None = field(default=512, validator=_positive)
    window_overlap: int = field(default=64, validator=validators.ge(0))
    on_overflow: Literal["window", "error"] = "window"
    _model: Model | None = field(default=None, init=False, repr=False, eq=False)

    def open(self, resources: Resources) -> None:
        """Load the model, unless another layer has."""
        from glinker_gliner.model import shared_model

        spec = ModelSpec(
            self.model, self.revision, self.device, self.dtype, self.compile, self.local_files_only, self.token or None
        )
        self._model = shared_model(resources, spec)

    def close(self) -> None:
        """Let go of the model."""
        self._model = None

    @property
    def loaded(self) -> Model:
        """The model; `open()` loads it."""
        if self._model is None:
            raise RuntimeError("call open() first")
        return self._model

    def windows(self, texts: Sequence[Words], labels: Sequence[str] = ()) -> list[list[Window]]:
        """The windows of each text beside a prompt of labels."""
        limits = self.loaded.limits(self.max_length, self.window_overlap, labels)
        found = [list(windows(words, limits, self.loaded.sizes)) for words in texts]
        if self.on_overflow == "error":
            problems = [
                Problem(
                    f"text {index}",
                    f"has {len(words.words)} words and takes {len(some)} windows of the model; "
                    "set on_overflow: window, raise max_length, or give shorter texts",
                )
                for index, (words, some) in enumerate(zip(texts, found, strict=True))
                if len(some) > 1
            ]
            if problems:
                raise DataError("texts too long for one window", problems)
        return found


@define(kw_only=True)
class ScoringLayer(ModelLayer):
    """What is said of a linker and a reranker: how entities are written, and from which score on one is meant.

    `template` makes of an entity the text that the model reads. A model that reads texts without labels (a bi-encoder)
    scores by vectors of entities; with `use_precomputed_embeddings` they come from the stores, and with
    `cache_embeddings` those that were missing are kept there. Any other model is asked for `max_labels` candidates of a
    mention at a time.
    """

    template: str = "{label}: {description}"
    threshold: float = field(default=0.5, validator=[validators.ge(0), validators.le(1)])
    max_labels: int = field(default=20, validator=validators.ge(1))
    use_precomputed_embeddings: bool = False
    cache_embeddings: bool = False
    flat_ner: bool = True  # this and the next are GLiNKER's, whose L3 and L4 look for mentions again
    multi_label: bool = False
    _vectors: EntityVectors | None = field(default=None, init=False, repr=False, eq=False)
    _resources: Resources | None = field(default=None, init=False, repr=False, eq=False)

    def open(self, resources: Resources) -> None:
        """Load the model."""
        from glinker_gliner.vectors import EntityVectors

        super().open(resources)
        self._resources = resources
        if self.loaded.independent:
            reads, writes = self.use_precomputed_embeddings, self.cache_embeddings
            self._vectors = EntityVectors(self.loaded, self.template, resources, reads, writes, self.batch_size)

    def close(self) -> None:
        """Let go of the model and of all vectors."""
        super().close()
        self._vectors = self._resources = None

    def precompute_embeddings(
        self, stores: Sequence[str], batch_size: int, progress: Progress | None = None
    ) -> dict[str, int]:
        """Embed the entities of the stores that have no vector yet; `{store: how many}`."""
        if self._vectors is None:
            return dict.fromkeys(stores, 0)  # a model that reads entities with the text has nothing to keep of them
        return self._vectors.precompute(stores, batch_size, progress)

    def read(self, entities: Sequence[Entity]) -> list[str]:
        """What the model reads of each entity beside a text; what is longer than fits is cut and counted."""
        texts, cut = self.loaded.fitting([render(self.template, entity) for entity in entities])
        if cut and self._resources is not None:
            self._resources.count("entity texts cut to what the model reads beside a text", cut)
        return texts

    def score(
        self, stage: str, words: Sequence[Words], items: Sequence[Sequence[MentionCandidates]], count: int | None = None
    ) -> Iterator[tuple[MentionCandidates, ...]]:
        """Per text its mentions with the scores of a stage for their first `count` candidates, the best first."""
        from glinker_gliner.scoring import Job, scores_of

        jobs = [
            Job(index, item.mention, [candidate.entity for candidate in item.candidates[:count]])
            for index, some in enumerate(items)
            for item in some
        ]
        scores = scores_of(self, words, jobs, self._vectors)
        if self._resources is not None:
            for note, times in Counter(one.note for one in scores if one.note).items():
                self._resources.count(f"mentions: {note}", times)
        of_item = iter(scores)
        for some in items:
            yield tuple(
                MentionCandidates(
                    item.mention, Ranked(item.candidates, stage, values), self.threshold, note or item.note
                )
                for item, (values, note) in zip(some, of_item, strict=False)
            )
