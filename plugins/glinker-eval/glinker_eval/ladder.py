"""What each stage costs: the figures as they would be if the stages did no wrong, one after the other.

The pipeline is run again with an oracle in the place of its L1, then of L1 and L2, and so on, so that later stages
decide anew about what a perfect stage gives them. What is left of the errors at the end is down to L0, and then to the
knowledge base; the last figures are 1. So the gaps of all steps add up to what the figure lacks.

A perfect L1 gives the gold mentions. A perfect L2 has the right entity of each mention among its candidates, by its
label and behind the others if it was not retrieved; where its order can reach L0 as it is, the right one stands first.
A perfect L3 or L4 puts the right entity first; scores stay with their places, the others move down. A perfect L0 links
the right entity, and none where none is meant; that the knowledge base lacks an entity it does not know.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import SimpleNamespace
from typing import Any, Literal

from attrs import evolve, frozen

from glinker_core.entities import OnError
from glinker_core.executor import DAGExecutor
from glinker_core.graph import Graph, Node, Ref
from glinker_core.layers import Candidates
from glinker_core.model import Candidate, Entity, MentionCandidates
from glinker_eval.counting import Annotation, Counts, Match, Scope, Task, count, counts_of, same_entity, same_span
from glinker_eval.gold import Gold, GoldDocument, GoldMention, entities_of
from glinker_eval.measures import annotation, found_of
from glinker_eval.running import GraphOf, MentionSource, Traced, nobody, output_node, replay
from glinker_eval.stages import with_id

#: What is perfect at a step, and all before it; `own` is the run itself.
Stage = Literal["own", "failed", "l1", "l2", "l3", "l4", "l0", "kb"]

_LAYERS: Mapping[str, Stage] = {"retriever": "l2", "linker": "l3", "reranker": "l4"}
#: The name of accuracy among the figures.
ACCURACY = "accuracy"


@frozen
class Step:
    """The figures if the stages up to this one were perfect, and by how much more that is than without this one.

    By class of annotations the micro-F1, and `accuracy`, right links of all mentions with an id, where there are any.
    """

    stage: Stage
    figures: Mapping[str, float]
    gaps: Mapping[str, float]


@frozen
class Judged:
    """What counts of one document: its counts by class, and of its mentions with an id those that are linked right."""

    counts: Mapping[Scope, Counts]
    correct: int
    linked: int

    @property
    def perfect(self) -> bool:
        return not any(one.fp or one.fn for one in self.counts.values())


@frozen
class Ladder:
    """How the steps are made: the pipeline, how to count, and how to run it again.

    A document that fails when it is run again stays as it was.
    """

    executor: DAGExecutor
    task: Task
    match: Match
    scopes: Sequence[Scope]
    answers_nil: bool
    batch_size: int = 32
    on_error: OnError = "raise"
    tell: Callable[[int], None] = nobody

    def steps(self, documents: Sequence[Traced], mentions: MentionSource) -> tuple[Step, ...]:
        """All steps, from the run itself, which found its mentions or was given them, to figures of 1."""
        made: list[Step] = []
        for stage, judged in self._judged(documents, mentions):
            figures = self._figures(judged)
            made.append(_step(stage, figures, made[-1].figures if made else figures))
        last = made[-1].figures
        return (*made, _step("kb", dict.fromkeys(last, 1.0), last))

    def _judged(self, documents: Sequence[Traced], mentions: MentionSource) -> Iterator[tuple[Stage, list[Judged]]]:
        latest, judged = list(documents), [self._judge(traced) for traced in documents]
        yield "own", list(judged)
        if any(traced.linked.error is not None for traced in documents):
            for at, traced in enumerate(documents):
                if traced.linked.error is not None:
                    judged[at] = self._decided(traced)
            yield "failed", list(judged)
        for stage, graph_of in self._oracles(documents, mentions):
            left = [at for at, one in enumerate(judged) if not one.perfect]
            gold = Gold("", tuple(latest[at].gold for at in left))
            again = replay(self.executor, gold, graph_of, self.batch_size, self.on_error, self.tell)
            for at, traced in zip(left, again, strict=True):
                if traced.linked.error is None:
                    latest[at], judged[at] = traced, self._judge(traced)
            yield stage, list(judged)
        yield "l0", [one if one.perfect else self._decided(traced) for one, traced in zip(judged, latest, strict=True)]

    def _oracles(self, documents: Sequence[Traced], mentions: MentionSource) -> Iterator[tuple[Stage, GraphOf]]:
        """The graphs with one more perfect layer each."""
        graph = given(self.executor.graph)
        wanted = (one for traced in documents for gold in traced.gold.mentions for one in gold.entity_ids)
        entities = entities_of(self.executor.resources.kb, dict.fromkeys(wanted))
        if mentions == "own":
            yield "l1", lambda _: graph
        layers = [layer for layer in _LAYERS if any(node.layer.name == layer for node in graph.nodes)]
        for number, layer in enumerate(layers, 1):
            yield _LAYERS[layer], partial(perfected, graph, layers[:number], entities)

    def _judge(self, traced: Traced) -> Judged:
        found = list(found_of([traced], (), self.match))
        return Judged(
            counts_of(traced.gold, traced.linked.entities, self.task, self.match, self.scopes, self.answers_nil),
            sum(one.linked for one in found),
            sum(bool(one.gold.entity_ids) for one in found),
        )

    def _decided(self, traced: Traced) -> Judged:
        """With a perfect L0: what is left is what is linked though the knowledge base lacks what is meant."""
        gold = [one for one in traced.gold.mentions if not one.optional]
        wrong = [
            given
            for given in map(annotation, traced.linked.entities)
            if given.entity_id is not None
            and any(one.absent and same_span(one, given) for one in gold)
            and not any(same_span(one, given) and same_entity(one, given) for one in gold)
        ]
        right = [
            Annotation(one.start, one.end, one.entity_id if one.in_kb else None)
            for one in gold
            if not (one.absent and any(same_span(one, given) for given in wrong))
        ]
        system = [*right, *wrong]
        counts = {scope: count(traced.gold.mentions, system, self.task, self.match, scope) for scope in self.scopes}
        return Judged(counts, sum(one.in_kb for one in gold), sum(bool(one.entity_ids) for one in gold))

    def _figures(self, judged: Sequence[Judged]) -> dict[str, float]:
        figures: dict[str, float] = {
            scope: sum((one.counts[scope] for one in judged), Counts()).f1 for scope in self.scopes
        }
        linked = sum(one.linked for one in judged)
        if linked and self.task != "md":
            figures[ACCURACY] = sum(one.correct for one in judged) / linked
        return figures


def _step(stage: Stage, figures: Mapping[str, float], before: Mapping[str, float]) -> Step:
    return Step(stage, figures, {name: figure - before[name] for name, figure in figures.items()})


def given(graph: Graph) -> Graph:
    """The same graph, reading the mentions of its caller wherever it reads those of L1 or could."""
    nodes = [
        evolve(node, inputs={**node.inputs, "mentions": (Ref(None, "entities"),)})
        if "mentions" in node.inputs
        else node
        for node in graph.nodes
        if node.layer.name != "recognizer"
    ]
    return evolve(graph, nodes=tuple(nodes))


def perfected(
    graph: Graph, layers: Sequence[str], entities: Mapping[str, Entity], documents: Sequence[GoldDocument]
) -> Graph:
    """The same graph for some documents, all nodes of some layers being perfect."""
    first = _ranking(graph)
    nodes = [
        _perfect(node, node.id in first, entities, documents) if node.layer.name in layers else node
        for node in graph.nodes
    ]
    return evolve(graph, nodes=tuple(nodes))


def _ranking(graph: Graph) -> set[str]:
    """The nodes in whose order candidates can reach L0: all that rank, and retrievers that nothing ranks after."""
    found = {node.id for node in graph.nodes if node.layer.name in ("linker", "reranker")}
    ways = [output_node(graph)]
    while ways:
        sources = [graph.node(ref.node) for ref in ways.pop().inputs.get("candidates", ()) if ref.node is not None]
        found |= {node.id for node in sources if node.layer.name == "retriever"}
        ways += [node for node in sources if node.layer.name == "gate"]
    return found


def _perfect(node: Node, first: bool, entities: Mapping[str, Entity], documents: Sequence[GoldDocument]) -> Node:
    work = getattr(node.component, node.layer.method)

    def corrected(**arguments: Any) -> Candidates:
        return [
            [_corrected(item, document.mentions, first, entities) for item in items]
            for document, items in zip(documents, work(**arguments), strict=True)
        ]

    return evolve(node, component=SimpleNamespace(**{node.layer.method: corrected}))


def _corrected(
    item: MentionCandidates, gold: Sequence[GoldMention], first: bool, entities: Mapping[str, Entity]
) -> MentionCandidates:
    """The mention with its right entity among its candidates, or first among them."""
    wanted = next((one for one in gold if one.in_kb and same_span(one, item.mention)), None)
    if wanted is None:
        return item
    scores = item.candidates[0].scores if item.candidates else {"l2": 1.0}
    right = with_id(wanted.entity_ids, item)
    others = [one for one in item.candidates if one is not right]
    if right is not None and not first:
        return item
    if right is None:
        entity = entities[wanted.entity_ids[0]]
        right = Candidate(entity, entity.label, "oracle", scores)
    if not first:
        return evolve(item, candidates=(*others, right))
    name = [*scores][-1] if scores else ""
    places = [*(one.scores.get(name) for one in item.candidates), None]
    ordered = zip((right, *others), places, strict=False)
    moved = (one if score is None else one.scored(**{name: score}) for one, score in ordered)
    return evolve(item, candidates=tuple(moved))
