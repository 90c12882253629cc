"""`Ranked`: candidates in the order of a new score are what the tuple of them is, made when somebody looks."""

from __future__ import annotations

import pytest

from glinker_core import Context
from glinker_core.model import Candidate, CandidatesResult, Entity, Mention, MentionCandidates
from glinker_core.ranked import Ranked

GIVEN = tuple(Candidate(Entity(f"Q{n}", f"Name {n}"), f"Name {n}", "exact", {"l2": 1.0}) for n in range(4))
VALUES = [0.2, 0.9, 0.2]


@pytest.fixture
def ranked() -> Ranked:
    return Ranked(GIVEN, "l3", VALUES)


def expected() -> tuple[Candidate, ...]:
    return (GIVEN[1].scored(l3=0.9), GIVEN[0].scored(l3=0.2), GIVEN[2].scored(l3=0.2), GIVEN[3])


def test_it_is_equal_to_the_tuple_of_its_candidates_and_hashes_like_it(ranked: Ranked) -> None:
    assert ranked == expected() == tuple(ranked)
    assert expected() == ranked == Ranked(GIVEN, "l3", VALUES)
    assert hash(ranked) == hash(expected())
    assert repr(ranked) == repr(expected())
    assert ranked != expected()[:3]
    assert ranked != list(expected())


def test_it_is_indexed_sliced_and_walked_like_the_tuple(ranked: Ranked) -> None:
    assert len(ranked) == 4
    assert [ranked[index] for index in range(-4, 4)] == [expected()[index] for index in range(-4, 4)]
    for part in (slice(2), slice(1, None), slice(None, None, -1), slice(-2, None), slice(9, 12)):
        assert ranked[part] == expected()[part]
    assert list(reversed(ranked)) == [*reversed(expected())]
    assert GIVEN[3] in ranked
    assert (*ranked, GIVEN[0]) == (*expected(), GIVEN[0])
    with pytest.raises(IndexError):
        ranked[4]


def test_a_stage_can_rank_what_another_has_ranked(ranked: Ranked) -> None:
    again = Ranked(ranked, "l4", [0.1, 0.8])
    assert [candidate.entity_id for candidate in again] == ["Q0", "Q1", "Q2", "Q3"]
    assert [dict(candidate.scores) for candidate in again[:3]] == [
        {"l2": 1.0, "l3": 0.2, "l4": 0.8},
        {"l2": 1.0, "l3": 0.9, "l4": 0.1},
        {"l2": 1.0, "l3": 0.2},
    ]


def test_values_that_change_afterwards_change_nothing() -> None:
    values = [0.1, 0.2, 0.3, 0.4]
    ranked = Ranked(GIVEN, "l3", values)
    before = tuple(ranked)
    values.reverse()
    assert ranked == before


def test_a_record_is_made_once_and_only_when_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    plain = Candidate.scored

    def noted(self: Candidate, **scores: float) -> Candidate:
        made.append(self.entity_id)
        return plain(self, **scores)

    monkeypatch.setattr(Candidate, "scored", noted)
    ranked = Ranked(GIVEN, "l3", VALUES)
    assert (len(ranked), made) == (4, [])
    assert ranked[0].entity_id == "Q1"
    assert made == ["Q1"]
    assert [one is other for one, other in zip(ranked, ranked, strict=True)] == [True] * 4
    assert sorted(made) == ["Q0", "Q1", "Q2"]


def test_a_result_with_it_is_the_same_after_json(ranked: Ranked) -> None:
    result = CandidatesResult(((MentionCandidates(Mention(0, 4, "Name"), ranked, 0.5),),))
    context = Context()
    context.put("l3_result", result)
    assert Context.from_json(context.to_json()).get("l3_result") == result
    assert hash(result) == hash(Context.from_json(context.to_json()).get("l3_result"))


def test_features_of_the_stage_stand_before_its_score() -> None:
    ranked = Ranked(GIVEN[:3], "l3", VALUES, {"l2": [0.5, 0.6, 0.7], "name": [1.0, 0.0, 0.5]})
    assert [list(one.scores.items()) for one in ranked[:2]] == [
        [("l2", 0.6), ("name", 0.0), ("l3", 0.9)],
        [("l2", 0.5), ("name", 1.0), ("l3", 0.2)],
    ]
