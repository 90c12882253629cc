"""Whole pipelines that plugins offer by name."""

from __future__ import annotations

import inspect
from typing import Any

from glinker_core.errors import InputError, near
from glinker_core.plugins import Plugins


def preset(plugins: Plugins, name: str, **choices: Any) -> dict[str, Any]:
    """The pipeline of that name as a file would hold it; `choices` are what it leaves open, such as `labels`."""
    make = plugins.load(plugins.find(name, "glinker_presets"))
    known = inspect.signature(make).parameters
    if unknown := [f"'{choice}'{near(choice, known)}" for choice in choices if choice not in known]:
        raise InputError(f"preset '{name}' leaves no {', no '.join(unknown)} open")
    pipeline: dict[str, Any] = make(**choices)
    return pipeline
