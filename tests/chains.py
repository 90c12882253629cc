"""Chains for tests: over stores that remember what they were asked, and things that fail when they are told to."""

from __future__ import annotations

from typing import Any

from glinker_core.builtin.chain import ChainLayer, ChainRetriever
from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.resources import Resources
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore


class CountingStore(FakeStore):
    """Remembers what it was asked; `down` names what fails, `search` or `revision`."""

    def __init__(self, entities: Any = (), down: str = "") -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.searches: list[Search] = []
        self.fetched: list[list[str]] = []
        self.walks = 0
        self.down = down
        self.upsert(entities)

    @property
    def revision(self) -> str:
        if self.down == "revision":
            raise StoreError("connection refused")
        return super().revision

    def search(self, names, search):
        if self.down:
            raise StoreError("connection refused")
        self.asked.append(list(names))
        self.searches.append(search)
        return super().search(names, search)

    def get(self, entity_ids):
        self.fetched.append(list(entity_ids))
        return super().get(entity_ids)

    def entities(self):
        self.walks += 1
        return super().entities()


def opened(things, **config):
    """A chain over stores and caches by name, each faster than the next, with its resources."""
    layers = config.pop("layers", [{"type": name, "priority": -n} for n, name in enumerate(things)])
    chain = ChainRetriever(layers=tuple(ChainLayer(**layer) for layer in layers), **config)
    caches = {name: thing for name, thing in things.items() if isinstance(thing, FakeCache)}
    resources = Resources({name: thing for name, thing in things.items() if name not in caches}, caches)
    chain.open(resources)
    return chain, resources


def ids(chain, name):
    """The ids of the candidates of one name."""
    return [c.entity_id for c in chain.lookup([name])[name]]
