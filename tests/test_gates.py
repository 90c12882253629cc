import pytest

from glinker_core import DAGExecutor
from glinker_core.builtin.gates import UncertainGate
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from tests.fake_plugins import PARIS, fakes, node, pipeline


def item(*scores):
    found = tuple(Candidate(Entity(str(n), "x"), "x", "exact", {"l2": score}) for n, score in enumerate(scores))
    return MentionCandidates(Mention(0, 1, "x"), found)


@pytest.mark.parametrize(
    ("scores", "passes"),
    [((), False), ((0.2,), False), ((1.0, 1.0), True), ((1.0, 0.95), True), ((1.0, 0.8), False), ((0.4, 0.1), True)],
)
def test_only_close_calls_and_weak_bests_with_a_choice_pass(scores, passes):
    gate = UncertainGate(min_score=0.5, min_margin=0.1)
    assert gate.select(["x"], [[item(*scores)]]) == [(item(*scores),) if passes else ()]


def test_what_a_gate_holds_back_reaches_the_output_with_the_score_it_had():
    chain = pipeline(
        node("l1", "l1_fake"),
        node("l2", "l2_chain", layers=[{"type": "fake"}]),
        node("gate", "gate_uncertain"),
        node("l3", "l3_fake"),
        node("l0", "l0_aggregator", return_all_candidates=True),
    )
    with DAGExecutor(chain, plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        context = executor.execute({"texts": ["Paris took the Seine for a river near Troy, the prince said."]})
    assert [[i.mention.text for i in items] for items in context.get("gate_result")] == [["Paris"]]
    paris, seine = context.get("l0_result").entities
    assert paris.linked_entity.entity_id == "myth"
    assert set(paris.candidates[0].scores) == {"l2", "l3"}
    assert seine.linked_entity.entity_id == "seine"
    assert set(seine.candidates[0].scores) == {"l2"}
