"""A specification becomes checked nodes: components made, ports wired, order found, stores declared.

Everything that is wrong is found before anything is opened, and reported together.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from attrs import frozen

from glinker_core.config import INPUT, Draft, InputSpec, PlacedNode, read_spec
from glinker_core.dialect import FIELDS, carried, port_names
from glinker_core.errors import ConfigError, PluginError, near
from glinker_core.layers import LAYERS, DeclaresStores, Layer, Store, StoreSpec
from glinker_core.plugins import Offer, Plugins
from glinker_core.source import Source, Where
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
    """Checked nodes in the order in which they run, the stores they share, and what looks odd but runs."""

    name: str
    nodes: tuple[Node, ...]
    stores: Mapping[str, Store]
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
        raise ConfigError(source.name or f"pipeline '{draft.name}'", draft.problems)
    return graph


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
        self.warnings: list[str] = []
        self.parts: dict[str, _Part] = {}
        self.by_name: dict[str, str] = {}  # node ids and output keys -> node id
        self.written: dict[str, int] = {placed.spec.id: n for n, placed in enumerate(draft.nodes)}
        self.unknown: set[str] = set()  # nodes whose processor nobody knows: not to be reported twice

    def graph(self) -> Graph | None:
        for placed in self.draft.nodes:
            self._name(placed)
        for placed in self.draft.nodes:
            self._add(placed)
        inputs: dict[str, dict[str, tuple[Ref, ...]]] = {}
        for part in self.parts.values():
            inputs[part.id] = self._wire(part, inputs)
        order = self._order(inputs)
        specs, stores = self._stores()
        self._unread(inputs)
        if self.draft.problems or order is None:
            return None
        nodes = []
        for node_id in order:
            part = self.parts[node_id]
            assert part.offer is not None  # a missing one is a problem already
            nodes.append(Node(part.id, part.key, part.layer, part.component, inputs[node_id], part.offer))
        return Graph(self.draft.name, tuple(nodes), stores, specs, tuple(self.warnings))

    def _name(self, placed: PlacedNode) -> None:
        spec, where = placed.spec, placed.where
        for name, what in dict.fromkeys(((spec.id, "id"), (spec.key, "output"))):
            if name == INPUT:
                self.draft.refuse((*where, what), f"'{INPUT}' is the caller's input and cannot be a node")
            elif self.by_name.setdefault(name, spec.id) != spec.id or (
                what == "id" and self.draft.nodes[self.written[name]] is not placed
            ):
                self.draft.refuse((*where, what), f"'{name}' is the name of two nodes; give each its own")

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
                self.unknown.add(spec.id)
            elif spec.id not in self.parts:
                self.parts[spec.id] = _Part(placed, layer, None, None, _ports(layer.protocol, layer))
            return
        layer = layers[offer.hook]
        config = spec.config
        if spec.schema and "template" in settings(cls) and "template" not in config:
            config = {**config, "template": spec.schema.template}
        component = structure(cls, config, self.draft.source.place, self.draft.problems, (*where, "config"))
        if spec.id not in self.parts:
            self.parts[spec.id] = _Part(placed, layer, component, offer, _ports(cls, layer))
        self.warnings += [f"{self._place(where)}: {spec.id}: {text}" for text in getattr(component, "warnings", ())]

    def _place(self, where: Where) -> str:
        return self.draft.source.place(where)

    def _wire(self, part: _Part, wired: Mapping[str, Mapping[str, tuple[Ref, ...]]]) -> dict[str, tuple[Ref, ...]]:
        """The inputs of a node: those written, then for each port left out the last node above that makes it."""
        spec = part.placed.spec
        names = port_names(part.ports)
        known = [name for port in names.values() for name in port] + list(carried(part.ports))
        for name in spec.inputs:
            if name not in known:
                self.draft.refuse((*part.where, "inputs", name), f"unknown port '{name}'{near(name, part.ports)}")
        inputs: dict[str, tuple[Ref, ...]] = {}
        for port, optional in part.ports.items():
            written = [name for name in names[port] if name in spec.inputs]
            if written:
                inputs[port] = self._read(part, port, written[0])
                for weaker in written[1:]:
                    self._read(part, port, weaker)
            else:
                inputs[port] = self._looked_up(part, port, wired) or self._default(part, port, optional)
        for name in carried(part.ports):
            if name in spec.inputs:
                self._read(part, "mentions", name)
        return inputs

    def _read(self, part: _Part, port: str, name: str) -> tuple[Ref, ...]:
        written = part.placed.spec.inputs[name]
        items = written if isinstance(written, tuple) else (written,)
        refs = []
        for index, item in enumerate(items):
            where: Where = (*part.where, "inputs", name, *((index,) if isinstance(written, tuple) else ()))
            ref = self._ref(InputSpec(item) if isinstance(item, str) else item, port, where)
            if ref is not None:
                refs.append(ref)
        return tuple(refs)

    def _ref(self, item: InputSpec, port: str, where: Where) -> Ref | None:
        if item.source == INPUT:
            kind = port if port in _GIVEN else "entities" if port == "mentions" else ""
            if not kind or (item.fields and item.fields != kind):
                self.draft.refuse(where, f"'{INPUT}' has {' and '.join(_GIVEN)}, not {item.fields or port}")
                return None
            return Ref(None, kind)
        if item.source not in self.by_name:
            hint = near(item.source, [INPUT, *self.by_name])
            self.draft.refuse((*where, "source"), f"no node and no output key '{item.source}'{hint}")
            return None
        source = self.parts.get(self.by_name[item.source])
        if source is None:  # the node is there, its processor is unknown: said already
            return None
        if source.layer.makes != port or (item.fields and item.fields not in FIELDS[port]):
            shown = item.fields or port
            self.draft.refuse(where, f"'{source.id}' makes {source.layer.makes}, not {shown}, which '{port}' needs")
            return None
        return Ref(source.id, port)

    def _looked_up(self, part: _Part, port: str, wired: Mapping[str, Mapping[str, tuple[Ref, ...]]]) -> tuple[Ref, ...]:
        """The mentions an aggregator decides on are those that were looked up, from however many recognisers."""
        if part.layer.name != "aggregator" or port != "mentions":
            return ()
        retrievers = [other for other in self._above(part) if other.layer.name == "retriever"]
        return tuple(dict.fromkeys(ref for other in retrievers for ref in wired[other.id].get("mentions", ())))

    def _above(self, part: _Part) -> list[_Part]:
        return [other for other in self.parts.values() if self.written[other.id] < self.written[part.id]]

    def _default(self, part: _Part, port: str, optional: bool) -> tuple[Ref, ...]:
        if port in _GIVEN:
            return (Ref(None, port),)
        above = [other for other in self._above(part) if other.layer.makes == port]
        if above:
            last = above[-1]
            if part.layer.name == "aggregator" and (gates := [o for o in above if o.layer.name == "gate"]):
                # what a gate holds back must reach the output past the nodes behind it
                before = [other for other in above if self.written[other.id] < self.written[gates[0].id]]
                return (*(Ref(other.id, port) for other in before[-1:]), Ref(last.id, port))
            return (Ref(last.id, port),)
        if not optional and not self.unknown:
            wanted = {"mentions": "an l1 node", "candidates": "an l2 node"}[port]
            self.draft.refuse(part.where, f"'{part.id}': nothing above makes {port}; add {wanted} before it")
        return ()

    def _order(self, inputs: Mapping[str, Mapping[str, tuple[Ref, ...]]]) -> list[str] | None:
        sorter: TopologicalSorter[str] = TopologicalSorter()
        for part in self.parts.values():
            needs = [ref.node for refs in inputs[part.id].values() for ref in refs if ref.node is not None]
            for index, name in enumerate(part.placed.spec.requires):
                if name not in self.by_name:
                    hint = near(name, self.written)
                    self.draft.refuse((*part.where, "requires", index), f"no node '{name}'{hint}")
                elif self.by_name[name] in self.parts:
                    needs.append(self.by_name[name])
            sorter.add(part.id, *dict.fromkeys(needs))
        try:
            return list(sorter.static_order())
        except CycleError as error:
            cycle = error.args[1]
            message = f"nodes wait for each other: {' -> '.join(reversed(cycle))}; break the circle"
            self.draft.refuse(self.parts[cycle[0]].where, message)
            return None

    def _unread(self, inputs: Mapping[str, Mapping[str, tuple[Ref, ...]]]) -> None:
        read = {ref.node for ports in inputs.values() for refs in ports.values() for ref in refs}
        last = max(self.written.values(), default=0)
        for part in self.parts.values():
            if part.id not in read and part.layer.name != "aggregator" and self.written[part.id] != last:
                self.warnings.append(f"{self._place(part.where)}: nothing reads node '{part.id}'; its work is lost")

    def _stores(self) -> tuple[dict[str, StoreSpec], dict[str, Store]]:
        specs: dict[str, StoreSpec] = {}
        stores: dict[str, Store] = {}
        for spec, where in self._declared():
            if not spec.type:
                if spec.name not in self.draft.stores:
                    hint = near(spec.name, self.draft.stores)
                    self.draft.refuse(where, f"no store '{spec.name}' under 'stores'{hint}")
                continue
            if spec.name in specs:
                if specs[spec.name] != spec:
                    self.draft.refuse(where, f"two different stores are called '{spec.name}'; give one a 'name'")
                continue
            specs[spec.name] = spec
            store = self._store(spec, where)
            if store is not None:
                stores[spec.name] = store
        return specs, stores

    def _declared(self) -> Iterator[tuple[StoreSpec, Where]]:
        for name, shared in self.draft.stores.items():
            spec = StoreSpec(name, shared.type, shared.config, shared.field_mapping, shared.write)
            yield spec, ("stores", name)
        for part in self.parts.values():
            if isinstance(part.component, DeclaresStores):
                for index, spec in enumerate(part.component.declared_stores()):
                    yield spec, (*part.where, "config", "layers", index)

    def _store(self, spec: StoreSpec, where: Where) -> Store | None:
        try:
            cls = self.plugins.load(self.plugins.find(spec.type, "glinker_stores"))
        except PluginError as error:
            self.draft.refuse((*where, "type"), str(error))
            return None
        config = dict(spec.config)
        mapping = {ours: theirs for ours, theirs in spec.field_mapping.items() if ours != theirs}
        if mapping and "field_mapping" in settings(cls):
            config["field_mapping"] = mapping
        elif mapping:
            self.warnings.append(f"{self._place(where)}: field_mapping has no effect on a '{spec.type}' store")
        return structure(cls, config, self.draft.source.place, self.draft.problems, (*where, "config"))


def _ports(cls: type, layer: Layer) -> dict[str, bool]:
    """The ports of a component: the arguments of its method, and whether each may stay unconnected."""
    parameters = list(inspect.signature(getattr(cls, layer.method)).parameters.values())[1:]
    return {parameter.name: parameter.default is not inspect.Parameter.empty for parameter in parameters}
