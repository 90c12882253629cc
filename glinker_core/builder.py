"""Pipelines from Python: each call adds one layer, its settings are checked at the call.

`builder.l1.NAME(...)` configures `l1_NAME` for whatever plugins are installed, and so for L3, L4 and L0; a plugin
needs no code here. `configure` is GLiNKER's name for the processor it has in a layer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from glinker_core.config import template_faults
from glinker_core.dialect import SETTINGS
from glinker_core.errors import ConfigError, InputError, Problem
from glinker_core.files import write_text
from glinker_core.layers import LAYERS
from glinker_core.plugins import Plugins
from glinker_core.presets import preset
from glinker_core.source import dotted, dump
from glinker_core.structure import setting, settings, structure

_LEVELS = ("l1", "l2", "l3", "l4", "l0")
_GLINKER = {"l3": "batch", "l4": "reranker", "l0": "aggregator"}
#: GLiNKER's defaults where they are not those of our components
_DEFAULTS: Mapping[str, Mapping[str, Any]] = {
    "l1_spacy": {"model": "en_core_sci_sm"},
    "l3_batch": {"model_name": "knowledgator/gliner-linker-large-v1.0"},
}
_NODE_INPUTS = {
    "l2": {"mentions": ("l1", "entities")},
    "l3": {"candidates": ("l2", "candidates")},
    "l4": {"candidates": ("l3", "candidates")},
}


class LayerBuilder:
    """One layer: `builder.l1.gazetteer(min_length=3)`."""

    def __init__(self, parent: ConfigBuilder, level: str) -> None:
        self._parent, self._level = parent, level

    def __getattr__(self, name: str) -> Callable[..., ConfigBuilder]:
        if name.startswith("_"):
            raise AttributeError(name)
        processor = f"{self._level}_{_GLINKER.get(self._level, name) if name == 'configure' else name}"
        if self._level == "l1" and name == "configure":
            raise AttributeError("l1 has no single processor; name one, such as builder.l1.gazetteer()")

        def configure(**config: Any) -> ConfigBuilder:
            return self._parent.set(self._level, processor, config)

        return configure

    def __dir__(self) -> list[str]:
        prefix = f"{self._level}_"
        return [name.removeprefix(prefix) for name in self._parent.processors() if name.startswith(prefix)]


class StoresBuilder:
    """L2: one store per call, `builder.l2.add("sqlite", path="kb.db")`; a higher priority is asked first."""

    def __init__(self, parent: ConfigBuilder) -> None:
        self._parent = parent

    def add(
        self,
        layer_type: str,
        priority: int = 0,
        write: bool | None = None,
        search_mode: list[str] | None = None,
        ttl: int | None = None,
        cache_policy: str | None = None,
        fuzzy_similarity: float | None = None,
        *,
        name: str | None = None,
        fill: bool | None = None,
        types: list[str] | None = None,
        min_cosine: float | None = None,
        limit: int | None = None,
        on_error: str | None = None,
        field_mapping: Mapping[str, str] | None = None,
        **database: Any,
    ) -> ConfigBuilder:
        """Add a store; what is not a setting of the layer is one of the store. Two of one type need a `name`."""
        if search_mode is None:
            search_mode = ["exact"] if layer_type == "redis" else ["exact", "fuzzy"]
        if cache_policy is None:
            cache_policy = "miss" if layer_type == "elasticsearch" else "always"
        if fuzzy_similarity is None:
            fuzzy_similarity = 0.75 if layer_type in ("dict", "sqlite") else 0.3
        layer = {
            "type": layer_type,
            "priority": priority,
            "write": layer_type != "postgres" if write is None else write,
            "search_mode": search_mode,
            "ttl": {"redis": 3600, "elasticsearch": 86400}.get(layer_type, 0) if ttl is None else ttl,
            "cache_policy": cache_policy,
            "fuzzy": {"min_similarity": fuzzy_similarity},
            "config": database,
        }
        ours = {
            "name": name,
            "fill": fill,
            "types": types,
            "min_cosine": min_cosine,
            "limit": limit,
            "on_error": on_error,
            "field_mapping": field_mapping,
        }
        return self._parent.add_store({**layer, **{key: value for key, value in ours.items() if value is not None}})

    def embeddings(
        self,
        enabled: bool = True,
        model_name: str = "knowledgator/gliner-linker-large-v1.0",
        dim: int = 768,
        precompute_on_load: bool = False,
    ) -> ConfigBuilder:
        """Say which model embeds the entities of the stores."""
        return self._parent.set_embeddings(
            {"enabled": enabled, "model_name": model_name, "dim": dim, "precompute_on_load": precompute_on_load}
        )

    def configure(self, **config: Any) -> ConfigBuilder:
        """Set what holds for the whole chain: `combine`, `max_candidates`, `min_popularity`."""
        if "layers" in config:
            raise InputError("builder.l2: 'layers' are added one by one with builder.l2.add(type, ...)")
        return self._parent.set("l2", "l2_chain", config)


class ConfigBuilder:
    """Builds the mapping that a pipeline file would hold; every call returns the builder."""

    def __init__(
        self, name: str = "pipeline", description: str | None = None, *, plugins: Plugins | None = None
    ) -> None:
        """Start an empty pipeline: no L1 means mentions from the caller, no L2 one `dict` store, no L3 and L4 none."""
        self.name, self.description = name, description
        self.plugins = plugins or Plugins.installed()
        self.l1, self.l3 = LayerBuilder(self, "l1"), LayerBuilder(self, "l3")
        self.l4, self.l0 = LayerBuilder(self, "l4"), LayerBuilder(self, "l0")
        self.l2 = StoresBuilder(self)
        self._nodes: dict[str, tuple[str, dict[str, Any]]] = {}
        self._stores: list[dict[str, Any]] = []
        self._default_stores: list[dict[str, Any]] = [{"type": "dict", "search_mode": ["exact", "fuzzy"]}]
        self._template = "{label}: {description}"

    def processors(self) -> list[str]:
        """The names of all processors that are installed."""
        return sorted({offer.name for layer in LAYERS.values() for offer in self.plugins.offers(layer.hook)})

    def preset(self, name: str, **choices: Any) -> ConfigBuilder:
        """Set all layers as a preset has them: `preset("edge", labels=["city"])`; calls after it change single layers.

        `choices` are what the preset leaves open. Stores that are added stand in place of the preset's.
        """
        pipeline = preset(self.plugins, name, **choices)
        made = ConfigBuilder(plugins=self.plugins)
        for node in pipeline["nodes"]:
            level, config = node["processor"].rpartition(":")[2].partition("_")[0], dict(node.get("config", {}))
            if level not in _LEVELS or level in made._nodes or "inputs" in node or "stores" in pipeline:
                raise InputError(
                    f"builder.preset: '{name}' is no plain chain of layers; run: glinker init --preset {name}"
                )
            for layer in config.pop("layers", ()) if level == "l2" else ():
                made.add_store(layer)
            made.set(level, node["processor"], config)
            made._template = node.get("schema", {}).get("template", made._template)
        self._nodes, self._default_stores, self._template = made._nodes, made._stores, made._template
        return self

    def set(self, level: str, processor: str, config: Mapping[str, Any]) -> ConfigBuilder:
        """Configure the processor of a layer; unknown settings, and values of a wrong type, are refused here."""
        cls = self._component(processor)
        known = settings(cls)
        before = self._nodes.get(level, ("", {}))[1] if level == "l2" else _DEFAULTS.get(processor, {})
        written = {setting(name, known, SETTINGS) for name in config}
        before = {name: value for name, value in before.items() if setting(name, known, SETTINGS) not in written}
        merged = {**before, **config}
        checked = {**merged, "layers": [{"type": "any"}]} if level == "l2" else merged
        self._check(f"{level}: {processor}", cls, checked)
        self._nodes[level] = (processor, _plain(merged))
        return self

    def _component(self, processor: str) -> type:
        hooks = [layer.hook for layer in LAYERS.values()]
        loaded: type = self.plugins.load(self.plugins.find(processor, *hooks))
        return loaded

    def _check(self, what: str, cls: type, config: Any) -> None:
        problems: list[Problem] = []
        structure(cls, config, dotted, problems, synonyms=SETTINGS)
        if problems:
            raise ConfigError(f"builder.{what}", problems)

    def add_store(self, layer: Mapping[str, Any]) -> ConfigBuilder:
        """Add a layer of `l2_chain` as a file would write it."""
        self._check("l2: layer", self._component("l2_chain"), {"layers": [layer]})
        if layer.get("type"):
            cls = self.plugins.load(self.plugins.find(layer["type"], "glinker_stores"))
            self._check(f"l2: store '{layer['type']}'", cls, layer.get("config", {}))
        self._stores.append(_plain(layer))
        return self

    def set_embeddings(self, config: Mapping[str, Any]) -> ConfigBuilder:
        """Set `embeddings` of `l2_chain`."""
        return self.set("l2", "l2_chain", {"embeddings": dict(config)})

    def set_schema_template(self, template: str) -> ConfigBuilder:
        """Say how an entity is written for a model, such as `{label}: {description}`."""
        faults = list(template_faults(template))
        if faults:
            raise InputError(f"builder.set_schema_template: {template!r}: {', '.join(faults)}")
        self._template = template
        return self

    def get_config(self) -> dict[str, Any]:
        """The pipeline as a mapping, in the long form that GLiNKER's files have."""
        nodes = [self._node(level) for level in _LEVELS if level in self._levels()]
        return {"name": self.name, "description": self.description, "nodes": nodes}

    build = get_config

    def save(self, filepath: str | os.PathLike[str]) -> None:
        """Write the pipeline as a YAML file, whole or not at all."""
        write_text(Path(filepath), dump(self.get_config()))

    def _levels(self) -> list[str]:
        return ["l1", "l2", "l0", *(level for level in ("l3", "l4") if level in self._nodes)]

    def _node(self, level: str) -> dict[str, Any]:
        default = {"l1": "l1_external", "l2": "l2_chain", "l0": "l0_aggregator"}
        processor, config = self._nodes.get(level, (default.get(level, ""), {}))
        if level == "l2":
            layers = self._stores or self._default_stores
            config = {"max_candidates": 30, "min_popularity": 0, **config, "layers": layers}
        node: dict[str, Any] = {
            "id": level,
            "processor": processor,
            "inputs": self._inputs(level),
            "output": {"key": f"{level}_result"},
            "config": _plain(config),
        }
        if level in ("l2", "l3", "l4"):
            node["schema"] = {"template": config.get("template", self._template)}
        return node

    def _inputs(self, level: str) -> dict[str, Any]:
        present = self._levels()
        inputs: dict[str, Any] = {"texts": {"source": "$input", "fields": "texts"}}
        if level == "l1" and "l1" not in self._nodes:
            inputs["entities"] = {"source": "$input", "fields": "entities"}
        for port, (source, fields) in _NODE_INPUTS.get(level, {}).items():
            made_by = source if source in present else "l2"
            inputs[port] = {"source": f"{made_by}_result", "fields": fields}
        if level == "l0":
            last = next(name for name in ("l4", "l3", "l2") if name in present)
            inputs["mentions"] = {"source": "l1_result", "fields": "entities"}
            inputs["candidates"] = {"source": f"{last}_result", "fields": "candidates"}
        return inputs


def _plain(value: Any) -> Any:
    """Data as YAML writes them: lists and mappings, paths as strings."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, os.PathLike) else value
