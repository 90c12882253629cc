"""What both stores answer: tiers, qualities and order, and names that break naive code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from glinker_stores import lookup
from glinker_stores.dict import _Content

from glinker_core.errors import InputError
from glinker_core.layers import Search, Store
from glinker_core.model import Entity

EXACT = Search(modes=("exact",))


def ids(store: Store, name: str, search: Search = EXACT) -> list[str]:
    return [candidate.entity_id for candidate in store.search([name], search)[0]]


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
        def named(self, keys: Sequence[str]) -> Any:
            if keys:
                asked.append(("names", list(keys)))
            return super().named(keys)

        def parts(self) -> Any:
            asked.append(("index", []))
            return super().parts()

    backend = Backend()
    for entity in (Entity("1", "Berlin"), Entity("2", "Hamburg")):
        backend.add(entity)
    backend.finish()
    lookup.search(backend, ["Berlin", "Hamburk", "Berlin", "berlin", "Humburg"], Search())
    assert asked == [
        ("names", ["berlin", "hamburk", "humburg"]),
        ("index", []),
        ("names", ["hamburg"]),
    ]


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
