"""Streams in an event loop; those without one are tested with the executor."""

import asyncio
import threading
import time

import pytest
from attrs import define

from glinker_core import DAGExecutor, InputError, NodeError, Plugins
from glinker_core.hookspecs import Component, hookimpl
from tests.fake_plugins import fakes, node, pipeline

SLOW: list[float] = []


@define
class Slow:
    """A recogniser that takes its time, and says when it began."""

    def recognize(self, texts):
        SLOW.append(time.monotonic())
        time.sleep(0.02)
        if "bad" in texts:
            raise ValueError("there is 'bad'")
        return [()] * len(texts)


class SlowPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_slow", "tests.test_streaming:Slow", "takes its time")


@pytest.fixture
def slow():
    SLOW.clear()
    plugins: Plugins = fakes(slow=SlowPlugin())
    with DAGExecutor(pipeline(node("l1", "l1_slow"), node("l0", "l0_aggregator")), plugins=plugins) as executor:
        yield executor


async def lazily(texts, read):
    for text in texts:
        read.append(text)
        yield text


async def collected(stream):
    return [linked async for linked in stream]


@pytest.mark.parametrize("workers", [1, 3])
def test_documents_come_in_order_from_lists_and_from_what_comes_when_it_comes(slow, workers):
    texts = [f"text {number}" for number in range(10)]
    plain = [(linked.id, linked.text) for linked in slow.stream(texts, 3)]
    for source in (texts, lazily(texts, [])):
        found = asyncio.run(collected(slow.astream(source, 3, workers)))
        assert [(linked.id, linked.text) for linked in found] == plain


def test_the_event_loop_stays_free(slow):
    async def both():
        beats = 0

        async def beat():
            nonlocal beats
            while True:
                await asyncio.sleep(0.001)
                beats += 1

        heart = asyncio.create_task(beat())
        await collected(slow.astream(["x"] * 5, 1))
        heart.cancel()
        return beats

    assert asyncio.run(both()) > 5


@pytest.mark.parametrize("workers", [1, 2])
def test_no_more_is_read_than_whoever_listens_takes(slow, workers):
    async def some():
        read = []
        stream = slow.astream(lazily(map(str, range(100)), read), 2, workers)
        first = [await anext(stream) for _ in range(2)]
        await stream.aclose()
        return first, read

    first, read = asyncio.run(some())
    assert [linked.text for linked in first] == ["0", "1"]
    assert len(read) <= 2 * (workers + 1)


def test_leaving_stops_the_work(slow):
    async def cancelled():
        task = asyncio.create_task(collected(slow.astream(["x"] * 1000, 1)))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
    for thread in threading.enumerate():
        if thread.name.startswith("glinker"):
            thread.join(5)
    assert len(SLOW) < 20


def test_errors_arrive_or_are_passed_over(slow):
    texts = ["good", "bad", "good"]
    with pytest.raises(NodeError, match="there is 'bad'"):
        asyncio.run(collected(slow.astream(texts)))
    found = asyncio.run(collected(slow.astream(texts, on_error="skip")))
    assert [linked.error is None for linked in found] == [True, False, True]


def test_what_is_no_list_of_texts_is_refused_at_once(slow):
    with pytest.raises(InputError, match="expected a list of texts"):
        slow.astream("one text")
    with pytest.raises(InputError, match="must be at least 1"):
        slow.astream(["x"], batch_size=0)
