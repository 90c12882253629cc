"""What the stages of a pipeline say of one mention: the candidates that a node was given, and that it made."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from attrs import define, field, frozen

from glinker_core.executor import DAGExecutor
from glinker_core.graph import Graph, Node
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


@runtime_checkable
class ExplainsItself(Protocol):
    """A component that says why: per candidate, in their order, a `bias`, `reasons` and `words` with their weights.

    A reason has a `feature`, a `value`, and a `contribution` to the score. Where the component has an argument `items`,
    it is given all mentions of the text.
    """

    def explain(self, text: str, item: MentionCandidates) -> Sequence[Any]: ...


@frozen
class Reason:
    """What one feature of a candidate adds to its score, on the scale of the component."""

    feature: str
    value: float
    contribution: float


@frozen
class Why:
    """How the score of a candidate came about, as its component says: what it starts from, and what is added."""

    bias: float
    reasons: tuple[Reason, ...]
    words: Mapping[str, float]


@frozen
class Seen:
    """What one node made of a mention: its candidates, best first, the score that it wants for a link, its note.

    `new` are the scores that the node gave; `why` has the reasons by entity, where the component gives any. `passed` is
    false where the node did not make anything of the mention: a gate before it, or itself, held it back.
    """

    node: str
    processor: str
    passed: bool
    candidates: tuple[Candidate, ...] = ()
    threshold: float = 0.0
    note: str = ""
    new: tuple[str, ...] = ()
    why: Mapping[str, Why] = field(factory=dict)


def seen_by(graph: Graph, traced: Traced, mention: Mention) -> Iterator[Seen]:
    """What each node that makes candidates made of a mention, in the order in which they ran."""
    for node in graph.nodes:
        if node.id not in traced.stages:
            continue
        item = item_of(traced.stages[node.id], mention)
        if item is None:
            yield Seen(node.id, node.processor, False)
            continue
        received = entering(node, traced.stages)
        before = item_of(received, mention)
        old = {one.entity_id: one.scores for one in before.candidates} if before is not None else {}
        new = [
            name
            for one in item.candidates
            for name, score in one.scores.items()
            if old.get(one.entity_id, {}).get(name) != score
        ]
        why = _why(node.component, traced.gold.text, before, received) if before is not None else {}
        note = item.note if before is None or item.note != before.note else ""
        candidates = tuple(item.candidates)
        yield Seen(node.id, node.processor, True, candidates, item.threshold, note, tuple(dict.fromkeys(new)), why)


def _why(component: Any, text: str, item: MentionCandidates, items: Sequence[MentionCandidates]) -> dict[str, Why]:
    """The reasons that a component gives for the scores of what it was given."""
    if not isinstance(component, ExplainsItself):
        return {}
    others = {"items": items} if "items" in inspect.signature(component.explain).parameters else {}
    return {
        given.entity_id: Why(
            explanation.bias,
            tuple(Reason(one.feature, one.value, one.contribution) for one in explanation.reasons),
            dict(explanation.words),
        )
        for given, explanation in zip(item.candidates, component.explain(text, item, **others), strict=True)
    }


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
