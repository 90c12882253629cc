"""What `glinker link --into FOLDER` does: a run that can be stopped, gone on with, and shared out among workers."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve, frozen

from glinker_core import __version__
from glinker_core.bulk.engines import Engine
from glinker_core.bulk.manifest import Done, Identity, Manifest
from glinker_core.bulk.run import Summary, go_on, link_all, retry_failed
from glinker_core.bulk.worker import Job
from glinker_core.cli.console import many, progress, say
from glinker_core.cli.documents import Inputs
from glinker_core.cli.profile import profile
from glinker_core.executor import DAGExecutor
from glinker_core.files import digest_of
from glinker_core.graph import Graph
from glinker_core.plugins import Plugins

ENGINES = "glinker_engines"
_RECENT = 20  # parts by which the pace is told


@frozen
class Options:
    """What the user says of a run into a folder, beside what to link with what."""

    folder: Path
    engine: str
    workers: int
    part_size: int
    resume: bool
    retry_failed: bool
    accept_changes: bool
    profile: Path | None
    quiet: bool


def link_into(options: Options, job: Job, inputs: Inputs, plugins: Plugins) -> None:
    """Link the inputs into the folder, or go on with it; the summary counts what all runs together have done."""
    engine: Engine = plugins.load(plugins.find(options.engine, ENGINES))
    job, identity = _identified(options, job, inputs, plugins)
    if options.resume or options.retry_failed:
        manifest = go_on(options.folder, identity, options.accept_changes, reads_inputs=not options.retry_failed)
    else:
        manifest = Manifest.begin(options.folder, identity)
    with ExitStack() as stack:
        stack.callback(inputs.close)
        tell = stack.enter_context(progress("linking", not options.quiet))
        pace = _Pace(tell, inputs)
        try:
            if options.retry_failed:
                done = retry_failed(manifest, job, engine, options.workers, plugins, pace)
            else:
                done = link_all(manifest, job, inputs.rows(), engine, options.workers, plugins, pace)
        except KeyboardInterrupt:
            say(f"stopped; {many(len(manifest.done), 'part')} of {options.folder} done, go on with --resume")
            raise
    if options.profile is not None:
        profile(done.nodes, options.profile)
    if not options.quiet:
        say(_summary(done, options.folder, pace))


def _identified(options: Options, job: Job, inputs: Inputs, plugins: Plugins) -> tuple[Job, Identity]:
    """The job with the revision of entities it must keep to, and what its result depends on."""
    with DAGExecutor(job.source, plugins=plugins) as executor:
        revision = f"entities {digest_of(job.entities)}" if job.entities else executor.resources.kb.revision
        versions = _versions(executor.graph, plugins)
    identity = Identity(
        job.source.digest, revision, inputs.digests(), job.writer, job.all_candidates, options.part_size, versions
    )
    return evolve(job, kb_revision="" if job.entities else revision), identity


def _versions(graph: Graph, plugins: Plugins) -> Mapping[str, str]:
    """The versions of the distributions whose components run."""
    used = [plugins.plugins[node.offer.plugin] for node in graph.nodes if node.offer.plugin in plugins.plugins]
    return {"glinker-core": __version__, **{plugin.distribution: plugin.version for plugin in used if plugin.version}}


class _Pace:
    """Says how far a run is: documents, what a second does, what failed, the time left, and who takes it."""

    def __init__(self, tell: Callable[[str], None], inputs: Inputs) -> None:
        self._say, self._inputs = tell, inputs
        self._began = time.monotonic()
        self._recent: deque[tuple[float, int, float]] = deque([(self._began, 0, 0.0)], _RECENT)
        self.documents, self.kilobytes, self.failed = 0, 0.0, 0
        self._nodes: dict[str, float] = {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began

    def __call__(self, done: Done) -> None:
        self.documents += done.documents
        self.kilobytes += done.kilobytes
        self.failed += done.failed
        for node, took in done.nodes.items():
            self._nodes[node] = self._nodes.get(node, 0.0) + took.seconds
        self._recent.append((time.monotonic(), self.documents, self.kilobytes))
        self._say(", ".join(self._parts()))

    def _parts(self) -> Iterator[str]:
        (began, documents, kilobytes), (now, *_) = self._recent[0], self._recent[-1]
        took = max(now - began, 1e-9)
        yield many(self.documents, "document")
        yield f"{(self.documents - documents) / took:,.0f}/s"
        yield f"{(self.kilobytes - kilobytes) / took / 1000:,.2f} MB/s"
        if self.failed:
            yield f"{self.failed:,} failed"
        if share := self._inputs.share:
            left = max(self.seconds / share - self.seconds, 0)
            yield f"{left / 60:,.0f} min left" if left > 90 else f"{left:,.0f} s left"
        if whole := sum(self._nodes.values()):
            yield " ".join(f"{node} {took / whole:.0%}" for node, took in self._nodes.items())


def _summary(done: Summary, folder: Path, pace: _Pace) -> str:
    took = max(pace.seconds, 1e-9)
    told = (
        f"{folder}: {many(done.documents, 'document')} in {many(done.parts, 'part')}, {done.kilobytes:,.1f} kB of "
        f"text: {many(done.mentions, 'mention')}, {done.linked:,} linked, {done.mentions - done.linked:,} NIL; "
        f"{pace.documents:,} of them now, in {took:.2f} s ({pace.documents / took:,.0f}/s)"
    )
    if not done.failed:
        return told
    return f"{told}; {done.failed:,} failed, see {folder}/failed-*.jsonl; try them again with --retry-failed"
