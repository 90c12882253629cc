"""A pipeline over the texts of a gold standard, with what each of its nodes made of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Any, Literal

from attrs import evolve, field, frozen

from glinker_core.entities import OnError
from glinker_core.errors import InputError, NodeError, StoreError
from glinker_core.executor import DAGExecutor
from glinker_core.graph import Graph, Node
from glinker_core.layers import LAYERS
from glinker_core.model import LinkedDocument, LinkedMention, Mention, MentionCandidates
from glinker_core.runner import run_batch
from glinker_core.source import Source, Where
from glinker_eval.gold import Gold, GoldDocument, GoldMention

#: Whether the pipeline finds the mentions, or is given those of the gold standard.
MentionSource = Literal["own", "gold"]
#: The graph that links some documents.
GraphOf = Callable[[Sequence[GoldDocument]], Graph]


@frozen
class Traced:
    """A gold document with what the pipeline made of it: by node, the candidates after it, or the mentions it found."""

    gold: GoldDocument
    linked: LinkedDocument
    stages: Mapping[str, tuple[MentionCandidates, ...]] = field(factory=dict)
    recognized: Mapping[str, tuple[Mention, ...]] = field(factory=dict)


@frozen
class Outcome:
    """A run: its documents, the text in thousands of bytes of UTF-8, and the seconds that linking it took.

    `answers_nil` says whether mentions that are not linked are part of what the pipeline shows its users.
    """

    documents: tuple[Traced, ...]
    kilobytes: float
    processor: float
    elapsed: float
    answers_nil: bool
    failed: tuple[str, ...] = ()


def reads_mentions(executor: DAGExecutor) -> bool:
    """Whether a pipeline takes the mentions its caller knows."""
    refs = (ref for node in executor.graph.nodes for port in node.inputs.values() for ref in port)
    return any(ref.kind == "entities" for ref in refs)


def taking_mentions(source: Source) -> Source:
    """The same pipeline with `l1_external` in the place of each L1 node, or before all others where there is none."""
    nodes = source.data.get("nodes") if isinstance(source.data, Mapping) else None
    if not isinstance(nodes, list):  # the graph says what is wrong with it
        return source
    made = [_external(node) if _finds_mentions(node) else node for node in nodes]
    marks = source.marks
    if made == nodes and not any(_finds_mentions(node) for node in nodes):
        made = [{"id": "gold_mentions", "processor": "l1_external"}, *nodes]
        marks = {_moved(where): mark for where, mark in marks.items()}
    return Source({**source.data, "nodes": made}, source.name, marks)


def _finds_mentions(node: Any) -> bool:
    processor = node.get("processor") if isinstance(node, Mapping) else None
    prefix = f"{LAYERS['recognizer'].prefix}_"
    return isinstance(processor, str) and processor.rpartition(":")[2].startswith(prefix)


def _external(node: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in node.items() if key in ("id", "output")}
    return {**kept, "processor": "l1_external"}


def _moved(where: Where) -> Where:
    if where[:1] == ("nodes",) and len(where) > 1 and isinstance(where[1], int):
        return ("nodes", where[1] + 1, *where[2:])
    return where


def nobody(done: int) -> None:
    """Who is told where nobody wants to know."""


def run(
    executor: DAGExecutor,
    gold: Gold,
    mentions: MentionSource,
    batch_size: int = 32,
    on_error: OnError = "raise",
    tell: Callable[[int], None] = nobody,
) -> Outcome:
    """Link all documents, every candidate kept; what is loaded at the first text is loaded before time is taken.

    With gold mentions, those that overlap are given one after the other, and labels are not given. With
    `on_error="skip"` a document that fails is `failed` and has no mentions. `tell` is told how many are done.
    """
    if mentions == "gold" and not reads_mentions(executor):
        raise InputError(f"pipeline '{executor.graph.name}' takes no mentions; give its L1 nodes as l1_external")
    if mentions == "own" and reads_mentions(executor):
        raise InputError(f"pipeline '{executor.graph.name}' finds no mentions, it takes them; give --mentions gold")
    with _showing_all(executor, mentions) as answers_nil:
        executor.execute({"texts": [], "entities": []})
        processor, clock = time.process_time(), time.perf_counter()
        documents = _linked(executor, gold, mentions, lambda _: executor.graph, batch_size, on_error, tell)
        processor, clock = time.process_time() - processor, time.perf_counter() - clock
    size = sum(len(document.text.encode("utf-8", "surrogatepass")) for document in gold.documents)
    failed = tuple(traced.gold.id for traced in documents if traced.linked.error is not None)
    return Outcome(documents, size / 1000, processor, clock, answers_nil, failed)


def replay(
    executor: DAGExecutor,
    gold: Gold,
    graph_of: GraphOf,
    batch_size: int = 32,
    on_error: OnError = "raise",
    tell: Callable[[int], None] = nobody,
) -> tuple[Traced, ...]:
    """Link all documents again, the gold mentions given, by the graph that `graph_of` makes for each batch."""
    with _showing_all(executor, "gold"):
        return _linked(executor, gold, "gold", graph_of, batch_size, on_error, tell)


def _linked(
    executor: DAGExecutor,
    gold: Gold,
    mentions: MentionSource,
    graph_of: GraphOf,
    batch_size: int,
    on_error: OnError,
    tell: Callable[[int], None],
) -> tuple[Traced, ...]:
    work = [
        (index, document, given)
        for index, document in enumerate(gold.documents)
        for given in (_rounds(document.mentions) if mentions == "gold" else [None])
    ]
    parts: list[list[Traced]] = [[] for _ in gold.documents]
    batches, number = iter(work), 0
    while batch := list(islice(batches, batch_size)):
        given = [(document, entities) for _, document, entities in batch]
        results = _batch(executor, graph_of, given, number, on_error)
        for (index, _, _), traced in zip(batch, results, strict=True):
            parts[index].append(traced)
        number += 1
        tell(batch[-1][0] + 1)
    return tuple(_joined(part) for part in parts)


@contextmanager
def _showing_all(executor: DAGExecutor, mentions: MentionSource) -> Iterator[bool]:
    """Let L0 show every mention with every candidate for a while; whether it shows unlinked mentions by itself."""
    wanted: dict[str, Any] = {"return_all_candidates": True, "include_unlinked": True}
    if mentions == "gold":
        wanted["overlaps"] = "keep"  # whoever gives a mention wants to hear of it
    components = [node.component for node in executor.graph.nodes if node.layer.makes == "documents"]
    able = [component for component in components if hasattr(component, "return_all_candidates")]
    before = [{name: getattr(component, name) for name in wanted} for component in able]
    for component in able:
        _set(component, wanted)
    try:
        yield before[-1]["include_unlinked"] if before else True
    finally:
        for component, settings in zip(able, before, strict=True):
            _set(component, settings)


def _set(component: Any, settings: Mapping[str, Any]) -> None:
    for name, value in settings.items():
        setattr(component, name, value)


def _rounds(mentions: Sequence[GoldMention]) -> list[list[Mapping[str, Any]]]:
    """The spans of the mentions, each once, in as few lists as leave no two of a list overlapping; at least one."""
    rounds: list[list[Mapping[str, Any]]] = [[]]
    for start, end in sorted({(mention.start, mention.end) for mention in mentions}):
        fitting = (taken for taken in rounds if not taken or taken[-1]["end"] <= start)
        if (chosen := next(fitting, None)) is None:
            rounds.append(chosen := [])
        chosen.append({"start": start, "end": end})
    return rounds


Given = tuple[GoldDocument, Sequence[Mapping[str, Any]] | None]


def _batch(
    executor: DAGExecutor, graph_of: GraphOf, batch: Sequence[Given], number: int, on_error: OnError
) -> Iterator[Traced]:
    try:
        yield from _traced(executor, graph_of, batch, number)
    except NodeError as error:
        if on_error == "raise" or isinstance(error.cause, StoreError):
            raise
        if len(batch) == 1:
            document = batch[0][0]
            yield Traced(document, LinkedDocument(document.text, id=document.id, error=str(error)))
        else:
            for one in batch:
                yield from _batch(executor, graph_of, [one], number, on_error)


def _traced(executor: DAGExecutor, graph_of: GraphOf, batch: Sequence[Given], number: int) -> list[Traced]:
    documents = [document for document, _ in batch]
    graph = graph_of(documents)
    data: dict[str, Any] = {"texts": [document.text for document in documents]}
    if batch[0][1] is not None:
        data["entities"] = [given for _, given in batch]
    ids = [document.id for document in documents]
    context = run_batch(graph, executor.plugins, data, batch=number, text_ids=ids)
    made = {
        makes: {node.id: context.get(node.key) for node in graph.nodes if node.layer.makes == makes}
        for makes in ("candidates", "mentions")
    }
    output = context.get(output_node(graph).key)
    return [
        Traced(
            document,
            evolve(output[at], id=document.id),
            {name: result[at] for name, result in made["candidates"].items()},
            {name: result[at] for name, result in made["mentions"].items()},
        )
        for at, document in enumerate(documents)
    ]


def output_node(graph: Graph) -> Node:
    """The node that makes the documents: the last aggregator."""
    nodes = [node for node in graph.nodes if node.layer.makes == "documents"]
    if not nodes:
        raise InputError(f"pipeline '{graph.name}' has no aggregator; add a node with processor l0_aggregator")
    return nodes[-1]


def _joined(parts: Sequence[Traced]) -> Traced:
    """One document of the rounds it went through."""
    first = parts[0]
    if len(parts) == 1:
        return first
    failed = next((part.linked for part in parts if part.linked.error is not None), None)
    if failed is not None:
        return Traced(first.gold, failed)
    entities = [mention for part in parts for mention in part.linked.entities]
    stages = {name: tuple(item for part in parts for item in part.stages[name]) for name in first.stages}
    recognized = {name: tuple(one for part in parts for one in part.recognized[name]) for name in first.recognized}
    return Traced(first.gold, evolve(first.linked, entities=tuple(sorted(entities, key=_position))), stages, recognized)


def _position(mention: LinkedMention) -> tuple[int, int]:
    return mention.start, mention.end
