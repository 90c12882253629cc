"""One model for all layers that mean the same one, one pass of its encoder a text, and what happens without memory."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import torch
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker

from glinker_core.errors import InputError
from glinker_core.resources import Resources

from .cases import MAIN_KINDS, MERCURY, TEXT, item, long_text, scores, whole
from .conftest import TinyModel
from .tiny import LABELS, SENTENCES

Opened = Callable[..., Any]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts whose windows go through a text encoder."""
    texts: list[str] = []
    plain = Model._encode

    def noted(self: Model, windows: list[Any]) -> Any:
        texts.extend(window.words.text for window in windows)
        return plain(self, windows)

    monkeypatch.setattr(Model, "_encode", noted)
    return texts


@pytest.mark.parametrize("kind", ["bi", "bi_token"])
def test_layers_that_share_a_model_encode_a_text_once(
    kind: str, tiny_model: TinyModel, opened: Opened, encoded: list[str]
) -> None:
    folder, resources, texts = str(tiny_model(kind)), Resources(), list(SENTENCES[:4])
    recognizer = opened(GlinerRecognizer(model=folder, labels=LABELS[:4]), resources)
    linker = opened(GlinerLinker(model=folder, template="{label}"), resources)
    reranker = opened(GlinerReranker(model=folder, template="{label}"), resources)
    assert recognizer.loaded is linker.loaded is reranker.loaded
    found = recognizer.recognize(texts)
    items = [[item(text, (one.start, one.end)) for one in some] for text, some in zip(texts, found, strict=True)]
    linked = reranker.rerank(texts, linker.link(texts, items))
    assert sorted(encoded) == sorted(texts)
    alone = opened(GlinerLinker(model=folder, template="{label}"))
    for (mine, *_), (theirs, *_) in zip(linked, alone.link(texts, items), strict=True):
        assert scores(mine) == pytest.approx(scores(theirs), abs=2e-6)


def test_what_was_encoded_long_ago_is_encoded_again_and_memory_stays_bounded(
    tiny_model: TinyModel, opened: Opened, encoded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glinker_gliner.model._KEPT", 40)
    folder, resources = str(tiny_model("bi")), Resources()
    recognizer = opened(GlinerRecognizer(model=folder, labels=["city"]), resources)
    linker = opened(GlinerLinker(model=folder), resources)
    for _ in range(2):
        recognizer.recognize(SENTENCES[:10])
        linker.link([SENTENCES[9]], [[item(SENTENCES[9], (0, 1))]])
    assert 0 < linker.loaded._kept_words <= 40
    assert sum(map(len, linker.loaded._kept.values())) == linker.loaded._kept_words
    assert 10 < len(encoded) < 20  # the last texts were still there, the others not
    linker.loaded.close()
    assert not linker.loaded._kept


@pytest.mark.parametrize("kind", ["bi", "bi_token"])
def test_a_linker_that_finds_mentions_itself_encodes_a_text_once_and_keeps_nothing(
    kind: str, tiny_model: TinyModel, opened: Opened, encoded: list[str]
) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))
    texts = list(SENTENCES[:4])
    linked = linker.link(texts, [[whole(text)] for text in texts])
    assert sum(map(len, linked)) > 4
    assert sorted(encoded) == sorted(texts)
    assert not linker.loaded._kept


def test_one_layer_alone_keeps_nothing(tiny_model: TinyModel, opened: Opened) -> None:
    layer = opened(GlinerRecognizer(model=str(tiny_model("bi")), labels=["city"]))
    layer.recognize(SENTENCES)
    assert not layer.loaded._kept


@pytest.mark.parametrize("other", [{"dtype": "bf16"}, {"revision": "v2"}, {"local_files_only": True}])
def test_another_dtype_or_revision_is_another_model(
    other: dict[str, Any], tiny_model: TinyModel, opened: Opened
) -> None:
    folder, resources = str(tiny_model("bi")), Resources()
    first = opened(GlinerRecognizer(model=folder, labels=["city"]), resources)
    second = opened(GlinerLinker(model=folder, **other), resources)
    third = opened(GlinerLinker(model=folder, **other), resources)
    assert first.loaded is not second.loaded
    assert second.loaded is third.loaded


@pytest.mark.parametrize("kind", MAIN_KINDS)
@pytest.mark.parametrize("dtype", ["bf16", "fp16"])
def test_sixteen_bits_give_about_the_same(kind: str, dtype: str, tiny_model: TinyModel, opened: Opened) -> None:
    def run(dtype: str) -> tuple[dict[str, float], int]:
        layer = {"model": str(tiny_model(kind)), "dtype": dtype}
        ((linked,),) = opened(GlinerLinker(template="{label}", **layer)).link([TEXT], [[item(TEXT, MERCURY)]])
        recognizer = opened(GlinerRecognizer(labels=LABELS[:4], threshold=0.01, **layer))
        return scores(linked), len(recognizer.recognize([TEXT])[0])

    (expected, _), (found, mentions) = run("fp32"), run(dtype)
    assert found == pytest.approx(expected, abs=0.08)
    assert found != expected
    assert mentions > 1


def test_threads_that_share_a_model_get_the_same_as_alone(tiny_model: TinyModel, opened: Opened) -> None:
    folder, resources = str(tiny_model("bi")), Resources()
    recognizer = opened(GlinerRecognizer(model=folder, labels=LABELS[:4]), resources)
    linker = opened(GlinerLinker(model=folder, template="{label}"), resources)
    expected = [recognizer.recognize([text]) for text in SENTENCES]
    linked = linker.link([TEXT], [[item(TEXT, MERCURY)]])
    with ThreadPoolExecutor(4) as pool:
        again = [pool.submit(recognizer.recognize, [text]) for text in SENTENCES]
        same = [pool.submit(linker.link, [TEXT], [[item(TEXT, MERCURY)]]) for _ in range(8)]
        assert [job.result() for job in again] == expected
        assert all(job.result() == linked for job in same)


@pytest.fixture
def little_memory(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """There is memory for two windows at a time; gives the sizes of the batches that were tried."""
    tried: list[int] = []
    represented = Model._represented

    def limited(self: Model, windows: Any, *rest: Any, **more: Any) -> Any:
        tried.append(len(windows))
        if len(windows) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return represented(self, windows, *rest, **more)

    monkeypatch.setattr(Model, "_represented", limited)
    return tried


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_out_of_memory_halves_the_batch_and_says_so_once(
    kind: str, tiny_model: TinyModel, opened: Opened, little_memory: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    texts = [SENTENCES[0]] * 8
    layer = opened(GlinerRecognizer(model=str(tiny_model(kind)), labels=LABELS[:4], batch_size=4))
    with caplog.at_level(logging.WARNING):
        found = layer.recognize(texts)
        again = layer.recognize(texts[:5])
    assert little_memory == [4, 2, 2, 2, 2, 2, 2, 1]
    (said,) = caplog.records
    assert "out of memory with 4 at once; going on with 2" in said.getMessage()
    (alone,) = layer.recognize(texts[:1])
    for some in (*found, *again):
        assert [(m.start, m.end, m.label) for m in some] == [(m.start, m.end, m.label) for m in alone]


def test_out_of_memory_for_entities_halves_their_batch(
    tiny_model: TinyModel, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    expected = layer.link([TEXT], [[item(TEXT, MERCURY)]])
    other = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    encoder = other.loaded._core.token_rep_layer
    plain = encoder.encode_labels

    def limited(ids: torch.Tensor, mask: torch.Tensor) -> Any:
        if len(ids) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return plain(ids, mask)

    monkeypatch.setattr(encoder, "encode_labels", limited)
    found = other.link([TEXT], [[item(TEXT, MERCURY)]])
    assert scores(found[0][0]) == pytest.approx(scores(expected[0][0]), abs=2e-6)


def test_out_of_memory_for_one_text_is_an_error(
    tiny_model: TinyModel, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(*_: Any, **__: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried 2 GiB")

    monkeypatch.setattr(Model, "_represented", none)
    layer = opened(GlinerRecognizer(model=str(tiny_model("bi")), labels=["city"]))
    with pytest.raises(InputError, match=r"no memory on cpu for one text: CUDA out of memory\. Tried 2 GiB"):
        layer.recognize([long_text(5), long_text(6)])
