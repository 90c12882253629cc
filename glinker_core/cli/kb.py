"""`glinker kb`: entities into a store, out of it, and what is in it."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from glinker_core.builtin.readers import JsonlReader
from glinker_core.cli.console import many, plugins_of, progress, say, writing
from glinker_core.cli.pace import pace
from glinker_core.cli.place import Place
from glinker_core.entities import ImportReport, OnDuplicate, OnError, import_entities
from glinker_core.errors import DataError, InputError, Problem
from glinker_core.files import json_line, without_mark
from glinker_core.layers import EntityReader, Store
from glinker_core.model import Entity
from glinker_core.names import normalise
from glinker_core.plugins import Plugins
from glinker_core.source import Source, parse
from glinker_core.structure import settings, structure

#: How many types and names `info` shows, and how many entities of a name.
_TYPES, _GROUPS, _MEMBERS = 20, 10, 5

StoreFile = Annotated[
    Place, typer.Option("--store", "-s", parser=Place, metavar="FILE|URL", help="File of the store, or its address.")
]
StoreType = Annotated[
    str, typer.Option("--store-type", help="Type of the store; see glinker plugins. [default: by its address]")
]
Duplicates = Annotated[
    OnDuplicate, typer.Option("--on-duplicate", help="What to do with an id that is there with other content.")
]

app = typer.Typer(help="Make, change and look at a knowledge base.", add_completion=False, no_args_is_help=True,
                  rich_markup_mode=None)  # fmt: skip


@app.command("import")
def import_(
    ctx: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of entities: jsonl, csv, tsv ...")],
    store: StoreFile,
    store_type: StoreType = "",
    on_error: Annotated[OnError, typer.Option(help="What to do with bad lines.")] = "raise",
    on_duplicate: Duplicates = "error",
    reader: Annotated[str, typer.Option(help="Reader of the files, such as jsonl; by the ending of the file.")] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Setting of the reader. May be repeated.")
    ] = None,
) -> None:
    """Load entities from files into a store, which is made if it is not there.

    All files together are one transaction: what is refused leaves the store as it was.
    """
    plugins = plugins_of(ctx)
    chosen = _configured_reader(reader, set_ or [], plugins)
    with _making(store), opened_store(store, store_type, plugins) as opened, progress("importing") as tell:
        started = time.monotonic()
        report = import_entities(
            files,
            opened,
            plugins,
            on_error=on_error,
            on_duplicate=on_duplicate,
            reader=chosen,
            progress=lambda far: tell(pace(far, time.monotonic() - started)),
        )
        _report(report, store, opened)


@app.command()
def add(
    ctx: typer.Context,
    store: StoreFile,
    entity_id: Annotated[str, typer.Option("--id", help="Id of the entity; without it, JSON lines from stdin.")] = "",
    label: Annotated[str, typer.Option(help="Its name.")] = "",
    alias: Annotated[list[str] | None, typer.Option(help="Another name. May be repeated.")] = None,
    description: Annotated[str, typer.Option(help="What it is; context is compared with this.")] = "",
    entity_type: Annotated[str, typer.Option("--type", help="Its type, such as city.")] = "",
    popularity: Annotated[float, typer.Option(help="How well known it is, 0 or more.")] = 0,
    store_type: StoreType = "",
    on_duplicate: Duplicates = "error",
) -> None:
    """Add one entity, or those that stand on stdin as JSON lines."""
    given = [label, alias, description, entity_type, popularity]
    if not entity_id and (any(given) or sys.stdin.isatty()):
        raise InputError("--id is missing; give --id and --label, or entities as JSON lines on stdin")
    whole = int(popularity) if popularity.is_integer() else popularity
    record = {
        "entity_id": entity_id, "label": label, "aliases": alias or [], "description": description,
        "entity_type": entity_type, "popularity": whole,
    }  # fmt: skip
    source = [record] if entity_id else _entities_on_stdin()
    with _making(store), opened_store(store, store_type, plugins_of(ctx)) as opened:
        _report(import_entities(source, opened, plugins_of(ctx), on_duplicate=on_duplicate), store, opened)


@app.command()
def remove(
    ctx: typer.Context,
    ids: Annotated[list[str], typer.Argument(metavar="ID", help="Ids of entities.")],
    store: StoreFile,
    store_type: StoreType = "",
) -> None:
    """Remove entities with all their names; if one of the ids is unknown, none."""
    must_exist(store)
    with opened_store(store, store_type, plugins_of(ctx)) as opened:
        unknown = [entity_id for entity_id, found in zip(ids, opened.get(ids), strict=True) if found is None]
        if unknown:
            problems = [Problem("", f"there is no entity '{entity_id}'") for entity_id in dict.fromkeys(unknown)]
            raise DataError(f"nothing was removed from {store}", problems)
        removed = opened.delete(ids)
        typer.echo(f"{store}: {many(removed, 'entity', 'entities')} removed, {opened.count():,} left")


@app.command()
def info(ctx: typer.Context, store: StoreFile, store_type: StoreType = "") -> None:
    """Say how many entities and names there are, of which types, and which names are shared by most entities."""
    must_exist(store)
    with opened_store(store, store_type, plugins_of(ctx), read_only=True) as opened, progress("counting"):
        types = Counter(entity.entity_type for entity in opened.entities())
        names, groups = 0, dict[str, tuple[str, ...]]()
        for name in opened.names():
            names += 1
            key = normalise(name.surface)
            groups[key] = tuple(sorted({*groups.get(key, ()), name.entity_id}))
        shared = sorted(((key, ids) for key, ids in groups.items() if len(ids) > 1), key=lambda g: (-len(g[1]), g[0]))
        facts = [
            ("entities", f"{opened.count():,}"),
            ("names", f"{names:,}"),
            ("ambiguous names", f"{len(shared):,}"),
            ("revision", opened.revision),
            *([] if store.scheme else [("file size", f"{store.path.stat().st_size / 1e6:,.1f} MB")]),
        ]
    for what, value in facts:
        typer.echo(f"{what:16} {value}")
    _list("types", [(kind or "(none)", f"{times:,}") for kind, times in _ranked(types)], _TYPES)
    _list("names that most entities share", [(key, _members(ids)) for key, ids in shared], _GROUPS)


@app.command()
def export(
    ctx: typer.Context,
    store: StoreFile,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")] = None,
    store_type: StoreType = "",
) -> None:
    """Write all entities as JSON lines, in the order of their ids; importing them again gives the same store."""
    must_exist(store)
    exported = opened_store(store, store_type, plugins_of(ctx), read_only=True)
    with exported as opened, progress("exporting", output is not None) as tell, writing(output) as stream:
        for number, entity in enumerate(opened.entities(), 1):
            stream.write(json_line(attrs.asdict(entity, recurse=False), stream.encoding))
            if number % 1000 == 0:
                tell(many(number, "entity", "entities"))


@contextmanager
def opened_store(place: Place, store_type: str, plugins: Plugins, read_only: bool = False) -> Iterator[Store]:
    """The store in a file or at an address."""
    store_type = store_type or place.store_type
    cls = plugins.load(plugins.find(store_type, "glinker_stores"))
    known, setting = settings(cls), "url" if place.scheme else "path"
    if setting not in known:
        kept = "has no address" if place.scheme else "is not kept in a file"
        raise InputError(f"--store-type {store_type}: {kept}; use it from a pipeline")
    config: dict[str, Any] = {setting: place.given}
    if read_only and "read_only" in known:
        config["read_only"] = True
    problems: list[Problem] = []
    opened = structure(cls, config, Source({}).place, problems)
    if opened is None:
        raise InputError(f"--store-type {store_type}: {_reasons(problems)}; use it from a pipeline")
    if not hasattr(cls, "search"):
        raise InputError(f"--store-type {store_type}: is a cache and holds no entities")
    opened.open()
    try:
        yield opened
    finally:
        opened.close()


def _configured_reader(name: str, given: list[str], plugins: Plugins) -> str | EntityReader:
    """The reader of that name with the settings given as `key=value`; without settings the name will do."""
    if not given:
        return name
    if not name:
        raise InputError("--set: sets up a reader; name it with --reader")
    pairs = [pair.partition("=") for pair in given]
    if wrong := [pair for pair, (key, equals, _) in zip(given, pairs, strict=True) if not (key and equals)]:
        raise InputError(f"--set {wrong[0]}: expected KEY=VALUE")
    cls = plugins.load(plugins.find(name, "glinker_readers"))
    problems: list[Problem] = []
    config = {key: parse(value, f"--set {key}").data for key, _, value in pairs}
    reader: EntityReader | None = structure(cls, config, Source({}).place, problems)
    if reader is None or problems:
        raise InputError(f"--reader {name}: {_reasons(problems)}")
    return reader


def _reasons(problems: list[Problem]) -> str:
    return "; ".join(problem.message for problem in problems)


@contextmanager
def _making(place: Place) -> Iterator[None]:
    """Leaves no file behind that was not there, if anything goes wrong."""
    there = bool(place.scheme) or place.path.exists()
    try:
        yield
    except BaseException:
        if not there and place.path.is_file():
            place.path.unlink()
        raise


def must_exist(place: Place) -> None:
    """Refuse a store whose file is not there."""
    if not place.scheme and not place.path.exists():
        raise InputError(f"{place}: there is no such file; run: glinker kb import ENTITIES --store {place}")


def _entities_on_stdin() -> list[Entity]:
    rows = list(JsonlReader().entities(without_mark(sys.stdin.buffer)))
    problems = [Problem(f"stdin:{row.line}", row.problem) for row in rows if row.problem]
    if problems:
        raise DataError("nothing was added", problems)
    return [row.item for row in rows if isinstance(row.item, Entity)]


def _report(report: ImportReport, place: Place, store: Store) -> None:
    """The bad records on stderr, then what became of the others."""
    for problem in report.problems:
        say(str(problem))
    said = report.upserted
    counts = [("added", said.added), ("replaced", said.replaced), ("kept", said.kept), ("unchanged", said.unchanged),
              ("skipped", len(report.problems))]  # fmt: skip
    became = ", ".join(f"{number:,} {what}" for what, number in counts if number) or "nothing to do"
    typer.echo(f"{place}: {many(report.read, 'entity', 'entities')} read: {became}; {store.count():,} in all")


def _ranked(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))


def _members(ids: tuple[str, ...]) -> str:
    more = ", ..." if len(ids) > _MEMBERS else ""
    return f"{len(ids):,}: {', '.join(ids[:_MEMBERS])}{more}"


def _list(title: str, rows: list[tuple[str, str]], limit: int) -> None:
    if rows:
        typer.echo(f"\n{title}")
    for name, value in rows[:limit]:
        typer.echo(f"  {name:24} {value}")
    if len(rows) > limit:
        typer.echo(f"  and {len(rows) - limit:,} more")
