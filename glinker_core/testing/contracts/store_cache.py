"""What a cache promises: a component of its own, or a store that remembers the answers of slower ones."""

from __future__ import annotations

from typing import Any

import pytest

from glinker_core.layers import CandidateCache
from glinker_core.model import Candidate, Entity
from glinker_core.testing.checks import assert_same, missing
from glinker_core.testing.contracts.config import ConfigContract
from glinker_core.testing.contracts.store_base import EXACT
from glinker_core.testing.entities import ENTITIES, HOSTILE
from glinker_core.testing.store import store_of
from glinker_core.testing.texts import UNKNOWN_NAMES

Answers = dict[str, tuple[Candidate, ...]]


class CacheContract(ConfigContract):
    """A cache: whole answers by name and scope, recalled as they were remembered, or not at all.

    Override the fixture `cache` with an opened and empty cache. What it remembers may be forgotten at any time but
    during a test.
    """

    @pytest.fixture
    def cache(self) -> Any:
        """The cache under test, opened and empty."""
        raise NotImplementedError(f"{type(self).__name__}: override the fixture 'cache' with an opened, empty cache")

    @pytest.fixture
    def component(self, cache: Any) -> Any:
        """The cache, as a thing with a config."""
        return cache

    @pytest.fixture
    def answers(self) -> Answers:
        """Answers of a slower store: homonyms, one entity with everything, and none."""
        names = ["Paris", "Utopia", "nobody", "Springfield"]
        return dict(zip(names, store_of(ENTITIES).search(names, EXACT), strict=True))

    def test_fits_the_protocol_of_caches(self, cache: Any) -> None:
        """Has every method of `layers.CandidateCache`."""
        lacking = missing(cache, CandidateCache)
        assert not lacking, f"members of layers.CandidateCache that are missing: {', '.join(lacking)}"

    def test_closing_twice_is_closing_once(self, cache: Any) -> None:
        """`close()` may be called again."""
        cache.close()
        cache.close()

    def test_answers_are_recalled_whole(self, cache: CandidateCache, answers: Answers) -> None:
        """Every homonym in order, with entity, name, kind of match and scores."""
        cache.remember(answers, "scope")
        assert list(cache.recall(list(answers), "scope")) == list(answers.values())

    def test_scores_keep_their_order(self, cache: CandidateCache, answers: Answers) -> None:
        """The score of the last stage stays the last one."""
        answer = tuple(candidate.scored(a=0.25, l2_z=1 / 3, b=0.5) for candidate in answers["Paris"])
        cache.remember({"Paris": answer}, "scope")
        assert_same(cache.recall(["Paris"], "scope"), [answer], "scores recalled are others than those remembered")

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

    def test_hostile_names_have_answers_of_their_own(self, cache: CandidateCache, answers: Answers) -> None:
        """Quotes, wildcards, NUL, lone surrogates, 10,000 characters: no name is taken for another, nor a scope."""
        names = list(dict.fromkeys((*UNKNOWN_NAMES, "a", "a:b", "a|b", "a b", *(one.label for one in HOSTILE))))
        for scope in ("", ":", "one\x00two \ud83d"):
            cache.remember({name: (answers["Utopia"][0].scored(l2=n / 100),) for n, name in enumerate(names)}, scope)
            found = cache.recall(names, scope)
            assert [answer and round(answer[0].score * 100) for answer in found] == list(range(len(names)))
        assert list(cache.recall(["b", "two a"], "a:")) == [None, None]

    @pytest.mark.parametrize("one", HOSTILE, ids=lambda one: one.entity_id)
    def test_hostile_entities_are_recalled_as_they_were(self, cache: CandidateCache, one: Entity) -> None:
        """Whatever the ids, names and descriptions of candidates are made of."""
        answer = (Candidate(one, one.names[-1], "exact", {"l2": 1.0}),)
        cache.remember({"name": answer}, "scope")
        assert list(cache.recall(["name"], "scope")) == [answer]

    def test_clear_forgets_all_answers(self, cache: CandidateCache, answers: Answers) -> None:
        """Of every scope; the cache can be used again."""
        cache.remember(answers, "one")
        cache.remember(answers, "two")
        cache.clear()
        cache.clear()
        assert [list(cache.recall(list(answers), scope)) for scope in ("one", "two")] == [[None] * len(answers)] * 2
        cache.remember(answers, "one")
        assert list(cache.recall(["Paris", "nobody"], "one")) == [answers["Paris"], ()]
