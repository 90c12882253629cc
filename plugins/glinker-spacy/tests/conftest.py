from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from glinker_core.resources import Resources

from . import pipelines


@pytest.fixture(scope="session")
def ruler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a pipeline with an entity ruler."""
    return str(pipelines.ruler(tmp_path_factory.mktemp("ruler")))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a pipeline with tagger, parser and NER."""
    return str(pipelines.trained(tmp_path_factory.mktemp("trained")))


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
