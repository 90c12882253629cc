"""What a pipeline file says, as records: nodes, their inputs and outputs, and the stores they share.

`read_spec` takes data from a file or from Python and gives the specification together with everything that is wrong
with it; whether the processors exist and fit together is for `graph.py`.
"""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import field, fields, frozen

from glinker_core.errors import Problem, near
from glinker_core.model import Entity
from glinker_core.source import Source, Where, conceal, shown
from glinker_core.structure import structure

INPUT = "$input"

_SAMPLE = Entity("id", "label")

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
    config: Mapping[str, object] = field(factory=dict)
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
    config: Mapping[str, object] = field(factory=dict)

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
    """A node that could be read, with its path in the file; `whole` if nothing was wrong with it."""

    spec: NodeSpec
    where: Where
    whole: bool = True


@frozen
class Draft:
    """A specification with its source: the nodes that could be read, and what is wrong with the rest.

    `lost` are ids and output keys of nodes that could not be read; who refers to them is not to blame. `problems` and
    `warnings` grow while the graph is made.
    """

    source: Source
    name: str
    description: str | None
    stores: Mapping[str, SharedStoreSpec]
    nodes: tuple[PlacedNode, ...]
    lost: frozenset[str]
    problems: list[Problem]
    warnings: list[str] = field(factory=list)

    def refuse(self, where: Where, message: str) -> None:
        """Add a problem at a place of the source."""
        self.problems.append(Problem(self.source.place(where), conceal(message, self.source.data)))

    def warn(self, where: Where, message: str) -> None:
        """Add what looks odd but runs."""
        self.warnings.append(f"{self.source.place(where)}: {conceal(message, self.source.data)}")

    def check_template(self, template: str, where: Where) -> None:
        """Add what is wrong with a template."""
        for fault in template_faults(template):
            self.refuse(where, f"template {shown(template)}: {fault}")


def read_spec(source: Source) -> Draft:
    """Read the specification; `config` mappings stay as written, for the component classes to check."""
    problems: list[Problem] = []
    data = source.data
    if not isinstance(data, Mapping) or not isinstance(data.get("nodes"), (list, tuple)) or not data["nodes"]:
        problems.append(Problem(source.place(()), "a pipeline is a mapping with a list 'nodes'; see 'glinker init'"))
        data = {**data, "nodes": []} if isinstance(data, Mapping) else {"nodes": []}
    top = structure(PipelineSpec, _given({**data, "nodes": []}, "stores"), source.place, problems) or PipelineSpec()
    nodes: list[PlacedNode] = []
    lost: set[str] = set()
    for index, raw in enumerate(data["nodes"]):
        where: Where = ("nodes", index)
        known = len(problems)
        if not isinstance(raw, Mapping):
            message = f"a node is a mapping with 'id' and 'processor', got {shown(raw)}"
            problems.append(Problem(source.place(where), message))
        elif (spec := _node(raw, source, problems, where)) is not None:
            nodes.append(PlacedNode(spec, where, whole=len(problems) == known))
        else:
            lost.update(_names(raw))
    draft = Draft(source, top.name, top.description, top.stores, tuple(nodes), frozenset(lost), problems)
    for placed in nodes:
        if placed.spec.schema is not None:
            draft.check_template(placed.spec.schema.template, (*placed.where, "schema", "template"))
    return draft


def _given(data: Mapping[str, Any], *optional: str) -> dict[str, Any]:
    """Data without the optional keys that are written with nothing behind them."""
    return {key: value for key, value in data.items() if value is not None or key not in optional}


def _node(raw: Mapping[str, Any], source: Source, problems: list[Problem], where: Where) -> NodeSpec | None:
    data = _given(raw, "inputs", "requires", "config")
    if "condition" in data:
        message = "conditions are gate nodes, not expressions; see 'glinker plugins' for the gates"
        problems.append(Problem(source.place((*where, "condition")), message))
        del data["condition"]
    return structure(NodeSpec, data, source.place, problems, where)


def _names(raw: Mapping[str, Any]) -> Iterator[str]:
    """What a node that cannot be read would be called by others."""
    output = raw.get("output")
    for name in (raw.get("id"), f"{raw.get('id')}_result", output.get("key") if isinstance(output, Mapping) else None):
        if isinstance(name, str):
            yield name


def template_faults(template: str) -> Iterator[str]:
    """What is wrong with a template: fields an entity does not have, and whatever `str.format` cannot do."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(template) if name is not None]
        unknown = [name for name in dict.fromkeys(names) if name not in TEMPLATE_FIELDS]
        if not unknown:
            template.format(**{name: getattr(_SAMPLE, name) for name in TEMPLATE_FIELDS})
    except (ValueError, TypeError, LookupError) as error:
        yield str(error)
    else:
        yield from (f"no field '{name}'{near(name, TEMPLATE_FIELDS)}" for name in unknown)
