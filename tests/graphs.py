"""Graphs for tests: made of nodes or of the text of a file, or refused, with components that have what is rare."""

import pytest
from attrs import define

from glinker_core import ConfigError
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.source import Source, parse
from glinker_core.testing.fakes import FakeLinker, FakeRecognizer
from tests.fake_plugins import fakes, node, pipeline


@define
class Templated(FakeLinker):
    template: str = "{label}"


@define
class Modelled(FakeRecognizer):
    model_name: str = "none"
    token: str | None = None


@define
class Odd:
    """Has a port of its own that may stay unconnected."""

    def link(self, texts, candidates, language="en"):
        return candidates


@define
class Declared:
    """A component whose class breaks the rules."""

    def recognise(self, texts):
        return [() for _ in texts]


@define
class Wants:
    """Wants what nobody gives."""

    def link(self, texts, candidates, language):
        return candidates


def function(texts):
    return texts


class More:
    """Declares them."""

    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_model", f"{__name__}:Modelled", "has a model")
        yield Component("l1_misspelt", f"{__name__}:Declared", "has no recognize")
        yield Component("l1_function", f"{__name__}:function", "is no class")

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_templated", f"{__name__}:Templated", "has a template")
        yield Component("l3_odd", f"{__name__}:Odd", "has a port of its own")
        yield Component("l3_wants", f"{__name__}:Wants", "wants what nobody gives")


class Rival:
    """Offers a name that another plugin offers too."""

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_fake", f"{__name__}:Templated", "the same name")


FAKE = [{"type": "fake"}]


def graph(*nodes, plugins=None, **rest):
    """The graph of these nodes."""
    return build(Source(pipeline(*nodes, **rest)), plugins or fakes(more=More()))


def refused(*nodes, plugins=None, **rest):
    """The problems of these nodes, of which no graph is made."""
    with pytest.raises(ConfigError) as caught:
        graph(*nodes, plugins=plugins, **rest)
    return [str(problem) for problem in caught.value.problems]


def file(text):
    """The graph of a file, whose places have lines and columns."""
    return build(parse(text, "p.yaml"), fakes(more=More()))


def refused_file(text):
    """The problems of a file, of which no graph is made."""
    with pytest.raises(ConfigError) as caught:
        file(text)
    return [str(problem) for problem in caught.value.problems]


def reads(graph, node_id):
    """What each port of a node reads."""
    inputs = graph.node(node_id).inputs
    return {port: [ref.node or f"$input.{ref.kind}" for ref in refs] for port, refs in inputs.items()}


L1, L2, L3, L0 = (
    node("l1", "l1_fake"),
    node("l2", "l2_chain", layers=FAKE),
    node("l3", "l3_fake"),
    node("l0", "l0_aggregator"),
)
LONG = (
    node("l1", "l1_fake", {"texts": {"source": "$input", "fields": "texts"}}),
    node(
        "l2",
        "l2_chain",
        {"texts": "$input", "mentions": {"source": "l1_result", "fields": "entities"}},
        layers=FAKE,
    ),
    node("l3", "l3_fake", {"texts": "$input", "candidates": {"source": "l2_result", "fields": "candidates"}}),
    node("l0", "l0_aggregator", {"texts": "$input", "mentions": "l1_result", "candidates": {"source": "l3_result"}}),
)
