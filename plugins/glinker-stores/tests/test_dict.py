from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from glinker_stores.dict import DictStore
from glinker_stores.index import parts

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


def indexed(store: DictStore) -> list[str]:
    return [key for live in store._content.parts().live for key in live.part.all_keys()]


def test_the_index_holds_nothing_of_what_is_gone():
    store = DictStore()
    store.upsert([Entity("1", "Istanbul", ("Constantinople",)), Entity("2", "istanbul", ("Byzantium",))])
    store.upsert([Entity("1", "Ankara")])
    content = store._content
    assert list(content.names) == ["istanbul", "byzantium", "ankara"]
    assert indexed(store) == sorted(content.names)
    store.delete(["1", "2"])
    assert (content.entities, content.names, indexed(store)) == ({}, {}, [])


def test_the_index_is_made_when_it_is_asked_for_as_if_each_write_had_made_its_part(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts, "_SMALL", 2)
    early, late = DictStore(), DictStore()
    for size in (12, 5, 1, 4, 1):
        for store in (early, late):
            store.upsert(Entity(f"{size} {n}", f"name {n} of {size}", popularity=n) for n in range(size))
            store.delete([f"{size} 3"])
        assert early.search(["name 0 fo 12"], Search())[0]
    search = Search(modes=("similar",), min_cosine=0.1)
    assert early.search(["name 2 of them"], search) == late.search(["name 2 of them"], search)
    both = [store._content.parts().live for store in (early, late)]
    assert len(both[0]) == len(both[1]) > 1
    for one, other in zip(*both, strict=True):
        assert {name: values.tolist() for name, values in one.part.arrays().items()} == {
            name: values.tolist() for name, values in other.part.arrays().items()
        }


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
