"""Documents through a pipeline, lazily and in order: one batch after the other, in threads, or in an event loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from glinker_core.errors import InputError
from glinker_core.inputs import batches, document_at
from glinker_core.model import Document, LinkedDocument
from glinker_core.runner import Cancelled

#: Links one batch, whose number comes with it, unless it is told to stop.
LinkBatch = Callable[[list[Document], int, Cancelled], list[LinkedDocument]]


def stream(
    link: LinkBatch, documents: Iterable[str | Document], size: int, workers: int, cancel: Event | None
) -> Iterator[LinkedDocument]:
    """Linked documents in order, with at most `workers` + 1 batches alive."""
    stop = Event()

    def cancelled() -> bool:
        return stop.is_set() or (cancel is not None and cancel.is_set())

    if workers == 1:
        for number, batch in batches(documents, size):
            yield from link(batch, number, cancelled)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="glinker") as pool:
        live: deque[Future[list[LinkedDocument]]] = deque()
        try:
            for number, batch in batches(documents, size):
                live.append(pool.submit(link, batch, number, cancelled))
                if len(live) > workers:
                    yield from live.popleft().result()
            while live:
                yield from live.popleft().result()
        finally:
            stop.set()  # nothing is left to do but after an error or an iterator that was closed
            for future in live:
                future.cancel()


async def astream(
    link: LinkBatch, documents: Iterable[str | Document] | AsyncIterable[str | Document], size: int, workers: int
) -> AsyncIterator[LinkedDocument]:
    """As `stream`, for an event loop: batches run in threads, and no more is read than whoever listens takes."""
    stop = Event()
    live: deque[asyncio.Future[list[LinkedDocument]]] = deque()
    loop = asyncio.get_running_loop()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="glinker")
    try:
        async for number, batch in _batches(documents, size):
            live.append(loop.run_in_executor(pool, link, batch, number, stop.is_set))
            if len(live) > workers:
                for linked in await live.popleft():
                    yield linked
        while live:
            for linked in await live.popleft():
                yield linked
    finally:
        stop.set()
        for future in live:
            future.cancel()
        pool.shutdown(wait=False)  # an event loop waits for nobody


async def _batches(
    documents: Iterable[str | Document] | AsyncIterable[str | Document], size: int
) -> AsyncIterator[tuple[int, list[Document]]]:
    """As `inputs.batches`, of what comes when it comes."""
    if not isinstance(documents, AsyncIterable):
        for numbered in batches(documents, size):
            yield numbered
        return
    number, position = 0, 0
    batch: list[Document] = []
    async for item in documents:
        batch.append(document_at(item, position))
        position += 1
        if len(batch) == size:
            yield number, batch
            number, batch = number + 1, []
    if batch:
        yield number, batch


def check_sizes(batch_size: int, workers: int) -> None:
    """Refuse sizes that make no sense."""
    if batch_size < 1 or workers < 1:
        raise InputError(f"batch_size and workers must be at least 1, got {batch_size} and {workers}")
