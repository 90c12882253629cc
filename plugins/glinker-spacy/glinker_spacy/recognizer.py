"""L1: finds mentions with a spaCy pipeline."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import define, field, validators

from glinker_core.errors import InputError, near
from glinker_core.layers import Mentions, Texts
from glinker_core.model import Mention
from glinker_spacy.windows import Found, join, windows

if TYPE_CHECKING:
    from spacy.tokens import Doc

    from glinker_core.resources import Resources
    from glinker_spacy.loading import Loaded

NOUN_CHUNK = "NOUN_CHUNK"
OVERLAP = 1_000  # characters that two windows of a long text share

_SURROGATE = re.compile("[\ud800-\udfff]")


def _one_or_all(_: Any, __: Any, value: int) -> None:
    if value < 1 and value != -1:
        raise ValueError(f"n_process must be at least 1, or -1 for one for each core, got {value}")


@define(kw_only=True)
class SpacyRecognizer:
    """Finds the entities of a spaCy pipeline: an installed package, a folder, or `blank:en` with `patterns`.

    Pipes that add nothing to the entities do not run, nor do those that only set the ends of sentences; `keep` names
    some that shall. Labels are those of the pipeline, unless `labels` maps them, as in `{GPE: place}`; mentions of
    `exclude_labels` and names shorter than `min_entity_length` characters are left out. `patterns` are those of an
    entity ruler, or the file they are in, and go before what the pipeline finds itself. With `include_noun_chunks`,
    noun chunks that overlap no entity are mentions labelled NOUN_CHUNK. With `spans_key`, the spans of that group are
    the mentions, with their scores if it has any; entities have none, so theirs is 1. Texts of more than `max_length`
    characters are seen in windows.
    """

    model: str
    device: str = "cpu"
    batch_size: int = field(default=32, validator=validators.ge(1))
    n_process: int = field(default=1, validator=_one_or_all)
    labels: Mapping[str, str] = field(factory=dict)
    exclude_labels: Sequence[str] = ()
    include_noun_chunks: bool = False
    spans_key: str | None = None
    patterns: Sequence[Mapping[str, Any]] | Path | None = field(default=None)
    keep: Sequence[str] = ()
    min_entity_length: int = field(default=2, validator=validators.ge(1))
    max_length: int = field(default=100_000, validator=validators.ge(100))
    max_left_context: int = 50  # GLiNKER's; contexts are shown as L0 is set
    max_right_context: int = 50
    _loaded: Loaded | None = field(default=None, init=False, repr=False, eq=False)
    _disabled: Sequence[str] = field(default=(), init=False, repr=False, eq=False)

    @patterns.validator
    def _of_entities(self, _: Any, patterns: object) -> None:
        if patterns is not None and self.spans_key is not None:
            raise ValueError("patterns find entities, and spans_key asks for spans; leave out one of them")

    def open(self, resources: Resources) -> None:
        """Load the pipeline and see which of its pipes are needed."""
        from glinker_spacy.loading import shared_pipeline
        from glinker_spacy.needed import labels_of, needed

        loaded = shared_pipeline(resources, self.model, self.device, self.patterns)
        pipes = needed(
            loaded.nlp, self.model, keep=self.keep, chunks=self.include_noun_chunks, spans=self.spans_key is not None
        )
        known = labels_of(loaded.nlp, pipes)
        if known is not None:
            self._check_labels([*known, NOUN_CHUNK])
        self._disabled = [name for name in loaded.nlp.pipe_names if name not in pipes]
        self._loaded = loaded

    def close(self) -> None:
        """Let go of the pipeline."""
        self._loaded = None

    def recognize(self, texts: Texts) -> Mentions:
        """Mentions per text, in order of position."""
        if self._loaded is None:
            raise RuntimeError("call open() first")
        length = min(self.max_length, self._loaded.nlp.max_length)
        places = [list(windows(text, length, OVERLAP)) for text in texts]
        # spaCy takes no lone surrogates
        shown = [
            _SURROGATE.sub("\ufffd", text[start:end])
            for text, some in zip(texts, places, strict=True)
            for start, end in some
        ]
        found = iter(self._found(self._loaded, shown))
        return [
            tuple(self._mentions(text, join(some, [next(found) for _ in some])))
            for text, some in zip(texts, places, strict=True)
        ]

    def _found(self, loaded: Loaded, texts: list[str]) -> list[list[Found]]:
        n_process = self.n_process if len(texts) > self.batch_size else 1  # starting processes takes longer
        with loaded.running():
            docs = loaded.nlp.pipe(texts, batch_size=self.batch_size, n_process=n_process, disable=self._disabled)
            return [list(self._spans(doc)) for doc in docs]

    def _spans(self, doc: Doc) -> Iterator[Found]:
        spans, scores = self._group(doc)
        for span, score in zip(spans, scores, strict=True):
            yield Found(span.start_char, span.end_char, span.label_, score)
        if self.include_noun_chunks:
            taken = {index for span in spans for index in range(span.start, span.end)}
            for chunk in doc.noun_chunks:
                if taken.isdisjoint(range(chunk.start, chunk.end)):
                    yield Found(chunk.start_char, chunk.end_char, NOUN_CHUNK, 1.0)

    def _group(self, doc: Doc) -> tuple[Sequence[Any], Sequence[float]]:
        if self.spans_key is None:
            entities = doc.ents  # made anew each time
            return entities, [1.0] * len(entities)
        group = doc.spans.get(self.spans_key)
        spans = [] if group is None else list(group)
        scores = [] if group is None else [round(float(score), 6) for score in group.attrs.get("scores", ())]
        return spans, scores if len(scores) == len(spans) else [1.0] * len(spans)

    def _mentions(self, text: str, found: list[Found]) -> Iterator[Mention]:
        best: dict[tuple[int, int, str], float] = {}
        for start, end, label, score in found:
            surface = text[start:end]
            name = surface.strip()
            if len(name) >= self.min_entity_length and label not in self.exclude_labels:
                start += surface.index(name)
                place = (start, start + len(name), self.labels.get(label, label))
                best[place] = max(score, best.get(place, 0.0))
        for start, end, label in sorted(best):
            yield Mention(start, end, text[start:end], label, best[start, end, label])

    def _check_labels(self, known: list[str]) -> None:
        for setting in ("labels", "exclude_labels"):
            for label in getattr(self, setting):
                if label not in known:
                    raise InputError(f"{setting}: model '{self.model}' has no label '{label}'{near(label, known)}")
