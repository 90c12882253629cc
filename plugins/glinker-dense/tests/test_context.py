"""What stands around a mention."""

from __future__ import annotations

import pytest
from glinker_dense.context import Spoken, sentence, sentences, spoken

from glinker_core.model import WHOLE_TEXT, Mention

from .cases import AROUND, TEXT, mentions


@pytest.mark.parametrize(
    ("text", "name", "expected"),
    [
        ("One. Two is here! Three?", "Two", "Two is here!"),
        ("Line one\nline two\n", "two", "line two"),
        ("J. Smith met U. S. Grant. He left.", "Grant", "J. Smith met U. S. Grant."),
        ("no end", "end", "no end"),
        ('He said "Stop." Then Paris slept.', "Paris", "Then Paris slept."),
    ],
)
def test_a_sentence_ends_where_readers_end_it(text: str, name: str, expected: str) -> None:
    (mention,) = mentions(text, name)
    assert sentence(text, mention) == expected


def test_a_sentence_without_end_is_cut_on_both_sides() -> None:
    text = "x" * 1000
    assert len(sentence(text, Mention(500, 510, "x" * 10))) == 610


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (TEXT, AROUND),
        ("", ()),
        ("no end", ("no end",)),
        ("Dr. Smith of St. Mary saw it. It was late.", ("Dr. Smith of St.", "Mary saw it. It was late.")),
        ("A heading of a text\nand a line below", ("A heading of a text", "and a line below")),
        ("x" * 2500, ("x" * 1000, "x" * 1000, "x" * 500)),
    ],
)  # fmt: skip
def test_sentences_leave_nothing_out_and_are_neither_short_nor_endless(text: str, expected: tuple[str, ...]) -> None:
    places = list(sentences(text))
    assert tuple(text[start:end].strip() for start, end in places) == expected
    assert "".join(text[start:end] for start, end in places) == text


def test_around_a_mention_stand_the_sentences_within_a_thousand_characters() -> None:
    text = " ".join(f"This is sentence number {n:04}." for n in range(100))
    (mention,) = mentions(text, "0050")
    (one,) = spoken(text, [mention])
    assert one.name == "0050"
    assert len(one.around) == pytest.approx(2 * 1000 / len("This is sentence number 0001. "), abs=2)
    assert text.index(one.around[0]) < mention.start - 970
    assert text.index(one.around[-1]) > mention.end + 940
    assert " ".join(one.around) in text


def test_a_whole_text_and_one_of_spaces_stand_for_themselves() -> None:
    assert spoken(TEXT, [Mention(0, len(TEXT), TEXT, WHOLE_TEXT)]) == [Spoken(TEXT, (TEXT,))]
    assert spoken("   ", [Mention(1, 2, " ")]) == [Spoken(" ", (" ",))]
