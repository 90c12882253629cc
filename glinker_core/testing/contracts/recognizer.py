"""What an L1 component promises."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from glinker_core.testing.checks import assert_mention
from glinker_core.testing.contracts.component import ComponentContract
from glinker_core.testing.items import Item
from glinker_core.testing.texts import NASTY


class RecognizerContract(ComponentContract):
    """L1: mentions of each text, in order of position, whose offsets count code points.

    Override `texts` with texts in which your recogniser finds something, if it finds nothing in the usual ones.
    """

    layer_name: ClassVar[str] = "recognizer"

    def test_finds_something(self, opened: Any) -> None:
        """Finds a mention in one of `texts` at least, or the other tests would prove nothing."""
        found = [mention for mentions in self.run(opened, self.items()) for mention in mentions]
        assert found, "no mention in any of the texts; override 'texts' with some in which there is something to find"

    def test_mentions_are_spans_of_the_text(self, opened: Any) -> None:
        """`text[m.start:m.end] == m.text`, with a score in 0..1."""
        items = self.items()
        for item, mentions in zip(items, self.run(opened, items), strict=True):
            for mention in mentions:
                assert_mention(mention, item.text)

    @pytest.mark.parametrize("name", NASTY)
    def test_offsets_count_code_points(self, opened: Any, name: str) -> None:
        """Not bytes, UTF-16 units or grapheme clusters: the same holds in nasty texts, alone or in a batch."""
        items = self.items([self.texts[0], NASTY[name]])
        for item, mentions in zip(items, self.run(opened, items), strict=True):
            for mention in mentions:
                assert_mention(mention, item.text)

    def test_mentions_come_in_order(self, opened: Any) -> None:
        """By where they start; no mention twice."""
        for item, mentions in zip(self.items(), self.run(opened, self.items()), strict=True):
            starts = [mention.start for mention in mentions]
            assert starts == sorted(starts), f"mentions of {item.text!r} are not in order of position: {starts}"
            spans = [(mention.start, mention.end, mention.label) for mention in mentions]
            twice = sorted({span for span in spans if spans.count(span) > 1})
            assert not twice, f"mentions of {item.text!r} are there twice: {twice}"

    def test_blanks_are_no_mention(self, opened: Any) -> None:
        """Nothing is found in a text without signs, and no mention is blank."""
        assert [list(mentions) for mentions in self.run(opened, [Item(""), Item(NASTY["blank"])])] == [[], []]
        for mentions in self.run(opened, self.items()):
            blank = [mention for mention in mentions if not mention.text.strip()]
            assert not blank, f"blank mentions: {blank}"
