"""What gliner 0.2.29 does that surprises, one test for each that could reach a caller here, and the library's own side.

Numbers are those of the list of what was found in the library. Left out are those of what is not used: inference
packing (12), its quantisation (13), ONNX (14), and how it trains and saves (16, 17).
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_gliner.recognizer import GlinerRecognizer

from glinker_core.model import Entity

from .cases import ENTITIES, MERCURY, QUEEN, TEXT, item, long_text, rows, scores
from .conftest import TinyModel
from .reference import library_scores
from .tiny import LABELS, SENTENCES

Opened = Callable[..., Any]


@pytest.fixture
def linker(tiny_model: TinyModel, opened: Opened) -> Callable[..., Any]:
    return lambda kind="bi", template="{label}", **settings: opened(
        GlinerLinker(model=str(tiny_model(kind, **settings)), template=template)
    )


def test_gotcha_1_labels_are_padded_to_the_longest_of_their_batch_and_not_to_the_window(
    tiny_model: TinyModel, library: Any, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    encoder, widths = layer.loaded._core.token_rep_layer, []
    plain = encoder.encode_labels
    monkeypatch.setattr(encoder, "encode_labels", lambda ids, mask: widths.append(tuple(ids.shape)) or plain(ids, mask))
    found = layer.loaded.labels(LABELS, 64)
    padded = library("bi").encode_labels(list(LABELS))
    assert torch.allclose(found, layer.loaded.head.project(padded), atol=1e-5)
    assert sum(rows for rows, _ in widths) == len(LABELS)
    assert max(width for _, width in widths) < 64 / 2
    sizes = [width for _, width in widths]
    assert sizes == sorted(sizes, reverse=True)


def test_gotcha_1_a_tokenizer_without_a_bound_makes_no_endless_labels(tiny_model: TinyModel, opened: Opened) -> None:
    layer = opened(GlinerLinker(model=str(tiny_model("bi", label_window=10**30)), template="{label}"))
    assert layer.loaded.labels(["city", "word " * 2000], 8).shape == (2, 32)
    assert layer.loaded.cut(["city", "word " * 2000]) == 1


def test_gotcha_2_double_texts_do_not_shift_the_vectors_of_those_behind(linker: Any, library: Any) -> None:
    texts = ["person", "person", "city", "person", "country"]
    entities = [Entity(f"q{number}", text) for number, text in enumerate(texts)]
    ((linked,),) = linker().link([TEXT], [[item(TEXT, MERCURY, entities)]])
    (expected,) = library_scores(library("bi"), TEXT, [MERCURY], texts)
    assert next(rows([linked], entities)) == pytest.approx(expected, abs=1e-5)
    assert len(set(expected)) == 3


def test_gotcha_3_vectors_that_are_kept_serve_texts_with_candidates_of_their_own(
    tiny_model: TinyModel, opened: Opened
) -> None:
    texts, chosen = list(SENTENCES[:6]), [ENTITIES[at : at + 3] for at in range(6)]
    items = [[item(text, (0, text.index(" ")), own)] for text, own in zip(texts, chosen, strict=True)]
    found = []
    for batch_size in (1, 8):
        layer = GlinerLinker(model=str(tiny_model("bi")), use_precomputed_embeddings=True, batch_size=batch_size)
        linked = opened(layer).link(texts, items)
        found.append([next(rows(some, own)) for some, own in zip(linked, chosen, strict=True)])
    for one, other in zip(*found, strict=True):
        assert one == pytest.approx(other, abs=2e-6)


def test_gotcha_4_candidates_whose_vectors_are_there_are_not_tokenised_again(
    linker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = linker()
    layer.link([TEXT], [[item(TEXT, MERCURY)]])

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("tokenised again")

    monkeypatch.setattr(Model, "_label_vectors", never)
    monkeypatch.setattr(layer.loaded._processor, "labels_tokenizer", never)
    assert layer.link([TEXT], [[item(TEXT, QUEEN)]])


def test_gotcha_5_spans_off_the_borders_of_words_too_wide_or_beyond_the_cut_are_not_dropped(linker: Any) -> None:
    text = f"{TEXT} {long_text(80)} Paris"
    spans = [(9, 12), (0, len(TEXT)), (len(text) - 5, len(text))]
    (linked,) = linker(max_len=30).link([text], [[item(text, span) for span in spans]])
    assert [len(one.candidates) for one in linked] == [len(ENTITIES)] * 3
    assert [bool(one.note) for one in linked] == [True, False, False]
    assert all(0 < value < 1 for one in linked for value in scores(one).values())


@pytest.mark.parametrize("kind", ["bi", "uni_token"])
def test_gotcha_5_spans_that_overlap_are_all_scored(kind: str, linker: Any) -> None:
    spans = [(0, 15), (8, 15), (8, 25), (8, 15)]
    (linked,) = linker(kind).link([TEXT], [[item(TEXT, span) for span in spans]])
    assert [(one.mention.start, one.mention.end) for one in linked] == spans
    assert all(len(one.candidates) == len(ENTITIES) for one in linked)


@pytest.mark.parametrize("kind", ["bi", "bi_token", "uni", "uni_token"])
def test_gotcha_6_all_candidates_have_scores_and_not_the_best_five(kind: str, linker: Any) -> None:
    ((linked,),) = linker(kind).link([TEXT], [[item(TEXT, MERCURY)]])
    assert len(scores(linked)) == len(ENTITIES) > 5
    assert min(scores(linked).values()) < 0.5  # nor only those above a threshold


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_gotcha_7_words_beyond_the_tokens_of_a_window_do_not_all_get_one_score(
    kind: str, linker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """In the library they have no vector, and whatever stands there scores alike."""
    text = f"{long_text(120)} London disease"
    start = text.index("London")
    spans = [(start, start + 6), (start + 7, start + 14)]
    with caplog.at_level(logging.WARNING):
        ((london, disease),) = linker(kind, window=64).link([text], [[item(text, span) for span in spans]])
    assert not caplog.records
    assert scores(london) != scores(disease)
    if kind == "bi":  # where some are left behind, their scores are cut to one
        assert len(set(scores(london).values())) == len(ENTITIES)


def test_gotcha_7_labels_do_not_push_each_other_out_of_the_window(tiny_model: TinyModel, opened: Opened) -> None:
    labels = [f"{label} {number}" for number in range(4) for label in LABELS]
    recognizer = opened(
        GlinerRecognizer(
            model=str(tiny_model("uni", window=128)), labels=labels, threshold=0.0, flat_ner=False, multi_label=True
        )
    )
    (found,) = recognizer.recognize(["Mercury"])
    assert [one.label for one in found] == labels


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_gotcha_8_texts_without_words_and_mentions_without_candidates_are_no_error(kind: str, linker: Any) -> None:
    bare = item(TEXT, MERCURY, [])
    layer = linker(kind)
    assert layer.link(["", " ", TEXT], [[], [item(" ", (0, 1), [])], [bare]])[2][0].candidates == ()
    assert layer.link([], []) == []


def test_gotcha_9_candidates_beside_a_candidate_change_nothing_for_a_bi_encoder(linker: Any) -> None:
    layer = linker()
    ((all_of_them,),) = layer.link([TEXT], [[item(TEXT, MERCURY)]])
    for entity in ENTITIES:
        ((alone,),) = layer.link([TEXT], [[item(TEXT, MERCURY, [entity])]])
        assert alone.candidates[0].score == pytest.approx(scores(all_of_them)[entity.entity_id], abs=2e-6)


def test_gotcha_9_a_uni_encoder_feels_them_so_chunks_meet_again(linker: Any) -> None:
    layer = linker("uni")
    ((pair,),) = layer.link([TEXT], [[item(TEXT, MERCURY, ENTITIES[:2])]])
    ((triple,),) = layer.link([TEXT], [[item(TEXT, MERCURY, ENTITIES[:3])]])
    assert scores(pair)["e0"] != pytest.approx(scores(triple)["e0"], abs=1e-4)


def test_gotcha_10_weights_that_no_bi_encoder_uses_must_still_be_there(tiny_model: TinyModel, opened: Opened) -> None:
    layer = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    expected = layer.link([TEXT], [[item(TEXT, MERCURY)]])
    with torch.no_grad():
        for weight in layer.loaded._core.rnn.parameters():
            weight.fill_(float("nan"))
    assert layer.link([TEXT], [[item(TEXT, MERCURY)]]) == expected


def test_gotcha_11_weights_are_not_drawn_at_random_before_they_are_read(
    tiny_model: TinyModel, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    for name in ("trunc_normal_", "normal_", "kaiming_uniform_", "xavier_uniform_", "orthogonal_"):
        monkeypatch.setattr(torch.nn.init, name, lambda weight, *_, _name=name, **__: drawn.append(_name) or weight)
    opened(GlinerRecognizer(model=str(tiny_model("bi_modernbert")), labels=["city"]))
    assert drawn == []


def test_gotcha_13_no_library_speaks_while_a_model_is_loaded(
    tiny_model: TinyModel, opened: Opened, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with warnings.catch_warnings(record=True) as said, caplog.at_level(logging.WARNING):
        warnings.simplefilter("always")
        layer = opened(GlinerRecognizer(model=str(tiny_model("bi")), labels=["city"]))
        layer.recognize([TEXT, long_text(900)])
    assert [str(one.message) for one in said] == []
    assert [record.getMessage() for record in caplog.records] == []
    assert capfd.readouterr() == ("", "")


def test_gotcha_15_special_tokens_of_uni_encoders_change_nothing_for_a_bi_encoder(
    tiny_model: TinyModel, opened: Opened, library: Any
) -> None:
    text = "<<ENT>> Paris <<SEP>> city"
    layer = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    span = (text.index("Paris"), text.index("Paris") + 5)
    ((linked,),) = layer.link([text], [[item(text, span)]])
    assert next(rows([linked])) == pytest.approx(library_scores(library("bi"), text, [span], LABELS)[0], abs=1e-5)


@pytest.mark.parametrize("kind", ["uni", "uni_token"])
def test_gotcha_15_a_text_with_the_marks_of_labels_in_it_is_read_like_any_other(
    kind: str, tiny_model: TinyModel, opened: Opened
) -> None:
    """They are written out in a text, so that it cannot pass for a prompt."""
    text = "<<ENT>> Paris <<SEP>> <<ENT>> city <<SEP>> London"
    layer = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))
    span = (text.index("Paris"), text.index("Paris") + 5)
    ((linked,),) = layer.link([text], [[item(text, span)]])
    assert len(scores(linked)) == len(ENTITIES)
    assert all(0 < value < 1 for value in scores(linked).values())


@pytest.mark.parametrize("kind", ["uni", "uni_token"])
@pytest.mark.parametrize("mark", ["<<ENT>>", "<<SEP>>", "a <<ENT>> b <<SEP>>"])
def test_gotcha_15_a_label_with_the_marks_of_labels_in_it_does_not_shift_the_others(
    kind: str, mark: str, linker: Any
) -> None:
    odd = Entity("odd", mark)
    plain = Entity("odd", mark.replace("<<", "< <"))
    layer = linker(kind)
    found, expected = (
        scores(layer.link([TEXT], [[item(TEXT, MERCURY, [one, *ENTITIES[:4]])]])[0][0]) for one in (odd, plain)
    )
    assert found == pytest.approx(expected, abs=2e-6)


def test_gotcha_18_a_model_stays_ready_to_answer_whatever_the_library_did_to_it(
    tiny_model: TinyModel, opened: Opened
) -> None:
    layer = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    assert not layer.loaded._core.training
    assert not any(module.training for module in layer.loaded._core.modules())


def test_the_folder_of_a_model_is_left_as_it_was(tiny_model: TinyModel, opened: Opened) -> None:
    folder = Path(tiny_model("bi"))
    before = {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}
    opened(GlinerLinker(model=str(folder))).link([TEXT], [[item(TEXT, MERCURY)]])
    assert {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()} == before
