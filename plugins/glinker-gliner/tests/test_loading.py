"""Loading a model: whole or refused, and what a message says when there is none."""

from __future__ import annotations

import json
import logging
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.loading import ModelSpec, load
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from safetensors.torch import load_file, save_file

from glinker_core.errors import InputError
from glinker_core.resources import Resources

from .cases import MERCURY, TEXT, item
from .conftest import TinyModel
from .tiny import KINDS, LABELS

Opened = Callable[..., Any]
SECRET = "hf_verysecrettoken"


@pytest.fixture
def folder(tiny_model: TinyModel, tmp_path: Path) -> Path:
    """A copy of a tiny model, to damage."""
    return Path(shutil.copytree(tiny_model("bi"), tmp_path / "model"))


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Every connection fails; gives the addresses that were tried."""
    tried: list[Any] = []

    def refused(*address: Any, **_: Any) -> Any:
        tried.append(address)
        raise OSError("network is unreachable")

    monkeypatch.setattr(socket.socket, "connect", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    return tried


def refused(**settings: Any) -> str:
    """What is said when a model is not loaded."""
    with pytest.raises(InputError) as error:
        load(ModelSpec(**settings))
    return str(error.value)


def change(folder: Path, **settings: Any) -> None:
    path = folder / "gliner_config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | settings))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_runs_without_a_network(
    kind: str, tiny_model: TinyModel, opened: Opened, no_network: list[Any]
) -> None:
    model = str(tiny_model(kind))
    assert opened(GlinerRecognizer(model=model, labels=LABELS[:3], threshold=0.1)).recognize([TEXT])[0]
    given = [[item(TEXT, MERCURY)]]
    assert opened(GlinerReranker(model=model)).rerank([TEXT], opened(GlinerLinker(model=model)).link([TEXT], given))
    assert no_network == []


@pytest.mark.parametrize("missing", ["prompt_rep_layer.0.weight", "token_rep_layer.bert_layer.model.pooler.dense.bias"])
def test_weights_that_are_not_in_the_file_are_refused(missing: str, folder: Path) -> None:
    """The library leaves in them whatever was in memory before, and says nothing."""
    weights = load_file(folder / "model.safetensors")
    del weights[missing]
    save_file(weights, folder / "model.safetensors")
    message = refused(model=str(folder))
    assert f"1 of its weights are not in {folder / 'model.safetensors'}, such as {missing}" in message


def test_weights_of_the_older_format_are_loaded_or_refused_alike(folder: Path, opened: Opened) -> None:
    weights = load_file(folder / "model.safetensors")
    expected = opened(GlinerRecognizer(model=str(folder), labels=LABELS[:3])).recognize([TEXT])
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    assert opened(GlinerRecognizer(model=str(folder), labels=LABELS[:3])).recognize([TEXT]) == expected
    del weights["prompt_rep_layer.0.weight"]
    torch.save(weights, folder / "pytorch_model.bin")
    assert "1 of its weights are not in" in refused(model=str(folder))


def test_a_folder_without_weights_is_refused(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    assert refused(model=str(folder)).startswith(f"model '{folder}': cannot be loaded from {folder}: ")


def test_a_damaged_file_of_weights_is_refused(folder: Path) -> None:
    path, said = folder / "model.safetensors", f"model '{folder}': cannot be loaded from {folder}: "
    whole = path.read_bytes()
    for part in (whole[: len(whole) // 2], whole[:5000], b"", b"\xff" * 100):
        path.write_bytes(part)
        assert refused(model=str(folder)).startswith(said)
    path.unlink()
    for part in (b"", b"no pickle", b"PK\x03\x04" + b"\0" * 50):
        (folder / "pytorch_model.bin").write_bytes(part)
        assert refused(model=str(folder)).startswith(said)


def test_weights_of_another_shape_are_refused(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    weights["prompt_rep_layer.0.weight"] = torch.zeros(3, 3)
    save_file(weights, folder / "model.safetensors")
    assert "size mismatch" in refused(model=str(folder)) or "cannot be loaded" in refused(model=str(folder))


def test_a_folder_that_is_no_gliner_model_is_refused(tmp_path: Path) -> None:
    assert refused(model=str(tmp_path)) == (
        f"model '{tmp_path}': there is no gliner_config.json in {tmp_path}; is it a GLiNER model?"
    )


def test_a_damaged_configuration_is_refused(folder: Path) -> None:
    path = folder / "gliner_config.json"
    for text in ("{", "", "\x00"):
        path.write_text(text)
        assert refused(model=str(folder)).startswith(f"model '{folder}': {path} is damaged: ")
    path.write_bytes(b"\xff\xfe{}")
    assert "is damaged" in refused(model=str(folder))
    path.write_text("[]")
    assert "is damaged" in refused(model=str(folder))


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        ({"labels_decoder": "gpt2"}, "generates labels"),
        ({"relations_layer": "biaffine"}, "extracts relations"),
        ({"represent_spans": True}, "represents spans of a token model"),
        ({"model_type": "gliner_streaming_span"}, "is a streaming model"),
    ],
)
def test_models_that_do_something_else_are_refused(settings: dict[str, Any], what: str, folder: Path) -> None:
    change(folder, **settings)
    message = refused(model=str(folder))
    assert what in message
    assert "use a NER" in message


@pytest.mark.parametrize("model", ["/no/such/folder", "./no/such", "../no-such-model", "a/b/c"])
def test_a_folder_that_is_not_there_is_said(model: str, no_network: list[Any]) -> None:
    assert refused(model=model) == f"model '{model}': there is no such folder"
    assert no_network == []


def test_a_home_folder_may_be_written_short(
    tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    folder = tiny_model("bi")
    monkeypatch.setenv("HOME", str(folder.parent))
    assert opened(GlinerRecognizer(model=f"~/{folder.name}", labels=["city"])).recognize(["Paris"])


@pytest.mark.filterwarnings("ignore")  # of the hub, about retries
@pytest.mark.parametrize("settings", [{"local_files_only": True}, {}, {"token": SECRET}])
def test_a_model_of_the_hub_without_a_network_says_what_to_run(
    settings: dict[str, Any], no_network: list[Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    if not settings:
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    message = refused(model="nobody/gliner-none", **settings)
    assert message.startswith("model 'nobody/gliner-none': is not in the cache and cannot be fetched (")
    assert message.endswith("); run where there is a network: hf download nobody/gliner-none")
    assert SECRET not in message


def response() -> Any:
    httpx = pytest.importorskip("httpx")
    return httpx.Response(403, request=httpx.Request("GET", f"https://huggingface.co/?token={SECRET}"))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (GatedRepoError, "is gated; accept its terms at https://huggingface.co/some/model, then give a token"),
        (RepositoryNotFoundError, "is neither a folder here nor a model at huggingface.co"),
        (RevisionNotFoundError, "has no revision 'v9'; name a branch, tag or commit of it"),
        (OSError, "is not in the cache and cannot be fetched"),
    ],
)
def test_what_the_hub_answers_is_said_without_the_token(
    kind: type, message: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    given: dict[str, Any] = {}

    def answer(*_: Any, **settings: Any) -> Any:
        given.update(settings)
        raise OSError("no route") if kind is OSError else kind(f"refused for {SECRET}", response=response())

    monkeypatch.setattr("huggingface_hub.snapshot_download", answer)
    layer = GlinerLinker(model="some/model", revision="v9", token=SECRET)
    with caplog.at_level(logging.DEBUG), pytest.raises(InputError) as error:
        layer.open(Resources())
    assert given["token"] == SECRET
    assert given["revision"] == "v9"
    assert str(error.value).startswith(f"model 'some/model': {message}")
    shown = [str(error.value), repr(error.value), repr(layer), caplog.text]
    assert not [text for text in shown if SECRET in text]
    assert error.value.__suppress_context__


def test_a_token_is_shown_nowhere(folder: Path, opened: Opened) -> None:
    spec = ModelSpec(str(folder), token=SECRET)
    layer = opened(GlinerRecognizer(model=str(folder), labels=["city"], token=SECRET))
    assert not [thing for thing in (spec, layer, layer.loaded, vars(layer.loaded)) if SECRET in repr(thing)]


def test_a_model_from_the_hub_is_fetched_without_weights_of_other_runtimes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, opened: Opened
) -> None:
    asked: dict[str, Any] = {}

    def fetched(name: str, **settings: Any) -> str:
        asked.update(settings, name=name)
        return str(folder)

    monkeypatch.setattr("huggingface_hub.snapshot_download", fetched)
    layer = opened(GlinerRecognizer(model="some/gliner", labels=["city"], local_files_only=True))
    assert layer.loaded.name == "gliner"
    assert asked["name"] == "some/gliner"
    assert asked["local_files_only"] is True
    assert asked["token"] is None
    assert "*.onnx" in asked["ignore_patterns"]


@pytest.fixture
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    return


@pytest.mark.usefixtures("no_gpu")
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "mps", "cuda:3"])
def test_a_device_that_is_not_there_is_said(device: str, folder: Path) -> None:
    message = refused(model=str(folder), device=device)
    assert message == f"device '{device}': torch {torch.__version__} sees none here; use device: cpu or auto"


@pytest.mark.parametrize("device", ["gpu", "", "cuda:x"])
def test_an_unknown_device_is_refused(device: str, folder: Path) -> None:
    assert "use cpu, cuda, cuda:1, mps or auto" in refused(model=str(folder), device=device)


@pytest.mark.usefixtures("no_gpu")
def test_auto_takes_what_there_is(folder: Path, opened: Opened) -> None:
    layer = opened(GlinerRecognizer(model=str(folder), labels=["city"], device="auto"))
    assert layer.loaded.device == torch.device("cpu")


def test_compile_without_a_gpu_is_refused(folder: Path) -> None:
    assert refused(model=str(folder), compile=True) == "compile: needs device: cuda, not 'cpu'; leave it out"
