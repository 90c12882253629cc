"""A dataset of Ray Data through a pipeline: rows stay as they are, with the links beside their columns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from glinker_core.builtin.writers import DOCUMENT_KEYS, MENTION_KEYS, record
from glinker_core.errors import InputError
from glinker_core.executor import DAGExecutor
from glinker_core.model import Document
from glinker_core.source import load_source

_TYPES = {str: pa.string(), int: pa.int64(), float: pa.float64()}
_LINKS = pa.list_(pa.struct([(name, _TYPES[kind]) for name, kind in MENTION_KEYS.items()]))

#: The columns that are added: mentions; by which entities, pipeline and version they were linked; why there are none.
COLUMNS: Mapping[str, pa.DataType] = {
    "entities": _LINKS,
    **{name: _TYPES[kind] for name, kind in DOCUMENT_KEYS.items() if name not in ("id", "text")},
}


def link_dataset(
    ds: Any,
    pipeline: str | os.PathLike[str] | Mapping[str, Any],
    *,
    text_column: str = "text",
    entities: str | os.PathLike[str] | None = None,
    concurrency: int | tuple[int, int] = 1,
    num_gpus: float = 0,
    batch_size: int = 256,
) -> Any:
    """The dataset with the columns of `COLUMNS` beside its own; as lazy as any step of Ray Data.

    Each of the `concurrency` actors has a pipeline of its own, with `num_gpus` each. `entities` is a file to load into
    its stores. A row without a text, or one that fails, has no mentions and says why in `error`. InputError if the
    dataset has no column of the texts, or one of those that are added.
    """
    source = load_source(pipeline)
    if (columns := ds.columns()) is not None:
        if text_column not in columns:
            raise InputError(f"dataset: has no column '{text_column}'; there are {', '.join(columns)}")
        if taken := [name for name in COLUMNS if name in columns]:
            raise InputError(f"dataset: has a column '{taken[0]}' already; rename it: ds.rename_columns")
    return ds.map_batches(
        _Linker,
        fn_constructor_args=(source, text_column, Path(entities).resolve() if entities is not None else None),
        batch_format="pyarrow",
        batch_size=batch_size,
        num_gpus=num_gpus or None,
        concurrency=concurrency,
    )


class _Linker:
    """A pipeline in an actor."""

    def __init__(self, source: Any, text_column: str, entities: Path | None) -> None:
        self._executor = DAGExecutor(source)
        self._column = text_column
        if entities is not None:
            self._executor.load_entities(entities)

    def __call__(self, table: pa.Table) -> pa.Table:
        texts = table.column(self._column).to_pylist()
        documents = [Document(text, str(index)) for index, text in enumerate(texts) if isinstance(text, str)]
        linked = {int(one.id): record(one) for one in self._executor.stream(documents, 32, on_error="skip")}
        rows = [linked.get(index) or _unread(text) for index, text in enumerate(texts)]
        for name, kind in COLUMNS.items():
            table = table.append_column(name, pa.array([row.get(name) for row in rows], kind))
        return table


def _unread(text: Any) -> dict[str, Any]:
    return {"entities": [], "error": f"expected a text, got {type(text).__name__} {text!r:.60}"}
