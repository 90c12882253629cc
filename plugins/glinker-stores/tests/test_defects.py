"""What GLiNKER's stores do wrong, its defects by their letter, and ours must not."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from glinker_stores import sql
from glinker_stores.dict import DictStore
from glinker_stores.index import modes
from glinker_stores.sqlite import SqliteStore

from glinker_core.layers import Search, Space, Store
from glinker_core.model import Entity

EXACT = Search(modes=("exact",))


def ids(store: Store, name: str, search: Search = EXACT) -> list[str]:
    return [candidate.entity_id for candidate in store.search([name], search)[0]]


def test_defect_a_homonyms_are_all_found(store: Store):
    store.upsert(Entity(f"paris-{n}", "Paris", popularity=n) for n in (2, 3, 1))
    store.upsert([Entity("hilton", "Paris Hilton", ("Paris",))])
    assert ids(store, "Paris") == ["paris-3", "paris-2", "paris-1", "hilton"]


def test_defect_c_a_typo_finds_the_entity_itself(store: Store):
    einstein = Entity("Q937", "Albert Einstein", description="physicist")
    store.upsert([einstein, Entity("Q1", "Alfred Einstein")])
    (found,) = store.search(["Albert Einstien"], Search())
    assert [candidate.entity for candidate in found] == [einstein]


def test_defect_d_the_hash_seed_changes_nothing(tmp_path: Path):
    code = """
import sys
from glinker_core.layers import Search
from glinker_core.model import Entity
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore
for store in (DictStore(), SqliteStore(sys.argv[1])):
    store.open()
    store.upsert(Entity(i, f"Label {i}", ("Shared", "Sharde", f"Other {i}"), popularity=1) for i in "CABED")
    print(store.search(["Shared", "shard", "Lable A", "Othr"], Search(limit=1)))
    print(store.search(["Shared", "shard", "Lable A", "Othr"], Search()), list(store.entities()))
    store.close()
"""
    answers = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{seed}.db")],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert "entity_id='A'" in answers[0]
    assert answers[0] == answers[1] == answers[2]
    in_dict, in_sqlite = answers[0].splitlines()[:2], answers[0].splitlines()[2:]
    assert in_dict == in_sqlite


def test_defect_o_replacing_leaves_no_stale_alias_and_deleting_no_name(store: Store):
    store.upsert([Entity("1", "Istanbul", ("Constantinople",)), Entity("2", "Constantinople")])
    store.upsert([Entity("1", "Istanbul", ("Byzantium",))])
    assert ids(store, "Constantinople") == ids(store, "Constantinopel", Search()) == ["2"]
    assert store.delete(["2", "nobody"]) == 1
    assert ids(store, "Constantinopel", Search()) == []
    assert sorted(name.surface for name in store.names()) == ["Byzantium", "Istanbul"]


def test_defect_o_names_replaced_within_one_upsert_leave_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sql, "_CHUNK", 1)
    versions = [Entity("1", "Istanbul", (f"alias number {n}",)) for n in range(4)]
    store.upsert(versions)
    store.upsert([versions[1], versions[2]])
    for n in range(4):
        found = ["1"] if n == 2 else []
        assert ids(store, f"alias number {n}") == found
        assert ids(store, f"alias nubmer {n}", Search(max_distance=1)) == found


def test_defect_q_more_than_two_edits_are_searched_as_two(store: Store):
    store.upsert([Entity("1", "Constantinople"), Entity("2", "Konstantinopels")])
    asked = ["Xonstantinoplx", "Xonstantinoxxe", "Xxxstantinoplx"]
    assert store.search(asked, Search(max_distance=64)) == store.search(asked, Search(max_distance=2))
    assert ids(store, asked[0], Search(max_distance=64)) == ["1"]
    assert ids(store, asked[2], Search(max_distance=64)) == []


def test_defect_r_fuzzy_lookup_looks_at_few_keys(monkeypatch: pytest.MonkeyPatch):
    compared = 0
    compare = modes.cpdist

    def counted(queries: Sequence[str], keys: Sequence[str], **how: Any) -> Any:
        nonlocal compared
        compared += len(keys)
        return compare(queries, keys, **how)

    monkeypatch.setattr(modes, "cpdist", counted)
    syllables = ["ber", "lin", "ham", "burg", "dres", "den", "mun", "ster", "koe", "nig"]
    places = [a + b + c + d for a in syllables for b in syllables for c in syllables for d in syllables]
    store = DictStore()
    store.upsert(Entity(place, place) for place in places)
    asked = ["hamburgdresdne", "munserkoenig", "berlinberlinn"]
    assert all(store.search(asked, Search()))
    assert 0 < compared < len(asked) * len(places) / 20


def test_defect_r_sqlite_never_scans_a_table(tmp_path: Path):
    """Whatever a search, a read or a small write asks of a full file: it is found by its key."""
    store = SqliteStore(str(tmp_path / "kb.db"))
    store.open()
    store.upsert(Entity(f"{n}", f"name {n}", ("alias",), f"words of {n}") for n in range(3000))
    space = Space("tiny@1", "{label}", 1)
    store.add_vectors(space, ((f"{n}", bytes(2)) for n in range(3000)))
    steps: dict[str, str] = {}

    def plan(connection: Any, cursor: Any, statement: str, values: Any, context: Any, many: bool) -> None:
        if statement.lstrip().startswith(("SELECT", "INSERT INTO name", "DELETE", "UPDATE meta")):
            explained = cursor.connection.execute(f"EXPLAIN QUERY PLAN {statement}", values[0] if many else values)
            steps.update((row[3], statement) for row in explained.fetchall())

    with store.reading() as connection:
        engine = connection.engine
    sa.event.listen(engine, "before_cursor_execute", plan)
    store.get(["7", "no"])
    store.search(["name 8", "nmae 9", "words of 3"], Search(modes=store.modes, fill=True))
    assert all(store.vectors(space, [f"{n}" for n in range(100)]))
    store.add_vectors(space, [("7", bytes(2))])
    store.upsert([Entity("7", "another name", (), "other words"), Entity("new", "new")])
    store.delete(["8"])
    searched = {step.split()[1] for step in steps if step.startswith("SEARCH")}
    assert {"entity", "name", "block", "meta", "embedding"} <= searched
    few = ("staged", "dropped", "changed", "part", "space", "CONSTANT", "json_each", "fulltext")
    scans = {step: of for step, of in steps.items() if step.startswith("SCAN") and step.split()[1] not in few}
    assert scans == {}
    whole_spaces = [of for step, of in steps.items() if step.startswith("SEARCH embedding") and "entity=?" not in step]
    assert whole_spaces == []
    store.close()
