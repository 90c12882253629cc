import math

import pytest
from glinker_lexical.combination import CombiningReranker

from glinker_core import ConfigError, DAGExecutor
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.testing import RerankerContract

MENTION = Mention(0, 4, "Rome")


class TestCombiningRerankerKeepsTheContract(RerankerContract):
    @pytest.fixture
    def component(self):
        return CombiningReranker(
            weights={"bias": -4.0, "l2": 3.0, "l3": 2.0, "rank": 0.1, "same_name": 1.0, "share": 0.5},
            missing={"l3": -1.0},
            log_odds=("l2",),
            threshold=0.4,
        )


class TestCombiningRerankerWithoutWeightsKeepsTheContract(RerankerContract):
    @pytest.fixture
    def component(self):
        return CombiningReranker()


def candidate(entity_id, popularity=0.0, label="Rome", name="Rome", **scores):
    return Candidate(Entity(entity_id, label, popularity=popularity), name, "exact", scores)


def combined(*candidates, **config):
    ((item,),) = CombiningReranker(**config).rerank(["Rome"], [[MentionCandidates(MENTION, candidates, 0.9, "a note")]])
    return item


def test_the_score_is_the_logistic_function_of_the_weighted_sum():
    item = combined(candidate("a", l2=0.5, l3=0.25), weights={"l2": 4.0, "l3": 2.0, "bias": -1.0})
    assert item.candidates[0].scores == {"l2": 0.5, "l3": 0.25, "combined": pytest.approx(1 / (1 + math.exp(-1.5)))}


def test_candidates_come_out_best_first_with_threshold_and_note():
    item = combined(candidate("a", l3=0.2), candidate("b", l3=0.8), weights={"l3": 1.0}, threshold=0.3)
    assert [c.entity_id for c in item.candidates] == ["b", "a"]
    assert (item.threshold, item.note) == (0.3, "a note")


def test_a_missing_score_has_its_own_weight_and_is_not_zero():
    candidates = candidate("zero", l3=0.0), candidate("none")
    item = combined(*candidates, weights={"l3": 1.0}, missing={"l3": 2.0})
    assert [(c.entity_id, c.score) for c in item.candidates] == [("none", pytest.approx(0.880797)), ("zero", 0.5)]


def test_without_weights_the_order_stays():
    item = combined(candidate("a", l3=0.1), candidate("b", l3=0.9))
    assert [(c.entity_id, c.score) for c in item.candidates] == [("a", 0.5), ("b", 0.5)]


def test_scores_can_count_by_their_log_odds():
    item = combined(candidate("a", l3=0.9), candidate("b", l3=1.0), weights={"l3": 1.0}, log_odds=("l3",))
    assert [c.score for c in item.candidates] == [pytest.approx(0.999), pytest.approx(0.9)]


def test_what_the_stage_finds_out_itself_stands_on_the_candidate_where_it_has_a_weight():
    item = combined(
        candidate("a", 30.0, name="roma"), candidate("b", 10.0, "Rom"), weights={"share": 1.0, "rank": 1.0, "bias": 1.0}
    )
    assert [{**c.scores, "combined": 0} for c in item.candidates] == [
        {"share": 0.75, "rank": 1.0, "combined": 0},
        {"share": 0.25, "rank": 0.5, "combined": 0},
    ]
    own = CombiningReranker().features(MentionCandidates(MENTION, (candidate("a", name="roma"), candidate("b"))))
    assert own == [
        {"share": 0.5, "rank": 1.0, "same_name": 0.0, "same_label": 1.0},
        {"share": 0.5, "rank": 0.5, "same_name": 1.0, "same_label": 1.0},
    ]


def test_the_reasons_add_up_to_the_score_before_and_after():
    config = {"weights": {"l3": 2.0, "rank": 1.0, "bias": -1.0}, "missing": {"l3": -0.5}}
    before = MentionCandidates(MENTION, (candidate("a"), candidate("b", l3=0.9)))
    after = combined(*before.candidates, **config)
    for item in (before, after):
        explained = {e.candidate.entity_id: e for e in CombiningReranker(**config).explain("Rome", item)}
        assert [(r.feature, r.value, r.weight) for r in explained["a"].reasons] == [("rank", 1, 1), ("no l3", 1, -0.5)]
        for one in explained.values():
            log_odds = one.bias + sum(reason.contribution for reason in one.reasons)
            assert one.score == pytest.approx(1 / (1 + math.exp(-log_odds)))
    assert {c.entity_id: c.score for c in after.candidates} == {e: x.score for e, x in explained.items()}


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"weights": {"l3": math.inf}}, "weights must be finite, got inf for 'l3'"),
        ({"weights": {"l3": 1.0}, "missing": {"l2": 1.0}}, "missing names 'l2', which has no weight"),
        ({"weights": {"bias": 1.0}, "log_odds": ("bias",)}, "log_odds names 'bias', which has no weight"),
        ({"threshold": 1.5}, "threshold"),
    ],
)
def test_what_makes_no_sense_is_refused(config, message):
    with pytest.raises(ValueError, match=message):
        CombiningReranker(**config)


def test_a_pipeline_file_holds_the_weights_and_l0_takes_the_score():
    nodes = [
        {"id": "l1", "processor": "l1_gazetteer"},
        {"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "dict"}]}},
        {"id": "l3", "processor": "l3_lexical"},
        {"id": "l4", "processor": "l4_combine", "config": {"weights": {"l3": 2.0, "prior": 1.0, "bias": -1}}},
        {"id": "l0", "processor": "l0_aggregator"},
    ]
    with DAGExecutor({"nodes": nodes}) as executor:
        executor.load_entities([Entity("rome", "Rome", popularity=3), Entity("rome-ny", "Rome", popularity=1)])
        [document] = executor.link(["They saw Rome."])
    assert [m.linked_entity.entity_id for m in document.entities] == ["rome"]
    assert list(document.entities[0].candidates[0].scores)[-2:] == ["l3", "combined"]
    nodes[3]["config"]["missing"] = {"l9": 1}
    with pytest.raises(ConfigError, match="missing names 'l9'"):
        DAGExecutor({"nodes": nodes})
