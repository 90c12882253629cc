"""spaCy pipelines: loaded once for all who ask, and what to do when they cannot be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import spacy
from attrs import field, frozen

from glinker_core.errors import DataError, InputError, Problem

if TYPE_CHECKING:
    from spacy.language import Language

    from glinker_core.resources import Resources

Patterns = Sequence[Mapping[str, Any]] | Path | None

PATTERNS = "glinker_patterns"  # the pipe that `patterns` become

_SCISPACY = ("en_core_sci_", "en_ner_craft_", "en_ner_jnlpba_", "en_ner_bc5cdr_", "en_ner_bionlp13cg_")


@frozen
class Loaded:
    """A pipeline, and the device it is on."""

    nlp: Language
    device: str
    _lock: Lock = field(factory=Lock)

    @contextmanager
    def running(self) -> Iterator[None]:
        """One thread at a time: pipes keep what they work on, and the GPU is one of the thread."""
        with self._lock:
            _choose(self.device)
            yield


def shared_pipeline(resources: Resources, model: str, device: str, patterns: Patterns) -> Loaded:
    """The pipeline of that name, folder or `blank:` language, with `patterns`; InputError says why there is none."""
    return resources.shared(
        ("spacy", model, device, repr(patterns)), lambda: Loaded(load(model, device, patterns), device)
    )


def load(model: str, device: str, patterns: Patterns) -> Language:
    """Load a pipeline and add the patterns."""
    _choose(device)
    try:
        blank = model.removeprefix("blank:")
        nlp = spacy.load(model) if blank == model else spacy.blank(blank)
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, OSError) and not Path(model).exists():
            raise InputError(f"model '{model}': is not there; {_how_to_get(model)}") from None
        reason = str(error).splitlines()[0]
        raise InputError(f"model '{model}': cannot be loaded: {reason}") from error
    if patterns is not None:
        _add(nlp, patterns)
    return nlp


def _choose(device: str) -> None:
    """Say to spaCy where the arrays of this thread are; the CPU is where they are unless somebody said otherwise."""
    if device == "cpu":
        return
    kind, _, number = device.partition(":")
    if kind == "auto" and not number:
        spacy.prefer_gpu()
        return
    if kind not in ("cuda", "mps") or not (number or "0").isdecimal():
        raise InputError(f"device '{device}': there is no such kind; use cpu, cuda, cuda:1, mps or auto")
    try:
        spacy.require_gpu(int(number or 0))
    except ValueError as error:
        hint = "run: pip install 'spacy[cuda12x]', or use device: cpu" if kind == "cuda" else "use device: cpu"
        raise InputError(f"device '{device}': {error}; {hint}") from None


def _how_to_get(model: str) -> str:
    if any(sign in model for sign in "/\\") or model.startswith("."):
        return "give the folder of a pipeline, the name of an installed one, or blank:en"
    if model.startswith(_SCISPACY):
        return "it is one of scispaCy's; run: pip install URL, with its URL from https://allenai.github.io/scispacy"
    return f"run: python -m spacy download {model}"


def _add(nlp: Language, patterns: Sequence[Mapping[str, Any]] | Path) -> None:
    rows = (
        _read(patterns) if isinstance(patterns, Path) else [(f"patterns[{at}]", row) for at, row in enumerate(patterns)]
    )
    problems = [
        Problem(place, f"needs a 'label' and a 'pattern', got {row!r}")
        for place, row in rows
        if not isinstance(row, Mapping) or not isinstance(row.get("label"), str) or not row.get("pattern")
    ]
    if problems:
        raise DataError("patterns of an entity ruler", problems)
    ruler: Any = nlp.add_pipe("entity_ruler", name=PATTERNS, config={"overwrite_ents": True, "validate": True})
    try:
        with nlp.select_pipes(enable=[PATTERNS]):  # or phrases would go through all others
            ruler.add_patterns([dict(row) for _, row in rows])
    except ValueError as error:
        raise InputError(f"patterns: {error}") from None


def _read(path: Path) -> list[tuple[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"patterns: {path} cannot be read: {error}") from None
    rows = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                rows.append((f"{path}:{number}", json.loads(line)))
            except json.JSONDecodeError as error:
                rows.append((f"{path}:{number}", f"{line} ({error})"))
    return rows
