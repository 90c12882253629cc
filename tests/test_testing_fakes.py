"""The fakes make a whole pipeline."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core import DAGExecutor, Plugins, builtin
from glinker_core.errors import DataError, InputError
from glinker_core.layers import Search
from glinker_core.model import Entity
from glinker_core.resources import Resources
from glinker_core.testing import plugin
from glinker_core.testing.entities import ENTITIES, HOMONYMS
from glinker_core.testing.fakes import FakeRecognizer, FakeRetriever, store_of
from glinker_core.testing.store import distance

PIPELINE = {
    "nodes": [
        {"id": "l1", "processor": "l1_fake"},
        {"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "fake"}]}},
        {"id": "l3", "processor": "l3_fake"},
        {"id": "l4", "processor": "l4_fake"},
        {"id": "l0", "processor": "l0_fake"},
    ]
}


@pytest.fixture
def executor():
    with DAGExecutor(PIPELINE, plugins=Plugins({"builtin": builtin, "fakes": plugin})) as executor:
        executor.resources.store("fake").upsert(ENTITIES)
        yield executor


def test_a_pipeline_of_fakes_tells_homonyms_apart(executor):
    text = "Paris, the capital of France, lies on the Seine; Helen left Troy for Paris of Greek myth."
    (document,) = executor.link([text])
    linked = [(mention.mention_text, mention.linked_entity.entity_id) for mention in document.entities]
    assert linked[0] == ("Paris", "city-paris-fr")
    assert document.entities[0].candidates[0].scores.keys() == {"l2", "l3", "l4"}
    assert document.entities[0].num_candidates == len(HOMONYMS["Paris"])


def test_fake_recognizer_without_names_and_entities_finds_nothing():
    recognizer = FakeRecognizer()
    recognizer.open(Resources())
    assert recognizer.recognize(["Paris"]) == [[]]


def test_fake_retriever_says_that_it_is_not_open():
    with pytest.raises(InputError, match=r"call open\(resources\) first"):
        FakeRetriever().retrieve(["Paris"])


def test_fake_retriever_asks_the_second_store_for_what_the_first_does_not_know():
    retriever = FakeRetriever()
    retriever.open(Resources({"one": store_of([Entity("a", "A")]), "two": store_of([Entity("b", "B")])}))
    mentions = FakeRecognizer(("A", "B"))
    mentions.open(Resources())
    ((a, b),) = retriever.retrieve(["A B"], mentions.recognize(["A B"]))
    assert [c.entity_id for item in (a, b) for c in item.candidates] == ["a", "b"]


def test_store_of_refuses_one_id_with_two_contents():
    with pytest.raises(DataError, match="entity 'a': is there already with other content"):
        store_of([Entity("a", "A"), Entity("a", "B")])


def test_fake_store_fills_tiers_in_the_order_of_the_modes():
    store = store_of([Entity("a", "Constantin"), Entity("b", "Constantine")])
    assert [c.entity_id for c in store.search(["Constantin"], Search(modes=("fuzzy",)))[0]] == ["a", "b"]


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_distance_is_symmetric_and_bounded(one, other):
    edits = distance(one, other)
    assert edits == distance(other, one)
    assert abs(len(one) - len(other)) <= edits <= max(len(one), len(other))
    assert (edits == 0) == (one == other)


def test_nothing_else_in_the_core_imports_pytest():
    code = "import sys, glinker_core.executor, glinker_core.factory; print({'pytest', 'hypothesis'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
