"""Words, windows, groups and greedy search by themselves: properties that hold for any text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from gliner.data_processing.tokenizer import WordsSplitter
from gliner.decoding.decoder import Span, SpanDecoder
from glinker_gliner.greedy import Found, greedy
from glinker_gliner.placing import place
from glinker_gliner.windows import Limits, Window, Words, groups, span_of, windows
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.model import Mention

SPLIT = WordsSplitter("whitespace")
WORDS = st.lists(st.text("ab", min_size=1, max_size=6), max_size=60)
LIMITS = st.builds(Limits, st.integers(1, 20), st.integers(1, 30), st.integers(0, 12))


def sizes(words: Sequence[str]) -> list[int]:
    """A tokenizer that makes a token of each two letters."""
    return [(len(word) + 1) // 2 for word in words]


def words_of(words: Sequence[str]) -> Words:
    return Words.of(" ".join(words), SPLIT)


def made(words: Sequence[str], limits: Limits) -> list[Window]:
    return list(windows(words_of(words), limits, sizes))


@given(WORDS, LIMITS)
def test_every_word_lies_in_exactly_one_core(words: list[str], limits: Limits) -> None:
    cores = [index for one in made(words, limits) for index in range(one.core_first, one.core_last)]
    assert cores == list(range(len(words)))


@given(WORDS, LIMITS)
def test_a_core_lies_within_its_window_and_windows_go_on(words: list[str], limits: Limits) -> None:
    some = made(words, limits)
    for one in some:
        assert 0 <= one.first <= one.core_first <= one.core_last <= one.last <= len(words)
    for one, following in pairwise(some):
        assert one.first < following.first <= one.last
        assert one.last <= following.last


@given(WORDS, LIMITS)
def test_no_window_holds_more_than_its_limits(words: list[str], limits: Limits) -> None:
    for one in made(words, limits):
        assert len(one) <= limits.words
        # one word that is too long by itself is a window of its own
        assert len(one) == 1 or sum(sizes(one.tokens)) <= limits.tokens


@given(WORDS, LIMITS)
def test_a_text_that_fits_is_one_window_and_one_that_does_not_is_several(words: list[str], limits: Limits) -> None:
    fits = len(words) <= limits.words and sum(sizes(words)) <= limits.tokens
    some = made(words, limits)
    if not words:
        assert some == []
    elif fits:
        assert some == [Window(some[0].words, 0, len(words), 0, len(words))]
    else:
        assert len(some) > 1 or len(words) == 1


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 40))
def test_a_span_up_to_half_the_overlap_lies_whole_in_its_window(count: int, most: int, overlap: int) -> None:
    width = min(overlap, most // 2) // 2
    for one in made(["a"] * count, Limits(most, 1000, overlap)):
        for first in range(one.core_first, one.core_last):
            assert first + width <= one.last or one.last == count


@given(st.integers(1, 200), st.integers(2, 40), st.integers(0, 40))
def test_a_word_has_neighbours_on_both_sides_in_its_window(count: int, most: int, overlap: int) -> None:
    around = min(overlap, most // 2) // 2
    for one in made(["a"] * count, Limits(most, 1000, overlap)):
        for word in range(one.core_first, one.core_last):
            assert one.first <= max(0, word - around)
            assert min(count, word + around) <= one.last


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 9), st.integers(1, 200), st.floats(0, 0.9))
def test_groups_are_a_partition_and_not_larger_than_asked(
    lengths: list[int], most: int, room: int, padding: float
) -> None:
    made_groups = list(groups(lengths, most, room, padding))
    assert sorted(index for group in made_groups for index in group) == list(range(len(lengths)))
    assert all(1 <= len(group) <= most for group in made_groups)
    assert all(len(group) == 1 or max(lengths[at] for at in group) * len(group) <= room for group in made_groups)


@given(st.lists(st.integers(1, 50), max_size=60), st.integers(1, 9), st.floats(0, 0.9))
def test_groups_waste_no_more_than_asked_on_padding(lengths: list[int], most: int, padding: float) -> None:
    for group in groups(lengths, most, padding=padding):
        padded = max(lengths[index] for index in group) * len(group)
        assert padded * (1 - padding) <= sum(lengths[index] for index in group) + 1e-9


@given(st.text(st.sampled_from("ab- .\n\ud800é"), max_size=40))
def test_words_are_where_their_text_is(text: str) -> None:
    words = Words.of(text, SPLIT)
    for word, start, end in zip(words.words, words.starts, words.ends, strict=True):
        assert text[start:end].replace("\ud800", "\ufffd") == word
    assert words.text == text
    outside = set(range(len(text))) - {at for s, e in zip(words.starts, words.ends, strict=True) for at in range(s, e)}
    assert all(text[at].isspace() for at in outside)


@given(st.text(st.sampled_from("ab .-"), max_size=30), st.integers(-3, 35), st.integers(-3, 35))
def test_a_mention_is_the_words_that_it_shares_a_character_with(text: str, start: int, end: int) -> None:
    words = Words.of(text, SPLIT)
    shared = [
        index
        for index, (first, last) in enumerate(zip(words.starts, words.ends, strict=True))
        if first < end and start < last and start < end
    ]
    found = span_of(words, start, end)
    if not shared:
        # a mention of no characters within a word is that word
        assert found is None or start >= end
    else:
        assert found is not None
        assert (found.first, found.last) == (shared[0], shared[-1])
        whole = words.starts[shared[0]] == start and words.ends[shared[-1]] == end
        assert (found.note == "") == whole


@settings(max_examples=50)
@given(WORDS.filter(bool), LIMITS, st.data())
def test_every_mention_with_a_word_has_a_place_in_a_window(
    words: list[str], limits: Limits, data: st.DataObject
) -> None:
    split = words_of(words)
    some = list(windows(split, limits, sizes))
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    start, end = split.starts[first], split.ends[last]
    placed = place(Mention(start, end, split.text[start:end]), split, some, 3)
    assert placed is not None
    assert placed.window.core_first <= first < placed.window.core_last
    assert placed.window.first + placed.first == first
    assert 0 <= placed.first <= placed.last < len(placed.window)
    if placed.window.first + placed.last == last:
        assert placed.note == ("wider than the 3 words the model knows" if last - first >= 3 else "")
    else:
        assert placed.window.last <= last
        assert "beyond its window" in placed.note


@pytest.mark.parametrize(("start", "end"), [(0, 0), (2, 3), (2, 2), (-5, 0), (50, 60), (5, 1)])
def test_a_mention_without_a_word_has_no_place(start: int, end: int) -> None:
    words = Words.of("ab  cd", SPLIT)
    [window] = windows(words, Limits(9, 99, 0), sizes)
    assert place(Mention(start, end, ""), words, [window], 0) is None
    assert place(Mention(0, 2, "ab"), Words.of("", SPLIT), [], 0) is None


SPANS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 5), st.integers(0, 3)), max_size=40, unique=True).flatmap(
    lambda spans: st.tuples(st.just(spans), st.permutations(range(len(spans))))
)


@given(SPANS, st.booleans(), st.booleans())
def test_greedy_keeps_what_the_library_keeps(
    drawn: tuple[list[tuple[int, int, int]], list[int]], flat: bool, multi_label: bool
) -> None:
    spans, order = drawn
    scores = [(position + 1) / (len(spans) + 1) for position in order]  # no two are equal: the library has no rule then
    found = [Found(a, a + width, label, score) for (a, width, label), score in zip(spans, scores, strict=True)]
    given_spans = [Span(start=one.first, end=one.last, entity_type=str(one.label), score=one.score) for one in found]
    theirs = SpanDecoder(None).greedy_search(given_spans, flat, multi_label)
    assert greedy(found, flat, multi_label) == sorted(
        (Found(one.start, one.end, int(one.entity_type), one.score) for one in theirs), key=lambda one: one[:3]
    )


@given(st.permutations([Found(0, 1, 0, 0.5), Found(1, 2, 0, 0.5), Found(2, 3, 1, 0.5), Found(2, 3, 0, 0.5)]))
def test_equal_scores_are_decided_by_position_whatever_the_order(found: list[Found]) -> None:
    assert greedy(found, True, False) == [Found(0, 1, 0, 0.5), Found(2, 3, 0, 0.5)]
