"""From the name of a model to its weights on a device: fast, complete or refused, and errors that say what to do."""

from __future__ import annotations

import json
import logging
import warnings
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from glinker_core.errors import InputError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

DTYPES = ("fp32", "bf16", "fp16")
_CONFIG = "gliner_config.json"
#: What no layer here reads of a repository: weights of other runtimes.
_UNUSED = ("*.onnx", "*.onnx_data", "onnx/*", "openvino/*", "*.h5", "*.msgpack", "*.ot", "*.gguf")


@frozen
class ModelSpec:
    """Which model, and where and how it runs; two layers with equal specs share one model."""

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: str = "fp32"
    compile: bool = False
    local_files_only: bool = False
    token: str | None = field(default=None, repr=False)


def load(spec: ModelSpec) -> Any:
    """The `gliner` model of a spec, on its device and in its dtype; InputError says why there is none."""
    device = _device(spec)
    folder = _folder(spec)
    _check_architecture(spec, folder)
    from safetensors import SafetensorError

    try:
        model = _read(folder, device, _dtype(spec), spec.local_files_only)
    except (OSError, ValueError, RuntimeError, KeyError, EOFError, UnpicklingError, SafetensorError) as error:
        raise InputError(f"model '{spec.model}': cannot be loaded from {folder}: {_first_line(error)}") from error
    _check_complete(spec, folder, model)
    if spec.compile:
        import torch

        encoder = model.model.token_rep_layer.bert_layer
        encoder.model = torch.compile(encoder.model, dynamic=True)
    return model.eval()


def _read(folder: Path, device: torch.device, dtype: torch.dtype | None, local_files_only: bool) -> Any:
    """The model in a folder; what libraries warn of while they are imported and build it, concerns no user."""
    noise = logging.getLogger("gliner")
    level = noise.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from gliner import GLiNER
        from transformers.initialization import no_init_weights

        noise.setLevel(logging.ERROR)
        try:
            with (
                no_init_weights()
            ):  # weights come from the file: drawing them first is 5 s of the 5.3 s of the edge model
                return GLiNER.from_pretrained(
                    str(folder), map_location=str(device), dtype=dtype, local_files_only=local_files_only
                )
        finally:
            noise.setLevel(level)


def _device(spec: ModelSpec) -> torch.device:
    """The device that is meant, if it is there."""
    import torch

    name = spec.device
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device '{name}': there is no such kind; use cpu, cuda, cuda:1, mps or auto") from None
    count = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}.get(device.type, 1)
    if (device.index or 0) >= count:
        raise InputError(f"device '{name}': torch {torch.__version__} sees none here; use device: cpu or auto")
    if spec.compile and device.type != "cuda":
        raise InputError(f"compile: needs device: cuda, not '{name}'; leave it out")
    return device


def _dtype(spec: ModelSpec) -> torch.dtype | None:
    import torch

    return {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[spec.dtype]


def _folder(spec: ModelSpec) -> Path:
    """Where the files of the model are: as given, or fetched from the hub once and kept in its cache."""
    path = Path(spec.model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or spec.model.startswith(".") or spec.model.count("/") > 1:
        raise InputError(f"model '{spec.model}': there is no such folder")
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    name = f"model '{spec.model}'"
    try:
        found = snapshot_download(
            spec.model,
            revision=spec.revision,
            token=spec.token,
            local_files_only=spec.local_files_only,
            ignore_patterns=list(_UNUSED),
        )
    except GatedRepoError:
        raise InputError(
            f"{name}: is gated; accept its terms at https://huggingface.co/{spec.model}, then give a token, "
            "as token: ${HF_TOKEN}"
        ) from None
    except RevisionNotFoundError:
        raise InputError(f"{name}: has no revision '{spec.revision}'; name a branch, tag or commit of it") from None
    except (RepositoryNotFoundError, HFValidationError):
        raise InputError(
            f"{name}: is neither a folder here nor a model at huggingface.co; if it is private, give a token"
        ) from None
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise InputError(
            f"{name}: is not in the cache and cannot be fetched ({_first_line(error)}); "
            f"run where there is a network: hf download {spec.model}"
        ) from None
    return Path(found)


def _check_architecture(spec: ModelSpec, folder: Path) -> None:
    """Refuse what is no GLiNER model, or one of a kind that recognises no entities by itself."""
    try:
        config = json.loads((folder / _CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"model '{spec.model}': there is no {_CONFIG} in {folder}; is it a GLiNER model?") from None
    except ValueError as error:
        raise InputError(f"model '{spec.model}': {folder / _CONFIG} is damaged: {error}") from None
    if not isinstance(config, dict):
        raise InputError(f"model '{spec.model}': {folder / _CONFIG} is damaged: no settings in it")
    other = {
        "labels_decoder": "generates labels",
        "relations_layer": "extracts relations",
        "represent_spans": "represents spans of a token model",
    }
    for key, what in other.items():
        if config.get(key):
            raise InputError(
                f"model '{spec.model}': {what} ({key}), which no layer here does; use a NER or linker model"
            )
    if config.get("model_type") == "gliner_streaming_span":
        raise InputError(f"model '{spec.model}': is a streaming model, which no layer here runs; use a NER model")


def _check_complete(spec: ModelSpec, folder: Path, model: Any) -> None:
    """Refuse weights with gaps: the library would leave in them whatever was in memory."""
    import torch
    from safetensors import safe_open

    file = folder / "model.safetensors"
    if file.is_file():
        with safe_open(file, framework="pt") as weights:
            there = {*weights.keys(), *(weights.metadata() or {})}
    else:
        file = folder / "pytorch_model.bin"
        there = set(torch.load(file, map_location="meta", weights_only=True, mmap=True))
    if missing := sorted(set(model.model.state_dict()) - there):
        raise InputError(
            f"model '{spec.model}': {len(missing)} of its weights are not in {file}, such as {missing[0]}; "
            "it was saved by another version of gliner, or in part"
        )


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
