"""Encoders: the vectors of the library whatever the batch, and an error for each that cannot be used."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from glinker_dense.encoder import Encoder, shared_encoder
from glinker_dense.layer import EncoderLayer
from glinker_dense.loading import ModelSpec
from sentence_transformers import SentenceTransformer

from glinker_core.errors import InputError
from glinker_core.resources import Resources

from .conftest import TinyModel
from .tiny import CORPUS

TEXTS = [*CORPUS, "Paris", "", "mercury " * 40, "Paris"]


@pytest.fixture
def encoder(tiny_model: TinyModel) -> Encoder:
    return Encoder.load(ModelSpec(str(tiny_model())))


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_vectors_are_those_of_the_library_whatever_the_batch(
    batch_size: int, encoder: Encoder, tiny_model: TinyModel
) -> None:
    expected = SentenceTransformer(str(tiny_model()), device="cpu").encode(TEXTS, normalize_embeddings=True)
    assert encoder.entities(TEXTS, batch_size) == pytest.approx(expected, abs=1e-5)
    assert np.linalg.norm(encoder.queries(TEXTS, batch_size), axis=1) == pytest.approx(1, abs=1e-5)


def test_no_texts_are_no_vectors(encoder: Encoder) -> None:
    assert encoder.entities([], 8).shape == (0, 16)


def test_prompts_of_a_model_stand_before_queries_and_entities(tiny_model: TinyModel) -> None:
    model = SentenceTransformer(str(tiny_model()), device="cpu", prompts={"query": "doctors: ", "passage": "river: "})
    encoder = Encoder(ModelSpec("x"), model)
    plain = SentenceTransformer(str(tiny_model()), device="cpu").encode
    assert encoder.queries(["Paris"], 8) == pytest.approx(
        plain(["doctors: Paris"], normalize_embeddings=True), abs=1e-5
    )
    assert encoder.entities(["Paris"], 8) == pytest.approx(plain(["river: Paris"], normalize_embeddings=True), abs=1e-5)


def test_max_length_cuts_what_is_read_and_makes_another_space(tiny_model: TinyModel, encoder: Encoder) -> None:
    short = Encoder.load(ModelSpec(str(tiny_model()), max_length=5))
    one, other = short.entities(["Paris is the capital", "Paris is the river in Germany"], 8)
    assert one == pytest.approx(other, abs=1e-6)
    assert short.fingerprint != encoder.fingerprint


def test_a_model_is_the_same_in_every_folder_and_another_when_its_weights_changed(
    tiny_model: TinyModel, tmp_path: Path, encoder: Encoder
) -> None:
    folder = tmp_path / tiny_model().name
    shutil.copytree(tiny_model(), folder)
    assert Encoder.load(ModelSpec(str(folder))).fingerprint == encoder.fingerprint
    assert Encoder.load(ModelSpec(str(folder), dtype="bf16")).fingerprint != encoder.fingerprint
    shutil.copytree(tiny_model(seed=1), folder, dirs_exist_ok=True)
    assert Encoder.load(ModelSpec(str(folder))).fingerprint != encoder.fingerprint


def test_layers_with_one_spec_share_one_model(tiny_model: TinyModel) -> None:
    resources, name = Resources(), str(tiny_model())
    assert shared_encoder(resources, ModelSpec(name)) is shared_encoder(resources, ModelSpec(name))
    assert shared_encoder(resources, ModelSpec(name)) is not shared_encoder(resources, ModelSpec(name, dtype="bf16"))


def test_what_one_layer_asked_is_not_encoded_for_another(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, read = Encoder.load(ModelSpec(str(tiny_model()))), list[str]()
    plain = encoder._numbers
    monkeypatch.setattr(encoder, "_numbers", lambda texts, prompts: read.extend(texts) or plain(texts, prompts))
    first = encoder.queries(["Paris", "Troy"], 8)
    assert np.array_equal(encoder.queries(["Troy", "Paris", "Rome"], 8)[:2], first[::-1])
    assert sorted(read) == ["Paris", "Rome", "Troy"]
    monkeypatch.setattr("glinker_dense.encoder._REMEMBERED", 3)
    assert np.array_equal(encoder.queries(["Berlin", "Paris"], 8)[1], first[0])
    assert sorted(read) == ["Berlin", "Paris", "Paris", "Rome", "Troy"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"model": "./nowhere"}, r"model './nowhere': there is no such folder"),
        ({"device": "cuda:99"}, r"device 'cuda:99': torch .* sees none here; use device: cpu or auto"),
        ({"device": "abacus"}, r"device 'abacus': there is no such kind; use cpu, cuda"),
    ],
)
def test_what_is_not_there_is_told(settings: dict[str, Any], message: str, tiny_model: TinyModel) -> None:
    with pytest.raises(InputError, match=message):
        EncoderLayer(**{"model": str(tiny_model()), **settings}).open(Resources())


def test_a_model_that_is_not_in_the_cache_says_what_to_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    layer = EncoderLayer(model="nobody/no-such-encoder", local_files_only=True, token="secret")
    with pytest.raises(InputError, match=r"hf download nobody/no-such-encoder") as raised:
        layer.open(Resources())
    assert "secret" not in f"{raised.value} {layer!r}"


@pytest.mark.parametrize("damage", ["truncated", "empty"])
def test_a_folder_without_a_whole_model_is_refused(damage: str, tiny_model: TinyModel, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    folder.mkdir()
    if damage == "truncated":
        shutil.copytree(tiny_model(), folder, dirs_exist_ok=True)
        weights = folder / "model.safetensors"
        weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(InputError, match="the folder holds no encoder that can be read"):
        Encoder.load(ModelSpec(str(folder)))


def test_vectors_that_are_not_finite_are_refused_with_a_text(tiny_model: TinyModel) -> None:
    model = SentenceTransformer(str(tiny_model()), device="cpu")
    encoder = Encoder(ModelSpec("broken"), model)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    with pytest.raises(InputError, match=r"model 'broken': gives vectors .* not finite for 1 texts, such as 'Paris'"):
        encoder.entities(["Paris"], 8)
