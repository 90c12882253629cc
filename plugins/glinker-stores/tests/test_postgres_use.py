"""A `PostgresStore` in use: exact text and numbers, one state per search, threads, processes and other writers."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from glinker_stores import lookup, postgres_tables, schema, sql
from glinker_stores.postgres import PostgresStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from glinker_core.cli import app
from glinker_core.errors import StoreError
from glinker_core.layers import Search, Space
from glinker_core.model import Entity, evolve
from tests import services

PARIS = Entity("1", "Paris", ("Lutetia",), "capital of France", popularity=2)
EXACT = Search(modes=("exact",))
FUZZY = Search(modes=("fuzzy",))
Open = Callable[..., PostgresStore]


def many(count: int = 3000) -> Iterator[Entity]:
    return (Entity(f"new-{n}", f"a new name {n}", description="d" * 100) for n in range(count))


def state(store: PostgresStore) -> object:
    return store.revision, list(store.entities()), sorted(store.names()), store.search(["a new nmae 7"], Search())


def execute(statement: str) -> list[Any]:
    with psycopg.connect(services.postgres().replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def test_the_tables_are_those_of_the_schema_that_all_databases_share(open_store: Open):
    with open_store().reading() as connection:
        rows = connection.exec_driver_sql(postgres_tables.COLUMNS, (open_store().schema, list(schema.tables.tables)))
        there = sorted((table, column) for table, column in rows)
    assert there == sorted((table.name, column.name) for table in schema.tables.tables.values() for column in table.c)


TEXTS = st.text(st.sampled_from("\x00\x01\x02\t\n\\aé\U0001f600"), max_size=6)
NUMBERS = st.one_of(st.integers(0, 2**63 - 1), st.floats(0, allow_nan=False, allow_infinity=False))


@given(st.lists(TEXTS, min_size=2, max_size=8, unique=True), st.lists(NUMBERS, min_size=8, max_size=8))
@settings(max_examples=20, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_any_number_come_back_exactly_and_in_their_order(
    open_store: Open, texts: list[str], numbers: list[float]
):
    store = open_store()
    store.clear()
    entities = [
        Entity(f"id{text}", f"name{text}", (text,), text, text, number, {text: text})
        for text, number in zip(texts, numbers, strict=False)
    ]
    store.upsert(entities)
    there = list(store.entities())
    assert there == sorted(entities, key=lambda entity: entity.entity_id)
    by_id = {entity.entity_id: entity for entity in entities}
    assert all(type(one.popularity) is type(by_id[one.entity_id].popularity) for one in there)
    assert sorted(name.surface for name in store.names()) == sorted(name for one in entities for name in one.names)
    for entity in entities:
        assert [one.entity for one in store.search([entity.label], EXACT)[0] if one.score == 1.0] == [entity]
    least = numbers[0]
    found = store.search(["name"], Search(modes=("prefix",), min_popularity=least, types=tuple(texts)))[0]
    assert {one.entity_id for one in found} <= {one.entity_id for one in entities if one.popularity >= least}


def test_the_most_popular_come_first_whatever_kind_of_number_they_have(open_store: Open):
    numbers = [0, 0.5, 1, 1.5, 2**53, 2.0**53 + 2, 2**63 - 1024 - 1, float(2**63 - 1024), 2**63 - 1, 1e300]
    store = open_store(*(Entity(str(n), "Troy", (), "a city", popularity=p) for n, p in enumerate(numbers)))
    best_first = [str(n) for n in reversed(range(len(numbers)))]
    for search, name in ((EXACT, "Troy"), (Search(modes=("text",)), "city")):
        assert [one.entity_id for one in store.search([name], search)[0]] == best_first
        for least in numbers:
            found = store.search([name], evolve(search, min_popularity=least))[0]
            assert [one.entity.popularity for one in found] == sorted((p for p in numbers if p >= least), reverse=True)
    assert store.search(["city"], Search(modes=("text",), min_popularity=math.inf)) == [()]


def test_names_words_and_descriptions_of_any_length_are_found(open_store: Open):
    long = "".join(chr(97 + (n * n) % 26) for n in range(10_000))
    there = [Entity("1", long, (long[::-1] + "%_'",), f"of {long} and {long[:600]}"), Entity("2", long[:5000])]
    store = open_store(*there)
    assert [one.entity_id for one in store.search([long.upper()], EXACT)[0]] == ["1"]
    assert [one.entity_id for one in store.search([long[:700] + "x" + long[700:]], FUZZY)[0]] == ["1"]
    text = Search(modes=("text",))
    answers = store.search([long, f"{long[:600]} of", long[:599], "of"], text)
    assert [[one.entity_id for one in found] for found in answers] == [["1"], ["1"], [], ["1"]]
    assert store.delete(["1"]) == 1
    assert [store.search([name], EXACT)[0] for name in there[0].names] == [(), ()]


def test_an_id_too_long_for_an_index_is_refused_and_nothing_is_written(open_store: Open):
    store = open_store(PARIS)
    before = state(store)
    long = "".join(chr(0x4E00 + (n * n) % 9973) for n in range(3000))
    with pytest.raises(
        StoreError, match=r"schema test_\w+: an id is too long to be found by; ids may have about 2,600"
    ):
        store.upsert([Entity("2", "Troy"), Entity(long, "Sparta")])
    assert state(store) == before


def test_deleting_thousands_of_homonyms_one_after_the_other_leaves_none(open_store: Open):
    store = open_store(*(Entity(str(n), "Springfield", popularity=n) for n in range(5000)))
    assert [one.entity_id for one in store.search(["springfield"], Search(limit=2))[0]] == ["4999", "4998"]
    assert store.delete(str(n) for n in range(4999)) == 4999
    assert [one.entity_id for one in store.search(["springfield"], EXACT)[0]] == ["4999"]


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT 1 FROM unnest('{new}'::text[]) AS asked JOIN name ON key = asked", "name_key"),
        ("SELECT 1 FROM entity WHERE entity_id = ANY('{new-1,new-2}')", "entity_entity_id_key"),
        ("SELECT 1 FROM described WHERE string_to_array(words, ' ') @> '{d7}'", "described_words"),
        ("DELETE FROM name WHERE entity = ANY('{1,2}')", "name_entity"),
    ],
)
def test_defect_r_no_lookup_scans_a_table(open_store: Open, statement: str, index: str):
    store = open_store(*(Entity(f"new-{n}", f"new {n}", description=f"d{n}") for n in range(6000)))
    with store.reading() as connection:
        plan = "\n".join(row[0] for row in connection.exec_driver_sql(f"EXPLAIN {statement}"))
    assert f" {index} " in plan
    assert "Seq Scan" not in plan


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


def test_stores_in_several_schemas_of_one_database_are_apart(open_store: Open, other_schema: str):
    one, other = open_store(PARIS), open_store(Entity("2", "Troy"), schema=other_schema)
    assert (one.count(), other.count()) == (1, 1)
    assert one.search(["Troy"], EXACT) == other.search(["Paris"], EXACT) == [()]
    one.clear()
    assert other.count() == 1


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


def test_the_command_line_fills_and_reads_a_schema(open_store: Open, schema: str, tmp_path: Path):
    store, file = f"{services.postgres()}?schema={schema}", tmp_path / "entities.jsonl"
    file.write_text('{"entity_id": "1", "label": "Paris"}\n', encoding="utf-8")
    for command, said in (
        (["import", str(file)], "1 entity read: 1 added; 1 in all"),
        (["info"], "entities         1"),
    ):
        done = CliRunner().invoke(app, ["kb", *command, "--store", store])
        assert (done.exit_code, said in done.stdout) == (0, True), done.output
    assert [entity.label for entity in open_store().entities()] == ["Paris"]


def test_defect_l_vectors_are_there_for_what_a_search_finds_in_another_process(open_store: Open):
    entity, space = (
        Entity("1", "Paris", ("Lutetia",), "capital", "city", 2.0, {"a": [1, None]}),
        Space("m", "{label}", 2),
    )
    writer = open_store(entity, Entity("2", "Troy"))
    assert writer.add_vectors(space, [("1", b"\x00\x01\xff\x80"), ("2", b"1234"), ("3", b"5678")]) == 2
    reader = open_store(read_only=True)
    for mode, name in (("exact", "Paris"), ("fuzzy", "Lutetja"), ("text", "capital")):
        found = reader.search([name], Search(modes=(mode,)))[0]
        assert [one.entity for one in found] == [entity]
        assert reader.vectors(space, [one.entity_id for one in found]) == [b"\x00\x01\xff\x80"]
    writer.upsert([evolve(entity, description="city")])
    assert reader.vectors(space, ["1", "2"]) == [None, b"1234"], "a vector of other content is not one of this"
