"""What a pipe `glinker` is made of: its settings, the pipeline and knowledge base behind it, and how they are saved."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, Literal

from attrs import define, evolve, field, frozen
from spacy import util

from glinker_core import DAGExecutor
from glinker_core.layers import LAYERS
from glinker_core.source import Source, load_source

#: Mentions are the entities of a document; other words are names of span groups.
ENTS = "ents"
#: Mentions are what the pipeline finds itself.
OWN = "own"

_SAVED = "glinker.json"
_COPY = "kb"
_SQLITE = b"SQLite format 3\x00"


@frozen
class Settings:
    """The config of the pipe.

    `pipeline`: the path of a pipeline file, or what would stand in it; without it, names, priors and context decide,
    over `kb`. `kb`: a store file, or a file of entities, which are loaded into the stores of the pipeline. `mentions`:
    `ents` (the entities of a document), the name of a span group, or `own`: the L1 nodes of the pipeline find them, and
    they become the entities. Otherwise L1 nodes give way to those mentions. `labels`: which type of the knowledge base
    a label of them means, as in `{"GPE": "city"}`; others are taken as they are. `overwrite_labels`: a linked mention
    gets the type of its entity as its label. `kb_url`: where an entity has a page, such as
    `https://www.wikidata.org/wiki/{entity_id}`. `batch_size`: the most documents linked at a time. `kb_in_model`:
    whether a saved model says where the `kb` is, or holds a copy of it.
    """

    pipeline: str | dict[str, Any] | None = None
    kb: str | None = None
    mentions: str = ENTS
    labels: dict[str, str] = field(factory=dict)
    overwrite_labels: bool = False
    kb_url: str | None = None
    batch_size: int | None = None
    kb_in_model: Literal["reference", "copy"] = "reference"

    def __attrs_post_init__(self) -> None:
        if not self.mentions:
            raise ValueError("mentions: is empty; give 'ents', 'own' or the name of a span group")
        if self.labels and self.mentions == OWN:
            raise ValueError("labels: mentions of its 'own' have the types of the knowledge base; leave it out")
        if self.batch_size is not None and self.batch_size < 1:
            raise ValueError(f"batch_size: must be at least 1, got {self.batch_size}")
        if self.kb_url is not None and "{}" not in self.kb_url.replace("{entity_id}", "{}", 1):
            raise ValueError(f"kb_url: has no '{{entity_id}}': {self.kb_url!r}")


@define
class Model:
    """What the pipe runs: the settings, unless something else was saved for them."""

    settings: Settings
    pipeline: str | dict[str, Any] | None = field()
    kb: Path | None = field()

    @pipeline.default
    def _pipeline(self) -> str | dict[str, Any] | None:
        return self.settings.pipeline

    @kb.default
    def _kb(self) -> Path | None:
        return Path(self.settings.kb) if self.settings.kb is not None else None

    def to_disk(self, path: Path, lang: str) -> None:
        """Save in a folder, which is made."""
        path.mkdir(parents=True, exist_ok=True)
        saved = self._described(lang)
        if saved["copy"]:
            _copy(self._existing(), path / saved["copy"])
        (path / _SAVED).write_text(json.dumps(saved, indent=2), encoding="utf-8")

    @classmethod
    def from_disk(cls, settings: Settings, path: Path, name: str, lang: str) -> Model:
        """What was saved in a folder, for a pipe of these settings."""
        saved = json.loads((path / _SAVED).read_text(encoding="utf-8"))
        return _restored(settings, saved, path / saved["copy"] if saved["copy"] else None, name, lang)

    def to_bytes(self, lang: str) -> bytes:
        """Save in bytes."""
        saved = self._described(lang)
        parts = {_SAVED: json.dumps(saved).encode()}
        with tempfile.TemporaryDirectory() as folder:
            if saved["copy"]:
                _copy(self._existing(), Path(folder, saved["copy"]))
                parts[_COPY] = Path(folder, saved["copy"]).read_bytes()
        return util.to_bytes({name: partial(parts.__getitem__, name) for name in parts}, [])

    @classmethod
    def from_bytes(cls, settings: Settings, data: bytes, name: str, lang: str) -> Model:
        """What was saved in bytes, for a pipe of these settings."""
        parts: dict[str, bytes] = {}
        util.from_bytes(data, {name: partial(parts.__setitem__, name) for name in (_SAVED, _COPY)}, [])
        saved = json.loads(parts[_SAVED])
        if not saved["copy"]:
            return _restored(settings, saved, None, name, lang)
        folder = tempfile.mkdtemp(prefix="glinker-")
        kb = Path(folder, saved["copy"])
        kb.write_bytes(parts[_COPY])
        model = _restored(settings, saved, kb, name, lang)
        weakref.finalize(model, shutil.rmtree, folder, ignore_errors=True)
        return model

    def _described(self, lang: str) -> dict[str, Any]:
        pipeline = self.pipeline
        copy = ""
        if self.settings.kb_in_model == "copy":
            if self.kb is None:
                raise ValueError("kb_in_model: is 'copy', but the pipeline names its own stores; name the file as 'kb'")
            copy = "".join([_COPY, *self.kb.suffixes])
        return {
            "lang": lang,
            "given": {"pipeline": self.settings.pipeline, "kb": self.settings.kb},
            "pipeline": load_source(pipeline).data if isinstance(pipeline, str) else pipeline,
            "kb": str(self.kb.absolute()) if self.kb is not None else None,
            "copy": copy,
        }

    def _existing(self) -> Path:
        if self.kb is None or not self.kb.is_file():
            raise FileNotFoundError(f"kb: there is no file '{self.kb}' to copy into the model")
        return self.kb


def _restored(settings: Settings, saved: Mapping[str, Any], copy: Path | None, name: str, lang: str) -> Model:
    if saved["lang"] != lang:
        raise ValueError(
            f"{name}: was saved in a pipeline of the language '{saved['lang']}', and this one is of '{lang}'; "
            f"make it with spacy.blank('{saved['lang']}'), or add the pipe anew"
        )
    model, given = Model(settings), saved["given"]
    if settings.pipeline in (None, given["pipeline"]):
        model = evolve(model, pipeline=saved["pipeline"])
    if settings.kb in (None, given["kb"]):
        model = evolve(model, kb=copy or (Path(saved["kb"]) if saved["kb"] is not None else None))
    if model.kb is not None and not model.kb.exists():
        raise FileNotFoundError(
            f"{name}: can't find the knowledge base '{model.kb}', which the model refers to. Put it back, load "
            f"the model with another, config={{'components': {{'{name}': {{'kb': PATH}}}}}}, or save it with "
            "kb_in_model='copy'"
        )
    return model


def _copy(kb: Path, target: Path) -> None:
    """Copy a file; of a store what is committed, even if somebody is writing."""
    target.unlink(missing_ok=True)
    if not _is_store(kb):
        shutil.copyfile(kb, target)
        return
    with (
        closing(sqlite3.connect(f"{kb.absolute().as_uri()}?mode=ro", uri=True)) as source,
        closing(sqlite3.connect(target)) as copy,
    ):
        source.backup(copy)


def _is_store(kb: Path) -> bool:
    with kb.open("rb") as stream:
        return stream.read(len(_SQLITE)) == _SQLITE


def open_executor(name: str, model: Model, own: bool) -> DAGExecutor:
    """The pipeline of a model over its knowledge base, ready to run; its L1 nodes only if mentions are its `own`."""
    kb = model.kb
    if kb is not None and not kb.is_file():
        raise FileNotFoundError(
            f"{name}: can't find the knowledge base '{kb}'; 'kb' names a store or a file of entities"
        )
    store = kb is not None and _is_store(kb)
    if model.pipeline is None:
        if kb is None:
            raise ValueError(f"{name}: has no knowledge base; add it with config={{'kb': FILE}}, or give a 'pipeline'")
        source = _default(kb if store else None)
    elif store:
        raise ValueError(f"{name}: 'kb' is the store '{kb}', but the pipeline names its own; leave one out")
    else:
        source = load_source(model.pipeline)
    executor = DAGExecutor(source if own else _given_mentions(name, source))
    try:
        if kb is not None and not store:
            executor.load_entities(kb)
        executor.open()
    except BaseException:
        executor.close()
        raise
    return executor


def _default(store: Path | None) -> Source:
    """The pipeline of `glinker link` over a store, or over entities to come, that shows all candidates."""
    from glinker_core.cli.defaults import default_pipeline

    layer = {"type": "sqlite", "write": False, "config": {"path": str(store), "read_only": True}}
    source = default_pipeline({"type": "dict"} if store is None else layer)
    last = source.data["nodes"][-1]
    last["config"] = {**last["config"], "return_all_candidates": True}
    return source


def _given_mentions(name: str, source: Source) -> Source:
    """The same pipeline with mentions of the caller in the place of all L1 nodes."""
    nodes = source.data.get("nodes") if isinstance(source.data, Mapping) else None
    if not isinstance(nodes, list):  # the graph says what is wrong with it
        return source
    taken = [_external(node) if _is_recognizer(node) else node for node in nodes]
    if taken == nodes and not any(map(_is_recognizer, nodes)):
        what = source.name or "the pipeline"
        raise ValueError(f"{name}: {what} has no L1 node to give mentions to; with mentions='own' it runs as it is")
    return Source({**source.data, "nodes": taken}, source.name, source.marks)


def _is_recognizer(node: Any) -> bool:
    processor = node.get("processor") if isinstance(node, Mapping) else None
    return isinstance(processor, str) and processor.rpartition(":")[2].startswith(f"{LAYERS['recognizer'].prefix}_")


def _external(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """A node of the same id and output that takes mentions as they are given."""
    if node["processor"] == "l1_external":
        return node
    kept = {key: value for key, value in node.items() if key in ("id", "output", "requires")}
    return {**kept, "processor": "l1_external"}
