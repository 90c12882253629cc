import pytest
from glinker_formats.languages import Text, best, spoken

TEXTS = [Text("fr", "rouge"), Text("EN-us", "red (US)"), Text("", "R"), Text("en", "red"), Text("de", "rot")]


@pytest.mark.parametrize(
    ("language", "without", "expected"),
    [
        ("en", 0, "red"), ("en-GB", 0, "red"), ("EN-US", 0, "red (US)"), ("de-AT", 0, "rot"), ("fr", 0, "rouge"),
        ("it", 0, "R"), ("it", 3, "rot"),
    ],
)  # fmt: skip
def test_the_best_text_is_in_the_language_a_variant_none_or_any(language, without, expected):
    texts = TEXTS if not without else [text for text in TEXTS if text.language not in ("", "en")]
    assert best(texts, language) == expected
    assert best(reversed(texts), language) == expected


def test_without_texts_the_best_is_empty():
    assert best([], "en") == ""


def test_neutral_texts_are_spoken_in_every_language():
    assert spoken([*TEXTS, Text("mul", "M")], ["de"]) == ["R", "rot", "M"]
    assert spoken(TEXTS, ["*"]) == [text for _, text in TEXTS]
