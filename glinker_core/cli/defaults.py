"""The pipelines that `glinker init` writes, and the one that `glinker link` runs when it is given none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from glinker_core.layers import LAYERS
from glinker_core.plugins import Plugins
from glinker_core.presets import preset
from glinker_core.source import Source, dump, parse


@cache  # one process has one default, even if its file is replaced by another release while it runs
def template() -> str:
    """The pipeline file with its comments."""
    return files("glinker_core.cli").joinpath("default.yaml").read_text(encoding="utf-8")


def default_pipeline(layer: Mapping[str, Any]) -> Source:
    """The same pipeline over one store."""
    source = parse(template(), "default pipeline")
    source.data["name"] = "default"
    chain = next(node for node in source.data["nodes"] if node["processor"] == "l2_chain")
    chain["config"]["layers"] = [layer]
    return source


def preset_template(plugins: Plugins, name: str, **choices: Any) -> str:
    """The pipeline file of a preset; what each processor does, as its plugin says, stands beside it."""
    head = template().partition("name:")[0]
    hooks = [layer.hook for layer in LAYERS.values()]
    summary = plugins.find(name, "glinker_presets").component.summary

    def described(match: re.Match[str]) -> str:
        return f"{match[0]}    # {plugins.find(match[1], *hooks).component.summary}"

    text = re.sub(r"^  processor: (\S+)$", described, dump(preset(plugins, name, **choices)), flags=re.MULTILINE)
    return f"{head}#\n# Preset {name}: {summary}.\n{text}"
