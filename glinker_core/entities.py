"""Entities into stores: any source, all problems at once, nothing half.

A source is a file (JSON lines, CSV, TSV, or whatever a plugin reads) or a list of such paths, a list of records, or a
mapping of ids to records.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from attrs import define, field, frozen

from glinker_core.builtin.records import entity_of, entity_under
from glinker_core.errors import DataError, InputError, Problem, near
from glinker_core.files import Meter, endings, read_lines
from glinker_core.layers import DocumentPathReader, EntityPathReader, EntityReader, Row, Store, Upserted
from glinker_core.model import Document, Entity, evolve
from glinker_core.plugins import Plugins

OnError = Literal["raise", "skip"]
OnDuplicate = Literal["error", "keep", "replace", "merge"]


@define
class ImportReport:
    """What an import did: records read, what became of them in the store, and the bad ones with line and reason."""

    read: int = 0
    upserted: Upserted = Upserted()
    problems: list[Problem] = field(factory=list)


@frozen
class Progress:
    """How far an import is: records `read`, the `share` of its bytes in 0..1 where that is known.

    `ended` is said once all is read; how long the store still works on it is not known.
    """

    read: int
    share: float | None = None
    ended: bool = False


def import_entities(
    source: Any,
    store: Store,
    plugins: Plugins,
    *,
    on_error: OnError = "raise",
    on_duplicate: OnDuplicate = "error",
    reader: str | EntityReader = "",
    progress: Callable[[Progress], None] | None = None,
) -> ImportReport:
    """Load a source into a store in one transaction.

    Files are read by the `reader`, or the one of that name; without it, by the one their endings name.
    With `on_error="raise"` one bad record refuses the whole import, with a `DataError` that lists them all; with
    `skip` the good ones load and the report lists the bad ones. `progress` is told every thousand records how far it
    is, and once when all is read.
    """
    report = ImportReport()
    meter = _meter(source)

    def good() -> Iterator[Entity]:
        for part in _parts(source):
            for row in entity_rows(part, plugins, reader, meter):
                report.read += 1
                if progress is not None and report.read % 1000 == 0:
                    progress(Progress(report.read, meter.share))
                if isinstance(row.item, Entity):
                    yield row.item
                else:
                    place = f"{row.file}:" if row.file else _name(part)
                    report.problems.append(Problem(f"{place}{row.line}", row.problem))
        if progress is not None:
            progress(Progress(report.read, 1.0, ended=True))
        if report.problems and on_error == "raise":
            raise DataError(f"nothing was imported from {source_name(source)}", report.problems)

    try:
        report.upserted = store.upsert(good(), on_duplicate)
    except DataError as error:  # what the store refuses must not hide the bad records before it
        unsaid = [problem for problem in report.problems if problem not in error.problems]
        raise DataError(error.what, [*unsaid, *error.problems]) from error
    return report


def source_name(source: Any) -> str:
    """A source as messages call it."""
    paths = [part for part in _parts(source) if isinstance(part, (str, os.PathLike))]
    return ", ".join(map(str, paths)) or "the records given"


def _parts(source: Any) -> Sequence[Any]:
    """The sources that a source is made of: several paths, or itself."""
    several = isinstance(source, (list, tuple)) and source and all(isinstance(part, os.PathLike) for part in source)
    return source if several else [source]


def _name(source: Any) -> str:
    return f"{source}:" if isinstance(source, (str, os.PathLike)) else "record "


def _meter(source: Any) -> Meter:
    paths = [Path(part) for part in _parts(source) if isinstance(part, (str, os.PathLike))]
    sized = all(path.is_file() for path in paths)  # a pipe has no size
    return Meter(sum(path.stat().st_size for path in paths) if sized else None)


def entity_rows(
    source: Any, plugins: Plugins, reader: str | EntityReader = "", meter: Meter | None = None
) -> Iterator[Row]:
    """The records of a source, good and bad, with their lines (or positions, from 0, in a list)."""
    if isinstance(source, (str, os.PathLike)):
        path = Path(source)
        found: EntityReader = _reader(path, "entities", plugins, reader)
        if isinstance(found, EntityPathReader):
            if meter is not None:
                meter.total = None  # how far it is in the file, only the reader knows
            return found.entities_from(path)
        return found.entities(read_lines(path, meter))
    if reader:
        raise InputError("entities: a reader reads files, and records were given")
    if isinstance(source, Mapping):
        return _rows(source.items(), lambda item: entity_under(*item))
    if not isinstance(source, Iterable):
        raise InputError(f"entities: expected a path, a list of records or a mapping of ids to records, got {source!r}")
    return _rows(source, entity_of)


def document_rows(
    path: Path,
    plugins: Plugins,
    reader: str = "",
    lines: Iterable[bytes] | None = None,
    *,
    columns: Mapping[str, str] = MappingProxyType({}),
    meter: Meter | None = None,
) -> Iterator[Row]:
    """The documents of a file, or of `lines` as if they were one; those without an id are called by file and line,
    or by the file if it is one document.

    The reader is chosen by the ending of the file's name unless it is named. `columns` are settings of it: under which
    names a file has `text` and `id`.
    """
    found = _reader(path, "documents", plugins, reader, there=lines is not None)
    if columns:
        if unknown := [name for name in columns if not hasattr(found, name)]:
            raise InputError(f"{path}: its reader has no setting '{unknown[0]}', since the format says what is what")
        cls: type[Any] = type(found)
        found = cls(**columns)
    if lines is None and isinstance(found, DocumentPathReader):
        rows = found.documents_from(path)
    else:
        rows = found.documents(read_lines(path, meter) if lines is None else lines)
    return _named(rows, path.name, getattr(found, "whole_file", False))


def reads_documents(path: Path, plugins: Plugins) -> bool:
    """Whether the ending of a file's name names a reader of documents."""
    named = set(endings(path))
    offers = [offer for offer in plugins.offers("glinker_readers") if not named.isdisjoint(offer.component.suffixes)]
    return any(hasattr(plugins.load(offer), "documents") for offer in offers)


def _named(rows: Iterable[Row], name: str, whole_file: bool) -> Iterator[Row]:
    for row in rows:
        if isinstance(row.item, Document) and not row.item.id:
            yield row._replace(item=evolve(row.item, id=name if whole_file else f"{name}:{row.line}"))
        else:
            yield row


def _rows(records: Iterable[Any], make: Callable[[Any], Entity]) -> Iterator[Row]:
    for number, record in enumerate(records):
        try:
            yield Row(number, make(record))
        except ValueError as error:
            yield Row(number, None, str(error))


def _reader(path: Path, what: str, plugins: Plugins, given: str | EntityReader = "", there: bool = False) -> Any:
    if not there and not path.exists():
        raise InputError(f"{path}: there is no such file")
    folder = not there and path.is_dir()
    if given:
        found = _named_reader(given, what, plugins) if isinstance(given, str) else given
    else:
        found = None if folder else _reader_by_ending(path, what, plugins)
    if folder and not (what == "entities" and isinstance(found, EntityPathReader)):
        hint = "; name the reader that reads such folders" if what == "entities" and not given else ""
        raise InputError(f"{path}: is a folder, not a file{hint}")
    return found


def _named_reader(name: str, what: str, plugins: Plugins) -> Any:
    cls = plugins.load(plugins.find(name, "glinker_readers"))
    if not hasattr(cls, what):
        raise InputError(f"'{name}' does not read {what}")
    return cls()


def _reader_by_ending(path: Path, what: str, plugins: Plugins) -> Any:
    known: list[str] = []
    for ending in endings(path):
        for offer in plugins.offers("glinker_readers"):
            cls = plugins.load(offer) if ending in offer.component.suffixes else None
            if cls is not None and hasattr(cls, what):
                return cls()
            known += offer.component.suffixes
    hint = near(ending, filter(None, known))
    raise InputError(f"{path}: no installed plugin reads {what} from '{ending}' files{hint}")
