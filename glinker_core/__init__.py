"""Entity linking as pipelines of plugins: text goes in, mentions come out linked to the entities of your own KB.

    from glinker_core import ConfigBuilder, DAGExecutor

The front doors are `ConfigBuilder`, `DAGExecutor` and `ProcessorFactory`; what flows is in `glinker_core.model`, what
a plugin implements in `glinker_core.layers` and `glinker_core.hookspecs`, and how it is tested in
`glinker_core.testing`. Names are imported when they are first used, so that `glinker --help` stays quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from glinker_core.builder import ConfigBuilder
    from glinker_core.context import Context
    from glinker_core.errors import ConfigError, DataError, GlinkerError, InputError, NodeError, PluginError, StoreError
    from glinker_core.executor import DAGExecutor
    from glinker_core.factory import ProcessorFactory
    from glinker_core.model import Candidate, Document, Entity, LinkedDocument, LinkedMention, Mention
    from glinker_core.plugins import Plugins

_HOMES = {
    "ConfigBuilder": "builder",
    "Context": "context",
    "ConfigError": "errors",
    "DataError": "errors",
    "GlinkerError": "errors",
    "InputError": "errors",
    "NodeError": "errors",
    "PluginError": "errors",
    "StoreError": "errors",
    "DAGExecutor": "executor",
    "ProcessorFactory": "factory",
    "Candidate": "model",
    "Document": "model",
    "Entity": "model",
    "LinkedDocument": "model",
    "LinkedMention": "model",
    "Mention": "model",
    "Plugins": "plugins",
}

__all__ = [
    "Candidate",
    "ConfigBuilder",
    "ConfigError",
    "Context",
    "DAGExecutor",
    "DataError",
    "Document",
    "Entity",
    "GlinkerError",
    "InputError",
    "LinkedDocument",
    "LinkedMention",
    "Mention",
    "NodeError",
    "PluginError",
    "Plugins",
    "ProcessorFactory",
    "StoreError",
    "__version__",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module '{__name__}' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
