import json
from pathlib import Path

import pytest
from glinker_eval.gold import gold_of
from glinker_eval.priors import learn_priors

from glinker_core.errors import DataError
from glinker_core.layers import Row
from glinker_core.model import Document, Entity
from glinker_core.testing.store import store_of
from tests.cli_runs import glinker

FRANCE, TEXAS = Entity("fr", "Paris", popularity=90), Entity("tx", "Paris", ("Paris, Texas",))


def gold(*mentions):
    """One document for each mention: what stands there, and what it means."""
    texts = [Document(text, f"d{n}", ({"start": 0, "end": len(text), "entity_ids": ids},)) for n, (text, ids) in
             enumerate(mentions)]  # fmt: skip
    return gold_of([Row(number, document) for number, document in enumerate(texts, 1)], "gold.jsonl")


def priors(store):
    return {entity.entity_id: entity.metadata.get("priors") for entity in store.entities()}


def test_priors_count_how_often_a_name_meant_an_entity():
    store = store_of([FRANCE, TEXAS])
    found = learn_priors(store, gold(("Paris", ["tx"]), ("PARIS", ["tx"]), ("Paris", ["fr"]), ("Parigi", ["fr"])))
    assert priors(store) == {"fr": {"parigi": 1, "paris": 1}, "tx": {"paris": 2}}
    assert (found.documents, found.mentions, found.priors, found.entities, found.names) == (4, 4, 3, 2, 0)
    assert store.get(["fr"])[0].aliases == ()


def test_learning_again_changes_nothing_and_adding_adds():
    store = store_of([FRANCE, TEXAS])
    learn_priors(store, gold(("Paris", ["tx"])))
    before = store.revision
    learn_priors(store, gold(("Paris", ["tx"])))
    assert (store.revision, priors(store)) == (before, {"fr": None, "tx": {"paris": 1}})
    learn_priors(store, gold(("Paris", ["tx"]), ("Paris", ["fr"])), add=True)
    assert priors(store) == {"fr": {"paris": 1}, "tx": {"paris": 2}}


def test_priors_that_are_there_are_forgotten_but_for_what_is_learnt():
    store = store_of([Entity("fr", "Paris", metadata={"priors": {"paris": 3}, "source": "table"}), TEXAS])
    found = learn_priors(store, gold(("Paris", ["tx"])))
    assert priors(store) == {"fr": None, "tx": {"paris": 1}}
    assert store.get(["fr"])[0].metadata == {"source": "table"}
    assert found.forgotten == 1


def test_what_an_entity_is_called_becomes_a_name_as_it_is_mostly_written():
    store = store_of([FRANCE])
    called = [("Ville Lumière", ["fr"]), ("ville lumiere", ["fr"]), ("Ville Lumière", ["fr"]), ("paris", ["fr"])]
    assert learn_priors(store, gold(*called), names=True).names == 1
    assert store.get(["fr"])[0].names == ("Paris", "Ville Lumière")
    assert learn_priors(store, gold(*called), names=True).names == 0


def test_a_mention_of_several_counts_for_each_and_ids_that_are_not_there_are_named():
    store = store_of([FRANCE, TEXAS])
    found = learn_priors(store, gold(("Paris", ["fr", "tx"]), ("Bonn", ["bonn"]), ("Paris", ["fr", "bonn"]), ("x", [])))
    assert priors(store) == {"fr": {"paris": 2}, "tx": {"paris": 1}}
    assert (found.mentions, found.absent) == (2, {"bonn": 2})


def test_what_cannot_be_added_to_is_refused_and_nothing_is_written():
    store = store_of([Entity("fr", "Paris", metadata={"priors": "many"}), TEXAS])
    before = store.revision
    with pytest.raises(DataError, match=r"entity 'fr': its priors are .many., not numbers by name"):
        learn_priors(store, gold(("Paris", ["tx"]), ("Paris", ["fr"])), add=True)
    assert (store.revision, priors(store)["tx"]) == (before, None)


def test_the_command_says_what_was_learnt_and_what_is_not_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("kb.jsonl").write_text('{"entity_id": "fr", "label": "Paris"}\n{"entity_id": "tx", "label": "Paris"}\n')
    mentions = [{"start": 0, "end": 5, "entity_id": "tx"}, {"start": 10, "end": 14, "entity_id": "bonn"}]
    Path("gold.jsonl").write_text(json.dumps({"id": "d", "text": "Paris and Bonn", "mentions": mentions}) + "\n")
    assert glinker("kb", "import", "kb.jsonl", "--store", "kb.db").exit_code == 0
    done = glinker("kb", "learn-priors", "gold.jsonl", "--store", "kb.db", "--names")
    assert done.exit_code == 0
    assert done.stdout == "kb.db: 1 document, 1 mention of its entities: 1 prior of 1 entity, 0 names added\n"
    assert "1 id is not in kb.db, with their mentions: bonn (1)" in done.stderr
    exported = map(json.loads, glinker("kb", "export", "--store", "kb.db").stdout.splitlines())
    assert [one["metadata"] for one in exported] == [{}, {"priors": {"paris": 1}}]
    assert glinker("kb", "learn-priors", "gold.jsonl", "--store", "none.db").exit_code == 2
