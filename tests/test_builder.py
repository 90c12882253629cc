"""`ConfigBuilder`: what is built of its calls, and the defaults of each."""

import pytest

import glinker_core.builtin
from glinker_core import ConfigBuilder, ConfigError, DAGExecutor, Plugins
from glinker_core.builtin.aggregator import ThresholdAggregator
from glinker_core.graph import build
from glinker_core.source import Source
from tests.builders import config, made, nodes
from tests.fake_plugins import PARIS


def test_without_any_call_mentions_come_from_the_caller_and_candidates_from_one_dict(builder):
    assert builder.get_config() == {
        "name": "demo",
        "description": None,
        "nodes": [
            {
                "id": "l1",
                "processor": "l1_external",
                "inputs": {
                    "texts": {"source": "$input", "fields": "texts"},
                    "entities": {"source": "$input", "fields": "entities"},
                },
                "output": {"key": "l1_result"},
                "config": {},
            },
            {
                "id": "l2",
                "processor": "l2_chain",
                "inputs": {
                    "texts": {"source": "$input", "fields": "texts"},
                    "mentions": {"source": "l1_result", "fields": "entities"},
                },
                "output": {"key": "l2_result"},
                "config": {
                    "max_candidates": 30,
                    "min_popularity": 0,
                    "layers": [{"type": "dict", "search_mode": ["exact", "fuzzy"]}],
                },
                "schema": {"template": "{label}: {description}"},
            },
            {
                "id": "l0",
                "processor": "l0_aggregator",
                "inputs": {
                    "texts": {"source": "$input", "fields": "texts"},
                    "mentions": {"source": "l1_result", "fields": "entities"},
                    "candidates": {"source": "l2_result", "fields": "candidates"},
                },
                "output": {"key": "l0_result"},
                "config": {},
            },
        ],
    }


def test_the_default_name_and_description():
    plugins = Plugins({"builtin": glinker_core.builtin})
    assert ConfigBuilder(plugins=plugins).get_config()["name"] == "pipeline"
    described = ConfigBuilder("x", "what it does", plugins=plugins).get_config()
    assert (described["name"], described["description"]) == ("x", "what it does")


@pytest.mark.parametrize(
    ("levels", "read"),
    [
        ((), {"l0": "l2"}),
        (("l3",), {"l3": "l2", "l0": "l3"}),
        (("l4",), {"l4": "l2", "l0": "l4"}),
        (("l3", "l4"), {"l3": "l2", "l4": "l3", "l0": "l4"}),
        (("l4", "l3"), {"l3": "l2", "l4": "l3", "l0": "l4"}),
    ],
)
def test_each_stage_reads_the_one_before_it_in_whatever_order_they_are_named(builder, levels, read):
    for level in levels:
        getattr(builder, level).fake()
    found = nodes(builder)
    assert {level: found[level]["inputs"]["candidates"]["source"].removesuffix("_result") for level in read} == read
    assert list(found) == ["l1", "l2", *sorted(levels), "l0"]
    assert build(Source(builder.get_config()), builder.plugins).warnings == ()


def test_every_call_returns_the_builder(builder):
    calls = [
        builder.l1.spacy(), builder.l1.fake(names=["x"]), builder.l2.add("dict"), builder.l2.embeddings(),
        builder.l2.configure(max_candidates=5), builder.l3.configure(), builder.l4.configure(model="x"),
        builder.l0.configure(), builder.set_schema_template("{label}"),
    ]  # fmt: skip
    assert all(result is builder for result in calls)


def test_what_is_built_runs(builder):
    builder.l1.fake()
    builder.l3.fake(threshold=0.0)
    with DAGExecutor(builder.build(), plugins=builder.plugins) as executor:
        assert executor.load_entities(PARIS, target_layers=["dict"]) == {"l2": {"dict": 4}}
        result = executor.execute({"texts": ["Paris lies on the Seine"]})
    assert [mention.linked_entity.label for mention in result.get("l0_result").entities] == ["Paris", "Seine"]


# -- names and defaults of every call ------------------------------------------------------------------------------


def test_l1_spacy_has_its_defaults(builder):
    component = made(builder.l1.spacy(), "l1")
    assert (component.model, component.device, component.batch_size) == ("en_core_sci_sm", "cpu", 32)
    assert (component.max_left_context, component.max_right_context, component.min_entity_length) == (50, 50, 2)
    assert component.include_noun_chunks is False
    assert made(builder.l1.spacy(model="en_core_web_sm", include_noun_chunks=True), "l1").model == "en_core_web_sm"


def test_l1_gliner_has_its_settings_and_needs_model_and_labels(builder):
    component = made(builder.l1.gliner(model="m", labels=["gene"], token="t", threshold=0.4, flat_ner=False), "l1")
    assert (component.model, component.labels, component.token) == ("m", ("gene",), "t")
    assert (component.threshold, component.flat_ner) == (0.4, False)
    with pytest.raises(ConfigError, match="'labels' is missing"):
        builder.l1.gliner(model="m")


@pytest.mark.parametrize(
    ("layer_type", "expected"),
    [
        ("dict", {"write": True, "search_mode": ["exact", "fuzzy"], "ttl": 0, "cache_policy": "always", "fuzzy": 0.75}),
        ("redis", {"write": True, "search_mode": ["exact"], "ttl": 3600, "cache_policy": "always", "fuzzy": 0.3}),
        ("elasticsearch",
         {"write": True, "search_mode": ["exact", "fuzzy"], "ttl": 86400, "cache_policy": "miss", "fuzzy": 0.3}),
        ("postgres",
         {"write": False, "search_mode": ["exact", "fuzzy"], "ttl": 0, "cache_policy": "always", "fuzzy": 0.3}),
    ],
)  # fmt: skip
def test_l2_add_has_the_defaults_of_its_type(builder, layer_type, expected):
    (layer,) = config(builder.l2.add(layer_type), "l2")["layers"]
    assert layer == {"type": layer_type, "priority": 0, "config": {}, **expected,
                     "fuzzy": {"min_similarity": expected["fuzzy"]}}  # fmt: skip
    chain = made(builder, "l2")
    assert (chain.layers[0].type, chain.max_candidates, chain.min_popularity) == (layer_type, 30, 0)


def test_l2_add_takes_all_its_settings_and_those_of_the_store(builder):
    builder.l2.add(
        "redis", priority=2, write=False, search_mode=["exact", "fuzzy"], ttl=5, cache_policy="hit",
        fuzzy_similarity=0.9, name="cache", limit=5, on_error="degrade", field_mapping={"label": "title"},
        host="redis", port=7000, password="${REDIS_PASSWORD:-}",
    )  # fmt: skip
    assert config(builder, "l2")["layers"] == [
        {
            "type": "redis", "priority": 2, "write": False, "search_mode": ["exact", "fuzzy"], "ttl": 5,
            "cache_policy": "hit", "fuzzy": {"min_similarity": 0.9},
            "config": {"host": "redis", "port": 7000, "password": "${REDIS_PASSWORD:-}"},
            "name": "cache", "limit": 5, "on_error": "degrade", "field_mapping": {"label": "title"},
        }
    ]  # fmt: skip


def test_defect_q_the_store_with_the_higher_priority_is_asked_first(builder):
    builder.l2.add("postgres", priority=0).l2.add("redis", priority=2).l2.add("elasticsearch", priority=1)
    chain = made(builder, "l2")
    asked = sorted(chain.layers, key=lambda layer: -layer.priority)
    assert [layer.type for layer in asked] == ["redis", "elasticsearch", "postgres"]


def test_two_stores_of_one_type_have_names(builder):
    builder.l2.add("dict", name="ours").l2.add("dict", name="theirs")
    assert list(build(Source(builder.get_config()), builder.plugins).stores) == ["ours", "theirs"]


def test_l2_embeddings_has_its_defaults(builder):
    assert config(builder.l2.embeddings(), "l2")["embeddings"] == {
        "enabled": True,
        "model_name": "knowledgator/gliner-linker-large-v1.0",
        "dim": 768,
        "precompute_on_load": False,
    }


def test_l2_settings_of_the_chain_add_up(builder):
    builder.l2.embeddings(dim=3).l2.configure(max_candidates=5).l2.configure(min_popularity=2)
    found = config(builder, "l2")
    assert (found["max_candidates"], found["min_popularity"], found["embeddings"]["dim"]) == (5, 2, 3)


def test_l3_configure_has_its_defaults(builder):
    component = made(builder.l3.configure(), "l3")
    assert component.model_name == "knowledgator/gliner-linker-large-v1.0"
    assert (component.token, component.device, component.threshold, component.batch_size) == (None, "cpu", 0.5, 1)
    assert (component.flat_ner, component.multi_label, component.max_length) == (True, False, 512)
    assert (component.use_precomputed_embeddings, component.cache_embeddings) == (False, False)


@pytest.mark.parametrize("name", ["model", "model_name"])
def test_l3_configure_takes_the_model_by_both_names(builder, name):
    assert made(builder.l3.configure(**{name: "mine"}, threshold=0.2), "l3").model_name == "mine"


def test_l4_configure_needs_a_model_and_has_its_defaults(builder):
    component = made(builder.l4.configure(model="r"), "l4")
    assert (component.model_name, component.max_labels, component.threshold) == ("r", 20, 0.5)
    with pytest.raises(ConfigError, match="'model_name' is missing"):
        builder.l4.configure()


def test_l0_configure_has_its_defaults(builder):
    assert made(builder.l0.configure(), "l0") == ThresholdAggregator(0.0, True, False, True, 2)
    configured = builder.l0.configure(
        min_confidence=0.3, include_unlinked=False, return_all_candidates=True, strict_matching=False,
        position_tolerance=0,
    )  # fmt: skip
    assert made(configured, "l0") == ThresholdAggregator(0.3, False, True, False, 0)


def test_a_second_call_for_a_layer_replaces_the_first(builder):
    builder.l1.spacy().l1.fake(names=["x"]).l0.configure(min_confidence=0.9).l0.configure(position_tolerance=1)
    assert nodes(builder)["l1"]["processor"] == "l1_fake"
    assert config(builder, "l0") == {"position_tolerance": 1}


def test_the_template_reaches_candidates_linker_and_reranker(builder):
    builder.l3.configure().l4.configure(model="x").set_schema_template("{label}!")
    found = nodes(builder)
    assert [found[level]["schema"]["template"] for level in ("l2", "l3", "l4")] == ["{label}!"] * 3
    assert made(builder, "l3").template == "{label}!"
    assert "schema" not in found["l0"]


def test_a_template_given_to_a_layer_is_that_of_the_layer(builder):
    builder.l3.configure(template="{label}?")
    assert made(builder, "l3").template == "{label}?"
    assert nodes(builder)["l2"]["schema"]["template"] == "{label}: {description}"


def test_any_installed_processor_is_there_without_code_for_it(builder):
    assert dir(builder.l1) == ["external", "fake", "gliner", "spacy"]
    assert dir(builder.l3) == ["batch", "fake"]
    assert dir(builder.l4) == ["fake", "reranker"]
    assert dir(builder.l0) == ["aggregator"]
    assert made(builder.l1.fake(names=("Rome",)), "l1").names == ("Rome",)
    assert made(builder.l3.batch(model="x"), "l3") == made(builder.l3.configure(model="x"), "l3")
