"""What a gate promises."""

from __future__ import annotations

from typing import Any, ClassVar

from glinker_core.testing.checks import assert_same
from glinker_core.testing.contracts.component import ComponentContract


class GateContract(ComponentContract):
    """A gate: some of the mentions of each text, unchanged and in order."""

    layer_name: ClassVar[str] = "gate"

    def test_lets_some_mentions_through_and_holds_some_back(self, opened: Any) -> None:
        """Neither all nor none of the mentions of `texts`, or the other tests would prove nothing."""
        items = self.items()
        passed = sum(map(len, self.run(opened, items)))
        total = sum(len(item.candidates) for item in items)
        assert 0 < passed < total, f"{passed} of {total} mentions pass; configure the gate, or override 'texts'"

    def test_mentions_pass_unchanged_and_in_order(self, opened: Any) -> None:
        """What passes is what came in, with its candidates, scores and threshold, each once and in order."""
        items = self.items()
        for item, passed in zip(items, self.run(opened, items), strict=True):
            spans = [(one.mention.start, one.mention.end, one.mention.label) for one in passed]
            given = {(one.mention.start, one.mention.end, one.mention.label): one for one in item.candidates}
            expected = [one for span, one in given.items() if span in spans]
            assert_same(list(passed), expected, f"mentions of {item.text!r} that pass, against those that came in")
