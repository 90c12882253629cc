"""Pipelines over gold texts: whose mentions they link, and what is kept of each stage."""

import pytest
from glinker_eval.gold import gold_of
from glinker_eval.running import reads_mentions, run, taking_mentions

from glinker_core import DAGExecutor
from glinker_core.errors import InputError, NodeError
from glinker_core.hookspecs import hookimpl
from glinker_core.layers import Row
from glinker_core.model import Document, Entity
from glinker_core.source import Source, parse
from tests.fake_plugins import fakes, node, pipeline

ENTITIES = [Entity("ulm", "Ulm"), Entity("x", "Ulm lies"), Entity("rhine", "Rhine")]


class Failing:
    """Makes L3 fail on texts with a word."""

    @hookimpl(wrapper=True)
    def glinker_run_node(self, call):
        if call.node.id == "l3" and any("boom" in text for text in call.arguments["texts"]):
            raise ValueError("boom")
        return (yield)


def executor(made=None, **others):
    made = DAGExecutor(made or pipeline(), plugins=fakes(**others))
    made.load_entities(ENTITIES)
    return made


def gold(*documents):
    rows = []
    for number, (text, *spans) in enumerate(documents, 1):
        mentions = tuple({"start": a, "end": b, "entity_id": one} for a, b, one in spans)
        rows.append(Row(number, Document(text, f"d{number}", mentions)))
    return gold_of(rows, "gold")


def links(outcome):
    return [
        [(m.mention_text, m.linked_entity and m.linked_entity.entity_id) for m in traced.linked.entities]
        for traced in outcome.documents
    ]


def test_a_pipeline_finds_its_own_mentions_and_every_candidate_is_kept():
    with executor() as made:
        outcome = run(made, gold(("Ulm.", (0, 3, "ulm")), ("The Rhine.",)), "own")
    assert links(outcome) == [[("Ulm", "ulm")], [("Rhine", "rhine")]]
    assert [traced.gold.id for traced in outcome.documents] == ["d1", "d2"]
    assert list(outcome.documents[0].stages) == ["l2", "l3"]
    assert outcome.documents[0].linked.entities[0].candidates == outcome.documents[0].stages["l3"][0].candidates
    assert outcome.kilobytes == 0.014
    assert outcome.answers_nil


def test_each_recogniser_gives_way_to_the_mentions_of_the_gold_standard():
    nodes = [node("a", "l1_fake"), node("b", "fakes:l1_fake", names=["Rhine"])]
    nodes += [node("l2", "l2_chain", {"mentions": ["a", "b_result"]}, layers=[{"type": "fake"}])]
    nodes += pipeline()["nodes"][2:]
    changed = taking_mentions(Source(pipeline(*nodes)))
    assert [one["processor"] for one in changed.data["nodes"][:3]] == ["l1_external", "l1_external", "l2_chain"]
    with executor(changed) as made:
        assert reads_mentions(made)
        assert links(run(made, gold(("Ulm on the Rhine.", (0, 3, "ulm"), (4, 6, None))), "gold")) == [
            [("Ulm", "ulm"), ("on", None)]
        ]


def test_a_pipeline_without_recogniser_is_given_one_and_places_of_its_file_stay_right():
    text = "name: t\nnodes:\n  - {id: l2, processor: l2_chain, config: {layers: [{type: fake}]}}\n"
    text += "  - {id: l0, processor: l0_aggregator}\n"
    changed = taking_mentions(parse(text, "p.yaml"))
    assert changed.place(("nodes", 1, "config")) == "p.yaml:3:35"
    with executor(changed) as made:
        assert links(run(made, gold(("Ulm.", (0, 3, "ulm"))), "gold")) == [[("Ulm", "ulm")]]


def test_mentions_that_overlap_are_all_linked():
    spans = [(0, 8, "x"), (0, 3, "ulm"), (4, 8, None), (12, 17, "rhine"), (0, 3, "other")]
    with executor(taking_mentions(Source(pipeline()))) as made:
        outcome = run(made, gold(("Ulm lies at Rhine.", *spans), ("Nothing.",)), "gold")
    assert links(outcome) == [
        [("Ulm", "ulm"), ("Ulm lies", "x"), ("lies", None), ("Rhine", "rhine")],
        [],
    ]
    scored = outcome.documents[0].stages["l3"]
    assert sorted(item.mention.text for item in scored) == ["Rhine", "Ulm", "Ulm lies", "lies"]


@pytest.mark.parametrize("size", [1, 2, 32])
def test_batches_make_no_difference(size):
    documents = gold(*((f"Ulm lies {word}.", (0, 3, "ulm"), (0, 8, "x")) for word in "abc"))
    with executor(taking_mentions(Source(pipeline()))) as made:
        assert links(run(made, documents, "gold", batch_size=size)) == [[("Ulm", "ulm"), ("Ulm lies", "x")]] * 3


def test_what_is_not_linked_is_seen_though_the_pipeline_hides_it():
    nodes = [*pipeline()["nodes"][:3], node("l0", "l0_aggregator", include_unlinked=False, min_confidence=0.9)]
    with executor(pipeline(*nodes)) as made:
        outcome = run(made, gold(("Ulm.", (0, 3, "ulm"))), "own")
    assert not outcome.answers_nil
    assert links(outcome) == [[("Ulm", None)]]


def test_a_document_that_fails_is_named_and_the_rest_is_linked():
    documents = gold(("Ulm.", (0, 3, "ulm")), ("Ulm boom.", (0, 3, "ulm")))
    with executor(failing=Failing()) as made:
        with pytest.raises(NodeError, match="texts d1, d2"):
            run(made, documents, "own")
        outcome = run(made, documents, "own", on_error="skip")
    assert outcome.failed == ("d2",)
    assert links(outcome) == [[("Ulm", "ulm")], []]


def test_a_document_that_fails_in_one_of_its_rounds_has_no_mentions():
    documents = gold(("Ulm lies boom.", (0, 3, "ulm"), (0, 8, "x")))
    with executor(taking_mentions(Source(pipeline())), failing=Failing()) as made:
        outcome = run(made, documents, "gold", on_error="skip")
    assert (outcome.failed, links(outcome)) == (("d1",), [[]])


def test_a_pipeline_and_who_finds_the_mentions_must_agree():
    with executor() as made, pytest.raises(InputError, match="takes no mentions"):
        run(made, gold(("Ulm.",)), "gold")
    with executor(taking_mentions(Source(pipeline()))) as made, pytest.raises(InputError, match="--mentions gold"):
        run(made, gold(("Ulm.",)), "own")
