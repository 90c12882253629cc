"""Places of right entities among candidates, and what is made of them; every figure done by hand."""

import pytest
from glinker_eval.gold import GoldDocument, GoldMention
from glinker_eval.measures import (
    FINAL,
    Accuracy,
    Group,
    Place,
    accuracy,
    by_ambiguity,
    by_type,
    found_by,
    found_of,
    recall,
)
from glinker_eval.running import Traced

from glinker_core.model import (
    Candidate,
    Entity,
    LinkedDocument,
    LinkedEntity,
    LinkedMention,
    Mention,
    MentionCandidates,
)

TEXT = "x" * 200


def candidates(*ids, match="exact"):
    return tuple(Candidate(Entity(one, one), one, match, {"l2": 1.0}) for one in ids)


def retrieved(start, end, *ids, **options):
    return MentionCandidates(Mention(start, end, TEXT[start:end]), candidates(*ids, **options))


def linked(start, end, one=None, shown=()):
    entity = LinkedEntity(one, one, 1.0, start, end, one) if one else None
    return LinkedMention(TEXT[start:end], start, end, "", entity, candidates(*shown))


def traced(gold, mentions, **stages):
    document = GoldDocument("d", TEXT, tuple(gold))
    return Traced(document, LinkedDocument(TEXT, tuple(mentions), "d"), {name: tuple(s) for name, s in stages.items()})


def gold(start, end, *ids, **options):
    return GoldMention(start, end, TEXT[start:end], ids, **options)


def found(gold_mentions, mentions, match="strong", retrievers=("l2",), **stages):
    return list(found_of([traced(gold_mentions, mentions, **stages)], retrievers, match))


def test_a_retriever_is_asked_for_its_own_order_and_l0_for_what_it_decided_among():
    (one,) = found([gold(0, 5, "A")], [linked(0, 5, "B", "BCA")], l2=[retrieved(0, 5, *"CBDA")])
    assert one.places == {"l2": Place(4, "exact", 4), FINAL: Place(3, "exact", 3)}
    assert (one.linked, one.answered, one.ranked) == (False, False, True)


def test_what_l0_pushed_out_was_retrieved_all_the_same():
    (one,) = found([gold(0, 5, "A")], [linked(0, 9, "Z")], l2=[retrieved(0, 5, "A"), retrieved(0, 9, "Z")])
    assert one.mention is None
    assert (one.places["l2"].rank, one.places[FINAL].rank) == (1, None)


def test_overlap_is_enough_for_a_weak_match_and_the_best_place_counts():
    stages = {"l2": [retrieved(0, 3, *"BA"), retrieved(3, 5, "A", match="fuzzy")]}
    (strong,) = found([gold(0, 5, "A")], [linked(3, 5, "A")], **stages)
    assert (strong.mention, strong.places["l2"]) == (None, Place(None, "", 0))
    (weak,) = found([gold(0, 5, "A")], [linked(0, 3), linked(3, 5, "A", "A")], "weak", **stages)
    assert (weak.mention.start, weak.places["l2"], weak.linked) == (3, Place(1, "fuzzy", 1), True)


def test_of_two_answers_for_a_span_the_right_one_stands_for_it():
    (one,) = found([gold(0, 5, "A")], [linked(0, 5, "B"), linked(0, 5, "A")])
    assert one.linked


def test_nil_is_answered_and_never_linked():
    nil, absent = found([gold(0, 5), gold(6, 9, "Z", absent=True)], [linked(0, 5), linked(6, 9, "A")])
    assert [(one.answered, one.linked) for one in (nil, absent)] == [(True, False), (False, False)]


def test_optional_mentions_are_not_asked_for():
    assert found([gold(0, 5, "A", optional=True)], [linked(0, 5, "B")]) == []


@pytest.fixture
def several():
    """Ten mentions of A at ranks 1, 1, 2, 5, 6, 10, 11, 30, 31 and none; one absent, one NIL."""
    ranks = [1, 1, 2, 5, 6, 10, 11, 30, 31]
    stages = [retrieved(n * 10, n * 10 + 5, *[f"B{i}" for i in range(1, rank)], "A") for n, rank in enumerate(ranks)]
    stages.append(retrieved(90, 95, "B"))
    mentions = [gold(n * 10, n * 10 + 5, "A", entity_type="city" if n < 6 else "river") for n in range(10)]
    mentions += [gold(100, 105, "Z", absent=True), gold(110, 115)]
    answers = [linked(0, 5, "A"), linked(10, 15, "B"), linked(20, 25, "A")]
    return found(mentions, answers, l2=stages)


def test_recall_counts_mentions_of_entities_in_the_kb(several):
    assert recall(several, "l2") == {"1": 0.2, "5": 0.4, "10": 0.6, "30": 0.8, "all": 0.9}
    assert recall([], "l2") == {}


def test_accuracy_is_of_those_retrieved_those_in_the_kb_and_those_with_an_id(several):
    done = accuracy(several)
    assert done == Accuracy(correct=2, retrieved=9, in_kb=10, linked=11)
    assert (done.normalised, done.unnormalised, done.of_all) == (2 / 9, 0.2, 2 / 11)
    assert Accuracy(0, 0, 0, 0).normalised is None


def test_groups_by_type_and_by_the_number_of_candidates(several):
    assert by_type(several) == {"city": Group(6, 3, 6, 2), "river": Group(4, 0, 3, 0)}
    assert by_ambiguity(several, ["l2"]) == {
        "1": Group(3, 2, 2, 1),
        "2-5": Group(2, 1, 2, 1),
        "6-15": Group(3, 0, 3, 0),
        "16+": Group(2, 0, 2, 0),
    }


def test_a_label_of_the_gold_standard_goes_before_the_type_in_the_kb():
    ones = found([gold(0, 5, "A", label="place", entity_type="city"), gold(6, 9, "A")], [])
    assert list(by_type(ones)) == ["", "place"]


def test_sources_are_told_apart():
    stages = {"names": [retrieved(0, 5, *"BA")], "dense": [retrieved(0, 5, "A", match="similar")]}
    ones = found([gold(0, 5, "A")], [], retrievers=("names", "dense"), **stages)
    assert [recall(ones, source)["1"] for source in ("names", "dense", FINAL)] == [0.0, 1.0, 0.0]
    assert found_by(ones, "dense") == {"similar": 1}
    assert by_ambiguity(ones, ["names", "dense"]) == {"2-5": Group(1, 0, 1, 0)}
