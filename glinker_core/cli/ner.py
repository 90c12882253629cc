"""What `glinker link --ner-only` runs: recognisers and an aggregator, no knowledge base."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from glinker_core.cli.console import labels_of
from glinker_core.errors import InputError
from glinker_core.layers import LAYERS
from glinker_core.source import Source, Where, load_source

#: The recogniser that runs where neither a pipeline nor a model is named: the smallest of its family.
MODEL = "knowledgator/gliner-bi-edge-v2.0"


def ner_pipeline(pipeline: Path | None, labels: str, model: str) -> Source:
    """The L1 nodes of a pipeline file, or a GLiNER recogniser of the labels, which are separated by commas."""
    if pipeline is not None:
        if labels or model:
            option = "--labels" if labels else "--model"
            raise InputError(f"{option}: {pipeline} names what its recognisers look for; leave one out")
        return _recognizers(load_source(pipeline))
    if not labels:
        raise InputError("--ner-only needs something to look for; give --labels person,city or --pipeline FILE")
    config = {"model": model or MODEL, "labels": labels_of(labels)}
    return Source({"name": "ner", "nodes": [{"id": "l1", "processor": "l1_gliner", "config": config}, _output(["l1"])]})


def _recognizers(source: Source) -> Source:
    """The same pipeline without stores and all nodes but those of L1, each value still at its place in the file."""
    nodes = source.data.get("nodes") if isinstance(source.data, Mapping) else None
    if not isinstance(nodes, list):  # the graph says what is wrong with it
        return source
    kept = [index for index, node in enumerate(nodes) if _is_kept(node)]
    ids = [nodes[index]["id"] for index in kept if isinstance(nodes[index], Mapping) and nodes[index].get("id")]
    if not ids:
        raise InputError(f"--ner-only: {source.name} has no L1 node; give --labels person,city instead of a pipeline")
    moved: dict[Where, Where] = {("nodes", old): ("nodes", new) for new, old in enumerate(kept)}
    marks = {(*moved[where[:2]], *where[2:]): mark for where, mark in source.marks.items() if where[:2] in moved}
    top = {where: mark for where, mark in source.marks.items() if where[:1] != ("nodes",)}
    data = {key: value for key, value in source.data.items() if key != "stores"}
    data["nodes"] = [*(nodes[index] for index in kept), _output(ids)]
    return Source(data, source.name, {**top, **marks})


def _is_kept(node: Any) -> bool:
    """Whether a node is one of L1, or so broken that nobody knows."""
    processor = node.get("processor") if isinstance(node, Mapping) else None
    prefix = f"{LAYERS['recognizer'].prefix}_"
    return not isinstance(processor, str) or processor.rpartition(":")[2].startswith(prefix)


def _output(recognizers: list[str]) -> dict[str, Any]:
    """An aggregator that shows all that was found."""
    return {
        "id": "l0",
        "processor": "l0_aggregator",
        "inputs": {"mentions": recognizers},
        "config": {"overlaps": "keep"},
    }
