"""What both stores must do alike, and what GLiNKER's do not (its defects by their letter in the name of the test)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from glinker_stores import lookup, sqlite
from glinker_stores.dict import DictStore, _Content
from glinker_stores.sqlite import SqliteStore
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.errors import InputError
from glinker_core.layers import Search, Store
from glinker_core.model import Candidate, Entity, evolve
from glinker_core.names import normalise
from glinker_core.testing.store import distance

EXACT = Search(modes=("exact",))


@pytest.fixture(params=["dict", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = DictStore() if request.param == "dict" else SqliteStore(str(tmp_path / "kb.db"))
    made.open()
    yield made
    made.close()


def ids(store: Store, name: str, search: Search = EXACT) -> list[str]:
    return [candidate.entity_id for candidate in store.search([name], search)[0]]


# -- against a model that looks at everything --------------------------------------------------------------------------

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
    max_distance=st.integers(0, 4),
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
    near = edits <= min(search.max_distance, 2) and similarity >= search.min_similarity
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


# -- tiers, qualities, order -------------------------------------------------------------------------------------------


def test_the_quality_says_how_the_name_matched(store: Store):
    store.upsert([Entity("1", "Zürich"), Entity("2", "ZURICH")])
    (found,) = store.search(["Zürich"], EXACT)
    assert [(c.entity_id, c.name, c.match, c.scores) for c in found] == [
        ("1", "Zürich", "exact", {"l2": 1.0}),
        ("2", "ZURICH", "normalised", {"l2": 0.99}),
    ]
    (found,) = store.search(["zurihc"], Search())
    assert [(c.name, c.match, c.score) for c in found] == [
        ("Zürich", "fuzzy", 1 - 1 / 6),
        ("ZURICH", "fuzzy", 1 - 1 / 6),
    ]


def test_a_fuzzy_match_of_a_long_name_stays_below_a_normalised_one(store: Store):
    store.upsert([Entity("1", "long name " * 30)])
    (found,) = store.search(["long name " * 29 + "long nane"], Search())
    assert found[0].match == "fuzzy"
    assert found[0].score < 0.99


def test_the_name_that_matches_best_is_shown_and_the_label_before_an_alias(store: Store):
    store.upsert([Entity("1", "Paris", ("PARIS", "paris", "Pariss"))])
    for name, shown in {"PARIS": "PARIS", "pArIs": "Paris", "Parisss": "Pariss"}.items():
        ((found,),) = store.search([name], Search())
        assert found.name == shown


def test_popularity_is_looked_at_before_the_cut(store: Store):
    store.upsert(Entity(str(n), "Springfield", popularity=n) for n in range(60))
    assert ids(store, "Springfield", Search(limit=2)) == ["59", "58"]
    assert ids(store, "springfeild", Search(limit=2, min_popularity=58)) == ["59", "58"]


def test_a_name_whose_entities_are_too_little_known_is_searched_further(store: Store):
    store.upsert([Entity("1", "Springfield", popularity=1), Entity("2", "Springfields", popularity=9)])
    assert ids(store, "Springfield", Search(min_popularity=5)) == ["2"]


def test_an_unknown_mode_is_refused(store: Store):
    with pytest.raises(InputError, match="search: unknown mode 'fuzy'; did you mean 'fuzzy'"):
        store.search(["Paris"], Search(modes=("fuzy",)))


def test_a_batch_larger_than_what_is_searched_at_once_is_answered_in_order(store: Store):
    store.upsert(Entity(str(n), f"name {n}") for n in range(1500))
    names = [f"Name {n}" for n in range(1500)]
    assert [found[0].entity_id for found in store.search(names, EXACT)] == [str(n) for n in range(1500)]


def test_a_backend_is_asked_once_per_tier_and_no_name_twice():
    asked = []

    class Backend(_Content):
        def names_with(self, keys: Sequence[str]) -> Any:
            asked.append(("names", list(keys)))
            return super().names_with(keys)

        def keys_with(self, segments: Sequence[str]) -> Any:
            asked.append(("keys", len(segments) == len(set(segments))))
            return super().keys_with(segments)

    backend = Backend()
    for entity in (Entity("1", "Berlin"), Entity("2", "Hamburg")):
        backend.add(entity)
    lookup.search(backend, ["Berlin", "Hamburk", "Berlin", "berlin", "Hamburg"], Search())
    assert asked == [
        ("names", ["berlin", "hamburk", "hamburg"]),
        ("keys", True),
        ("names", ["hamburk", "hamburg"]),
    ]


# -- names that break naive code ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", " ", "\t\n", "\u200b", "\ud83d", "\udc00\udfff", "\x00"])
def test_names_without_a_key_find_nothing(store: Store, name: str):
    store.upsert([Entity("1", "Paris", ("", " "))])
    assert store.search([name], Search()) == [()]


@pytest.mark.parametrize(
    ("label", "asked"),
    [
        ("Zürich", "Zu\u0308rich"),
        ("Zu\u0308rich", "ZÜRICH"),
        ("東京都", "東京 都"),
        ("ゴジラ", "コ\u3099シ\u3099ラ"),
        ("👩\u200d🚀", "👩\u200d🚀"),
        ("nul\x00byte", "NUL byte"),
        ("half", "\ud83dhalf"),
        ("𝔓𝔞𝔯𝔦𝔰", "paris"),
    ],
)
def test_names_are_found_in_any_script_and_form(store: Store, label: str, asked: str):
    store.upsert([Entity("1", label), Entity("2", "other")])
    assert ids(store, label) == ["1"]
    assert ids(store, asked) == ["1"]


@pytest.mark.parametrize(
    ("label", "typo"), [("サッカー選手権大会", "サッカー選権大会"), ("Владивосток", "Владивосотк")]
)
def test_typos_are_found_in_any_script(store: Store, label: str, typo: str):
    store.upsert([Entity("1", label)])
    assert ids(store, typo, Search()) == ["1"]


@pytest.mark.parametrize(
    "text", ["'; drop table entity; --", "100%", "%", "_", "a_b", '"', "\\", "a\x00b", "*", "?1", "\n"]
)
def test_hostile_ids_and_names_are_only_text(store: Store, text: str):
    hostile, other = Entity(f"x{text}", f"n{text}"), Entity("xa", "na")
    store.upsert([other, hostile])
    assert store.get([f"x{text}", f"x{text}y", "x"]) == [hostile, None, None]
    assert f"x{text}" in ids(store, f"n{text}")
    assert store.delete([f"x{text}"]) == 1
    assert list(store.entities()) == [other]


def test_ids_that_no_store_can_hold_are_not_there(store: Store):
    assert store.get(["\ud83d"]) == [None]
    assert store.delete(["\ud83d"]) == 0


def test_entities_come_back_as_they_went_in(store: Store):
    entity = Entity(
        "id\x00é",
        "labél",
        ("b", "a", "b", "labél", "", "nul\x00"),
        "line\r\n\u2028end",
        "type 🏴\u200d☠️",
        0.1 + 0.2,
        {"nested": {"list": [1, 2.5, None, True, "é\x00"]}, "": {}, "lat": -1e-9, "big": 10**30},
    )
    store.upsert([entity])
    assert store.get([entity.entity_id]) == [entity]
    assert list(store.entities()) == [entity]
    assert [name.surface for name in store.names()].count("b") == 1


@pytest.mark.parametrize("popularity", [0, 3, 3.0, 2**63 - 1, 1e300])
def test_a_popularity_keeps_its_type(store: Store, popularity: float):
    store.upsert([Entity("1", "Paris", popularity=popularity)])
    (entity,) = store.entities()
    assert (entity.popularity, type(entity.popularity)) == (popularity, type(popularity))


def test_what_becomes_of_the_callers_metadata_does_not_change_the_store(store: Store):
    metadata = {"seen": 1}
    store.upsert([Entity("1", "Paris", metadata=metadata)])
    metadata["seen"] = 2
    assert [entity.metadata for entity in store.entities()] == [{"seen": 1}]


# -- defects of GLiNKER ------------------------------------------------------------------------------------------------


def test_defect_a_homonyms_are_all_found(store: Store):
    store.upsert(Entity(f"paris-{n}", "Paris", popularity=n) for n in (2, 3, 1))
    store.upsert([Entity("hilton", "Paris Hilton", ("Paris",))])
    assert ids(store, "Paris") == ["paris-3", "paris-2", "paris-1", "hilton"]


def test_defect_c_a_typo_finds_the_entity_itself(store: Store):
    einstein = Entity("Q937", "Albert Einstein", description="physicist")
    store.upsert([einstein, Entity("Q1", "Alfred Einstein")])
    (found,) = store.search(["Albert Einstien"], Search())
    assert [candidate.entity for candidate in found] == [einstein]


def test_defect_d_the_hash_seed_changes_nothing(tmp_path: Path):
    code = """
import sys
from glinker_core.layers import Search
from glinker_core.model import Entity
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore
for store in (DictStore(), SqliteStore(sys.argv[1])):
    store.open()
    store.upsert(Entity(i, f"Label {i}", ("Shared", "Sharde", f"Other {i}"), popularity=1) for i in "CABED")
    print(store.search(["Shared", "shard", "Lable A", "Othr"], Search(limit=1)))
    print(store.search(["Shared", "shard", "Lable A", "Othr"], Search()), list(store.entities()))
    store.close()
"""
    answers = [
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / f"{seed}.db")],
            env={"PYTHONHASHSEED": seed, "PATH": "", "PYTHONPATH": ":".join(sys.path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("0", "1", "4242")
    ]
    assert "entity_id='A'" in answers[0]
    assert answers[0] == answers[1] == answers[2]
    in_dict, in_sqlite = answers[0].splitlines()[:2], answers[0].splitlines()[2:]
    assert in_dict == in_sqlite


def test_defect_o_replacing_leaves_no_stale_alias_and_deleting_no_name(store: Store):
    store.upsert([Entity("1", "Istanbul", ("Constantinople",)), Entity("2", "Constantinople")])
    store.upsert([Entity("1", "Istanbul", ("Byzantium",))])
    assert ids(store, "Constantinople") == ids(store, "Constantinopel", Search()) == ["2"]
    assert store.delete(["2", "nobody"]) == 1
    assert ids(store, "Constantinopel", Search()) == []
    assert sorted(name.surface for name in store.names()) == ["Byzantium", "Istanbul"]


def test_defect_o_names_replaced_within_one_upsert_leave_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sqlite, "_CHUNK", 1)
    versions = [Entity("1", "Istanbul", (f"alias number {n}",)) for n in range(4)]
    store.upsert(versions)
    store.upsert([versions[1], versions[2]])
    for n in range(4):
        found = ["1"] if n == 2 else []
        assert ids(store, f"alias number {n}") == found
        assert ids(store, f"alias nubmer {n}", Search(max_distance=1)) == found


def test_defect_q_more_than_two_edits_are_searched_as_two(store: Store):
    store.upsert([Entity("1", "Constantinople"), Entity("2", "Konstantinopels")])
    asked = ["Xonstantinoplx", "Xonstantinoxxe", "Xxxstantinoplx"]
    assert store.search(asked, Search(max_distance=64)) == store.search(asked, Search(max_distance=2))
    assert ids(store, asked[0], Search(max_distance=64)) == ["1"]
    assert ids(store, asked[2], Search(max_distance=64)) == []


def test_defect_r_fuzzy_lookup_looks_at_few_keys():
    compared = 0

    class Backend(_Content):
        def keys_with(self, segments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
            nonlocal compared
            for segment, keys in super().keys_with(segments):
                compared += len(keys)
                yield segment, keys

    backend = Backend()
    syllables = ["ber", "lin", "ham", "burg", "dres", "den", "mun", "ster", "koe", "nig"]
    places = [a + b + c + d for a in syllables for b in syllables for c in syllables for d in syllables]
    for place in places:
        backend.add(Entity(place, place))
    asked = ["hamburgdresdne", "munserkoenig", "berlinberlinn"]
    assert all(lookup.search(backend, asked, Search()))
    assert compared < len(asked) * len(places) / 20


def test_defect_r_sqlite_never_scans_a_table(tmp_path: Path):
    store = SqliteStore(str(tmp_path / "kb.db"))
    store.open()
    with store._reading() as connection:
        for statement in (sqlite._NAMES_WITH, sqlite._KEYS_WITH, sqlite._ENTITIES_AT):
            text = str(statement.compile(connection.engine))
            plan = [
                row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", ("[]",) * text.count("?"))
            ]
            assert any(step.startswith("SEARCH") for step in plan)
            assert [step for step in plan if step.startswith("SCAN") and "VIRTUAL TABLE" not in step] == []
    store.close()


# -- writes ------------------------------------------------------------------------------------------------------------


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


def test_two_stores_with_the_same_content_have_revisions_of_their_own(tmp_path: Path):
    stores: list[Any] = [DictStore(), DictStore(), *(SqliteStore(str(tmp_path / name)) for name in "ab")]
    for store in stores:
        store.open()
    assert len({store.revision for store in stores}) == 4
    for store in stores:
        store.upsert([Entity("1", "Paris")])
    assert len({store.revision for store in stores}) == 4
    for store in stores:
        store.close()
