"""What an L0 component promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

from glinker_core.model import Candidate, LinkedDocument, LinkedMention, MentionCandidates, evolve
from glinker_core.testing.checks import assert_mention_span, assert_score
from glinker_core.testing.contracts.component import ComponentContract
from glinker_core.testing.items import Item


class AggregatorContract(ComponentContract):
    """L0: one document per text; a mention is linked to one of its own candidates, or to none and says why."""

    layer_name: ClassVar[str] = "aggregator"

    def decided(self, opened: Any, items: Sequence[Item]) -> Iterator[tuple[Item, LinkedMention]]:
        """Each mention of the output with the item of its text."""
        for item, document in zip(items, self.run(opened, items), strict=True):
            for mention in document.entities:
                yield item, mention

    def rescored(self, score: float, threshold: float) -> list[Item]:
        """The items with the same score for every candidate and the same threshold for every mention."""
        return [self._changed(item, lambda c: c.scored(l3=score), threshold) for item in self.items()]

    @staticmethod
    def _changed(item: Item, change: Callable[[Candidate], Candidate], threshold: float) -> Item:
        pools = [MentionCandidates(m.mention, tuple(map(change, m.candidates)), threshold) for m in item.candidates]
        return evolve(item, candidates=tuple(pools))

    def test_gives_a_document_per_text(self, opened: Any) -> None:
        """Each is a `LinkedDocument` that holds its text as it was."""
        items = self.items()
        for item, document in zip(items, self.run(opened, items), strict=True):
            assert isinstance(document, LinkedDocument), f"{document!r} is not a LinkedDocument"
            assert document.text == item.text

    def test_links_something(self, opened: Any) -> None:
        """Links a mention whose candidates have the score 1.0, or the other tests would prove nothing."""
        linked = [mention for _, mention in self.decided(opened, self.rescored(1.0, 0.0)) if mention.is_linked]
        assert linked, "no mention is linked although all candidates have the score 1.0"

    def test_mentions_are_spans_of_the_text(self, opened: Any) -> None:
        """`text[m.start:m.end] == m.mention_text`, in order of position, and the linked entity has the same span."""
        for item, mention in self.decided(opened, self.items()):
            assert_mention_span(mention.start, mention.end, mention.mention_text, item.text)
            if mention.linked_entity is not None:
                linked = mention.linked_entity
                assert (linked.start, linked.end) == (mention.start, mention.end), f"another span: {linked}"
        for document in self.run(opened, self.items()):
            starts = [mention.start for mention in document.entities]
            assert starts == sorted(starts), f"mentions of {document.text!r} are not in order of position: {starts}"

    def test_links_to_candidates_of_the_mention(self, opened: Any) -> None:
        """The linked entity is one of the mention's own candidates, with its label and the name that matched."""
        for item, mention in self.decided(opened, self.items()):
            own = {
                candidate.entity_id: candidate
                for one in item.candidates
                if (one.mention.start, one.mention.end) == (mention.start, mention.end)
                for candidate in one.candidates
            }
            if mention.linked_entity is not None:
                linked = mention.linked_entity
                assert linked.entity_id in own, (
                    f"{mention.mention_text!r} is linked to '{linked.entity_id}': no candidate"
                )
                candidate = own[linked.entity_id]
                assert (linked.label, linked.matched_text) == (candidate.label, candidate.name)
                assert_score(linked.score, f"{linked}")
            assert set(mention.candidate_scores) <= set(own), f"{mention.mention_text!r} shows candidates of others"
            assert mention.num_candidates == len(own), f"num_candidates of {mention.mention_text!r}"

    def test_below_the_threshold_is_nil(self, opened: Any) -> None:
        """A mention whose best candidate does not reach the mention's threshold is not linked."""
        for _, mention in self.decided(opened, self.rescored(0.5, 0.75)):
            assert mention.linked_entity is None, f"{mention.mention_text!r} is linked with 0.5 below 0.75"

    def test_at_the_threshold_is_linked(self, opened: Any) -> None:
        """Reaching the threshold is enough."""
        linked = [mention for _, mention in self.decided(opened, self.rescored(1.0, 1.0)) if mention.is_linked]
        assert linked, "no mention is linked although all scores reach the threshold"

    def test_no_candidates_is_nil(self, opened: Any) -> None:
        """A mention without candidates is not linked, whether retrieval ran or not."""
        items = [evolve(item, candidates=tuple(MentionCandidates(m) for m in item.mentions)) for item in self.items()]
        for _, mention in self.decided(opened, items):
            assert mention.linked_entity is None
        texts, mentions = [item.text for item in items], [item.mentions for item in items]
        for document in opened.aggregate(texts=texts, mentions=mentions):
            assert [mention for mention in document.entities if mention.is_linked] == []

    def test_nil_says_why(self, opened: Any) -> None:
        """A mention that is not linked has a `reason`; one that is has none."""
        for _, mention in self.decided(opened, [*self.rescored(0.5, 0.75), *self.rescored(1.0, 0.0)]):
            assert bool(mention.reason) != mention.is_linked, f"{mention.mention_text!r}: reason {mention.reason!r}"

    def test_texts_alone_have_no_entities(self, opened: Any) -> None:
        """Without mentions and candidates there is a document per text and nothing in it."""
        documents = opened.aggregate(texts=["Paris", ""])
        assert [(document.text, tuple(document.entities)) for document in documents] == [("Paris", ()), ("", ())]
