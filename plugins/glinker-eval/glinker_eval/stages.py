"""What the stages of a pipeline say of one mention: the candidates that a node was given, and that it made."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import define, field

from glinker_core.executor import DAGExecutor
from glinker_core.graph import Node
from glinker_core.merge import merge_candidates
from glinker_core.model import WHOLE_TEXT, Candidate, LinkedMention, Mention, MentionCandidates
from glinker_eval.counting import overlapping
from glinker_eval.running import Traced


def entering(node: Node, stages: Mapping[str, Sequence[MentionCandidates]]) -> Sequence[MentionCandidates]:
    """The candidates that a node was given, of what the nodes before it made: branches are joined."""
    sources = [stages[ref.node] for ref in node.inputs.get("candidates", ()) if ref.node is not None]
    return sources[0] if len(sources) == 1 else merge_candidates(sources)


def item_of(items: Iterable[MentionCandidates], mention: Mention | LinkedMention) -> MentionCandidates | None:
    """The candidates of a mention: of its span and label, else of its span, else of the span that overlaps it most."""
    near = [item for item in items if overlapping(item.mention, mention)]
    return max(near, key=lambda item: _nearness(item.mention, mention), default=None)


def _nearness(one: Mention, other: Mention | LinkedMention) -> tuple[bool, int, int]:
    common = min(one.end, other.end) - max(one.start, other.start)
    return (one.start, one.end, one.label) == (other.start, other.end, other.label), common, one.start - one.end


def with_id(entity_ids: Collection[str], item: MentionCandidates | None) -> Candidate | None:
    """The first candidate of a mention that has one of these ids."""
    candidates = item.candidates if item is not None else ()
    return next((candidate for candidate in candidates if candidate.entity_id in entity_ids), None)


def last_score(candidate: Candidate) -> tuple[str, float] | None:
    """The score that counts, with its name; None before any stage."""
    return [*candidate.scores.items()][-1] if candidate.scores else None


@define
class SecondLook:
    """What retrievers would have given without their limits, asked once a document for all of its mentions.

    A retriever that has no `unlimited()` gives what it gave.
    """

    executor: DAGExecutor
    _retrievers: dict[str, Any] = field(factory=dict, init=False)
    _last: tuple[Traced, dict[str, Sequence[MentionCandidates]]] | None = field(default=None, init=False)

    def __call__(self, traced: Traced, node: Node) -> Sequence[MentionCandidates]:
        """The mentions of a document with all candidates that a retriever has for them."""
        if self._last is None or self._last[0] is not traced:
            self._last = traced, {}
        known = self._last[1]
        if node.id not in known:
            known[node.id] = self._found(traced, node)
        return known[node.id]

    def _found(self, traced: Traced, node: Node) -> Sequence[MentionCandidates]:
        items = traced.stages[node.id]
        if not hasattr(node.component, "unlimited") or not items:
            return items
        if node.id not in self._retrievers:
            retriever = node.component.unlimited()
            retriever.open(self.executor.resources)
            self._retrievers[node.id] = retriever
        text, mentions = traced.gold.text, [item.mention for item in items]
        arguments = [[text]] if mentions[0].label == WHOLE_TEXT else [[text], [mentions]]
        (found,) = self._retrievers[node.id].retrieve(*arguments)
        return tuple(found)
