"""What flows through a pipeline: entities, mentions, candidates, linked documents, and one result per layer.

Every record is frozen. Offsets are 0-based, end-exclusive and count Unicode code points, so that
`text[mention.start:mention.end] == mention.text` always holds. A layer result has one item per text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

from attrs import evolve, field, frozen

T = TypeVar("T")

#: The label of a mention that stands for a whole text: what a retriever returns when no recogniser ran.
WHOLE_TEXT = "$text"


@frozen
class Entity:
    """A record of the knowledge base; `popularity` is any non-negative number, larger for better known."""

    entity_id: str
    label: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    entity_type: str = ""
    popularity: float = 0
    metadata: Mapping[str, Any] = field(factory=dict, hash=False)

    @property
    def names(self) -> tuple[str, ...]:
        """The label and the aliases, each once, the label first."""
        return tuple(dict.fromkeys((self.label, *self.aliases)))

    def merged(self, other: Entity) -> Entity:
        """What both say of one entity: all names, the greater popularity; where they differ, this one counts."""
        return evolve(
            self,
            aliases=tuple(dict.fromkeys((*self.aliases, *(name for name in other.names if name != self.label)))),
            description=self.description or other.description,
            entity_type=self.entity_type or other.entity_type,
            popularity=max(self.popularity, other.popularity),
            metadata={**other.metadata, **self.metadata},
        )


@frozen
class Mention:
    """A span of a text that may refer to an entity; `label` is its type, `score` the recogniser's confidence."""

    start: int
    end: int
    text: str
    label: str = ""
    score: float = 1.0


@frozen
class Candidate:
    """An entity retrieved for one mention: the name that matched, how it matched, and one score per stage.

    `scores` is in the order of the stages (`{"l2": .., "l3": ..}`); `score` is the last one.
    """

    entity: Entity
    name: str
    match: str
    scores: Mapping[str, float] = field(factory=dict, hash=False)

    @property
    def entity_id(self) -> str:
        return self.entity.entity_id

    @property
    def label(self) -> str:
        return self.entity.label

    @property
    def score(self) -> float:
        """The score of the last stage; 0.0 before any stage."""
        return next(reversed(self.scores.values()), 0.0)  # type: ignore[call-overload]

    def scored(self, **scores: float) -> Candidate:
        """The same candidate with more scores behind those it has; the last one given becomes its `score`."""
        kept = self.scores
        if not kept.keys().isdisjoint(scores):
            kept = {name: value for name, value in kept.items() if name not in scores}
        return Candidate(self.entity, self.name, self.match, {**kept, **scores})


@frozen
class MentionCandidates:
    """A mention with its own candidates, best first: a tuple, or `Ranked`, which makes the records somebody looks at.

    `threshold` is the score the best candidate needs to be linked, as the last stage that scored sees it; L0 decides.
    `note` says what a stage had to do about a mention that it could not take as it is, such as one that is cut off.
    """

    mention: Mention
    candidates: Sequence[Candidate] = ()
    threshold: float = 0.0
    note: str = ""


@frozen
class LinkedEntity:
    """The entity a mention was linked to, with the score that decided and the name in the KB that matched."""

    entity_id: str
    label: str
    score: float
    start: int
    end: int
    matched_text: str
    description: str = ""
    entity_type: str = ""

    @property
    def confidence(self) -> float:
        """The same as `score`."""
        return self.score


@frozen
class LinkedMention:
    """A mention with what was decided about it; `linked_entity` is None for NIL and `reason` then says why.

    `mention_score` is the recogniser's confidence in span and label. Where no node retrieves candidates nothing is
    decided, and `reason` is empty. It also has the note of a stage that could not take the mention as it is.
    """

    mention_text: str
    start: int
    end: int
    label: str = ""
    linked_entity: LinkedEntity | None = None
    candidates: tuple[Candidate, ...] = ()
    num_candidates: int = 0
    left_context: str = ""
    right_context: str = ""
    pipeline_stage: str = "l1_only"
    reason: str = ""
    mention_score: float = 1.0

    @property
    def mention_start(self) -> int:
        return self.start

    @property
    def mention_end(self) -> int:
        return self.end

    @property
    def is_linked(self) -> bool:
        return self.linked_entity is not None

    @property
    def candidate_scores(self) -> dict[str, float]:
        """`{entity_id: score}` of the candidates kept."""
        return {candidate.entity_id: candidate.score for candidate in self.candidates}


@frozen
class LinkedDocument:
    """A text with its linked mentions in order of their position; `error` says why it could not be processed.

    `pipeline` is the digest of the pipeline that linked it (`Source.digest`), `kb_revision` says with what entities.
    """

    text: str
    entities: tuple[LinkedMention, ...] = ()
    id: str = ""
    kb_revision: str = ""
    error: str | None = None
    pipeline: str = ""


@frozen
class Document:
    """A text to link, with mentions the caller knows of (`{"start", "end", "text"[, "label"]}`), if any."""

    text: str
    id: str = ""
    entities: tuple[Mapping[str, Any], ...] | None = None


class PerText(Sequence[T], Generic[T]):
    """What the results of all layers have in common: a sequence with one item per text."""

    def _items(self) -> tuple[T, ...]:
        raise NotImplementedError  # the subclass names its one field

    def __len__(self) -> int:
        return len(self._items())

    def __iter__(self) -> Iterator[T]:
        return iter(self._items())

    def __getitem__(self, index: Any) -> Any:
        return self._items()[index]


@frozen
class MentionInContext(Mention):
    """A mention with the text on either side of it, as GLiNKER shows it."""

    left_context: str = ""
    right_context: str = ""


_CONTEXT = 50  # characters on either side; GLiNKER's default


@frozen
class L1Result(PerText[tuple[Mention, ...]]):
    """Mentions, per text."""

    mentions: tuple[tuple[Mention, ...], ...] = ()
    texts: tuple[str, ...] = ()

    def _items(self) -> tuple[tuple[Mention, ...], ...]:
        return self.mentions

    @property
    def entities(self) -> tuple[tuple[MentionInContext, ...], ...]:
        """The mentions with their contexts."""
        return tuple(
            tuple(_in_context(mention, text) for mention in mentions)
            for mentions, text in zip(self.mentions, self.texts, strict=True)
        )


def _in_context(mention: Mention, text: str) -> MentionInContext:
    left = text[max(0, mention.start - _CONTEXT) : mention.start]
    right = text[mention.end : mention.end + _CONTEXT]
    return MentionInContext(mention.start, mention.end, mention.text, mention.label, mention.score, left, right)


@frozen
class ScoredMention:
    """A mention with its best candidate's label and score, and the scores of all its candidates by label."""

    text: str
    label: str
    start: int
    end: int
    score: float
    class_probs: Mapping[str, float] = field(factory=dict, hash=False)


@frozen
class CandidatesResult(PerText[tuple[MentionCandidates, ...]]):
    """Candidates bound to their mentions, per text: what L2, gates, L3 and L4 make."""

    candidates: tuple[tuple[MentionCandidates, ...], ...] = ()

    def _items(self) -> tuple[tuple[MentionCandidates, ...], ...]:
        return self.candidates

    @property
    def entities(self) -> tuple[tuple[ScoredMention, ...], ...]:
        """Per text, each mention that has candidates with the best of them."""
        return tuple(tuple(_scored(item) for item in items if item.candidates) for items in self.candidates)


def _scored(item: MentionCandidates) -> ScoredMention:
    best, mention = item.candidates[0], item.mention
    probs = {c.label: c.score for c in reversed(item.candidates)}
    return ScoredMention(mention.text, best.label, mention.start, mention.end, best.score, probs)


@frozen
class L0Result(PerText[LinkedDocument]):
    """Linked documents; `entities` is the flat list over all of them."""

    documents: tuple[LinkedDocument, ...] = ()
    stats: Mapping[str, float] = field(factory=dict, hash=False)

    def _items(self) -> tuple[LinkedDocument, ...]:
        return self.documents

    @property
    def entities(self) -> list[LinkedMention]:
        """All linked mentions of all documents, in order."""
        return [mention for document in self.documents for mention in document.entities]


__all__ = [
    "WHOLE_TEXT",
    "Candidate",
    "CandidatesResult",
    "Document",
    "Entity",
    "L0Result",
    "L1Result",
    "LinkedDocument",
    "LinkedEntity",
    "LinkedMention",
    "Mention",
    "MentionCandidates",
    "MentionInContext",
    "PerText",
    "ScoredMention",
    "evolve",
]
