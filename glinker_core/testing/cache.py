"""`FakeCache`: all a cache must do, in the plainest way, with a way to be down."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from glinker_core.errors import StoreError
from glinker_core.model import Candidate


@define
class FakeCache:
    """Answers in a dict and no entities (`layers.CandidateCache`); `down: true` fails as if its server were away."""

    down: bool = False
    ttl: int = 1

    _answers: dict[tuple[str, str], tuple[Candidate, ...]] = field(factory=dict, init=False, repr=False)

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of; the answers stay."""

    def recall(self, names: Sequence[str], scope: str) -> list[tuple[Candidate, ...] | None]:
        self._reach()
        return [self._answers.get((name, scope)) for name in names]

    def remember(self, answers: Mapping[str, tuple[Candidate, ...]], scope: str) -> None:
        self._reach()
        self._answers.update({(name, scope): candidates for name, candidates in answers.items()})

    def clear(self) -> None:
        self._reach()
        self._answers.clear()

    def _reach(self) -> None:
        if self.down:
            raise StoreError("cache is down; start the server")
