"""The recogniser: what labels may be, from which score on something is a mention, and nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from glinker_gliner.model import Model
from glinker_gliner.recognizer import GlinerRecognizer

from glinker_core.errors import InputError

from .cases import MAIN_KINDS, ODD_TEXTS, TEXT
from .conftest import TinyModel
from .tiny import LABELS, SENTENCES

Opened = Callable[..., Any]


@pytest.fixture
def recognizer(tiny_model: TinyModel, opened: Opened) -> Callable[..., Any]:
    def make(kind: str, labels: Sequence[str] | Mapping[str, str] = LABELS[:4], window: int = 512, **more: Any) -> Any:
        more = {"threshold": 0.6, "min_entity_length": 1, **more}
        return opened(GlinerRecognizer(model=str(tiny_model(kind, window=window)), labels=labels, **more))

    return make


def spans(mentions: Any) -> list[list[tuple[int, int, str, float]]]:
    return [[(one.start, one.end, one.label, one.score) for one in some] for some in mentions]


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_a_description_is_read_and_its_name_is_shown(kind: str, recognizer: Any) -> None:
    described = {"river": "river: a natural stream of fresh water", "company": "company that sells goods"}
    found = spans(recognizer(kind, described).recognize(SENTENCES))
    plain = spans(recognizer(kind, list(described.values())).recognize(SENTENCES))
    names = {description: name for name, description in described.items()}
    assert found == [[(a, b, names[label], score) for a, b, label, score in some] for some in plain]
    assert sum(map(len, found)) > 5


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_two_names_may_have_one_description(kind: str, recognizer: Any) -> None:
    found = recognizer(kind, {"a": "city", "b": "city"}, multi_label=True).recognize(SENTENCES[:4])
    labels = [one.label for some in found for one in some]
    assert "a" in labels
    assert "b" in labels
    if kind.startswith("bi"):  # which read a label by itself, without those beside it
        assert labels.count("a") == labels.count("b")


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_each_label_has_its_own_threshold(kind: str, recognizer: Any) -> None:
    settings = {"flat_ner": False, "multi_label": True}
    low = spans(recognizer(kind, threshold=0.5, **settings).recognize(SENTENCES[:6]))
    least = dict.fromkeys(LABELS[:4], 0.5) | {"city": 0.8, "person": 0.95}
    chosen = recognizer(kind, threshold=0.5, thresholds={"city": 0.8, "person": 0.95}, **settings)
    found = spans(chosen.recognize(SENTENCES[:6]))
    assert {label for some in found for _, _, label, _ in some} >= {"country"}
    assert all(score > least[label] for some in found for _, _, label, score in some)
    assert 0 < sum(map(len, found)) < sum(map(len, low))


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "labels is empty; name at least one type"),
        ({}, "labels is empty"),
        (["city", ""], "labels has a blank one: ''"),
        (["city", " \t"], "labels has a blank one"),
        ({"": "a city"}, "labels has a blank one"),
        (["city", "person", "city"], "labels has 'city' twice"),
        ([*map(str, range(5000)), "17"], "labels has '17' twice"),
        ("city", r"labels is one string, 'city'; write a list: \[city\]"),
        ({"city": " "}, "labels has a blank description, of 'city'"),
    ],
)
def test_labels_that_cannot_be_meant_are_refused(labels: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GlinerRecognizer(model="x", labels=labels)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"thresholds": {"citty": 0.5}}, "thresholds: no label 'citty'; did you mean 'city'"),
        ({"thresholds": {"city": 1.5}}, "thresholds: 'city' must be from 0 to 1, got 1.5"),
        ({"threshold": -0.1}, "threshold"),
        ({"threshold": 1.1}, "threshold"),
        ({"batch_size": 0}, "batch_size"),
        ({"min_entity_length": 0}, "min_entity_length"),
        ({"window_overlap": -1}, "window_overlap"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GlinerRecognizer(model="x", labels=["city"], **settings)


def test_ten_thousand_labels_of_a_bi_encoder_are_all_asked(recognizer: Any) -> None:
    labels = [f"{LABELS[number % 15]} {number}" for number in range(10_000)]
    layer = recognizer("bi", labels, threshold=0.995, flat_ner=False, multi_label=True)
    (found,) = layer.recognize([TEXT])
    numbers = {labels.index(one.label) for one in found}
    assert min(numbers) < 2_000
    assert max(numbers) > 8_000
    few = labels[9_000:9_010]
    (some,) = recognizer("bi", few, threshold=0.9, flat_ner=False, multi_label=True).recognize([TEXT])
    again = {(one.start, one.end, one.label): one.score for one in found}
    for one in some:
        if one.score > 0.9951:
            assert again[one.start, one.end, one.label] == pytest.approx(one.score, abs=1e-5)


@pytest.mark.parametrize("kind", ["uni", "uni_token"])
def test_labels_that_do_not_fit_the_window_are_asked_in_turn_and_none_is_lost(
    kind: str, recognizer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = [f"{LABELS[number % 15]} {number}" for number in range(200)]
    layer = recognizer(kind, labels, window=128, threshold=0.0, flat_ner=False, multi_label=True)
    asked: list[Sequence[str]] = []
    plain = Model.prompt
    monkeypatch.setattr(
        Model, "prompt", lambda self, windows, own, size: asked.extend(own) or plain(self, windows, own, size)
    )
    (found,) = layer.recognize(["Mercury"])
    assert len(asked) > 10
    assert [label for some in asked for label in some] == labels
    assert [one.label for one in found] == labels


def test_a_label_that_fills_the_window_is_refused(recognizer: Any) -> None:
    with pytest.raises(InputError, match=r"1 labels take \d+ tokens and leave no room for a text"):
        recognizer("uni", ["city " * 800]).recognize([TEXT])


def test_short_names_are_left_out(recognizer: Any) -> None:
    every = [one for some in recognizer("bi", threshold=0.0).recognize(SENTENCES) for one in some]
    assert min(len(one.text) for one in every) == 1
    for least in (2, 5):
        layer = recognizer("bi", threshold=0.0, min_entity_length=least)
        left = [one for some in layer.recognize(SENTENCES) for one in some]
        assert left == [one for one in every if len(one.text) >= least]


@pytest.mark.parametrize("kind", MAIN_KINDS)
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_texts_without_ordinary_words_are_read(kind: str, name: str, recognizer: Any) -> None:
    text = ODD_TEXTS[name]
    layer = recognizer(kind, threshold=0.0)
    alone, between = layer.recognize([text]), layer.recognize([TEXT, text, "Paris", ""])
    assert alone[0]
    assert [(one.start, one.end) for one in between[1]] == [(one.start, one.end) for one in alone[0]]
    for one in alone[0]:
        assert text[one.start : one.end] == one.text
    assert between[3] == ()


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_texts_without_any_word_have_no_mentions(kind: str, recognizer: Any) -> None:
    assert recognizer(kind, threshold=0.0).recognize(["", " ", "\n\t\u3000", "\u2028"]) == [(), (), (), ()]
    assert recognizer(kind).recognize([]) == []


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_nested_mentions_lie_within_each_other_and_do_not_cross(kind: str, recognizer: Any) -> None:
    found = recognizer(kind, threshold=0.4, flat_ner=False).recognize(SENTENCES)
    pairs = [(a, b) for some in found for a in some for b in some if a != b]
    assert any(a.start <= b.start and b.end <= a.end for a, b in pairs)
    assert not any(a.start < b.start < a.end < b.end for a, b in pairs)
    flat = recognizer(kind, threshold=0.4).recognize(SENTENCES)
    assert not any(a.start <= b.start < a.end for some in flat for a in some for b in some if a is not b)


def test_vectors_of_labels_are_computed_once(recognizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[list[str]] = []
    plain = Model._label_vectors
    monkeypatch.setattr(
        Model, "_label_vectors", lambda self, texts, *more: encoded.append(list(texts)) or plain(self, texts, *more)
    )
    layer = recognizer("bi")
    layer.recognize(SENTENCES[:3])
    layer.recognize(SENTENCES[3:])
    assert encoded == [list(LABELS[:4])]
