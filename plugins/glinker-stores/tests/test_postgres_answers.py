"""All stores give the same answers, whatever was written to them and however they are asked."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from glinker_stores import lookup
from glinker_stores.dict import DictStore
from glinker_stores.index import parts
from glinker_stores.postgres import PostgresStore
from glinker_stores.sqlite import SqliteStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.layers import Search, Store
from glinker_core.model import Entity
from glinker_core.names import normalise
from tests import services

WORDS = [
    "Berlin",
    "berlins",
    "city",
    "of",
    "New",
    "york",
    "u.s.",
    "Émile",
    "東京",
    "ab",
    "ba",
    "%",
    "'",
    "\x00",
    "\x01",
    "?",
]
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=3).map(" ".join),
    st.text(st.sampled_from("abAáé .\x00\x01"), max_size=6),
)
ENTITIES = st.builds(
    Entity,
    st.sampled_from(["1", "2", "3", "'4%", "é\x005", "6\x01"]),
    NAMES.filter(normalise),
    st.lists(NAMES, max_size=3).map(tuple),
    st.sampled_from(["", "a city of New York", "Berlin: the ab,\x00東京", "ab ab of"]),
    st.sampled_from(["", "place", "pl\x00äce"]),
    st.sampled_from([0, 0.0, 1, 1.5, 2**62, 1e300]),
    st.sampled_from([{}, {"a": [1, None, "x\x00"]}]),
)
EDITS = st.one_of(
    st.tuples(st.sampled_from(["replace", "keep"]), st.lists(ENTITIES, min_size=1, max_size=5)),
    st.tuples(st.just("delete"), st.lists(ENTITIES, max_size=2)),
    st.tuples(st.just("look"), st.lists(ENTITIES, max_size=1)),
)
SEARCHES = st.builds(
    Search,
    modes=st.lists(st.sampled_from(lookup.MODES), min_size=1, max_size=len(lookup.MODES), unique=True).map(tuple),
    limit=st.sampled_from([0, 1, 3, 30]),
    max_distance=st.integers(0, 3),
    min_similarity=st.sampled_from([0.0, 0.5, 0.75]),
    prefix_length=st.integers(0, 1),
    min_popularity=st.sampled_from([-1, 0, 1, 1.5, 2**62]),
    min_cosine=st.sampled_from([0.2, 0.4]),
    types=st.sampled_from([(), (), ("place",), ("", "pl\x00äce"), ("none",), ("\ud83d", "place")]),
    fill=st.booleans(),
)


@pytest.fixture(scope="module")
def stores(kept_schema: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sequence[Store]]:
    """All stores, which keep several parts of an index even of few names."""
    file = str(tmp_path_factory.mktemp("all") / "kb.db")
    made = DictStore(), SqliteStore(file), PostgresStore(services.postgres(), schema=kept_schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "_SMALL", 2)
        for one in made:
            one.open()
        yield made
    for one in made:
        one.close()


@given(st.lists(EDITS, max_size=6), st.lists(NAMES, max_size=4), SEARCHES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_all_stores_give_the_same_answers(
    stores: Sequence[Store], edits: Sequence[tuple[str, list[Entity]]], names: list[str], search: Search
):
    for store in stores:
        store.clear()
    for what, entities in edits:
        if what == "delete":
            said = [store.delete([one.entity_id for one in entities]) for store in stores]
        elif what == "look":  # between writes, for a store that makes its index only then
            said = [store.search([one.label for one in entities], search) for store in stores]
        else:
            said = [store.upsert(entities, what) for store in stores]
        assert said == said[:1] * len(stores)
    known = [name for one in stores[0].entities() for name in one.names]
    asked = [*names, *known, *(name[:3] for name in known), *(f"{name}s" for name in known)]
    answers = [store.search(asked, search) for store in stores]
    assert answers == answers[:1] * len(stores)
    kept = [(store.count(), list(store.entities()), sorted(store.names())) for store in stores]
    assert kept == kept[:1] * len(stores)
    assert len({repr(one) for one in kept}) == 1, "1 is not 1.0"


def test_the_script_that_compares_all_stores_finds_no_difference(server: object, kept_schema: str):
    script = Path(__file__).parents[3] / "benchmarks" / "same_answers.py"
    command = [sys.executable, str(script), "--edits", "12", "--queries", "150", "--postgres", services.postgres()]
    done = subprocess.run([*command, "--schema", kept_schema], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("dict, sqlite, postgres: identical answers to 150 queries")
