"""Retrievers and aggregators that break promises."""

from __future__ import annotations

from glinker_core.layers import Search
from glinker_core.model import LinkedEntity, MentionCandidates, evolve
from glinker_core.testing import AggregatorContract, RetrieverContract
from glinker_core.testing.fakes import FakeAggregator, FakeRetriever
from tests.liars.making import lies


def retriever(change):
    """A retriever whose items of each text are changed: `change(items)`."""

    class Changed(FakeRetriever):
        def retrieve(self, texts, mentions=None):
            return [change(list(items)) for items in super().retrieve(texts, mentions)]

    return Changed()


def with_candidates(change):
    """A retriever that changes the candidates of each mention: `change(candidates)`."""
    return retriever(lambda items: [evolve(item, candidates=tuple(change(list(item.candidates)))) for item in items])


def aggregator(change):
    """An aggregator that changes each mention it has decided on: `change(mention)`."""

    class Changed(FakeAggregator):
        def aggregate(self, texts, mentions=None, candidates=None):
            documents = super().aggregate(texts, mentions, candidates)
            return [evolve(document, entities=tuple(map(change, document.entities))) for document in documents]

    return Changed()


@lies(RetrieverContract, test_every_mention_comes_out_in_order="mentions of")
def swapped_mentions():
    return retriever(lambda items: items[::-1])


@lies(RetrieverContract, test_every_mention_comes_out_in_order="items against")
def drops_unknown_mentions():
    return retriever(lambda items: [item for item in items if item.candidates])


@lies(RetrieverContract, test_candidates_are_those_of_their_own_mention="among others and alone")
def pooled_candidates():
    def pool(items):
        everything = {c.entity_id: c for item in items for c in item.candidates}
        best_first = tuple(sorted(everything.values(), key=lambda c: -c.score))
        return [evolve(item, candidates=best_first) for item in items]

    return retriever(pool)


@lies(RetrieverContract, test_every_homonym_is_a_candidate="that are no candidates")
def one_per_name():
    return with_candidates(lambda found: found[:1])


@lies(RetrieverContract, test_candidates_are_sorted_scored_and_single="are there twice")
def doubled_candidates():
    return with_candidates(lambda found: [c for c in found for _ in range(2)])


@lies(RetrieverContract, test_candidates_are_sorted_scored_and_single="not sorted best first")
def worst_first():
    return with_candidates(lambda found: found[::-1])


@lies(RetrieverContract, test_candidates_are_sorted_scored_and_single="without a score")
def no_score():
    return with_candidates(lambda found: [evolve(c, scores={}) for c in found])


@lies(RetrieverContract, test_candidates_are_sorted_scored_and_single="not in 0..1")
def popularity_as_score():
    return with_candidates(lambda found: [c.scored(l2=c.entity.popularity) for c in found])


@lies(RetrieverContract, test_unknown_mentions_have_no_candidates="KeyError")
def raises_on_unknown_mentions():
    class Raising(FakeRetriever):
        def retrieve(self, texts, mentions=None):
            done = super().retrieve(texts, mentions)
            if mentions and (lost := [item.mention.text for items in done for item in items if not item.candidates]):
                raise KeyError(lost[0])
            return done

    return Raising()


@lies(RetrieverContract, test_unknown_mentions_have_no_candidates="candidates of the unknown name")
def guesses():
    class Guessing(FakeRetriever):
        def _candidates(self, mention):
            item = super()._candidates(mention)
            (store,) = self._resources.kb.stores.values()
            return item if item.candidates else MentionCandidates(mention, store.search(["Tokyo"], Search())[0])

    return Guessing()


@lies(RetrieverContract, test_a_text_without_mentions_has_none_after="assert")
def whole_text_where_nothing_was_found():
    class Eager(FakeRetriever):
        def retrieve(self, texts, mentions=None):
            whole = super().retrieve(texts)
            return [a or b for a, b in zip(super().retrieve(texts, mentions), whole, strict=True)]

    return Eager()


@lies(RetrieverContract, test_without_mentions_a_text_is_one_mention="no candidates for the whole text")
def whole_texts_are_looked_up():
    return retriever(lambda items: [evolve(i, candidates=()) if i.mention.label == "$text" else i for i in items])


@lies(AggregatorContract, test_gives_a_document_per_text="assert")
def strips_the_text():
    class Stripping(FakeAggregator):
        def aggregate(self, texts, mentions=None, candidates=None):
            documents = super().aggregate(texts, mentions, candidates)
            return [evolve(document, text=document.text.rstrip(".")) for document in documents]

    return Stripping()


@lies(AggregatorContract, test_gives_a_document_per_text="is not a LinkedDocument")
def documents_as_dicts():
    class Plain(FakeAggregator):
        def aggregate(self, texts, mentions=None, candidates=None):
            return [{"text": text} for text in texts]

    return Plain()


@lies(AggregatorContract, test_links_something="no mention is linked")
def links_nothing():
    return FakeAggregator(min_confidence=1.5)


@lies(AggregatorContract, test_mentions_are_spans_of_the_text="but the mention says")
def shifted_spans():
    return aggregator(lambda m: evolve(m, start=m.start + 1, end=m.end))


@lies(AggregatorContract, test_mentions_are_spans_of_the_text="another span")
def entity_of_another_span():
    return aggregator(lambda m: evolve(m, linked_entity=m.linked_entity and evolve(m.linked_entity, start=0, end=1)))


@lies(AggregatorContract, test_mentions_are_spans_of_the_text="not in order of position")
def mentions_by_score():
    class Sorting(FakeAggregator):
        def aggregate(self, texts, mentions=None, candidates=None):
            documents = super().aggregate(texts, mentions, candidates)
            return [evolve(d, entities=tuple(sorted(d.entities, key=lambda m: m.mention_text))) for d in documents]

    return Sorting()


@lies(AggregatorContract, test_links_to_candidates_of_the_mention="no candidate")
def unknown_entity():
    return aggregator(
        lambda m: evolve(m, linked_entity=m.linked_entity and evolve(m.linked_entity, entity_id="unknown"))
    )


@lies(AggregatorContract, test_links_to_candidates_of_the_mention="num_candidates of")
def forgets_how_many_there_were():
    return aggregator(lambda m: evolve(m, num_candidates=1))


@lies(AggregatorContract, test_below_the_threshold_is_nil="below 0.75", test_nil_says_why="assert")
def ignores_the_threshold():
    class Ignoring(FakeAggregator):
        def _decide(self, item):
            return evolve(super()._decide(evolve(item, threshold=0.0)), reason="")

    return Ignoring()


@lies(AggregatorContract, test_at_the_threshold_is_linked="reach the threshold")
def must_exceed_the_threshold():
    class Strict(FakeAggregator):
        def _decide(self, item):
            return super()._decide(evolve(item, threshold=item.threshold + 1e-9))

    return Strict()


@lies(AggregatorContract, test_no_candidates_is_nil="is None")
def links_to_unknown():
    def link(m):
        made_up = LinkedEntity("unknown", m.mention_text, 0.0, m.start, m.end, m.mention_text)
        return evolve(m, linked_entity=m.linked_entity or made_up)

    return aggregator(link)


@lies(AggregatorContract, test_nil_says_why="reason ''")
def gives_no_reason():
    return aggregator(lambda m: evolve(m, reason=""))


@lies(AggregatorContract, test_texts_alone_have_no_entities="TypeError")
def needs_candidates():
    class Needing(FakeAggregator):
        def aggregate(self, texts, mentions=None, candidates=None):
            return super().aggregate(texts, mentions, [list(items) for items in candidates])

    return Needing()
