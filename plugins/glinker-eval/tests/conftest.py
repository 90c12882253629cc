"""Four documents about cities, and a pipeline of fakes that is right about some of their mentions."""

import json

import glinker_eval
import pytest
from glinker_eval.evaluation import Setup, evaluate
from glinker_eval.gold import gold_of
from glinker_eval.running import taking_mentions

from glinker_core import DAGExecutor
from glinker_core.layers import Row
from glinker_core.model import Document, Entity
from glinker_core.source import Source
from tests.cli_runs import glinker
from tests.fake_plugins import fakes, pipeline

ENTITIES = [
    Entity("fr", "Paris", (), "capital of France", "city", 90),
    Entity("tx", "Paris", (), "town in Texas", "city", 20),
    Entity("ulm", "Ulm", (), "seat of a minster", "town"),
]
# The linker adds the share of a description's words that stand in the text: d3 is linked to the Paris it does not mean.
DOCUMENTS = [
    {"id": "d1", "text": "Paris and Ulm met Bonn.", "mentions": [(0, 5, "fr"), (10, 13, "ulm"), (18, 22, None)]},
    {"id": "d2", "text": "Paris in Texas.", "mentions": [(0, 5, "tx"), (9, 14, "texas")]},
    {"id": "d3", "text": "Paris, by the Danube.", "mentions": [(0, 5, "tx")]},
    {"id": "d4", "text": "Nothing here.", "mentions": []},
]
KEYS = "start", "end", "entity_id"


def gold(documents, name):
    rows = [
        Row(n, Document(d["text"], d["id"], tuple(dict(zip(KEYS, m, strict=True)) for m in d["mentions"])))
        for n, d in enumerate(documents, 1)
    ]
    return gold_of(rows, name)


@pytest.fixture
def measured():
    """Measures a pipeline of fakes, by default against the documents above."""

    def measure(*setup, documents=DOCUMENTS, entities=ENTITIES, name="gold.jsonl", runs=None, **options):
        source = Source(runs or pipeline())
        made = taking_mentions(source) if "gold" in setup else source
        with DAGExecutor(made, plugins=fakes()) as executor:
            executor.load_entities(entities)
            return evaluate(executor, gold(documents, name), Setup(*setup), **options)

    return measure


@pytest.fixture
def standard():
    """The documents above as a gold standard."""
    return gold(DOCUMENTS, "gold.jsonl")


@pytest.fixture
def loaded():
    """A pipeline of fakes with the entities above."""
    with DAGExecutor(Source(pipeline()), plugins=fakes()) as executor:
        executor.load_entities(ENTITIES)
        yield executor


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with the documents as gold.jsonl, the entities as kb.jsonl and the pipeline as p.yaml."""
    lines = [{**d, "mentions": [dict(zip(KEYS, m, strict=True)) for m in d["mentions"]]} for d in DOCUMENTS]
    (tmp_path / "gold.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    names = "entity_id", "label", "description", "entity_type", "popularity"
    entities = [{name: getattr(entity, name) for name in names} for entity in ENTITIES]
    (tmp_path / "kb.jsonl").write_text("".join(json.dumps(entity) + "\n" for entity in entities))
    (tmp_path / "p.yaml").write_text(json.dumps(pipeline()))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def call():
    """Runs `glinker eval` here."""
    return lambda *args: glinker("eval", *args, plugins=fakes(eval=glinker_eval))
