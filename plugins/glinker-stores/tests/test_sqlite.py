"""The file of a `SqliteStore`: what it may be, what goes wrong with it, and who may use it at the same time."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from glinker_stores import sqlite
from glinker_stores.sqlite import SqliteStore
from sqlalchemy.engine import Engine

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity, evolve

PARIS = Entity("1", "Paris", ("Lutetia",), popularity=2)
EXACT = Search(modes=("exact",))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "kb.db")


@pytest.fixture
def make() -> Iterator[Callable[..., SqliteStore]]:
    """Opens stores, and closes them in the end."""
    made = []

    def make(path: str, *entities: Entity, read_only: bool = False, timeout: float = 0.1) -> SqliteStore:
        store = SqliteStore(path, read_only=read_only, timeout=timeout)
        made.append(store)
        store.open()
        if entities:
            store.upsert(entities)
        return store

    yield make
    for store in made:
        store.close()


Make = Callable[..., SqliteStore]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that any user can reach."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


@contextmanager
def nobody() -> Iterator[None]:
    """Without the rights of root, to whom nothing is read-only."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


needs_users = pytest.mark.skipif(not hasattr(os, "seteuid"), reason="rights of files are another matter here")


# -- what the file may be ----------------------------------------------------------------------------------------------


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
        StoreError, match=r"was written in format 7, this .* reads format 1; run: pip install --upgrade"
    ):
        make(path)


def test_a_damaged_file_is_an_error_not_an_empty_answer(make: Make, path: str):
    make(path, *(Entity(str(n), f"name {n}") for n in range(2000))).close()
    content = bytearray(Path(path).read_bytes())
    content[4096:-4096] = b"\xff" * (len(content) - 8192)
    Path(path).write_bytes(content)
    with pytest.raises(StoreError, match="it is damaged"):
        make(path).search(["name 7"], EXACT)


@needs_users
def test_a_file_one_may_not_read_is_named(make: Make, folder: Path):
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


# -- read only ---------------------------------------------------------------------------------------------------------


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


@needs_users
def test_a_file_in_a_folder_nobody_writes_to_can_be_read(make: Make, folder: Path):
    path = folder / "kb.db"
    make(str(path), PARIS).close()
    path.chmod(0o444)
    folder.chmod(0o555)
    with nobody():
        store = make(str(path), read_only=True)
        assert store.search(["paris"], EXACT)[0][0].entity == PARIS
        store.close()


@needs_users
def test_a_read_only_file_or_folder_cannot_be_written(make: Make, folder: Path):
    path = folder / "kb.db"
    make(str(path), PARIS).close()
    path.chmod(0o444)
    with nobody(), pytest.raises(StoreError, match="read_only: true"):
        make(str(path), evolve(PARIS, label="Other"))
    folder.chmod(0o555)
    with nobody(), pytest.raises(StoreError, match="read_only: true"):
        make(str(path), evolve(PARIS, label="Other"))
    with nobody(), pytest.raises(StoreError, match="it cannot be opened; is the folder writable"):
        make(str(folder / "new.db"))
    assert list(make(str(path), read_only=True).entities()) == [PARIS]


# -- writes that fail --------------------------------------------------------------------------------------------------


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
        with pytest.raises(StoreError, match=r"kb\.db: another writer did not finish within 0\.1 s; try again"):
            other.upsert([Entity("3", "Sparta")])

    store.upsert(entities())
    assert [entity.entity_id for entity in other.entities()] == ["1", "2"]
    assert other.upsert([Entity("3", "Sparta")]).added == 1


def test_an_iterable_that_raises_late_leaves_the_file_as_it_was(make: Make, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "_CHUNK", 100)
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


# -- together ----------------------------------------------------------------------------------------------------------


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


def test_entities_kept_as_objects_are_bounded(make: Make, path: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "_CACHED", 5)
    store = make(path, *(Entity(str(n), f"name {n}") for n in range(12)))
    for _ in range(2):
        for n in range(12):
            assert store.search([f"name {n}"], EXACT)[0][0].entity_id == str(n)
            assert len(store._cache[1]) <= 5


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
child = os.fork()
found = store.search(["Paris"], Search())[0][0].entity_id
store.upsert([Entity(f"from {'parent' if child else 'child'}", found)])
if not child:
    store.close()
    os._exit(0)
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


def test_many_threads_may_search_at_once(make: Make, path: str):
    store = make(path, PARIS)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: store.search(["Paris", "Pariss"], Search()), range(200)))
    assert all(one == answers[0] for one in answers)
