from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.fuse import fuse
from glinker_core.model import Candidate, Entity


def hit(entity_id, l2=1.0, name="", popularity=0.0, description=""):
    entity = Entity(entity_id, name or entity_id, popularity=popularity, description=description)
    return Candidate(entity, name or entity_id, "exact" if l2 == 1 else "fuzzy", {"l2": l2})


def order(rankings, limit=30):
    return [c.entity_id for c in fuse(rankings, len(rankings), limit)]


def test_the_formula_is_that_of_the_paper_as_a_share_of_the_best_there_could_be():
    one, other = [hit("a"), hit("b"), hit("c")], [hit("c"), hit("a")]
    fused = fuse([one, other], 2, 30)
    raw = {"a": 1 / 61 + 1 / 62, "b": 1 / 62, "c": 1 / 63 + 1 / 61}
    assert {c.entity_id: c.score for c in fused} == pytest.approx({key: value * 61 / 2 for key, value in raw.items()})
    assert [c.entity_id for c in fused] == ["a", "c", "b"]


@pytest.mark.parametrize("stores", [1, 2, 3, 7])
def test_an_entity_that_is_first_in_every_store_has_the_score_1(stores):
    (best,) = fuse([[hit("a")]] * stores, stores, 30)
    assert best.score == 1.0


def test_a_store_that_is_left_out_lowers_scores_and_changes_no_order():
    ranking = [hit("a"), hit("b")]
    assert [c.score for c in fuse([ranking], 2, 30)] == [0.5, 0.5 * 61 / 62]


def test_what_several_stores_give_goes_before_what_one_gives():
    assert order([[hit("a"), hit("b")], [hit("c"), hit("b")]]) == ["b", "a", "c"]


def test_ties_go_to_the_better_known_then_to_the_lower_id():
    assert order([[hit("b")], [hit("c", popularity=2)], [hit("a")]]) == ["c", "a", "b"]


def test_the_record_is_that_of_the_first_store_and_the_match_is_the_best_one():
    typo = hit("a", 0.8, "Pariss", description="of the first")
    exact = hit("a", 1.0, "Paris", description="of the second")
    for rankings in ([[typo], [hit("b"), exact]], [[typo], [exact]]):
        best = next(c for c in fuse(rankings, 2, 30) if c.entity_id == "a")
        assert (best.entity.description, best.name, best.match) == ("of the first", "Paris", "exact")
        assert list(best.scores) == ["l2", "l2_rrf"]
        assert best.scores["l2"] == 1.0
        assert best.score == best.scores["l2_rrf"]


def test_of_equal_matches_the_higher_rank_names_the_entity_then_the_first_store():
    one, other = hit("a", name="one"), hit("a", name="other")
    assert fuse([[hit("b"), one], [other]], 2, 30)[0].name == "other"
    assert fuse([[one], [other]], 2, 30)[0].name == "one"


def test_the_answer_is_cut_after_it_was_fused():
    assert order([[hit("a"), hit("b")], [hit("c"), hit("b")]], limit=1) == ["b"]
    assert fuse([], 2, 30) == fuse([(), ()], 2, 30) == ()


RANKINGS = st.lists(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8), min_size=1, max_size=4)


@given(RANKINGS)
def test_each_entity_comes_once_best_first_with_scores_in_0_to_1(rankings):
    fused = fuse([[hit(key) for key in ranking] for ranking in rankings], len(rankings), 30)
    assert sorted(c.entity_id for c in fused) == sorted({key for ranking in rankings for key in ranking})
    scores = [c.score for c in fused]
    assert scores == sorted(scores, reverse=True)
    assert all(0 < score <= 1 for score in scores)


@given(RANKINGS)
def test_the_order_of_stores_decides_no_rank(rankings):
    made = [[hit(key) for key in ranking] for ranking in rankings]
    expected = [(c.entity_id, c.score) for c in fuse(made, len(made), 30)]
    for shuffled in permutations(made):
        assert [(c.entity_id, c.score) for c in fuse(shuffled, len(made), 30)] == expected
