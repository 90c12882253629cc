"""A pipeline file with other settings: what is not changed stays as it is written, comments too."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from glinker_core.errors import InputError
from glinker_core.files import write_text
from glinker_core.source import Source, dump, parse

#: A setting, by its place: `("nodes", 2, "config", "weights")`.
Setting = tuple[str | int, ...]


def with_settings(text: str, settings: Mapping[Setting, Any]) -> tuple[str, bool]:
    """The text of a YAML file with these settings, and whether its comments are still there.

    What stands in its way, such as an anchor that a setting is part of, has the file written anew, without comments.
    """
    wanted = copy.deepcopy(parse(text).data)
    changed = text
    for place, value in settings.items():
        _put(wanted, place, value)
        changed = _written(changed, place, value)
    if parse(changed).data == wanted:
        return changed, True
    return dump(wanted), False


def _put(data: Any, place: Setting, value: Any) -> None:
    *outer, last = place
    for step in outer:
        if isinstance(step, str) and not isinstance(data.get(step), Mapping | Sequence):
            data[step] = {}
        data = data[step]
    data[last] = value


def _written(text: str, place: Setting, value: Any) -> str:
    node: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    for depth, step in enumerate(place):
        rest = _nested(place[depth + 1 :], value)
        if isinstance(step, int):
            node = node.value[step]
            continue
        found = next(((key, inner) for key, inner in node.value if key.value == step), None)
        if found is None:
            return _added(text, node, f"{step}: {_flow(rest)}")
        key, inner = found
        if depth == len(place) - 1 or not isinstance(inner, yaml.CollectionNode):
            return f"{text[: key.end_mark.index]}: {_flow(rest)}{text[max(_end(inner), key.end_mark.index + 1) :]}"
        node = inner
    return text


def _nested(place: Sequence[str | int], value: Any) -> Any:
    for step in reversed(place):
        value = {step: value}
    return value


def _added(text: str, node: yaml.MappingNode, entry: str) -> str:
    """The text with one more entry of a mapping, behind the others."""
    if node.flow_style:
        end = node.end_mark.index - 1
        return f"{text[:end].rstrip()}{', ' if node.value else ''}{entry}{text[end:]}"
    end = text.find("\n", _end(node))
    end = len(text) if end < 0 else end
    return f"{text[:end]}\n{' ' * node.start_mark.column}{entry}{text[end:]}"


def _end(node: yaml.Node) -> int:
    """Where a node's text ends; of a block the mark stands behind all the space and comments that follow."""
    while isinstance(node, yaml.CollectionNode) and not node.flow_style and node.value:
        node = node.value[-1][1] if isinstance(node, yaml.MappingNode) else node.value[-1]
    end: int = node.end_mark.index
    return end


def _flow(value: Any) -> str:
    """A value on one line."""
    written: str = yaml.safe_dump(
        value, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True
    )
    return written.removesuffix("\n").removesuffix("\n...")


def node_place(source: Source, node_id: str) -> Setting:
    """Where a node of that id stands in the data of a pipeline file."""
    return "nodes", next(at for at, node in enumerate(source.data["nodes"]) if node.get("id") == node_id)


def rewrite(pipeline: Path, output: Path, settings: Mapping[Setting, Any]) -> str:
    """Write a pipeline file with these settings, whole or not at all; what was done, in words."""
    text, commented = with_settings(pipeline.read_text(encoding="utf-8"), settings)
    if not output.parent.is_dir():
        raise InputError(f"{output}: there is no folder '{output.parent}'")
    write_text(output, text)
    return f"{output} written" if commented else f"{output} written, without its comments"
