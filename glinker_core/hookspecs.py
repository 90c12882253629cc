"""What a plugin may say, in the order in which it is asked.

A plugin is a light module named by an entry point of the group `glinker`:

    [project.entry-points.glinker]
    shouting = "glinker_shouting"

It implements the hooks it needs and imports nothing heavy; what it offers is named by `"package.module:Class"` and
imported only when a pipeline uses it:

    from glinker_core.hookspecs import Component, hookimpl

    @hookimpl
    def glinker_recognizers():
        yield Component("l1_shouting", "glinker_shouting.recognizer:ShoutingRecognizer", "words in capitals")
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy
from attrs import frozen

if TYPE_CHECKING:
    from glinker_core.runner import NodeCall, Run

hookspec = pluggy.HookspecMarker("glinker")
hookimpl = pluggy.HookimplMarker("glinker")


@frozen
class Component:
    """What a plugin offers: its name in pipeline files, where its class is, and one sentence of what it does.

    `suffixes` are the endings of file names that choose a reader or writer, such as `(".jsonl",)`; a longer one first.
    """

    name: str
    target: str
    summary: str
    suffixes: tuple[str, ...] = ()


@hookspec
def glinker_recognizers() -> Iterable[Component]:  # type: ignore[empty-body]
    """L1 components that find mentions (`layers.Recognizer`).

    Example: `yield Component("l1_gazetteer", "glinker_lexical.gazetteer:GazetteerRecognizer", "names of the KB")`
    """


@hookspec
def glinker_stores() -> Iterable[Component]:  # type: ignore[empty-body]
    """Stores that `l2_chain` can chain (`layers.Store`) and caches before them (`layers.CandidateCache`); the name is
    the `type` of a layer.

    Example: `yield Component("sqlite", "glinker_stores.sqlite:SqliteStore", "entities in one SQLite file")`
    """


@hookspec
def glinker_retrievers() -> Iterable[Component]:  # type: ignore[empty-body]
    """L2 components that find candidates (`layers.Retriever`).

    Example: `yield Component("l2_chain", "glinker_core.builtin.chain:ChainRetriever", "stores by priority")`
    """


@hookspec
def glinker_linkers() -> Iterable[Component]:  # type: ignore[empty-body]
    """L3 components that score candidates in context (`layers.Linker`).

    Example: `yield Component("l3_lexical", "glinker_lexical.linker:LexicalLinker", "names, priors and overlap")`
    """


@hookspec
def glinker_rerankers() -> Iterable[Component]:  # type: ignore[empty-body]
    """L4 components that score the best candidates again (`layers.Reranker`).

    Example: `yield Component("l4_reranker", "glinker_gliner.reranker:GlinerReranker", "chunked GLiNER reranker")`
    """


@hookspec
def glinker_gates() -> Iterable[Component]:  # type: ignore[empty-body]
    """Components that let some mentions through (`layers.Gate`).

    Example: `yield Component("gate_uncertain", "glinker_core.builtin.gates:UncertainGate", "close calls only")`
    """


@hookspec
def glinker_aggregators() -> Iterable[Component]:  # type: ignore[empty-body]
    """L0 components that decide and shape the output (`layers.Aggregator`).

    Example: `yield Component("l0_aggregator", "glinker_core.builtin.aggregator:ThresholdAggregator", "thresholds")`
    """


@hookspec
def glinker_readers() -> Iterable[Component]:  # type: ignore[empty-body]
    """File formats of entities and documents (`layers.EntityReader`, `layers.DocumentReader`), chosen by suffix.

    Example: `yield Component("jsonl", "glinker_core.builtin.readers:JsonlReader", "JSON lines", (".jsonl",))`
    """


@hookspec
def glinker_writers() -> Iterable[Component]:  # type: ignore[empty-body]
    """File formats of linked documents (`layers.DocumentWriter`), chosen by the suffix of `--output` or by `--format`.

    Example: `yield Component("jsonl", "glinker_core.builtin.writers:JsonlWriter", "JSON lines", (".jsonl",))`
    """


@hookspec
def glinker_commands() -> Iterable[Component]:  # type: ignore[empty-body]
    """Commands of the program `glinker`; the target is a `typer.Typer` application. One named `kb NAME` stands under
    `glinker kb`.

    Example: `yield Component("eval", "glinker_eval.cli:app", "measure a pipeline against a gold standard")`
    """


@hookspec
def glinker_presets() -> Iterable[Component]:  # type: ignore[empty-body]
    """Whole pipelines by name, for `ConfigBuilder.preset` and `glinker init --preset`; the target is a function that
    gives what a pipeline file would hold. Its arguments, all with defaults, are what it leaves open, such as `labels`.

    Example: `yield Component("edge", "glinker_gliner.catalog:EDGE", "small GLiNER models, for any machine")`
    """


@hookspec
def glinker_engines() -> Iterable[Component]:  # type: ignore[empty-body]
    """Who links the parts of a run into a folder (`bulk.engines.Engine`), chosen by `glinker link --engine`.

    Example: `yield Component("ray", "glinker_ray.engine:ray", "actors of a Ray cluster")`
    """


@hookspec
def glinker_run_started(run: Run) -> None:
    """A batch is about to run through the graph.

    Example: `def glinker_run_started(run): print(run.batch, len(run.texts))`
    """


@hookspec(firstresult=True)
def glinker_run_node(call: NodeCall) -> Any:
    """Run one node on one batch; wrap it to time, trace, cache or retry. Called once per node and batch.

    Example:
        @hookimpl(wrapper=True)
        def glinker_run_node(call):
            started = time.perf_counter()
            result = yield
            log.info("%s took %.3f s", call.node.id, time.perf_counter() - started)
            return result
    """


@hookspec
def glinker_run_finished(run: Run) -> None:
    """A batch has run through the graph, or failed: `run.error` is then what it failed with.

    Example: `def glinker_run_finished(run): print(run.batch, run.error)`
    """
