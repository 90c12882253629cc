"""The embedded default as a whole: gazetteer, store, lexical linker, aggregator, as a user runs it."""

import json
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core import DAGExecutor, Document

HOMONYMS = [
    {"entity_id": "fr", "label": "Paris", "description": "capital of France on the Seine", "popularity": 9},
    {"entity_id": "tx", "label": "Paris", "description": "town in Texas among cattle farms", "popularity": 9},
    {"entity_id": "troy", "label": "Paris", "description": "prince of Troy who took Helen", "popularity": 9},
    {"entity_id": "seine", "label": "Seine", "description": "river in France"},
]
TEXTS = [
    "Paris",
    "The Seine flows through Paris.",
    "A rodeo in Paris, between the farms and the cattle of Texas; the Seine is far.",
    "Helen went with Paris to Troy.",
    "Nothing.",
    "",
]


def chain(store):
    return {
        "nodes": [
            {"id": "l1", "processor": "l1_gazetteer"},
            {"id": "l2", "processor": "l2_chain", "config": {"layers": [store]}},
            {"id": "l3", "processor": "l3_lexical"},
            {"id": "l0", "processor": "l0_aggregator", "config": {"return_all_candidates": True}},
        ]
    }


@pytest.fixture(scope="module", params=["dict", "sqlite"])
def executor(request, tmp_path_factory):
    config = {"path": str(tmp_path_factory.mktemp("kb") / "kb.db")} if request.param == "sqlite" else {}
    with DAGExecutor(chain({"type": request.param, "config": config})) as executor:
        executor.load_entities(HOMONYMS)
        yield executor


def test_context_decides_between_homonyms(executor):
    linked = [
        [m.linked_entity.entity_id for m in d.entities if m.mention_text == "Paris"] for d in executor.link(TEXTS)
    ]
    assert linked[1:] == [["fr"], ["tx"], ["troy"], [], []]


def test_three_entities_of_one_label_are_all_candidates_in_order_of_id_where_nothing_tells_them_apart(executor):
    (mention,) = executor.link(["Paris"])[0].entities
    assert [c.entity_id for c in mention.candidates] == ["fr", "troy", "tx"]


@settings(max_examples=40, deadline=None)
@given(order=st.permutations(range(len(TEXTS))), size=st.integers(1, 7), workers=st.integers(1, 3))
def test_batches_orders_and_workers_change_nothing(executor, order, size, workers):
    one_by_one = [executor.link([Document(TEXTS[number], str(number))])[0] for number in order]
    documents = [Document(TEXTS[number], str(number)) for number in order]
    assert list(executor.stream(documents, batch_size=size, workers=workers)) == one_by_one


def test_the_hash_seed_changes_nothing(tmp_path):
    file = tmp_path / "kb.jsonl"
    file.write_text("".join(json.dumps(entity) + "\n" for entity in HOMONYMS))
    program = [sys.executable, "-c", "from glinker_core.cli import main; main()"]
    command = [*program, "link", "--kb", str(file), "--all-candidates", "--quiet", *TEXTS[:4]]
    outputs = {
        subprocess.run(
            command, env={**os.environ, "PYTHONHASHSEED": str(seed)}, capture_output=True, check=True, text=True
        ).stdout
        for seed in range(3)
    }
    assert len(outputs) == 1
    assert outputs.pop().count('"troy"') >= 4
