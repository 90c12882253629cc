"""What plugins offer, and what is said of it when it is missing, broken or cannot be loaded."""

import sys
from types import ModuleType, SimpleNamespace

import pytest

import glinker_core.builtin
from glinker_core.errors import PluginError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.plugins import KNOWN, Plugins
from tests.fake_plugins import fakes

LAYER_HOOKS = ("glinker_recognizers", "glinker_linkers", "glinker_stores", "glinker_readers")


def offering(*components, hook="glinker_recognizers"):
    """A plugin that declares these through one hook."""

    def declare(self):
        return components

    declare.__name__ = hook
    return type("Offering", (), {hook: hookimpl(declare)})()


def module(name, **members):
    made = ModuleType(name)
    vars(made).update(members)
    return made


def missing(plugins, name, *hooks):
    with pytest.raises(PluginError) as caught:
        plugins.find(name, *(hooks or LAYER_HOOKS))
    return str(caught.value)


def problem(plugin):
    """Why a plugin is broken that stands beside one that is not."""
    plugins = fakes(bad=plugin)
    assert plugins.find("l1_fake", "glinker_recognizers").plugin == "fakes"
    assert set(plugins.broken) == {"bad"}
    assert not plugins.manager.has_plugin("bad")
    return plugins.broken["bad"]


# -- what is found -------------------------------------------------------------------------------------------------


def test_offers_come_in_order_of_names_with_who_makes_them():
    plugins = fakes()
    assert [(offer.name, offer.plugin) for offer in plugins.offers("glinker_recognizers")] == [
        ("l1_external", "builtin"),
        ("l1_fake", "fakes"),
    ]
    assert plugins.offers("glinker_commands") == []
    assert plugins.broken == {}


def test_a_component_is_found_by_its_name_or_by_plugin_and_name():
    plugins = fakes()
    assert plugins.find("l1_fake", *LAYER_HOOKS) == plugins.find("fakes:l1_fake", *LAYER_HOOKS)
    assert plugins.load(plugins.find("l1_fake", *LAYER_HOOKS)).__name__ == "FakeRecognizer"


def test_a_name_is_looked_for_among_the_hooks_given_only():
    assert missing(fakes(), "l1_fake", "glinker_linkers").startswith("'l1_fake' is not offered by any installed plugin")


def test_nothing_is_global():
    assert Plugins().plugins == {}
    assert fakes().manager is not fakes().manager


# -- what is missing -----------------------------------------------------------------------------------------------


def test_what_is_not_installed_says_what_to_install():
    assert missing(fakes(), "l1_spacy") == "'l1_spacy' is not installed; run: pip install glinker-spacy"
    for name, distribution in KNOWN.items():
        assert missing(Plugins(), name) == f"'{name}' is not installed; run: pip install {distribution}"


def test_a_misspelt_name_gets_a_hint_even_when_what_it_means_is_not_installed():
    assert missing(fakes(), "l1_fak").endswith("; did you mean 'l1_fake'?")
    assert missing(fakes(), "l1_gazeteer").endswith("; did you mean 'l1_gazetteer'?")


def test_a_name_like_no_other_lists_what_is_installed():
    assert missing(fakes(), "zzz", "glinker_stores") == (
        "'zzz' is not offered by any installed plugin; known are down, fake, fake_cache, mapped"
    )


def test_the_wrong_plugin_before_a_name_is_told_which_is_right():
    assert missing(fakes(), "fkaes:l1_fake") == "'fkaes:l1_fake' is not offered by that plugin; write 'fakes:l1_fake'"


def test_two_plugins_with_one_name_are_both_named_with_how_to_choose():
    rival = offering(Component("l1_fake", "x:Y", "the same"))
    plugins = fakes(rival=rival)
    assert missing(plugins, "l1_fake") == (
        "'l1_fake' is offered by several plugins, 'fakes' and 'rival'; write 'fakes:l1_fake' or 'rival:l1_fake', "
        "or disable all but one with GLINKER_DISABLE_PLUGINS"
    )
    assert plugins.find("rival:l1_fake", *LAYER_HOOKS).component.target == "x:Y"


def test_a_plugin_that_is_broken_or_disabled_is_blamed_for_what_it_would_bring():
    plugins = Plugins(disabled=["spacy"])
    plugins.register("spacy", "glinker_spacy_is_not_there", "glinker-spacy")
    plugins.register("gliner", "glinker_gliner_is_not_there", "glinker-gliner")
    assert missing(plugins, "l1_spacy") == (
        "'l1_spacy' comes with plugin 'spacy', which is not usable: disabled by GLINKER_DISABLE_PLUGINS"
    )
    assert missing(plugins, "l3_batch") == (
        "'l3_batch' comes with plugin 'gliner', which is not usable: "
        "ModuleNotFoundError: No module named 'glinker_gliner_is_not_there'"
    )
    assert missing(plugins, "zzz").endswith(
        "; plugin 'spacy' is not usable: disabled by GLINKER_DISABLE_PLUGINS"
        "; plugin 'gliner' is not usable: ModuleNotFoundError: No module named 'glinker_gliner_is_not_there'"
    )


# -- what is broken ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import nothing_of_that_name", "ModuleNotFoundError: No module named 'nothing_of_that_name'"),
        ("raise RuntimeError('no GPU')", "RuntimeError: no GPU"),
        ("def broken(:", "SyntaxError: "),
        ("import sys; sys.exit(3)", "SystemExit: 3"),
    ],
)
def test_a_plugin_that_cannot_be_imported_is_recorded_and_takes_nobody_down(source, told, tmp_path, monkeypatch):
    (tmp_path / "bad_plugin_of_tests.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "bad_plugin_of_tests", raising=False)
    assert problem("bad_plugin_of_tests").startswith(told)


def test_a_misspelt_hook_is_noticed():
    misspelt = SimpleNamespace(glinker_recognisers=hookimpl(lambda: ()))
    assert "unknown hook 'glinker_recognisers'" in problem(misspelt)


def test_a_hook_that_is_not_marked_is_noticed():
    def glinker_stores():
        return ()

    assert problem(module("unmarked", glinker_stores=glinker_stores)) == (
        "TypeError: 'glinker_stores' is not marked with @hookimpl"
    )


def test_only_functions_count_as_hooks():
    plain = module("plain", glinker_version="1", glinker_core=glinker_core, other=len)
    assert fakes(plain=plain).broken == {}


def test_a_hook_with_the_wrong_arguments_is_noticed():
    class Wrong:
        @hookimpl
        def glinker_stores(self, config):
            return ()

    assert "config" in problem(Wrong())


def test_a_hook_that_raises_is_noticed():
    class Raises:
        @hookimpl
        def glinker_stores(self):
            raise RuntimeError("no index")

    assert problem(Raises()) == "RuntimeError: no index"


@pytest.mark.parametrize("declared", [("l1_x", "a:B"), "l1_x", None, 5])
def test_what_is_no_component_is_noticed(declared):
    assert problem(offering(declared)).startswith("TypeError: glinker_recognizers must yield Component records, not ")


def test_a_hook_that_gives_nothing_to_go_through_is_noticed():
    class Nothing:
        @hookimpl
        def glinker_stores(self):
            return None

    assert problem(Nothing()).startswith("TypeError: ")


def test_a_target_that_names_no_class_is_noticed():
    hooks = offering(Component("l1_x", "package.module.Class", "x"))
    assert problem(module("colonless", glinker_recognizers=hooks.glinker_recognizers)) == (
        "ValueError: target of 'l1_x' is not 'module:Name': 'package.module.Class'"
    )


def test_a_plugin_that_declares_a_name_twice_is_noticed():
    twice = offering(Component("l1_x", "a:B", "x"), Component("l1_x", "a:C", "x"))
    assert problem(twice) == "ValueError: glinker_recognizers declares 'l1_x' twice"


def test_a_broken_plugin_offers_nothing_not_even_what_it_declared_first():
    class Half:
        @hookimpl
        def glinker_recognizers(self):
            yield Component("l1_half", "a:B", "x")

        @hookimpl
        def glinker_stores(self):
            raise RuntimeError("half")

    plugins = fakes(bad=Half())
    assert [offer.name for offer in plugins.offers("glinker_recognizers")] == ["l1_external", "l1_fake"]


def test_plugins_of_one_name_are_both_there_under_names_of_their_own():
    plugins = Plugins()
    for number in (1, 2, 3):
        plugins.register("same", offering(Component(f"l1_{number}", "a:B", "x")), "dist")
    assert list(plugins.plugins) == ["same", "same (dist)", "same (dist) (dist)"]
    assert plugins.broken == {}
    assert plugins.find("same (dist):l1_2", *LAYER_HOOKS).name == "l1_2"


def test_a_module_registered_twice_is_told_and_the_first_stays():
    plugins = fakes()
    plugins.register("again", glinker_core.builtin)
    assert "again" in plugins.broken
    assert plugins.find("l2_chain", "glinker_retrievers").plugin == "builtin"


# -- what is loaded ------------------------------------------------------------------------------------------------


def load(target, hook="glinker_recognizers"):
    plugins = Plugins({"mine": offering(Component("x", target, "x"), hook=hook)})
    return plugins.load(plugins.find("x", hook))


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("nothing_of_that_name:X", "cannot be imported: No module named 'nothing_of_that_name'"),
        ("bad_component_of_tests:X", "cannot be imported: RuntimeError: libcuda is missing"),
        ("tests.fake_plugins:Nope", "module 'tests.fake_plugins' has no 'Nope'"),
        ("glinker_core.testing.fakes:words", "is broken: words is not an attrs class"),
        ("glinker_core.plugins:Plugins", "is broken: Plugins is not an attrs class"),
        ("glinker_core.testing.fakes:FakeLinker", "is broken: FakeLinker has no method 'recognize'"),
    ],
)
def test_what_cannot_be_loaded_is_said_with_the_plugin(target, told, tmp_path, monkeypatch):
    (tmp_path / "bad_component_of_tests.py").write_text("raise RuntimeError('libcuda is missing')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError) as caught:
        load(target)
    assert str(caught.value).replace("is broken", ": is broken").replace("cannot", ": cannot").replace(" :", ":") == (
        f"'x' of plugin 'mine': {told}"
    )


def test_settings_of_unknown_types_are_said(tmp_path, monkeypatch):
    source = "import attrs\n@attrs.define\nclass X:\n  a: 'Nope' = 1\n  def recognize(self, texts): return []\n"
    (tmp_path / "untyped_component_of_tests.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match="is broken: X has settings of unknown types: name 'Nope' is not defined"):
        load("untyped_component_of_tests:X")


def test_a_store_is_an_attrs_class_that_searches_or_remembers_and_a_command_anything():
    assert load("glinker_core.testing.store:FakeStore", "glinker_stores").__name__ == "FakeStore"
    with pytest.raises(PluginError, match="words is not an attrs class"):
        load("glinker_core.testing.fakes:words", "glinker_stores")
    with pytest.raises(PluginError, match="FakeGate has neither the method 'search' of a store nor 'recall' of a cach"):
        load("glinker_core.testing.fakes:FakeGate", "glinker_stores")
    assert load("glinker_core.testing.fakes:FakeCache", "glinker_stores").__name__ == "FakeCache"
    assert load("glinker_core.testing.fakes:words", "glinker_commands").__name__ == "words"


def test_the_running_hooks_are_those_of_all_plugins():
    seen = []

    class Observer:
        @hookimpl
        def glinker_run_started(self, run):
            seen.append(run)

    fakes(observer=Observer()).hook.glinker_run_started(run="run")
    assert seen == ["run"]
