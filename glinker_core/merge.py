"""Branches that meet: what two recognisers found, or what two stores and linkers said, as one list per text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import reduce

from glinker_core.fuse import fuse
from glinker_core.model import Candidate, Mention, MentionCandidates

_Key = tuple[int, int, str]


def merge_mentions(branches: Iterable[Sequence[Mention]]) -> tuple[Mention, ...]:
    """All mentions in order of position, one per span and label: the one with the highest score.

    A mention without a label gives way to one of the same span that has a label. Spans that overlap are all kept; L0
    decides among them.
    """
    best: dict[_Key, Mention] = {}
    for mentions in branches:
        for mention in mentions:
            key = (mention.start, mention.end, mention.label)
            if key not in best or mention.score > best[key].score:
                best[key] = mention
    labelled = {(start, end) for start, end, label in best if label}
    kept = [m for (start, end, label), m in best.items() if label or (start, end) not in labelled]
    return tuple(sorted(kept, key=lambda m: (m.start, m.end, m.label)))


def merge_candidates(branches: Sequence[Sequence[MentionCandidates]]) -> tuple[MentionCandidates, ...]:
    """All mentions in order of position, each with the candidates of all branches.

    Two searches of one kind stand in the order of their match, `l2`; two retrievers that score in their own ways are
    fused by reciprocal rank, `l2_rrf`. Otherwise a later branch counts as the later stage: its scores come last, its
    threshold holds, and its candidates stand before those that only earlier branches have.
    """
    found: dict[_Key, list[MentionCandidates]] = {}
    for items in branches:
        for item in items:
            found.setdefault((item.mention.start, item.mention.end, item.mention.label), []).append(item)
    merged = (_fused(items) if _only_retrieved(items) else reduce(_merge, items) for items in found.values())
    return tuple(sorted(merged, key=lambda i: (i.mention.start, i.mention.end, i.mention.label)))


def _only_retrieved(items: Sequence[MentionCandidates]) -> bool:
    """Whether rankings meet that their scores do not compare: those of retrievers begin with l2, `l2` is of all."""
    kinds = {frozenset(name for candidate in item.candidates for name in candidate.scores) for item in items}
    scores = frozenset().union(*kinds)
    return len(kinds) > 1 and not scores <= {"l2"} and all(name.startswith("l2") for name in scores)


def _fused(items: Sequence[MentionCandidates]) -> MentionCandidates:
    notes = [item.note for item in items if item.note]
    candidates = fuse([item.candidates for item in items], len(items))
    return MentionCandidates(items[-1].mention, candidates, items[-1].threshold, notes[-1] if notes else "")


def _merge(earlier: MentionCandidates, later: MentionCandidates) -> MentionCandidates:
    before = {candidate.entity_id: candidate for candidate in earlier.candidates}
    candidates: list[Candidate] = []
    for candidate in later.candidates:
        known = before.pop(candidate.entity_id, None)
        candidates.append(candidate if known is None else _scores(known, candidate))
    threshold = later.threshold if later.candidates else earlier.threshold
    if all(set(c.scores) == {"l2"} for c in (*candidates, *before.values())):  # two stores: the better match first
        both = sorted((*candidates, *before.values()), key=lambda c: (-c.score, -c.entity.popularity, c.entity_id))
        return MentionCandidates(later.mention, tuple(both), threshold, later.note or earlier.note)
    return MentionCandidates(later.mention, (*candidates, *before.values()), threshold, later.note or earlier.note)


def _scores(known: Candidate, candidate: Candidate) -> Candidate:
    if known.scores.keys() <= {"l2"} and candidate.scores.keys() <= {"l2"}:
        return max(candidate, known, key=lambda c: c.score)
    extra = {name: score for name, score in known.scores.items() if name not in candidate.scores}
    return Candidate(candidate.entity, candidate.name, candidate.match, {**extra, **candidate.scores})
