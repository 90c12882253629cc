import pytest
from attrs import define

from glinker_core import ConfigBuilder, ConfigError, DAGExecutor, InputError, PluginError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.plugins import Plugins
from glinker_core.presets import preset
from glinker_core.source import parse
from glinker_core.testing.fakes import FakeRecognizer
from tests.builders import nodes
from tests.cli_runs import glinker
from tests.fake_plugins import PARIS, fakes, node


@define
class Labelling(FakeRecognizer):
    labels: tuple[str, ...] = ()


def small(labels=("person",)):
    return {
        "name": "small",
        "nodes": [
            {"id": "find", "processor": "l1_labelling", "config": {"labels": list(labels)}},
            {"id": "look", "processor": "l2_chain", "config": {"max_candidates": 7, "layers": [{"type": "fake"}]}},
            {"id": "link", "processor": "l3_fake", "schema": {"template": "{label}!"}, "config": {"threshold": 0.0}},
            {"id": "show", "processor": "l0_aggregator"},
        ],
    }


def branching():
    return {"nodes": [node("a", "l1_fake"), node("b", "l1_fake"), node("l0", "l0_aggregator")]}


def sharing():
    return {**small(), "stores": {"kb": {"type": "fake"}}}


def wrong():
    return {"nodes": [node("l1", "l1_labelling", lables=["x"])]}


def greedy(labels):
    return small(labels)


class PresetPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_labelling", f"{__name__}:Labelling", "names, by label")

    @hookimpl
    def glinker_presets(self):
        for function in (small, branching, sharing, wrong, greedy):
            yield Component(function.__name__, f"{__name__}:{function.__name__}", f"the {function.__name__} one")
        yield Component("none", f"{__name__}:PARIS", "no function")


@pytest.fixture
def plugins():
    return fakes(presets=PresetPlugin())


@pytest.fixture
def builder(plugins):
    return ConfigBuilder("mine", plugins=plugins)


# -- what a preset is --------------------------------------------------------------------------------------------


def test_a_preset_is_the_pipeline_that_its_function_gives(plugins):
    assert preset(plugins, "small") == small()
    assert preset(plugins, "presets:small", labels=["city"]) == small(["city"])


@pytest.mark.parametrize(
    ("name", "choices", "error", "message"),
    [
        ("smal", {}, PluginError, r"'smal' is not offered by any installed plugin; did you mean 'small'\?"),
        ("edge", {}, PluginError, "'edge' is not installed; run: pip install glinker-gliner"),
        ("high-acuracy", {}, PluginError, r"did you mean 'high-accuracy'\?"),
        ("small", {"lables": [], "x": 1}, InputError,
         r"preset 'small' leaves no 'lables'; did you mean 'labels'\?, no 'x'; known are labels open"),
        ("branching", {"labels": []}, InputError, "preset 'branching' leaves no 'labels' open"),
        ("greedy", {}, PluginError, "'presets' is broken: greedy has arguments without defaults: labels"),
        ("none", {}, PluginError, "is broken: PARIS is not a function"),
    ],
)  # fmt: skip
def test_what_is_no_preset_is_told(plugins, name, choices, error, message):
    with pytest.raises(error, match=message):
        preset(plugins, name, **choices)


# -- in the builder ----------------------------------------------------------------------------------------------


def test_the_builder_sets_all_layers_as_the_preset_has_them(builder):
    assert builder.preset("small", labels=["city"]) is builder
    found = nodes(builder)
    assert builder.get_config()["name"] == "mine"
    assert [(level, node["processor"]) for level, node in found.items()] == [
        ("l1", "l1_labelling"), ("l2", "l2_chain"), ("l3", "l3_fake"), ("l0", "l0_aggregator")
    ]  # fmt: skip
    assert found["l1"]["config"] == {"labels": ["city"]}
    assert (found["l2"]["config"]["max_candidates"], found["l2"]["config"]["layers"]) == (7, [{"type": "fake"}])
    assert (found["l3"]["config"], found["l3"]["schema"]) == ({"threshold": 0.0}, {"template": "{label}!"})


def test_calls_after_a_preset_change_single_layers(builder):
    builder.preset("small").l3.fake(threshold=0.9).l0.configure(min_confidence=0.5).set_schema_template("{label}?")
    found = nodes(builder)
    assert found["l1"]["config"] == {"labels": ["person"]}
    assert (found["l3"]["config"], found["l3"]["schema"]) == ({"threshold": 0.9}, {"template": "{label}?"})
    assert found["l0"]["config"] == {"min_confidence": 0.5}


@pytest.mark.parametrize("order", ["before", "after"])
def test_stores_that_are_added_stand_in_place_of_those_of_the_preset(builder, order):
    if order == "before":
        builder.l2.add("mapped", port=1).preset("small")
    else:
        builder.preset("small").l2.add("mapped", port=1)
    assert [layer["type"] for layer in nodes(builder)["l2"]["config"]["layers"]] == ["mapped"]


def test_a_preset_replaces_the_layers_that_were_there(builder):
    builder.l4.fake().l1.fake(names=["x"]).preset("small")
    assert list(nodes(builder)) == ["l1", "l2", "l3", "l0"]
    assert nodes(builder)["l1"]["processor"] == "l1_labelling"


def test_a_preset_runs(builder, plugins):
    with DAGExecutor(builder.preset("small").get_config(), plugins=plugins) as executor:
        executor.load_entities(PARIS)
        (document,) = executor.link(["Paris lies on the Seine"])
    assert [mention.is_linked for mention in document.entities] == [True, True]


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("branching", InputError, "builder.preset: 'branching' is no plain chain of layers; run: glinker init --pre"),
        ("sharing", InputError, "builder.preset: 'sharing' is no plain chain of layers"),
        ("wrong", ConfigError, r"unknown key 'lables'; did you mean 'labels'\?"),
        ("nobody", PluginError, "'nobody' is not offered"),
    ],
)
def test_a_preset_that_is_refused_changes_nothing(builder, name, error, message):
    before = builder.l1.fake(names=["x"]).get_config()
    with pytest.raises(error, match=message):
        builder.preset(name)
    assert builder.get_config() == before


# -- as a file ---------------------------------------------------------------------------------------------------


def test_init_writes_a_preset_with_what_its_processors_do(plugins, tmp_path):
    path = tmp_path / "small.yaml"
    done = glinker("init", "--preset", "small", "--labels", "city, NO", path, plugins=plugins)
    assert (done.exit_code, done.stderr) == (0, "")
    text = path.read_text(encoding="utf-8")
    assert parse(text).data == small(["city", "NO"])
    assert text.startswith("# A pipeline links text in layers")
    assert "\n# Preset small: the small one.\nname: small\n" in text
    assert "  processor: l1_labelling    # names, by label\n" in text
    assert "  processor: l2_chain    # candidates from stores, by priority\n" in text
    done = glinker("check", path, plugins=plugins)
    assert done.stdout.startswith("ok: find (l1_labelling) -> look (l2_chain)")


def test_init_keeps_branches_and_shared_stores_of_a_preset(plugins, tmp_path):
    for name, made in (("branching", branching()), ("sharing", sharing())):
        assert glinker("init", "--preset", name, tmp_path / name, plugins=plugins).exit_code == 0
        assert parse((tmp_path / name).read_text(encoding="utf-8")).data == made


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--preset", "smal"], "'smal' is not offered by any installed plugin; did you mean 'small'?\n"),
        (["--preset", "edge"], "'edge' is not installed; run: pip install glinker-gliner\n"),
        (["--preset", "branching", "--labels", "x"], "preset 'branching' leaves no 'labels' open\n"),
        (["--preset", "small", "--labels", "a,,b"],
         "--labels: 'a,,b' has an empty label; give names of types, such as person,city\n"),
        (["--labels", "x"], "--labels goes with --preset\n"),
    ],
)  # fmt: skip
def test_init_refuses_what_is_no_preset_and_writes_nothing(plugins, tmp_path, args, message):
    done = glinker("init", *args, tmp_path / "x.yaml", plugins=plugins)
    assert (done.exit_code, done.stderr) == (2, message)
    assert list(tmp_path.iterdir()) == []


def test_plugins_are_listed_with_their_presets(plugins):
    assert "  small           preset      the small one\n" in glinker("plugins", plugins=plugins).stdout


def test_two_plugins_with_one_preset_are_told_apart(plugins):
    plugins = Plugins({"one": PresetPlugin(), "two": PresetPlugin()})
    with pytest.raises(PluginError, match="write 'one:small' or 'two:small'"):
        preset(plugins, "small")
    assert preset(plugins, "two:small") == small()
