"""What L3 and L4 components promise."""

from __future__ import annotations

from typing import Any, ClassVar

from glinker_core.model import Mention, MentionCandidates
from glinker_core.testing.checks import assert_best_first, assert_candidates, assert_same, assert_score
from glinker_core.testing.contracts.component import ComponentContract
from glinker_core.testing.items import Item


class ScoringContract(ComponentContract):
    """What linkers and rerankers share: the same mentions, the same candidates, one more score."""

    def pairs(self, opened: Any) -> list[tuple[MentionCandidates, MentionCandidates]]:
        """Each mention as it went in and as it came out."""
        items = self.items()
        return [
            pair
            for item, after in zip(items, self.run(opened, items), strict=True)
            for pair in zip(item.candidates, after, strict=True)
        ]

    def test_the_same_mentions_come_out(self, opened: Any) -> None:
        """Every mention that goes in comes out, unchanged and in order."""
        items = self.items()
        for item, after in zip(items, self.run(opened, items), strict=True):
            expected = [before.mention for before in item.candidates]
            assert_same([one.mention for one in after], expected, f"mentions of {item.text!r}")

    def test_no_candidate_is_lost_invented_or_doubled(self, opened: Any) -> None:
        """Every candidate that goes in comes out once with its mention, and no other does."""
        for before, after in self.pairs(opened):
            assert_candidates(after)
            given = sorted(candidate.entity_id for candidate in before.candidates)
            got = sorted(candidate.entity_id for candidate in after.candidates)
            assert got == given, f"candidates of {before.mention.text!r}: {got} came out, {given} went in"

    def test_candidates_keep_what_they_had(self, opened: Any) -> None:
        """Entity, name, kind of match and the scores of earlier stages stay, those scores in front and in order."""
        for before, after in self.pairs(opened):
            given = {candidate.entity_id: candidate for candidate in before.candidates}
            for candidate in after.candidates:
                old = given[candidate.entity_id]
                place = f"candidate '{candidate.entity_id}' of {before.mention.text!r}"
                assert (candidate.entity, candidate.name, candidate.match) == (old.entity, old.name, old.match), place
                kept = list(candidate.scores.items())[: len(old.scores)]
                assert kept == list(old.scores.items()), f"{place}: earlier scores became {candidate.scores}"

    def test_scores_are_in_0_to_1(self, opened: Any) -> None:
        """Every score is finite and in 0..1, and so is the threshold."""
        for _, after in self.pairs(opened):
            assert_candidates(after)
            assert_score(after.threshold, f"threshold of {after.mention.text!r}")

    def test_no_candidates_stay_none(self, opened: Any) -> None:
        """A mention without candidates comes out without candidates: it is NIL."""
        mention = Mention(0, 5, "Paris")
        (after,) = self.run(opened, [Item("Paris again", (mention,), (MentionCandidates(mention),))])
        assert [(one.mention, one.candidates) for one in after] == [(mention, ())]

    def test_a_text_without_mentions_has_none_after(self, opened: Any) -> None:
        """Nothing in, nothing out."""
        assert [list(after) for after in self.run(opened, [Item("Paris"), Item("Jordan")])] == [[], []]


class LinkerContract(ScoringContract):
    """L3: one more score for every candidate, the best first."""

    layer_name: ClassVar[str] = "linker"

    def test_every_candidate_has_a_new_score(self, opened: Any) -> None:
        """One more score than before, which is the candidate's score from now on."""
        for before, after in self.pairs(opened):
            given = {candidate.entity_id: candidate for candidate in before.candidates}
            for candidate in after.candidates:
                new = [stage for stage in candidate.scores if stage not in given[candidate.entity_id].scores]
                assert new, f"candidate '{candidate.entity_id}' of {before.mention.text!r} has no new score"

    def test_candidates_are_sorted_best_first(self, opened: Any) -> None:
        """By the new score; candidates that tie keep the order they had."""
        for before, after in self.pairs(opened):
            assert_best_first(after.candidates, repr(before.mention.text))
            place = {candidate.entity_id: index for index, candidate in enumerate(before.candidates)}
            keys = [(-candidate.score, place[candidate.entity_id]) for candidate in after.candidates]
            assert keys == sorted(keys), f"ties among the candidates of {before.mention.text!r} changed their order"


class RerankerContract(ScoringContract):
    """L4: one more score for the best candidates; the others keep what they had, and their order behind those."""

    layer_name: ClassVar[str] = "reranker"

    def test_the_best_candidates_have_a_new_score(self, opened: Any) -> None:
        """Of a mention with candidates at least one is scored again, and whatever is not scored again stands behind."""
        for before, after in self.pairs(opened):
            new = _rescored(before, after)
            assert any(new) or not before.candidates, f"no candidate of {before.mention.text!r} has a new score"
            message = f"candidates of {before.mention.text!r} without a new score stand before some with one: {new}"
            assert new == sorted(new, reverse=True), message

    def test_candidates_are_sorted_best_first(self, opened: Any) -> None:
        """Those scored again by the new score, ties in the order they had; the others in the order they had."""
        for before, after in self.pairs(opened):
            count = sum(_rescored(before, after))
            assert_best_first(after.candidates[:count], repr(before.mention.text))
            place = {candidate.entity_id: index for index, candidate in enumerate(before.candidates)}
            keys = [(-candidate.score, place[candidate.entity_id]) for candidate in after.candidates[:count]]
            assert keys == sorted(keys), f"ties among the candidates of {before.mention.text!r} changed their order"
            rest = [place[candidate.entity_id] for candidate in after.candidates[count:]]
            assert rest == sorted(rest), f"candidates of {before.mention.text!r} not scored again changed their order"


def _rescored(before: MentionCandidates, after: MentionCandidates) -> list[bool]:
    """For each candidate that came out, whether it has a score of this stage."""
    given = {candidate.entity_id: candidate.scores for candidate in before.candidates}
    return [
        bool([s for s in candidate.scores if s not in given[candidate.entity_id]]) for candidate in after.candidates
    ]
