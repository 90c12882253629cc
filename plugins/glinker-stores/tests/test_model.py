"""Both stores against a model that looks at everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise
from glinker_core.testing.store import distance

EXACT = Search(modes=("exact",))


NAMES = st.text(st.sampled_from("abcABáé ."), max_size=9)
LABELS = NAMES.filter(normalise)
ENTITIES = st.builds(
    Entity,
    st.sampled_from(["1", "2", "3", "'4%", "é5"]),
    LABELS,
    st.lists(NAMES, max_size=3).map(tuple),
    st.sampled_from(["", "described"]),
    popularity=st.sampled_from([0, 1, 1.5, 7]),
    metadata=st.sampled_from([{}, {"a": [1, None, "x"]}]),
)
EDITS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["replace", "keep"]), st.lists(ENTITIES, max_size=6)),
        st.tuples(st.just("delete"), st.lists(ENTITIES, max_size=2)),
    ),
    max_size=5,
)
SEARCHES = st.builds(
    Search,
    modes=st.sampled_from([("exact", "fuzzy"), ("exact",), ("fuzzy",), ("fuzzy", "exact")]),
    limit=st.sampled_from([1, 2, 30]),
    max_distance=st.integers(-1, 4),
    min_similarity=st.sampled_from([0.0, 0.5, 0.75, 0.8]),
    prefix_length=st.integers(0, 2),
    min_popularity=st.sampled_from([0, 1.5]),
)


def quality(name: str, surface: str, mode: str, search: Search) -> float | None:
    key, theirs = normalise(name), normalise(surface)
    if mode == "exact":
        return 1.0 if name == surface else 0.99 if key == theirs else None
    edits, prefix = distance(key, theirs), search.prefix_length
    similarity = 1 - edits / max(len(key), len(theirs))
    near = edits <= max(min(search.max_distance, 2), 0) and similarity >= search.min_similarity
    return min(similarity, 0.989) if near and theirs and key[:prefix] == theirs[:prefix] else None


def answer(entities: Sequence[Entity], name: str, search: Search) -> tuple[Candidate, ...]:
    for mode in search.modes if normalise(name) else ():
        found = []
        for entity in entities:
            qualities = [(quality(name, surface, mode, search), surface) for surface in entity.names]
            known = [(-q, surface != entity.label, surface) for q, surface in qualities if q is not None]
            if known and entity.popularity >= search.min_popularity:
                best, _, surface = min(known)
                match = "fuzzy" if mode == "fuzzy" else "exact" if best == -1 else "normalised"
                found.append(Candidate(entity, surface, match, {"l2": -best}))
        if found:
            found.sort(key=lambda c: (-c.score, -c.entity.popularity, c.entity_id))
            return tuple(found[: search.limit])
    return ()


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Any]]:
    stores = [DictStore(), SqliteStore(str(tmp_path_factory.mktemp("both") / "kb.db"))]
    for one in stores:
        one.open()
    yield stores
    stores[1].close()


@given(EDITS, st.lists(NAMES, min_size=1, max_size=8), SEARCHES)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_both_stores_answer_like_a_search_of_everything(both: list[Any], edits: Any, names: list[str], search: Search):
    model: dict[str, Entity] = {}
    for store in both:
        store.clear()
    for what, entities in edits:
        for entity in entities:
            if what == "delete":
                model.pop(entity.entity_id, None)
            elif what == "replace" or entity.entity_id not in model:
                model[entity.entity_id] = entity
        for store in both:
            if what == "delete":
                store.delete([entity.entity_id for entity in entities])
            else:
                store.upsert(entities, what)
    names += [surface for entity in model.values() for surface in entity.names]
    expected = [answer(list(model.values()), name, search) for name in names]
    for store in both:
        assert list(store.entities()) == [entity for _, entity in sorted(model.items())]
        assert store.search(names, search) == expected
        assert [store.search([name], search)[0] for name in names] == expected, "one by one"
