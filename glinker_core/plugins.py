"""How plugins are found, and what is said when one is missing, broken, disabled, misspelt or there twice.

`Plugins.installed()` reads the entry points of the group `glinker` anew each time; nothing is global. A plugin that
cannot be imported, or that implements a hook wrongly, is recorded in `broken` and explained when it is used.
"""

from __future__ import annotations

import importlib
import inspect
import logging
import os
from collections.abc import Iterable, Mapping
from importlib.metadata import entry_points
from types import ModuleType
from typing import Any

import attrs
import pluggy
from attrs import frozen

from glinker_core import hookspecs
from glinker_core.errors import PluginError, near
from glinker_core.hookspecs import Component
from glinker_core.layers import LAYERS
from glinker_core.structure import settings

log = logging.getLogger(__name__)

GROUP = "glinker"
DISABLE_VARIABLE = "GLINKER_DISABLE_PLUGINS"

#: What the method of a layer can ask for.
PORTS = ("texts", "entities", "mentions", "candidates")

#: Which distribution brings a component or a preset that is not installed.
KNOWN: Mapping[str, str] = {
    "dict": "glinker-stores",
    "sqlite": "glinker-stores",
    "postgres": "glinker-stores[postgres]",
    "redis": "glinker-redis",
    "obo": "glinker-formats",
    "skos": "glinker-formats[rdf]",
    "umls": "glinker-formats",
    "wikidata": "glinker-formats",
    "parquet": "glinker-formats[parquet]",
    "l1_gazetteer": "glinker-lexical",
    "l3_lexical": "glinker-lexical",
    "l1_gliner": "glinker-gliner",
    "l3_batch": "glinker-gliner",
    "l3_gliner": "glinker-gliner",
    "l4_reranker": "glinker-gliner",
    "l4_gliner": "glinker-gliner",
    "l1_spacy": "glinker-spacy",
    "spacy": "glinker-spacy",
    "l2_dense": "glinker-dense",
    "l3_encoder": "glinker-dense",
    "l4_cross_encoder": "glinker-dense",
    "l4_combine": "glinker-lexical",
    "ray": "glinker-ray",
    "aida": "glinker-eval",
    "bioc": "glinker-eval[bioc]",
    "elevant": "glinker-eval",
    "nif": "glinker-eval[nif]",
    "pubtator": "glinker-eval",
    "zelda": "glinker-eval",
    "edge": "glinker-gliner",
    "balanced": "glinker-gliner",
    "high-accuracy": "glinker-gliner",
    "max-accuracy": "glinker-gliner",
}


@frozen
class Offer:
    """A component together with the plugin that offers it and the hook it came by."""

    component: Component
    plugin: str
    hook: str

    @property
    def name(self) -> str:
        return self.component.name


@frozen
class Plugin:
    """An installed plugin: its entry-point name, its distribution, and what is wrong with it, if anything."""

    name: str
    distribution: str
    version: str
    problem: str = ""


class Plugins:
    """The plugins of this run, with everything they offer."""

    def __init__(self, modules: Mapping[str, Any] | None = None, disabled: Iterable[str] = ()) -> None:
        """Start with `modules` (name to module or object with hooks) only; `installed()` is the usual way in."""
        self.manager = pluggy.PluginManager(GROUP)
        self.manager.add_hookspecs(hookspecs)
        self.disabled = frozenset(disabled)
        self.plugins: dict[str, Plugin] = {}
        self._offers: dict[str, list[Offer]] = {}
        for name, module in (modules or {}).items():
            self.register(name, module)

    @classmethod
    def installed(cls, disabled: Iterable[str] | None = None) -> Plugins:
        """All installed plugins but the `disabled` ones (default: those in `GLINKER_DISABLE_PLUGINS`, by commas)."""
        if disabled is None:
            disabled = [name.strip() for name in os.environ.get(DISABLE_VARIABLE, "").split(",") if name.strip()]
        plugins = cls(disabled=disabled)
        points = sorted(entry_points(group=GROUP), key=lambda p: (p.name != "builtin", p.name, p.value))
        seen: set[tuple[str, str]] = set()
        for point in points:
            if (point.name, point.value) in seen:  # an editable and a built install of the same distribution
                continue
            seen.add((point.name, point.value))
            dist, version = (point.dist.name, point.dist.version) if point.dist else (point.value, "")
            plugins.register(point.name, point.value, dist, version)
        known = {name for plugin in plugins.plugins.values() for name in (plugin.name, plugin.distribution)}
        for name in sorted(plugins.disabled - known):
            log.warning("%s names '%s', which is no installed plugin%s", DISABLE_VARIABLE, name, near(name, known))
        return plugins

    def register(self, name: str, module: Any, distribution: str = "", version: str = "") -> None:
        """Add a plugin: a module, an object with hook implementations, or the name of a module to import."""
        distribution = distribution or (module if isinstance(module, str) else getattr(module, "__name__", name))
        unique = name
        while unique in self.plugins:
            unique = f"{unique} ({distribution})"
        problem = ""
        if not self.disabled.isdisjoint((name, distribution)):
            problem = f"disabled by {DISABLE_VARIABLE}"
        else:
            try:
                loaded = importlib.import_module(module) if isinstance(module, str) else module
                self.manager.register(loaded, unique)
                self._declare(unique, loaded)
            except (Exception, SystemExit) as error:  # noqa: BLE001  a broken plugin must not take the others down; it is told
                problem = f"{type(error).__name__}: {error}"
                if self.manager.has_plugin(unique):
                    self.manager.unregister(name=unique)
        self.plugins[unique] = Plugin(unique, distribution, version, problem)

    def _declare(self, plugin: str, module: Any) -> None:
        self.manager.check_pending()
        for name in dir(module):
            unmarked = name.startswith("glinker_") and self.manager.parse_hookimpl_opts(module, name) is None
            if unmarked and inspect.isroutine(getattr(module, name)):
                raise TypeError(f"'{name}' is not marked with @hookimpl")
        offers: dict[tuple[str, str], Offer] = {}
        for caller in self.manager.get_hookcallers(module) or ():
            if caller.name.startswith("glinker_run_"):
                continue
            for component in getattr(module, caller.name)():
                if not isinstance(component, Component):
                    raise TypeError(f"{caller.name} must yield Component records, not {component!r}")
                if isinstance(module, ModuleType) and ":" not in component.target:
                    raise ValueError(f"target of '{component.name}' is not 'module:Name': {component.target!r}")
                if (caller.name, component.name) in offers:
                    raise ValueError(f"{caller.name} declares '{component.name}' twice")
                offers[caller.name, component.name] = Offer(component, plugin, caller.name)
        for offer in offers.values():
            self._offers.setdefault(offer.hook, []).append(offer)

    @property
    def hook(self) -> Any:
        """The running hooks (`glinker_run_node` and its like) of all plugins."""
        return self.manager.hook

    @property
    def broken(self) -> dict[str, str]:
        """Plugins that offer nothing, and why."""
        return {plugin.name: plugin.problem for plugin in self.plugins.values() if plugin.problem}

    def offers(self, hook: str) -> list[Offer]:
        """Everything declared through one hook, in order of names."""
        return sorted(self._offers.get(hook, ()), key=lambda offer: (offer.name, offer.plugin))

    def find(self, name: str, *hooks: str) -> Offer:
        """The component of that name among the hooks; `plugin:name` chooses between two plugins that share a name."""
        wanted, _, short = name.rpartition(":")
        offers = [offer for hook in hooks for offer in self.offers(hook)]
        found = [offer for offer in offers if offer.name == short and wanted in ("", offer.plugin)]
        if len(found) > 1:
            plugins = " and ".join(f"'{offer.plugin}'" for offer in found)
            choices = " or ".join(f"'{offer.plugin}:{short}'" for offer in found)
            raise PluginError(f"'{short}' is offered by several plugins, {plugins}; write {choices}, "
                              f"or disable all but one with {DISABLE_VARIABLE}")  # fmt: skip
        if not found:
            raise PluginError(self._why_missing(name, short, offers))
        return found[0]

    def _why_missing(self, name: str, short: str, offers: list[Offer]) -> str:
        others = [f"'{offer.plugin}:{short}'" for offer in offers if offer.name == short]
        if others:
            return f"'{name}' is not offered by that plugin; write {' or '.join(others)}"
        bringer = KNOWN.get(short)
        for plugin in self.plugins.values():
            if plugin.problem and bringer and bringer.split("[")[0] in (plugin.distribution, f"glinker-{plugin.name}"):
                return f"'{name}' comes with plugin '{plugin.name}', which is not usable: {plugin.problem}"
        if bringer:
            return f"'{name}' is not installed; run: pip install {bringer}"
        installed = [offer.name for offer in offers]
        hint = near(short, [*installed, *KNOWN])
        hint = hint if "did you mean" in hint else near(short, installed)
        lost = "".join(f"; plugin '{plugin}' is not usable: {problem}" for plugin, problem in self.broken.items())
        return f"'{name}' is not offered by any installed plugin{hint}{lost}"

    def load(self, offer: Offer) -> Any:
        """Import what an offer names; the first moment at which a plugin may import anything heavy."""
        place = f"'{offer.name}' of plugin '{offer.plugin}'"
        module, _, attribute = offer.component.target.partition(":")
        try:
            loaded = importlib.import_module(module)
        except Exception as error:  # whatever the imports of a plugin raise; it is told, with its cause
            reason = str(error) if isinstance(error, ImportError) else f"{type(error).__name__}: {error}"
            raise PluginError(f"{place} cannot be imported: {reason}") from error
        try:
            component = getattr(loaded, attribute)
        except AttributeError as error:
            raise PluginError(f"{place}: module '{module}' has no '{attribute}'") from error
        if misfit := _misfit(component, offer.hook):
            raise PluginError(f"{place} is broken: {attribute} {misfit}")
        return component


def _misfit(component: Any, hook: str) -> str:
    """Why something cannot be a preset, or what a layer or `l2_chain` is made of; empty if it can."""
    if hook == "glinker_presets":
        if not callable(component):
            return "is not a function"
        needed = [p.name for p in inspect.signature(component).parameters.values() if p.default is p.empty]
        return f"has arguments without defaults: {', '.join(needed)}" if needed else ""
    layer = next((layer for layer in LAYERS.values() if layer.hook == hook), None)
    if layer is None and hook != "glinker_stores":
        return ""
    if not isinstance(component, type) or not attrs.has(component):
        return "is not an attrs class"
    if layer is None and not (hasattr(component, "search") or hasattr(component, "recall")):
        return "has neither the method 'search' of a store nor 'recall' of a cache"
    if layer is not None:
        method = getattr(component, layer.method, None)
        if not callable(method):
            return f"has no method '{layer.method}'"
        arguments = list(inspect.signature(method).parameters.values())[1:]
        if wrong := [port.name for port in arguments if port.name not in PORTS and port.default is port.empty]:
            return f"wants arguments of '{layer.method}' that are no ports: {', '.join(wrong)}"
    try:
        settings(component)
    except NameError as error:
        return f"has settings of unknown types: {error}"
    return ""
