import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from glinker_core import DAGExecutor, NodeError, Plugins, tracing
from tests.fake_plugins import fakes, node, pipeline
from tests.test_runner import OddPlugin


@pytest.fixture(scope="module")
def exporter():
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return exporter


@pytest.fixture
def spans(exporter):
    exporter.clear()
    return lambda: [
        (span.name, dict(span.attributes or {}), span.status.is_ok) for span in exporter.get_finished_spans()
    ]


def test_each_node_of_a_batch_is_a_span(spans):
    plugins = fakes(tracing=tracing)
    DAGExecutor(pipeline(node("l1", "l1_fake"), node("l0", "l0_aggregator")), plugins=plugins).link(["Paris", "Rome"])
    about = {"glinker.batch": 0, "glinker.texts": 2}
    assert spans() == [
        ("glinker l1", {"glinker.processor": "l1_fake", **about}, True),
        ("glinker l0", {"glinker.processor": "l0_aggregator", **about}, True),
    ]


def test_a_node_that_fails_is_a_span_with_an_error(spans):
    plugins = fakes(tracing=tracing, odd=OddPlugin())
    executor = DAGExecutor(pipeline(node("l1", "l1_odd", answer="raise"), node("l0", "l0_aggregator")), plugins=plugins)
    with pytest.raises(NodeError):
        executor.link(["Paris"])
    assert [(name, ok) for name, _, ok in spans()] == [("glinker l1", False)]


def test_nothing_is_traced_where_opentelemetry_is_not_installed(spans, monkeypatch):
    monkeypatch.setattr(tracing, "_THERE", False)
    plugins = fakes(tracing=tracing)
    DAGExecutor(pipeline(node("l1", "l1_fake"), node("l0", "l0_aggregator")), plugins=plugins).link(["Paris"])
    assert spans() == []


def test_it_is_a_plugin_of_the_core():
    assert Plugins.installed().plugins["tracing"].distribution == "glinker-core"
