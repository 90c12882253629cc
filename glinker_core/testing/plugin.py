"""The fakes as a plugin, for pipelines in tests and docs: `Plugins({"builtin": builtin, "fakes": plugin})`."""

from __future__ import annotations

from collections.abc import Iterable

from glinker_core.hookspecs import Component, hookimpl

_FAKES = "glinker_core.testing.fakes"


@hookimpl
def glinker_recognizers() -> Iterable[Component]:
    """`l1_fake`."""
    yield Component("l1_fake", f"{_FAKES}:FakeRecognizer", "the names given, or those of the knowledge base")


@hookimpl
def glinker_stores() -> Iterable[Component]:
    """`fake` and `fake_cache`."""
    yield Component("fake", f"{_FAKES}:FakeStore", "a few hundred entities in a dict")
    yield Component("fake_cache", f"{_FAKES}:FakeCache", "answers in a dict")


@hookimpl
def glinker_retrievers() -> Iterable[Component]:
    """`l2_fake`."""
    yield Component("l2_fake", f"{_FAKES}:FakeRetriever", "the stores of the knowledge base, one after the other")


@hookimpl
def glinker_linkers() -> Iterable[Component]:
    """`l3_fake`."""
    yield Component("l3_fake", f"{_FAKES}:FakeLinker", "words that description and text share")


@hookimpl
def glinker_rerankers() -> Iterable[Component]:
    """`l4_fake`."""
    yield Component("l4_fake", f"{_FAKES}:FakeReranker", "words that label, description and text share")


@hookimpl
def glinker_gates() -> Iterable[Component]:
    """`gate_fake`."""
    yield Component("gate_fake", f"{_FAKES}:FakeGate", "mentions with two close candidates")


@hookimpl
def glinker_aggregators() -> Iterable[Component]:
    """`l0_fake`."""
    yield Component("l0_fake", f"{_FAKES}:FakeAggregator", "the best candidate if it reaches the threshold")


@hookimpl
def glinker_readers() -> Iterable[Component]:
    """`fake`."""
    yield Component("fake", f"{_FAKES}:FakeReader", "id=label=alias lines", (".fake",))
