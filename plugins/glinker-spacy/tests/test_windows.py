from __future__ import annotations

from itertools import pairwise

import pytest
from glinker_spacy.recognizer import SpacyRecognizer
from glinker_spacy.windows import Found, join, windows
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.model import Mention
from glinker_core.resources import Resources

PATTERNS = [{"label": "X", "pattern": name} for name in ("Paris", "New York", "Ur")]
TEXT = "It rained. " * 30 + "\n\n" + "Nobody came to Paris " * 30

words = st.sampled_from(
    ["Paris", "New", "York", "Ur", "rain.", "and", "Paris.New", "  ", "\n\n", "x" * 40, "東京。", "\ud800"]
)
texts = st.lists(words, max_size=120).map(" ".join)


@given(st.text(alphabet="ab. \n。", max_size=400), st.integers(20, 90), st.integers(0, 60))
def test_windows_cover_a_text_and_are_no_longer_than_allowed(text: str, length: int, overlap: int) -> None:
    places = list(windows(text, length, overlap))
    assert places[0][0] == 0
    assert places[-1][1] == len(text)
    assert all(end - start <= length for start, end in places)
    for (start, end), (following, after) in pairwise(places):
        assert start < following <= end < after
        assert end - following <= min(overlap, length // 4)


def test_a_text_that_fits_is_one_window() -> None:
    assert list(windows("Paris", 5, 3)) == [(0, 5)]
    assert list(windows("", 5, 3)) == [(0, 0)]


def test_windows_end_where_sentences_do_and_begin_where_words_do() -> None:
    places = list(windows(TEXT, 200, 50))
    assert len(places) > 3
    for start, end in places[:-1]:
        assert TEXT[end - 1].isspace() or TEXT[end - 1] == "."
        assert start == 0 or TEXT[start - 1].isspace()
    assert TEXT[: places[0][1]].rstrip().endswith(".")


@settings(max_examples=60, deadline=None)
@given(texts)
def test_windows_of_a_text_hold_what_the_whole_text_holds(text: str) -> None:
    component = SpacyRecognizer(model="blank:en", patterns=PATTERNS, max_length=100)
    whole = SpacyRecognizer(model="blank:en", patterns=PATTERNS)
    component.open(SHARED)
    whole.open(SHARED)
    assert component.recognize([text]) == whole.recognize([text])


SHARED = Resources()  # the pipeline is loaded once for all examples


def found(*spans: tuple[int, int]) -> list[Found]:
    return [Found(start, end, "X", 1.0) for start, end in spans]


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ([(80, 85)], [(0, 5)], [(80, 85)]),  # seen by both
        ([(85, 95)], [(5, 15)], [(85, 95)]),  # across the middle
        ([(88, 92)], [(6, 12)], [(88, 92)]),  # in part seen by the second, on the side of the first
        ([(88, 92)], [(8, 14)], [(88, 94)]),  # on the side of the second
        ([(96, 100)], [(16, 24)], [(96, 104)]),  # cut off by the end of the first
        ([(78, 84)], [(0, 4)], [(78, 84)]),  # cut off by the start of the second
        ([], [(1, 4)], []),  # in the part of the first, which knows better
        ([(10, 20), (81, 84)], [(13, 15), (30, 40)], [(10, 20), (81, 84), (93, 95), (110, 120)]),
    ],
)
def test_what_two_windows_hold_is_there_once(
    first: list[tuple[int, int]], second: list[tuple[int, int]], joined: list[tuple[int, int]]
) -> None:
    assert join([(0, 100), (80, 180)], [found(*first), found(*second)]) == found(*joined)


def test_texts_longer_than_the_pipeline_takes_are_not_refused(ruler: str) -> None:
    text = ("Nobody came to Paris. " + "a" * 977 + " ") * 1_100
    component = SpacyRecognizer(model=ruler)
    component.open(Resources())
    (mentions,) = component.recognize([text])
    assert len(text) > 1_000_000
    assert mentions == tuple(Mention(start, start + 5, "Paris", "GPE") for start in range(15, len(text), 1_000))


def test_the_trained_ner_finds_the_same_in_windows(trained: str) -> None:
    text = " ".join(f"{name} visited Rome. The train from Lima was late." for name in ("Ada Lovelace", "Helen") * 40)
    resources = Resources()
    whole, parts = SpacyRecognizer(model=trained), SpacyRecognizer(model=trained, max_length=700)
    for component in (whole, parts):
        component.open(resources)
    assert len(whole.recognize([text])[0]) > 80
    assert parts.recognize([text]) == whole.recognize([text])
