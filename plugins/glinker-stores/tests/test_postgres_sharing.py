"""A `PostgresStore` that several use at once: one state per search, other writers, threads, processes, connections."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from glinker_stores import lookup, sql

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity, evolve
from tests import services

from .postgres_stores import EXACT, FUZZY, PARIS, Open, execute, many, state


def test_a_search_sees_one_state_from_its_first_question_to_its_last(open_store: Open, monkeypatch: pytest.MonkeyPatch):
    store, writer = open_store(PARIS), open_store()
    search = lookup.search

    def write_and_search(*args: Any) -> Any:
        writer.upsert([evolve(PARIS, label="Troy", aliases=())])  # the index of before is not kept either
        return search(*args)

    for mode, name in (("exact", "Paris"), ("fuzzy", "Pariss"), ("text", "capital")):
        writer.upsert([PARIS])
        monkeypatch.setattr(sql.lookup, "search", write_and_search)
        assert [candidate.entity for candidate in store.search([name], Search(modes=(mode,)))[0]] == [PARIS], mode
        monkeypatch.setattr(sql.lookup, "search", search)
    assert store.search(["Paris", "Pariss"], Search()) == [(), ()]


def test_entities_and_names_are_those_of_one_state(open_store: Open):
    store, writer = open_store(PARIS, *many()), open_store()
    entities, names = store.entities(), store.names()
    first = next(entities), next(names)
    writer.delete(["1", "new-7"])
    assert len([first[0], *entities]) == 3001
    assert len([first[1], *names]) == 3002
    assert store.count() == 2999


def test_what_another_store_writes_is_seen_at_once(open_store: Open):
    reader, writer = open_store(PARIS), open_store()
    assert reader.search(["Pariss"], FUZZY)[0]
    before = reader.revision
    writer.upsert([evolve(PARIS, popularity=9)])
    assert reader.revision != before
    assert reader.search(["Pariss"], FUZZY)[0][0].entity.popularity == 9


def test_a_writer_waits_for_another_and_then_says_so(open_store: Open, other_schema: str):
    store, other = open_store(PARIS), open_store(timeout=0.3)

    def entities() -> Iterator[Entity]:
        yield Entity("2", "Troy")
        assert other.search(["Paris"], EXACT)[0], "readers do not wait"
        assert open_store(timeout=0.3).count() == 1, "nor do those that come now"
        open_store(Entity("3", "Sparta"), schema=other_schema, timeout=0.3)
        with pytest.raises(StoreError, match=r"schema \w+: another writer did not finish within 0\.3 s; try again, or"):
            other.upsert([Entity("3", "Sparta")])

    store.upsert(entities())
    assert [entity.entity_id for entity in other.entities()] == ["1", "2"]
    assert other.upsert([Entity("3", "Sparta")]).added == 1


def test_a_writer_that_waited_sees_what_was_written_meanwhile(open_store: Open):
    store, other = open_store(PARIS), open_store()
    with ThreadPoolExecutor(1) as pool:

        def entities() -> Iterator[Entity]:
            yield Entity("2", "Troy")
            waiting.append(pool.submit(other.upsert, [Entity("2", "Ilion"), Entity("3", "Sparta")], "keep"))
            while not execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"):
                assert not waiting[0].done()

        waiting: list[Any] = []
        store.upsert(entities())
        said = waiting[0].result()
    assert (said.added, said.kept) == (1, 1)
    assert store.get(["2"]) == [Entity("2", "Troy")]


def test_an_iterable_that_raises_late_leaves_everything_as_it_was(open_store: Open, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "_CHUNK", 100)
    store = open_store(PARIS)
    before = state(store)

    def entities() -> Iterator[Entity]:
        yield evolve(PARIS, label="Other", aliases=())
        yield from many()
        raise psycopg.OperationalError("the database that entities come from is down")

    with pytest.raises(psycopg.OperationalError, match="entities come from"):  # not a failure of the store
        store.upsert(entities())
    assert state(store) == before
    assert store.upsert([Entity("2", "Troy")]).added == 1


KILLED = """
import sys, time
from glinker_core.model import Entity
from glinker_stores import sql
from glinker_stores.postgres import PostgresStore
url, schema, moment = sys.argv[1:]
def stop():
    print("now", flush=True)
    time.sleep(600)
def entities():
    yield Entity("1", "Other")
    for n in range(5000):
        yield Entity(f"new-{n}", f"a new name {n}", description="d" * 300)
    if moment == "half way":
        stop()
if moment == "in the index":
    sql.blocks.add_part = lambda *_: stop()
store = PostgresStore(url, schema=schema)
store.open()
store.upsert(entities())
"""


@pytest.mark.parametrize("moment", ["half way", "in the index"])
def test_a_process_killed_while_it_writes_leaves_the_last_revision(open_store: Open, moment: str):
    store = open_store(PARIS, timeout=10)
    before = state(store)
    command = [sys.executable, "-c", KILLED, store.url, store.schema, moment]
    writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "now\n"
    writer.send_signal(signal.SIGKILL)
    writer.communicate()
    assert state(store) == before
    assert store.upsert([Entity("2", "Troy")]).added == 1, "the next writer waits until the server has noticed"


def test_threads_see_whole_writes_whatever_is_written_meanwhile(open_store: Open):
    versions = [[Entity(str(n), name, popularity=n) for n in range(30)] for name in ("Constantinople", "Byzantium")]
    writer, store = open_store(*versions[0]), open_store(pool_size=1)
    expected = {version[0].label: sorted(version, key=lambda entity: -entity.popularity) for version in versions}

    def read(_: int) -> None:
        for name, entities in expected.items():
            for found in store.search([name, f"{name}s"], Search()):
                assert [candidate.entity for candidate in found] in ([], entities)

    with ThreadPoolExecutor(4) as pool:
        reads = [pool.submit(read, n) for n in range(60)]
        for turn in range(12):
            writer.upsert(versions[turn % 2])
        for done in reads:
            done.result()


def test_many_threads_may_search_at_once(open_store: Open):
    store = open_store(PARIS, pool_size=2)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: store.search(["Paris", f"Paris{n % 3}"], Search()), range(100)))
    assert all(answer[0] == answers[0][0] for answer in answers)
    assert all(answer[1] for answer in answers)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_store_opened_before_a_fork_works_on_both_sides(open_store: Open):
    code = """
import gc, os, sys
from glinker_core.layers import Search, Space
from glinker_core.model import Entity
from glinker_stores.postgres import PostgresStore
store = PostgresStore(sys.argv[1], schema=sys.argv[2])
store.open()
store.upsert([Entity("1", "Paris")])
parents, child = store._database, os.fork()
found = store.search(["Pariss"], Search())[0][0].entity_id
store.upsert([Entity(f"from {'parent' if child else 'child'}", found)])
if not child:
    assert store._database is not parents
    store.close()
    sys.exit()
assert store._database is parents
assert os.waitpid(child, 0)[1] == 0
idle = os.fork()
if not idle:
    store.close()
    del store, parents
    gc.collect()
    sys.exit()
assert os.waitpid(idle, 0)[1] == 0
print(store.count())
store.close()
"""
    store = open_store()
    command = [sys.executable, "-c", code, store.url, store.schema]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_processes_that_open_a_new_schema_at_once_make_one_store(open_store: Open, other_schema: str):
    code = """
import sys
from glinker_core.model import Entity
from glinker_stores.postgres import PostgresStore
sys.stdin.readline()
store = PostgresStore(sys.argv[1], schema=sys.argv[2])
store.open()
store.upsert([Entity(sys.argv[3], "Paris")])
store.close()
"""
    command = [sys.executable, "-c", code, services.postgres(), other_schema]
    processes = [subprocess.Popen([*command, str(n)], stdin=subprocess.PIPE, text=True) for n in range(2)]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * 2
    assert open_store(schema=other_schema).count() == 2


def test_connections_are_kept_and_let_go_of(open_store: Open):
    store = open_store(PARIS, url=f"{services.postgres()}?application_name=counted", pool_size=2)
    mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'counted'"
    for _ in range(3):
        store.search(["Paris"], EXACT)
    assert execute(mine) == [(1,)]
    readers = [store.entities() for _ in range(4)]
    assert [next(reader).entity_id for reader in readers] == ["1"] * 4
    assert execute(mine) == [(4,)]
    del readers
    assert execute(mine) == [(2,)]
    store.close()
    for _ in range(1000):
        if execute(mine) == [(0,)]:
            break
    else:
        pytest.fail("connections are left open")
