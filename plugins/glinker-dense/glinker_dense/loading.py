"""From the name of an encoder to its weights on a device, with errors that say what to do."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from attrs import field, frozen

from glinker_core.errors import InputError

if TYPE_CHECKING:
    import torch

M = TypeVar("M")

Dtype = Literal["fp32", "bf16", "fp16"]


@frozen
class ModelSpec:
    """Which model of sentence-transformers, and where and how it runs; layers with equal specs share one model."""

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: Dtype = "fp32"
    max_length: int | None = None
    local_files_only: bool = False
    token: str | None = field(default=None, repr=False)


def load(spec: ModelSpec, make: Callable[..., M]) -> M:
    """What a class of sentence-transformers makes of a spec, in its dtype; InputError says why there is none."""
    import torch
    from safetensors import SafetensorError

    where = _located(spec)
    local = isinstance(where, Path)
    settings: dict[str, Any] = {
        "device": str(_device(spec.device)),
        "revision": spec.revision,
        "token": spec.token,
        "local_files_only": spec.local_files_only,
        "model_kwargs": {"dtype": {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[spec.dtype]},
    }
    try:
        with _quiet():
            return make(str(where), **settings)
    except (OSError, ValueError, RuntimeError, KeyError, TypeError, AttributeError, SafetensorError) as error:
        told = (str(error).strip().splitlines() or [type(error).__name__])[0]
        if local:
            raise InputError(f"model '{spec.model}': the folder holds no encoder that can be read: {told}") from error
        raise InputError(
            f"model '{spec.model}': is not in the cache and cannot be fetched ({told}); check its name, give a token "
            f"if it is gated or private, or run where there is a network: hf download {spec.model}"
        ) from error


def fingerprint(spec: ModelSpec, weights: Any, *more: object) -> str:
    """Name and hash of a model: of its weights as they are computed with and of what else makes its vectors.

    The same in every process and folder, and another for another revision behind the same name.
    """
    import torch

    digest = blake2b(repr(more).encode(), digest_size=8)
    for name, tensor in sorted(weights.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return f"{spec.model.rstrip('/').rpartition('/')[2]}@{digest.hexdigest()}"


def _located(spec: ModelSpec) -> Path | str:
    """The folder of a model, or its name on the hub."""
    path = Path(spec.model).expanduser()
    if path.is_dir():
        return path
    if path.is_absolute() or spec.model.startswith(".") or spec.model.count("/") > 1:
        raise InputError(f"model '{spec.model}': there is no such folder")
    return spec.model


def _device(name: str) -> torch.device:
    """The device that is meant, if it is there."""
    import torch

    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise InputError(f"device '{name}': there is no such kind; use cpu, cuda, cuda:1, mps or auto") from None
    count = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available())}.get(device.type, 1)
    if (device.index or 0) >= count:
        raise InputError(f"device '{name}': torch {torch.__version__} sees none here; use device: cpu or auto")
    return device


@contextmanager
def _quiet() -> Iterator[None]:
    """What libraries say while they load a model concerns no user: progress, reports, notes of parts left out."""
    from transformers.utils import logging as told

    noise = [logging.getLogger(name) for name in ("sentence_transformers", "transformers", "huggingface_hub")]
    levels = [logger.level for logger in noise]
    bars: Any = told
    shown = bars.is_progress_bar_enabled()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in noise:
            logger.setLevel(logging.ERROR)
        bars.disable_progress_bar()
        try:
            yield
        finally:
            for logger, level in zip(noise, levels, strict=True):
                logger.setLevel(level)
            if shown:
                bars.enable_progress_bar()
