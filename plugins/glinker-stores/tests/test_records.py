"""Which entities a store takes, and what an upsert does with them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from glinker_stores.dict import DictStore
from glinker_stores.records import from_row, new_revision, to_row
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import DataError, InputError
from glinker_core.layers import Store, Upserted
from glinker_core.model import Entity, evolve


@pytest.fixture
def filled(store: Store) -> Store:
    store.upsert([Entity("old", "Old")])
    return store


BAD = {
    "blank id": (Entity(" \t", "Paris"), "the id is blank"),
    "empty id": (Entity("", "Paris"), "the id is blank"),
    "blank label": (Entity("x", "  "), "the label is blank"),
    "label that shows nothing": (Entity("x", "\u200b\x00"), "the label is blank"),
    "surrogate in the id": (Entity("x\ud83d", "Paris"), "lone surrogate in 'x"),
    "surrogate in the label": (Entity("x", "\udc00 Paris"), "lone surrogate"),
    "surrogate in an alias": (Entity("x", "Paris", ("a", "b\ud83d")), "lone surrogate"),
    "surrogate in the description": (Entity("x", "Paris", (), "d\ud83d"), "lone surrogate"),
    "surrogate in metadata": (Entity("x", "Paris", metadata={"a": ["\ud83d"]}), "lone surrogate"),
    "NaN": (Entity("x", "Paris", popularity=math.nan), "popularity is nan"),
    "infinity": (Entity("x", "Paris", popularity=math.inf), "popularity is inf"),
    "negative": (Entity("x", "Paris", popularity=-1), "popularity is -1"),
    "too large": (Entity("x", "Paris", popularity=2**63), "write it as a float"),
    "no number": (Entity("x", "Paris", popularity="7"), "popularity is '7'"),  # type: ignore[arg-type]
    "no string": (Entity("x", 7), "must be strings"),  # type: ignore[arg-type]
    "one string for aliases": (Entity("x", "Paris", "Lutetia"), "aliases in a tuple"),  # type: ignore[arg-type]
    "NaN in metadata": (Entity("x", "Paris", metadata={"a": math.nan}), "cannot be written as JSON"),
    "object in metadata": (Entity("x", "Paris", metadata={"a": object()}), "cannot be written as JSON"),
    "tuple in metadata": (Entity("x", "Paris", metadata={"a": (1, 2)}), "come back changed"),
    "number as key": (Entity("x", "Paris", metadata={1: "a"}), "come back changed"),  # type: ignore[dict-item]
    "number as key within": (Entity("x", "Paris", metadata={"a": {1: "a"}}), "come back changed"),
}


@pytest.mark.parametrize("kind", BAD)
def test_an_entity_that_cannot_be_kept_is_refused_with_its_id(filled: Store, kind: str):
    entity, message = BAD[kind]
    before = filled.revision
    with pytest.raises(DataError, match=message) as caught:
        filled.upsert([Entity("new", "New"), entity])
    assert f"entity {entity.entity_id!r}: " in str(caught.value)
    assert (filled.revision, filled.count()) == (before, 1)


def test_all_that_is_wrong_is_told_at_once_up_to_twenty(filled: Store):
    bad = [Entity(f"bad-{n}", "x", popularity=-n) for n in range(1, 31)]
    with pytest.raises(DataError) as caught:
        filled.upsert([*bad, Entity("old", "Other")], on_duplicate="error")
    text = str(caught.value)
    assert "bad-20" in text
    assert "bad-21" not in text
    assert "and 10 more entities that cannot be kept" in text
    assert "duplicate ids: 1 is given or there already with other content: 'old'" in text


def test_conflicts_are_counted_and_the_first_twenty_named(store: Store):
    store.upsert(Entity(f"id-{n:02}", "Label") for n in range(30))
    before = list(store.entities())
    with pytest.raises(DataError) as caught:
        store.upsert((Entity(f"id-{n:02}", "Other") for n in range(30)), on_duplicate="error")
    text = str(caught.value)
    assert "30 are given or there already with other content: 'id-00'" in text
    assert "'id-19' ...; choose to keep, to replace or to merge (on_duplicate)" in text
    assert "id-20" not in text
    assert list(store.entities()) == before


def test_duplicates_within_one_upsert_count_the_same_way(store: Store):
    one, other = Entity("1", "One"), Entity("1", "Other")
    with pytest.raises(DataError, match="1 is given or there already with other content: '1'"):
        store.upsert([one, other], on_duplicate="error")
    assert store.upsert([one, one], on_duplicate="error") == Upserted(added=1, unchanged=1)
    assert store.upsert([other, one, other]) == Upserted(replaced=3)
    assert store.upsert([one, other, one], on_duplicate="keep") == Upserted(kept=2, unchanged=1)
    assert store.get(["1"]) == [other]


def test_an_unknown_policy_is_refused(store: Store):
    with pytest.raises(InputError, match="on_duplicate: unknown policy 'replase'; did you mean 'replace'"):
        store.upsert([], on_duplicate="replase")


def test_an_upsert_may_read_the_store_it_writes_to(store: Store):
    store.upsert([Entity("1", "Paris"), Entity("2", "Troy")])
    counts = store.upsert(evolve(entity, popularity=5) for entity in store.entities())
    assert counts.replaced == 2
    assert [entity.popularity for entity in store.entities()] == [5, 5]


def test_the_same_content_again_is_unchanged(store: Store):
    entity = Entity("1", "Paris", ("Lutetia",), metadata={"a": [1]})
    store.upsert([entity])
    before = store.revision
    assert store.upsert([entity, entity]).unchanged == 2
    assert store.revision == before


def test_two_files_with_the_same_content_have_revisions_of_their_own(tmp_path: Path):
    stores = [SqliteStore(str(tmp_path / name)) for name in "ab"]
    for store in stores:
        store.open()
    assert stores[0].revision != stores[1].revision
    for store in stores:
        store.upsert([Entity("1", "Paris")])
    assert stores[0].revision != stores[1].revision
    for store in stores:
        store.close()


def test_two_stores_in_memory_share_a_revision_only_with_the_same_content():
    stores = [DictStore(), DictStore(), DictStore()]
    assert len({store.revision for store in stores}) == 1
    stores[0].upsert([Entity("1", "Paris"), Entity("2", "Rome")])
    stores[1].upsert([Entity("2", "Rome"), Entity("1", "Paris")])
    stores[2].upsert([Entity("1", "Paris"), Entity("2", "Roma")])
    assert stores[0].revision == stores[1].revision != stores[2].revision
    stores[2].upsert([Entity("2", "Rome")])
    assert stores[2].revision.partition("-")[2] == stores[0].revision.partition("-")[2]


def test_a_row_gives_the_entity_back():
    entity = Entity("1", "Paris", ("Lutetia", "é"), "d", "city", 1.5, {"a": {"b": [1, None]}, "c": "x"})
    assert from_row(to_row(entity)) == entity


def test_a_revision_counts_and_is_never_the_same_twice():
    first = new_revision()
    assert first.startswith("1-")
    assert new_revision(first).startswith("2-")
    assert new_revision(first) != new_revision(first)
