"""Full disks, writers that wait for each other, readers while the index is merged, and names nobody expects."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event

import pytest
from glinker_stores import blocks
from glinker_stores.index import parts
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import StoreError
from glinker_core.layers import Search, Store
from glinker_core.model import Candidate, Entity

Make = Callable[..., SqliteStore]
EXACT = Search(modes=("exact",))
FILL = Search(modes=("exact", "variant", "fuzzy", "partial", "initials", "prefix", "similar", "text"), fill=True)


def ids(store: Store, name: str, search: Search = EXACT) -> list[str]:
    return [candidate.entity_id for candidate in store.search([name], search)[0]]


def many(count: int, word: str = "entity") -> Iterator[Entity]:
    return (Entity(f"{word}-{n}", f"{word} number {n}", description="d" * 200, popularity=n) for n in range(count))


def fill(ballast: Path) -> None:
    """Leave no room on the disk."""
    with ballast.open("ab", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            with suppress(OSError):
                while file.write(b"x" * size):
                    pass


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own of two megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = [shutil.which("mount") or "false", "-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("no file system can be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_disk_that_fills_up_loses_nothing_and_is_written_again_once_there_is_room(small_disk: Path, make: Make):
    path = small_disk / "kb.db"
    store = make(str(path), *many(200))
    before = store.revision, list(store.entities())
    ballast = small_disk / "ballast"
    for _ in range(2):
        with pytest.raises(StoreError, match=r"kb\.db: the disk is full, nothing was written; free some space"):
            store.upsert(many(20_000, "new"))
        fill(ballast)
    assert (store.revision, list(store.entities())) == before
    assert ids(store, "entiyt number 7", Search(max_distance=1)) == ids(store, "entity number 7") == ["entity-7"]
    other = make(str(path))
    assert other.count() == 200, "it can also be opened"
    ballast.unlink()
    assert store.upsert(many(50, "new")).added == 50
    assert other.delete(["entity-7"]) == 1
    assert ids(store, "newn umber 7", Search(max_distance=1)) == ["new-7"]
    store.close()
    other.close()
    assert make(str(path)).count() == 249


def test_a_new_file_on_a_full_disk_is_refused(small_disk: Path, make: Make):
    fill(small_disk / "ballast")
    with pytest.raises(StoreError, match=r"kb\.db: the disk is full"):
        make(str(small_disk / "kb.db"))
    (small_disk / "ballast").unlink()
    assert make(str(small_disk / "kb.db"), Entity("1", "Paris")).count() == 1


def test_a_second_writer_waits_for_the_first(make: Make, path: str):
    first, second, may_end = make(path, timeout=20), make(path, timeout=20), Event()

    def slowly() -> Iterator[Entity]:
        yield Entity("1", "Paris")
        begun.set()
        assert may_end.wait(20)
        yield Entity("2", "Troy")

    begun = Event()
    with ThreadPoolExecutor(2) as pool:
        slow = pool.submit(first.upsert, slowly())
        assert begun.wait(20)
        waiting = pool.submit(second.upsert, [Entity("3", "Sparta"), Entity("2", "Ilion")])
        assert second.count() == 0, "who reads does not wait"
        may_end.set()
        assert slow.result().added == 2
        assert (waiting.result().added, waiting.result().replaced) == (1, 1)
    assert [entity.label for entity in first.entities()] == ["Paris", "Ilion", "Sparta"]
    assert ids(first, "Troi", Search()) == []


@pytest.fixture
def tiny_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of the index are merged at nearly every write."""
    monkeypatch.setattr(parts, "_SMALL", 5)


@pytest.mark.usefixtures("tiny_parts")
def test_a_search_whose_parts_are_merged_away_meanwhile_sees_what_it_began_with(
    make: Make, path: str, monkeypatch: pytest.MonkeyPatch
):
    writer, reader = make(path, *many(30)), make(path)
    for n in range(4):
        writer.upsert([Entity(f"late-{n}", f"late number {n}")])
    read, written = blocks.read_array, []

    def merge_first(*args: object) -> object:
        if not written:
            written.append(True)
            writer.clear()
            writer.upsert([Entity("other", "late number 1")])
        return read(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(blocks, "read_array", merge_first)
    assert ids(reader, "laet number 1", Search(max_distance=1)) == ["late-1"]
    assert written
    assert ids(reader, "laet number 1", Search(max_distance=1)) == ["other"]


@pytest.mark.usefixtures("tiny_parts")
def test_threads_find_by_typo_what_is_there_while_parts_are_merged(make: Make, path: str):
    writer, store = make(path, *many(40), timeout=20), make(path, timeout=20)
    versions = [[Entity(str(n), f"{name} {n}") for n in range(10)] for name in ("Constantinople", "Byzantium")]
    writer.upsert(versions[0])

    def read(turn: int) -> None:
        names = [f"Constantinopel {turn % 10}", f"Byzanitum {turn % 10}", "entiyt number 7"]
        found = store.search(names, Search(limit=1))
        assert [bool(candidates) for candidates in found] in ([True, False, True], [False, True, True])
        assert found[2][0].entity_id == "entity-7"

    with ThreadPoolExecutor(3) as pool:
        reads = [pool.submit(read, turn) for turn in range(150)]
        for turn in range(25):
            writer.upsert(versions[(turn + 1) % 2])
        for done in reads:
            done.result()


def test_names_of_ten_thousand_letters_are_found_in_every_mode_that_fits(store: Store):
    long = "letter " * 1400 + "end"
    store.upsert([Entity("1", long, ("x" * 10_000,), "word " * 2000), Entity("2", "東" * 10_000)])
    assert ids(store, long) == ids(store, long.upper()) == ids(store, "x" * 10_000) == ["1"]
    assert ids(store, long[:5000] + "x" + long[5001:], Search()) == ids(store, "x" * 9_998, Search()) == ["1"]
    assert ids(store, "東" * 9_999 + "京", Search()) == ["2"]
    assert ids(store, "end " + "letter " * 1400, Search(modes=("variant",))) == ["1"]
    assert ids(store, "letter end", Search(modes=("partial",))) == ["1"]
    assert ids(store, "x" * 9_000, Search(modes=("prefix",))) == ["1"]
    assert ids(store, "x" * 9_000, Search(modes=("similar",))) == ["1"]
    assert store.search([long], FILL)[0][0].name == long
    assert store.delete(["1"]) == 1
    assert ids(store, long, FILL) == []


def test_blank_names_and_names_of_signs_only_are_names_like_others(store: Store):
    store.upsert([Entity("1", "!!!", ("", "  ", "\u200b")), Entity("2", "★★★★")])
    store.upsert([Entity("3", "..."), Entity("4", "!!!!")])
    assert ids(store, "!!!") == ["1"]
    assert ids(store, "★★★", Search()) == ["2"]
    assert ids(store, "!!!", Search(("fuzzy",))) == ["1", "4"]
    assert [ids(store, blank, FILL) for blank in ("", " ", "\u200b", "\x00")] == [[], [], [], []]
    assert store.delete(["1", "2", "3"]) == 3
    assert ids(store, "!!!", FILL) == ["4"]


HOSTILE = [
    "'; drop table entity; --",
    '" OR 1=1',
    "100%",
    "%",
    "a_b",
    "_",
    "\\",
    "a\x00b",
    "x\ny",
    "*",
    "(a OR b",
    ":a",
]


def test_hostile_names_ids_types_and_descriptions_are_only_text_in_every_mode(store: Store):
    entities = [Entity(f"id {text}", f"n {text}", (text,), f"about {text}", f"t {text}") for text in HOSTILE]
    store.upsert([*entities, Entity("plain", "n plain", ("ab",), "about a b")])
    assert store.get([entity.entity_id for entity in entities]) == entities
    for entity in entities:
        found = store.search([entity.label, *entity.aliases, entity.description], FILL)
        assert entity in [one.entity for one in found[0]]
        only = Search(modes=FILL.modes, fill=True, types=(entity.entity_type,), min_cosine=0.1)
        found = store.search([entity.label, "about"], only)
        assert {one.entity_id for candidates in found for one in candidates} == {entity.entity_id}
    assert store.delete([entity.entity_id for entity in entities]) == len(HOSTILE)
    assert [entity.entity_id for entity in store.entities()] == ["plain"]


def test_a_hundred_thousand_homonyms_are_written_found_and_removed(store: Store):
    store.upsert(Entity(f"Q{n}", "John Smith", popularity=n) for n in range(100_000))
    best = [f"Q{n}" for n in range(99_999, 99_969, -1)]
    assert ids(store, "john smiht", Search()) == best
    assert store.delete(best[:1]) == 1
    store.upsert(Entity(one, "John Smith", popularity=10**6 - n) for n, one in enumerate(best[2:]))
    assert ids(store, "John Smith", Search(limit=29)) == [*best[2:], best[1]]
    assert store.count() == 99_999


def test_an_answer_is_the_same_however_many_are_asked_at_once(store: Store):
    store.upsert(many(300))
    names = [f"entity number {n}"[: 8 + n % 9] for n in range(600)]
    together: Sequence[tuple[Candidate, ...]] = store.search(names, FILL)
    assert [store.search([name], FILL)[0] for name in names[::40]] == list(together[::40])
    assert store.search(names[::-1], FILL) == list(together[::-1])


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="open files cannot be counted here")
def test_stores_that_are_closed_or_fail_leave_no_file_open(make: Make, path: str):
    make(path, *many(10)).close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        store = make(path)
        assert ids(store, "entiyt number 3", Search())
        store.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
