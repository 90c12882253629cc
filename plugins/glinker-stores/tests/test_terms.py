"""What keys are found by, worked out for all letters at once, against the same in plain Python."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import pytest
from glinker_stores.index import terms
from glinker_stores.index.letters import Letters, mixed, prefixed
from glinker_stores.index.modes import _same_words
from glinker_stores.index.terms import SMALL_WORDS, Terms, Words, spaced, stem
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.names import normalise

PIECES = st.sampled_from([*"aeiouysxz é東京", " ", "ies", "cities", "of", "the", "New ", "ß", "ﾊﾞ", "🚀", "한", "1"])
KEYS = st.lists(
    st.one_of(st.lists(PIECES, max_size=9).map("".join), st.text(max_size=12)).map(normalise).filter(bool),
    min_size=1,
    max_size=6,
)
checked = settings(max_examples=150, deadline=None, derandomize=True)


def number(text: str) -> int:
    """What stands for a piece of text, worked out for it alone."""
    return int(mixed(Letters.of([text]).wholes())[0])


def of_each(found: Terms, keys: Sequence[str]) -> list[Counter[int]]:
    """How often each key has each term."""
    counted: list[Counter[int]] = [Counter() for _ in keys]
    for one, owner in zip(found.terms.tolist(), found.keys.tolist(), strict=True):
        counted[owner][one] += 1
    return counted


def plainly(pieces: Callable[[str], Iterable[str]], keys: Sequence[str]) -> list[Counter[int]]:
    return [Counter(map(number, pieces(key))) for key in keys]


@given(KEYS)
@checked
def test_the_number_of_a_piece_depends_on_its_letters_alone(keys: list[str]):
    letters = Letters.of(keys)
    for key, start in zip(keys, letters.offsets.tolist(), strict=False):
        for first in range(len(key)):
            for last in range(first, len(key) + 1):
                piece = letters.polynomials(letters.offsets[:1] + start + first, letters.offsets[:1] + start + last)
                assert int(mixed(piece)[0]) == number(key[first:last])
                if first:
                    longer = prefixed(piece, letters.codes[start + first - 1 : start + first])
                    assert int(mixed(longer)[0]) == number(key[first - 1 : last])


def test_different_pieces_have_different_numbers_but_for_rare_collisions():
    pieces = [f"{a}{b}{c}" for a in "abcdefghij東é" for b in "abcdefghij " for c in range(200)]
    assert len(set(mixed(Letters.of(pieces).wholes()).tolist())) >= len(set(pieces)) - 2


@given(KEYS)
@checked
def test_words_are_those_between_spaces_and_single_signs_of_scripts_without_them(keys: list[str]):
    words = Words.of(keys)
    assert words.counts().tolist() == [len(spaced(key).split()) for key in keys]
    assert of_each(words.terms(), keys) == plainly(lambda key: spaced(key).split(), keys)


@given(KEYS)
@checked
def test_stems_are_those_of_single_words(keys: list[str]):
    words = Words.of(keys)
    stems = mixed(terms._stems(words.letters, words.starts, words.ends)).tolist()
    assert stems == [number(stem(word)) for key in keys for word in spaced(key).split()]


@given(KEYS, KEYS)
@checked
def test_variants_meet_exactly_where_the_words_are_the_same(keys: list[str], others: list[str]):
    keys += [made for key in keys for made in (key[::-1].strip(), " ".join(reversed(key.split())), key + "s")]
    keys += others + ["".join(spaced(key).split()) for key in keys]
    found: list[set[int]] = [set() for _ in keys]
    for some in terms.variants(Words.of(keys)):
        for one, owner in zip(some.terms.tolist(), some.keys.tolist(), strict=True):
            found[owner].add(one)
    for ours, our_terms in zip(keys, found, strict=True):
        for theirs, their_terms in zip(keys, found, strict=True):
            same = ours == theirs or _same_words(ours, theirs) is not None
            assert same == (not our_terms.isdisjoint(their_terms)), (ours, theirs)


@given(KEYS)
@checked
def test_initials_are_the_first_letters_of_all_words_and_of_those_that_count(keys: list[str]):
    def plain(key: str) -> set[str]:
        words = spaced(key).split()
        several = words, [word for word in words if word not in SMALL_WORDS]
        return {"".join(word[0] for word in some) for some in several if 1 < len(some) <= terms.MOST_INITIALS}

    counted = [of_each(some, keys) for some in terms.initials(Words.of(keys))]
    assert [one + other for one, other in zip(*counted, strict=True)] == plainly(plain, keys)


@given(KEYS)
@checked
def test_grams_are_all_three_letters_in_a_row_with_spaces_around(keys: list[str]):
    def plain(key: str) -> list[str]:
        padded = f"  {key} "
        return [padded[at : at + 3] for at in range(len(padded) - 2)]

    assert of_each(terms.grams(Letters.of(keys)), keys) == plainly(plain, keys)


@given(KEYS)
@checked
def test_signatures_say_which_letters_come_an_odd_number_of_times(keys: list[str]):
    def plain(key: str) -> int:
        bits = 0
        for letter in key:
            bits ^= 1 << ord(letter) % 32
        return bits

    assert terms.signatures(Letters.of(keys)).tolist() == list(map(plain, keys))


@pytest.mark.parametrize(
    ("word", "expected"),
    [("diseases", "diseas"), ("cities", "cit"), ("bus", "bus"), ("mass", "mass"), ("gas", "gas"), ("s", "s")],
)
def test_a_stem_is_the_word_without_what_the_plural_adds(word: str, expected: str):
    assert stem(word) == expected
