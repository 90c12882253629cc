"""One method in a process of its own, and what is measured of it there."""

from __future__ import annotations

import gc
import multiprocessing
import resource
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from corpora import read_entities
from methods import OURS, Method
from peers import PEERS
from queries import Query

from glinker_core.model import Entity

METHODS = {**PEERS, **OURS}
RANKS = (1, 10, 30)
_WORKLOAD_SECONDS = 5.0  # for the lookups of each way before memory is read

Facts = dict[str, Any]


class Measured:
    """A method and its measures; lives in the process that `apart` starts."""

    def __init__(self, kind: str, path: Path) -> None:
        self._kind, self._path = kind, path

    @cached_property
    def _method(self) -> Method:
        return METHODS[self._kind](self._path)

    def build(self, source: Path) -> Facts:
        """Add all entities of a file, as they are read; the time of reading is told apart."""
        self._method.erase()
        self._method.open()
        clock = _Clock()
        started = time.perf_counter()
        self._method.add(clock.timed(read_entities(source)))
        took = time.perf_counter() - started
        return {
            "build, s": took - clock.spent,
            "import, entities/s": clock.items / (took - clock.spent),
            "import with reading, entities/s": clock.items / took,
            "peak memory of the process, MB": _peak(),
            "lasting": self._method.lasting,
            "edits": self._method.edits,
            "ways": self._method.ways(),
        }

    def size(self) -> Facts:
        """Bytes on disk, once everything is written."""
        self._method.close()
        return {"file, MB": self._method.size() / 1e6}

    def open(self, exact: str, fuzzy: str) -> Facts:
        """Open what is there already, and answer for the first time."""
        imported = _timed(getattr, self, "_method") * 1e3
        before = _resident()["resident memory, MB"]
        started = time.perf_counter()
        self._method.open()
        self._method.search("exact", [exact])
        answered = time.perf_counter()
        self._method.search("fuzzy", [fuzzy])
        return {
            "import of its modules, ms": imported,
            "resident before, MB": before,
            "open to first answer, ms": (answered - started) * 1e3,
            "first fuzzy answer, ms": (time.perf_counter() - answered) * 1e3,
        }

    def memory(self, by_way: dict[str, list[str]]) -> Facts:
        """Resident memory after lookups of each way."""
        for way, names in by_way.items():
            self.rate(way, names, self._method.batch, _WORKLOAD_SECONDS)
        gc.collect()
        return _resident()

    def rate(self, way: str, names: Sequence[str], batch: int | None, seconds: float) -> float:
        """Names per second, until there are no more or the time is over; `batch` None is as many as suit the method."""
        size = batch or self._method.batch
        done, started = 0, time.perf_counter()
        while done < len(names) and (done == 0 or time.perf_counter() - started < seconds):
            self._method.search(way, names[done : done + size])
            done += size
        return min(done, len(names)) / (time.perf_counter() - started)

    def recall(self, way: str, queries: Sequence[Query], seconds: float) -> Facts:
        """How many of the queries, as far as time goes, found their entity within each rank, or anything at all."""
        size, done, answered, hits = self._method.batch, 0, 0, [0] * len(RANKS)
        started = time.perf_counter()
        while done < len(queries) and (done == 0 or time.perf_counter() - started < seconds):
            part = queries[done : done + size]
            done += len(part)
            for query, found in zip(part, self._method.search(way, [query.text for query in part]), strict=True):
                ids = self._method.ids(found)
                answered += bool(ids)
                for place, rank in enumerate(RANKS):
                    hits[place] += query.entity_id in ids[:rank]
        return {"n": done, "answered": answered, **dict(zip(map(str, RANKS), hits, strict=True))}

    def edits(self, batches: Sequence[Sequence[Entity]], dozens: Sequence[Sequence[Entity]]) -> Facts:
        """Add new entities to all that are there, many and a dozen at a time, and remove them again."""
        facts: Facts = {}
        if "add" in self._method.edits:
            took = [_timed(self._method.add, batch) for batch in batches]
            facts["upsert in thousands, entities/s"] = len(batches[0]) / _median(took)
            found = self._method.search("exact", [entity.label for entity in batches[-1]])
            assert all(e.entity_id in self._method.ids(f) for e, f in zip(batches[-1], found, strict=True)), "is lost"
            facts["upsert of a dozen, ms"] = _median([_timed(self._method.add, dozen) for dozen in dozens]) * 1e3
        if "remove" in self._method.edits:
            ids = [[entity.entity_id for entity in batch] for batch in batches]
            facts["delete in thousands, entities/s"] = len(ids[0]) / _median(
                [_timed(self._method.remove, batch) for batch in ids]
            )
        return facts

    def erase(self) -> None:
        """Leave nothing behind."""
        self._method.close()
        self._method.erase()


class _Processes(BaseManager):
    """Makes `Measured` in a process of its own and passes calls on to it."""


# named, or the method would be made to find them out, where nobody expects that it may be missing
_Processes.register("measured", Measured, exposed=[name for name in vars(Measured) if not name.startswith("_")])


@contextmanager
def apart(kind: str, path: Path) -> Iterator[Measured]:
    """A method in a fresh process, for as long as the context lasts."""
    with _Processes(ctx=multiprocessing.get_context("spawn")) as processes:
        yield processes.measured(kind, path)  # type: ignore[attr-defined]  # made by register()


class _Clock:
    """Counts the items of an iterator, and the time spent waiting for them."""

    spent, items = 0.0, 0

    def timed(self, items: Iterator[Entity]) -> Iterator[Entity]:
        while True:
            started = time.perf_counter()
            item = next(items, None)
            self.spent += time.perf_counter() - started
            if item is None:
                return
            self.items += 1
            yield item


def _timed(call: Callable[..., object], *arguments: Any) -> float:
    started = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - started


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _peak() -> float:
    """The most memory this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def _resident() -> Facts:
    """Resident memory now, and what of it no other process shares; on other systems than Linux, the peak."""
    rollup = Path("/proc/self/smaps_rollup")
    if not rollup.exists():
        return {"resident memory, MB": _peak()}
    sizes = {line.split(":")[0]: int(line.split()[1]) for line in rollup.read_text().splitlines()[1:]}
    private = sizes["Private_Clean"] + sizes["Private_Dirty"]
    return {"resident memory, MB": sizes["Rss"] / 1e3, "of which private, MB": private / 1e3}
