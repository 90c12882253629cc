"""What a worker does, in whichever thread, process or machine: open the pipeline, link parts, write each as a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Any

import attrs
from attrs import define, field, frozen

from glinker_core.bulk.manifest import Done
from glinker_core.bulk.parts import Part
from glinker_core.entities import OnError
from glinker_core.errors import DataError, InputError, Problem
from glinker_core.executor import DAGExecutor
from glinker_core.files import json_line, replacing
from glinker_core.layers import DocumentWriter
from glinker_core.model import Document, LinkedDocument
from glinker_core.plugins import Plugins
from glinker_core.source import Source
from glinker_core.timing import Timings


@frozen
class Job:
    """Everything a worker needs to know; it can be sent to another process.

    `entities` is a file to load into the stores of the pipeline. A knowledge base whose revision is not `kb_revision`
    is refused, unless that is empty. `writer` is a component of the hook `glinker_writers`, `ending` that of its files.
    """

    source: Source
    folder: Path
    writer: str
    ending: str
    entities: Path | None = None
    kb_revision: str = ""
    all_candidates: bool = False
    batch_size: int = 32
    on_error: OnError = "skip"


@define
class Worker:
    """Links parts with one executor, which threads may share; a context manager that closes it."""

    job: Job
    plugins: Plugins = field(factory=Plugins.installed)
    _executor: DAGExecutor = field(init=False)
    _timings: Timings = field(factory=Timings, init=False)
    _writer: Callable[..., DocumentWriter] = field(init=False)

    def __attrs_post_init__(self) -> None:
        job = self.job
        self._writer = self.plugins.load(self.plugins.find(job.writer, "glinker_writers"))
        self.plugins.register("timings", self._timings)
        self._executor = DAGExecutor(job.source, plugins=self.plugins)
        if job.entities is not None:
            self._executor.load_entities(job.entities, on_error=job.on_error)

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.close()

    def link(self, part: Part) -> Done:
        """Link a part and write its file, and one of those that failed if any did; both are there whole or not."""
        job, tag = self.job, f"{part.number:06d}" + (f"-retry{part.retry}" if part.retry else "")
        file, failed_file = f"part-{tag}{job.ending}", f"failed-{tag}.jsonl"
        documents = [row.item for _, row in part.rows if isinstance(row.item, Document)]
        problems = [Problem(place, row.problem) for place, row in part.rows if row.item is None]
        if problems and job.on_error == "raise":
            raise DataError("documents that cannot be read", problems)
        failed: list[Mapping[str, Any]] = [{"error": str(problem), "document": None} for problem in problems]
        counts: Counter[str] = Counter()
        with self._timings.taken() as times, _file(job.folder / file) as stream:
            writer = self._writer(**{"all_candidates": True} if job.all_candidates else {})
            for document, linked in zip(documents, self._linked(documents, part.number), strict=True):
                if linked.error is not None:
                    failed.append({"error": linked.error, "document": attrs.asdict(document, recurse=False)})
                    continue
                stream.write(writer.write(linked))
                counts["documents"] += 1
                counts["mentions"] += len(linked.entities)
                counts["linked"] += sum(mention.is_linked for mention in linked.entities)
            stream.write(writer.end())
        if failed:
            with _file(job.folder / failed_file) as stream:
                stream.writelines(json_line(record).encode() for record in failed)
        return Done(
            part.number,
            file,
            (job.folder / file).stat().st_size,
            counts["documents"],
            counts["mentions"],
            counts["linked"],
            sum(len(document.text.encode("utf-8", "surrogatepass")) for document in documents) / 1000,
            len(failed),
            failed_file if failed else "",
            part.retry,
            times,
        )

    def _linked(self, documents: list[Document], part: int) -> Iterator[LinkedDocument]:
        job = self.job
        for linked in self._executor.stream(documents, job.batch_size, on_error=job.on_error):
            if job.kb_revision and linked.error is None and linked.kb_revision != job.kb_revision:
                raise InputError(
                    f"part {part}: the knowledge base has revision {linked.kb_revision}, and the run was begun with "
                    f"{job.kb_revision}; start again in another folder, or go on with --resume --accept-changes"
                )
            yield linked


@contextmanager
def _file(path: Path) -> Iterator[IO[bytes]]:
    with replacing(path, synced=True) as stream:
        yield stream.buffer
