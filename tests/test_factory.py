import inspect
import sys

import pytest

from glinker_core import ConfigError, DataError, InputError, ProcessorFactory
from glinker_core.executor import DAGExecutor
from tests.fake_plugins import PARIS, fakes, pipeline

RECORDS = [{"entity_id": "fr", "label": "Paris", "popularity": 9}, {"entity_id": "seine", "label": "Seine"}]


@pytest.fixture
def simple(plugins):
    """`create_simple` with stand-ins for the models; everything made is closed at the end."""
    made = []

    def create(*arguments, **settings):
        made.append(ProcessorFactory.create_simple(*arguments, **settings, plugins=plugins))
        return made[-1]

    yield create
    for executor in made:
        executor.close()


def component(executor, node):
    return executor.graph.node(node).component


def test_a_file_or_a_mapping_becomes_an_executor(tmp_path):
    path = tmp_path / "p.yaml"
    path.write_text("name: mine\nnodes: [{id: l1, processor: l1_fake}]\n")
    for made in (
        ProcessorFactory.create_pipeline(path, plugins=fakes()),
        ProcessorFactory.create_pipeline(str(path), True, plugins=fakes()),
        ProcessorFactory.create_from_dict(pipeline(name="mine"), verbose=True, plugins=fakes()),
    ):
        with made as executor:
            assert isinstance(executor, DAGExecutor)
            assert executor.graph.name == "mine"


def test_what_is_wrong_with_a_pipeline_is_said_when_it_is_made(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        ProcessorFactory.create_pipeline(tmp_path / "nope.yaml")
    with pytest.raises(ConfigError, match="a list 'nodes'"):
        ProcessorFactory.create_from_dict({})


def test_create_simple_has_the_names_and_defaults_of_the_other_library_in_its_order():
    parameters = inspect.signature(ProcessorFactory.create_simple).parameters
    assert [(p.name, p.default) for p in parameters.values() if p.kind is p.POSITIONAL_OR_KEYWORD] == [
        ("model_name", inspect.Parameter.empty), ("device", "cpu"), ("threshold", 0.5), ("template", "{label}"),
        ("max_length", 512), ("token", None), ("entities", None), ("precompute_embeddings", False),
        ("verbose", False), ("reranker_model", None), ("reranker_max_labels", 20), ("reranker_threshold", None),
        ("external_entities", False),
    ]  # fmt: skip


def test_create_simple_is_candidates_linker_and_output(simple):
    executor = simple("m", "cuda", 0.4, "{label}: {description}", 256, "t")
    assert [node.id for node in executor.graph.nodes] == ["l2", "l3", "l0"]
    linker = component(executor, "l3")
    assert (linker.model_name, linker.device, linker.threshold, linker.max_length) == ("m", "cuda", 0.4, 256)
    assert (linker.template, linker.token) == ("{label}: {description}", "t")
    assert component(executor, "l0").strict_matching is False
    assert executor.graph.warnings == ()


def test_create_simple_with_a_reranker_puts_it_behind_the_linker(simple):
    executor = simple("m", threshold=0.4, reranker_model="r", reranker_max_labels=7)
    assert [node.id for node in executor.graph.nodes] == ["l2", "l3", "l4", "l0"]
    reranker = component(executor, "l4")
    assert (reranker.model_name, reranker.max_labels, reranker.threshold) == ("r", 7, 0.4)
    assert executor.graph.node("l4").inputs["candidates"][0].node == "l3"
    assert executor.graph.node("l0").inputs["candidates"][0].node == "l4"
    assert component(simple("m", reranker_model="r", reranker_threshold=0.0), "l4").threshold == 0.0


def test_without_mentions_all_entities_of_the_store_are_candidates(simple):
    many = [{"entity_id": f"e{n:03}", "label": f"name {n}"} for n in range(100)]
    executor = simple("m", entities=many)
    (items,) = executor.execute({"texts": ["name 7"]}).get("l2_result").candidates
    assert len(items[0].candidates) == 100
    assert component(executor, "l2").max_candidates == sys.maxsize


def test_defect_j_mentions_of_the_caller_reach_every_stage(simple):
    executor = simple("m", entities=PARIS, external_entities=True, reranker_model="r")
    assert [node.id for node in executor.graph.nodes] == ["l1", "l2", "l3", "l4", "l0"]
    assert component(executor, "l0").strict_matching is True
    assert component(executor, "l2").max_candidates == 30
    text = "Paris and the Seine"
    given = [[{"text": "Seine", "start": 14, "end": 19}]]
    result = executor.execute({"texts": [text], "entities": given})
    assert [item.mention.text for item in result.get("l4_result").candidates[0]] == ["Seine"]
    assert [mention.linked_entity.entity_id for mention in result.get("l0_result").entities] == ["seine"]


@pytest.mark.parametrize("entities", [RECORDS, {r["entity_id"]: r for r in RECORDS}, iter(RECORDS)])
def test_create_simple_loads_entities_from_whatever_they_come_in(simple, entities):
    assert simple("m", entities=entities).count_entities() == {"l2": {"dict": 2}}


def test_create_simple_precomputes_embeddings_when_asked(simple, monkeypatch):
    asked = []
    monkeypatch.setattr(DAGExecutor, "precompute_embeddings", lambda self: asked.append(self))
    simple("m", precompute_embeddings=True)
    simple("m", entities=RECORDS)
    executor = simple("m", entities=RECORDS, precompute_embeddings=True)
    assert asked == [executor]


def test_an_executor_whose_entities_are_bad_is_closed_again(plugins, monkeypatch):
    closed = []
    close = DAGExecutor.close
    monkeypatch.setattr(DAGExecutor, "close", lambda self: (closed.append(self), close(self)))
    with pytest.raises(DataError, match="'label' is missing"):
        ProcessorFactory.create_simple("m", entities=[{"entity_id": "x"}], plugins=plugins)
    (executor,) = closed
    with pytest.raises(InputError, match="is closed"):
        executor.count_entities()


def test_a_model_needs_its_plugin():
    with pytest.raises(ConfigError, match="'l3_batch' is not installed; run: pip install glinker-gliner"):
        ProcessorFactory.create_simple("m", plugins=fakes())
