"""Who links the parts: threads around one pipeline, or processes with one each. Plugins bring others."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Protocol

from glinker_core.bulk.manifest import Done
from glinker_core.bulk.parts import Part
from glinker_core.bulk.worker import Job, Worker
from glinker_core.errors import GlinkerError
from glinker_core.plugins import Plugins


class Engine(Protocol):
    """What `glinker_engines` names: a function that has parts linked, in any order, with few of them alive."""

    def __call__(self, job: Job, parts: Iterator[Part], workers: int, plugins: Plugins) -> Iterator[Done]: ...


class WorkerError(GlinkerError):
    """A worker that is gone."""


def threads(job: Job, parts: Iterator[Part], workers: int, plugins: Plugins) -> Iterator[Done]:
    """Threads that share one pipeline, so that a store works while a model does."""
    with Worker(job, plugins) as worker, ThreadPoolExecutor(workers, thread_name_prefix="glinker") as pool:
        yield from _spread(pool, worker.link, parts, workers)


def processes(job: Job, parts: Iterator[Part], workers: int, plugins: Plugins) -> Iterator[Done]:  # noqa: ARG001  # each process finds its own plugins
    """Processes with a pipeline each, for pipelines that keep the interpreter busy."""
    context = multiprocessing.get_context("spawn")  # threads of models and connections of stores survive no fork
    try:
        with ProcessPoolExecutor(workers, context, _open, (job,)) as pool:
            yield from _spread(pool, _link, parts, workers)
    except BrokenProcessPool as error:
        raise WorkerError(
            "a worker process is gone: it was killed, or ran out of memory; what is done is kept, "
            "go on with --resume, with fewer --workers if memory was short"
        ) from error


def _spread(pool: Executor, link: Callable[[Part], Done], parts: Iterator[Part], workers: int) -> Iterator[Done]:
    """Parts to the pool, one more than it has workers; whatever goes wrong, those that wait are given up."""
    live: set[Future[Done]] = set()
    try:
        while live := live | {pool.submit(link, part) for part in islice(parts, workers + 1 - len(live))}:
            ready, live = wait(live, return_when=FIRST_COMPLETED)
            for future in sorted(ready, key=lambda one: one.result().part):
                yield future.result()
    finally:
        for future in live:
            future.cancel()


_workers: list[Worker] = []  # of this process, which has nothing else that lasts from one part to the next


def _open(job: Job) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    _workers.append(Worker(job))


def _link(part: Part) -> Done:
    return _workers[0].link(part)
