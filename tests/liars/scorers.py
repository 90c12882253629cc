"""Linkers, rerankers and gates that break promises."""

from __future__ import annotations

import math

from glinker_core.model import Candidate, Mention, MentionCandidates, evolve
from glinker_core.testing import GateContract, LinkerContract, RerankerContract
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.fakes import FakeGate, FakeLinker, FakeReranker
from tests.liars.making import lies


def linker(change):
    """A linker whose items of each text are changed: `change(items)`."""

    class Changed(FakeLinker):
        def link(self, texts, candidates):
            return [change(list(items)) for items in super().link(texts, candidates)]

    return Changed()


def with_candidates(change):
    """A linker that changes the candidates of each mention: `change(candidates)`."""
    return linker(lambda items: [evolve(item, candidates=tuple(change(list(item.candidates)))) for item in items])


def reranker(change):
    """A reranker that changes the candidates of each mention."""

    class Changed(FakeReranker):
        def rerank(self, texts, candidates):
            done = super().rerank(texts, candidates)
            return [[evolve(item, candidates=tuple(change(list(item.candidates)))) for item in per] for per in done]

    return Changed()


def gate(change):
    """A gate that lets through `change(items)` of each text."""

    class Changed(FakeGate):
        def select(self, texts, candidates):
            return [change(list(items)) for items in candidates]

    return Changed()


@lies(LinkerContract, test_the_same_mentions_come_out="mentions of")
def swapped_mentions():
    return linker(lambda items: items[::-1])


@lies(LinkerContract, test_the_same_mentions_come_out="items against")
def drops_mentions_without_candidates():
    return linker(lambda items: [item for item in items if item.candidates])


@lies(LinkerContract, test_no_candidate_is_lost_invented_or_doubled="came out")
def lost_candidate():
    return with_candidates(lambda candidates: candidates[:2])


@lies(
    LinkerContract, test_no_candidate_is_lost_invented_or_doubled="came out", test_no_candidates_stay_none="Candidate("
)
def invented_candidate():
    nil = Candidate(ENTITIES[-2], "NIL", "none", {"l3": 0.0})
    return with_candidates(lambda candidates: [*candidates, nil])


@lies(LinkerContract, test_no_candidate_is_lost_invented_or_doubled="are there twice")
def doubled_candidate():
    return with_candidates(lambda candidates: [*candidates[:1], *candidates])


@lies(LinkerContract, test_no_candidate_is_lost_invented_or_doubled="came out")
def pooled_candidates():
    def pool(items):
        everything = {c.entity_id: c for item in items for c in item.candidates}
        best_first = tuple(sorted(everything.values(), key=lambda c: -c.score))
        return [evolve(item, candidates=best_first) for item in items]

    return linker(pool)


@lies(LinkerContract, test_candidates_keep_what_they_had="earlier scores became")
def overwritten_l2_score():
    return with_candidates(lambda found: [evolve(c, scores={"l2": c.score, "l3": c.score}) for c in found])


@lies(LinkerContract, test_candidates_keep_what_they_had="earlier scores became")
def forgotten_l2_score():
    return with_candidates(lambda found: [evolve(c, scores={"l3": c.score}) for c in found])


@lies(LinkerContract, test_candidates_keep_what_they_had="candidate '")
def renamed_candidate():
    return with_candidates(lambda found: [evolve(c, name=c.label.upper()) for c in found])


@lies(LinkerContract, test_scores_are_in_0_to_1="not in 0..1")
def score_above_one():
    return with_candidates(lambda found: [c.scored(l3=c.score + 1) for c in found])


@lies(LinkerContract, test_scores_are_in_0_to_1="not finite")
def score_not_a_number():
    return with_candidates(lambda found: [c.scored(l3=math.nan) for c in found])


@lies(LinkerContract, test_scores_are_in_0_to_1="threshold of")
def threshold_out_of_range():
    return linker(lambda items: [evolve(item, threshold=-1.0) for item in items])


@lies(LinkerContract, test_every_candidate_has_a_new_score="has no new score")
def no_new_score():
    return with_candidates(lambda found: [evolve(c, scores={"l2": c.scores["l2"]}) for c in found])


@lies(LinkerContract, test_candidates_are_sorted_best_first="not sorted best first")
def unsorted():
    return with_candidates(lambda found: found[::-1])


@lies(LinkerContract, test_candidates_are_sorted_best_first="changed their order")
def ties_by_id_backwards():
    return with_candidates(lambda found: sorted(found, key=lambda c: (c.score, c.entity_id), reverse=True))


@lies(LinkerContract, test_a_text_without_mentions_has_none_after="assert")
def invents_mentions():
    return linker(lambda items: items or [MentionCandidates(Mention(0, 5, "Paris"))])


@lies(LinkerContract, test_leaves_its_input_as_it_was="the input was changed")
def mutates_scores():
    class Mutating(FakeLinker):
        def link(self, texts, candidates):
            for candidate in (c for items in candidates for item in items for c in item.candidates):
                candidate.scores["l2"] = 0.0
            return super().link(texts, candidates)

    return Mutating()


@lies(LinkerContract, test_leaves_its_input_as_it_was="the input was changed")
def empties_what_it_is_given():
    class Popping(FakeLinker):
        def link(self, texts, candidates):
            done = super().link(texts, candidates)
            candidates[0].clear() if candidates else None
            return done

    return Popping()


@lies(LinkerContract, test_a_batch_gives_the_same_as_one_by_one="a batch differs from one by one")
def best_score_of_the_batch():
    class Normalising(FakeLinker):
        def link(self, texts, candidates):
            done = super().link(texts, candidates)
            best = max((c.score for items in done for item in items for c in item.candidates), default=1.0) or 1.0
            return [
                [evolve(i, candidates=tuple(c.scored(l3=c.score / best) for c in i.candidates)) for i in items]
                for items in done
            ]

    return Normalising()


@lies(RerankerContract, test_the_best_candidates_have_a_new_score="has a new score")
def scores_nothing_again():
    return FakeReranker(top=0)


@lies(RerankerContract, test_the_best_candidates_have_a_new_score="stand before some with one")
def puts_the_rest_first():
    return reranker(lambda found: found[2:] + found[:2])


@lies(RerankerContract, test_candidates_are_sorted_best_first="not sorted best first")
def worst_first():
    return reranker(lambda found: found[1::-1] + found[2:])


@lies(RerankerContract, test_candidates_are_sorted_best_first="not scored again changed their order")
def turns_the_rest():
    return reranker(lambda found: found[:2] + found[:1:-1])


@lies(RerankerContract, test_no_candidate_is_lost_invented_or_doubled="came out")
def cuts_off_the_rest():
    return reranker(lambda found: found[:2])


@lies(GateContract, test_lets_some_mentions_through_and_holds_some_back="mentions pass")
def open_gate():
    return gate(lambda items: items)


@lies(GateContract, test_lets_some_mentions_through_and_holds_some_back="0 of")
def shut_gate():
    return gate(lambda items: [])


@lies(GateContract, test_mentions_pass_unchanged_and_in_order="mentions of")
def gate_that_turns():
    return gate(lambda items: items[:0:-1])


@lies(GateContract, test_mentions_pass_unchanged_and_in_order="mentions of")
def gate_that_cuts():
    return gate(lambda items: [evolve(item, candidates=item.candidates[:1]) for item in items[1:]])


@lies(GateContract, test_mentions_pass_unchanged_and_in_order="items against")
def gate_that_doubles():
    return gate(lambda items: items[:1] * 2)
