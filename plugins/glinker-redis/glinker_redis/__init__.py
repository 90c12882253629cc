"""A cache that processes and machines share: answers of slower stores, kept in Redis."""

from __future__ import annotations

from collections.abc import Iterable

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_stores() -> Iterable[Component]:
    """The cache of this distribution."""
    yield Component("redis", "glinker_redis.cache:RedisCache", "remembers answers of slower stores in Redis")
