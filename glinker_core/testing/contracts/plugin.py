"""What an installed plugin promises."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Any, ClassVar

import attrs
import pytest
import typer

from glinker_core.config import read_spec
from glinker_core.layers import LAYERS, CandidateCache, DocumentReader, DocumentWriter, EntityReader, Store
from glinker_core.plugins import GROUP, Offer, Plugins
from glinker_core.schema import component_schema
from glinker_core.source import dump, parse
from glinker_core.testing.checks import missing
from glinker_core.testing.items import PORTS

#: What no plugin may import in order to say what it offers.
HEAVY = ("torch", "transformers", "spacy", "gliner", "numpy", "sqlalchemy")

_DECLARE = """
import json, sys
from glinker_core.plugins import Plugins
before = set(sys.modules)
plugins = Plugins()
plugins.register(sys.argv[1], sys.argv[2])
print(json.dumps(sorted(set(sys.modules) - before)))
"""

#: The arguments of an engine.
_ENGINE = ["job", "parts", "workers", "plugins"]


class PluginContract:
    """A plugin: installed under the name `plugin`, quick to say what it offers, and right about it."""

    plugin: ClassVar[str] = ""

    @pytest.fixture
    def point(self) -> EntryPoint:
        """The entry point of the plugin."""
        found = [point for point in entry_points(group=GROUP) if point.name == self.plugin]
        known = ", ".join(sorted(point.name for point in entry_points(group=GROUP)))
        hint = f"run 'pip install -e .' where its pyproject.toml is, or set 'plugin' to its name; there are {known}"
        assert found, f"no entry point '{self.plugin}' in the group '{GROUP}': {hint}"
        return found[0]

    @pytest.fixture
    def plugins(self, point: EntryPoint) -> Plugins:
        """This plugin and no other."""
        plugins = Plugins()
        plugins.register(point.name, point.value)
        return plugins

    @pytest.fixture
    def offers(self, plugins: Plugins) -> list[Offer]:
        """Everything the plugin declares."""
        hooks = [name for name, _ in inspect.getmembers(plugins.manager.hook) if name.startswith("glinker_")]
        return [offer for hook in hooks for offer in plugins.offers(hook)]

    def test_is_installed(self, point: EntryPoint) -> None:
        """An entry point of the group `glinker` has its name."""
        assert ":" not in point.value, f"the entry point must name a module, not an object in it: {point.value}"

    def test_works(self, plugins: Plugins) -> None:
        """Its module can be imported, its hooks exist and have the right arguments and results."""
        assert not plugins.broken, f"plugin '{self.plugin}' is broken: {plugins.broken[self.plugin]}"

    def test_declares_cheaply(self, point: EntryPoint, offers: list[Offer]) -> None:
        """Saying what it offers imports nothing heavy and none of the modules it offers."""
        done = subprocess.run(  # noqa: S603  # this interpreter on the lines above
            [sys.executable, "-c", _DECLARE, point.name, point.value],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        imported = set(json.loads(done.stdout.splitlines()[-1]))
        heavy = sorted(imported & set(HEAVY))
        assert not heavy, f"declaring imports {', '.join(heavy)}; import it in the module the target names"
        offered = sorted(imported & {offer.component.target.partition(":")[0] for offer in offers})
        assert not offered, f"declaring imports {', '.join(offered)}, which is for whoever uses it"

    def test_offers_something_or_observes(self, plugins: Plugins, point: EntryPoint) -> None:
        """Implements at least one hook."""
        module = plugins.manager.get_plugin(point.name)
        assert plugins.manager.get_hookcallers(module), f"'{point.value}' implements no hook; mark it with @hookimpl"

    def test_every_offer_says_what_it_is(self, offers: list[Offer]) -> None:
        """A summary of one line; a name that begins with its layer, such as `l1_`; suffixes for readers and
        writers."""
        prefixes = {layer.hook: f"{layer.prefix}_" for layer in LAYERS.values()}
        for offer in offers:
            summary = offer.component.summary
            assert summary.strip(), f"'{offer.name}' has no summary"
            assert len(summary.splitlines()) == 1, f"the summary of '{offer.name}' has several lines"
            prefix = prefixes.get(offer.hook, "")
            assert offer.name.startswith(prefix), f"'{offer.name}' of {offer.hook} must begin with '{prefix}'"
            if offer.hook in ("glinker_readers", "glinker_writers"):
                kind = offer.hook.removeprefix("glinker_").removesuffix("s")
                assert offer.component.suffixes, f"{kind} '{offer.name}' has no suffixes to be chosen by"

    def test_every_name_is_its_own(self, offers: list[Offer]) -> None:
        """No other installed plugin offers the same name through the same hook, and this one does so once."""
        everything = Plugins.installed(disabled=())
        for offer in offers:
            assert everything.find(offer.name, offer.hook).plugin == self.plugin

    def test_every_offer_fits_its_layer(self, plugins: Plugins, offers: list[Offer]) -> None:
        """Each target exists and is what its hook asks for: an attrs class with the method of the layer, a program, a
        function that gives a pipeline or has parts linked."""
        for offer in offers:
            _check_fit(offer, plugins.load(offer))

    def test_every_config_has_a_schema(self, plugins: Plugins, offers: list[Offer]) -> None:
        """The settings of each offer are of types that a pipeline file can hold."""
        for offer in offers:
            if offer.hook not in ("glinker_commands", "glinker_presets", "glinker_engines"):
                json.dumps(component_schema(plugins.load(offer)), allow_nan=False)


def _check_fit(offer: Offer, target: Any) -> None:
    if offer.hook == "glinker_commands":
        assert isinstance(target, typer.Typer), f"'{offer.name}' is {target!r}, not a typer.Typer"
        return
    if offer.hook == "glinker_engines":
        given = list(inspect.signature(target).parameters) if callable(target) else target
        assert given == _ENGINE, f"'{offer.name}' is no function of {', '.join(_ENGINE)}: {given}"
        return
    if offer.hook == "glinker_presets":
        made = target()
        written = parse(dump(made), offer.name)
        problems = read_spec(written).problems
        assert not problems, f"preset '{offer.name}' is no pipeline: {'; '.join(map(str, problems))}"
        assert written.data == made, f"preset '{offer.name}' is not what a pipeline file can hold: {made!r}"
        return
    assert attrs.has(target), f"'{offer.name}' is {target!r}, not an attrs class"
    if offer.hook == "glinker_readers":
        lacking = min(missing(target, EntityReader), missing(target, DocumentReader), key=len)
        assert not lacking, f"'{offer.name}' has neither 'entities' nor 'documents'"
        return
    if offer.hook == "glinker_writers":
        lacking = missing(target, DocumentWriter)
        assert not lacking, f"'{offer.name}' is no writer: {', '.join(lacking)} missing"
        return
    layer = next((layer for layer in LAYERS.values() if layer.hook == offer.hook), None)
    protocols = (layer.protocol,) if layer else (Store, CandidateCache)
    lacking = min((missing(target, protocol) for protocol in protocols), key=len)
    assert not lacking, f"'{offer.name}' does not fit {offer.hook}: {', '.join(lacking)} missing"
    if layer:
        ports = list(inspect.signature(getattr(target, layer.method)).parameters)[1:]
        wrong = [port for port in ports if port not in PORTS]
        assert not wrong, f"arguments of '{layer.method}' of '{offer.name}' that are no ports: {', '.join(wrong)}"
