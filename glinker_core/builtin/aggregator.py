"""L0: what is linked, what is NIL, which of overlapping mentions stays, and what the caller sees of it."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Literal

from attrs import define, field

from glinker_core.builtin.calibration import Calibration, MaxError
from glinker_core.errors import DataError, Problem
from glinker_core.layers import Candidates, Mentions, Texts
from glinker_core.model import (
    Candidate,
    LinkedDocument,
    LinkedEntity,
    LinkedMention,
    Mention,
    MentionCandidates,
)
from glinker_core.resources import KnowledgeBase, Resources


@define
class ThresholdAggregator:
    """Links a mention to its best candidate if that reaches `min_confidence` and the threshold of the last stage.

    `include_unlinked`: NIL mentions stay in the output. `return_all_candidates`: each mention shows all its candidates
    rather than the linked one. With `strict_matching`, only mentions of L1 are linked (a candidate's mention may be
    off by `position_tolerance` characters at either end); without it, mentions that a later stage found itself count
    too. `overlaps`: of mentions that overlap keep the `best` (linked before NIL, then score, for NIL the recogniser's,
    length, position), the `longest`, or `keep` all; what is dropped is counted (`overlapping mentions dropped`).
    `context_chars`: how much text is shown on either side of a mention. `calibration` makes the score of a link how
    often such links are right; thresholds of earlier stages are asked of the score as it was, `min_confidence` and
    `max_error` of what it became.
    """

    min_confidence: float = 0.0
    include_unlinked: bool = True
    return_all_candidates: bool = False
    strict_matching: bool = True
    position_tolerance: int = 2
    overlaps: Literal["best", "longest", "keep"] = "best"
    context_chars: int = 50
    calibration: Calibration | None = None
    max_error: MaxError | None = None
    _kb: KnowledgeBase | None = field(default=None, init=False)
    _resources: Resources | None = field(default=None, init=False)

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.min_confidence <= 1:
            raise ValueError(f"min_confidence must be from 0 to 1, got {self.min_confidence}")
        for name in ("position_tolerance", "context_chars"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")

    def open(self, resources: Resources) -> None:
        self._resources, self._kb = resources, resources.kb

    def aggregate(
        self, texts: Texts, mentions: Mentions | None = None, candidates: Candidates | None = None
    ) -> Sequence[LinkedDocument]:
        """One document per text."""
        revision = self._kb.revision if self._kb is not None else ""
        problems: list[Problem] = []
        documents = []
        for index, text in enumerate(texts):
            found = None if mentions is None else mentions[index]
            items = () if candidates is None else candidates[index]
            matched = self._match(found, items)
            problems.extend(_misplaced(text, index, (item.mention for item, _ in matched)))
            missed = "" if candidates is None else "not looked up"
            linked = [self._linked(text, item, "no candidates" if retrieved else missed) for item, retrieved in matched]
            kept = self._flat(linked)
            if not self.include_unlinked:
                kept = [mention for mention in kept if mention.is_linked]
            documents.append(LinkedDocument(text, tuple(kept), kb_revision=revision))
        if problems:
            raise DataError("mentions that do not stand where they say", problems)
        return documents

    def _match(
        self, mentions: Sequence[Mention] | None, items: Sequence[MentionCandidates]
    ) -> list[tuple[MentionCandidates, bool]]:
        """Mentions with their candidates, and whether retrieval has seen them; in order of position."""
        if mentions is None:
            return [(item, True) for item in items]
        exact = {(item.mention.start, item.mention.end, item.mention.label): item for item in items}
        rest = [] if len(exact) == len(mentions) and all(_key(m) in exact for m in mentions) else list(items)
        matched = []
        taken: set[int] = set()
        for mention in mentions:
            item = exact.get(_key(mention)) or self._near(mention, rest)
            if item is None:
                matched.append((MentionCandidates(mention), False))
            else:
                taken.add(id(item))
                matched.append((MentionCandidates(mention, item.candidates, item.threshold, item.note), True))
        unmatched = [item for item in items if id(item) not in taken]
        if unmatched and self.strict_matching:
            self._count("candidates of no L1 mention dropped", len(unmatched))
        elif unmatched:
            matched = sorted([*matched, *((item, True) for item in unmatched)], key=lambda pair: _key(pair[0].mention))
        return matched

    def _near(self, mention: Mention, items: Sequence[MentionCandidates]) -> MentionCandidates | None:
        """The candidates of the same span under another label, or of one that is off by the tolerance at most."""
        best = None
        for item in items:
            off = max(abs(item.mention.start - mention.start), abs(item.mention.end - mention.end))
            overlap = item.mention.start < mention.end and mention.start < item.mention.end
            if overlap and off <= self.position_tolerance and (best is None or off < best[0]):
                best = (off, item)
        return best[1] if best else None

    def _linked(self, text: str, item: MentionCandidates, empty: str) -> LinkedMention:
        """What is decided about a mention; `empty` is the reason if there are no candidates to decide among."""
        mention, pool = item.mention, item.candidates
        best = pool[0] if pool else None
        entity, reason = None, ""
        if best is None:
            reason = empty
        else:
            confidence = best.score if self.calibration is None else self.calibration(best.score)
            needs = (best.score, item.threshold), (confidence, self._least())
            if missed := [(needed, score) for score, needed in needs if score < needed]:
                needed, score = max(missed)
                reason = f"best candidate {best.entity_id} has {score:.3f}, below {needed:g}"
            else:
                entity = _entity(mention, best, confidence)
        shown: tuple[Candidate, ...] = (best,) if entity is not None and best is not None else ()
        if self.return_all_candidates:
            shown = tuple(pool)
        return LinkedMention(
            mention.text,
            mention.start,
            mention.end,
            mention.label,
            entity,
            shown,
            len(pool),
            text[max(0, mention.start - self.context_chars) : mention.start],
            text[mention.end : mention.end + self.context_chars],
            "l3_linked" if entity is not None else "l2_found" if pool else "l1_only",
            f"{reason}; {item.note}" if reason and item.note else reason or item.note,
            mention.score,
        )

    def _least(self) -> float:
        """The confidence that every link must have."""
        return max(self.min_confidence, 0.0 if self.max_error is None else self.max_error.threshold)

    def _flat(self, mentions: list[LinkedMention]) -> list[LinkedMention]:
        """Mentions in order of position, without overlaps unless they are wanted."""
        mentions = sorted(mentions, key=lambda m: (m.start, m.end, m.label))
        if self.overlaps == "keep" or all(a.end <= b.start for a, b in pairwise(mentions)):
            return mentions
        rank = _by_length if self.overlaps == "longest" else _by_score
        starts: list[int] = []
        kept: list[LinkedMention] = []
        for mention in sorted(mentions, key=rank):
            at = bisect.bisect_left(starts, mention.start)
            clear = at == len(kept) or mention.end <= kept[at].start
            if clear and (at == 0 or kept[at - 1].end <= mention.start):
                starts.insert(at, mention.start)
                kept.insert(at, mention)
        self._count("overlapping mentions dropped", len(mentions) - len(kept))
        return kept

    def _count(self, what: str, times: int) -> None:
        if self._resources is not None and times:
            self._resources.count(what, times)


def _key(mention: Mention) -> tuple[int, int, str]:
    return mention.start, mention.end, mention.label


def _by_length(mention: LinkedMention) -> tuple[int, bool, float, int, str]:
    return mention.start - mention.end, not mention.is_linked, -_score(mention), mention.start, mention.label


def _by_score(mention: LinkedMention) -> tuple[bool, float, int, int, str]:
    return not mention.is_linked, -_score(mention), mention.start - mention.end, mention.start, mention.label


def _score(mention: LinkedMention) -> float:
    return mention.linked_entity.score if mention.linked_entity else mention.mention_score


def _entity(mention: Mention, best: Candidate, confidence: float) -> LinkedEntity:
    entity = best.entity
    return LinkedEntity(
        entity.entity_id,
        entity.label,
        confidence,
        mention.start,
        mention.end,
        best.name,
        entity.description,
        entity.entity_type,
    )


def _misplaced(text: str, index: int, mentions: Iterable[Mention]) -> Iterator[Problem]:
    for mention in mentions:
        found = text[mention.start : mention.end] if 0 <= mention.start <= mention.end else ""
        if found != mention.text:
            message = f"span {mention.start}:{mention.end} is {found!r} in the text, not {mention.text!r}"
            yield Problem(f"text {index}", message)
