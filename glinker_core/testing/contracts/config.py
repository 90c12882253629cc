"""What everything promises that a pipeline file configures: components and stores."""

from __future__ import annotations

import json
from typing import Any, ClassVar

import attrs
import cattrs
import pytest
import yaml


class ConfigContract:
    """A configurable thing is an attrs class whose fields can be written in a YAML file."""

    subject: ClassVar[str] = "component"

    @pytest.fixture
    def component(self) -> Any:
        """The component under test, not yet opened."""
        raise NotImplementedError(f"{type(self).__name__}: override the fixture 'component' to return your component")

    def needs(self, quirk: str) -> None:
        """Skip a test whose gap is declared, with the reason it is declared with."""
        if reason := getattr(self, quirk):
            pytest.skip(f"{quirk}: {reason}")

    def test_is_an_attrs_class_with_typed_fields(self, component: Any) -> None:
        """Every field that is configuration says its type, and no default is shared between two objects."""
        cls = type(component)
        assert attrs.has(cls), f"{cls.__name__} is not an attrs class"
        for a in settings(cls):
            assert a.type is not None, f"{cls.__name__}.{a.name} has no type"
            shared = isinstance(a.default, (list, dict, set, bytearray))
            assert not shared, f"{cls.__name__}.{a.name}: one {type(a.default).__name__} is the default of all objects"

    def test_config_survives_json_and_yaml(self, component: Any) -> None:
        """What the fields hold can be written to a pipeline file and read back."""
        cls, converter = type(component), cattrs.Converter()
        config = {a.alias: converter.unstructure(getattr(component, a.name)) for a in settings(cls)}
        try:
            written = json.dumps(config, allow_nan=False)
        except (TypeError, ValueError) as error:
            pytest.fail(f"the config of {cls.__name__} cannot be written as JSON: {error}")
        assert yaml.safe_load(yaml.safe_dump(json.loads(written))) == json.loads(written)
        types: dict[Any, Any] = {a.alias: a.type for a in settings(cls)}
        try:
            again = cls(**{key: converter.structure(value, types[key]) for key, value in json.loads(written).items()})
        except (cattrs.StructureHandlerNotFoundError, TypeError, ValueError) as error:
            pytest.fail(f"the config of {cls.__name__} cannot be read back: {error}")
        read = {a.alias: converter.unstructure(getattr(again, a.name)) for a in settings(cls)}
        assert json.dumps(read) == written, f"the config of {cls.__name__} is another one when read back"


def settings(cls: type) -> list[attrs.Attribute[Any]]:
    """The fields of a class that a pipeline file sets, with their types resolved."""
    attrs.resolve_types(cls)
    return [a for a in attrs.fields(cls) if a.init]
