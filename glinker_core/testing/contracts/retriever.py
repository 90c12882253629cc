"""What an L2 component promises."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from glinker_core.model import WHOLE_TEXT, Mention
from glinker_core.testing.checks import assert_best_first, assert_candidates, assert_same
from glinker_core.testing.contracts.component import ComponentContract
from glinker_core.testing.entities import HOMONYMS
from glinker_core.testing.items import Item
from glinker_core.testing.texts import UNKNOWN_NAMES


class RetrieverContract(ComponentContract):
    """L2: candidates bound to their own mention, every homonym among them.

    Gaps: `approximate` for retrievers that answer with near neighbours whatever is asked, `whole_text` for those that
    cannot do without mentions, `depends_on_neighbours` where the other mentions of a text rightly change an answer.
    """

    layer_name: ClassVar[str] = "retriever"
    approximate: ClassVar[str] = ""
    whole_text: ClassVar[str] = ""
    depends_on_neighbours: ClassVar[str] = ""

    def test_every_mention_comes_out_in_order(self, opened: Any) -> None:
        """One `MentionCandidates` per mention, in the order of the mentions, which stay as they were."""
        items = self.items()
        for item, found in zip(items, self.run(opened, items), strict=True):
            assert_same([one.mention for one in found], list(item.mentions), f"mentions of {item.text!r}")

    def test_candidates_are_sorted_scored_and_single(self, opened: Any) -> None:
        """Best first, with a score in 0..1, and no entity twice for one mention."""
        for found in self.run(opened, self.items()):
            for one in found:
                assert_candidates(one)
                assert_best_first(one.candidates, repr(one.mention.text))
                bare = [candidate.entity_id for candidate in one.candidates if not candidate.scores]
                assert not bare, f"candidates of {one.mention.text!r} without a score: {bare}"

    @pytest.mark.parametrize("name", HOMONYMS)
    def test_every_homonym_is_a_candidate(self, opened: Any, name: str) -> None:
        """All entities of a name are candidates of a mention of it."""
        ((found,),) = self.run(opened, [Item(f"{name}!", (Mention(0, len(name), name),))])
        missing = set(HOMONYMS[name]) - {candidate.entity_id for candidate in found.candidates}
        assert not missing, f"entities named {name!r} that are no candidates: {sorted(missing)}"

    def test_candidates_are_those_of_their_own_mention(self, opened: Any) -> None:
        """A mention has the same candidates alone as among others: none are pooled."""
        self.needs("depends_on_neighbours")
        self.needs("deterministic")
        items = self.items()
        for item, together in zip(items, self.run(opened, items), strict=True):
            alone = [self.run(opened, [Item(item.text, (mention,))])[0][0] for mention in item.mentions]
            assert_same(list(together), alone, f"mentions of {item.text!r} among others and alone", self.tolerance)

    def test_unknown_mentions_have_no_candidates(self, opened: Any) -> None:
        """A name that no entity has gives an empty tuple and no exception, whatever the name is made of."""
        for name in filter(None, UNKNOWN_NAMES):
            ((found,),) = self.run(opened, [Item(name, (Mention(0, len(name), name),))])
            wrong = [candidate.entity_id for candidate in found.candidates]
            assert self.approximate or not wrong, f"candidates of the unknown name {name[:60]!r}: {wrong}"

    def test_a_text_without_mentions_has_none_after(self, opened: Any) -> None:
        """No mentions in, none out."""
        assert [list(found) for found in self.run(opened, [Item("Paris"), Item("")])] == [[], []]

    def test_without_mentions_a_text_is_one_mention(self, opened: Any) -> None:
        """When no recogniser ran, each text that is not empty is a mention labelled `WHOLE_TEXT`, with candidates."""
        self.needs("whole_text")
        texts = ["Paris is a city.", "", "Jordan"]
        found = list(opened.retrieve(texts=texts))
        expected = [[Mention(0, len(text), text, WHOLE_TEXT)] if text else [] for text in texts]
        assert [[one.mention for one in per_text] for per_text in found] == expected
        for one in (one for per_text in found for one in per_text):
            assert_candidates(one)
            assert one.candidates, f"no candidates for the whole text {one.mention.text!r}"
