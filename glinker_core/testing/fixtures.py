"""Fixtures for the tests of a plugin; what its conftest imports from here, its tests have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from glinker_core.resources import Resources
from glinker_core.testing.items import close_component, open_component

__all__ = ["opened"]


@pytest.fixture
def opened() -> Iterator[Callable[..., Any]]:
    """Opens a component, with resources of its own or those given, and closes it after the test."""
    components: list[Any] = []

    def open_(component: Any, resources: Resources | None = None) -> Any:
        open_component(component, resources or Resources())
        components.append(component)
        return component

    yield open_
    for component in components:
        close_component(component)
