"""The first program that GLiNKER's documentation shows, with the import changed and models in folders."""

from __future__ import annotations

import importlib.util
import json
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from glinker_core import ConfigBuilder, DAGExecutor
from glinker_core.errors import GlinkerError

TINY = Path(__file__).parents[2] / "glinker-gliner" / "tests" / "tiny.py"
ENTITIES = [
    {"entity_id": "Q90", "label": "Paris", "description": "Capital of France.", "entity_type": "city"},
    {"entity_id": "Q830149", "label": "Paris", "description": "City in Texas.", "entity_type": "city"},
    {"entity_id": "Q41421", "label": "Michael Jordan", "description": "Basketball player.", "entity_type": "person"},
]


@pytest.fixture(scope="module")
def linker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The folder of a tiny GLiNER model with random weights."""
    torch = pytest.importorskip("torch", reason="environments for other versions of spaCy have no torch")
    spec = importlib.util.spec_from_file_location("tiny_models", TINY)
    assert spec is not None
    assert spec.loader is not None
    tiny: Any = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, while gliner is imported
        spec.loader.exec_module(tiny)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield str(tiny.build("bi", tmp_path_factory.mktemp("linker")))
    torch.set_num_threads(threads)


@pytest.fixture
def entities(tmp_path: Path) -> str:
    path = tmp_path / "entities.jsonl"
    path.write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES), encoding="utf-8")
    return str(path)


def test_the_first_program_of_glinker_runs(ruler: str, linker: str, entities: str) -> None:
    builder = ConfigBuilder(name="demo")
    builder.l1.spacy(model=ruler)
    builder.l3.configure(model=linker, threshold=0.0)  # the weights are random

    executor = DAGExecutor(builder.get_config())
    executor.load_entities(entities, target_layers=["dict"])
    result = executor.execute({"texts": ["Michael Jordan never played in Paris, nor in Springfield."]})

    l0_result = result.get("l0_result")
    linked = {}
    for entity in l0_result.entities:
        if entity.linked_entity:
            linked[entity.mention_text] = entity.linked_entity.label
            assert 0 < entity.linked_entity.score < 1
    assert linked == {"Michael Jordan": "Michael Jordan", "Paris": "Paris"}
    assert [(entity.mention_text, entity.label) for entity in l0_result.entities] == [
        ("Michael Jordan", "PERSON"),
        ("Paris", "GPE"),
        ("Springfield", "GPE"),
    ]
    executor.close()


def test_without_a_model_the_builder_says_where_its_default_is_from() -> None:
    builder = ConfigBuilder(name="demo")
    builder.l1.spacy()
    with pytest.raises(GlinkerError, match="model 'en_core_sci_sm': is not there; it is one of scispaCy's"):
        DAGExecutor(builder.get_config()).execute({"texts": ["Paris"]})


def test_a_pipeline_file_takes_the_settings_of_glinker(ruler: str) -> None:
    config = {
        "model": ruler, "device": "cpu", "batch_size": 1, "max_left_context": 30, "max_right_context": 30,
        "min_entity_length": 6, "include_noun_chunks": False,
    }  # fmt: skip
    nodes = [{"id": "l1", "processor": "l1_spacy", "config": config}, {"id": "l2", "processor": "l2_chain"}]
    nodes[1]["config"] = {"layers": [{"type": "dict"}]}
    with DAGExecutor({"name": "it", "nodes": [*nodes, {"id": "l0", "processor": "l0_aggregator"}]}) as pipeline:
        (document,) = pipeline.link(["Paris Hilton flew from Paris to Springfield."])
    assert [(mention.mention_text, mention.label) for mention in document.entities] == [
        ("Paris Hilton", "PERSON"),
        ("Springfield", "GPE"),
    ]
