"""Documents into a folder of parts: begun, gone on with, or its failed documents tried again."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from attrs import evolve, frozen

from glinker_core.builtin.records import document_of
from glinker_core.bulk.engines import Engine
from glinker_core.bulk.manifest import Done, Identity, Manifest
from glinker_core.bulk.parts import Part, cut
from glinker_core.bulk.worker import Job
from glinker_core.errors import InputError
from glinker_core.files import read_lines
from glinker_core.layers import Row
from glinker_core.plugins import Plugins
from glinker_core.timing import NodeTimes, total


@frozen
class Summary:
    """What a folder holds once a run has ended, over all runs that went into it."""

    parts: int
    documents: int
    mentions: int
    linked: int
    failed: int
    kilobytes: float
    nodes: NodeTimes


Tell = Callable[[Done], None]


def go_on(folder: Path, identity: Identity, accept_changes: bool, reads_inputs: bool = True) -> Manifest:
    """The manifest of a run that was stopped; refused where it would not give what the run was begun for.

    Who does not read the inputs again need not name them.
    """
    manifest = Manifest.load(folder)
    begun = manifest.identity
    if not reads_inputs:
        identity = evolve(identity, inputs=begun.inputs, part_size=begun.part_size)
    if differences := begun.differences(identity):
        if not accept_changes:
            told = "\n  ".join(differences)
            raise InputError(
                f"{folder}: what is there was begun otherwise:\n  {told}\n"
                "start again in another folder, or go on all the same with --accept-changes"
            )
        if begun.part_size != identity.part_size or begun.inputs != identity.inputs:
            raise InputError(
                f"{folder}: other inputs and other sizes of parts make other parts; start again in another folder"
            )
        manifest.change(identity)
    manifest.tidy()
    return manifest


def link_all(
    manifest: Manifest,
    job: Job,
    rows: Iterable[tuple[str, Row]],
    engine: Engine,
    workers: int,
    plugins: Plugins,
    tell: Tell = lambda _: None,
) -> Summary:
    """Link what is not done yet; each part counts once it is on the disk and in the manifest."""
    parts = (part for part in cut(rows, manifest.identity.part_size) if not manifest.has(part.number))
    times = _run(manifest, job, parts, engine, workers, plugins, tell)
    manifest.end()
    return summary(manifest, times)


def retry_failed(
    manifest: Manifest, job: Job, engine: Engine, workers: int, plugins: Plugins, tell: Tell = lambda _: None
) -> Summary:
    """Link the documents that failed once more; those that cannot be read at all stay as they are."""
    last = [lines[-1] for lines in manifest.done.values()]
    parts = (part for done in last if (part := _again(manifest.folder, done)) is not None)
    return summary(manifest, _run(manifest, job, parts, engine, workers, plugins, tell))


def summary(manifest: Manifest, times: NodeTimes | None = None) -> Summary:
    """What is in a folder."""
    lines = [done for some in manifest.done.values() for done in some]
    return Summary(
        len(manifest.done),
        sum(done.documents for done in lines),
        sum(done.mentions for done in lines),
        sum(done.linked for done in lines),
        sum(some[-1].failed for some in manifest.done.values()),
        sum(done.kilobytes for done in lines if not done.retry),
        times or {},
    )


def _run(
    manifest: Manifest, job: Job, parts: Iterator[Part], engine: Engine, workers: int, plugins: Plugins, tell: Tell
) -> NodeTimes:
    times: NodeTimes = {}
    for done in engine(job, parts, workers, plugins):
        manifest.add(done)
        times = total((times, done.nodes))
        tell(done)
    return times


def _again(folder: Path, done: Done) -> Part | None:
    """The part of documents that failed in another; None where there are none to be linked again.

    What could not be read has no place any more: its error says where it stood.
    """
    if not done.failed:
        return None
    records = map(json.loads, read_lines(folder / done.failed_file))
    rows = [
        Row(number, None, record["error"])
        if record["document"] is None
        else Row(number, document_of(record["document"]))
        for number, record in enumerate(records, 1)
    ]
    if not any(row.item for row in rows):
        return None
    return Part(done.part, tuple(("", row) for row in rows), done.retry + 1)
