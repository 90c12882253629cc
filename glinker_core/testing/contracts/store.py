"""What a store promises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from glinker_core.layers import CandidateCache, Store
from glinker_core.testing.checks import missing
from glinker_core.testing.contracts.store_cache import Answers, CacheContract
from glinker_core.testing.contracts.store_content import ContentContract
from glinker_core.testing.contracts.store_search import SearchContract
from glinker_core.testing.contracts.store_writes import WritesContract


class StoreContract(SearchContract, WritesContract, ContentContract, CacheContract):
    """A store: entities by id and by name, every homonym, writes that happen wholly or not at all.

    Override the fixture `store` with an opened and empty store; where entities outlive the object also `reopen`, which
    closes a store and returns a new one on the same data. A store without `fuzzy` among its `modes` is not asked for
    it, and one that remembers no answers (`layers.CandidateCache`) is not asked to.
    """

    @pytest.fixture
    def cache(self, store: Any) -> CandidateCache:
        """The store, where it is a cache."""
        if not isinstance(store, CandidateCache):
            pytest.skip("the store remembers no answers")
        return store

    @pytest.fixture
    def component(self, store: Any) -> Any:
        """The store, as a thing with a config."""
        return store

    def test_fits_the_protocol_of_stores(self, store: Any) -> None:
        """Has every method of `layers.Store`, and `modes` that say how it can be searched."""
        lacking = missing(store, Store)
        assert not lacking, f"members of layers.Store that are missing: {', '.join(lacking)}"
        modes = getattr(type(store), "modes", None)
        assert isinstance(modes, tuple), f"'modes' is {modes!r}, not a tuple of search modes"
        assert "exact" in modes, f"'exact' is not among the modes {modes}"

    def test_closing_twice_is_closing_once(self, store: Any) -> None:
        """`close()` may be called again."""
        store.close()
        store.close()

    def test_remembered_answers_are_not_entities(self, cache: CandidateCache, store: Any, answers: Answers) -> None:
        """What is remembered is neither counted nor found nor a change of the content."""
        before = self.content(store)
        cache.remember(answers, "scope")
        assert self.content(store) == before
        assert self.found(store, "Utopia") == []

    def test_entities_outlive_the_object(self, store: Any, reopen: Callable[[Any], Any] | None) -> None:
        """What was written is there after closing and opening, under the same revision."""
        if reopen is None:
            pytest.skip("the fixture 'reopen' is not overridden: entities do not outlive the store")
        self.fill(store)
        before = (store.revision, list(store.entities()), sorted(store.names()))
        again = reopen(store)
        assert (again.revision, list(again.entities()), sorted(again.names())) == before
        again.close()
