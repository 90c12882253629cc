"""Pipeline files as data with positions: YAML 1.2, no duplicate keys, no tags that name code.

PyYAML finds the tokens; what a plain scalar means is decided here, by the YAML 1.2 core schema, because PyYAML's own
is YAML 1.1 (`NO` is false there, `1e-3` a string).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

from glinker_core.errors import ConfigError, Problem

Where = tuple[str | int, ...]

_MAX_NODES = 200_000  # aliases of aliases can make a small file huge
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")
_TAG = "tag:yaml.org,2002:"


@frozen
class Source:
    """The data of a pipeline, and where each value stands, for messages."""

    data: Any
    name: str = ""
    marks: Mapping[Where, tuple[int, int]] = field(factory=dict, repr=False)

    def place(self, where: Where) -> str:
        """`file:line:column` of a value (of what holds it, when it is missing), or its path in plain data."""
        if not self.marks:
            return dotted(where)
        while where and where not in self.marks:
            where = where[:-1]
        line, column = self.marks[where]
        return f"{self.name}:{line}:{column}"


def dotted(where: Where) -> str:
    """A path as Python people write it.

    >>> dotted(("nodes", 0, "config", "labels"))
    'nodes[0].config.labels'
    """
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in where)
    return text.lstrip(".")


def load_source(pipeline: str | os.PathLike[str] | Mapping[str, Any] | Source) -> Source:
    """Read a pipeline file, or take data as they are."""
    if isinstance(pipeline, Source):
        return pipeline
    if isinstance(pipeline, Mapping):
        return Source(dict(pipeline))
    path = Path(pipeline)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = Problem(str(path), f"cannot be read: {error.strerror}; a pipeline is a YAML file: see 'glinker init'")
        raise ConfigError(str(path), [problem]) from error
    except UnicodeDecodeError as error:
        problem = Problem(str(path), f"is not UTF-8: byte {error.start}: {error.reason}")
        raise ConfigError(str(path), [problem]) from error
    return parse(text, str(path))


def parse(text: str, name: str = "<text>") -> Source:
    """Parse YAML text; all problems of its syntax and its keys are raised together."""
    try:
        root = yaml.compose(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise ConfigError(name, [_syntax_problem(name, error)]) from error
    builder = _Builder(name)
    data = builder.build(root, ()) if root is not None else None
    if builder.problems:
        raise ConfigError(name, builder.problems)
    return Source(data, name, builder.marks or {(): (1, 1)})


class _Loader(yaml.SafeLoader):
    """Leaves plain scalars alone; `_Builder` says what they mean."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own way to be told


def _syntax_problem(name: str, error: yaml.YAMLError) -> Problem:
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    place = f"{name}:{mark.line + 1}:{mark.column + 1}" if mark else name
    return Problem(place, f"not YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}")


class _Builder:
    """Turns YAML nodes into data and remembers where each stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Where, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()

    def build(self, node: yaml.Node, where: Where) -> Any:
        line, column = node.start_mark.line + 1, node.start_mark.column + 1
        self.marks[where] = (line, column)
        if len(self.marks) > _MAX_NODES or id(node) in self._open:
            self._refuse(node, "aliases that contain themselves, or expand to more than 200000 values")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, where)
            if isinstance(node, yaml.SequenceNode):
                return [self.build(child, (*where, index)) for index, child in enumerate(node.value)]
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._refuse(key_node, "a key must be a plain name")
                continue
            key = key_node.value
            if key in data:
                first = self.marks[(*where, key)]
                self._refuse(key_node, f"key '{key}' stands here a second time; the first is in line {first[0]}")
                continue
            data[key] = self.build(value_node, (*where, key))
            self.marks[(*where, key)] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        return data

    def _scalar(self, node: yaml.Node) -> Any:
        text, tag = str(node.value), node.tag
        if tag == f"{_TAG}str" or tag == "!":
            return plain(text) if getattr(node, "style", None) is None and tag != "!" else text
        self._refuse(node, f"tag '{tag}' is not allowed; pipeline files hold data only")
        return None

    def _refuse(self, node: yaml.Node, message: str) -> None:
        mark = node.start_mark
        self.problems.append(Problem(f"{self.name}:{mark.line + 1}:{mark.column + 1}", message))


def plain(text: str) -> Any:
    """What an unquoted scalar means in the YAML 1.2 core schema.

    >>> [plain(t) for t in ("NO", "012", "1e-3", "true", "~", "1:30")]
    ['NO', 12, 0.001, True, None, '1:30']
    """
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    if special := _SPECIAL_FLOAT.fullmatch(text):
        return float("nan") if special.group(3) else float(f"{special.group(1)}inf")
    return text


def expand(text: str, environ: Mapping[str, str] | None = None) -> Any:
    """A string with `${VAR}` and `${VAR:-default}` replaced from the environment.

    A string that is nothing but one variable becomes what its value would be if it stood there unquoted, so that
    `port: ${PORT}` is a number. Raises KeyError with the names of variables that are not set.
    """
    env = os.environ if environ is None else environ
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        if name not in env and default is None:
            missing.append(name)
        return env.get(name, default or "")

    expanded = _VARIABLE.sub(value, text)
    if missing:
        raise KeyError(*missing)
    return plain(expanded) if _VARIABLE.fullmatch(text) else expanded


Place = Callable[[Where], str]
