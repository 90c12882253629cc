"""What a pipeline file says, as records: nodes, their inputs and outputs, and the stores they share.

`read_spec` takes data from a file or from Python and gives the specification together with everything that is wrong
with it; whether the processors exist and fit together is for `graph.py`.
"""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any

from attrs import field, fields, frozen

from glinker_core.errors import Problem, near
from glinker_core.model import Entity
from glinker_core.source import Source, Where
from glinker_core.structure import structure

INPUT = "$input"

#: The placeholders a template may have.
TEMPLATE_FIELDS = tuple(f.name for f in fields(Entity) if f.name != "metadata")


@frozen
class InputSpec:
    """Where a port reads: a node or its output key, and which field of the result."""

    source: str
    fields: str = ""


@frozen
class OutputSpec:
    """Under which key the result of a node is kept; `<id>_result` if a file does not say."""

    key: str


@frozen
class SchemaSpec:
    """How an entity is written for a model, such as `{label}: {description}`."""

    template: str


@frozen
class SharedStoreSpec:
    """A store that several nodes refer to by its name."""

    type: str
    config: Mapping[str, Any] = field(factory=dict)
    field_mapping: Mapping[str, str] = field(factory=dict)
    write: bool = True


@frozen
class NodeSpec:
    """A processor with its configuration, one place in the graph."""

    id: str
    processor: str
    inputs: Mapping[str, InputSpec | str | tuple[InputSpec | str, ...]] = field(factory=dict)
    output: OutputSpec | None = None
    requires: tuple[str, ...] = ()
    schema: SchemaSpec | None = None
    config: Mapping[str, Any] = field(factory=dict)

    @property
    def key(self) -> str:
        return self.output.key if self.output else f"{self.id}_result"


@frozen
class PipelineSpec:
    """A pipeline as written."""

    name: str = "pipeline"
    description: str | None = None
    stores: Mapping[str, SharedStoreSpec] = field(factory=dict)
    nodes: tuple[NodeSpec, ...] = ()


@frozen
class PlacedNode:
    """A node that could be read, with its path in the file."""

    spec: NodeSpec
    where: Where


@frozen
class Draft:
    """A specification with its source: the nodes that could be read, and what is wrong with the rest."""

    source: Source
    name: str
    description: str | None
    stores: Mapping[str, SharedStoreSpec]
    nodes: tuple[PlacedNode, ...]
    problems: list[Problem]

    def refuse(self, where: Where, message: str) -> None:
        """Add a problem at a place of the source."""
        self.problems.append(Problem(self.source.place(where), message))


def read_spec(source: Source) -> Draft:
    """Read the specification; `config` mappings stay as written, for the component classes to check."""
    problems: list[Problem] = []
    data = source.data
    if not isinstance(data, Mapping) or not isinstance(data.get("nodes"), (list, tuple)) or not data["nodes"]:
        problems.append(Problem(source.place(()), "a pipeline is a mapping with a list 'nodes'; see 'glinker init'"))
        data = {**data, "nodes": []} if isinstance(data, Mapping) else {"nodes": []}
    top = structure(PipelineSpec, {**data, "nodes": []}, source.place, problems) or PipelineSpec()
    nodes = []
    for index, raw in enumerate(data["nodes"]):
        where: Where = ("nodes", index)
        spec = _node(raw, source, problems, where)
        if spec is not None:
            nodes.append(PlacedNode(spec, where))
            if spec.schema:
                _check_template(spec.schema.template, source, problems, (*where, "schema", "template"))
    return Draft(source, top.name, top.description, top.stores, tuple(nodes), problems)


def _node(raw: Any, source: Source, problems: list[Problem], where: Where) -> NodeSpec | None:
    if not isinstance(raw, Mapping):
        problems.append(Problem(source.place(where), f"a node is a mapping with 'id' and 'processor', got {raw!r}"))
        return None
    for key in ("schema", "output", "description"):  # the dialect writes "nothing" as null
        if key in raw and raw[key] is None:
            raw = {name: value for name, value in raw.items() if name != key}
    if "condition" in raw:
        message = "conditions are gate nodes, not expressions; see 'glinker plugins' for the gates"
        problems.append(Problem(source.place((*where, "condition")), message))
        raw = {name: value for name, value in raw.items() if name != "condition"}
    config = raw.get("config") or {}
    spec = structure(NodeSpec, {**raw, "config": {}}, source.place, problems, where)
    if not isinstance(config, Mapping):
        problems.append(Problem(source.place((*where, "config")), f"config: expected a mapping, got {config!r}"))
        config = {}
    if spec is None:
        return None
    return NodeSpec(spec.id, spec.processor, spec.inputs, spec.output, spec.requires, spec.schema, config)


def _check_template(template: str, source: Source, problems: list[Problem], where: Where) -> None:
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
    except ValueError as error:
        problems.append(Problem(source.place(where), f"template {template!r}: {error}"))
        return
    for name in names:
        if name not in TEMPLATE_FIELDS:
            hint = near(name, TEMPLATE_FIELDS)
            problems.append(Problem(source.place(where), f"template {template!r}: no field '{name}'{hint}"))
