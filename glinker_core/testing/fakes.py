"""Small real components without weights: to test pipelines with, to read as examples, to mutate into liars.

They keep every promise of their layer (the contracts are run on them), are quick, and need nothing installed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from attrs import define, field

from glinker_core.errors import InputError
from glinker_core.layers import Candidates, Mentions, Row, Search, Texts
from glinker_core.model import (
    WHOLE_TEXT,
    Candidate,
    Document,
    Entity,
    LinkedDocument,
    LinkedEntity,
    LinkedMention,
    Mention,
    MentionCandidates,
    evolve,
)
from glinker_core.names import tokens
from glinker_core.resources import Resources
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore, store_of


@define
class FakeRecognizer:
    """L1: finds the `names` given, or where none are given the names of the knowledge base; longest first."""

    names: tuple[str, ...] = ()
    label: str = "thing"
    _pattern: re.Pattern[str] | None = field(default=None, init=False, eq=False)

    def open(self, resources: Resources) -> None:
        names = {name.strip() for name in self.names or (name.surface for name in resources.kb.names())} - {""}
        longest_first = sorted(names, key=lambda name: (-len(name), name))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if names else None

    def recognize(self, texts: Texts) -> Mentions:
        return [[Mention(*m.span(), m.group(), self.label) for m in self._matches(text)] for text in texts]

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        return self._pattern.finditer(text) if self._pattern else iter(())


@define
class FakeRetriever:
    """L2: asks every store of the knowledge base in turn; the first that knows a name answers for it."""

    limit: int = 30
    _resources: Resources | None = field(default=None, init=False, eq=False, repr=False)

    def open(self, resources: Resources) -> None:
        self._resources = resources

    def retrieve(self, texts: Texts, mentions: Mentions | None = None) -> Candidates:
        if mentions is None:
            mentions = [[Mention(0, len(text), text, WHOLE_TEXT)] if text else [] for text in texts]
        return [[self._candidates(mention) for mention in per_text] for per_text in mentions]

    def _candidates(self, mention: Mention) -> MentionCandidates:
        if self._resources is None:
            raise InputError("FakeRetriever: not open; call open(resources) first")
        if mention.label == WHOLE_TEXT:
            ranked = sorted(self._resources.kb.entities(), key=lambda e: (-e.popularity, e.entity_id))[: self.limit]
            return MentionCandidates(mention, tuple(Candidate(e, e.label, "all", {"l2": 1.0}) for e in ranked))
        for store in self._resources.kb.stores.values():
            (found,) = store.search([mention.text], Search(limit=self.limit))
            if found:
                return MentionCandidates(mention, found)
        return MentionCandidates(mention)


@define
class FakeLinker:
    """L3: half the score of the stage before, half the share of the description's words that stand in the text."""

    threshold: float = 0.3

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        return [
            [self._link(set(words(text)), item) for item in items]
            for text, items in zip(texts, candidates, strict=True)
        ]

    def _link(self, context: set[str], item: MentionCandidates) -> MentionCandidates:
        scored = [c.scored(l3=(c.score + overlap(c.entity.description, context)) / 2) for c in item.candidates]
        return MentionCandidates(item.mention, tuple(sorted(scored, key=lambda c: -c.score)), self.threshold)


@define
class FakeReranker:
    """L4: scores the `top` candidates again, by the share of the words of label and description in the text."""

    top: int = 2

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:
        return [
            [self._rerank(set(words(text)), item) for item in items]
            for text, items in zip(texts, candidates, strict=True)
        ]

    def _rerank(self, context: set[str], item: MentionCandidates) -> MentionCandidates:
        best, rest = item.candidates[: self.top], item.candidates[self.top :]
        scored = [c.scored(l4=overlap(f"{c.label} {c.entity.description}", context)) for c in best]
        return evolve(item, candidates=(*sorted(scored, key=lambda c: -c.score), *rest))


@define
class FakeGate:
    """Lets through the mentions whose two best candidates are closer than `margin`."""

    margin: float = 0.1

    def select(self, texts: Texts, candidates: Candidates) -> Candidates:  # noqa: ARG002
        return [[item for item in items if self._close(item)] for items in candidates]

    def _close(self, item: MentionCandidates) -> bool:
        best = item.candidates[:2]
        return len(best) == 2 and best[0].score - best[1].score < self.margin


@define
class FakeAggregator:
    """L0: links each mention to its best candidate when that reaches `min_confidence` and the mention's threshold."""

    min_confidence: float = 0.0

    def aggregate(
        self, texts: Texts, mentions: Mentions | None = None, candidates: Candidates | None = None
    ) -> list[LinkedDocument]:
        if candidates is None:
            candidates = [[MentionCandidates(m) for m in per_text] for per_text in mentions or [()] * len(texts)]
        return [
            LinkedDocument(text, tuple(sorted(map(self._decide, items), key=lambda m: (m.start, m.end))))
            for text, items in zip(texts, candidates, strict=True)
        ]

    def _decide(self, item: MentionCandidates) -> LinkedMention:
        mention, needed = item.mention, max(item.threshold, self.min_confidence)
        linked, reason = None, "no candidates"
        if item.candidates:
            best = item.candidates[0]
            reason = f"best score {best.score:.3f} is below {needed:.3f}"
            if best.score >= needed:
                entity, reason = best.entity, ""
                linked = LinkedEntity(
                    entity.entity_id, entity.label, best.score, mention.start, mention.end, best.name,
                    entity.description, entity.entity_type,
                )  # fmt: skip
        return LinkedMention(
            mention.text, mention.start, mention.end, mention.label,
            linked, tuple(item.candidates), len(item.candidates),
            pipeline_stage="l3_linked" if linked else "l2_found" if item.candidates else "l1_only", reason=reason,
            mention_score=mention.score,
        )  # fmt: skip


@define
class FakeReader:
    """Reads `id=label=alias=alias` lines as entities, and any line as a document."""

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for number, text, problem in _decoded(lines):
            entity_id, equals, names = text.partition("=")
            if problem or not (equals and entity_id and names.split("=")[0]):
                yield Row(number, None, problem or f"expected id=label, got {text!r}")
            else:
                label, *aliases = names.split("=")
                yield Row(number, Entity(entity_id, label, tuple(aliases)))

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        for number, text, problem in _decoded(lines):
            yield Row(number, None if problem else Document(text, id=str(number)), problem)


def _decoded(lines: Iterable[bytes]) -> Iterator[tuple[int, str, str]]:
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode().rstrip("\r\n")
        except UnicodeDecodeError as error:
            yield number, "", f"not UTF-8: {error.reason} at byte {error.start}"
        else:
            if text.strip():
                yield number, text, ""


def words(text: str) -> list[str]:
    """The normalised words of a text."""
    return [token for token, _, _ in tokens(text)]


def overlap(text: str, context: set[str]) -> float:
    """The share of the words of a text that are in the context, in 0..1; 0.0 for no words."""
    found = [word in context for word in words(text)]
    return sum(found) / len(found) if found else 0.0


__all__ = [
    "FakeAggregator",
    "FakeCache",
    "FakeGate",
    "FakeLinker",
    "FakeReader",
    "FakeRecognizer",
    "FakeReranker",
    "FakeRetriever",
    "FakeStore",
    "store_of",
]
