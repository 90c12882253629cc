"""How long each node takes, read off the running hooks: no component knows of it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from attrs import define, field, frozen

from glinker_core.hookspecs import hookimpl
from glinker_core.runner import NodeCall


@frozen
class NodeTime:
    """The calls of a node, the texts it was given, the mentions it gave for them, and the seconds by the clock.

    `at_once` are the most calls that were under way together in one process, at work or waiting for each other.
    """

    calls: int = 0
    texts: int = 0
    mentions: int = 0
    seconds: float = 0.0
    at_once: int = 0

    def __add__(self, other: NodeTime) -> NodeTime:
        return NodeTime(
            self.calls + other.calls,
            self.texts + other.texts,
            self.mentions + other.mentions,
            self.seconds + other.seconds,
            max(self.at_once, other.at_once),
        )


#: By node, in the order in which they run.
NodeTimes = dict[str, NodeTime]


def total(parts: Iterable[Mapping[str, NodeTime]]) -> NodeTimes:
    """The sum of several."""
    summed: NodeTimes = {}
    for part in parts:
        for node, time_ in part.items():
            summed[node] = summed.get(node, NodeTime()) + time_
    return summed


@define
class Timings:
    """A plugin that takes the time of the nodes which one thread runs: `plugins.register("timings", Timings())`."""

    _local: threading.local = field(factory=threading.local, init=False, repr=False)
    _under_way: Counter[str] = field(factory=Counter, init=False, repr=False)
    _lock: Any = field(factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def taken(self) -> Iterator[NodeTimes]:
        """The times of what this thread runs in the block, which grow as it runs."""
        times: NodeTimes = {}
        self._local.times = times
        try:
            yield times
        finally:
            self._local.times = None

    @hookimpl(wrapper=True)
    def glinker_run_node(self, call: NodeCall) -> Generator[None, Any, Any]:
        """Add the time of one call."""
        node, began = call.node.id, time.perf_counter()
        with self._lock:
            self._under_way[node] += 1
            at_once = self._under_way[node]
        try:
            result = yield
        finally:
            with self._lock:
                self._under_way[node] -= 1
        times: NodeTimes | None = getattr(self._local, "times", None)
        if times is not None:
            mentions = sum(map(_mentions, result))
            took = NodeTime(1, len(result), mentions, time.perf_counter() - began, at_once)
            times[node] = times.get(node, NodeTime()) + took
        return result


def _mentions(item: Any) -> int:
    """How many mentions a node gave for one text: a sequence of them, or a document."""
    return len(getattr(item, "entities", item))
