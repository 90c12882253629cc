"""Evaluation: gold standards in the usual formats, and measures of a pipeline against them."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_commands() -> Iterator[Component]:
    """Measuring a pipeline."""
    yield Component("eval", "glinker_eval.cli:app", "Measure a pipeline against a gold standard.")
