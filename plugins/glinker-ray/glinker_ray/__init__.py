"""Pipelines on Ray: an engine for `glinker link --into`, and `link_dataset` for datasets of Ray Data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from glinker_core.hookspecs import Component, hookimpl

if TYPE_CHECKING:
    from glinker_ray.dataset import link_dataset

__all__ = ["link_dataset"]


@hookimpl
def glinker_engines() -> Iterable[Component]:
    """Actors, on this machine or on the cluster that RAY_ADDRESS names."""
    yield Component("ray", "glinker_ray.engine:ray", "actors of Ray, here or on the cluster that RAY_ADDRESS names")


def __getattr__(name: str) -> Any:
    if name == "link_dataset":  # Ray takes seconds to import, and whoever lists plugins has no use for it
        from glinker_ray.dataset import link_dataset

        return link_dataset
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
