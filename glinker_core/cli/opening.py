"""The pipeline that a command runs over a knowledge base: that of a file, or the default one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glinker_core.cli.console import starts_as_sqlite
from glinker_core.cli.defaults import default_pipeline
from glinker_core.entities import OnError
from glinker_core.errors import InputError
from glinker_core.executor import DAGExecutor
from glinker_core.plugins import Plugins
from glinker_core.source import Source, load_source

_STORE_ENDINGS = (".db", ".sqlite", ".sqlite3")


def executor_of(
    pipeline: Path | None,
    kb: Path | None,
    plugins: Plugins,
    changed: Callable[[Source], Source] = lambda source: source,
) -> DAGExecutor:
    """The pipeline of the file, or the default one over the knowledge base, as `changed` gives it back."""
    executor = DAGExecutor(changed(source_of(pipeline, kb)), plugins=plugins)
    check_kb(pipeline, kb)
    return executor


def source_of(pipeline: Path | None, kb: Path | None) -> Source:
    """The pipeline of the file, or the default one over the knowledge base."""
    store = kb is not None and _is_store(kb)
    if kb is not None and not kb.exists():
        hint = f"; run: glinker kb import ENTITIES --store {kb}" if store else ""
        raise InputError(f"{kb}: there is no such file{hint}")
    if pipeline is not None:
        if store:
            raise InputError(f"--kb {kb} is a store, but {pipeline} names its own; leave one out, or give entities")
        return load_source(pipeline)
    layer = {"type": "sqlite", "write": False, "config": {"path": str(kb), "read_only": True}}
    return default_pipeline(layer if store else {"type": "dict"})


def check_kb(pipeline: Path | None, kb: Path | None) -> None:
    """Refuse the default pipeline over nothing; asked once it is known to run, for its plugins may be missing."""
    if pipeline is None and kb is None:
        raise InputError("no knowledge base; give --kb FILE with entities, or a store: glinker kb import --help")


def load_kb(executor: DAGExecutor, kb: Path | None, on_error: OnError = "raise") -> None:
    """Load the entities of a knowledge base into the stores of the pipeline, unless it is a store itself."""
    if (entities := entities_of(kb)) is not None:
        executor.load_entities(entities, on_error=on_error)


def entities_of(kb: Path | None) -> Path | None:
    """The file of a knowledge base whose entities are to be loaded, unless it is a store itself."""
    return None if kb is None or _is_store(kb) else kb


def _is_store(kb: Path) -> bool:
    """Whether a file is a store rather than a list of entities: by its ending, or by its first bytes."""
    return kb.suffix.lower() in _STORE_ENDINGS or starts_as_sqlite(kb)
