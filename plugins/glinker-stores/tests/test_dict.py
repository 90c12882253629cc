from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from glinker_stores.dict import DictStore

from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity

ANSWER = (Candidate(Entity("1", "Paris"), "Paris", "exact", {"l2": 1.0}),)


def test_answers_not_asked_for_longest_make_room():
    store = DictStore(cache_size=3)
    store.remember(dict.fromkeys("abc", ANSWER), "scope")
    assert store.recall(["a"], "scope") == [ANSWER]
    store.remember({"d": ()}, "scope")
    assert store.recall(list("abcd"), "scope") == [ANSWER, None, ANSWER, ()]


def test_an_answer_remembered_again_is_as_good_as_new():
    store = DictStore(cache_size=3)
    store.remember(dict.fromkeys("abc", ANSWER), "scope")
    store.remember({"a": ()}, "scope")
    store.remember({"d": ()}, "scope")
    assert store.recall(list("abcd"), "scope") == [(), None, ANSWER, ()]


def test_the_index_holds_nothing_of_what_is_gone():
    store = DictStore()
    store.upsert([Entity("1", "Istanbul", ("Constantinople",)), Entity("2", "istanbul", ("Byzantium",))])
    store.upsert([Entity("1", "Ankara")])
    content = store._content
    assert list(content.names) == ["istanbul", "byzantium", "ankara"]
    assert {key for keys in content.keys.values() for key in keys} == set(content.names)
    store.delete(["1", "2"])
    assert (content.entities, content.names, content.keys) == ({}, {}, {})


def test_a_cache_of_no_size_remembers_nothing():
    store = DictStore(cache_size=0)
    store.remember({"a": ANSWER}, "scope")
    assert store.recall(["a"], "scope") == [None]


def test_a_negative_cache_size_is_refused():
    with pytest.raises(ValueError, match="cache_size"):
        DictStore(cache_size=-1)


def test_clearing_forgets_answers_too():
    store = DictStore()
    store.remember({"a": ANSWER}, "scope")
    store.clear()
    assert store.recall(["a"], "scope") == [None]


def test_clearing_an_empty_store_does_not_move_its_revision():
    store = DictStore()
    before = store.revision
    store.clear()
    assert store.revision == before


def test_entities_outlive_a_close():
    store = DictStore()
    store.upsert([Entity("1", "Paris")])
    store.close()
    assert store.count() == 1


def test_entities_being_read_do_not_change_under_the_reader():
    store = DictStore()
    store.upsert(Entity(str(n), "Paris") for n in range(3))
    reading = store.entities()
    next(reading)
    store.clear()
    assert [entity.entity_id for entity in reading] == ["1", "2"]


def test_threads_that_write_and_search_at_once_see_whole_writes():
    store = DictStore()
    versions = [[Entity(str(n), name) for n in range(20)] for name in ("Constantinople", "Byzantium")]
    store.upsert(versions[0])

    def write(turn: int) -> None:
        store.upsert(versions[turn % 2])

    def read(_: int) -> int:
        return len(store.search(["Constantinople"], Search(modes=("exact",)))[0])

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(write, turn) for turn in range(40)]
        found = set(pool.map(read, range(200)))
        for done in writes:
            done.result()
    assert found <= {0, 20}


def test_a_dict_store_needs_no_sqlalchemy_and_declaring_needs_nothing():
    code = """
import sys
import glinker_stores
assert list(glinker_stores.glinker_stores())
assert not {"sqlalchemy", "rapidfuzz", "sqlite3"} & set(sys.modules)
import glinker_stores.dict
assert not {"sqlalchemy", "sqlite3"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
