from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from glinker_core.testing.fixtures import opened as opened

with warnings.catch_warnings():
    # transformers still compiles parts of DeBERTa with it, while it is imported
    warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
    from .reference import load
    from .tiny import build

TinyModel = Callable[..., Path]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """More threads make models as small as these slower, ten times so where cores are shared."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> TinyModel:
    """The folder of a tiny model: `tiny_model("bi", max_len=20)`; each is built once a session."""
    built: dict[str, Path] = {}

    def folder(kind: str, **settings: Any) -> Path:
        key = repr((kind, sorted(settings.items())))
        if key not in built:
            built[key] = build(kind, tmp_path_factory.mktemp(kind), **settings)
        return built[key]

    return folder


@pytest.fixture(scope="session")
def library(tiny_model: TinyModel) -> Callable[..., Any]:
    """The same tiny models as the library itself loads them: `library("bi", max_len=20)`."""
    loaded: dict[Path, Any] = {}

    def model(kind: str, **settings: Any) -> Any:
        folder = tiny_model(kind, **settings)
        if folder not in loaded:
            loaded[folder] = load(folder)
        return loaded[folder]

    return model
