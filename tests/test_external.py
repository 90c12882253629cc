import unicodedata
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.builtin.external import ExternalRecognizer, to_mentions
from glinker_core.errors import DataError, InputError
from glinker_core.model import L1Result, Mention
from glinker_core.resources import Resources
from glinker_core.testing.texts import NASTY

TEXT = "Paris lies on the Seine."


def given_at(start, end, text=None, **more):
    return {"start": start, "end": end, "text": TEXT[start:end] if text is None else text, **more}


def problems(*mentions, text=TEXT):
    with pytest.raises(DataError) as caught:
        to_mentions([text], [list(mentions)])
    assert caught.value.what == "mentions given by the caller"
    return [str(problem) for problem in caught.value.problems]


def problem(*mentions, text=TEXT):
    (only,) = problems(*mentions, text=text)
    return only.removeprefix(f"text 0, mention {len(mentions) - 1}: ")


def test_mentions_come_in_order_of_position_with_their_label_and_score():
    ((first, second),) = to_mentions([TEXT], [[given_at(18, 23, label="river", score=0.5), given_at(0, 5)]])
    assert first == Mention(0, 5, "Paris", "", 1.0)
    assert second == Mention(18, 23, "Seine", "river", 0.5)


def test_a_mention_may_leave_out_its_text_or_be_a_record_already():
    assert to_mentions([TEXT], [[{"start": 0, "end": 5}]]) == [(Mention(0, 5, "Paris"),)]
    mention = Mention(0, 5, "Paris", "city", 0.9)
    assert to_mentions([TEXT], [(mention,)]) == [(mention,)]
    assert to_mentions([TEXT], L1Result(((mention,),))) == [(mention,)]


def test_nothing_given_is_nothing_found():
    assert to_mentions([], []) == []
    assert to_mentions(["", TEXT], [[], ()]) == [(), ()]
    assert to_mentions([TEXT], [[given_at(0, 5, label=None)]])[0][0].label == ""


def test_mentions_that_touch_do_not_overlap():
    assert len(to_mentions([TEXT], [[given_at(5, 6), given_at(0, 5)]])[0]) == 2


def test_whole_numbers_of_other_libraries_become_our_own():
    class Int64:
        def __init__(self, value):
            self.value = value

        def __index__(self):
            return self.value

    ((mention,),) = to_mentions([TEXT], [[{"start": Int64(0), "end": Int64(5)}]])
    assert mention == Mention(0, 5, "Paris")
    assert type(mention.start) is type(mention.end) is int


@pytest.mark.parametrize(("start", "end"), [(0, 25), (24, 25), (-1, 3), (-5, -1), (30, 40), (0, 10**30)])
def test_a_span_outside_the_text_is_refused(start, end):
    assert problem({"start": start, "end": end}) == f"span {start}:{end} lies outside the text of 24 characters"


@pytest.mark.parametrize(("start", "end"), [(3, 3), (5, 3), (0, 0), (24, 24)])
def test_an_empty_span_is_refused(start, end):
    assert problem({"start": start, "end": end}) == f"span {start}:{end} is empty; 'end' is exclusive"


@pytest.mark.parametrize("wrong", [None, True, False, 1.0, 0.5, "0", [0], float("nan")])
def test_offsets_that_are_no_whole_numbers_are_refused(wrong):
    for mention in ({"start": wrong, "end": 5}, {"start": 0, "end": wrong}):
        assert problem(mention).startswith("'start' and 'end' must be whole numbers, got ")
    assert problem({}) == "'start' and 'end' must be whole numbers, got None and None"


@pytest.mark.parametrize("text", ["paris", "Pari", "Paris ", "", None, 5, "Paris\u0301"])
def test_a_text_that_is_not_what_stands_there_is_refused(text):
    mention = {"start": 0, "end": 5, "text": text}
    assert problem(mention) == f"span 0:5 is 'Paris' in the text, not {text!r}; offsets count code points"


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [("Zürich", 0, 7), ("東京", 0, 6), ("👩🏽\u200d🚀 Paris", 2, 7), ("😀 Paris", 3, 8)],
    ids=["bytes", "bytes of cjk", "grapheme clusters", "utf-16"],
)
def test_offsets_that_count_something_else_are_refused(text, start, end):
    surface = "Paris" if "Paris" in text else text
    with pytest.raises(DataError):
        to_mentions([text], [[{"start": start, "end": end, "text": surface}]])


def test_composed_and_decomposed_text_are_not_the_same():
    text = unicodedata.normalize("NFD", "Zürich")
    assert problem({"start": 0, "end": 7, "text": "Zürich"}, text=text).startswith("span 0:7 is 'Zu\u0308rich' in the ")
    assert to_mentions([text], [[{"start": 0, "end": 7, "text": text}]])[0][0].text == text


@pytest.mark.parametrize("wrong", [5, 0, False, ["city"]])
def test_a_label_that_is_no_string_is_refused(wrong):
    assert problem(given_at(0, 5, label=wrong)) == f"'label' must be a string, got {wrong!r}"


@pytest.mark.parametrize("wrong", [None, "1", True, 1.01, -0.1, float("nan"), float("inf"), 10**400])
def test_a_score_that_is_none_is_refused(wrong):
    assert problem(given_at(0, 5, score=wrong)).startswith("'score' must be a number from 0 to 1, got ")


@pytest.mark.parametrize("wrong", [None, 5, "Paris", [0, 5]])
def test_what_is_no_mention_is_refused(wrong):
    assert problem(wrong) == f"expected a mapping with 'start' and 'end', got {wrong!r}"


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ((0, 5), (0, 5), "text 0, mention 1: 0:5 'Paris' overlaps 0:5 'Paris'; give one of them"),
        ((0, 5), (3, 8), "text 0, mention 1: 3:8 'is li' overlaps 0:5 'Paris'; give one of them"),
        ((3, 4), (0, 5), "text 0, mention 0: 3:4 'i' overlaps 0:5 'Paris'; give one of them"),
        ((0, 3), (0, 5), "text 0, mention 0: 0:3 'Par' overlaps 0:5 'Paris'; give one of them"),
    ],
)
def test_mentions_that_overlap_are_refused(first, second, told):
    assert problems(given_at(*first), given_at(*second)) == [told]


def test_all_faults_of_all_texts_are_told_at_once():
    entities = [[given_at(0, 99, ""), given_at(0, 5)], None, "Paris", [given_at(0, 3), given_at(0, 5), 7], 5, {}]
    with pytest.raises(DataError) as caught:
        to_mentions([TEXT] * 6, entities)
    assert [str(problem) for problem in caught.value.problems] == [
        "text 0, mention 0: span 0:99 lies outside the text of 24 characters",
        "text 1: has no 'entities'; give a list of mentions, or an empty one",
        "text 2: expected a list of mentions, got 'Paris'",
        "text 3, mention 2: expected a mapping with 'start' and 'end', got 7",
        "text 3, mention 0: 0:3 'Par' overlaps 0:5 'Paris'; give one of them",
        "text 4: expected a list of mentions, got 5",
        "text 5: expected a list of mentions, got {}",
    ]


@pytest.mark.parametrize("entities", [[], [[], [], []], "xy", b"xy", {0: [], 1: []}, 5, None, iter([[], []])])
def test_one_list_per_text_is_expected(entities):
    with pytest.raises(InputError, match=r"^entities: expected one list of mentions per text \(2\), got "):
        to_mentions([TEXT, TEXT], entities)


def test_messages_do_not_show_whole_texts():
    text = "x" * 1_000_000
    assert len(problem({"start": 0, "end": 999_999, "text": "y" * 1_000_000}, text=text)) < 300
    assert len(problem({"start": 0, "end": 10**6}, {"start": 0, "end": 10**6}, text=text)) < 300


# -- the component -------------------------------------------------------------------------------------------------


def test_without_entities_the_caller_is_told_what_to_give():
    with pytest.raises(
        InputError, match=r"^l1_external: give 'entities' beside 'texts', one list of mentions per text$"
    ):
        ExternalRecognizer().recognize([TEXT], None)


def test_bad_mentions_refuse_the_batch():
    resources = Resources()
    recognizer = ExternalRecognizer()
    recognizer.open(resources)
    with pytest.raises(DataError):
        recognizer.recognize([TEXT], [[given_at(0, 5), given_at(0, 99, "")]])
    assert resources.counters == Counter()


def test_bad_mentions_are_left_out_and_counted_when_skipped():
    resources = Resources()
    recognizer = ExternalRecognizer(on_error="skip")
    recognizer.open(resources)
    entities = [[given_at(0, 5), given_at(0, 3), given_at(1, 99, "")], None, [given_at(18, 23)]]
    found = recognizer.recognize([TEXT] * 3, entities)
    assert [[mention.text for mention in mentions] for mentions in found] == [["Paris"], [], ["Seine"]]
    assert resources.counters == Counter({"external mentions skipped": 3})
    recognizer.recognize([TEXT], [[given_at(0, 5)]])
    assert resources.counters["external mentions skipped"] == 3


def test_mentions_are_skipped_also_before_anything_is_opened():
    assert ExternalRecognizer(on_error="skip").recognize([TEXT], [[7]]) == [()]


def test_what_is_skipped_can_be_asked_for():
    skipped = []
    assert to_mentions([TEXT], [[given_at(0, 5), 7]], skipped) == [(Mention(0, 5, "Paris"),)]
    assert [str(fault) for fault in skipped] == ["text 0, mention 1: expected a mapping with 'start' and 'end', got 7"]


@given(st.sampled_from(sorted(NASTY)), st.lists(st.tuples(st.integers(-3, 60), st.integers(-3, 60)), max_size=6))
def test_whatever_is_given_what_comes_out_stands_in_the_text_without_overlaps(name, spans):
    text, skipped = NASTY[name], []
    (found,) = to_mentions([text], [[{"start": start, "end": end} for start, end in spans]], skipped)
    assert all(text[mention.start : mention.end] == mention.text for mention in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert len(found) + len(skipped) == len(spans)
