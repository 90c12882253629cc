"""What a store promises that remembers the answers of slower stores."""

from __future__ import annotations

from typing import Any

import pytest

from glinker_core.layers import CandidateCache
from glinker_core.model import Candidate
from glinker_core.testing.contracts.store_base import EXACT, StoreBase
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.store import store_of

Answers = dict[str, tuple[Candidate, ...]]


class CacheContract(StoreBase):
    """recall and remember; left out for stores that have neither."""

    @pytest.fixture
    def cache(self, store: Any) -> CandidateCache:
        """The store, where it is a cache."""
        if not isinstance(store, CandidateCache):
            pytest.skip("the store remembers no answers")
        return store

    @pytest.fixture
    def answers(self) -> Answers:
        """Answers of a slower store: homonyms, one entity with everything, and none."""
        names = ["Paris", "Utopia", "nobody", "Springfield"]
        return dict(zip(names, store_of(ENTITIES).search(names, EXACT), strict=True))

    def test_answers_are_recalled_whole(self, cache: CandidateCache, answers: Answers) -> None:
        """Every homonym in order, with entity, name, kind of match and scores."""
        cache.remember(answers, "scope")
        assert list(cache.recall(list(answers), "scope")) == list(answers.values())

    def test_what_was_not_remembered_is_none(self, cache: CandidateCache, answers: Answers) -> None:
        """Names without an answer are None, in the order of the names; another spelling is another name."""
        assert list(cache.recall(["Paris"], "scope")) == [None]
        cache.remember(answers, "scope")
        recalled = cache.recall(["unknown", "Utopia", "PARIS", "Utopia"], "scope")
        assert list(recalled) == [None, answers["Utopia"], None, answers["Utopia"]]
        assert list(cache.recall([], "scope")) == []

    def test_an_empty_answer_is_an_answer(self, cache: CandidateCache) -> None:
        """That a name has no candidates is remembered too."""
        cache.remember({"nobody": ()}, "scope")
        assert list(cache.recall(["nobody", "somebody"], "scope")) == [(), None]

    def test_scopes_do_not_mix(self, cache: CandidateCache, answers: Answers) -> None:
        """An answer is recalled in its own scope only."""
        cache.remember(answers, "one")
        cache.remember({"Paris": ()}, "two")
        assert list(cache.recall(["Paris", "Utopia"], "two")) == [(), None]
        assert list(cache.recall(["Paris"], "one")) == [answers["Paris"]]
        assert list(cache.recall(["Paris"], "")) == [None]

    def test_a_later_answer_takes_the_place_of_an_earlier_one(self, cache: CandidateCache, answers: Answers) -> None:
        """The last answer to a name counts."""
        cache.remember(answers, "scope")
        cache.remember({"Paris": answers["Paris"][:1]}, "scope")
        assert list(cache.recall(["Paris", "Utopia"], "scope")) == [answers["Paris"][:1], answers["Utopia"]]

    def test_remembered_answers_are_not_entities(self, cache: CandidateCache, store: Any, answers: Answers) -> None:
        """What is remembered is neither counted nor found nor a change of the content."""
        before = self.content(store)
        cache.remember(answers, "scope")
        assert self.content(store) == before
        assert self.found(store, "Utopia") == []
