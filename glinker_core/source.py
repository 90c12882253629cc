"""Pipeline files as data with positions: YAML 1.2, no duplicate keys, no tags that name code.

PyYAML finds the tokens; what a plain scalar means is decided here, by the YAML 1.2 core schema, because PyYAML's own
is YAML 1.1 (`NO` is false there, `1e-3` a string).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import field, frozen

from glinker_core.errors import ConfigError, InputError, Problem

Where = tuple[str | int, ...]

_MAX_VALUES = 100_000  # aliases of aliases can make a small file huge
_MAX_SHOWN = 80
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]{1,4000}")  # Python reads no longer ones; they are floats, and infinite
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL_FLOAT = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")
_VARIABLE = re.compile(r"\$\{(?:([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\})?")  # without a name: not one, but begun
_PLAIN, _STR, _SEQ, _MAP = "plain", *(f"tag:yaml.org,2002:{name}" for name in ("str", "seq", "map"))
_SHORT = 4  # a value shorter than this is hidden only where it stands alone


@frozen
class Source:
    """The data of a pipeline, and where each value stands, for messages."""

    data: Any
    name: str = ""
    marks: Mapping[Where, tuple[int, int]] = field(factory=dict, repr=False)

    @property
    def digest(self) -> str:
        """Twelve digits that change with what a pipeline says, as it is written: values of the environment are no
        part."""
        plain = json.dumps(self.data, sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:12]

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
    if not isinstance(pipeline, (str, os.PathLike)):
        raise InputError(f"pipeline: expected a path or a mapping, got {shown(pipeline)}")
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
    builder = _Builder(name)
    try:
        root = yaml.compose(text, Loader=_Loader)
        data = builder.build(root, ()) if root is not None else None
    except yaml.YAMLError as error:
        raise ConfigError(name, [_syntax_problem(name, text, error)]) from error
    except RecursionError as error:
        raise ConfigError(name, [Problem(name, "not a pipeline: nested too deeply")]) from error
    if builder.problems:
        raise ConfigError(name, builder.problems)
    return Source(data, name, builder.marks or {(): (1, 1)})


class _Loader(yaml.SafeLoader):
    """Tells plain scalars from the others and leaves them alone; `_Builder` says what they mean."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  # PyYAML's own way to be told

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is yaml.ScalarNode and implicit[0]:
            return _PLAIN
        return super().resolve(kind, value, implicit)  # type: ignore[no-untyped-call]


def _syntax_problem(name: str, text: str, error: yaml.YAMLError) -> Problem:
    place, message = name, str(getattr(error, "problem", None) or str(error).splitlines()[0])
    if isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        place = f"{name}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"
    elif isinstance(error, yaml.MarkedYAMLError) and (mark := error.problem_mark):
        place = f"{name}:{mark.line + 1}:{mark.column + 1}"
        if error.context and not error.context.startswith("while "):  # the first half of the sentence
            message = f"{error.context}, {message}"
    return Problem(place, f"not YAML: {message}")


class _Builder:
    """Turns YAML nodes into data and remembers where each stood."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.marks: dict[Where, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._open: set[int] = set()
        self._full = False

    def build(self, node: yaml.Node, where: Where) -> Any:
        self.marks[where] = _start(node)
        if self._full:
            return None
        if len(self.marks) > _MAX_VALUES:
            self._full = True
            return self._refuse(node, f"aliases that expand to more than {_MAX_VALUES} values")
        if id(node) in self._open:
            return self._refuse(node, "an alias that contains itself")
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, where)
            if isinstance(node, yaml.SequenceNode):
                return self._sequence(node, where)
            return self._scalar(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: yaml.MappingNode, where: Where) -> dict[str, Any]:
        data: dict[str, Any] = {}
        if node.tag != _MAP:
            self._refuse_tag(node)
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag not in (_PLAIN, _STR):
                self._refuse(key_node, "a key must be a plain name")
                continue
            key = key_node.value
            if key in data:
                line, _ = self.marks[(*where, key)]
                self._refuse(key_node, f"key '{key}' stands here a second time; the first is in line {line}")
                continue
            data[key] = self.build(value_node, (*where, key))
            self.marks[(*where, key)] = _start(key_node)
        return data

    def _sequence(self, node: yaml.SequenceNode, where: Where) -> list[Any]:
        if node.tag != _SEQ:
            self._refuse_tag(node)
        return [self.build(child, (*where, index)) for index, child in enumerate(node.value)]

    def _scalar(self, node: yaml.Node) -> Any:
        if node.tag not in (_PLAIN, _STR):
            return self._refuse_tag(node)
        return plain(node.value) if node.tag == _PLAIN else node.value

    def _refuse_tag(self, node: yaml.Node) -> None:
        self._refuse(node, f"tag '{node.tag}' is not allowed; pipeline files hold data only")

    def _refuse(self, node: yaml.Node, message: str) -> None:
        line, column = _start(node)
        self.problems.append(Problem(f"{self.name}:{line}:{column}", message))


def _start(node: yaml.Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1


class _Dumper(yaml.SafeDumper):
    """Quotes strings that YAML 1.2 would read as something else; PyYAML knows those of 1.1 only."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002  # PyYAML's own way to be told
        return True


def _quoted(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    style = None if isinstance(plain(text), str) else "'"
    return dumper.represent_scalar(_STR, text, style if text.isprintable() else '"')


_Dumper.add_representer(str, _quoted)


def dump(data: Any) -> str:
    """Data as YAML text that `parse` reads back to the same."""
    return yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True)


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


def expand(text: str) -> str:
    """A string with `${VAR}` and `${VAR:-default}` replaced from the environment; as in a shell, empty is not set
    where there is a default.

    Raises ValueError, without the values, for variables that are not set and for a `${` that begins none.
    """
    missing: list[str] = []

    def value(match: re.Match[str]) -> str:
        name, default = match.groups()
        if name is None:
            raise ValueError("'${' begins no variable; write ${NAME} or ${NAME:-default}")
        found = os.environ.get(name)
        if default is not None:
            return found or str(default)
        if found is None:
            missing.append(name)
        return found or ""

    expanded = _VARIABLE.sub(value, text)
    if missing:
        names = ", ".join(dict.fromkeys(missing))
        raise ValueError(f"environment variable {names} is not set; set it, or write ${{{missing[0]}:-default}}")
    return expanded


def is_variable(text: str) -> bool:
    """Whether a string is nothing but one variable, so that its value may be a number: `port: ${PORT}`."""
    return _VARIABLE.fullmatch(text) is not None


def conceal(message: str, data: Any) -> str:
    """A message about data in which no value of an environment variable stands, but the variable as it is written."""
    hidden: dict[str, str] = {}
    for name in _variables(data):
        value = os.environ.get(name, "")
        if plain(value) is not None:
            forms = (value, repr(value)[1:-1], repr('"' + value)[2:-1], str(plain(value)))
            hidden.update(dict.fromkeys(forms, f"${{{name}}}"))
    if not hidden:
        return message
    longest_first = sorted(hidden, key=lambda form: (-len(form), form))
    alone = r"(?<!\w){}(?!\w)"
    either = "|".join((alone if len(f) < _SHORT else "{}").format(re.escape(f)) for f in longest_first)
    return re.sub(either, lambda match: hidden[match.group()], message)


def _variables(data: Any) -> Iterator[str]:
    if isinstance(data, str):
        yield from (match.group(1) for match in _VARIABLE.finditer(data) if match.group(1))
    elif isinstance(data, (Mapping, list, tuple)):
        for item in data.values() if isinstance(data, Mapping) else data:
            yield from _variables(item)


def shown(value: Any) -> str:
    """A value as messages show it, cut where it is long."""
    text = repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[: _MAX_SHOWN - 3]}..."


Place = Callable[[Where], str]
