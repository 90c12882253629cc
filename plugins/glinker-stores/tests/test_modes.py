"""Each mode of search by examples: what it finds, how good that is, and in what order."""

from __future__ import annotations

import pytest

from glinker_core.layers import Search, Store
from glinker_core.model import Entity


def found(store: Store, name: str, mode: str, **how: object) -> list[tuple[str, str, float]]:
    (candidates,) = store.search([name], Search(modes=(mode,), **how))  # type: ignore[arg-type]
    return [(one.name, one.match, round(one.score, 3)) for one in candidates]


def names(store: Store, name: str, *modes: str, **how: object) -> list[str]:
    (candidates,) = store.search([name], Search(modes=modes, **how))  # type: ignore[arg-type]
    return [one.name for one in candidates]


def fill(store: Store, *labels: str) -> None:
    store.upsert(Entity(label, label) for label in labels)


@pytest.mark.parametrize(
    ("label", "asked", "how"),
    [
        ("Albert Einstein", "Einstein, Albert", ("reordered", 0.98)),
        ("carcinoma of lung", "lung of carcinoma", ("reordered", 0.98)),
        ("New York", "newyork", ("spacing", 0.97)),
        ("データ ベース", "ベース データ", ("reordered", 0.98)),
        ("kidney stones", "kidney stone", ("plural", 0.96)),
        ("infectious disease", "diseases, infectious", ("plural", 0.96)),
        ("city", "cities", ("plural", 0.96)),
        ("data bases", "database", ("plural", 0.96)),
    ],
)
def test_variant_finds_the_same_words_written_otherwise(store: Store, label: str, asked: str, how: tuple[str, float]):
    fill(store, label, "something else", "carcinoma of liver")
    assert found(store, asked, "variant") == [(label, *how)]
    assert found(store, label, "variant") == [], "an equal name is no variant"


def test_variant_leaves_words_that_only_look_like_a_plural(store: Store):
    fill(store, "virus", "mass", "gas", "is")
    assert [names(store, asked, "variant") for asked in ("viru", "mas", "ga", "i")] == [[], [], [], []]


def test_a_variant_is_better_than_any_typo_and_worse_than_a_normalised_name(store: Store):
    fill(store, "long name of many letters", "LONG name of many letterz", "letters of long name many")
    (candidates,) = store.search(["Long Name of many letters"], Search(modes=("fuzzy", "exact", "variant"), fill=True))
    assert [one.match for one in candidates] == ["normalised", "reordered", "fuzzy"]
    assert [round(one.score, 2) for one in candidates] == [0.99, 0.98, 0.95]


def test_fuzzy_finds_two_edits_of_any_kind(store: Store):
    fill(store, "Constantinople")
    for typo in ("constantinopl", "xonstantinoplex", "cosntantinopel", "cnstantinopple"):
        assert [one[:2] for one in found(store, typo, "fuzzy")] == [("Constantinople", "fuzzy")]
    assert found(store, "cnstntinopl", "fuzzy") == [], "three edits"
    assert found(store, "onstantinople", "fuzzy", prefix_length=1) == []
    assert found(store, "constantinopla", "fuzzy", min_similarity=0.95) == []
    assert found(store, "constantinopxx", "fuzzy", max_distance=1) == []


def test_partial_finds_longer_names_with_all_the_words_the_shorter_the_better(store: Store):
    fill(store, "David Beckham", "David Robert Joseph Beckham", "Beckham", "Victoria Adams", "Beckhamo")
    assert found(store, "Beckham", "partial") == [
        ("David Beckham", "partial", round(0.9 * 0.5**0.5, 3)),
        ("David Robert Joseph Beckham", "partial", 0.45),
    ]
    assert names(store, "beckham david", "partial") == ["David Robert Joseph Beckham"]
    assert names(store, "beckham victoria", "partial") == []


def test_partial_takes_the_most_popular_of_many(store: Store):
    store.upsert(Entity(str(n), f"John Smith the {n}.", popularity=n % 777) for n in range(1000))
    (candidates,) = store.search(["Smith"], Search(modes=("partial",), limit=3))
    assert [(one.entity_id, one.entity.popularity) for one in candidates] == [("776", 776), ("775", 775), ("774", 774)]


@pytest.mark.parametrize("asked", ["U.S.A.", "usa", "U S A", "USA"])
def test_initials_find_what_they_stand_for(store: Store, asked: str):
    fill(store, "United States of America", "Union of South Africa", "United Airlines", "Usain")
    assert found(store, asked, "initials") == [
        ("Union of South Africa", "initials", 0.7),
        ("United States of America", "initials", 0.7),
    ]


def test_initials_may_have_small_words_and_must_be_two_to_eight(store: Store):
    fill(store, "Democratic Republic of the Congo", "a b", "a b c d e f g h i", "Zoo")
    assert names(store, "DRC", "initials") == names(store, "drotc", "initials") == ["Democratic Republic of the Congo"]
    assert names(store, "z", "initials") == names(store, "abcdefghi", "initials") == []


def test_prefix_finds_what_goes_on(store: Store):
    fill(store, "Franz", "Franz Kafka", "Franziska", "Franc", "東京", "東京都")
    assert found(store, "fränz", "prefix") == [("Franz Kafka", "prefix", 0.6), ("Franziska", "prefix", 0.6)]
    assert names(store, "東", "prefix") == ["東京", "東京都"]
    assert names(store, "franz kafkas", "prefix") == []


def test_similar_finds_variants_that_are_more_than_typos(store: Store):
    fill(store, "decreased renal function", "renal insufficiency, chronic", "decreased appetite", "unrelated words")
    similar = found(store, "function of the kidneys, decreased renal", "similar")
    assert [(name, match) for name, match, _ in similar] == [("decreased renal function", "similar")]
    assert 0.4 * 0.8 <= similar[0][2] <= 0.8
    assert found(store, "decreased renal function", "similar", min_cosine=0.99) == []


def test_text_finds_entities_by_words_of_their_descriptions(store: Store):
    store.upsert(
        [
            Entity("1", "Paris", ("Lutetia",), "capital of France", "place", 5),
            Entity("2", "Lyon", (), "city of FRANCE, not its Capital", "place", 9),
            Entity("3", "Louvre", (), "museum in the capital of France", "museum", 7),
            Entity("4", "France"),
            Entity("5", "東京", (), "日本の首都"),
        ]
    )
    assert found(store, "France's capital", "text") == [], "s is a word"
    of_france = found(store, "france capital", "text")
    assert of_france == [("Lyon", "text", 0.5), ("Louvre", "text", 0.5), ("Paris", "text", 0.5)]
    assert names(store, "capital", "text", types=("museum",)) == ["Louvre"]
    assert names(store, "capital", "text", min_popularity=6, limit=1) == ["Lyon"]
    assert names(store, "首都", "text") == ["東京"]
    assert names(store, 'not OR "capital" AND', "text") == []
    store.upsert([Entity("2", "Lyon", description="on the Rhône")])
    assert names(store, "capital", "text") == ["Louvre", "Paris"]
    assert names(store, "rhone", "text") == ["Lyon"]


def test_text_takes_any_words_and_any_types(store: Store):
    odd = Entity("1", "odd", (), "AND or NOT near * ( \" ' : ß ★ !!!", "a\x00b")
    store.upsert([odd, Entity("2", "even", (), "and or not", "a")])
    for asked in ("and", "OR not", "NEAR", "ss", "not near and"):
        assert "odd" in names(store, asked, "text")
    for asked in ("★★", "*", '"', "near(and or)", "words: and", " ".join(f"w{n}" for n in range(2000))):
        assert names(store, asked, "text", min_popularity=-1, types=("none",)) == []
    assert names(store, "and", "text", types=("a\x00b",)) == ["odd"]
    assert names(store, "and", "text", types=("a", "\ud83d")) == ["even"]
    assert names(store, "and", "text", min_popularity=2**80) == []


def test_modes_are_tried_in_order_until_something_is_found(store: Store):
    fill(store, "New York", "York", "New York City")
    assert names(store, "York", "exact", "partial") == ["York"]
    assert names(store, "Yorck", "exact", "partial", "fuzzy") == ["York"]
    assert names(store, "York", "partial", "exact") == ["New York", "New York City"]


def test_fill_goes_on_until_there_are_enough(store: Store):
    fill(store, "York", "Yorkshire", "New York", "York Minster")
    everything = ["York", "New York", "York Minster", "Yorkshire"]
    assert names(store, "York", "exact", "partial", "prefix", fill=True) == everything
    assert names(store, "York", "exact", "partial", "prefix", fill=True, limit=2) == everything[:2]
    assert names(store, "York", "exact", "partial", "prefix", fill=True, limit=1) == everything[:1]


def test_what_is_spelt_right_is_no_typo(store: Store):
    fill(store, "York", "Yorck", "Yorke", "New York")
    assert names(store, "York", "exact", "fuzzy", "partial", fill=True) == ["York", "New York"]
    assert names(store, "Yorks", "exact", "variant", "fuzzy", fill=True) == ["York", "Yorke"]
    assert names(store, "Yorkk", "exact", "fuzzy", fill=True) == ["Yorck", "York", "Yorke"]
    assert names(store, "New", "exact", "partial", "fuzzy", fill=True) == ["New York"]


def test_a_mode_that_comes_later_does_not_change_how_a_better_match_is_shown(store: Store):
    store.upsert([Entity("1", "United States", ("US", "United States of America"))])
    (candidates,) = store.search(["US"], Search(modes=("exact", "initials", "prefix"), fill=True))
    assert [(one.name, one.match) for one in candidates] == [("US", "exact")]


def test_types_and_popularity_count_in_every_mode_however_many_better_ones_there_are(store: Store):
    store.upsert(Entity(f"{n:03}", f"big apple {n:03}", entity_type="fruit", popularity=900) for n in range(400))
    wanted = Entity("x", "big apples of zzz", ("bga",), "the big apple", "city", 1)
    store.upsert([wanted])
    for mode, asked in {
        "partial": "big apples",
        "prefix": "big apple",
        "similar": "big apples",
        "text": "apple",
    }.items():
        (candidates,) = store.search([asked], Search(modes=(mode,), types=("city",), limit=5, min_cosine=0.2))
        assert [one.entity for one in candidates] == [wanted], mode
        (candidates,) = store.search([asked], Search(modes=(mode,), types=("city",), min_popularity=2))
        assert candidates == ()


@pytest.mark.parametrize("popularity", [1e300, 2**61, 2**24 + 1, 1e-50])
def test_a_popularity_of_any_size_decides(store: Store, popularity: float):
    more = popularity * 2 if popularity != 2**24 + 1 else 2**24 + 2
    store.upsert(
        [Entity("less", "Springfield", popularity=popularity), Entity("more", "Springfields", popularity=more)]
    )
    for mode in ("fuzzy", "prefix", "similar"):
        how = {"min_similarity": 0.5, "min_cosine": 0.1, "limit": 1}
        assert names(store, "springfiel", mode, **how) == [("Springfield", "Springfields")[mode == "prefix"]]
        assert names(store, "springfiel", mode, **how, min_popularity=more) == ["Springfields"]
        assert names(store, "springfiel", mode, **how, min_popularity=more * 1.5) == []


def test_limit_zero_asks_for_nothing(store: Store):
    fill(store, "York")
    assert all(names(store, "York", mode, limit=limit) == [] for mode in store.modes for limit in (0, -1))  # type: ignore[attr-defined]
