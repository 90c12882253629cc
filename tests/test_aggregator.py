import pytest

from glinker_core import DataError
from glinker_core.builtin.aggregator import ThresholdAggregator
from glinker_core.builtin.calibration import Calibration, MaxError
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates, evolve
from glinker_core.resources import Resources
from glinker_core.testing.store import store_of

TEXT = "New York City is not York."


def candidate(entity_id, score, name=None, **before):
    entity = Entity(entity_id, entity_id.title(), (), f"about {entity_id}", "city")
    return Candidate(entity, name or entity.label, "exact", {**before, "l3": score})


def at(start, end, *candidates, threshold=0.0, label=""):
    return MentionCandidates(Mention(start, end, TEXT[start:end], label), candidates, threshold)


def aggregate(items, mentions=None, **config):
    (document,) = ThresholdAggregator(**config).aggregate([TEXT], None if mentions is None else [mentions], [items])
    return document.entities


def test_the_best_candidate_is_linked_with_its_name_type_description_and_score():
    (mention,) = aggregate([at(0, 13, candidate("nyc", 0.9, "New York City"), candidate("york", 0.2))])
    linked = mention.linked_entity
    assert (mention.mention_text, mention.mention_start, mention.mention_end) == ("New York City", 0, 13)
    assert (linked.entity_id, linked.label, linked.score, linked.confidence) == ("nyc", "Nyc", 0.9, 0.9)
    assert (linked.start, linked.end, linked.matched_text) == (0, 13, "New York City")
    assert (linked.description, linked.entity_type) == ("about nyc", "city")
    assert mention.is_linked
    assert mention.pipeline_stage == "l3_linked"
    assert mention.reason == ""


def test_defect_c_a_linked_entity_is_always_one_of_the_mentions_candidates():
    fuzzy = Candidate(Entity("einstein", "Albert Einstein"), "Albert Einstein", "fuzzy", {"l2": 0.93})
    (mention,) = aggregate([at(0, 8, fuzzy)], return_all_candidates=True)
    assert mention.linked_entity.entity_id == "einstein"
    assert mention.candidates == (fuzzy,)


def test_defect_n_a_mention_never_takes_the_candidates_of_a_name_inside_it():
    items = [at(0, 13), at(21, 25, candidate("york", 0.9))]
    city, york = aggregate(items, [item.mention for item in items])
    assert (city.mention_text, city.linked_entity, city.reason) == ("New York City", None, "no candidates")
    assert york.linked_entity.entity_id == "york"


@pytest.mark.parametrize(("config", "threshold"), [({"min_confidence": 0.6}, 0.0), ({}, 0.6)])
def test_a_best_candidate_below_the_threshold_is_nil_and_says_so(config, threshold):
    items = [at(0, 13, candidate("nyc", 0.5), threshold=threshold)]
    (mention,) = aggregate(items, **config)
    assert mention.linked_entity is None
    assert mention.reason == "best candidate nyc has 0.500, below 0.6"
    assert (mention.num_candidates, mention.candidates, mention.pipeline_stage) == (1, (), "l2_found")


def test_a_score_equal_to_the_threshold_links():
    (mention,) = aggregate([at(0, 13, candidate("nyc", 0.6), threshold=0.6)], min_confidence=0.6)
    assert mention.is_linked


def test_a_reranked_candidate_stays_before_one_that_was_not_scored_again():
    reranked = candidate("nyc", 0.4).scored(l4=0.5)
    (mention,) = aggregate([at(0, 13, reranked, candidate("york", 0.9))])
    assert mention.linked_entity.entity_id == "nyc"


def test_nil_mentions_are_shown_or_left_out():
    items = [at(0, 13), at(21, 25, candidate("york", 0.9))]
    assert [m.is_linked for m in aggregate(items)] == [False, True]
    assert [m.mention_text for m in aggregate(items, include_unlinked=False)] == ["York"]


def test_all_candidates_are_shown_on_demand_with_one_score_per_stage():
    items = [at(0, 13, candidate("nyc", 0.9, l2=1.0), candidate("york", 0.2, l2=0.5))]
    (mention,) = aggregate(items, return_all_candidates=True)
    assert mention.candidate_scores == {"nyc": 0.9, "york": 0.2}
    assert [dict(c.scores) for c in mention.candidates] == [{"l2": 1.0, "l3": 0.9}, {"l2": 0.5, "l3": 0.2}]
    (mention,) = aggregate(items)
    assert [c.entity_id for c in mention.candidates] == ["nyc"]
    assert mention.num_candidates == 2


def test_mentions_alone_are_an_output_too_and_owe_no_reason():
    (document,) = ThresholdAggregator().aggregate([TEXT], [[Mention(21, 25, "York", "city", 0.8)]])
    (mention,) = document.entities
    assert (mention.label, mention.mention_score, mention.pipeline_stage) == ("city", 0.8, "l1_only")
    assert (mention.is_linked, mention.reason) == (False, "")


def test_a_mention_that_retrieval_has_not_seen_says_so():
    (mention,) = aggregate([], [Mention(21, 25, "York", "city", 0.8)])
    assert mention.reason == "not looked up"


def test_a_link_keeps_the_score_of_the_recogniser_beside_its_own():
    item = at(21, 25, candidate("york", 0.9))
    mention = Mention(21, 25, "York", item.mention.label, 0.3)
    (linked,) = aggregate([item], [mention])
    assert (linked.linked_entity.score, linked.mention_score) == (0.9, 0.3)


@pytest.mark.parametrize(("scores", "kept"), [((0.9, 0.4), "York City"), ((0.4, 0.9), "New York City"),
                                              ((0.4, 0.4), "New York City")])  # fmt: skip
def test_of_unlinked_mentions_that_overlap_the_recogniser_decides(scores, kept):
    inner, outer = scores
    mentions = [Mention(4, 13, "York City", "x", inner), Mention(0, 13, "New York City", "x", outer)]
    (document,) = ThresholdAggregator().aggregate([TEXT], [mentions])
    assert [mention.mention_text for mention in document.entities] == [kept]


def test_contexts_are_cut_at_the_ends_of_the_text():
    (mention,) = aggregate([at(21, 25)], context_chars=4)
    assert (mention.left_context, mention.right_context) == ("not ", ".")


def test_strict_matching_links_mentions_of_l1_only_and_counts_what_it_drops():
    mentions = [Mention(0, 13, TEXT[0:13])]
    items = [at(0, 13, candidate("nyc", 0.9)), at(21, 25, candidate("york", 0.9))]
    aggregator = ThresholdAggregator()
    resources = Resources({"kb": store_of([])})
    aggregator.open(resources)
    (document,) = aggregator.aggregate([TEXT], [mentions], [items])
    assert [m.mention_text for m in document.entities] == ["New York City"]
    assert resources.counters == {"candidates of no L1 mention dropped": 1}
    assert document.kb_revision == resources.kb.revision
    assert [m.mention_text for m in aggregate(items, mentions, strict_matching=False)] == ["New York City", "York"]


def test_a_candidates_mention_may_be_off_by_the_tolerance():
    mentions = [Mention(0, 12, TEXT[0:12])]
    (mention,) = aggregate([at(0, 13, candidate("nyc", 0.9))], mentions, position_tolerance=1)
    assert (mention.mention_text, mention.linked_entity.entity_id) == ("New York Cit", "nyc")
    (mention,) = aggregate([at(0, 13, candidate("nyc", 0.9))], mentions, position_tolerance=0)
    assert not mention.is_linked


def test_candidates_under_another_label_of_the_same_span_are_found():
    (mention,) = aggregate([at(21, 25, candidate("york", 0.9), label="place")], [Mention(21, 25, "York", "city")])
    assert (mention.label, mention.linked_entity.entity_id) == ("city", "york")


def test_no_mention_is_lost_when_two_share_a_span():
    mentions = [Mention(21, 25, "York", "city"), Mention(21, 25, "York", "place")]
    linked = aggregate([at(21, 25, candidate("york", 0.9))], mentions, overlaps="keep")
    assert [(m.label, m.is_linked) for m in linked] == [("city", True), ("place", True)]


OVERLAPPING = (
    at(0, 8, candidate("new york", 0.9)),
    at(0, 13, candidate("nyc", 0.5)),
    at(4, 8, candidate("york", 0.95)),
    at(9, 13),
)


@pytest.mark.parametrize(
    ("policy", "kept"),
    [
        ("best", ["York", "City"]),
        ("longest", ["New York City"]),
        ("keep", ["New York", "New York City", "York", "City"]),
    ],
)
def test_overlaps_are_resolved_by_policy_and_counted(policy, kept):
    aggregator = ThresholdAggregator(overlaps=policy)
    resources = Resources({"kb": store_of([])})
    aggregator.open(resources)
    for items in (OVERLAPPING, OVERLAPPING[::-1]):
        (document,) = aggregator.aggregate([TEXT], None, [items])
        assert [m.mention_text for m in document.entities] == kept
    assert resources.counters["overlapping mentions dropped"] == 2 * (4 - len(kept))


def test_mentions_that_touch_do_not_overlap():
    items = [at(0, 3, candidate("a", 0.5)), at(3, 8, candidate("b", 0.9)), at(8, 9, candidate("c", 0.1))]
    assert len(aggregate(items)) == 3


def test_a_mention_that_does_not_stand_where_it_says_is_refused_with_text_and_span():
    wrong = [
        MentionCandidates(Mention(0, 4, "York")),
        MentionCandidates(Mention(20, 99, "York.")),
        MentionCandidates(Mention(-5, -1, "York")),
    ]
    with pytest.raises(DataError) as error:
        ThresholdAggregator().aggregate(["", TEXT], None, [[], wrong])
    assert len(error.value.problems) == 3
    assert "text 1: span 0:4 is 'New ' in the text, not 'York'" in str(error.value)


def test_a_confidence_that_nothing_can_reach_is_refused():
    with pytest.raises(ValueError, match="min_confidence must be from 0 to 1, got 7"):
        ThresholdAggregator(min_confidence=7)


@pytest.mark.parametrize("name", ["position_tolerance", "context_chars"])
def test_negative_distances_are_refused(name):
    with pytest.raises(ValueError, match=f"{name} must not be negative, got -1"):
        ThresholdAggregator(**{name: -1})


def test_the_note_of_a_stage_stands_in_the_reason_whether_linked_or_not():
    note = "ends within a word: scored by whole words"
    good, bad = (evolve(at(0, 13, candidate("nyc", score), threshold=0.6), note=note) for score in (0.9, 0.5))
    (linked,), (nil,) = aggregate([good]), aggregate([bad])
    assert (linked.is_linked, linked.reason) == (True, note)
    assert nil.reason == f"best candidate nyc has 0.500, below 0.6; {note}"


def test_a_calibrated_link_has_the_share_that_is_right_as_its_score():
    mention = aggregate([at(0, 13, candidate("nyc", 0.9))], calibration=Calibration(temperature=2.0))[0]
    assert mention.linked_entity.score == pytest.approx(0.75)  # 1 / (1 + exp(-ln(9) / 2))
    assert mention.linked_entity.entity_id == "nyc"


def test_the_threshold_of_a_stage_is_for_its_score_and_min_confidence_for_what_it_became():
    doubting = Calibration(points=((0.0, 0.0), (1.0, 0.5)))
    item = at(0, 13, candidate("nyc", 0.9), threshold=0.6)
    assert aggregate([item], calibration=doubting)[0].linked_entity.score == pytest.approx(0.45)
    (nil,) = aggregate([item], calibration=doubting, min_confidence=0.5)
    assert (nil.linked_entity, nil.reason) == (None, "best candidate nyc has 0.450, below 0.5")


def test_a_link_below_the_threshold_of_max_error_is_not_made():
    items = [at(0, 13, candidate("nyc", 0.8)), at(21, 25, candidate("york", 0.7))]
    linked, nil = aggregate(items, max_error=MaxError(0.05, 0.75))
    assert (linked.linked_entity.entity_id, nil.linked_entity) == ("nyc", None)
    assert nil.reason == "best candidate york has 0.700, below 0.75"
