"""Import, size, memory and lookups of the stores `dict` and `sqlite` on one knowledge base.

    python benchmarks/stores.py FOLDER [FILE]

FOLDER holds FILE (default `geo/entities.jsonl.gz`), entities as JSON lines. Each store runs in a process of its own, so
that the peak of memory is its own. Entities are read and written as a stream; the time of reading is told apart.
Typos are one or two random edits in names of four letters and more. Rates are per second on one core; run it on a quiet
machine, and compare only rows of one run.
"""

from __future__ import annotations

import gc
import multiprocessing
import random
import resource
import string
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore

from glinker_core.builtin.readers import JsonlReader
from glinker_core.files import read_lines
from glinker_core.layers import Search, Store
from glinker_core.model import Entity

EXACT = Search(modes=("exact",))


def main() -> None:
    """Measure both stores and print one column for each."""
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    source = Path(sys.argv[1]) / (sys.argv[2] if len(sys.argv) == 3 else "geo/entities.jsonl.gz")
    if not source.is_file():
        sys.exit(f"{source}: is not there; give the folder of the development data, or a file in it")
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        columns = [pool.apply(measure, (kind, source)) for kind in ("dict", "sqlite")]
    print(f"{'':34}{'dict':>12}{'sqlite':>12}")
    for what in columns[1]:
        print(f"{what:34}{columns[0].get(what, '-'):>12}{columns[1][what]:>12}")


def measure(kind: str, source: Path) -> dict[str, str]:
    """What is told about one store."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "kb.db")
        store: Store = DictStore() if kind == "dict" else SqliteStore(str(path))
        store.open()
        before, clock = _peak(), _Clock()
        started = time.perf_counter()
        entities = store.upsert(clock.timed(_entities(source))).added
        took = time.perf_counter() - started
        peak = _peak() - before
        names = [name.surface for name in store.names()]
        told = {
            "entities": f"{entities:,}",
            "names": f"{len(names):,}",
            "import, entities/s": f"{entities / (took - clock.spent):,.0f}",
            "import with reading, entities/s": f"{entities / took:,.0f}",
            "peak RSS of it, MB": f"{peak:,.0f}",
        }
        if kind == "sqlite":
            store.close()
            told["file, MB"] = f"{path.stat().st_size / 1e6:,.0f}"
            started = time.perf_counter()
            store.open()
            told["open, ms"] = f"{(time.perf_counter() - started) * 1e3:,.1f}"
        draw = random.Random(1)
        gc.freeze()  # the names held here are no load of the store's
        known = draw.choices(names, k=20_000)
        typos = [_mistyped(name, draw) for name in known if len(name) >= 4][:2_000]
        told["exact, batches of 500"] = _rate(store, known, EXACT, 500)
        told["exact, one by one"] = _rate(store, known[:4_000], EXACT, 1)
        told["fuzzy, batches of 500"] = _rate(store, typos, Search(), 500)
        told["fuzzy, one by one"] = _rate(store, typos[:1_000], Search(), 1)
        store.close()
    return told


class _Clock:
    """Time spent waiting for an iterator."""

    spent = 0.0

    def timed(self, items: Iterator[Entity]) -> Iterator[Entity]:
        while True:
            started = time.perf_counter()
            item = next(items, None)
            self.spent += time.perf_counter() - started
            if item is None:
                return
            yield item


def _entities(source: Path) -> Iterator[Entity]:
    for row in JsonlReader().entities(read_lines(source)):
        if not isinstance(row.item, Entity):
            sys.exit(f"{source}, line {row.line}: {row.problem}")
        yield row.item


def _mistyped(name: str, draw: random.Random) -> str:
    letters = list(name)
    for _ in range(draw.choice((1, 2)) if len(name) >= 8 else 1):
        at, edit = draw.randrange(len(letters)), draw.randrange(4)
        new = [[draw.choice(string.ascii_lowercase)], [], [*letters[at : at + 2][::-1]], ["e", letters[at]]][edit]
        letters[at : at + (2 if edit == 2 else 1)] = new
    return "".join(letters)


def _rate(store: Store, names: Sequence[str], search: Search, size: int) -> str:
    started = time.perf_counter()
    for start in range(0, len(names), size):
        store.search(names[start : start + size], search)
    return f"{len(names) / (time.perf_counter() - started):,.0f}"


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
