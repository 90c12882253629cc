import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import jsonschema
import pytest
import yaml
from attrs import Factory, define, field

from glinker_core import ConfigError, Plugins
from glinker_core.builtin.chain import ChainRetriever
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import LAYERS
from glinker_core.schema import component_schema, pipeline_schema, type_schema
from glinker_core.source import Source
from glinker_core.structure import settings
from tests.fake_plugins import FakesPlugin, node, pipeline
from tests.stand_ins import StandIns

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def plugins():
    """The built-ins, fakes, and what stands in for plugins that need models."""
    return Plugins({"builtin": __import__("glinker_core.builtin", fromlist=["x"]), "fakes": FakesPlugin(),
                    "stand-ins": StandIns()})  # fmt: skip


@pytest.fixture(scope="module")
def validator(plugins):
    schema = pipeline_schema(plugins)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def valid(schema, value):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


# -- types ---------------------------------------------------------------------------------------------------------


@define
class Part:
    size: int
    name: str = "part"


@pytest.mark.parametrize(
    ("wanted", "good", "bad"),
    [
        (str, ["", "x", "${X}"], [1, None, ["x"]]),
        (int, [1, -1, "${X}", "${X:-5}"], [1.5, True, "1", "x${X}", "${X", "${1}"]),
        (float, [1, 1.5, "${X}"], [True, "1", None]),
        (bool, [True, "${X}"], [1, "true", None]),
        (Path, ["a/b"], [1]),
        (None, [None], [0, ""]),
        (Any, [1, None, {"a": [1]}], []),
        (Literal["a", 1], ["a", 1, "${X}"], ["b", 2, None]),
        (tuple[int, ...], [[], [1, 2]], [1, ["a"], None]),
        (list[str], [["a"]], ["a", [1]]),
        (Sequence[str], [["a"]], ["a", [1]]),
        (list, [[1, "a"]], ["a"]),
        (dict[str, int], [{}, {"a": 1}], [{"a": "b"}, []]),
        (Mapping[str, object], [{}, {"a": [1]}], [[]]),
        (dict, [{"a": 1}], [[]]),
        (int | None, [1, None], ["x", 1.5]),
        (str | list[str], ["a", ["a"]], [1, [1]]),
        (Part, [{"size": 1}, {"size": 1, "name": "x"}], [{}, {"size": "x"}, {"size": 1, "nam": "x"}, []]),
        (Part | None, [{"size": 1}, None], [{}, 5]),
        (tuple[Part, ...], [[{"size": 1}]], [[{}], {"size": 1}]),
        (Mapping[str, Part], [{"a": {"size": 1}}], [{"a": {}}]),
    ],
)
def test_a_type_is_written_as_the_values_it_takes(wanted, good, bad):
    schema = type_schema(type(None) if wanted is None else wanted, "x")
    assert [value for value in good if not valid(schema, value)] == []
    assert [value for value in bad if valid(schema, value)] == []


@pytest.mark.parametrize("wanted", [set[str], bytes, object, complex, tuple[int, str], list[object], int | bytes])
def test_a_type_that_no_file_can_hold_is_refused_with_the_name_of_the_setting(wanted):
    @define
    class Thing:
        odd: wanted = None

    with pytest.raises(TypeError, match=r"^Thing\.odd: a setting cannot be of type "):
        component_schema(Thing)


def test_settings_have_their_defaults_where_json_can_write_them():
    @define
    class Thing:
        needed: str
        text: str = "x"
        pair: tuple[str, ...] = ("a", "b")
        nothing: int | None = None
        endless: float = math.inf
        path: Path = Path("x")
        made: list[int] = Factory(list)
        part: Part = Part(1)
        _secret: int = 0
        _cache: Any = field(default=None, init=False)

    schema = component_schema(Thing)
    assert json.loads(json.dumps(schema, allow_nan=False)) == schema
    assert schema["required"] == ["needed"]
    defaults = {name: part["default"] for name, part in schema["properties"].items() if "default" in part}
    assert defaults == {"text": "x", "pair": ["a", "b"], "nothing": None}
    assert {"secret", "_secret", "cache", "_cache"}.isdisjoint(schema["properties"])


# -- whole files ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted((ROOT / "tests" / "dialect").glob("*.yaml")), ids=lambda path: path.stem)
def test_files_of_the_dialect_are_valid(path, validator):
    assert [error.message for error in validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))] == []


@pytest.mark.parametrize(
    "data",
    [
        pipeline(),
        pipeline(stores={"kb": {"type": "redis", "config": {"port": "${PORT}"}, "write": False}}, description=None),
        pipeline(stores=None),
        pipeline({"id": "l1", "processor": "l1_fake", "inputs": None, "requires": None, "config": None, "schema": None,
                  "output": None}),
        pipeline(node("l1", "fakes:l1_fake", {"texts": "$input"})),
        pipeline(node("l1", "${RECOGNIZER:-l1_fake}", {"texts": {"source": "$input"}})),
        pipeline(node("l3", "l3_fake", {"candidates": ["a", {"source": "b", "fields": "candidates"}]})),
        pipeline(node("l3", "l3_batch", model="x", huggingface_token="t", threshold=1)),
        pipeline(node("l3", "l3_batch", model_name="x", token=None, threshold="${T:-0.5}")),
        pipeline(node("l1", "l1_spacy", model_name="x")),
        pipeline(node("l2", "l2_chain", layers=[{"store": "kb"}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "${STORE}", "config": {"any": 1}}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "fakes:fake"}])),
    ],
)  # fmt: skip
def test_what_a_pipeline_may_be_is_valid(data, validator):
    assert [error.message for error in validator.iter_errors(data)] == []


@pytest.mark.parametrize(
    "data",
    [
        {}, [], {"nodes": []}, {"nodes": "x"}, {**pipeline(), "name": 5}, pipeline(nmae="x"),
        pipeline({"id": "l1"}), pipeline({"processor": "l1_fake"}), pipeline({**node("l1", "l1_fake"), "inpts": {}}),
        pipeline(node("l1", "l1_nobody")), pipeline(node("l1", "stand-ins:l1_fake")), pipeline(node("l1", "x${P}")),
        pipeline(node("l1", "l1_fake", nams=["x"])), pipeline(node("l1", "l1_fake", names="gene")),
        pipeline(node("l1", "fakes:l1_fake", nams=["x"])),
        pipeline(node("l1", "l1_fake", {"texts": {"sorce": "x"}})), pipeline(node("l1", "l1_fake", {"texts": 5})),
        pipeline({**node("l1", "l1_fake"), "requires": "x"}), pipeline({**node("l1", "l1_fake"), "schema": "{label}"}),
        pipeline({**node("l1", "l1_fake"), "output": "x"}), pipeline({**node("l1", "l1_fake"), "config": []}),
        pipeline(node("l3", "l3_batch")), pipeline(node("l3", "l3_batch", model_name=5)),
        pipeline(node("l3", "l3_batch", huggingface_token="t")), pipeline(node("l3", "l3_fake", token="t")),
        pipeline(node("l0", "l0_aggregator", overlaps="bst")),
        pipeline(node("l2", "l2_chain")), pipeline(node("l2", "l2_chain", layers=[{"typ": "fake"}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "nobody"}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "redis", "config": {"prt": 1}}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "redis", "config": None}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "redis", "config": {"port": "1"}}])),
        pipeline(node("l2", "l2_chain", layers=[{"type": "redis", "fuzzy": {"max": 1}}])),
        pipeline(stores={"kb": {"type": "redis", "config": {"prt": 1}}}), pipeline(stores={"kb": {"typ": "redis"}}),
    ],
)  # fmt: skip
def test_what_no_pipeline_may_be_is_invalid_and_refused_by_the_graph_too(data, validator, plugins, monkeypatch):
    monkeypatch.setenv("P", "")
    assert not validator.is_valid(data)
    with pytest.raises(ConfigError):
        build(Source(data), plugins)


def test_every_component_and_all_its_settings_are_there(plugins):
    for known in (plugins, Plugins.installed()):
        schema = pipeline_schema(known)
        assert json.loads(json.dumps(schema)) == schema
        nodes, stores = schema["properties"]["nodes"]["items"], schema["$defs"]["store"]
        for hook in ("glinker_stores", *(layer.hook for layer in LAYERS.values())):
            key, where = ("type", stores) if hook == "glinker_stores" else ("processor", nodes)
            found = {
                condition["if"]["properties"][key]["enum"][1]: condition["then"]["properties"]["config"]["properties"]
                for condition in where["allOf"]
            }
            offers = known.offers(hook)
            assert offers or known is not plugins
            for offer in offers:
                assert set(settings(known.load(offer))) <= set(found[f"{offer.plugin}:{offer.name}"])


def test_choices_say_what_a_component_does(plugins):
    choices = pipeline_schema(plugins)["properties"]["nodes"]["items"]["properties"]["processor"]["anyOf"]
    assert {"const": "l2_chain", "description": "candidates from stores, by priority"} in choices


def test_a_component_that_cannot_be_loaded_is_left_out():
    class Broken:
        @hookimpl
        def glinker_linkers(self):
            yield Component("l3_broken", "nothing_of_that_name:X", "x")

    choices = pipeline_schema(Plugins({"fakes": FakesPlugin(), "broken": Broken()}))
    text = json.dumps(choices)
    assert "l3_fake" in text
    assert "l3_broken" not in text


def test_the_schema_of_a_component_is_not_changed_by_that_of_a_pipeline(plugins):
    before = component_schema(ChainRetriever)
    pipeline_schema(plugins)
    assert component_schema(ChainRetriever) == before
    assert "$ref" not in json.dumps(before)
