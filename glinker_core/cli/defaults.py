"""The pipeline that `glinker init` writes and that `glinker link` runs when it is given none."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from glinker_core.source import Source, parse


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
