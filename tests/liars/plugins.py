"""Plugins that break promises; `install` puts them where Python finds them."""

from __future__ import annotations

from pathlib import Path

from glinker_core.testing import PluginContract

_OFFERED = """
from attrs import define

@define
class Good:
    def recognize(self, texts):
        return [() for _ in texts]

@define
class WrongMethod:
    def find(self, texts):
        return [() for _ in texts]

@define
class WrongPort:
    def recognize(self, documents):
        return [() for _ in documents]

@define
class HalfAStore:
    def open(self): ...
    def search(self, names, search): ...
    def close(self): ...

@define
class NoReader:
    def rows(self, lines): ...

@define
class Unwritable:
    keep: object = None
    def recognize(self, texts):
        return [() for _ in texts]

@define
class NoWriter:
    def write(self, document): ...

def function(texts):
    return [() for _ in texts]

def nodeless():
    return {"nodes": []}

def unwritable():
    return {"nodes": [{"id": "l1", "processor": "l1_liar", "config": {"labels": ("city",)}}]}
"""

_HEAD = """
from glinker_core.hookspecs import Component, hookimpl
"""


def _offering(*components: str, hook: str = "glinker_recognizers", head: str = "") -> str:
    lines = "".join(f"    yield Component({component})\n" for component in components)
    return f"{_HEAD}{head}\n@hookimpl\ndef {hook}():\n{lines}"


_GOOD = '"l1_liar", "liar_offered:Good", "finds nothing"'

#: What stands in each module; `gliner` is a light stand-in for a heavy one.
SOURCES = {
    "gliner": "",
    "liar_offered": _OFFERED,
    "liar_honest": _offering(_GOOD.replace("l1_liar", "l1_honest")),
    "liar_heavy": _offering(_GOOD, head="import gliner"),
    "liar_eager": _offering(_GOOD, head="import liar_offered"),
    "liar_broken": "import a_module_that_is_not_there",
    "liar_misspelt": _offering(_GOOD, hook="glinker_recognisers"),
    "liar_yields_dicts": f"{_HEAD}\n@hookimpl\ndef glinker_recognizers():\n    yield {{'name': 'l1_liar'}}\n",
    "liar_silent": "",
    "liar_mute": _offering('"l1_liar", "liar_offered:Good", ""'),
    "liar_prefix": _offering('"liar", "liar_offered:Good", "finds nothing"'),
    "liar_suffix": _offering('"liar", "liar_offered:Good", "reads nothing"', hook="glinker_readers"),
    "liar_clash": _offering('"l1_honest", "liar_offered:Good", "finds nothing"'),
    "liar_target": _offering('"l1_liar", "liar_offered:Gone", "is not there"'),
    "liar_module": _offering('"l1_liar", "liar_gone:Good", "is not there"'),
    "liar_method": _offering('"l1_liar", "liar_offered:WrongMethod", "finds nothing"'),
    "liar_port": _offering('"l1_liar", "liar_offered:WrongPort", "finds nothing"'),
    "liar_function": _offering('"l1_liar", "liar_offered:function", "finds nothing"'),
    "liar_store": _offering('"liar", "liar_offered:HalfAStore", "holds nothing"', hook="glinker_stores"),
    "liar_reader": _offering('"liar", "liar_offered:NoReader", "reads nothing", (".x",)', hook="glinker_readers"),
    "liar_writer": _offering('"liar", "liar_offered:NoWriter", "writes nothing", (".x",)', hook="glinker_writers"),
    "liar_ending": _offering('"liar", "liar_offered:NoWriter", "writes nothing"', hook="glinker_writers"),
    "liar_command": _offering('"liar", "liar_offered:function", "does nothing"', hook="glinker_commands"),
    "liar_preset": _offering('"liar", "liar_offered:nodeless", "does nothing"', hook="glinker_presets"),
    "liar_choice": _offering('"liar", "liar_offered:function", "does nothing"', hook="glinker_presets"),
    "liar_data": _offering('"liar", "liar_offered:unwritable", "does nothing"', hook="glinker_presets"),
    "liar_engine": _offering('"liar", "liar_offered:function", "links nothing"', hook="glinker_engines"),
    "liar_schema": _offering('"l1_liar", "liar_offered:Unwritable", "finds nothing"'),
    "liar_object": "plugin = object()",
}


def install(folder: Path) -> None:
    """Write the modules and a distribution with their entry points."""
    for name, source in SOURCES.items():
        (folder / f"{name}.py").write_text(source, encoding="utf-8")
    info = folder / "liars-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: liars\nVersion: 0.1.0\n", encoding="utf-8")
    modules = [name for name in SOURCES if name.startswith("liar_") and name not in ("liar_offered", "liar_object")]
    points = [*(f"{name} = {name}" for name in modules), "liar_object = liar_object:plugin"]
    (info / "entry_points.txt").write_text("\n".join(["[glinker]", *points]), encoding="utf-8")


def lying(plugin: str, **caught: str) -> type:
    """A test class for the plugin, and what must be said about it."""
    return type(plugin, (PluginContract,), {"plugin": plugin, "caught": caught, "__module__": __name__})


liar_absent = lying("liar_absent", test_is_installed="no entry point 'liar_absent'")
liar_object = lying("liar_object", test_is_installed="must name a module")
liar_heavy = lying("liar_heavy", test_declares_cheaply="declaring imports gliner")
liar_eager = lying("liar_eager", test_declares_cheaply="liar_offered, which is for whoever uses it")
liar_broken = lying("liar_broken", test_works="a_module_that_is_not_there")
liar_misspelt = lying("liar_misspelt", test_works="glinker_recognisers")
liar_yields_dicts = lying("liar_yields_dicts", test_works="must yield Component records")
liar_silent = lying("liar_silent", test_offers_something_or_observes="implements no hook")
liar_mute = lying("liar_mute", test_every_offer_says_what_it_is="has no summary")
liar_prefix = lying("liar_prefix", test_every_offer_says_what_it_is="must begin with 'l1_'")
liar_suffix = lying("liar_suffix", test_every_offer_says_what_it_is="has no suffixes")
liar_clash = lying("liar_clash", test_every_name_is_its_own="is offered by")
liar_target = lying("liar_target", test_every_offer_fits_its_layer="has no 'Gone'")
liar_module = lying("liar_module", test_every_offer_fits_its_layer="liar_gone")
liar_method = lying("liar_method", test_every_offer_fits_its_layer="recognize")
liar_port = lying("liar_port", test_every_offer_fits_its_layer="that are no ports: documents")
liar_function = lying("liar_function", test_every_offer_fits_its_layer="not an attrs class")
liar_store = lying("liar_store", test_every_offer_fits_its_layer="does not fit glinker_stores: ")
liar_reader = lying("liar_reader", test_every_offer_fits_its_layer="neither 'entities' nor 'documents'")
liar_writer = lying("liar_writer", test_every_offer_fits_its_layer="'liar' is no writer: end missing")
liar_ending = lying("liar_ending", test_every_offer_says_what_it_is="writer 'liar' has no suffixes")
liar_command = lying("liar_command", test_every_offer_fits_its_layer="not a typer.Typer")
liar_preset = lying("liar_preset", test_every_offer_fits_its_layer="'liar' is no pipeline: liar:1:1: a pipeline is")
liar_choice = lying("liar_choice", test_every_offer_fits_its_layer="has arguments without defaults: texts")
liar_engine = lying("liar_engine", test_every_offer_fits_its_layer="is no function of")
liar_data = lying("liar_data", test_every_offer_fits_its_layer="is not what a pipeline file can hold")
liar_schema = lying("liar_schema", test_every_config_has_a_schema="Unwritable.keep")
