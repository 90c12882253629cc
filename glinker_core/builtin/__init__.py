"""What the core itself offers, through the same door as any plugin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from glinker_core.hookspecs import Component, hookimpl

if TYPE_CHECKING:
    from glinker_core.runner import NodeCall


@hookimpl
def glinker_recognizers() -> Iterable[Component]:
    """Mentions the caller knows."""
    yield Component("l1_external", "glinker_core.builtin.external:ExternalRecognizer", "mentions given by the caller")


@hookimpl
def glinker_retrievers() -> Iterable[Component]:
    """Stores by priority."""
    yield Component("l2_chain", "glinker_core.builtin.chain:ChainRetriever", "candidates from stores, by priority")


@hookimpl
def glinker_gates() -> Iterable[Component]:
    """Mentions that need more work."""
    summary = "lets through mentions whose best candidates are close or weak"
    yield Component("gate_uncertain", "glinker_core.builtin.gates:UncertainGate", summary)


@hookimpl
def glinker_aggregators() -> Iterable[Component]:
    """Thresholds, NIL and overlaps."""
    summary = "decides links and NIL, resolves overlaps, shapes the output"
    yield Component("l0_aggregator", "glinker_core.builtin.aggregator:ThresholdAggregator", summary)


@hookimpl
def glinker_readers() -> Iterable[Component]:
    """JSON lines, tables and plain text."""
    where = "glinker_core.builtin.readers"
    yield Component("jsonl", f"{where}:JsonlReader", "JSON lines", (".jsonl", ".ndjson", ".json"))
    yield Component("csv", f"{where}:CsvReader", "comma-separated table with a header line", (".csv",))
    yield Component("tsv", f"{where}:TsvReader", "tab-separated table with a header line", (".tsv", ".tab"))
    yield Component("text", f"{where}:TextReader", "plain text, one document per file", (".txt", ".md", ""))


@hookimpl
def glinker_writers() -> Iterable[Component]:
    """JSON lines."""
    where = "glinker_core.builtin.writers"
    yield Component("jsonl", f"{where}:JsonlWriter", "JSON lines, one document each", (".jsonl", ".ndjson", ".json"))


@hookimpl
def glinker_engines() -> Iterable[Component]:
    """Workers on one machine."""
    where = "glinker_core.bulk.engines"
    yield Component("threads", f"{where}:threads", "threads around one pipeline")
    yield Component("processes", f"{where}:processes", "processes with a pipeline each")


@hookimpl(trylast=True)
def glinker_run_node(call: NodeCall) -> Any:
    """Do the work of a node; wrappers of other plugins stand around this."""
    return call()
