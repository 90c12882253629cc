"""Whether every key within two edits shares a segment with what is looked for, against all pairs of keys."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from glinker_stores.index import passjoin, terms
from glinker_stores.index.letters import Letters
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA


def entries(keys: Sequence[str]) -> list[set[int]]:
    """The segments of each key."""
    found: list[set[int]] = [set() for _ in keys]
    for numbers, owners in terms.segments(Letters.of(keys)):
        for number, owner in zip(numbers.tolist(), owners.tolist(), strict=True):
            found[owner].add(number)
    return found


def asked(keys: Sequence[str], max_distance: int, min_similarity: float = 0.0) -> list[set[int]]:
    """The segments each key is looked for by."""
    found: list[set[int]] = [set() for _ in keys]
    probes = terms.probes(Letters.of(keys), max_distance, min_similarity)
    for number, owner in zip(probes.terms.tolist(), probes.keys.tolist(), strict=True):
        found[owner].add(number)
    return found


def found(query: str, key: str, max_distance: int, min_similarity: float = 0.0) -> bool:
    return not asked([query], max_distance, min_similarity)[0].isdisjoint(entries([key])[0])


@pytest.mark.parametrize("allowed", [1, 2])
def test_every_pair_of_short_keys_within_the_edits_shares_a_segment(allowed: int):
    keys = ["".join(letters) for length in range(1, 7) for letters in product("ab", repeat=length)]
    segments, probes = entries(keys), asked(keys, allowed)
    pairs = [(query, key) for query in range(len(keys)) for key in range(len(keys))]
    near = [(query, key) for query, key in pairs if OSA.distance(keys[query], keys[key]) <= allowed]
    assert len(near) > 1000
    assert [(keys[q], keys[k]) for q, k in near if probes[q].isdisjoint(segments[k])] == []


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
@settings(max_examples=400, deadline=None, derandomize=True)
def test_every_key_within_the_distance_and_similarity_is_found(pair: tuple[str, str]):
    key, query = pair
    edits = OSA.distance(key, query)
    if query and edits <= 2:
        assert found(query, key, edits)
        assert found(query, key, 2, 1 - edits / max(len(key), len(query)))
        assert found(key, query, edits), "and the other way round"


@given(edited())
@settings(max_examples=200, deadline=None, derandomize=True)
def test_signatures_of_keys_within_the_distance_differ_in_few_bits(pair: tuple[str, str]):
    key, query = pair
    if query:
        one, other = terms.signatures(Letters.of([key, query])).tolist()
        assert (one ^ other).bit_count() <= 2 * OSA.distance(key, query)


@pytest.mark.parametrize("length", [6, 12, 13, 14])
def test_a_swap_across_any_border_is_found_with_another_edit_anywhere(length: int):
    key = "abcdefghijklmn"[:length]
    for at in range(length - 1):
        swapped = key[:at] + key[at + 1] + key[at] + key[at + 2 :]
        assert found(swapped, key, 1)
        assert [n for n in range(length) if not found(swapped[:n] + "x" + swapped[n + 1 :], key, 2)] == []
        assert [n for n in range(length) if not found(swapped[:n] + swapped[n + 1 :], key, 2)] == []
        assert [n for n in range(length + 1) if not found(swapped[:n] + "x" + swapped[n:], key, 2)] == []


def test_spaces_are_letters_so_a_missing_one_is_one_edit():
    assert found("newyork city", "new york city", 1)


def test_more_than_two_edits_are_searched_as_two():
    assert asked(["constantinople"], 64) == asked(["constantinople"], 2)
    assert found("xonstantinoplx", "constantinople", 64)


def test_no_edits_or_none_allowed_by_the_similarity_ask_for_the_key_alone():
    for probes in (asked(["constantinople"], 0)[0], asked(["constantinople"], 2, 0.99)[0]):
        assert probes < entries(["constantinople"])[0]
        assert len(probes) == 1


def test_a_key_asks_for_few_segments_whatever_its_length():
    assert max(passjoin.windows(length, 2).place.size for length in range(1, 200)) <= 30


def test_segments_of_a_key_are_its_letters_in_order():
    for length in range(1, 30):
        size, key = np.array([length]), "abcdefghijklmnopqrstuvwxyz0123"[:length]
        pieces = [key[int(start) : int(end)] for n in range(5) for (start,), (end,) in [passjoin.cut(size, n)]]
        assert "".join(pieces[:3]) == "".join(pieces[3:]) == key
        assert max(map(len, pieces[:3])) - min(map(len, pieces[:3])) <= 1
        assert len(entries([key])[0]) == (5 if length < passjoin.SHORT else 3)
