"""A specification becomes checked nodes: components made, ports wired, order found.

Everything that is wrong is found before anything is opened, and reported together.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from attrs import frozen

from glinker_core.config import INPUT, Draft, InputSpec, PlacedNode, read_spec
from glinker_core.dialect import FIELDS, SETTINGS, carried, port_names
from glinker_core.errors import ConfigError, PluginError, Problem, near
from glinker_core.layers import LAYERS, CandidateCache, Layer, Store, StoreSpec
from glinker_core.plugins import PORTS, Offer, Plugins
from glinker_core.source import Source, Where
from glinker_core.stores import make_stores
from glinker_core.structure import settings, structure

_GIVEN = ("texts", "entities")  # what the caller puts in


@frozen
class Ref:
    """One input of a port: the node it reads (None for the caller's input)."""

    node: str | None
    kind: str


@frozen
class Node:
    """A place in the graph: a component, what it reads and the key under which its result is kept."""

    id: str
    key: str
    layer: Layer
    component: Any
    inputs: Mapping[str, tuple[Ref, ...]]
    offer: Offer

    @property
    def processor(self) -> str:
        return self.offer.name


@frozen
class Graph:
    """Checked nodes in the order in which they run, the stores and caches they share, what looks odd but runs."""

    name: str
    nodes: tuple[Node, ...]
    stores: Mapping[str, Store]
    caches: Mapping[str, CandidateCache]
    store_specs: Mapping[str, StoreSpec]
    warnings: tuple[str, ...] = ()

    def node(self, node_id: str) -> Node:
        """The node of that id."""
        return next(node for node in self.nodes if node.id == node_id)


def build(source: Source, plugins: Plugins) -> Graph:
    """Check a pipeline and make its graph; raises `ConfigError` with everything that is wrong."""
    draft = read_spec(source)
    graph = _Assembly(draft, plugins).graph()
    if draft.problems or graph is None:
        raise ConfigError(source.name or f"pipeline '{draft.name}'", sorted(draft.problems, key=_position))
    return graph


def _position(problem: Problem) -> tuple[int, ...]:
    """Line and column of a problem in a file, by which people read; problems in plain data keep their order."""
    found = re.search(r":(\d+):(\d+)$", problem.place)
    return tuple(map(int, found.groups())) if found else ()


@frozen
class _Part:
    """A node on its way into the graph; parts that are not installed are wired as far as their layer is known."""

    placed: PlacedNode
    layer: Layer
    component: Any
    offer: Offer | None
    ports: Mapping[str, bool]  # port -> may stay unconnected

    @property
    def id(self) -> str:
        return self.placed.spec.id

    @property
    def key(self) -> str:
        return self.placed.spec.key

    @property
    def where(self) -> Where:
        return self.placed.where


class _Assembly:
    """Puts a graph together; each step adds its problems to the draft."""

    def __init__(self, draft: Draft, plugins: Plugins) -> None:
        self.draft, self.plugins = draft, plugins
        self.owners: dict[str, PlacedNode] = {}  # node ids and output keys -> the node they name
        self.parts: dict[str, _Part] = {}
        self.carried: dict[tuple[str, str], tuple[Ref, ...]] = {}  # node id and port -> what candidates bring anyway
        self.guessing = bool(draft.lost)  # there are nodes of which nobody knows what they make

    def graph(self) -> Graph | None:
        for placed in self.draft.nodes:
            self._name(placed)
        for placed in self.draft.nodes:
            if self.owners[placed.spec.id] is placed:
                self._add(placed)
        inputs = {part.id: self._wire(part) for part in self.parts.values()}
        order = self._order(inputs)
        made = make_stores(self.draft, self.plugins, [(part.component, part.where) for part in self.parts.values()])
        if self.draft.problems or order is None:
            return None
        self._idle(inputs, order)
        nodes = []
        for node_id in order:
            part = self.parts[node_id]
            assert part.offer is not None  # a missing one is a problem already
            nodes.append(Node(part.id, part.key, part.layer, part.component, inputs[node_id], part.offer))
        return Graph(self.draft.name, tuple(nodes), made.stores, made.caches, made.specs, tuple(self.draft.warnings))

    def _name(self, placed: PlacedNode) -> None:
        spec, where = placed.spec, placed.where
        for name, what in dict.fromkeys(((spec.id, "id"), (spec.key, "output"))):
            owner = self.owners.setdefault(name, placed)
            if name == INPUT:
                self.draft.refuse((*where, what), f"'{INPUT}' is the caller's input and cannot be a node")
            elif not name.strip():
                self.draft.refuse((*where, what), "the name of a node is empty")
            elif owner is not placed:
                first = self.draft.source.place(owner.where)
                self.draft.refuse((*where, what), f"'{name}' is already the name of the node at {first}")
            else:
                continue
            return

    def _add(self, placed: PlacedNode) -> None:
        spec, where = placed.spec, placed.where
        layers = {layer.hook: layer for layer in LAYERS.values()}
        try:
            offer = self.plugins.find(spec.processor, *layers)
            cls = self.plugins.load(offer)
        except PluginError as error:
            self.draft.refuse((*where, "processor"), str(error))
            prefix = spec.processor.rpartition(":")[2].partition("_")[0]
            layer = next((layer for layer in LAYERS.values() if layer.prefix == prefix), None)
            if layer is None:
                self.guessing = True
            else:
                self.parts[spec.id] = _Part(placed, layer, None, None, _ports(layer.protocol, layer))
            return
        config = self._config(placed, cls)
        source, problems = self.draft.source, self.draft.problems
        component = structure(cls, config, source.place, problems, (*where, "config"), SETTINGS)
        if "template" in spec.config and isinstance(template := getattr(component, "template", None), str):
            self.draft.check_template(template, (*where, "config", "template"))
        layer = layers[offer.hook]
        self.parts[spec.id] = _Part(placed, layer, component, offer, _ports(cls, layer))
        for text in getattr(component, "warnings", ()):
            self.draft.warn(where, f"{spec.id}: {text}")

    def _config(self, placed: PlacedNode, cls: type) -> Mapping[str, Any]:
        """The config of a node with the template of its schema, for components that have one."""
        schema, config = placed.spec.schema, placed.spec.config
        if schema is None or "template" not in settings(cls):
            return config
        if config.get("template", schema.template) != schema.template:
            message = "'template' stands here and in 'schema', and is not the same; write one of them"
            self.draft.refuse((*placed.where, "config", "template"), message)
        return {"template": schema.template, **config}

    def _wire(self, part: _Part) -> dict[str, tuple[Ref, ...]]:
        """The inputs of a node: those written, then for each port left out the last node above that makes it."""
        spec = part.placed.spec
        if not part.placed.whole:
            return {}
        names = port_names(part.ports)
        known = {name for port in names.values() for name in port} | set(carried(part.ports))
        if part.offer is None:  # it may have ports that its layer has not
            known |= {name for port in port_names(PORTS).values() for name in port}
        for name in spec.inputs:
            if name not in known:
                self.draft.refuse((*part.where, "inputs", name), f"unknown port '{name}'{near(name, part.ports)}")
        inputs: dict[str, tuple[Ref, ...]] = {}
        for port, optional in part.ports.items():
            written = [self._read(part, port, name) for name in names[port] if name in spec.inputs]
            inputs[port] = written[0] if written else self._default(part, port, optional)
        for name in carried(part.ports):
            if name in spec.inputs:
                self.carried[part.id, name] = self._read(part, "mentions", name)
        return inputs

    def _read(self, part: _Part, port: str, name: str) -> tuple[Ref, ...]:
        written, where = part.placed.spec.inputs[name], (*part.where, "inputs", name)
        if not isinstance(written, tuple):
            ref = self._ref(written, port, where)
            return () if ref is None else (ref,)
        if len(written) != 1 and (port in _GIVEN or not written):
            takes = "one source" if port in _GIVEN else "one source or more"
            self.draft.refuse(where, f"port '{name}' takes {takes}, got {len(written)}")
        refs = [self._ref(item, port, (*where, index)) for index, item in enumerate(written)]
        return tuple(ref for ref in dict.fromkeys(refs) if ref is not None)

    def _ref(self, item: InputSpec | str, port: str, where: Where) -> Ref | None:
        item = InputSpec(item) if isinstance(item, str) else item
        if item.source == INPUT:
            kind = port if port in _GIVEN else "entities" if port == "mentions" else ""
            if not kind or (item.fields and item.fields != kind):
                self.draft.refuse(where, f"'{INPUT}' has {' and '.join(_GIVEN)}, not {item.fields or port}")
                return None
            return Ref(None, kind)
        if item.source not in self.owners:
            if item.source not in self.draft.lost:
                hint = near(item.source, [INPUT, *self.owners])
                self.draft.refuse((*where, "source"), f"no node and no output key '{item.source}'{hint}")
            return None
        source = self.parts.get(self.owners[item.source].spec.id)
        if source is None:  # the node is there, its processor is unknown: said already
            return None
        if source.layer.makes != port or (item.fields and item.fields not in FIELDS[port]):
            shown = item.fields or port
            self.draft.refuse(where, f"'{source.id}' makes {source.layer.makes}, not {shown}, which '{port}' needs")
            return None
        return Ref(source.id, port)

    def _default(self, part: _Part, port: str, optional: bool) -> tuple[Ref, ...]:
        if port in _GIVEN:
            return (Ref(None, port),)
        above = [other for other in self._above(part) if other.layer.makes == port]
        if above:
            last = above[-1]
            if part.layer.name == "aggregator" and (gates := [o for o in above if o.layer.name == "gate"]):
                # what a gate holds back must reach the output past the nodes behind it
                before = above[: above.index(gates[0])]
                return (*(Ref(other.id, port) for other in before[-1:]), Ref(last.id, port))
            return (Ref(last.id, port),)
        if not optional and not self.guessing:
            wanted = {"mentions": "an l1 node", "candidates": "an l2 node"}[port]
            self.draft.refuse(part.where, f"'{part.id}': nothing above makes {port}; add {wanted} before it")
        return ()

    def _above(self, part: _Part) -> list[_Part]:
        """The nodes that stand above another, in the order in which they are written."""
        parts = list(self.parts.values())
        return parts[: parts.index(part)]

    def _order(self, inputs: Mapping[str, Mapping[str, tuple[Ref, ...]]]) -> list[str] | None:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for part in self.parts.values():
            needs = [ref.node for refs in inputs[part.id].values() for ref in refs if ref.node is not None]
            for index, name in enumerate(part.placed.spec.requires):
                if name in self.owners:
                    needs.append(self.owners[name].spec.id)
                elif name not in self.draft.lost:
                    hint = near(name, [placed.spec.id for placed in self.draft.nodes])
                    self.draft.refuse((*part.where, "requires", index), f"no node '{name}'{hint}")
            sorter.add(part.id, *dict.fromkeys(needs))
        try:
            return [node_id for node_id in sorter.static_order() if node_id in self.parts]
        except CycleError as error:
            cycle = error.args[1]
            message = f"nodes wait for each other: {' -> '.join(reversed(cycle))}; break the circle"
            self.draft.refuse(self.parts[cycle[0]].where, message)
            return None

    def _idle(self, inputs: Mapping[str, Mapping[str, tuple[Ref, ...]]], order: list[str]) -> None:
        """Warn of work that is lost: nodes that nothing reads, mentions that reach a node past its candidates."""
        read = {ref.node for ports in inputs.values() for refs in ports.values() for ref in refs}
        behind: dict[str, set[Ref]] = {}
        for node_id in order:
            part = self.parts[node_id]
            refs = {ref for refs in inputs[node_id].values() for ref in refs}
            behind[node_id] = refs.union(*(behind[ref.node] for ref in refs if ref.node is not None))
            if node_id not in read and part.layer.name != "aggregator" and node_id != order[-1]:
                self.draft.warn(part.where, f"nothing reads node '{node_id}'; its work is lost")
        for (node_id, name), refs_written in self.carried.items():
            if not behind[node_id].issuperset(refs_written):
                where = (*self.parts[node_id].where, "inputs", name)
                self.draft.warn(where, f"'{node_id}' takes its mentions from its candidates; '{name}' has no effect")


def _ports(cls: type, layer: Layer) -> dict[str, bool]:
    """The ports of a component: the arguments of its method, and whether each may stay unconnected."""
    parameters = list(inspect.signature(getattr(cls, layer.method)).parameters.values())[1:]
    return {parameter.name: parameter.default is not inspect.Parameter.empty for parameter in parameters}
