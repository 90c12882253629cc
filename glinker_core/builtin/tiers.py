"""What a chain is made of: stores that are searched, and caches that remember what stores answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from attrs import define, field, frozen

from glinker_core.errors import StoreError
from glinker_core.layers import CandidateCache, Search, Store
from glinker_core.model import Candidate

T = TypeVar("T")
Answers = dict[str, tuple[Candidate, ...]]


@frozen(eq=False)
class Tier:
    """An opened store with how it is searched, a cache with what it keeps, or one that is both.

    `keeps` is what a cache keeps of the answers of slower stores: `all`, `found` for those with candidates, `none`.
    """

    name: str
    search: Search
    store: Store | None
    cache: CandidateCache | None
    keeps: str
    degrades: bool

    @property
    def kind(self) -> str:
        return "cache" if self.store is None else "store"

    def find(self, names: Sequence[str]) -> Answers:
        """The candidates of each name that the store has, in one call; a cache has none of its own."""
        if self.store is None or not names:
            return {}
        return dict(zip(names, self.store.search(names, self.search), strict=True))

    def recall(self, names: Sequence[str], scope: str) -> Answers:
        """The answers that are remembered."""
        if self.cache is None or not scope:
            return {}
        known = zip(names, self.cache.recall(names, scope), strict=True)
        return {name: answer for name, answer in known if answer is not None}

    def remember(self, answers: Answers, scope: str) -> None:
        """Keep the answers of slower stores."""
        if self.cache is None or not scope or self.keeps == "none":
            return
        kept = {name: answer for name, answer in answers.items() if answer or self.keeps == "all"}
        if kept:
            self.cache.remember(kept, scope)


@define
class Attempt:
    """One lookup through tiers: a tier that fails is left out of the rest of it, if it may be."""

    tiers: Sequence[Tier]
    degrade: Callable[[Tier, StoreError], None]
    failed: dict[str, StoreError] = field(factory=dict)
    _revisions: dict[str, str] = field(factory=dict)

    def call(self, tier: Tier, work: Callable[[], T]) -> T | None:
        """What the tier answers, or None if it failed, now or before."""
        if tier.name in self.failed:
            return None
        try:
            return work()
        except StoreError as error:
            self.failed[tier.name] = error
            self.degrade(tier, error)
            return None

    def scope(self, tiers: Sequence[Tier], combined: str) -> str:
        """What the answers of these tiers depend on: what their stores hold, and how they are searched."""
        parts = [combined]
        for tier in tiers:
            if tier.store is None:
                continue
            if tier.name not in self._revisions:
                self._revisions[tier.name] = self.call(tier, partial(getattr, tier.store, "revision")) or ""
            parts.append(f"{self._revisions[tier.name]} {tier.search}")
        return "|".join(parts)

    def check(self) -> None:
        """Raise if no store is left: then there is nothing to go on with."""
        stores = [tier.name for tier in self.tiers if tier.store is not None]
        if stores and all(name in self.failed for name in stores):
            raise self.failed[stores[0]]
