import unicodedata
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from glinker_core.names import join, normalise, normalise_all, pieces, tokens
from glinker_core.testing.texts import NASTY

#: What people write names in: letters, marks where they belong, digits, signs and spaces of each script.
SCRIPTS = {
    "latin": "abcXYZßİıﬁÆœŁøĐåéñçğÅŉǆªº0189²½①Ⅷ™ .-–—'’ʼʻ&+/()!\u0301\u0308\u0327\u00ad\u00a0",
    "greek": "αβΣςάΐὣᾳΩ 1-'\u0301\u0342",
    "cyrillic": "абвЯЁёйЇґѣ 1-\u0301",
    "hebrew": "אבגשׂםרי \u05b4\u05b7\u05bc־",
    "arabic": "ابتثةىكمحـًٌَُِّْٱﻻﷺ٠١ \u200c\u200f،",
    "devanagari": "कखनमसतहिंदीेौाक़़्०१ ।\u200d",
    "bengali": "কখগািুেৌংঁ় ১",
    "tamil": "தமிழ்ாேொௌ ௧",
    "thai": "กขคไทยำ้็์ ๑",
    "kana": "アイガパバーヴｶﾞｱｰゴコ゛っょ々〇東京都㋀㈱ゟ・「」 1aＡ　",
    "hangul": "한국어가각ㄱᄒ\u1161\u11ab 1",
    "armenian": "ԱբգևՈւﬓ ՛",
    "georgian": "აბგႠᲐ ",
    "ethiopic": "ሀለሐ፡ ",
    "emoji": "👩\u200d🚀🇫🇷❤\ufe0f1\ufe0f\u20e3a 🏽",
    "astral": "𝔓𝔞𝒫𐐀𐐨𠀀葛\U000e0100 ",
    "broken": "a\ud83d\udc00\x00\x1b\n\ufeff \u2028",
}
NAMES = st.sampled_from(sorted(SCRIPTS)).flatmap(lambda script: st.text(SCRIPTS[script], max_size=10))


def stray(text):
    """Whether a kept mark stands where nobody writes one: behind a letter of another script, or another mark."""
    marks = [unicodedata.combining(char) in (7, 8, 9) or char in "ﾞﾟ" for char in text]
    letters = [unicodedata.category(char)[0] in "LM" and not mark for char, mark in zip(text, marks, strict=True)]
    return any(mark and (i == 0 or not letters[i - 1]) for i, mark in enumerate(marks))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("  Chișinău–Orhei (Raion) ", "chisinau orhei raion"), ("naïve", "naive"), ("Ångström", "angstrom"),
        ("straße", "strasse"), ("STRAẞE", "strasse"), ("İstanbul", "istanbul"), ("ıstanbul", "istanbul"),
        ("ﬁnance", "finance"), ("Łódź", "lodz"), ("Øresund", "oresund"), ("Æther", "aether"), ("œuvre", "oeuvre"),
        ("Þór", "thor"), ("Ðuro", "duro"), ("Paraŀlel", "parallel"), ("Ŋ", "n"), ("ǆ", "dz"),
        ("Hawaiʻi", "hawai i"), ("Hawai'i", "hawai i"), ("Hawai’i", "hawai i"), ("Qurʼān", "qur an"), ("ŉ", "n"),
        ("O'Neill", "o neill"), ("St. John's", "st john s"), ("U.S.A.", "u s a"), ("AT&T", "at t"),
        ("C++", "c"), ("C#", "c"), ("C", "c"), ("x_y", "x y"), ("3.14", "3 14"), ("tab\tnew\nline", "tab new line"),
        ("E=mc²", "e mc2"), ("8½", "8 1 2"), ("8 1/2", "8 1 2"), ("①", "1"), ("Ⅷ", "viii"), ("Foo™", "foo tm"),
        ("№5", "no 5"), ("𝔓𝔞𝔯𝔦𝔰", "paris"), ("Ａ１", "a1"), ("soft\u00adhyphen", "softhyphen"),
        ("zero\u200bwidth", "zero width"), ("\ufeffParis\u2060", "paris"),
        ("Ελλάς", "ελλασ"), ("ΕΛΛΆΣ", "ελλασ"), ("Ёлка", "елка"), ("עִבְרִית", "עברית"), ("مُحَمَّد", "محمد"),
        ("محـمد", "محمد"), ("محمﹷد", "محمد"),
        ("ゴジラ", "コ\u3099シ\u3099ラ"), ("ｺﾞｼﾞﾗ", "コ\u3099シ\u3099ラ"), ("コシラ", "コシラ"), ("コーヒー", "コーヒー"),
        ("東京 都", "東京都"), ("東京 Tower", "東京 tower"), ("㋀", "1 月"), ("㈱東京", "株東京"),
        ("葛\U000e0100城", "葛城"),
        ("한국", unicodedata.normalize("NFD", "한국")), ("नमस्ते", "नमस्ते"), ("क्\u200dष", "क्ष"), ("ไทย", "ไทย"),
        ("I ❤\ufe0f NY", "i ny"), ("1\ufe0f\u20e3", "1"), ("a\x00b", "a b"), ("x\ud83dy", "x y"),
        ("!!!", "!!!"), ("！！！", "!!!"), ("???", "???"), ("´", "´"), ("👩\u200d🚀", "👩 🚀"),
        ("🇫🇷", "🇫🇷"), ("+ -", "+ -"),
        ("", ""), ("  \t\u3000", ""), ("\x00", ""), ("\ud83d", ""), ("\u0301", ""), ("\u200d", ""),
    ],
)  # fmt: skip
def test_a_name_has_one_key_however_it_is_written(name, key):
    assert normalise(name) == key


def test_letters_that_marks_make_are_not_those_without():
    for one, other in (("ゴ", "コ"), ("パ", "バ"), ("क़", "क"), ("कि", "क"), ("한", "하")):
        assert normalise(one) != normalise(other)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Zürich's 東京", [("zurich", 0, 6), ("s", 7, 8), ("東", 9, 10), ("京", 10, 11)]),
        ("Zu\u0308rich", [("zurich", 0, 7)]),
        ("x\u0301", [("x", 0, 2)]),
        (" \u0301 ", []),
        ("8½!", [("8", 0, 1), ("1", 1, 2), ("2", 1, 2)]),
        ("㋀", [("1", 0, 1), ("月", 0, 1)]),
        ("Foo™", [("foo", 0, 3), ("tm", 3, 4)]),
        ("ガｶﾞ", [("カ\u3099", 0, 1), ("カ\u3099", 1, 3)]),
        ("\ufeffParis\u200d \u00ad", [("paris", 1, 6)]),
        ("Pa\u00adris", [("paris", 0, 6)]),
        ("葛\U000e0100城", [("葛", 0, 1), ("城", 2, 3)]),
        ("👩\u200d🚀 Paris", [("paris", 4, 9)]),
        ("𝔓𝔞 b", [("pa", 0, 2), ("b", 3, 4)]),
        ("a\x00b\ud83dc", [("a", 0, 1), ("b", 2, 3), ("c", 4, 5)]),
        ("!!! C++", [("c", 4, 5)]),
        ("", []),
    ],
)
def test_tokens_stand_where_their_letters_stand(text, found):
    assert tokens(text) == found


@given(NAMES)
@example("Ŀﬃ½㋀ゟ")
def test_the_tokens_of_a_name_joined_are_its_key(name):
    assume(not stray(name))
    found = [token for token, _, _ in tokens(name)]
    if found:
        assert join(found) == normalise(name)
        assert pieces(normalise(name)) == found


@given(NAMES)
def test_a_key_is_its_own_key(name):
    assert normalise(normalise(name)) == normalise(name)


@given(st.lists(st.one_of(NAMES, st.text(), st.text(st.characters(codec="ascii")))))
@example(["a\nb", "c"])
@example(["", "!", " ", "A\x00B\r\x1cc  d"])
def test_many_names_at_once_have_the_keys_they_have_one_by_one(names):
    assert normalise_all(names) == [normalise(name) for name in names]


@given(st.one_of(NAMES, st.text()))
def test_offsets_lie_in_the_text_and_ascend(text):
    spans = [(start, end) for _, start, end in tokens(text)]
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(one == other or one[1] <= other[0] for one, other in pairwise(spans))


@given(NAMES)
def test_composed_and_decomposed_names_have_one_key(name):
    composed, decomposed = unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)
    assume(not stray(decomposed))
    assert normalise(composed) == normalise(decomposed) == normalise(name)
    assert [t for t, _, _ in tokens(composed)] == [t for t, _, _ in tokens(decomposed)]


@given(st.one_of(NAMES, st.text()))
def test_keys_have_single_spaces_and_tokens_have_none(text):
    key = normalise(text)
    assert key == " ".join(key.split())
    assert all(token and not any(char.isspace() for char in token) for token, _, _ in tokens(text))


@given(st.text(min_size=1, max_size=5))
def test_only_what_is_blank_or_invisible_has_no_key(text):
    if any(unicodedata.category(char)[0] in "LNPS" for char in text):
        assert normalise(text)


@given(st.sampled_from(["latin", "greek", "cyrillic", "armenian", "georgian"]).flatmap(lambda s: st.text(SCRIPTS[s])))
def test_case_makes_no_difference(name):
    assert normalise(name.upper()) == normalise(name.upper().lower())


def test_every_letter_sign_and_digit_keeps_all_promises():
    for code in range(0x3400):
        char = chr(code)
        key = normalise(char)
        assert normalise(key) == key, hex(code)
        assert [token for token, _, _ in tokens(char)] in ([], pieces(key)), hex(code)
        if unicodedata.category(char)[0] in "LNPS":
            assert key, hex(code)


@pytest.mark.parametrize("text", NASTY.values(), ids=NASTY)
def test_names_behind_nasty_text_are_found_where_they_stand(text):
    for token, start, end in tokens(text):
        if token in ("paris", "mercury", "jordan"):
            assert normalise(text[start:end]) == token
    if "Paris" in text and "ParisParis" not in text:
        assert "paris" in [token for token, _, _ in tokens(text)]


def test_keys_come_apart_into_the_tokens_they_were_joined_of():
    assert pieces("old town hall") == ["old", "town", "hall"]
    assert pieces(normalise("東京 Tower コーヒー")) == ["東", "京", "tower", "コ", "ー", "ヒ", "ー"]
    assert join(["東", "京", "tower", "都"]) == "東京 tower 都"
    assert pieces("") == []
