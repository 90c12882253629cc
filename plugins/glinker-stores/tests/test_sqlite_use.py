"""A `SqliteStore` in use: writes that fail, and threads and processes at the same time."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import sqlalchemy as sa
from glinker_stores import lookup, sql
from glinker_stores.sqlite import SqliteStore
from sqlalchemy.engine import Engine

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity, evolve

PARIS = Entity("1", "Paris", ("Lutetia",), popularity=2)
EXACT = Search(modes=("exact",))
Make = Callable[..., SqliteStore]


def many(count: int = 3000) -> Iterator[Entity]:
    return (Entity(f"new-{n}", f"a new name {n}", description="d" * 100) for n in range(count))


def state(store: SqliteStore) -> object:
    return store.revision, list(store.entities()), sorted(store.names()), store.search(["a new nmae 7"], Search())


def test_a_full_disk_is_told_and_nothing_is_written(make: Make, path: str):
    make(path, PARIS).close()

    def fill_disk(file: sqlite3.Connection, _: object) -> None:
        file.execute("PRAGMA max_page_count = 40")

    sa.event.listen(Engine, "connect", fill_disk)
    try:
        store = make(path)
        before = state(store)
        with pytest.raises(StoreError, match=r"kb\.db: the disk is full, nothing was written; free some space"):
            store.upsert(many())
        assert state(store) == before
        store.upsert([evolve(PARIS, popularity=3)])
    finally:
        sa.event.remove(Engine, "connect", fill_disk)
    store.close()
    assert make(path).get(["1"]) == [evolve(PARIS, popularity=3)]


def test_a_writer_waits_for_another_and_then_says_so(make: Make, path: str):
    store, other = make(path, PARIS), make(path)

    def entities() -> Iterator[Entity]:
        yield Entity("2", "Troy")
        assert other.search(["Paris"], EXACT)[0], "readers do not wait"
        assert make(path).count() == 1, "nor do those that come now"
        with pytest.raises(StoreError, match=r"kb\.db: another writer did not finish within 0\.1 s; try again"):
            other.upsert([Entity("3", "Sparta")])

    store.upsert(entities())
    assert [entity.entity_id for entity in other.entities()] == ["1", "2"]
    assert other.upsert([Entity("3", "Sparta")]).added == 1


def test_an_iterable_that_raises_late_leaves_the_file_as_it_was(make: Make, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "_CHUNK", 100)
    store = make(path, PARIS)
    before = state(store)

    def entities() -> Iterator[Entity]:
        yield evolve(PARIS, label="Other", aliases=())
        yield from many()
        raise LookupError("line 3002 is broken")

    with pytest.raises(LookupError, match="line 3002"):
        store.upsert(entities())
    assert state(store) == before


def test_a_process_killed_while_it_writes_leaves_the_last_revision(make: Make, path: str):
    store = make(path, PARIS)
    before = state(store)
    code = """
import sys, time
from glinker_core.model import Entity
from glinker_stores.sqlite import SqliteStore
def entities():
    yield Entity("1", "Other")
    for n in range(30_000):
        yield Entity(f"new-{n}", f"a new name {n}", description="d" * 300)
    print("half way", flush=True)
    time.sleep(600)
store = SqliteStore(sys.argv[1])
store.open()
store.upsert(entities())
"""
    writer = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "half way\n"
    assert Path(f"{path}-wal").stat().st_size > 1_000_000, "nothing was written yet"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert state(store) == before
    store.close()
    again = make(path)
    assert state(again) == before
    assert again.upsert([Entity("2", "Troy")]).added == 1


def test_threads_see_whole_writes_whatever_is_written_meanwhile(make: Make, path: str):
    versions = [[Entity(str(n), name, popularity=n) for n in range(30)] for name in ("Constantinople", "Byzantium")]
    writer, store = make(path, *versions[0], timeout=10), make(path, timeout=10)
    expected = {version[0].label: sorted(version, key=lambda entity: -entity.popularity) for version in versions}

    def read(_: int) -> None:
        for name, entities in expected.items():
            (found,) = store.search([name], EXACT)
            assert [candidate.entity for candidate in found] in ([], entities)

    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(read, n) for n in range(100)]
        for turn in range(20):
            writer.upsert(versions[turn % 2])
        for done in reads:
            done.result()


def test_the_index_holds_nothing_of_what_is_gone(make: Make, path: str):
    store = make(path, Entity("1", "Istanbul", ("Constantinople",)), Entity("2", "istanbul", ("Byzantium",)))

    def indexed() -> list[str]:
        with store.reading() as connection:
            parts = store.index(connection, store.revision)
            return [key for live in parts.live for key in live.part.all_keys()]

    store.upsert([Entity("1", "Ankara")])
    assert indexed() == ["ankara", "byzantium", "istanbul"]
    store.delete(["1", "2"])
    assert indexed() == []


def test_a_search_sees_one_state_from_its_first_question_to_its_last(
    make: Make, path: str, monkeypatch: pytest.MonkeyPatch
):
    store, writer = make(path, PARIS), make(path)
    search = lookup.search

    def write_and_search(*args: Any) -> Any:
        writer.upsert([evolve(PARIS, label="Troy", aliases=())])
        return search(*args)

    monkeypatch.setattr(lookup, "search", write_and_search)
    assert [candidate.entity for candidate in store.search(["Paris"], EXACT)[0]] == [PARIS]
    assert store.search(["Paris"], EXACT) == [()]


def test_a_search_of_one_state_is_not_disturbed_by_a_write(make: Make, path: str):
    store, writer = make(path, PARIS), make(path)
    reading = store.entities()
    assert next(reading) == PARIS
    writer.upsert([evolve(PARIS, popularity=9), Entity("2", "Troy")])
    assert list(reading) == []
    assert store.count() == 2


def test_what_another_store_writes_is_seen_at_once(make: Make, path: str):
    reader, writer = make(path, PARIS, read_only=False), make(path)
    reader.search(["Paris"], EXACT)
    before = reader.revision
    writer.upsert([evolve(PARIS, popularity=9)])
    assert reader.revision != before
    assert reader.search(["Paris"], EXACT)[0][0].entity.popularity == 9


def test_copies_of_a_file_that_then_differ_have_different_revisions(make: Make, path: str, tmp_path: Path):
    make(path, PARIS).close()
    copy = str(shutil.copy(path, tmp_path / "copy.db"))
    stores = make(path), make(copy)
    assert stores[0].revision == stores[1].revision
    for store, label in zip(stores, ("Troy", "Sparta"), strict=True):
        store.upsert([Entity("2", label)])
    assert stores[0].revision != stores[1].revision


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_store_opened_before_a_fork_works_on_both_sides(path: str):
    code = """
import os, sys
from glinker_core.layers import Search
from glinker_core.model import Entity
from glinker_stores.sqlite import SqliteStore
store = SqliteStore(sys.argv[1])
store.open()
store.upsert([Entity("1", "Paris")])
parents, child = store._database, os.fork()
found = store.search(["Paris"], Search())[0][0].entity_id
store.upsert([Entity(f"from {'parent' if child else 'child'}", found)])
if not child:
    assert store._database is not parents
    store.close()
    os._exit(0)
assert store._database is parents
assert os.waitpid(child, 0)[1] == 0
idle = os.fork()
if not idle:
    store.close()
    os._exit(0)
assert os.waitpid(idle, 0)[1] == 0
print(store.count())
store.close()
"""
    done = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_processes_that_open_a_new_file_at_once_make_one_store(path: str):
    code = """
import sys
from glinker_core.model import Entity
from glinker_stores.sqlite import SqliteStore
sys.stdin.readline()
store = SqliteStore(sys.argv[1])
store.open()
store.upsert([Entity(sys.argv[2], "Paris")])
store.close()
"""
    processes = [
        subprocess.Popen([sys.executable, "-c", code, path, str(n)], stdin=subprocess.PIPE, text=True) for n in range(4)
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 4
    store = SqliteStore(path)
    store.open()
    assert store.count() == 4
    store.close()


def test_a_file_that_becomes_a_store_while_it_is_looked_at_is_one(make: Make, path: str):
    with ThreadPoolExecutor(1) as pool:
        looked, others = Event(), []

        def hurry(_1: object, _2: object, statement: str, *_: object) -> None:
            if statement == "PRAGMA application_id" and not looked.is_set():  # before the tables are counted
                looked.set()
                others.append(pool.submit(make, path, PARIS, timeout=10))
                time.sleep(0.3)

        sa.event.listen(Engine, "after_cursor_execute", hurry)
        try:
            store = make(path, timeout=10)
        finally:
            sa.event.remove(Engine, "after_cursor_execute", hurry)
        assert others[0].result().get(["1"]) == store.get(["1"]) == [PARIS]


def test_many_threads_may_search_at_once(make: Make, path: str):
    store = make(path, PARIS)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: store.search(["Paris", "Pariss"], Search()), range(200)))
    assert all(one == answers[0] for one in answers)
