"""A `PostgresStore` in use: exact text and numbers, names of any length, indexes, schemas, vectors, command line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from glinker_stores import postgres_tables, schema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from glinker_core.cli import app
from glinker_core.errors import StoreError
from glinker_core.layers import Search, Space
from glinker_core.model import Entity, evolve
from tests import services

from .postgres_stores import EXACT, FUZZY, PARIS, Open, state


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


def test_stores_in_several_schemas_of_one_database_are_apart(open_store: Open, other_schema: str):
    one, other = open_store(PARIS), open_store(Entity("2", "Troy"), schema=other_schema)
    assert (one.count(), other.count()) == (1, 1)
    assert one.search(["Troy"], EXACT) == other.search(["Paris"], EXACT) == [()]
    one.clear()
    assert other.count() == 1


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
