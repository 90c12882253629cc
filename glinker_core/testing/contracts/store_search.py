"""What a store promises of its answers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from glinker_core.layers import Search
from glinker_core.testing.checks import assert_same, assert_score
from glinker_core.testing.contracts.store_base import EXACT, StoreBase, entity
from glinker_core.testing.entities import ENTITIES, HOMONYMS
from glinker_core.testing.rerun import assert_same_under_another_hash_seed
from glinker_core.testing.texts import UNKNOWN_NAMES

#: Mistyped names with the entity that is meant, by the kind of mistake.
TYPOS = {
    "insertion": ("Constantinnople", "city-istanbul"),
    "deletion": ("Constantiople", "city-istanbul"),
    "substitution": ("Konstantinople", "city-istanbul"),
    "swap": ("Constantniople", "city-istanbul"),
    "two edits": ("Konstantinopl", "city-istanbul"),
    "in an alias of two words": ("Vile Lumiere", "city-paris-fr"),
    "in a short name": ("Utopja", "full"),
}


class SearchContract(StoreBase):
    """Exact and fuzzy search."""

    @pytest.mark.parametrize("name", HOMONYMS)
    def test_every_homonym_is_a_candidate(self, store: Any, name: str) -> None:
        """All entities of a name are found, in order of popularity, then id, however they were inserted."""
        self.fill(store)
        assert self.found(store, name) == list(HOMONYMS[name])
        store.clear()
        self.fill(store, reversed(ENTITIES))
        assert self.found(store, name) == list(HOMONYMS[name]), "the order of insertion changes the order of candidates"

    def test_homonyms_written_one_by_one_are_all_kept(self, store: Any) -> None:
        """A later entity does not take the name of an earlier one, whether it is label or alias."""
        for one in ENTITIES:
            store.upsert([one])
        assert {name: self.found(store, name) for name in HOMONYMS} == {n: list(ids) for n, ids in HOMONYMS.items()}

    def test_every_name_finds_its_entity(self, store: Any) -> None:
        """Label and each alias find the entity with score 1.0; the candidate says which name matched."""
        self.fill(store)
        for one in ENTITIES:
            for name in one.names:
                mine = [c for c in self.search(store, name) if c.entity_id == one.entity_id]
                assert len(mine) == 1, f"{name!r} finds '{one.entity_id}' {len(mine)} times"
                assert mine[0].entity == one, f"{name!r} finds '{one.entity_id}' with another content: {mine[0].entity}"
                assert (mine[0].name, mine[0].score) == (name, 1.0), f"{name!r}: {mine[0].name!r}, {mine[0].score}"

    @pytest.mark.parametrize("name", ["PARIS", "paris", " Paris ", "pa\u0301ris", "Paris,", "\uff30aris"])
    def test_names_are_found_however_they_are_written(self, store: Any, name: str) -> None:
        """Exact search covers equally normalised names (`names.normalise`): case, accents, punctuation, width."""
        self.fill(store)
        assert sorted(self.found(store, name)) == sorted(HOMONYMS["Paris"])

    def test_candidates_are_ordered_by_quality_popularity_id(self, store: Any) -> None:
        """For every name, exact and fuzzy; no entity twice; one finite score in 0..1, named `l2`."""
        self.fill(store)
        names = [*{name: None for one in ENTITIES for name in one.names}, *(typo for typo, _ in TYPOS.values())]
        for name, answer in zip(names, store.search(names, self.everything(store)), strict=True):
            keys = [(-c.score, -c.entity.popularity, c.entity_id) for c in answer]
            assert keys == sorted(keys), f"candidates of {name!r} are not in order of quality, popularity, id: {keys}"
            ids = [c.entity_id for c in answer]
            assert len(ids) == len(set(ids)), f"candidates of {name!r} are there twice: {ids}"
            for c in answer:
                assert list(c.scores) == ["l2"], f"scores of a candidate of {name!r}: {dict(c.scores)}"
                assert_score(c.score, f"candidate '{c.entity_id}' of {name!r}")
                assert c.name in c.entity.names, f"'{c.entity_id}' for {name!r} matched {c.name!r}, not its name"
                assert c.match, f"candidate '{c.entity_id}' of {name!r} does not say how it matched"

    def test_unknown_names_find_nothing(self, store: Any) -> None:
        """Unknown, empty, blank, hostile and very long names have no candidates and raise nothing."""
        self.fill(store)
        found = {
            name[:40]: [c.entity_id for c in answer]
            for name, answer in zip(UNKNOWN_NAMES, store.search(UNKNOWN_NAMES, self.everything(store)), strict=True)
            if answer
        }
        assert not found

    def test_an_empty_store_finds_nothing(self, store: Any) -> None:
        """Search, get, entities and names of nothing are empty."""
        assert [tuple(answer) for answer in store.search(["Paris", ""], self.everything(store))] == [(), ()]
        assert list(store.search([], self.everything(store))) == []
        assert (store.get(["x"]), store.get([])) == ([None], [])

    def test_a_batch_of_names_gives_the_same_as_one_by_one(self, store: Any) -> None:
        """Each name has its answer, whatever else is asked with it, in the order of the names."""
        self.fill(store)
        names = [name for one in ENTITIES for name in one.names] + ["unknown to all", "", "paris"]
        for search in (EXACT, self.everything(store)):
            expected = [self.search(store, name, search) for name in names]
            got = [tuple(answer) for answer in store.search(names, search)]
            assert_same(got, expected, "a batch of names differs from one by one")

    def test_a_name_asked_twice_is_answered_twice(self, store: Any) -> None:
        """Repeated names in one batch each have their answer."""
        self.fill(store)
        answers = [[c.entity_id for c in answer] for answer in store.search(["Paris", "Tokyo", "Paris"], EXACT)]
        assert answers == [list(HOMONYMS["Paris"]), ["city-tokyo"], list(HOMONYMS["Paris"])]

    def test_limit_keeps_the_best(self, store: Any) -> None:
        """`limit` counts per name and cuts off after the ordering."""
        self.fill(store)
        for limit in (1, 2, 3):
            answers = store.search(list(HOMONYMS), Search(modes=("exact",), limit=limit))
            got = [[c.entity_id for c in answer] for answer in answers]
            assert got == [list(ids[:limit]) for ids in HOMONYMS.values()], f"limit={limit}"

    def test_min_popularity_leaves_out_the_less_known(self, store: Any) -> None:
        """Entities below `min_popularity` are no candidates; those that reach it are."""
        self.fill(store)
        found = self.found(store, "Paris", Search(modes=("exact",), min_popularity=60))
        assert found == ["city-paris-fr", "myth-paris", "person-hilton"]
        assert self.found(store, "Paris", Search(modes=("exact",), min_popularity=1e9)) == []

    def test_two_threads_search_at_once(self, store: Any) -> None:
        """Search may be called from several threads at the same time, also from others than the one that opened."""
        self.fill(store)
        names = list(HOMONYMS) * 20
        with ThreadPoolExecutor(2) as pool:
            for answers in pool.map(lambda _: list(store.search(names, EXACT)), range(4)):
                assert [[c.entity_id for c in answer] for answer in answers] == [list(HOMONYMS[n]) for n in names]

    def test_the_hash_seed_changes_nothing(self, store: Any, request: pytest.FixtureRequest) -> None:
        """Another process with another `PYTHONHASHSEED` gives the same: no set decides an order."""
        self.fill(store)
        names = [*{name: None for one in ENTITIES for name in one.names}, *(typo for typo, _ in TYPOS.values())]
        answer = repr(list(store.search(names, self.everything(store, limit=1))))
        store.close()  # the other process may need the place to itself
        assert_same_under_another_hash_seed(answer, request)

    @pytest.mark.parametrize("kind", TYPOS)
    def test_fuzzy_search_finds_typos(self, store: Any, kind: str) -> None:
        """Up to two edits: insertion, deletion, substitution, swap of neighbours; the score is below 1."""
        self.needs_fuzzy(store)
        self.fill(store)
        name, meant = TYPOS[kind]
        best = self.search(store, name, Search())
        assert [c.entity_id for c in best[:1]] == [meant], f"{name!r} finds {[c.entity_id for c in best]}"
        assert 0 < best[0].score < 1

    def test_fuzzy_search_keeps_to_its_limits(self, store: Any) -> None:
        """`max_distance`, `min_similarity`, `prefix_length` and `modes` are obeyed."""
        self.needs_fuzzy(store)
        self.fill(store)
        one_edit, two_edits, first_letter = "Constantinnople", "Constantinnoplee", "Konstantinople"
        assert self.found(store, one_edit, Search(max_distance=1)) == ["city-istanbul"]
        assert self.found(store, two_edits, Search(max_distance=1)) == []
        assert self.found(store, one_edit, Search(max_distance=0)) == []
        assert self.found(store, one_edit, Search(min_similarity=0.99)) == []
        assert self.found(store, first_letter, Search(prefix_length=1)) == []
        assert self.found(store, one_edit, Search(prefix_length=3)) == ["city-istanbul"]
        assert self.found(store, one_edit, EXACT) == [], "exact search finds a typo"

    def test_exact_hits_come_without_fuzzy_ones(self, store: Any) -> None:
        """A name that is there is not searched for its neighbours."""
        self.needs_fuzzy(store)
        self.fill(store, [entity("a", "Constantin"), entity("b", "Constantine", popularity=9)])
        assert self.found(store, "Constantin", Search()) == ["a"]
        assert sorted(self.found(store, "Constantino", Search())) == ["a", "b"]

    def test_fuzzy_search_finds_every_homonym(self, store: Any) -> None:
        """A typo finds all entities of the name that is meant."""
        self.needs_fuzzy(store)
        self.fill(store)
        assert self.found(store, "Springfeild", Search()) == list(HOMONYMS["Springfield"])
