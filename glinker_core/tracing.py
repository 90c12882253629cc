"""Spans of OpenTelemetry, a plugin of its own: one for each node of each batch.

Without `opentelemetry-api` it does nothing; without an SDK that is set up, the spans of the API are empty and cheap.
"""

from __future__ import annotations

from collections.abc import Generator
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from glinker_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from glinker_core.runner import NodeCall

_THERE = find_spec("opentelemetry") is not None


@hookimpl(wrapper=True, tryfirst=True)
def glinker_run_node(call: NodeCall) -> Generator[None, Any, Any]:
    """A span around a node, with its processor, its batch and how many texts it was given."""
    if not _THERE:
        return (yield)
    from opentelemetry.trace import get_tracer

    attributes: dict[str, str | int] = {
        "glinker.processor": call.node.processor,
        "glinker.batch": call.batch,
        "glinker.texts": len(call.arguments["texts"]) if "texts" in call.arguments else 0,
    }
    with get_tracer("glinker").start_as_current_span(f"glinker {call.node.id}", attributes=attributes):
        return (yield)
