"""Both stores against a model that compares every name with every other, in all modes."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from attrs import evolve, frozen
from glinker_stores import blocks, lookup
from glinker_stores.dict import DictStore
from glinker_stores.index import parts as parts_module
from glinker_stores.index.part import GONE
from glinker_stores.index.terms import SMALL_WORDS, stem
from glinker_stores.sqlite import SqliteStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise, pieces
from glinker_core.testing.store import distance

WORDS = ["Berlin", "berlins", "city", "cities", "of", "New", "york", "u.s.", "U", "Émile", "東京", "都", "ab", "?", ""]
NAMES = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    st.lists(st.sampled_from(WORDS), min_size=2, max_size=3).map("".join),
    st.text(st.sampled_from("abcABáé ."), max_size=9),
)
ENTITIES = st.builds(
    Entity,
    st.sampled_from(["1", "2", "3", "4", "'5%", "é6"]),
    NAMES.filter(normalise),
    st.lists(NAMES, max_size=3).map(tuple),
    st.sampled_from(["", "a city of New York", "Berlin: the ab, 東京", "ab ab of"]),
    st.sampled_from(["", "place", "pl\u00e4ce"]),
    st.sampled_from([0, 1, 1.5, 7]),
    st.sampled_from([{}, {"a": [1, None, "x"]}]),
)
WRITES = st.one_of(
    st.tuples(st.sampled_from(["replace", "keep", "merge"]), st.lists(ENTITIES, max_size=5)),
    st.tuples(st.just("delete"), st.lists(ENTITIES, max_size=2)),
)
SEARCHES = st.builds(
    Search,
    modes=st.lists(st.sampled_from(lookup.MODES), min_size=1, max_size=4, unique=True).map(tuple),
    limit=st.sampled_from([0, 1, 2, 3, 30]),
    max_distance=st.integers(-1, 4),
    min_similarity=st.sampled_from([0.0, 0.5, 0.75, 0.8]),
    prefix_length=st.integers(0, 2),
    min_popularity=st.sampled_from([-1, 0, 0, 1.5]),
    min_cosine=st.sampled_from([0.2, 0.4]),
    types=st.sampled_from([(), (), ("place",), ("", "pl\u00e4ce"), ("none",)]),
    fill=st.booleans(),
)
CLOSE = 1e-3  # how exactly `similar` adds up
Weigh = Callable[[str], float]


def split(key: str) -> list[str]:
    return [word for run in key.split() for word in pieces(run)]


def variant(ours: str, theirs: str, search: Search) -> tuple[float, str] | None:
    one, other = split(ours), split(theirs)
    for quality, match, same in (
        (0.98, "reordered", sorted(one) == sorted(other)),
        (0.97, "spacing", "".join(one) == "".join(other)),
        (0.96, "plural", sorted(map(stem, one)) == sorted(map(stem, other))),
        (0.96, "plural", stem("".join(one)) == stem("".join(other))),
    ):
        if same and ours != theirs:
            return quality, match
    return None


def fuzzy(ours: str, theirs: str, search: Search) -> tuple[float, str] | None:
    edits, first = distance(ours, theirs), search.prefix_length
    similarity = 1 - edits / max(len(ours), len(theirs))
    near = edits <= max(min(search.max_distance, 2), 0) and similarity >= search.min_similarity
    return (min(similarity, 0.95), "fuzzy") if near and ours[:first] == theirs[:first] else None


def partial(ours: str, theirs: str, search: Search) -> tuple[float, str] | None:
    one, other = split(ours), split(theirs)
    if set(one) <= set(other) and len(one) < len(other):
        return 0.9 * math.sqrt(len(one) / len(other)), "partial"
    return None


def initials(ours: str, theirs: str, search: Search) -> tuple[float, str] | None:
    short, words = "".join(ours.split()), split(theirs)
    for some in (words, [word for word in words if word not in SMALL_WORDS]):
        if 1 < len(some) <= 8 and "".join(word[0] for word in some) == short:
            return 0.7, "initials"
    return None


def prefix(ours: str, theirs: str, search: Search) -> tuple[float, str] | None:
    return (0.6, "prefix") if theirs.startswith(ours) and theirs != ours else None


PLAIN = {"variant": variant, "fuzzy": fuzzy, "partial": partial, "initials": initials, "prefix": prefix}


def grams(key: str) -> set[str]:
    padded = f"  {key} "
    return {padded[at : at + 3] for at in range(len(padded) - 2)}


def weigher(keys: Sequence[str]) -> Weigh:
    """The weight of a 3-gram by the keys that have it: those of the first part."""
    having = Counter(gram for key in keys for gram in grams(key))
    return lambda gram: math.log1p(len(keys) / having[gram] if gram in having else max(len(keys), 1)) ** 2


def cosine(ours: str, theirs: str, weigh: Weigh) -> float:
    one, other, both = (sum(map(weigh, some)) for some in (grams(ours), grams(theirs), grams(ours) & grams(theirs)))
    return both / math.sqrt(one * other)


def of_mode(mode: str, entity: Entity, name: str, search: Search, weigh: Weigh) -> dict[str, tuple[float, str]]:
    """How well each name of an entity matches, and how, if it does."""
    ours = normalise(name)
    found: dict[str, tuple[float, str] | None] = {}
    for surface in entity.names:
        theirs = normalise(surface)
        if mode == "exact":
            same = (0.99, "normalised") if theirs == ours else None
            found[surface] = (1.0, "exact") if surface == name else same
        elif mode == "similar":
            close = cosine(ours, theirs, weigh) if theirs and theirs != ours else 0.0
            found[surface] = (min(close, 1.0) * 0.8, mode) if close >= search.min_cosine else None
        elif mode != "text":
            found[surface] = PLAIN[mode](ours, theirs, search) if theirs else None
    if mode == "text" and set(pieces(ours)) <= set(pieces(normalise(entity.description))):
        found[entity.label] = 0.5, mode
    return {surface: match for surface, match in found.items() if match}


def answer(entities: Sequence[Entity], name: str, search: Search, weigh: Weigh) -> list[Candidate]:
    """All candidates of the modes that are asked, best first, however many."""
    there = [
        one
        for one in entities
        if one.popularity >= search.min_popularity and (not search.types or one.entity_type in search.types)
    ]
    hits: dict[str, tuple[float, bool, str, str, Entity]] = {}
    for mode in search.modes if normalise(name) else ():
        spelt_right = any(-hit[0] > 0.95 for hit in hits.values())
        if len(hits) < (search.limit if search.fill else 1) and not (mode == "fuzzy" and spelt_right):
            for entity in there:
                for surface, (quality, match) in of_mode(mode, entity, name, search, weigh).items():
                    hit = -quality, surface != entity.label, surface, match, entity
                    if entity.entity_id not in hits or hit[:3] < hits[entity.entity_id][:3]:
                        hits[entity.entity_id] = hit
    best = sorted(hits.values(), key=lambda hit: (hit[0], -hit[4].popularity, hit[4].entity_id))
    return [Candidate(entity, surface, match, {"l2": -quality}) for quality, _, surface, match, entity in best]


def rank(candidate: Candidate) -> tuple[float, float]:
    return candidate.score, candidate.entity.popularity


def check(found: Sequence[Candidate], expected: Sequence[Candidate], limit: int) -> None:
    """Of names as good and popular as the last one, which come before the cut is not said; all else is."""
    assert [rank(one) for one in found] == [rank(one) for one in expected[:limit]]
    assert list(found) == sorted(found, key=lambda one: (-one.score, -one.entity.popularity, one.entity_id))
    cut = len(expected) >= limit
    if not limit:
        return
    sure = [one for one in expected if not cut or rank(one) > rank(expected[limit - 1])]
    assert list(found[: len(sure)]) == sure
    last = {one.entity_id for one in expected if cut and rank(one) == rank(expected[limit - 1])}
    assert last.issuperset(one.entity_id for one in found[len(sure) :])


def check_similar(
    found: Sequence[Candidate], entities: Sequence[Entity], name: str, search: Search, weigh: Weigh
) -> None:
    """What adds up to nearly the same may come in either order, or be at either side of the cut."""
    wider = answer(entities, name, evolve(search, min_cosine=search.min_cosine - CLOSE), weigh)
    score = {one.entity_id: one.score for one in wider}
    assert {one.entity_id for one in found} <= set(score)
    assert len(found) == len({one.entity_id for one in found}) <= search.limit
    for one, best in zip(found, wider, strict=False):
        assert one.score == pytest.approx(score[one.entity_id], abs=CLOSE) == pytest.approx(best.score, abs=2 * CLOSE)
    assert list(found) == sorted(found, key=lambda one: (-one.score, -one.entity.popularity, one.entity_id))
    missing = answer(entities, name, evolve(search, min_cosine=search.min_cosine + CLOSE), weigh)[len(found) :]
    assert not missing or len(found) == search.limit


@frozen
class Pair:
    """Both stores, and what they should hold."""

    stores: tuple[DictStore, SqliteStore]
    model: dict[str, Entity]

    def write(self, what: str, entities: Sequence[Entity]) -> None:
        for entity in entities:
            if what == "delete":
                self.model.pop(entity.entity_id, None)
            elif what == "replace" or entity.entity_id not in self.model:
                self.model[entity.entity_id] = entity
            elif what == "merge":
                self.model[entity.entity_id] = self.model[entity.entity_id].merged(entity)
        for store in self.stores:
            if what == "delete":
                store.delete([entity.entity_id for entity in entities])
            else:
                store.upsert(entities, what)

    def weigher(self) -> Weigh:
        live = self.stores[0]._content.parts().live
        return weigher([key for key, popularity in live[0].part.items() if popularity != GONE] if live else [])

    def asked(self, names: Sequence[str]) -> list[str]:
        """Names to look for: those given, and those there as people write them."""
        known = [surface for entity in self.model.values() for surface in entity.names]
        written = [" ".join(reversed(surface.split())) for surface in known]
        return [*names, *known, *written, *(surface + "s" for surface in known), *(surface[:3] for surface in known)]


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[DictStore, SqliteStore]]:
    """Both stores, which keep several parts of an index even of few names."""
    made = DictStore(), SqliteStore(str(tmp_path_factory.mktemp("both") / "kb.db"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts_module, "_SMALL", 2)
        for one in made:
            one.open()
        yield made
    made[1].close()


@given(st.lists(WRITES, max_size=6), st.lists(NAMES, min_size=1, max_size=5), SEARCHES)
@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_both_stores_answer_like_a_search_of_everything(
    stores: tuple[DictStore, SqliteStore], writes: Sequence[Any], names: Sequence[str], search: Search
):
    pair = Pair(stores, {})
    for store in stores:
        store.clear()
    for write in writes:
        pair.write(*write)
    entities, asked = list(pair.model.values()), pair.asked(names)
    answers = [store.search(asked, search) for store in stores]
    assert answers[0] == answers[1]
    assert [stores[1].search([name], search)[0] for name in asked] == answers[1], "one by one"
    for store in stores:
        assert list(store.entities()) == [entity for _, entity in sorted(pair.model.items())]
    if "similar" not in search.modes:
        weigh = pair.weigher()
        for name, found in zip(asked, answers[0], strict=True):
            check(found, answer(entities, name, search, weigh), search.limit)


@given(st.lists(WRITES, max_size=6), st.lists(NAMES, min_size=1, max_size=5), SEARCHES)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
def test_similar_names_are_those_of_the_largest_cosine(
    stores: tuple[DictStore, SqliteStore], writes: Sequence[Any], names: Sequence[str], search: Search
):
    pair, search = Pair(stores, {}), evolve(search, modes=("similar",))
    for store in stores:
        store.clear()
    for write in writes:
        pair.write(*write)
    asked, weigh = pair.asked(names), pair.weigher()
    for name, found in zip(asked, stores[0].search(asked, search), strict=True):
        check_similar(found, list(pair.model.values()), name, search, weigh)


def test_several_parts_are_what_these_tests_are_about(stores: tuple[DictStore, SqliteStore]):
    for store in stores:
        store.clear()
        for size in (20, 4, 1):
            store.upsert(Entity(f"{size} {n}", f"name {size} {n}") for n in range(size))
    with stores[1].reading() as connection:
        assert len(blocks.part_numbers(connection)) == len(stores[0]._content.parts().live) == 3
