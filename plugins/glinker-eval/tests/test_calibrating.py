import numpy as np
import pytest
from attrs import evolve
from glinker_eval.calibrating import (
    Judged,
    calibrate,
    expected_calibration_error,
    isotonic,
    judged,
    max_error,
    reliability,
    temperature,
    temperature_and_shift,
)
from glinker_eval.gold import GoldDocument, GoldMention
from glinker_eval.running import Traced

from glinker_core.errors import DataError
from glinker_core.model import Candidate, Entity, LinkedDocument, LinkedEntity, LinkedMention


def drawn(count, chance, seed=0, per_document=5):
    """Best candidates of which a score is right with the probability that `chance` says."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.01, 0.99, count)
    right = rng.uniform(size=count) < chance(scores)
    return [
        Judged(f"d{at // per_document}", float(s), bool(r)) for at, (s, r) in enumerate(zip(scores, right, strict=True))
    ]


def sharper(scores):
    """The truth where scores are twice as sure as they should be."""
    log_odds = np.log(scores / (1 - scores)) / 2
    return 1 / (1 + np.exp(-log_odds))


def test_the_calibration_error_is_the_mean_distance_in_fifteen_bins_of_equal_width():
    scores, right = [0.95, 0.95, 0.60, 0.61, 0.0], [True, False, True, True, False]
    expected = 2 / 5 * abs(0.5 - 0.95) + 1 / 5 * abs(1 - 0.60) + 1 / 5 * abs(1 - 0.61)  # 0.6 begins a bin: 9 / 15
    assert expected_calibration_error(scores, right) == pytest.approx(expected)
    assert expected_calibration_error([1.0], [True]) == 0.0
    assert expected_calibration_error([], []) == 0.0


def test_a_temperature_that_made_data_is_found():
    items = drawn(5000, sharper)
    found = temperature(np.array([i.score for i in items]), np.array([i.right for i in items]))
    assert found.temperature == pytest.approx(2.0, abs=0.15)
    assert found.shift == 0.0


def test_a_shift_that_made_data_is_found():
    items = drawn(5000, lambda s: 1 / (1 + np.exp(-np.log(s / (1 - s)) + 1)))
    found = temperature_and_shift(np.array([i.score for i in items]), np.array([i.right for i in items]))
    assert (found.temperature, found.shift) == (pytest.approx(1.0, abs=0.1), pytest.approx(-1.0, abs=0.15))


def test_shares_that_fall_are_pooled_into_a_line_that_does_not():
    scores = np.repeat([0.1, 0.5, 0.9], 10)
    right = np.array([1] * 4 + [0] * 6 + [1] * 2 + [0] * 8 + [1] * 9 + [0])
    found = isotonic(scores, right.astype(bool))
    low, high = (4 + 0.5) / 11, (2 + 0.5) / 11
    pooled = pytest.approx((low + high) / 2, abs=1e-5)
    assert found.points == ((0.1, pooled), (0.5, pooled), (0.9, pytest.approx(9.5 / 11, abs=1e-5)))


def test_a_curve_is_chosen_on_documents_it_did_not_see_and_lessens_the_error():
    found = calibrate(drawn(3000, sharper))
    assert found.kind != "as it is"
    assert found.before > 0.1
    assert found.after < 0.05
    steps = calibrate(drawn(3000, lambda s: np.where(s > 0.4, 0.7, 0.1)))
    assert steps.kind == "isotonic"
    assert steps.after < 0.05 < steps.before


def test_scores_that_are_right_stay_as_they_are():
    found = calibrate(drawn(1000, lambda s: s, seed=3))
    assert found.after < 0.06
    assert found.curve is None or abs(found.curve(0.7) - 0.7) < 0.05


def test_nothing_can_be_calibrated_where_all_are_right():
    with pytest.raises(DataError, match="all 2 best candidates are right"):
        calibrate([Judged("a", 0.5, True), Judged("b", 0.6, True)])


def test_the_threshold_of_an_error_keeps_a_margin_and_says_what_it_comes_from():
    items = drawn(4000, lambda s: s)
    found = max_error(items, 0.2, mentions=5000)
    above = [item for item in items if item.score >= found.threshold]
    wrong = sum(not item.right for item in above)
    assert (found.links, found.wrong, found.documents) == (len(above), wrong, 800)
    assert found.coverage == pytest.approx(len(above) / 5000, abs=1e-4)
    assert 0.1 < wrong / len(above) < 0.2


def test_few_links_are_no_proof():
    assert max_error([Judged(f"d{at}", 0.9, True) for at in range(50)], 0.05, 50) is None  # 0.95 ** 50 is 0.08
    assert max_error([Judged(f"d{at}", 0.9, True) for at in range(70)], 0.05, 70) is not None  # 0.95 ** 70 is 0.03


def test_errors_that_come_together_ask_for_a_larger_margin():
    alone = [Judged(f"d{at}", 0.9, at % 25 != 0) for at in range(1000)]
    together = [Judged(f"d{at // 40}", 0.9, at >= 40) for at in range(1000)]
    assert max_error(alone, 0.06, 1000) is not None
    assert max_error(together, 0.06, 1000) is None


def test_the_error_of_other_samples_is_rarely_above_the_bound():
    def mostly(scores):
        return scores**0.2

    above = 0
    for seed in range(40):
        bound = max_error(drawn(600, mostly, 2 * seed), 0.1, 600)
        other = [item for item in drawn(600, mostly, 2 * seed + 1) if item.score >= bound.threshold]
        above += sum(not item.right for item in other) > 0.1 * len(other)
    assert above <= 4


def test_what_a_stage_does_not_link_is_no_link():
    items = [Judged(f"d{at}", 0.9, True, linked=at < 80) for at in range(100)]
    assert max_error(items, 0.05, 100).links == 80


def linked(start, end, *ids):
    candidates = tuple(Candidate(Entity(one, one), one, "exact", {"l3": 0.7}) for one in ids)
    return LinkedMention("x" * (end - start), start, end, candidates=candidates)


def test_the_best_candidate_is_judged_by_the_gold_of_its_span():
    gold = (
        GoldMention(0, 1, "x", ("a", "b")),
        GoldMention(2, 3, "x", ()),
        GoldMention(4, 5, "x", ("a",), optional=True),
        GoldMention(6, 7, "x", ("a",)),
    )
    found = (
        linked(0, 1, "b"),
        linked(2, 3, "a"),
        linked(4, 5, "a"),
        linked(6, 7),
        linked(8, 9, "a"),
        linked(10, 11, "a"),
    )
    traced = Traced(GoldDocument("d", "x" * 12, gold, judged=(0, 9)), LinkedDocument("x" * 12, found), {})
    assert [item.right for item in judged([traced], "gold")] == [True, False]
    assert [item.right for item in judged([traced], "own")] == [True, False, False]


def test_reliability_is_of_links_bin_by_bin():
    scored = [(0.95, True)] * 3 + [(0.95, False), (0.3, True), (0.31, False)]
    items = [Judged("d", score, right) for score, right in scored]
    found = reliability([*items, Judged("d", 0.5, False, linked=False)])
    assert (found.links, [one.links for one in found.bins]) == (6, [2, 4])
    assert [(one.score, one.right) for one in found.bins] == [(pytest.approx(0.305), 0.5), (pytest.approx(0.95), 0.75)]
    assert found.error == pytest.approx(2 / 6 * 0.195 + 4 / 6 * 0.2)


@pytest.mark.parametrize("items", [[], [Judged("d", 0.5, True, linked=False)], [Judged("d", 1.5, True)]])
def test_without_links_or_shares_there_is_no_reliability(items):
    assert reliability(items) is None


def test_a_link_is_judged_by_its_confidence_and_in_a_weak_match_by_gold_it_overlaps():
    entity = LinkedEntity("a", "a", 0.9, 0, 3, "xxx")
    mention = evolve(linked(0, 3, "a"), linked_entity=entity)
    traced = Traced(
        GoldDocument("d", "xxxxx", (GoldMention(0, 5, "xxxxx", ("a",)),)), LinkedDocument("xxxxx", (mention,)), {}
    )
    assert list(judged([traced], "own")) == [Judged("d", 0.9, False)]
    assert list(judged([traced], "own", "weak")) == [Judged("d", 0.9, True)]
