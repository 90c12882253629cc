"""L1: finds mentions of any types from their names, zero-shot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field, validators

from glinker_core.errors import near
from glinker_core.layers import Mentions, Texts
from glinker_core.model import Mention
from glinker_gliner.greedy import Found, greedy
from glinker_gliner.layer import ModelLayer
from glinker_gliner.windows import Words

if TYPE_CHECKING:
    from torch import Tensor

    from glinker_core.resources import Resources


@define(kw_only=True)
class GlinerRecognizer(ModelLayer):
    """Finds mentions with a GLiNER model of any kind; a mention's score is what the model says of its label.

    `labels` are names of types, or names with descriptions, which the model then reads instead. What is above
    `threshold`, or above that of its label in `thresholds`, is a mention; with `flat_ner` mentions do not overlap,
    without it they may be nested; with `multi_label` a span may have several labels. Names shorter than
    `min_entity_length` characters are left out. Label vectors of bi-encoders are computed once. More labels than fit
    beside a text (of models that read them with it) are asked in turn.
    """

    labels: Sequence[str] | Mapping[str, str] = field()
    threshold: float = field(default=0.3, validator=[validators.ge(0), validators.le(1)])
    thresholds: Mapping[str, float] = field(factory=dict)
    flat_ner: bool = True
    multi_label: bool = False
    min_entity_length: int = field(default=2, validator=validators.ge(1))
    use_precomputed_embeddings: bool = True  # GLiNKER's; there is no reason to compute them again
    max_left_context: int = 50  # GLiNKER's; contexts are shown as L0 is set
    max_right_context: int = 50
    _vectors: Tensor | None = field(default=None, init=False, repr=False, eq=False)

    @labels.validator
    def _named(self, _: Any, labels: Sequence[str] | Mapping[str, str]) -> None:
        if isinstance(labels, str):
            raise ValueError(f"labels is one string, {labels!r}; write a list: [{labels}]")  # noqa: TRY004  all are told alike
        if not labels:
            raise ValueError("labels is empty; name at least one type, such as [person]")
        if blank := [label for label in labels if not label.strip()]:
            raise ValueError(f"labels has a blank one: {blank[0]!r}")
        if isinstance(labels, Mapping) and (bare := [label for label, text in labels.items() if not text.strip()]):
            raise ValueError(f"labels has a blank description, of {bare[0]!r}; repeat the name if there is none")
        if twice := [label for label, count in Counter([*labels]).items() if count > 1]:
            raise ValueError(f"labels has {twice[0]!r} twice")

    @thresholds.validator
    def _of_labels(self, _: Any, thresholds: Mapping[str, float]) -> None:
        for label, threshold in thresholds.items():
            if label not in self.labels:
                raise ValueError(f"thresholds: no label {label!r}{near(label, self.labels)}")
            if not 0 <= threshold <= 1:
                raise ValueError(f"thresholds: {label!r} must be from 0 to 1, got {threshold}")

    def open(self, resources: Resources) -> None:
        """Load the model and compute the vectors of the labels."""
        super().open(resources)
        if self.loaded.independent:
            self._vectors = self.loaded.labels(self._read, max(self.batch_size, 64))

    def recognize(self, texts: Texts) -> Mentions:
        """Mentions per text, in order of position."""
        from glinker_gliner.finding import find

        words = [self.loaded.words(text) for text in texts]
        least = [self.thresholds.get(name, self.threshold) for name in self.labels]
        found = find(self, words, self._read, self._vectors, least)
        return [tuple(self._mentions(*pair)) for pair in zip(words, found, strict=True)]

    @property
    def _read(self) -> list[str]:
        """What the model reads of each label."""
        return list(self.labels.values()) if isinstance(self.labels, Mapping) else list(self.labels)

    def _mentions(self, words: Words, found: list[Found]) -> Iterator[Mention]:
        names = list(self.labels)
        for first, last, label, score in greedy(found, self.flat_ner, self.multi_label):
            start, end = words.starts[first], words.ends[last]
            if end - start >= self.min_entity_length:
                yield Mention(start, end, words.text[start:end], names[label], round(score, 6))
