from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from glinker_core.resources import Resources

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
    """The folder of a tiny model: `tiny_model(seed=1)`; each is built once a session."""
    built: dict[str, Path] = {}

    def folder(**settings: Any) -> Path:
        key = repr(sorted(settings.items()))
        if key not in built:
            built[key] = build(tmp_path_factory.mktemp("model"), **settings)
        return built[key]

    return folder


@pytest.fixture
def opened() -> Iterator[Callable[..., Any]]:
    """Opens a component, with resources of its own or those given, and closes it after the test."""
    components: list[Any] = []

    def open_(component: Any, resources: Resources | None = None) -> Any:
        component.open(resources or Resources())
        components.append(component)
        return component

    yield open_
    for component in components:
        component.close()
