"""The JSON Schema of pipeline files, for exactly the plugins that are installed."""

from __future__ import annotations

import math
import types
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from glinker_core.config import NodeSpec, PipelineSpec
from glinker_core.dialect import SETTINGS
from glinker_core.errors import PluginError
from glinker_core.layers import LAYERS
from glinker_core.plugins import Offer, Plugins
from glinker_core.structure import MAPPINGS, SEQUENCES, settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", Path: "string", type(None): "null"}
_VARIABLE = {"type": "string", "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$"}


def component_schema(cls: type) -> dict[str, Any]:
    """The settings of an attrs class; raises TypeError for a field whose type no file can hold."""
    properties, required = {}, []
    for name, (field, wanted) in settings(cls).items():
        properties[name] = type_schema(wanted, f"{cls.__name__}.{name}")
        if field.default is attrs.NOTHING:
            required.append(name)
        elif not isinstance(field.default, attrs.Factory) and _plain(field.default):  # type: ignore[arg-type]
            default = list(field.default) if isinstance(field.default, tuple) else field.default
            properties[name] = {**properties[name], "default": default}
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def type_schema(wanted: Any, name: str) -> dict[str, Any]:
    """One type as JSON Schema; numbers, booleans and choices may also be an environment variable."""
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return {}
    if wanted in _SCALARS:
        scalar = {"type": _SCALARS[wanted]}
        return scalar if scalar["type"] in ("string", "null") else {"anyOf": [scalar, _VARIABLE]}
    if origin in (Union, types.UnionType):
        return {"anyOf": [type_schema(arg, name) for arg in args]}
    if origin is Literal:
        return {"anyOf": [{"enum": list(args)}, _VARIABLE]}
    if origin in SEQUENCES or wanted in SEQUENCES:
        if origin is tuple and args[1:] != (...,):
            raise TypeError(f"{name}: a setting cannot be of type {wanted!r}; write tuple[{args[0].__name__}, ...]")
        return {"type": "array", "items": type_schema((args or (Any,))[0], name)}
    if origin in MAPPINGS or wanted in MAPPINGS:
        item = (args or (str, Any))[1]
        return {"type": "object", "additionalProperties": {} if item is object else type_schema(item, name)}
    if isinstance(wanted, type) and attrs.has(wanted):
        return component_schema(wanted)
    raise TypeError(f"{name}: a setting cannot be of type {wanted!r}")


def pipeline_schema(plugins: Plugins) -> dict[str, Any]:
    """The schema of a whole pipeline file."""
    schema = component_schema(PipelineSpec)
    schema["properties"]["nodes"] = {"type": "array", "minItems": 1, "items": _node_schema(plugins)}
    schema["properties"]["stores"] = _or_nothing(schema["properties"]["stores"])
    _add_stores(schema)
    definitions = {"store": _choice("type", plugins, ["glinker_stores"], {})}
    return {"$schema": _DIALECT, "title": "glinker pipeline", **schema, "required": ["nodes"], "$defs": definitions}


def _node_schema(plugins: Plugins) -> dict[str, Any]:
    node = component_schema(NodeSpec)
    for name in ("inputs", "requires", "config"):
        node["properties"][name] = _or_nothing(node["properties"][name])
    choice = _choice("processor", plugins, [layer.hook for layer in LAYERS.values()], SETTINGS)
    return {**node, **choice, "properties": {**node["properties"], **choice["properties"]}}


def _choice(key: str, plugins: Plugins, hooks: Iterable[str], synonyms: Mapping[str, str]) -> dict[str, Any]:
    """A component is chosen by the name under `key`, or by `plugin:name`, and says what `config` may hold."""
    choices: list[dict[str, Any]] = []
    qualified, conditions = [], []
    for offer, schema in _loadable(plugins, [offer for hook in hooks for offer in plugins.offers(hook)]):
        choices.append({"const": offer.name, "description": offer.component.summary})
        qualified.append(f"{offer.plugin}:{offer.name}")
        when = {"properties": {key: {"enum": [offer.name, qualified[-1]]}}, "required": [key]}
        config = _or_nothing(_with_synonyms(schema, synonyms))
        conditions.append({"if": when, "then": {"properties": {"config": config}}})
    return {"properties": {key: {"anyOf": [*choices, {"enum": qualified}, _VARIABLE]}}, "allOf": conditions}


def _with_synonyms(schema: dict[str, Any], synonyms: Mapping[str, str]) -> dict[str, Any]:
    known, required = schema["properties"], schema.get("required", [])
    others = {name: ours for name, ours in synonyms.items() if name not in known and ours in known}
    either = [
        {"anyOf": [{"required": [name]}, {"required": [ours]}]} for name, ours in others.items() if ours in required
    ]
    schema = {**schema, "properties": {**known, **{name: known[ours] for name, ours in others.items()}}}
    if either:
        schema |= {"required": [name for name in required if name not in others.values()], "allOf": either}
    return schema


def _add_stores(schema: Any) -> None:
    """Let everything that is a store, with its `type` and `config`, be one of those installed."""
    if isinstance(schema, dict):
        for part in list(schema.values()):
            _add_stores(part)
        if {"type", "config", "write"} <= schema.get("properties", {}).keys():
            schema["allOf"] = [{"$ref": "#/$defs/store"}]
    elif isinstance(schema, list):
        for part in schema:
            _add_stores(part)


def _or_nothing(schema: dict[str, Any]) -> dict[str, Any]:
    """A key that may be written with nothing behind it."""
    return {**schema, "type": [schema["type"], "null"]}


def _loadable(plugins: Plugins, offers: Iterable[Offer]) -> Iterable[tuple[Offer, dict[str, Any]]]:
    for offer in offers:
        try:
            yield offer, component_schema(plugins.load(offer))
        except PluginError:  # a broken plugin is told by `glinker plugins`; the schema is for what works
            continue


def _plain(value: Any) -> bool:
    """Whether a default can stand in JSON."""
    if isinstance(value, tuple):
        return all(map(_plain, value))
    return value is None or isinstance(value, (str, bool, int)) or (isinstance(value, float) and math.isfinite(value))
