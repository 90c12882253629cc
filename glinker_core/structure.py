"""Plain data into attrs records, strictly: no coercion, no unknown key, every problem with its place.

The types a setting may have are str, int, float, bool, None, Any, Literal, Path, tuples and sequences of one type,
mappings with string keys, attrs records, and unions of these; `schema.py` writes the same types as JSON Schema.
`Mapping[str, object]` takes a mapping as it is written, for another class to structure.
Strings may name environment variables (`${VAR}`); what they stand for is never shown in a message.
"""

from __future__ import annotations

import collections.abc
import functools
import inspect
import sys
import types
import typing
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin

import attrs

from glinker_core.errors import GlinkerError, Problem, near
from glinker_core.source import Place, Where, conceal, dotted, expand, is_variable, plain, shown

T = TypeVar("T")

SEQUENCES = (list, tuple, collections.abc.Sequence)
MAPPINGS = (dict, collections.abc.Mapping)
_INVALID = object()


@functools.cache
def settings(cls: type) -> dict[str, tuple[attrs.Attribute[Any], Any]]:
    """The fields of an attrs class that a file may set, with their types: those that `__init__` takes."""
    public = {field.name: field for field in attrs.fields(cls) if field.init and not field.name.startswith("_")}
    hints = {name: hint for base in reversed(cls.__mro__) for name, hint in _hints(base, public).items()}
    return {(field.alias or name): (field, hints[name]) for name, field in public.items()}


def _hints(cls: type, names: Container[str]) -> dict[str, Any]:
    """The types of some fields that a class itself declares; those of others a type checker alone may know."""
    some = {name: hint for name, hint in inspect.get_annotations(cls).items() if name in names}
    declared = types.SimpleNamespace(__annotations__=some)
    return typing.get_type_hints(declared, vars(sys.modules[cls.__module__]), dict(vars(cls)))


def setting(name: str, known: Container[str], synonyms: Mapping[str, str]) -> str | None:
    """What a class with the settings `known` calls the setting written as `name`, if it has it."""
    return next((other for other in (name, synonyms.get(name)) if other is not None and other in known), None)


def structure(
    cls: type[T],
    data: Any,
    place: Place,
    problems: list[Problem],
    where: Where = (),
    synonyms: Mapping[str, str] | None = None,
    *,
    variables: bool = True,
) -> T | None:
    """Make a record of a mapping; what is wrong is added to `problems`, and then the record is partial, or None.

    `synonyms` are names a setting may be written by, and the names they stand for where the class has not the first.
    Without `variables`, strings are nothing but what they say: for data that are no settings.
    """
    found = _record(cls, data, _Context(place, problems, variables), where, synonyms or {})
    return None if found is _INVALID else found


class _Context(typing.NamedTuple):
    place: Place
    problems: list[Problem]
    variables: bool

    def refuse(self, where: Where, message: str) -> Any:
        self.problems.append(Problem(self.place(where), message))
        return _INVALID

    def expected(self, where: Where, what: str, data: Any) -> Any:
        name = f"{_last(where)}: " if where else ""
        return self.refuse(where, f"{name}expected {what}, got {shown(data)}")


def _record(cls: type, data: Any, context: _Context, where: Where, synonyms: Mapping[str, str] | None = None) -> Any:
    if not isinstance(data, Mapping):
        return context.expected(where, "a mapping", data)
    known = settings(cls)
    values: dict[str, Any] = {}
    written: dict[str, str] = {}
    for key, value in data.items():
        name = setting(key, known, synonyms or {})
        if name is None:
            context.refuse((*where, key), f"unknown key '{key}'{near(str(key), known)}")
        elif name in values:
            context.refuse((*where, key), f"'{key}' and '{written[name]}' are the same setting; write one of them")
        else:
            written[name] = key
            values[name] = _value(known[name][1], value, context, (*where, key))
    for name, (field, _) in known.items():
        if name not in values and field.default is attrs.NOTHING:
            values[name] = context.refuse(where, f"{dotted(where) + ': ' if where else ''}'{name}' is missing")
    bad = [name for name, value in values.items() if value is _INVALID]
    if any(known[name][0].default is attrs.NOTHING for name in bad):
        return _INVALID
    good = {name: value for name, value in values.items() if name not in bad}
    refused = False
    while True:  # what has a default can be left out, so that the rest is checked too
        try:
            return cls(**good)
        except (ValueError, TypeError, GlinkerError) as error:  # what validators and __attrs_post_init__ raise
            message = str(error.args[0]) if error.args else str(error)
            first = message.split(maxsplit=1)[0].strip("':") if message else ""
            if bad or (refused and first not in good):  # perhaps only for what was left out
                return _INVALID
            context.refuse((*where, written[first]) if first in good else where, conceal(message, data))
            if first not in good or known[first][0].default is attrs.NOTHING:
                return _INVALID
            refused = True
            del good[first]


def _value(wanted: Any, data: Any, context: _Context, where: Where) -> Any:
    if wanted is object or not context.variables or not isinstance(data, str) or "${" not in data:
        return _typed(wanted, data, data, context, where)
    try:
        text = expand(data)
    except ValueError as error:
        return context.refuse(where, f"{_last(where)}: {error}")
    if is_variable(data):  # a number, if a number will do
        quiet = context._replace(problems=[])
        value = _typed(wanted, plain(text), data, quiet, where)
        if not quiet.problems:
            return value
    return _typed(wanted, text, data, context, where)


def _typed(wanted: Any, data: Any, written: Any, context: _Context, where: Where) -> Any:
    """Data of the type wanted; `written` is what stands in the file, for messages."""
    origin = get_origin(wanted)
    if wanted is Any:
        return _anything(data, context, where)
    if origin in (Union, types.UnionType):
        return _union(get_args(wanted), data, written, context, where)
    if origin is Literal:
        if any(data == choice and type(data) is type(choice) for choice in get_args(wanted)):
            return data
        hint = near(str(written), map(str, get_args(wanted)))
        return context.refuse(where, f"{_last(where)}: {shown(written)} is not a choice{hint}")
    if origin in SEQUENCES or wanted in SEQUENCES:
        if not isinstance(data, (list, tuple)):
            return context.expected(where, "a list", written)
        return _items((get_args(wanted) or (Any,))[0], data, context, where)
    if origin in MAPPINGS or wanted in MAPPINGS:
        if not isinstance(data, Mapping):
            return context.expected(where, "a mapping", written)
        return _mapping((get_args(wanted) or (str, Any))[1], data, context, where)
    if attrs.has(wanted):
        return _record(wanted, written, context, where)
    if fits(wanted, data):
        return wanted(data) if wanted in (float, Path) else data
    return context.expected(where, describe(wanted), written)


def fits(wanted: Any, data: Any) -> bool:
    """Whether a scalar is of a type, the way YAML and JSON see it: an int is a float, a bool no int, NaN no number."""
    if wanted is None or wanted is type(None):
        return data is None
    if wanted is float:
        return isinstance(data, (int, float)) and not isinstance(data, bool) and data == data
    if wanted is int:
        return isinstance(data, int) and not isinstance(data, bool)
    if wanted is Path:
        return isinstance(data, (str, Path))
    return isinstance(wanted, type) and isinstance(data, wanted)


def _union(choices: tuple[Any, ...], data: Any, written: Any, context: _Context, where: Where) -> Any:
    if int in choices and fits(int, data):  # int | float keeps an int
        return data
    attempts = []
    for choice in choices:
        attempt: list[Problem] = []
        value = _typed(choice, data, written, context._replace(problems=attempt), where)
        if not attempt:
            return value
        attempts.append(attempt)
    deeper = [problems for choice, problems in zip(choices, attempts, strict=True) if _same_kind(choice, data)]
    if len(deeper) == 1:  # the data are clearly meant for one of the choices: say what is wrong inside
        context.problems.extend(deeper[0])
        return _INVALID
    return context.expected(where, " or ".join(map(describe, choices)), written)


def _same_kind(choice: Any, data: Any) -> bool:
    origin = get_origin(choice) or choice
    if isinstance(data, Mapping):
        return origin in MAPPINGS or attrs.has(origin)
    return isinstance(data, (list, tuple)) and origin in SEQUENCES


def _items(item: Any, data: Sequence[Any], context: _Context, where: Where) -> Any:
    values = [_value(item, value, context, (*where, index)) for index, value in enumerate(data)]
    return _INVALID if any(value is _INVALID for value in values) else tuple(values)


def _mapping(item: Any, data: Mapping[Any, Any], context: _Context, where: Where) -> Any:
    values = {}
    for key, value in data.items():
        if isinstance(key, str):
            values[key] = _value(item, value, context, (*where, key))
        else:
            values[str(key)] = context.refuse(where, f"{_last(where)}: keys must be strings, got {key!r}")
    return _INVALID if any(value is _INVALID for value in values.values()) else values


def _anything(data: Any, context: _Context, where: Where) -> Any:
    if isinstance(data, Mapping):
        return _mapping(Any, data, context, where)
    if isinstance(data, (list, tuple)):
        values = _items(Any, data, context, where)
        return values if values is _INVALID else list(values)
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
