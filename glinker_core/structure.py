"""Plain data into attrs records, strictly: no coercion, no unknown key, every problem with its place.

The types a setting may have are str, int, float, bool, None, Any, Literal, Path, tuples and sequences of one type,
mappings with string keys, attrs records, and unions of these; `schema.py` writes the same types as JSON Schema.
Strings may name environment variables (`${VAR}`); what they stand for is never shown in a message.
"""

from __future__ import annotations

import collections.abc
import functools
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs

from glinker_core.errors import Problem, near
from glinker_core.source import Place, Where, dotted, expand

T = TypeVar("T")

SEQUENCES = (list, tuple, collections.abc.Sequence)
MAPPINGS = (dict, collections.abc.Mapping)
_INVALID = object()


@functools.cache
def settings(cls: type) -> dict[str, tuple[attrs.Attribute[Any], Any]]:
    """The fields of an attrs class that a file may set, with their types: those that `__init__` takes."""
    hints = typing.get_type_hints(cls)
    return {
        (field.alias or field.name): (field, hints[field.name])
        for field in attrs.fields(cls)
        if field.init and not field.name.startswith("_")
    }


def structure(cls: type[T], data: Any, place: Place, problems: list[Problem], where: Where = ()) -> T | None:
    """Make a record of a mapping; what is wrong is added to `problems`, and then there may be no record."""
    found = _record(cls, data, _Context(place, problems), where)
    return None if found is _INVALID else found


class _Context(typing.NamedTuple):
    place: Place
    problems: list[Problem]

    def refuse(self, where: Where, message: str) -> Any:
        self.problems.append(Problem(self.place(where), message))
        return _INVALID


def _record(cls: type, data: Any, context: _Context, where: Where) -> Any:
    name = _last(where)
    if not isinstance(data, Mapping):
        return context.refuse(where, f"{name}: expected a mapping, got {data!r}")
    known = settings(cls)
    values: dict[str, Any] = {}
    for key, value in data.items():
        if key not in known:
            context.refuse((*where, key), f"unknown key '{key}'{near(str(key), known)}")
            continue
        values[key] = _value(known[key][1], value, context, (*where, key))
    for key, (field, _) in known.items():
        if key not in data and field.default is attrs.NOTHING:
            values[key] = context.refuse(where, f"{dotted(where) + ': ' if where else ''}'{key}' is missing")
    if any(value is _INVALID for value in values.values()):
        return _INVALID
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:  # what validators and __attrs_post_init__ of a component raise
        message = str(error.args[0]) if error.args else str(error)
        first = message.split(maxsplit=1)[0].strip("':") if message else ""
        return context.refuse((*where, first) if first in data else where, message)


def _value(wanted: Any, data: Any, context: _Context, where: Where) -> Any:
    shown = repr(data)
    if isinstance(data, str) and "${" in data:
        try:
            data = expand(data)
        except KeyError as error:
            names = ", ".join(map(str, error.args))
            return context.refuse(where, f"{_last(where)}: environment variable {names} is not set")
    origin = get_origin(wanted)
    if wanted is Any:
        return _expanded(data, context, where)
    if origin in (Union, types.UnionType):
        return _union(get_args(wanted), data, shown, context, where)
    if origin is Literal:
        if data in get_args(wanted) and type(data) in {type(arg) for arg in get_args(wanted)}:
            return data
        hint = near(str(data), map(str, get_args(wanted)))
        return context.refuse(where, f"{_last(where)}: {shown} is not a choice{hint}")
    if origin in SEQUENCES or wanted in SEQUENCES:
        return _sequence(wanted, data, shown, context, where)
    if origin in MAPPINGS or wanted in MAPPINGS:
        return _mapping(wanted, data, shown, context, where)
    if attrs.has(wanted):
        return _record(wanted, data, context, where)
    if fits(wanted, data):
        return wanted(data) if wanted in (float, Path) else data
    return context.refuse(where, f"{_last(where)}: expected {describe(wanted)}, got {shown}")


def fits(wanted: Any, data: Any) -> bool:
    """Whether a scalar is of a type, the way YAML and JSON see it: an int is a float, a bool is no int."""
    if wanted is None or wanted is type(None):
        return data is None
    if wanted is float:
        return isinstance(data, (int, float)) and not isinstance(data, bool)
    if wanted is int:
        return isinstance(data, int) and not isinstance(data, bool)
    if wanted is Path:
        return isinstance(data, (str, Path))
    return isinstance(wanted, type) and isinstance(data, wanted)


def _union(choices: tuple[Any, ...], data: Any, shown: str, context: _Context, where: Where) -> Any:
    if int in choices and fits(int, data):  # int | float keeps an int
        return data
    attempts = []
    for choice in choices:
        attempt: list[Problem] = []
        value = _value(choice, data, _Context(context.place, attempt), where)
        if not attempt:
            return value
        attempts.append(attempt)
    deeper = [problems for choice, problems in zip(choices, attempts, strict=True) if _same_kind(choice, data)]
    if len(deeper) == 1:  # the data are clearly meant for one of the choices: say what is wrong inside
        context.problems.extend(deeper[0])
        return _INVALID
    return context.refuse(where, f"{_last(where)}: expected {' or '.join(map(describe, choices))}, got {shown}")


def _same_kind(choice: Any, data: Any) -> bool:
    origin = get_origin(choice) or choice
    if isinstance(data, Mapping):
        return origin in MAPPINGS or attrs.has(origin)
    return isinstance(data, (list, tuple)) and origin in SEQUENCES


def _sequence(wanted: Any, data: Any, shown: str, context: _Context, where: Where) -> Any:
    if not isinstance(data, (list, tuple)):
        return context.refuse(where, f"{_last(where)}: expected a list, got {shown}")
    item = (get_args(wanted) or (Any,))[0]
    values = [_value(item, value, context, (*where, index)) for index, value in enumerate(data)]
    return _INVALID if any(value is _INVALID for value in values) else tuple(values)


def _mapping(wanted: Any, data: Any, shown: str, context: _Context, where: Where) -> Any:
    if not isinstance(data, Mapping):
        return context.refuse(where, f"{_last(where)}: expected a mapping, got {shown}")
    item = (get_args(wanted) or (str, Any))[1]
    values = {key: _value(item, value, context, (*where, key)) for key, value in data.items()}
    return _INVALID if any(value is _INVALID for value in values.values()) else values


def _expanded(data: Any, context: _Context, where: Where) -> Any:
    if isinstance(data, Mapping):
        return _mapping(Mapping[str, Any], data, "", context, where)
    if isinstance(data, (list, tuple)):
        values = [_value(Any, value, context, (*where, index)) for index, value in enumerate(data)]
        return _INVALID if any(value is _INVALID for value in values) else values
    return data


def describe(wanted: Any) -> str:
    """A type in the words of a message."""
    origin = get_origin(wanted) or wanted
    if origin in SEQUENCES:
        return "a list"
    if origin in MAPPINGS or attrs.has(origin):
        return "a mapping"
    if origin is Literal:
        return " or ".join(repr(arg) for arg in get_args(wanted))
    names = {str: "a string", int: "a whole number", float: "a number", bool: "true or false", Path: "a path"}
    return "nothing" if wanted in (None, type(None)) else names.get(wanted, getattr(wanted, "__name__", str(wanted)))


def _last(where: Where) -> str:
    return next((step for step in reversed(where) if isinstance(step, str)), "")
