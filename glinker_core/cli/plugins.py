"""`glinker plugins`: what is installed, what it offers, and what is wrong with the rest."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from glinker_core.cli.console import plugins_of
from glinker_core.layers import LAYERS
from glinker_core.plugins import Offer, Plugins

_KINDS = {
    **{layer.hook: layer.name for layer in LAYERS.values()},
    "glinker_stores": "store",
    "glinker_readers": "reader",
    "glinker_writers": "writer",
    "glinker_engines": "engine",
    "glinker_commands": "command",
    "glinker_presets": "preset",
}


def plugins(
    ctx: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False
) -> None:
    """List the installed plugins and what they offer.

    A plugin that is broken or disabled is listed with the reason.
    """
    found = plugins_of(ctx)
    described = [_described(found, name) for name in found.plugins]
    if as_json:
        typer.echo(json.dumps(described, indent=2))
        return
    width = max((len(offer["name"]) for plugin in described for offer in plugin["offers"]), default=0)
    for plugin in described:
        problem = f": not usable: {plugin['problem']}" if plugin["problem"] else ""
        typer.echo(" ".join(filter(None, (plugin["name"], plugin["distribution"], plugin["version"]))) + problem)
        for offer in plugin["offers"]:
            typer.echo(f"  {offer['name']:{width}}  {offer['kind']:10}  {offer['summary']}")


def _described(plugins: Plugins, name: str) -> dict[str, Any]:
    plugin = plugins.plugins[name]
    offers = [_offer(offer, kind) for hook, kind in _KINDS.items() for offer in plugins.offers(hook) if
              offer.plugin == name]  # fmt: skip
    return {
        "name": plugin.name,
        "distribution": plugin.distribution,
        "version": plugin.version,
        "problem": plugin.problem or None,
        "offers": offers,
    }


def _offer(offer: Offer, kind: str) -> dict[str, Any]:
    component = offer.component
    plain = {"name": component.name, "kind": kind, "summary": component.summary}
    return {**plain, "suffixes": list(component.suffixes)} if component.suffixes else plain
