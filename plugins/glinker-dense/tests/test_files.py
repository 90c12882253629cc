"""Very many entities, and their vectors in a file: the same answers, and never those of a file that does not fit."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glinker_dense.coarse import Coarse
from glinker_dense.retriever import DenseRetriever

from glinker_core.errors import InputError
from glinker_core.model import Entity
from glinker_core.resources import Resources

from .cases import ENTITIES, TEXT, ids, mentions, stored
from .conftest import TinyModel

WORDS = (
    "planet",
    "element",
    "blood",
    "doctors",
    "capital",
    "city",
    "prince",
    "country",
    "river",
    "player",
    "attack",
    "sun",
)
MANY = (
    *ENTITIES,
    *(Entity(f"m{n}", f"{WORDS[n % 12]} {WORDS[n // 12 % 12]}", description=f"a {WORDS[n % 7]}") for n in range(144)),
)


@pytest.fixture
def answers(tiny_model: TinyModel, opened: Callable[..., Any], tmp_path: Path) -> Callable[..., list[str]]:
    """What a retriever with a file finds in a store."""

    def found(store: Any, folder: Path | None = tmp_path, **settings: Any) -> list[str]:
        given = {"model": str(tiny_model()), "max_candidates": 10, **settings}
        layer = opened(DenseRetriever(**given, index_folder=folder and str(folder)), Resources({"kb": store}))
        ((item,),) = layer.retrieve([TEXT], [mentions(TEXT, "Mercury")])
        return ids(item)

    return found


@pytest.fixture
def file(tmp_path: Path) -> Callable[[], Path]:
    """The one file that was written."""

    def written() -> Path:
        (path,) = tmp_path.iterdir()
        return path

    return written


def test_a_file_gives_what_memory_gives(answers: Any, file: Any, caplog: pytest.LogCaptureFixture) -> None:
    store = stored(*MANY)
    expected = answers(store, None)
    with caplog.at_level(logging.WARNING):
        assert answers(store) == expected
        before = file().stat().st_mtime_ns
        assert answers(store) == expected
    assert file().stat().st_mtime_ns == before
    assert caplog.records == []


def test_the_likely_nearest_are_the_nearest(answers: Any, file: Any) -> None:
    store = stored(*MANY)
    assert answers(store, approximate_above=10) == answers(store, None)
    assert answers(store, approximate_above=10) == answers(store, None)
    assert answers(store, approximate_above=10, types=["place"]) == ["paris"]


def test_what_changed_since_the_file_was_written_is_taken_up(answers: Any, file: Any) -> None:
    store = stored(*MANY)
    first = answers(store, approximate_above=10)
    store.delete(first[:2])
    store.upsert([Entity("new", "Mercury", description="planet closest to the Sun")])
    for limit in (10, 1000):
        assert answers(store, approximate_above=limit) == answers(store, None)
    assert "new" in answers(store)
    store.clear()
    assert answers(store) == []


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda data: data[:-200], "it is cut off"),
        (lambda data: data[:30], "its header is damaged"),
        (lambda data: b"something else" + data, "it is no file of vectors, or one of another version"),
        (lambda data: data[:-3000] + bytes(8) + data[-2992:], r"its \w+ are damaged"),
    ],
    ids=["truncated", "headless", "foreign", "overwritten"],
)
def test_a_damaged_file_is_told_and_made_again(
    damage: Callable[[bytes], bytes], told: str, answers: Any, file: Any, caplog: pytest.LogCaptureFixture
) -> None:
    store = stored(*MANY)
    expected = answers(store, approximate_above=10)
    whole = file().read_bytes()
    file().write_bytes(damage(whole))
    with caplog.at_level(logging.WARNING):
        assert answers(store, approximate_above=10) == expected
    (said,) = caplog.messages
    assert re.search(rf"cannot be used, {told}; its vectors are gathered again", said)
    assert file().read_bytes() == whole


def test_a_file_of_another_byte_order_is_told_and_made_again(
    answers: Any, file: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    store = stored(*MANY)
    with monkeypatch.context() as other:
        other.setattr("glinker_dense.file._BYTE_ORDER", "big")
        expected = answers(store, approximate_above=10)
    with caplog.at_level(logging.WARNING):
        assert answers(store, approximate_above=10) == expected
    assert "written on a machine that is big-endian" in caplog.text
    caplog.clear()
    answers(store, approximate_above=10)
    assert caplog.records == []


def test_another_model_has_a_file_of_its_own(answers: Any, tiny_model: TinyModel, tmp_path: Path) -> None:
    store = stored(*MANY)
    answers(store)
    answers(store, model=str(tiny_model(seed=1)))
    assert len(list(tmp_path.iterdir())) == 2


def test_without_faiss_it_is_said_what_to_install(answers: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(InputError, match=r"run: pip install glinker-dense\[ann\], or raise approximate_above"):
        answers(stored(*MANY), approximate_above=10)


def test_rows_beyond_the_last_are_no_answers() -> None:
    vectors = np.random.default_rng(0).standard_normal((40, 16)).astype(np.float16)
    likely = Coarse.of(vectors).likely(vectors[:2].astype(np.float32), 100)
    assert sorted(likely[0]) == list(range(40))
