"""A plugin of fakes for tests of the core, and the pipeline made of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from attrs import Factory, define

from glinker_core import Plugins
from glinker_core.errors import StoreError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.testing.store import FakeStore

FAKES = "glinker_core.testing.fakes"

PARIS = (
    Entity("fr", "Paris", ("Ville Lumière",), "capital of France on the Seine", "city", 900),
    Entity("tx", "Paris", ("Paris, Texas",), "city in Texas", "city", 25),
    Entity("myth", "Paris", (), "prince of Troy", "person", 60),
    Entity("seine", "Seine", (), "river in France", "river", 300),
)


@define
class DownStore(FakeStore):
    """A store whose server is down."""

    def search(self, names: Any, search: Search) -> list[tuple[Candidate, ...]]:
        raise StoreError("connection refused; start the server")


@define
class MappedStore(FakeStore):
    """A store with settings."""

    port: int = 0
    field_mapping: dict[str, str] = Factory(dict)


class FakesPlugin:
    """Declares the fakes under names of their own."""

    @hookimpl
    def glinker_recognizers(self) -> Iterator[Component]:
        yield Component("l1_fake", f"{FAKES}:FakeRecognizer", "names")

    @hookimpl
    def glinker_stores(self) -> Iterator[Component]:
        yield Component("fake", "glinker_core.testing.store:FakeStore", "in memory")
        yield Component("fake_cache", f"{FAKES}:FakeCache", "answers in a dict")
        yield Component("down", "tests.fake_plugins:DownStore", "never there")
        yield Component("mapped", "tests.fake_plugins:MappedStore", "maps fields")

    @hookimpl
    def glinker_linkers(self) -> Iterator[Component]:
        yield Component("l3_fake", f"{FAKES}:FakeLinker", "overlap")

    @hookimpl
    def glinker_rerankers(self) -> Iterator[Component]:
        yield Component("l4_fake", f"{FAKES}:FakeReranker", "overlap again")


def fakes(**others: Any) -> Plugins:
    """The built-ins and the fakes, and other plugins by name; nothing that is installed."""
    return Plugins({"builtin": __import__("glinker_core.builtin", fromlist=["x"]), "fakes": FakesPlugin(), **others})


def node(node_id: str, processor: str, inputs: Any = None, **config: Any) -> dict[str, Any]:
    """A node as a file has it."""
    made: dict[str, Any] = {"id": node_id, "processor": processor, "config": config}
    return {**made, "inputs": inputs} if inputs else made


def pipeline(*nodes: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """A pipeline of nodes; without any, the whole chain of fakes from L1 to L0."""
    chain = (
        node("l1", "l1_fake"),
        node("l2", "l2_chain", layers=[{"type": "fake"}]),
        node("l3", "l3_fake"),
        node("l0", "l0_aggregator"),
    )
    return {"name": "test", "nodes": list(nodes or chain), **rest}
