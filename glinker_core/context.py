"""What a run gives back: the caller's input and the result of every node, under the keys of the pipeline."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from glinker_core import model
from glinker_core.config import INPUT
from glinker_core.errors import InputError, Problem, near
from glinker_core.files import write_text
from glinker_core.source import dotted
from glinker_core.structure import structure

_RESULTS: dict[str, type] = {cls.__name__: cls for cls in (model.L1Result, model.CandidatesResult, model.L0Result)}
_LAST = re.compile(r"outputs\[(-?\d+)\]")


class Context:
    """The results of one run, by output key; `$input` is what came in, `outputs[-1]` the last result."""

    def __init__(self, data: Mapping[str, Any] | None = None) -> None:
        self._input: Mapping[str, Any] = dict(data or {})
        self._outputs: dict[str, Any] = {}

    def put(self, key: str, result: Any) -> None:
        """Keep the result of a node."""
        self._outputs[key] = result

    def get(self, key: str, default: Any = None) -> Any:
        """The result of that key, or the default: `l0_result`, `$input`, `outputs[-1]`."""
        if key == INPUT:
            return self._input
        if match := _LAST.fullmatch(key):
            outputs, index = list(self._outputs.values()), int(match.group(1))
            return outputs[index] if -len(outputs) <= index < len(outputs) else default
        return self._outputs.get(key, default)

    def has(self, key: str) -> bool:
        """Whether there is a result of that key."""
        return self.get(key, self) is not self

    def get_all_outputs(self) -> dict[str, Any]:
        """All results by key, in the order in which their nodes ran."""
        return dict(self._outputs)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Input and results as JSON; with a path, also written there (whole or not at all)."""
        outputs = {
            key: {"type": type(result).__name__, **attrs.asdict(result)} for key, result in self._outputs.items()
        }
        text = json.dumps({"input": self._input, "outputs": outputs}, indent=2, default=_plain)
        if path is not None:
            write_text(Path(path), text)
        return text

    @classmethod
    def from_json(cls, source: str | os.PathLike[str]) -> Context:
        """Read back what `to_json` wrote: a path, or the text itself."""
        text, name = str(source), "the text given"
        if not text.lstrip().startswith("{"):
            text, name = Path(source).read_text(encoding="utf-8"), str(source)
        try:
            data = json.loads(text)
        except ValueError as error:
            raise InputError(f"{name}: is no saved context: {error}") from error
        problems: list[Problem] = []
        saved = structure(_Saved, data, dotted, problems, variables=False)
        context = cls(saved.input if saved is not None else {})
        for key, written in (saved.outputs if saved is not None else {}).items():
            result, where = dict(written), ("outputs", key)
            kind = result.pop("type", "")
            if kind in _RESULTS:
                context.put(key, structure(_RESULTS[kind], result, dotted, problems, where, variables=False))
            else:
                message = f"unknown result {kind!r}{near(str(kind), _RESULTS)}"
                problems.append(Problem(dotted((*where, "type")), message))
        if problems:
            raise InputError(f"{name}: is no saved context: {'; '.join(map(str, problems))}")
        return context


@attrs.frozen
class _Saved:
    """A context as JSON holds it; each output has the name of its record under `type`."""

    input: Mapping[str, Any]
    outputs: Mapping[str, Mapping[str, Any]]


def _plain(value: Any) -> Any:
    if attrs.has(type(value)):
        return attrs.asdict(value)
    return list(value) if isinstance(value, Sequence) else dict(value)
