import pytest

from glinker_core.merge import merge_candidates, merge_mentions
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates


def candidate(entity_id, popularity=0, **scores):
    return Candidate(Entity(entity_id, entity_id, popularity=popularity), entity_id, "exact", scores)


def test_mentions_of_two_recognisers_come_in_order_of_position_and_each_once():
    one = (Mention(5, 8, "bbb", "x", 0.5), Mention(0, 3, "aaa", "x", 0.9))
    two = (Mention(5, 8, "bbb", "x", 0.7), Mention(9, 12, "ccc", "y"))
    assert merge_mentions([one, two]) == (
        Mention(0, 3, "aaa", "x", 0.9),
        Mention(5, 8, "bbb", "x", 0.7),
        Mention(9, 12, "ccc", "y"),
    )


def test_a_mention_without_a_label_gives_way_to_one_of_the_same_span_with_a_label():
    assert merge_mentions([[Mention(0, 3, "aaa")], [Mention(0, 3, "aaa", "x", 0.1)]]) == (
        Mention(0, 3, "aaa", "x", 0.1),
    )


def test_a_span_with_two_labels_and_spans_that_overlap_are_all_kept():
    mentions = (Mention(0, 3, "aaa", "x"), Mention(0, 3, "aaa", "y"), Mention(1, 5, "aabb", "x"))
    assert merge_mentions([mentions[:1], mentions[1:]]) == mentions


def test_of_two_stores_the_better_match_stands_first_and_an_entity_once():
    mention = Mention(0, 1, "a")
    one = [MentionCandidates(mention, (candidate("p", l2=0.8), candidate("q", l2=0.8)))]
    two = [MentionCandidates(mention, (candidate("q", l2=1.0), candidate("r", 9, l2=0.8)))]
    (merged,) = merge_candidates([one, two])
    assert [(c.entity_id, c.score) for c in merged.candidates] == [("q", 1.0), ("r", 0.8), ("p", 0.8)]


def test_the_order_of_two_stores_does_not_matter():
    mention = Mention(0, 1, "a")
    one = [MentionCandidates(mention, (candidate("p", l2=0.8), candidate("q", l2=0.8)))]
    two = [MentionCandidates(mention, (candidate("q", l2=1.0), candidate("r", l2=0.8)))]
    assert merge_candidates([one, two]) == merge_candidates([two, one])


def test_a_later_stage_has_the_last_word_and_what_it_left_out_stands_behind():
    mention = Mention(0, 1, "a")
    early = [MentionCandidates(mention, (candidate("p", l2=1.0), candidate("q", l2=0.9), candidate("r", l2=0.5)), 0.1)]
    late = [MentionCandidates(mention, (candidate("q", l2=0.9, l3=0.7), candidate("p", l2=1.0, l3=0.2)), 0.5)]
    (merged,) = merge_candidates([early, late])
    assert [c.entity_id for c in merged.candidates] == ["q", "p", "r"]
    assert [c.score for c in merged.candidates] == [0.7, 0.2, 0.5]
    assert merged.threshold == 0.5


def test_mentions_of_one_branch_only_are_kept_with_their_threshold():
    sure = MentionCandidates(Mention(0, 1, "a"), (candidate("p", l2=1.0),), 0.2)
    unsure = MentionCandidates(Mention(2, 3, "b"), (candidate("q", l2=1.0),))
    relinked = MentionCandidates(Mention(2, 3, "b"), (candidate("q", l2=1.0, l3=0.4),), 0.5)
    assert merge_candidates([[unsure, sure], [relinked]]) == (sure, relinked)


def test_scores_of_both_branches_are_kept_the_later_ones_last():
    mention = Mention(0, 1, "a")
    left = [MentionCandidates(mention, (candidate("p", l2=1.0, encoder=0.3),))]
    right = [MentionCandidates(mention, (candidate("p", l2=1.0, l3=0.6),))]
    (merged,) = merge_candidates([left, right])
    assert dict(merged.candidates[0].scores) == {"encoder": 0.3, "l2": 1.0, "l3": 0.6}
    assert merged.candidates[0].score == 0.6


def test_retrievers_that_score_in_their_own_ways_are_fused_by_rank_and_all_scores_stay():
    mention = Mention(0, 1, "a")
    lexical = [MentionCandidates(mention, (candidate("p", l2=1.0), candidate("q", l2=0.8)))]
    dense = [MentionCandidates(mention, (candidate("q", l2_dense=0.4), candidate("r", l2_dense=0.3)))]
    (merged,) = merge_candidates([lexical, dense])
    assert [c.entity_id for c in merged.candidates] == ["q", "p", "r"]
    assert {c.entity_id: dict(c.scores) for c in merged.candidates} == {
        "q": {"l2": 0.8, "l2_dense": 0.4, "l2_rrf": pytest.approx((1 + 61 / 62) / 2)},
        "p": {"l2": 1.0, "l2_rrf": 0.5},
        "r": {"l2_dense": 0.3, "l2_rrf": pytest.approx(61 / 124)},
    }
    (alone,) = merge_candidates([[MentionCandidates(mention)], dense])
    assert [c.score for c in alone.candidates] == [0.5, pytest.approx(61 / 124)]


def test_a_gate_behind_a_retriever_changes_no_ranking():
    mention = Mention(0, 1, "a")
    found = [MentionCandidates(mention, (candidate("p", l2=1.0, l2_rrf=0.7), candidate("q", l2=0.8, l2_rrf=0.6)))]
    assert merge_candidates([found, found]) == tuple(found)
