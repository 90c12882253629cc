"""A process killed while it writes, at 50 random points: the file holds the last write that ended, whole."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field
from glinker_stores.sqlite import SqliteStore

from glinker_core.layers import Search
from glinker_core.model import Entity

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")

#: What the writes of each turn bring; every upsert says in which turn it was.
TURNS = """
import random
from glinker_core.model import Entity

def upserted(job, turn):
    clock = Entity("clock", f"turn number {turn}", (f"writes so far {turn}",))
    if job != "small":
        return [clock, *(Entity(f"b{n}", f"bulk {n} as of {turn}", (f"alias {n}",), "d" * 50) for n in range(300))]
    chance = random.Random(turn)
    ids = chance.sample(range(200), 5)
    return [clock, *(Entity(f"s{n}", f"small {n} as of {turn}", (f"same {n}",), f"words {turn}", "", n) for n in ids)]

def deleted(job, turn):
    return [f"s{n}" for n in random.Random(-turn).sample(range(200), 3)] if job == "small" else ["nobody"]
"""

#: Does each job in a process of its own, which is there quickly since everything is imported already.
NURSERY = (
    TURNS
    + """
import os, signal, sys
from glinker_stores import sql
from glinker_stores.index import parts
from glinker_stores.sqlite import SqliteStore

parts._SMALL = 40  # so that parts of the index are merged all the time
sql._CHUNK = 50

def say(word):
    os.write(1, f"{word}\\n".encode())

say("ready")
while "\\t" in (line := sys.stdin.readline()):
    path, job, turn = line.rstrip().split("\\t")
    child = os.fork()
    if not child:
        say("started")
        store = SqliteStore(path)
        store.open()
        for turn in range(int(turn) + 1, int(turn) + (2 if job == "import" else 1000)):
            store.upsert(upserted(job, turn))
            say(f"upserted {turn}")
            store.delete(deleted(job, turn))
            say(f"deleted {turn}")
        os._exit(0)
    sys.stdin.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    say("gone")
"""
)
_turns: dict[str, Any] = {}
exec(TURNS, _turns)


@pytest.fixture(scope="module")
def nursery() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    yield process
    process.communicate("kill\n")


@define
class Job:
    """What is written to one file, and what should be in it."""

    path: Path
    kind: str
    turn: int = 0
    writes: int = 0
    model: dict[str, Entity] = field(factory=dict)

    def killed_after(self, nursery: subprocess.Popen[str], seconds: float | None) -> list[str]:
        """Let it be written for a while, or for one turn; gives what was said to have been done."""
        assert nursery.stdin is not None
        assert nursery.stdout is not None
        nursery.stdin.write(f"{self.path}\t{self.kind}\t{self.turn}\n")
        assert nursery.stdout.readline() == "started\n"
        said = [] if seconds is not None else [nursery.stdout.readline(), nursery.stdout.readline()]
        time.sleep(seconds or 0)
        nursery.stdin.write("kill\n")
        return [*said, *iter(nursery.stdout.readline, "gone\n")]

    def upsert(self) -> None:
        self.turn += 1
        self.writes += 1
        self.model |= {entity.entity_id: entity for entity in _turns["upserted"](self.kind, self.turn)}

    def delete(self) -> None:
        gone = [self.model.pop(one, None) for one in _turns["deleted"](self.kind, self.turn)]
        self.writes += any(gone)

    def check(self, said: list[str]) -> None:
        """All that was said to be done is there, and perhaps one write more."""
        for word in said:
            self.upsert() if word.startswith("upserted") else self.delete()
        with closing(SqliteStore(str(self.path))) as store:
            store.open()
            there = {entity.entity_id: entity for entity in store.entities()}
            if there != self.model and said and said[-1].startswith("upserted"):
                self.delete()
            elif there != self.model:
                self.upsert()
            assert there == self.model
            assert int(store.revision.partition("-")[0]) == self.writes + 1
            self._search(store)
        with closing(sqlite3.connect(self.path)) as file:
            assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]

    def _search(self, store: SqliteStore) -> None:
        """What is there is found, and nothing else."""
        some = random.Random(self.turn).sample(sorted(self.model), min(len(self.model), 40))
        known = [self.model[entity_id] for entity_id in some]
        for mode, names in {
            "exact": [entity.label for entity in known],
            "fuzzy": [f"{entity.label[1]}{entity.label[0]}{entity.label[2:]}" for entity in known],
            "partial": [entity.label.split(" as ")[0] for entity in known if " as " in entity.label],
        }.items():
            found = store.search(names, Search(modes=(mode,), limit=300))
            for entity, candidates in zip(known, found, strict=mode != "partial"):
                assert mode == "partial" or entity in [one.entity for one in candidates], mode
                assert all(one.entity == self.model[one.entity_id] for one in candidates), mode
        assert {name.entity_id for name in store.names()} == set(self.model)


@pytest.mark.parametrize(("kind", "kills", "turns"), [("import", 16, 1), ("bulk", 16, 2.5), ("small", 18, 4)])
def test_a_file_holds_the_last_whole_write_whenever_its_writer_is_killed(
    nursery: subprocess.Popen[str], tmp_path: Path, kind: str, kills: int, turns: float
):
    job, chance, cut_short = Job(tmp_path / "kb.db", kind), random.Random(kind), 0
    start = time.monotonic()
    said = job.killed_after(nursery, None)
    longest = turns * (time.monotonic() - start)
    job.check(said)
    for kill in range(kills):
        if kind == "import":
            job = Job(tmp_path / f"{kill}.db", kind)
        said = job.killed_after(nursery, chance.uniform(0, longest))
        cut_short += kind != "import" or len(said) < 2
        job.check(said)
    assert cut_short, "no write was cut short: nothing was tried"
