"""A file that is damaged: said at open or by the search that meets it, never a wrong answer."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from glinker_stores import lookup
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import StoreError
from glinker_core.layers import Search, Space
from glinker_core.model import Candidate, Entity

Make = Callable[..., SqliteStore]

SPACE = Space("model@1", "{label}", 2)
ENTITIES = [
    Entity(
        f"Q{n}",
        f"{'Saint' if n % 3 else 'Mount'} number {n} of {'abcde'[n % 5]}",
        (f"alias {n}", f"東京 {n}"),
        f"the {n}. of all words in {'north' if n % 2 else 'south'}",
        ("place", "person")[n % 2],
        n % 7,
        {"n": n},
    )
    for n in range(120)
]
NAMES = [
    *(name for entity in ENTITIES[::5] for name in (*entity.names, entity.label[1:], entity.aliases[0] + "x")),
    *("nothing like it", "saint of number 7 b", "north words", "mnoa", "number 33"),
]
SEARCHES = [
    Search(modes=("exact",)),
    Search(),
    *(Search(modes=(mode,), limit=5, fill=True) for mode in lookup.MODES if mode != "exact"),
]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A file in which nothing is damaged, of several writes."""
    path = tmp_path_factory.mktemp("sound") / "kb.db"
    store = SqliteStore(str(path))
    store.open()
    store.upsert(ENTITIES[:100])
    store.upsert([Entity("gone", "gone"), *ENTITIES[100:]])
    store.delete(["gone"])
    store.add_vectors(SPACE, [(entity.entity_id, bytes([n] * 4)) for n, entity in enumerate(ENTITIES)])
    store.close()
    return path.read_bytes()


def answers(path: Path) -> list[list[tuple[Candidate, ...]]]:
    store = SqliteStore(str(path))
    store.open()
    try:
        return [store.search(NAMES, search) for search in SEARCHES]
    finally:
        store.close()


def written(path: Path, content: bytes) -> Path:
    for beside in ("-wal", "-shm"):
        path.with_name(path.name + beside).unlink(missing_ok=True)
    path.write_bytes(content)
    return path


def test_a_flipped_bit_anywhere_is_told_or_changes_no_answer(sound: bytes, tmp_path: Path):
    path = written(tmp_path / "kb.db", sound)
    right, told, chance = answers(path), 0, random.Random(11)
    for _ in range(60):
        flipped = bytearray(sound)
        at, bit = chance.randrange(len(sound)), chance.randrange(8)
        flipped[at] ^= 1 << bit
        try:
            found = answers(written(path, bytes(flipped)))
        except StoreError as error:
            told += 1
            assert str(error).startswith(f"{path}: ")  # noqa: PT017  it may also be answered right
        else:  # full text has no checksums: a word may lead to other entities, but none is shown as it is not
            assert found[:-1] == right[:-1], (at, bit)
            assert all(one.entity in ENTITIES for candidates in found[-1] for one in candidates), (at, bit)
    assert told > 15


def test_whole_pages_of_noise_are_told(sound: bytes, tmp_path: Path):
    path, chance = tmp_path / "kb.db", random.Random(3)
    for page in range(1, len(sound) // 4096, 5):
        noisy = bytearray(sound)
        noisy[page * 4096 : (page + 1) * 4096] = chance.randbytes(4096)
        try:
            found = answers(written(path, bytes(noisy)))
        except StoreError as error:
            assert "damaged" in str(error)  # noqa: PT017
        else:
            assert found[:-1] == answers(written(path, sound))[:-1], f"page {page} is one that is read"


def test_a_truncated_file_is_told(sound: bytes, tmp_path: Path):
    path = tmp_path / "kb.db"
    for length in (1, 15, 50, 100, 511, 4096, 5000, len(sound) // 2, len(sound) - 4096, len(sound) - 1):
        with pytest.raises(StoreError, match=r"kb\.db: (it is damaged|is not a SQLite file)"):
            answers(written(path, sound[:length]))


DAMAGES = {
    "UPDATE entity SET label = 'Mount Doom' WHERE entity_id = 'Q5'": "entity 'Q5' is not as it was written",
    "UPDATE entity SET popularity = 5.5 WHERE entity_id = 'Q5'": "entity 'Q5' is not as it was written",
    "UPDATE entity SET metadata = '{' WHERE entity_id = 'Q5'": "entity 'Q5' is not as it was written",
    "UPDATE entity SET label = CAST(x'ff' AS TEXT) WHERE entity_id = 'Q5'": "",
    "UPDATE entity SET popularity = 'abc' WHERE entity_id = 'Q5'": "entity 'Q5' is not as it was written",
    "UPDATE entity SET \"row\" = 9999 WHERE entity_id = 'Q5'": "names of entities that are not there",
    "DELETE FROM entity WHERE entity_id = 'Q5'": "names of entities that are not there",
    "UPDATE name SET surface = 'alias X' WHERE key = 'alias 5'": "the name 'alias X' is not as it was written",
    "UPDATE name SET entity = entity + 1 WHERE key = 'alias 5'": "the name 'alias 5' is not as it was written",
    "UPDATE name SET key = 'alias 6' WHERE key = 'alias 5'": "no name any more for the key 'alias 5'",
    "DELETE FROM name WHERE key = 'alias 5'": "no name any more for the key 'alias 5'",
    "UPDATE block SET data = zeroblob(length(data)) WHERE array = 'text'": "the index is not as it was written",
    "UPDATE block SET data = x'00' WHERE array = 'segment.keys'": "the index is not as it was written",
    "UPDATE block SET data = 'abc' WHERE array = 'word.terms'": "the index is not as it was written",
    "UPDATE block SET number = 1 WHERE array = 'offsets'": "a piece of the index is not there",
    "DELETE FROM block WHERE array = 'signature'": "a piece of the index is not there",
    "DELETE FROM block": "a piece of the index is not there",
    "UPDATE block SET part = part + 1": "a piece of the index is not there",
    "UPDATE meta SET value = replace(value, ' ', '1 ') WHERE key = 'parts'": "the list of the parts of the index",
    "UPDATE meta SET value = '00000000' WHERE key = 'parts'": "the list of the parts of the index",
    "DELETE FROM meta WHERE key = 'parts'": "the list of the parts of the index",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_rows_that_were_changed_or_lost_are_told(sound: bytes, tmp_path: Path, damage: str):
    path = written(tmp_path / "kb.db", sound)
    with sqlite3.connect(path) as file:
        assert file.execute(damage).rowcount > 0
    file.close()
    with pytest.raises(StoreError, match=rf"kb\.db: it is damaged.*{DAMAGES[damage]}.*import the entities again"):
        answers(path)


def test_pieces_in_the_wrong_order_or_of_another_array_are_told(make: Make, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("glinker_stores.blocks._PIECE", 100)
    swaps = {
        "UPDATE block SET number = CASE number WHEN 1 THEN 2 ELSE 1 END WHERE array = 'text' AND number IN (1, 2)",
        "UPDATE block SET number = number - 1 WHERE array = 'text'",
        "DELETE FROM block WHERE array = 'text' AND number = 1",
        "UPDATE block SET data = (SELECT data FROM block WHERE array = 'signature' AND number = 0) "
        "WHERE array = 'popularity' AND number = 0",
    }
    for swap in sorted(swaps):
        make(path).clear()
        store = make(path, *ENTITIES)
        assert store.search(["alias 1x"], Search())[0]
        store.close()
        with sqlite3.connect(path) as file:
            try:
                file.execute(swap)
            except sqlite3.IntegrityError:  # numbers are unique while they are swapped
                file.execute("CREATE TABLE copy AS SELECT * FROM block")
                file.execute(swap.replace("block", "copy"))
                file.executescript("DELETE FROM block; INSERT INTO block SELECT * FROM copy; DROP TABLE copy")
        file.close()
        with pytest.raises(StoreError, match=r"the index is not as it was written|a piece of the index is not there"):
            make(path).search(["alias 1x"], Search())


@pytest.mark.parametrize(
    "use",
    [
        lambda store: store.get(["Q5"]),
        lambda store: list(store.entities()),
        lambda store: list(store.names()),
        lambda store: store.upsert([Entity("Q5", "other")]),
        lambda store: store.upsert([Entity("Q5", "other")], "merge"),
        lambda store: store.delete(["Q5"]),
    ],
)
def test_a_damaged_entity_is_told_whatever_is_done_with_it(sound: bytes, tmp_path: Path, use: Any, make: Make):
    path = written(tmp_path / "kb.db", sound)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE entity SET description = 'changed' WHERE entity_id = 'Q5'")
    file.close()
    store = make(str(path))
    with pytest.raises(StoreError, match="damaged, entity 'Q5' is not as it was written"):
        use(store)
    assert store.get(["Q6"]) == [ENTITIES[6]], "what is not damaged can be read"


def test_a_store_that_told_damage_is_closed_without_a_word(sound: bytes, tmp_path: Path, make: Make):
    path = written(tmp_path / "kb.db", sound)
    with sqlite3.connect(path) as file:
        file.execute("UPDATE entity SET description = 'changed'")
    file.close()
    store = make(str(path))
    with pytest.raises(StoreError, match="damaged") as told:
        store.get(["Q5", "Q6"])
    store.close()
    del told  # with what was being read; what goes wrong then is an error here, as all warnings are


@pytest.mark.parametrize(
    "damage",
    ["vector = x'0000000000000000'", "vector = x'01'", "vector = 'text'", "entity = 9999 - entity", "vector = x''"],
)
def test_a_damaged_vector_is_told(sound: bytes, tmp_path: Path, damage: str, make: Make):
    path = written(tmp_path / "kb.db", sound)
    with sqlite3.connect(path) as file:
        file.execute(f"UPDATE embedding SET {damage}")
        if "entity" in damage:
            file.execute("UPDATE embedding SET entity = 10000 - entity")
    file.close()
    asked: Sequence[str] = [entity.entity_id for entity in ENTITIES]
    with pytest.raises(StoreError, match="damaged, the vector of entity 'Q"):
        make(str(path)).vectors(SPACE, asked)
