from __future__ import annotations

import statistics
from collections.abc import Callable
from pathlib import Path

import pytest

from .reference import all_spans, library_mentions, library_scores, load
from .tiny import KINDS, build, make

TEXT = "Freddie Mercury flew to Paris; mercury is no planet."
WORDS = ["Freddie", "Mercury", "flew", "to", "Paris", ";", "mercury", "is", "no", "planet", "."]
LABELS = ["person", "city", "planet of the solar system", "Paris: the capital of France"]

TinyModel = Callable[..., Path]


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_scores_as_before(kind: str, tmp_path: Path) -> None:
    made, loaded = make(kind), load(build(kind, tmp_path))
    spans = all_spans(made, TEXT)
    assert library_scores(loaded, TEXT, spans, LABELS) == library_scores(made, TEXT, spans, LABELS)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_are_those_the_library_decodes(kind: str, tiny_model: TinyModel) -> None:
    model = load(tiny_model(kind))
    spans = all_spans(model, TEXT)
    assert len(spans) == 66
    expected = {
        (start, end, label): score
        for (start, end), row in zip(spans, library_scores(model, TEXT, spans, LABELS), strict=True)
        for label, score in zip(LABELS, row, strict=True)
    }
    # a text for each span, since even nested mentions may not cross
    asked = [[{"start": start, "end": end}] for start, end in spans]
    found = model.inference([TEXT] * len(spans), LABELS, False, 0.0, True, input_spans=asked)
    decoded = {(one["start"], one["end"], one["label"]): one["score"] for mentions in found for one in mentions}
    assert decoded == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_scores_spread_over_most_of_the_interval(kind: str, tiny_model: TinyModel) -> None:
    model = load(tiny_model(kind))
    scores = library_scores(model, TEXT, all_spans(model, TEXT), LABELS)
    every = [score for row in scores for score in row]
    assert min(every) < 0.3
    assert max(every) > 0.7
    assert statistics.mean(statistics.stdev(row) for row in scores) > 0.05
    assert statistics.mean(statistics.stdev(column) for column in zip(*scores, strict=True)) > 0.05


@pytest.mark.parametrize("kind", ["bi", "uni_token"])
def test_words_and_characters_name_the_same_spans(kind: str, tiny_model: TinyModel) -> None:
    model = load(tiny_model(kind))
    by_character = library_scores(model, TEXT, [(8, 15), (24, 29)], LABELS)
    assert library_scores(model, WORDS, [(1, 1), (4, 4)], LABELS) == by_character


@pytest.mark.parametrize("kind", ["bi", "bi_token", "uni", "uni_token"])
def test_mentions_carry_the_scores_of_their_spans(kind: str, tiny_model: TinyModel) -> None:
    model = load(tiny_model(kind))
    [first, second] = library_mentions(model, [TEXT, "Java"], LABELS, threshold=0.3)
    assert first
    for text, mentions in ((TEXT, first), ("Java", second)):
        for start, end, label, score in mentions:
            assert library_scores(model, text, [(start, end)], LABELS)[0][LABELS.index(label)] == pytest.approx(
                score, abs=1e-5
            )


def test_a_repeated_label_scores_as_often_as_it_is_asked(tiny_model: TinyModel) -> None:
    [row] = library_scores(load(tiny_model("bi")), TEXT, [(8, 15)], ["city", "person", "city"])
    assert row[0] == row[2] != row[1]


def test_seeds_make_other_models(tiny_model: TinyModel) -> None:
    zero, one = (library_scores(load(tiny_model("bi", seed=seed)), TEXT, [(8, 15)], LABELS) for seed in (0, 1))
    assert zero != one


@pytest.mark.parametrize(("kind", "settings"), [("bi", {"max_len": 4}), ("bi_token", {"max_len": 4})])
def test_a_span_beyond_the_cut_has_no_score(kind: str, settings: dict[str, int], tiny_model: TinyModel) -> None:
    model = load(tiny_model(kind, **settings))
    with pytest.warns(UserWarning, match="truncated"), pytest.raises(ValueError, match="no such span of 4 words"):
        library_scores(model, TEXT, [(24, 29)], LABELS)


def test_a_span_wider_than_the_model_takes_has_no_score(tiny_model: TinyModel) -> None:
    with pytest.raises(ValueError, match="no such span"):
        library_scores(load(tiny_model("bi", max_width=2)), WORDS, [(0, 2)], LABELS)


def test_labels_beyond_the_window_have_no_score(tiny_model: TinyModel) -> None:
    with pytest.raises(ValueError, match="4 labels: the library scores 3"):
        library_scores(load(tiny_model("uni", window=16)), "Java", [(0, 4)], LABELS)


def test_a_setting_that_gliner_does_not_have_is_refused() -> None:
    with pytest.raises(TypeError, match="max_lenght"):
        make("bi", max_lenght=3)
