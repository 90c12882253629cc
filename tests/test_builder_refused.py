"""`ConfigBuilder`: what it refuses, at the call and with what is meant instead."""

import pytest

import glinker_core.builtin
from glinker_core import ConfigBuilder, ConfigError, InputError, PluginError, Plugins
from tests.builders import config, nodes


@pytest.fixture
def bare():
    """A builder with nothing installed but the core."""
    return ConfigBuilder(plugins=Plugins({"builtin": glinker_core.builtin}))


def test_defect_h_settings_that_do_not_exist_are_refused_at_the_call_with_near_names(builder):
    with pytest.raises(ConfigError) as caught:
        builder.l0.configure(min_confidense=0.3, strict_matchin=True, overlaps="bst")
    assert str(caught.value) == (
        "builder.l0: l0_aggregator: 3 problems\n"
        "  min_confidense: unknown key 'min_confidense'; did you mean 'min_confidence'?\n"
        "  strict_matchin: unknown key 'strict_matchin'; did you mean 'strict_matching'?\n"
        "  overlaps: overlaps: 'bst' is not a choice; did you mean 'best'?"
    )
    assert config(builder, "l0") == {}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda b: b.l3.fake(treshold=1), "builder.l3: l3_fake: 1 problem\n  treshold: unknown key .* 'threshold'"),
        (lambda b: b.l3.fake(threshold="1"), "threshold: expected a number, got '1'"),
        (lambda b: b.l3.configure(model="a", model_name="b"), "'model_name' and 'model' are the same setting"),
        (lambda b: b.l2.add("redis", prt=1), "builder.l2: store 'redis': 1 problem\n  prt: unknown key .* 'port'"),
        (lambda b: b.l2.add("redis", port="7000"), "port: expected a whole number, got '7000'"),
        (lambda b: b.l2.add("dict", priority="high"), r"layers\[0\].priority: priority: expected a whole number"),
        (lambda b: b.l2.add("dict", search_mode="exact"), r"layers\[0\].search_mode: .* expected a list, got 'exact'"),
        (lambda b: b.l2.add("dict", search_mode=[]), "search_mode is empty; name at least one, such as exact"),
        (lambda b: b.l2.add("dict", cache_policy="never"), "'never' is not a choice"),
        (lambda b: b.l2.configure(max_candidates=0), "max_candidates must be at least 1, got 0"),
        (lambda b: b.l2.configure(max_candidate=1), "did you mean 'max_candidates'"),
        (lambda b: b.l2.embeddings(dim="x"), r"embeddings.dim: dim: expected a whole number, got 'x'"),
        (lambda b: b.add_store({"typ": "dict"}), "did you mean 'type'"),
        (lambda b: b.add_store({"type": "dict", "store": "kb"}), "a layer has either a 'type'"),
    ],
)
def test_what_no_file_may_hold_is_refused_at_the_call(builder, call, message):
    before = builder.get_config()
    with pytest.raises(ConfigError, match=message):
        call(builder)
    assert builder.get_config() == before


def test_layers_are_added_and_not_set(builder):
    with pytest.raises(InputError, match=r"'layers' are added one by one with builder\.l2\.add\(type, \.\.\.\)"):
        builder.l2.configure(layers=[{"type": "dict"}])


def test_a_template_with_unknown_fields_is_refused_at_the_call(builder):
    with pytest.raises(InputError, match=r"'\{labl\} \{x\}': no field 'labl'; did you mean 'label'\?, no field 'x'; "):
        builder.set_schema_template("{labl} {x}")
    assert nodes(builder)["l2"]["schema"]["template"] == "{label}: {description}"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda b: b.l1.spacy(), "'l1_spacy' is not installed; run: pip install glinker-spacy"),
        (lambda b: b.l1.gliner(model="x", labels=[]), "'l1_gliner' is not installed; run: pip install glinker-gliner"),
        (lambda b: b.l3.configure(), "'l3_batch' is not installed; run: pip install glinker-gliner"),
        (lambda b: b.l4.configure(model="x"), "'l4_reranker' is not installed; run: pip install glinker-gliner"),
        (lambda b: b.l2.add("dict"), "'dict' is not installed; run: pip install glinker-stores"),
        (lambda b: b.l2.add("redis"), "'redis' is not installed; run: pip install glinker-redis"),
        (lambda b: b.l2.add("postgres"), r"'postgres' is not installed; run: pip install glinker-stores\[postgres\]"),
        (lambda b: b.l2.add("elasticsearch"), "'elasticsearch' is not offered by any installed plugin"),
        (
            lambda b: b.l1.extrnal(),
            r"'l1_extrnal' is not offered by any installed plugin; did you mean 'l1_external'\?",
        ),
    ],
)
def test_what_is_not_installed_says_what_to_install(bare, call, message):
    with pytest.raises(PluginError, match=message):
        call(bare)


def test_l1_has_no_single_processor_to_configure(builder):
    with pytest.raises(AttributeError, match=r"name one, such as builder\.l1\.gazetteer"):
        builder.l1.configure(model="x")
    with pytest.raises(AttributeError):
        builder.l1._private()
