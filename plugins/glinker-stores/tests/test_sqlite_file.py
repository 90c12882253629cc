"""The file of a `SqliteStore`: what it may be, and who may only read it."""

from __future__ import annotations

import hashlib
import sqlite3
import unicodedata
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from glinker_stores import engine
from glinker_stores.index.part import GONE, TYPES, Part
from glinker_stores.schema import VERSION
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity, evolve
from glinker_core.names import normalise

PARIS = Entity("1", "Paris", ("Lutetia",), popularity=2)
EXACT = Search(modes=("exact",))
Make = Callable[..., SqliteStore]
Nobody = Callable[[], AbstractContextManager[None]]


def test_a_file_that_is_not_there_is_made_and_kept(make: Make, path: str):
    make(path, PARIS).close()
    assert list(make(path).entities()) == [PARIS]


@pytest.mark.parametrize("name", ["kb ?#%20&mode=memory é.db", "'quoted'.db"])
def test_any_path_is_only_a_path(make: Make, tmp_path: Path, name: str):
    make(str(tmp_path / name), PARIS)
    assert (tmp_path / name).exists()


def test_an_empty_file_is_filled(make: Make, path: str):
    Path(path).touch()
    assert make(path, PARIS).count() == 1


def test_a_file_that_another_process_makes_meanwhile_is_used_as_it_is(
    make: Make, path: str, monkeypatch: pytest.MonkeyPatch
):
    look = engine._is_store
    seen: list[Any] = []

    def too_early(*args: Any) -> bool:
        seen.append(args)
        if len(seen) > 1:
            return look(*args)
        make(path, PARIS)
        return False

    monkeypatch.setattr(engine, "_is_store", too_early)
    assert list(make(path).entities()) == [PARIS]


def test_a_store_can_be_opened_twice_and_again_after_closing(make: Make, path: str):
    store = make(path, PARIS)
    store.open()
    store.close()
    store.open()
    assert store.get(["1"]) == [PARIS]


def test_a_store_that_is_not_open_says_so(path: str):
    for use in (SqliteStore(path).count, lambda: SqliteStore(path).search(["a"], EXACT)):
        with pytest.raises(StoreError, match=r"kb\.db: the store is not open; call open\(\) first"):
            use()


def test_a_file_that_is_not_sqlite_is_refused_and_left_alone(make: Make, path: str):
    for content in (b"entity_id,label\n" * 100, b"x"):
        Path(path).write_bytes(content)
        for read_only in (False, True):
            with pytest.raises(StoreError, match=r"kb\.db: is not a SQLite file"):
                make(path, read_only=read_only)
        assert Path(path).read_bytes() == content


def test_a_sqlite_file_of_another_program_is_refused_and_left_alone(make: Make, path: str):
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE entity (id)")
    other.close()
    before = Path(path).read_bytes()
    with pytest.raises(StoreError, match="is a SQLite file of another program"):
        make(path)
    assert Path(path).read_bytes() == before


def test_a_store_of_a_newer_version_is_refused_with_both_versions(make: Make, path: str):
    make(path).close()
    with sqlite3.connect(path) as newer:
        newer.execute("PRAGMA user_version = 7")
    newer.close()
    with pytest.raises(
        StoreError, match=r"was written in format 7, this .* reads format 3; run: pip install --upgrade"
    ):
        make(path)


def test_defect_q_a_damaged_file_is_an_error_not_an_empty_answer(make: Make, path: str):
    make(path, *(Entity(str(n), f"name {n}") for n in range(2000))).close()
    content = bytearray(Path(path).read_bytes())
    content[4096:-4096] = b"\xff" * (len(content) - 8192)
    Path(path).write_bytes(content)
    with pytest.raises(StoreError, match="it is damaged"):
        make(path).search(["name 7"], EXACT)


def test_a_file_one_may_not_read_is_named(make: Make, folder: Path, nobody: Nobody):
    path = folder / "kb.db"
    make(str(path), PARIS).close()
    path.chmod(0)
    with nobody(), pytest.raises(StoreError, match=r"kb\.db: cannot be read: Permission denied"):
        make(str(path), read_only=True)


@pytest.mark.parametrize("read_only", [False, True])
def test_a_folder_is_no_file(make: Make, tmp_path: Path, read_only: bool):
    with pytest.raises(StoreError, match="is not a file"):
        make(str(tmp_path), read_only=read_only)


def test_a_folder_that_is_not_there_is_named(make: Make, tmp_path: Path):
    with pytest.raises(StoreError, match=r"there is no folder .*/none; make it first"):
        make(str(tmp_path / "none" / "kb.db"))


def test_memory_is_no_path(make: Make):
    with pytest.raises(StoreError, match="use a store of type 'dict'"):
        make(":memory:")


def test_files_written_before_hold_the_keys_that_are_looked_for():
    characters = [chr(code) for code in range(0x3100) if unicodedata.ucd_3_2_0.category(chr(code)) not in ("Cn", "Cs")]
    keys = [normalise(character) for character in characters]
    words = ["abcdefghijklmnopqrstuvwxyz"[:length] for length in range(1, 27)]
    names = [*words, "cities of the united states", "東京都", "us", "gone", *(f"{word} of {word}s" for word in words)]
    index = Part.of(sorted(names), [GONE if name == "gone" else len(name) for name in sorted(names)], None)
    stored = {name: values.round(3).tolist() for name, values in sorted(index.arrays().items())}
    made = hashlib.blake2b(repr((keys, TYPES, stored)).encode(), digest_size=8).hexdigest()
    assert (VERSION, made) == (3, "110cfa2d1c42c070"), (
        "keys or what they are found by are others: once released, move schema.VERSION with it"
    )


def test_a_missing_file_cannot_be_read(make: Make, path: str):
    with pytest.raises(StoreError, match=r"kb\.db: no such file; import entities into it first"):
        make(path, read_only=True)
    assert not Path(path).exists()


def test_an_empty_file_cannot_be_read(make: Make, path: str):
    Path(path).touch()
    with pytest.raises(StoreError, match=r"kb\.db: is empty"):
        make(path, read_only=True)


def test_a_store_opened_to_be_read_refuses_every_write(make: Make, path: str):
    make(path, PARIS)
    store = make(path, read_only=True)
    for write in (lambda: store.upsert([]), lambda: store.delete(["1"]), store.clear):
        with pytest.raises(StoreError, match="is opened with read_only: true; open it with read_only: false"):
            write()
    assert store.search(["Paris"], EXACT)[0][0].entity == PARIS


def test_a_file_in_a_folder_nobody_writes_to_can_be_read(make: Make, folder: Path, nobody: Nobody):
    path = folder / "kb.db"
    make(str(path), PARIS).close()
    path.chmod(0o444)
    folder.chmod(0o555)
    with nobody():
        store = make(str(path), read_only=True)
        assert store.search(["paris"], EXACT)[0][0].entity == PARIS
        store.close()


def test_a_read_only_file_or_folder_cannot_be_written(make: Make, folder: Path, nobody: Nobody):
    path = folder / "kb.db"
    make(str(path), PARIS).close()
    path.chmod(0o444)
    with nobody(), pytest.raises(StoreError, match="read_only: true"):
        make(str(path), evolve(PARIS, label="Other"))
    folder.chmod(0o555)
    with nobody(), pytest.raises(StoreError, match="read_only: true"):
        make(str(path), evolve(PARIS, label="Other"))
    with nobody(), pytest.raises(StoreError, match="it cannot be opened; make the folder writable"):
        make(str(folder / "new.db"))
    assert list(make(str(path), read_only=True).entities()) == [PARIS]
