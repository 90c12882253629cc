"""Gates let through the mentions that need more work, so that a dear stage sees only those."""

from __future__ import annotations

from attrs import define

from glinker_core.layers import Candidates, Texts
from glinker_core.model import MentionCandidates


@define
class UncertainGate:
    """Lets through mentions whose choice is open: a best score below `min_score`, or a lead below `min_margin`.

    Scores are those of the last stage. A mention with fewer than `min_candidates` candidates has no choice and stays.
    """

    min_score: float = 0.0
    min_margin: float = 0.1
    min_candidates: int = 2

    def select(self, texts: Texts, candidates: Candidates) -> Candidates:  # noqa: ARG002  # part of the protocol
        """The open mentions of each text."""
        return [tuple(item for item in items if self._open(item)) for items in candidates]

    def _open(self, item: MentionCandidates) -> bool:
        if len(item.candidates) < max(self.min_candidates, 1):
            return False
        best, *rest = (candidate.score for candidate in item.candidates[:2])
        return best < self.min_score or (bool(rest) and best - rest[0] < self.min_margin)
