"""Every score is the one that the library itself gives, whatever the kind of the model."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer

from .cases import ENTITIES, MAIN_KINDS, item, rows
from .conftest import TinyModel
from .reference import all_spans, library_scores
from .tiny import KINDS, LABELS, SENTENCES

Opened = Callable[..., Any]
Library = Callable[..., Any]


def compared(link: Any, model: Any, texts: list[str], spans: list[list[tuple[int, int]]]) -> tuple[int, float]:
    """How many pairs of a span and a label were compared, and the largest difference."""
    linked = [
        link.link([text], [[item(text, span) for span in own]])[0] for text, own in zip(texts, spans, strict=True)
    ]
    differences = [
        abs(mine - theirs)
        for text, own, found in zip(texts, spans, linked, strict=True)
        for mine_row, row in zip(rows(found), library_scores(model, text, own, LABELS), strict=True)
        for mine, theirs in zip(mine_row, row, strict=True)
    ]
    return len(differences), max(differences)


@pytest.mark.parametrize(
    ("kind", "spans_of_a_text", "pairs"),
    [("bi", 1000, 18_000), ("bi_token", 1000, 18_000), ("uni", 8, 2_400), ("uni_token", 8, 2_400)],
)
def test_scores_of_thousands_of_pairs_are_those_of_the_library(
    kind: str, spans_of_a_text: int, pairs: int, tiny_model: TinyModel, library: Library, opened: Opened
) -> None:
    """In all of them more than 40,000 pairs: for bi-encoders all spans of all sentences."""
    model, chosen = library(kind), random.Random(0)
    spans = []
    for text in SENTENCES:
        every = all_spans(model, text)
        spans.append(every if len(every) <= spans_of_a_text else chosen.sample(every, spans_of_a_text))
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))
    count, worst = compared(linker, model, list(SENTENCES), spans)
    assert count >= pairs
    assert worst < 1e-5


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in MAIN_KINDS])
def test_scores_of_every_variant_are_those_of_the_library(
    kind: str, tiny_model: TinyModel, library: Library, opened: Opened
) -> None:
    model, chosen = library(kind), random.Random(1)
    texts = list(SENTENCES[:10])
    spans = [chosen.sample(all_spans(model, text), 4) for text in texts]
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))
    count, worst = compared(linker, model, texts, spans)
    assert count == 10 * 4 * len(ENTITIES)
    assert worst < 1e-5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("flat_ner", "multi_label"), [*product([True, False], repeat=2)])
def test_mentions_are_those_of_the_library(
    kind: str, flat_ner: bool, multi_label: bool, tiny_model: TinyModel, library: Library, opened: Opened
) -> None:
    # one by one: in batches the library itself gives other scores for markerV1 and span encoders, which read padding
    texts, labels = list(SENTENCES[:6]), list(LABELS[:6])
    expected = library(kind).inference(texts, labels, flat_ner, 0.5, multi_label, batch_size=1)
    recognizer = GlinerRecognizer(
        model=str(tiny_model(kind)), labels=labels, threshold=0.5, flat_ner=flat_ner, multi_label=multi_label,
        min_entity_length=1,
    )  # fmt: skip
    found = opened(recognizer).recognize(texts)
    assert sum(map(len, found)) > 6
    for mine, theirs in zip(found, expected, strict=True):
        scores = {(one["start"], one["end"], one["label"]): one["score"] for one in theirs}
        assert {(one.start, one.end, one.label): one.score for one in mine} == pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_one_mention_has_the_score_of_its_span_and_label(
    kind: str, tiny_model: TinyModel, library: Library, opened: Opened
) -> None:
    labels = list(LABELS[:5])
    recognizer = opened(GlinerRecognizer(model=str(tiny_model(kind)), labels=labels, threshold=0.6))
    for text, mentions in zip(SENTENCES, recognizer.recognize(SENTENCES), strict=True):
        spans = [(one.start, one.end) for one in mentions]
        for one, row in zip(mentions, library_scores(library(kind), text, spans, labels), strict=True):
            assert one.score == pytest.approx(row[labels.index(one.label)], abs=1e-5)
            assert one.text == text[one.start : one.end]


@pytest.mark.parametrize("kind", ["bi", "bi_token", "bi_marker"])
@pytest.mark.parametrize("cells", [200, 1 << 22])
def test_many_labels_are_scored_in_parts_as_they_are_at_once(
    kind: str, cells: int, tiny_model: TinyModel, library: Library, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few labels are taken through the last layer instead of the spans; where a tensor would grow, they are split."""
    monkeypatch.setattr("glinker_gliner.heads._CELLS", cells)
    labels = [f"{label} {number}" for number in range(4) for label in LABELS]
    recognizer = opened(
        GlinerRecognizer(model=str(tiny_model(kind)), labels=labels, threshold=0.7, min_entity_length=1)
    )
    text = SENTENCES[0]
    (found,) = recognizer.recognize([text])
    (theirs,) = library(kind).inference([text], labels, True, 0.7, batch_size=1)
    scores = {(one["start"], one["end"], one["label"]): one["score"] for one in theirs}
    assert len(scores) > 2
    assert {(one.start, one.end, one.label): one.score for one in found} == pytest.approx(scores, abs=1e-5)
