from __future__ import annotations

from itertools import product

import pytest
from glinker_stores.index import cuts, probes, segments
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA


def found(query: str, key: str, max_distance: int, min_similarity: float = 0.0) -> bool:
    return not set(probes(query, max_distance, min_similarity)).isdisjoint(segments(key))


def similarity(one: str, other: str) -> float:
    return 1 - OSA.distance(one, other) / max(len(one), len(other))


def test_every_pair_of_short_keys_within_two_edits_shares_a_segment():
    keys = ["".join(letters) for length in range(1, 7) for letters in product("ab", repeat=length)]
    entries = {key: frozenset(segments(key)) for key in keys}
    lost = []
    for query in keys:
        for allowed in (1, 2):
            asked = frozenset(probes(query, allowed))
            lost += [
                (query, key, allowed)
                for key in keys
                if 1 <= OSA.distance(query, key) <= allowed and asked.isdisjoint(entries[key])
            ]
    assert lost == []


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str]:
    letters = st.sampled_from("abc é東")
    key = draw(st.text(letters, min_size=1, max_size=24))
    query = list(key)
    for _ in range(draw(st.integers(1, 2))):
        at = draw(st.integers(0, len(query)))
        match draw(st.sampled_from(["insert", "delete", "substitute", "swap"])):
            case "insert":
                query.insert(at, draw(letters))
            case "delete":
                del query[at : at + 1]
            case "substitute":
                query[at : at + 1] = [draw(letters)] if at < len(query) else []
            case "swap":
                query[at : at + 2] = reversed(query[at : at + 2])
    return key, "".join(query)


@given(edited())
@settings(max_examples=600, deadline=None, derandomize=True)
def test_every_key_within_the_distance_and_similarity_is_found(pair: tuple[str, str]):
    key, query = pair
    edits = OSA.distance(key, query)
    if query and 1 <= edits <= 2:
        assert found(query, key, edits)
        assert found(query, key, 2, similarity(query, key))
        assert found(key, query, edits), "and the other way round"


@pytest.mark.parametrize("border", [4, 8])
def test_a_swap_across_the_border_of_two_segments_is_found(border: int):
    key = "abcdefghijkl"
    assert border in {cut.end for cut in cuts(len(key))}
    swapped = key[: border - 1] + key[border] + key[border - 1] + key[border + 1 :]
    assert found(swapped, key, 2)
    assert found("x" + swapped[1:-1] + "l", key, 2), "with another edit"


def test_swaps_across_both_borders_are_found():
    assert found("abcedfghjikl", "abcdefghijkl", 2)
    assert found("abcedfgihjkl", "abcdefghijkl", 2)


def test_spaces_are_letters_so_a_missing_one_is_one_edit():
    assert found("newyork city", "new york city", 1)


def test_more_than_two_edits_are_searched_as_two():
    assert probes("constantinople", 64)
    assert set(probes("constantinople", 2)) <= set(probes("constantinople", 64))
    assert found("xonstantinoplx", "constantinople", 64)


def test_no_edits_or_none_allowed_by_the_similarity_ask_for_nothing():
    assert probes("constantinople", 0) == []
    assert probes("constantinople", 2, 0.99) == []
    assert probes("ab", 2, 0.75) == []


def test_a_query_asks_for_few_segments_whatever_its_length():
    assert max(len(probes("x" * length, 2)) for length in range(1, 200)) <= 30


def test_segments_of_a_key_are_its_letters_in_order():
    for length in range(1, 30):
        key = "".join(chr(ord("a") + at % 26) for at in range(length))
        entries = segments(key)
        assert "".join(entry.lstrip("0123456789")[1:] for entry in entries[:3]) == key
        assert len(entries) == len(set(entries)) == (5 if length < 8 else 3)
