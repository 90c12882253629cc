"""What everything promises that a pipeline file configures: components, stores and readers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from glinker_core.errors import Problem
from glinker_core.schema import component_schema
from glinker_core.source import dotted
from glinker_core.structure import settings, structure
from glinker_core.testing.checks import assert_same


class ConfigContract:
    """A configurable thing is an attrs class whose fields can be written in a YAML file."""

    @pytest.fixture
    def component(self) -> Any:
        """The component under test, not yet opened."""
        raise NotImplementedError(f"{type(self).__name__}: override the fixture 'component' to return your component")

    def needs(self, quirk: str) -> None:
        """Skip a test whose gap is declared, with the reason it is declared with."""
        if reason := getattr(self, quirk):
            pytest.skip(f"{quirk}: {reason}")

    def test_is_an_attrs_class_with_a_schema(self, component: Any) -> None:
        """Every setting has a type that a pipeline file can hold, and no default is shared between two objects."""
        cls = type(component)
        assert attrs.has(cls), f"{cls.__name__} is not an attrs class"
        try:
            schema = component_schema(cls)
        except TypeError as error:
            pytest.fail(f"no schema for the settings of {cls.__name__}: {error}")
        json.dumps(schema, allow_nan=False)
        for name, (field, _) in settings(cls).items():
            shared = isinstance(field.default, (list, dict, set, bytearray))
            assert not shared, (
                f"{cls.__name__}.{name}: one {type(field.default).__name__} is the default of all objects"
            )

    def test_config_survives_a_file(self, component: Any) -> None:
        """What the fields hold can be written as JSON and YAML, and read back to the same."""
        cls = type(component)
        config = _plain(component)
        try:
            written = yaml.safe_load(yaml.safe_dump(json.loads(json.dumps(config, allow_nan=False))))
        except (TypeError, ValueError) as error:
            pytest.fail(f"the config of {cls.__name__} cannot be written to a file: {error}")
        problems: list[Problem] = []
        again = structure(cls, written, dotted, problems)
        assert not problems, f"the config of {cls.__name__} cannot be read back: {'; '.join(map(str, problems))}"
        assert_same(_plain(again), config, f"the config of {cls.__name__} is another one when read back")


def _plain(value: Any) -> Any:
    """A component, or the value of one of its settings, as data that a file can hold, if it can."""
    cls: type = type(value)
    if attrs.has(cls):
        return {name: _plain(getattr(value, field.name)) for name, (field, _) in settings(cls).items()}
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value) if isinstance(value, Path) else value
