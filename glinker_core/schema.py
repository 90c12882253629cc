"""The JSON Schema of pipeline files, for exactly the plugins that are installed."""

from __future__ import annotations

import types
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

import attrs

from glinker_core.config import NodeSpec, PipelineSpec
from glinker_core.errors import PluginError
from glinker_core.layers import LAYERS
from glinker_core.plugins import Offer, Plugins
from glinker_core.structure import MAPPINGS, SEQUENCES, settings

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_SCALARS = {str: "string", int: "integer", float: "number", bool: "boolean", Path: "string", type(None): "null"}
_VARIABLE = {"type": "string", "pattern": r"\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"}


def component_schema(cls: type) -> dict[str, Any]:
    """The settings of an attrs class; raises TypeError for a field whose type no file can hold."""
    properties, required = {}, []
    for name, (field, wanted) in settings(cls).items():
        properties[name] = type_schema(wanted, f"{cls.__name__}.{name}")
        if field.default is attrs.NOTHING:
            required.append(name)
        elif not isinstance(field.default, attrs.Factory) and _plain(field.default):  # type: ignore[arg-type]
            properties[name] = {**properties[name], "default": field.default}
    schema: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": properties}
    return {**schema, "required": required} if required else schema


def type_schema(wanted: Any, name: str) -> dict[str, Any]:
    """One type as JSON Schema; numbers and booleans may also be an environment variable."""
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted is Any:
        return {}
    if wanted in _SCALARS:
        scalar = {"type": _SCALARS[wanted]}
        return scalar if scalar["type"] in ("string", "null") else {"anyOf": [scalar, _VARIABLE]}
    if origin in (Union, types.UnionType):
        return {"anyOf": [type_schema(arg, name) for arg in args]}
    if origin is Literal:
        return {"enum": list(args)}
    if origin in SEQUENCES or wanted in SEQUENCES:
        return {"type": "array", "items": type_schema((args or (Any,))[0], name)}
    if origin in MAPPINGS or wanted in MAPPINGS:
        return {"type": "object", "additionalProperties": type_schema((args or (str, Any))[1], name)}
    if isinstance(wanted, type) and attrs.has(wanted):
        return component_schema(wanted)
    raise TypeError(f"{name}: a setting cannot be of type {wanted!r}")


def pipeline_schema(plugins: Plugins) -> dict[str, Any]:
    """The schema of a whole pipeline file."""
    schema = component_schema(PipelineSpec)
    schema["properties"]["nodes"] = {"type": "array", "items": _node_schema(plugins)}
    return {"$schema": _DIALECT, "title": "glinker pipeline", **schema}


def _node_schema(plugins: Plugins) -> dict[str, Any]:
    node = component_schema(NodeSpec)
    offers = [offer for layer in LAYERS.values() for offer in plugins.offers(layer.hook)]
    choices, conditions = [], []
    for offer, schema in _loadable(plugins, offers):
        choices.append({"const": offer.name, "description": offer.component.summary})
        when = {"properties": {"processor": {"const": offer.name}}}
        conditions.append({"if": when, "then": {"properties": {"config": schema}}})
    node["properties"]["processor"] = {"anyOf": choices}
    return {**node, "allOf": conditions}


def _loadable(plugins: Plugins, offers: Iterable[Offer]) -> Iterable[tuple[Offer, dict[str, Any]]]:
    for offer in offers:
        try:
            yield offer, component_schema(plugins.load(offer))
        except PluginError:  # a broken plugin is told by `glinker plugins`; the schema is for what works
            continue


def _plain(value: Any) -> bool:
    if isinstance(value, (tuple, list)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (str, int, float, bool))
