"""Parts of the index: what the newest says counts, few of them are kept, and they are stored as they are."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from glinker_stores import blocks
from glinker_stores.index import parts as parts_module
from glinker_stores.index.modes import MODES, Near
from glinker_stores.index.part import GONE, TYPES, Array, Part
from glinker_stores.index.parts import Parts, written
from glinker_stores.sqlite import SqliteStore
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.layers import Search

KEYS = [f"{a} {b}" for a in ("berlin", "new york", "東京", "é", "st petersburg") for b in ("a", "cities", "of", "x y")]
#: What one write says: keys in order, each with its popularity or `GONE`.
WRITES = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from([GONE, 0.0, 1.5, 7.0]), min_size=1, max_size=5),
    min_size=1,
    max_size=12,
)


@pytest.fixture(scope="module", autouse=True)
def small_parts() -> Iterator[None]:
    """Parts are merged whatever their size only when they are tiny, so that few keys make several parts."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "_SMALL", 2)
        yield


def write(parts: list[Part], changed: dict[str, float]) -> int:
    """Write what changed; says how many keys went into the new part."""
    kept, made = written(parts, sorted(changed.items()))
    parts[kept:] = [made]
    return len(made)


def known(parts: Parts) -> dict[str, float]:
    """All keys that are there, with their popularity."""
    found = {}
    for live in parts.live:
        for key, popularity in zip(live.part.all_keys(), live.popularity.tolist(), strict=True):
            if popularity != GONE:
                assert key not in found, "only one part may speak for a key"
                found[key] = popularity
    return found


def found(parts: Parts, mode: str, names: Sequence[str]) -> list[list[Near]]:
    return MODES[mode](parts, names, Search(min_similarity=0.5, min_cosine=0.2), 100)


@given(WRITES)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_many_writes_answer_like_one_of_everything_they_left(writes: list[dict[str, float]]):
    parts: list[Part] = []
    model: dict[str, float] = {}
    for changed in writes:
        write(parts, changed)
        model |= changed
    there = {key: popularity for key, popularity in model.items() if popularity != GONE}
    several = Parts.of(parts)
    assert known(several) == there
    at_once: list[Part] = []
    write(at_once, there)
    names = ["berlin a", "cities berlin", "berlin", "newyork x y", "東京 b", "nx", "spo", "new yrok of", "berlins a"]
    for mode in MODES:
        if mode != "similar":  # weighs 3-grams by what the first part holds
            assert found(several, mode, names) == found(Parts.of(at_once), mode, names), mode


def test_keys_that_no_name_has_are_known_by_their_hashes_alone():
    old, new = Part.of(sorted(KEYS), [1.0] * len(KEYS), None), Part.of(["berlin of", "paris"], [GONE, 2.0], None)
    loaded = []

    def reading(part: Part) -> Part:
        def load(array: str) -> Array:
            loaded.append(array)
            return part[array]

        return Part(load)

    parts = Parts.of([reading(old), reading(new)])
    assert list(parts.known(["berlin", "", "zürich"])) == []
    assert loaded == ["hashes", "hashes"]
    assert list(parts.known(["berlin of", "東京 of", "nobody", "paris"])) == ["東京 of", "paris"]


def test_the_newest_part_says_what_a_key_is():
    parts: list[Part] = []
    write(parts, dict.fromkeys(KEYS, 1.0))
    for popularity in (5.0, GONE, 3.0):
        write(parts, {"berlin of": popularity})
        assert len(parts) == 2
        assert known(Parts.of(parts)).get("berlin of", GONE) == popularity
        (near,) = found(Parts.of(parts), "fuzzy", ["berlin off"])
        assert [(one.key, one.popularity) for one in near] == [("berlin of", popularity)] * (popularity != GONE)


def test_keys_that_are_gone_are_not_kept_once_nothing_older_needs_to_be_told():
    parts: list[Part] = []
    write(parts, dict.fromkeys(KEYS, 1.0))
    write(parts, {KEYS[0]: GONE})
    assert parts[1].all_keys() == [KEYS[0]], "the older part must not speak for it"
    write(parts, dict.fromkeys(KEYS, GONE))
    assert [part.all_keys() for part in parts] == [[]]
    assert all(found(Parts.of(parts), mode, KEYS) == [[]] * len(KEYS) for mode in MODES)
    write(parts, {KEYS[1]: 2.0})
    assert known(Parts.of(parts)) == {KEYS[1]: 2.0}


def test_parts_stay_few_and_keys_are_seldom_written_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(parts_module, "_SMALL", 8)
    chance = random.Random(5)
    keys = [f"key {n}" for n in range(3000)]
    chance.shuffle(keys)
    parts: list[Part] = []
    rewritten, most, start = 0, 0, 0
    while start < len(keys):
        size = chance.choice([1, 1, 2, 5, 30])
        rewritten += write(parts, dict.fromkeys(keys[start : start + size], 1.0))
        start += size
        most = max(most, len(parts))
        sizes = [len(part) for part in parts]
        assert all(sizes[n] > sum(sizes[n + 1 :]) for n in range(len(sizes)))
    assert len(known(Parts.of(parts))) == len(keys)
    assert most <= 10, "3000 can be halved 9 times before 8 are left"
    assert rewritten <= len(keys) * 14


def test_writes_of_falling_sizes_do_not_pile_up():
    parts: list[Part] = []
    for size in range(30, 0, -1):
        write(parts, {f"key {size} {n}": 1.0 for n in range(size)})
        assert len(parts) <= 6


def test_a_first_import_makes_one_part():
    kept, made = written([], [(key, 1.0) for key in sorted(KEYS)])
    assert (kept, made.all_keys()) == (0, sorted(KEYS))


def test_keys_are_in_the_order_of_their_code_points():
    keys = sorted(["a", "a b", "ab", "é", "東京", "\U0001f680", "\ufffd", "z"])
    part = Part.of(keys, [1.0] * len(keys), None)
    assert part.all_keys() == keys
    assert [part.find(key) for key in keys] == list(range(len(keys)))
    assert [part.find(key) for key in ("", "aa", "\U0001f681")] == [None, None, None]
    assert [part.place(key) for key in ("", "aa", "\U0001f681")] == [0, 2, len(keys)]


@pytest.mark.parametrize("piece", [3, 64, 1 << 22])
def test_parts_come_back_from_a_file_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int):
    monkeypatch.setattr(blocks, "_PIECE", piece)
    keys = sorted(KEYS) if piece < 1000 else sorted(f"{key} {n}" for key in KEYS for n in range(50))
    made = {2: Part.of(keys, [float(n) for n in range(len(keys))], None), 10: Part.of([], [], None)}
    store = SqliteStore(str(tmp_path / "kb.db"))
    store.open()
    with store.writing() as connection:
        for number, one in made.items():
            blocks.add_part(connection, number, one)
    with store.reading() as connection:
        for number, one in made.items():
            assert set(one.arrays()) == set(TYPES)
            for array, values in one.arrays().items():
                read = blocks.read_array(connection, number, array)
                assert (read.dtype, read.tolist()) == (np.dtype(TYPES[array]).newbyteorder("="), values.tolist())
    with store.writing() as connection:
        blocks.drop_parts(connection, [2])
        assert connection.exec_driver_sql("SELECT DISTINCT part FROM block").scalars().all() == [10]
        for numbers in ([], [10], [2, 10]):
            blocks.list_parts(connection, numbers)
            assert blocks.part_numbers(connection) == numbers
    store.close()
