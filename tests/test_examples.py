"""The examples are what they say: offsets stand, homonyms occur in both readings, and the pipelines tell them apart."""

from __future__ import annotations

import json
import runpy
from collections import defaultdict
from pathlib import Path

import pytest

from glinker_core import DAGExecutor

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"
PIPELINES = sorted((EXAMPLES / "pipelines").glob("*.yaml"))


def lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def gold():
    return lines(EXAMPLES / "gold.jsonl")


@pytest.fixture(scope="module")
def entities():
    return {record["entity_id"]: record for record in lines(EXAMPLES / "entities.jsonl")}


@pytest.fixture
def kb(tmp_path, monkeypatch):
    """The knowledge base the example pipelines name, for this test alone."""
    path = tmp_path / "kb.db"
    monkeypatch.setenv("GLINKER_KB", str(path))
    return path


def homonyms(gold):
    """Surface form -> the entities it means in the examples, for those that mean more than one."""
    readings = defaultdict(set)
    for document in gold:
        for mention in document["mentions"]:
            if mention["entity_id"]:
                readings[mention["text"]].add(mention["entity_id"])
    return {surface: ids for surface, ids in readings.items() if len(ids) > 1}


def test_gold_is_about_the_texts_in_the_folder(gold):
    texts = {path.stem: path.read_text(encoding="utf-8") for path in (EXAMPLES / "texts").glob("*.txt")}
    assert {document["id"]: document["text"] for document in gold} == texts


def test_gold_mentions_stand_where_they_say_in_order_and_apart(gold):
    for document in gold:
        end = 0
        for mention in document["mentions"]:
            assert document["text"][mention["start"] : mention["end"]] == mention["text"]
            assert end <= mention["start"] < mention["end"]
            end = mention["end"]


def test_gold_names_entities_by_a_name_they_have(gold, entities):
    for document in gold:
        for mention in document["mentions"]:
            if mention["entity_id"]:
                record = entities[mention["entity_id"]]
                assert mention["text"] in [record["label"], *record["aliases"]]


def test_entities_have_unique_ids_and_say_what_they_are(entities):
    assert len(entities) == len(lines(EXAMPLES / "entities.jsonl")) >= 60
    for record in entities.values():
        assert record["label"]
        assert record["entity_type"]
        assert len(record["description"].split()) >= 6
        assert 0 < record["popularity"] <= 100


def test_texts_mention_forty_entities_and_ten_homonyms_in_both_readings(gold):
    mentioned = {mention["entity_id"] for document in gold for mention in document["mentions"]} - {None}
    assert len(mentioned) >= 40
    assert len(homonyms(gold)) >= 10
    assert sum(len(document["text"].split()) for document in gold) >= 700


def test_texts_hold_names_of_no_entity_and_ordinary_words_that_equal_names(gold):
    assert sum(mention["entity_id"] is None for document in gold for mention in document["mentions"]) >= 5
    words = {word.strip(".,;") for document in gold for word in document["text"].split()}
    assert {"reading", "mobile", "nice", "turkey", "apple", "victoria"} <= words


@pytest.mark.parametrize("name", ["lexical.yaml", "lexical-full.yaml"])
def test_default_pipeline_tells_all_homonyms_apart(name, gold, kb):
    with DAGExecutor(str(EXAMPLES / "pipelines" / name)) as executor:
        executor.load_entities(str(EXAMPLES / "entities.jsonl"))
        linked = executor.link([document["text"] for document in gold])
    wrong = []
    surfaces = homonyms(gold)
    for document, found in zip(gold, linked, strict=True):
        spans = {(m.start, m.end): m.linked_entity and m.linked_entity.entity_id for m in found.entities}
        for mention in document["mentions"]:
            if mention["text"] in surfaces:
                got = spans.get((mention["start"], mention["end"]), "not found")
                if got != mention["entity_id"]:
                    wrong.append(f"{document['id']}: {mention['text']} -> {got}, not {mention['entity_id']}")
    assert wrong == []


def test_ordinary_words_in_lower_case_are_not_linked(gold, kb):
    with DAGExecutor(str(EXAMPLES / "pipelines" / "lexical.yaml")) as executor:
        executor.load_entities(str(EXAMPLES / "entities.jsonl"))
        linked = executor.link([document["text"] for document in gold])
    surfaces = [mention.mention_text for document in linked for mention in document.entities]
    assert len(surfaces) >= 100
    assert not {"reading", "mobile", "nice", "turkey", "apple", "victoria"} & set(surfaces)


@pytest.mark.parametrize("path", PIPELINES, ids=lambda path: path.stem)
def test_each_example_pipeline_links_mentions_given_or_found(path, kb):
    text = "The palace stands in Rome, on the river Tiber, among ancient ruins."
    given = [[{"start": 21, "end": 25, "text": "Rome"}]]
    with DAGExecutor(str(path)) as executor:
        executor.load_entities(str(EXAMPLES / "entities.jsonl"))
        result = executor.execute({"texts": [text], "entities": given})
    found = {e.mention_text: e.linked_entity.entity_id for e in result.get("l0_result").entities if e.linked_entity}
    assert found["Rome"] == "rome-italy"


def test_defect_i_the_first_example_runs_and_prints_both_links(monkeypatch, capsys):
    monkeypatch.chdir(ROOT)
    runpy.run_path(str(EXAMPLES / "quickstart.py"), run_name="__main__")
    printed = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert printed == ["Farnese Palace -> Farnese Palace", "Rome -> Rome"]
