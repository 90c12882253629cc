"""Batches through a graph: each node once per batch, its inputs gathered and merged, its output checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from attrs import define, evolve, field, frozen

from glinker_core.builtin.external import to_mentions
from glinker_core.context import Context
from glinker_core.errors import CancelledError, DataError, InputError, NodeError
from glinker_core.graph import Graph, Node, Ref
from glinker_core.layers import Mentions
from glinker_core.merge import merge_candidates, merge_mentions
from glinker_core.model import CandidatesResult, L0Result, L1Result, LinkedDocument
from glinker_core.plugins import Plugins

_TEXT = re.compile(r"^text (\d+)")

#: Says whether a run is to stop.
Cancelled = Callable[[], bool]


@frozen
class NodeCall:
    """One node on one batch, as `glinker_run_node` sees it; calling it does the work."""

    node: Node
    arguments: Mapping[str, Any]
    batch: int

    def __call__(self) -> Any:
        """Call the component; the result is one item per text."""
        return getattr(self.node.component, self.node.layer.method)(**self.arguments)


@define
class Run:
    """One batch on its way through the graph, as `glinker_run_started` and `glinker_run_finished` see it."""

    texts: Sequence[str]
    batch: int = 0
    text_ids: Sequence[str] = ()
    context: Context = field(factory=Context)
    error: BaseException | None = None


def run_batch(
    graph: Graph,
    plugins: Plugins,
    data: Mapping[str, Any],
    *,
    batch: int = 0,
    text_ids: Sequence[str] = (),
    cancelled: Cancelled | None = None,
) -> Context:
    """Run all nodes on `{"texts": [...], "entities": [...] | absent}`; raises `NodeError` from what went wrong."""
    texts = data["texts"]
    ids = text_ids or [str(index) for index in range(len(texts))]
    run = Run(texts, batch, ids, Context(data))
    plugins.hook.glinker_run_started(run=run)
    try:
        for node in graph.nodes:
            if cancelled is not None and cancelled():
                raise CancelledError(f"cancelled before node '{node.id}' of batch {batch}")
            try:
                run.context.put(node.key, _run_node(graph, node, plugins, run))
            except DataError as error:
                raise NodeError(node.id, batch, ids, _by_id(error, ids)) from error
            except Exception as error:  # told with node, batch and texts, whatever it is; the original is the cause
                raise NodeError(node.id, batch, ids, error) from error
    except BaseException as error:
        run.error = error
        raise
    finally:
        plugins.hook.glinker_run_finished(run=run)
    return run.context


def _by_id(error: DataError, ids: Sequence[str]) -> DataError:
    """Components count the texts of a batch; people know them by their ids."""
    problems = [evolve(p, place=_TEXT.sub(lambda match: f"text {ids[int(match[1])]}", p.place)) for p in error.problems]
    return DataError(error.what, problems)


def _run_node(graph: Graph, node: Node, plugins: Plugins, run: Run) -> Any:
    arguments = {
        port: _gather(graph, refs, port, run) for port, refs in node.inputs.items() if refs or port == "entities"
    }
    items = plugins.hook.glinker_run_node(call=NodeCall(node, arguments, run.batch))
    if not isinstance(items, Sequence) or isinstance(items, str) or len(items) != len(run.texts):
        got = f"{len(items)}" if isinstance(items, (list, tuple)) else type(items).__name__
        raise ValueError(f"{type(node.component).__name__}.{node.layer.method} must give one item per text: "
                         f"{len(run.texts)} texts, got {got}")  # fmt: skip
    if node.layer.makes == "mentions":
        return L1Result(tuple(tuple(mentions) for mentions in items), tuple(run.texts))
    if node.layer.makes == "candidates":
        return CandidatesResult(tuple(tuple(candidates) for candidates in items))
    return L0Result(tuple(items), stats(items))


def _gather(graph: Graph, refs: Sequence[Ref], port: str, run: Run) -> Any:
    """The value of a port: one source as it is, several merged per text."""
    values = [_value(graph, ref, port, run) for ref in refs]
    if len(values) == 1:
        return values[0]
    if port == "mentions":
        return [merge_mentions(items) for items in zip(*values, strict=True)]
    return [merge_candidates(items) for items in zip(*values, strict=True)]


def _value(graph: Graph, ref: Ref, port: str, run: Run) -> Any:
    if ref.node is not None:
        return tuple(run.context.get(graph.node(ref.node).key))
    if ref.kind == "texts":
        return run.texts
    given = run.context.get("$input").get("entities")
    return _mentions(run.texts, given) if port == "mentions" else given


def _mentions(texts: Sequence[str], given: Any) -> Mentions:
    if given is None:
        raise InputError("this pipeline reads mentions from the caller; give 'entities', one list per text")
    return to_mentions(texts, given)


def stats(documents: Sequence[LinkedDocument]) -> dict[str, float]:
    """How many mentions there are and how many are linked."""
    total = sum(len(document.entities) for document in documents)
    linked = sum(mention.is_linked for document in documents for mention in document.entities)
    rate = linked / total if total else 0.0
    return {"total_mentions": total, "linked": linked, "unlinked": total - linked, "linking_rate": rate}
