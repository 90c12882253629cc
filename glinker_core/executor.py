"""The front door to a pipeline that is ready to run: load entities, link texts, one batch or a stream of them."""

from __future__ import annotations

import logging
import os
from collections import Counter
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from threading import Event, RLock
from types import TracebackType
from typing import Any, get_args

from attrs import evolve

from glinker_core.context import Context
from glinker_core.entities import OnDuplicate, OnError, import_entities
from glinker_core.errors import InputError, NodeError, StoreError, near
from glinker_core.graph import Graph, build
from glinker_core.inputs import check_documents, texts_of
from glinker_core.layers import CandidateCache, DeclaresStores, EntityReader, Store
from glinker_core.model import Document, L0Result, LinkedDocument
from glinker_core.plugins import Plugins
from glinker_core.resources import Resources, close_all
from glinker_core.runner import Cancelled, run_batch
from glinker_core.source import Source, load_source
from glinker_core.streaming import LinkBatch, astream, check_sizes, stream

log = logging.getLogger(__name__)

Pipeline = str | os.PathLike[str] | Mapping[str, Any] | Source


class DAGExecutor:
    """A checked pipeline with its stores and components; stores open when they are first needed, models when run.

    Threads may share one executor. Use it as a context manager, or call `close()`.
    """

    def __init__(self, pipeline: Pipeline, verbose: bool = False, *, plugins: Plugins | None = None) -> None:
        """Check a pipeline (a path, a mapping, `ConfigBuilder.get_config()`); raises `ConfigError` with all problems.

        `verbose` logs each batch as INFO instead of DEBUG.
        """
        self.plugins = plugins or Plugins.installed()
        source = load_source(pipeline)
        self.graph: Graph = build(source, self.plugins)
        self.digest = source.digest
        self._level = logging.INFO if verbose else logging.DEBUG
        self._lock = RLock()
        self._resources: Resources | None = None
        self._opened = False
        self._closed = False
        for warning in self.graph.warnings:
            log.warning("%s", warning)

    def __enter__(self) -> DAGExecutor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- resources ---------------------------------------------------------------------------------------------

    @property
    def resources(self) -> Resources:
        """What the nodes share, with all stores and caches open."""
        with self._lock:
            if self._closed:
                raise InputError(f"pipeline '{self.graph.name}' is closed; make a new executor")
            if self._resources is None:
                opened: list[Store | CandidateCache] = []
                try:
                    for thing in chain[Store | CandidateCache](self.graph.stores.values(), self.graph.caches.values()):
                        thing.open()
                        opened.append(thing)
                except BaseException:
                    close_all(opened)
                    raise
                self._resources = Resources(self.graph.stores, self.graph.caches)
            return self._resources

    @property
    def counters(self) -> Counter[str]:
        """What was skipped, dropped or done without, by name."""
        return self._resources.counters if self._resources is not None else Counter()

    def open(self) -> None:
        """Open all stores and components now rather than at the first text."""
        with self._lock:
            resources = self.resources
            if not self._opened:
                opened = []
                try:
                    for node in self.graph.nodes:
                        if hasattr(node.component, "open"):
                            node.component.open(resources)
                        opened.append(node.component)
                except BaseException:
                    close_all(reversed(opened))
                    raise
                self._opened = True

    def close(self) -> None:
        """Close components, then stores; a second call does nothing."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            try:
                if self._opened:
                    close_all(node.component for node in reversed(self.graph.nodes))
            finally:
                if self._resources is not None:
                    self._resources.close()

    # -- running -----------------------------------------------------------------------------------------------

    def execute(self, data: Mapping[str, Any]) -> Context:
        """Run one batch, `{"texts": [...]}` with `"entities"` where the caller knows the mentions.

        The context has the result of every node: `context.get("l0_result").entities`.
        """
        texts = texts_of(data)
        self.open()
        self._check_read(data.get("entities"))
        log.log(self._level, "%s: %d texts", self.graph.name, len(texts))
        return run_batch(self.graph, self.plugins, {**data, "texts": texts})

    def link(self, texts: Iterable[str | Document], on_error: OnError = "raise") -> list[LinkedDocument]:
        """Linked documents of the texts, in order."""
        return list(self.stream(texts, on_error=on_error))

    def stream(
        self,
        documents: Iterable[str | Document],
        batch_size: int = 32,
        workers: int = 1,
        on_error: OnError = "raise",
        cancel: Event | None = None,
    ) -> Iterator[LinkedDocument]:
        """Linked documents in order, read lazily, with at most `workers` + 1 batches alive.

        With `on_error="skip"` a text that fails comes back with its `error` and without mentions, and the rest of its
        batch is linked. Setting `cancel` stops before the next node with a `CancelledError`.
        """
        check_documents(documents)
        check_sizes(batch_size, workers)
        _check_policy(on_error)
        return stream(self._link(on_error), documents, batch_size, workers, cancel)

    def astream(
        self,
        documents: Iterable[str | Document] | AsyncIterable[str | Document],
        batch_size: int = 32,
        workers: int = 1,
        on_error: OnError = "raise",
    ) -> AsyncIterator[LinkedDocument]:
        """As `stream`, for `async for`: the event loop stays free, and leaving the loop or cancelling its task stops
        before the next node."""
        check_documents(documents)
        check_sizes(batch_size, workers)
        _check_policy(on_error)
        return astream(self._link(on_error), documents, batch_size, workers)

    def _link(self, on_error: OnError) -> LinkBatch:
        def link(documents: list[Document], number: int, cancelled: Cancelled) -> list[LinkedDocument]:
            self.open()
            return self._batch(documents, number, on_error, cancelled)

        return link

    def _check_read(self, entities: Any) -> None:
        """Say so when the caller gives mentions that no node reads."""
        if not entities or self._reads_entities:  # whoever reads them checks them
            return
        lists = entities if isinstance(entities, (list, tuple)) else [[entities]]
        given = sum(len(items) if isinstance(items, (list, tuple)) else 1 for items in lists if items)
        if given:
            counter = "mentions given that no node reads"
            if not self.counters[counter]:
                log.warning("%s: 'entities' are given, but no node reads them; use l1_external", self.graph.name)
            self.resources.count(counter, given)

    @property
    def _reads_entities(self) -> bool:
        return any(ref.kind == "entities" for node in self.graph.nodes for refs in node.inputs.values() for ref in refs)

    @property
    def _output(self) -> str:
        """The key of the documents: that of the last aggregator."""
        keys = [node.key for node in self.graph.nodes if node.layer.makes == "documents"]
        if not keys:
            name = self.graph.name
            raise InputError(f"pipeline '{name}' has no aggregator; add a node with processor l0_aggregator")
        return keys[-1]

    def _batch(
        self, documents: list[Document], number: int, on_error: OnError, cancelled: Cancelled
    ) -> list[LinkedDocument]:
        try:
            return self._run(documents, number, cancelled)
        except NodeError as error:
            if on_error == "raise" or isinstance(error.cause, StoreError):
                raise
            if len(documents) == 1:
                self.resources.count("texts that failed")
                log.warning("%s", error)
                return [LinkedDocument(documents[0].text, id=documents[0].id, error=str(error))]
        return [linked for doc in documents for linked in self._batch([doc], number, on_error, cancelled)]

    def _run(self, documents: list[Document], number: int, cancelled: Cancelled) -> list[LinkedDocument]:
        data: dict[str, Any] = {"texts": [document.text for document in documents]}
        if any(document.entities is not None for document in documents):
            data["entities"] = [document.entities for document in documents]
            self._check_read(data["entities"])
        ids = [document.id for document in documents]
        context = run_batch(self.graph, self.plugins, data, batch=number, text_ids=ids, cancelled=cancelled)
        log.log(self._level, "%s: batch %d, %d texts", self.graph.name, number, len(documents))
        result: L0Result = context.get(self._output)
        return [
            evolve(linked, id=document.id, pipeline=self.digest)
            for linked, document in zip(result, documents, strict=True)
        ]

    # -- entities ----------------------------------------------------------------------------------------------

    def load_entities(
        self,
        source: Any,
        target_layers: Sequence[str] | None = None,
        batch_size: int = 1000,  # noqa: ARG002  # GLiNKER's; stores choose their own chunks
        overwrite: bool = False,
        *,
        on_error: OnError = "raise",
        on_duplicate: OnDuplicate | None = None,
        reader: str | EntityReader = "",
    ) -> dict[str, dict[str, int]]:
        """Load entities into the stores named (default: all that are written to), each in one transaction.

        An id that is there with other content is an error, unless `overwrite` or `on_duplicate` says otherwise.
        With `on_error="skip"` bad records are logged and counted (`entities skipped`). Files are read by the `reader`,
        an object or a name, or by the one their endings name. Returns
        `{node: {store: entities loaded}}`.
        """
        _check_policy(on_error)
        policy: OnDuplicate = on_duplicate or ("replace" if overwrite else "error")
        names = self._targets(target_layers)
        if not names:
            raise InputError(
                f"target_layers: pipeline '{self.graph.name}' writes to no store; name one, or set write: true"
            )
        if len(names) > 1 and isinstance(source, Iterator):
            source = list(source)
        loaded: dict[str, int] = {}
        for name in names:
            store = self.resources.store(name)
            report = import_entities(source, store, self.plugins, on_error=on_error, on_duplicate=policy, reader=reader)
            loaded[name] = report.read - len(report.problems)
            if report.problems and name == names[0]:
                self.resources.count("entities skipped", len(report.problems))
                log.warning("entities skipped:\n  %s", "\n  ".join(map(str, report.problems)))
        if any(_embeds_on_load(node.component) for node in self.graph.nodes):
            self.precompute_embeddings(names)
        return self._by_node(loaded)

    def count_entities(self) -> dict[str, dict[str, int]]:
        """How many entities each store holds: `{node: {store: count}}`."""
        return self._by_node({name: self.resources.store(name).count() for name in self.graph.stores})

    def clear_databases(self, names: Sequence[str] | None = None) -> None:
        """Empty the stores and caches named, or all that are written to."""
        resources = self.resources
        for name in self._targets(names, caches=True):
            (resources.caches[name] if name in resources.caches else resources.store(name)).clear()

    def precompute_embeddings(
        self,
        target_layers: Sequence[str] | None = None,
        batch_size: int = 32,
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, dict[str, int]]:
        """Let every node that embeds entities do so now for the stores named; `{node: {store: embedded}}`.

        Entities that have a vector keep it. `progress` is told how many were done since it was told last, and how many
        there are.
        """
        names = self._targets(target_layers)
        self.open()
        nodes = [node for node in self.graph.nodes if hasattr(node.component, "precompute_embeddings")]
        if not nodes:
            raise InputError("no node of this pipeline embeds entities; run: pip install glinker-gliner")
        return {node.id: node.component.precompute_embeddings(names, batch_size, progress) for node in nodes}

    def setup_l3_cache_writeback(self) -> None:
        """Do nothing: GLiNKER's `cache_embeddings` worked only after this call, here a linker needs no reminder."""

    def _targets(self, names: Sequence[str] | None, caches: bool = False) -> list[str]:
        """The stores named, or all that are written to; caches among them only where that makes sense."""
        specs = self.graph.store_specs
        barred = () if caches else self.graph.caches
        if names is None:
            return [name for name, spec in specs.items() if spec.write and name not in barred]
        if isinstance(names, str):
            raise InputError(f"target_layers: expected a list of store names, got {names!r}; write [{names!r}]")
        unknown = [f"'{name}'{near(name, specs)}" for name in names if name not in specs]
        if unknown:
            raise InputError(f"target_layers: no store {', no store '.join(unknown)}")
        if wrong := [name for name in names if name in barred]:
            stores = ", ".join(self.graph.stores)
            raise InputError(f"target_layers: '{wrong[0]}' is a cache and holds no entities; name a store: {stores}")
        return list(names)

    def _by_node(self, counts: Mapping[str, int]) -> dict[str, dict[str, int]]:
        nodes: dict[str, dict[str, int]] = {}
        for node in self.graph.nodes:
            if isinstance(node.component, DeclaresStores):
                names = [spec.name for spec in node.component.declared_stores()]
                nodes[node.id] = {name: counts[name] for name in names if name in counts}
        placed = {name for stores in nodes.values() for name in stores}
        rest = {name: count for name, count in counts.items() if name not in placed}
        return {**nodes, "stores": rest} if rest else nodes


def _embeds_on_load(component: Any) -> bool:
    """Whether a retriever is set to have the vectors of entities made as soon as they are loaded."""
    embeddings = getattr(component, "embeddings", None)
    return bool(embeddings is not None and embeddings.enabled and embeddings.precompute_on_load)


def _check_policy(on_error: str) -> None:
    """A misspelt `raise` must not skip."""
    if on_error not in get_args(OnError):
        raise InputError(f"on_error: unknown policy '{on_error}'{near(str(on_error), get_args(OnError))}")
