"""Stores whose answers break promises."""

from __future__ import annotations

import threading

import pytest

from glinker_core.model import evolve
from glinker_core.names import normalise
from glinker_core.testing import StoreContract
from glinker_core.testing.fakes import FakeStore
from tests.liars.making import lies


def answering(change):
    """A store that changes the candidates of each name: `change(name, candidates, search)`."""

    class Changed(FakeStore):
        def search(self, names, search):
            found = super().search(names, search)
            return [tuple(change(name, list(one), search)) for name, one in zip(names, found, strict=True)]

    return Changed()


def asking(change):
    """A store that is asked with another search than it should be."""

    class Changed(FakeStore):
        def search(self, names, search):
            return super().search(names, change(search))

    return Changed()


@lies(StoreContract, test_every_homonym_is_a_candidate="==", test_homonyms_written_one_by_one_are_all_kept="==")
def lost_homonyms():
    return answering(lambda name, found, search: found[:1])


@lies(StoreContract, test_homonyms_written_one_by_one_are_all_kept="==")
def the_last_write_takes_the_name():
    class Taking(FakeStore):
        def upsert(self, entities, on_duplicate="replace"):
            new = list(entities)
            if len(new) == 1:
                self._entities = {k: e for k, e in self._entities.items() if e.label != new[0].label}
            return super().upsert(new, on_duplicate)

    return Taking()


@lies(
    StoreContract, test_every_homonym_is_a_candidate="==", test_candidates_are_ordered_by_quality_popularity_id="order"
)
def popularity_ignored():
    return answering(lambda name, found, search: sorted(found, key=lambda c: (-c.score, c.entity_id)))


@lies(StoreContract, test_every_homonym_is_a_candidate="==")
def ties_by_insertion():
    class Inserted(FakeStore):
        def search(self, names, search):
            place = {entity_id: index for index, entity_id in enumerate(self._entities)}
            found = super().search(names, search)
            return [
                tuple(sorted(one, key=lambda c: (-c.score, -c.entity.popularity, place[c.entity_id]))) for one in found
            ]

    return Inserted()


@lies(StoreContract, test_candidates_are_ordered_by_quality_popularity_id="are not in order")
def popularity_before_quality():
    return answering(lambda name, found, search: sorted(found, key=lambda c: (-c.entity.popularity, c.entity_id)))


@lies(StoreContract, test_candidates_are_ordered_by_quality_popularity_id="are there twice")
def an_entity_per_name():
    return answering(lambda name, found, search: [c for c in found for _ in range(2)])


@lies(StoreContract, test_candidates_are_ordered_by_quality_popularity_id="scores of a candidate")
def scores_under_another_name():
    return answering(lambda name, found, search: [evolve(c, scores={"exact": c.score}) for c in found])


@lies(StoreContract, test_candidates_are_ordered_by_quality_popularity_id="does not say how it matched")
def silent_about_the_match():
    return answering(lambda name, found, search: [evolve(c, match="") for c in found])


@lies(StoreContract, test_every_name_finds_its_entity="0 times")
def labels_only():
    return answering(lambda name, found, search: [c for c in found if c.name == c.label])


@lies(StoreContract, test_every_name_finds_its_entity="'Paris': 'Paris Hilton'")
def says_the_label_matched():
    return answering(lambda name, found, search: [evolve(c, name=c.label) for c in found])


@lies(StoreContract, test_every_name_finds_its_entity="with another content")
def candidates_without_description():
    return answering(lambda name, found, search: [evolve(c, entity=evolve(c.entity, description="")) for c in found])


@lies(StoreContract, test_names_are_found_however_they_are_written="==")
def lower_case_only():
    return answering(lambda name, found, search: [c for c in found if name.lower() == c.name.lower()])


@lies(StoreContract, test_unknown_names_find_nothing="'%': ")
def wildcards():
    class Like(FakeStore):
        def search(self, names, search):
            return super().search(["Paris" if name == "%" else name for name in names], search)

    return Like()


@lies(StoreContract, test_unknown_names_find_nothing="UnicodeEncodeError")
def cannot_encode_names():
    return answering(lambda name, found, search: found if name.encode() is not None else [])


@lies(StoreContract, test_an_empty_store_finds_nothing="ValueError")
def raises_when_empty():
    class Largest(FakeStore):
        def search(self, names, search):
            max(entity.popularity for entity in self._entities.values())
            return super().search(names, search)

    return Largest()


@lies(StoreContract, test_a_batch_of_names_gives_the_same_as_one_by_one="differs from one by one")
def limit_for_the_batch():
    class Limited(FakeStore):
        def search(self, names, search):
            return super().search(names, evolve(search, limit=max(1, search.limit // max(len(names), 1))))

    return Limited()


@lies(StoreContract, test_a_name_asked_twice_is_answered_twice="==")
def one_answer_per_distinct_name():
    class Distinct(FakeStore):
        def search(self, names, search):
            return super().search(list(dict.fromkeys(names)), search)

    return Distinct()


@lies(StoreContract, test_limit_keeps_the_best="limit=1")
def limit_ignored():
    return asking(lambda search: evolve(search, limit=30))


@lies(StoreContract, test_limit_keeps_the_best="limit=2")
def limit_before_order():
    class Early(FakeStore):
        def search(self, names, search):
            found = super().search(names, evolve(search, limit=30))
            cut = [{c.entity_id for c in sorted(one, key=lambda c: c.entity_id)[: search.limit]} for one in found]
            return [tuple(c for c in one if c.entity_id in ids) for one, ids in zip(found, cut, strict=True)]

    return Early()


@lies(StoreContract, test_min_popularity_leaves_out_the_less_known="==")
def min_popularity_ignored():
    return asking(lambda search: evolve(search, min_popularity=0))


@lies(StoreContract, test_min_popularity_leaves_out_the_less_known="==")
def min_popularity_must_be_exceeded():
    return asking(lambda search: evolve(search, min_popularity=search.min_popularity + 1e-9))


@lies(StoreContract, test_two_threads_search_at_once="belongs to another thread")
def belongs_to_one_thread():
    class Bound(FakeStore):
        def search(self, names, search):
            if threading.current_thread() is not threading.main_thread():
                raise RuntimeError("this connection belongs to another thread")
            return super().search(names, search)

    return Bound()


@lies(StoreContract, test_the_hash_seed_changes_nothing="some set decides an order")
def cuts_off_a_set():
    class Unordered(FakeStore):
        def search(self, names, search):
            found = super().search(names, evolve(search, limit=30))
            kept = [list({c.entity_id for c in one})[: search.limit] for one in found]
            return [tuple(c for c in one if c.entity_id in ids) for one, ids in zip(found, kept, strict=True)]

    return Unordered()


@lies(StoreContract, test_fuzzy_search_finds_typos="Constantniople")
def swaps_are_two_edits():
    def same_letters(one, other):
        return sorted(normalise(one)) == sorted(normalise(other))

    return answering(lambda name, found, search: [c for c in found if c.score == 1 or not same_letters(name, c.name)])


@lies(StoreContract, test_fuzzy_search_finds_typos="< 1")
def typos_are_as_good_as_names():
    return answering(lambda name, found, search: [c.scored(l2=1.0) for c in found])


@lies(StoreContract, test_fuzzy_search_keeps_to_its_limits="==")
def max_distance_ignored():
    return asking(lambda search: evolve(search, max_distance=2))


@lies(StoreContract, test_fuzzy_search_keeps_to_its_limits="==")
def prefix_length_ignored():
    return asking(lambda search: evolve(search, prefix_length=0))


@lies(StoreContract, test_fuzzy_search_keeps_to_its_limits="==")
def min_similarity_ignored():
    return asking(lambda search: evolve(search, min_similarity=0.5))


@lies(StoreContract, test_fuzzy_search_keeps_to_its_limits="exact search finds a typo")
def modes_ignored():
    return asking(lambda search: evolve(search, modes=("exact", "fuzzy")))


@lies(StoreContract, test_exact_hits_come_without_fuzzy_ones="==")
def always_fuzzy():
    return asking(lambda search: evolve(search, modes=("fuzzy",)))


@lies(StoreContract, test_fuzzy_search_finds_every_homonym="==")
def one_entity_per_typo():
    return answering(lambda name, found, search: found if search.modes == ("exact",) else found[:1])


@lies(StoreContract, test_fits_the_protocol_of_stores="that are missing: count")
def no_count():
    class Base(FakeStore):
        count = None

    return Base()


@lies(StoreContract, test_fits_the_protocol_of_stores="not a tuple of search modes")
def modes_as_a_word():
    class Wordy(FakeStore):
        modes = "exact"

    return Wordy()


@lies(StoreContract, test_closing_twice_is_closing_once="already closed")
def close_twice_raises():
    class Closing(FakeStore):
        closed = False

        def close(self):
            if self.closed:
                raise RuntimeError("already closed")
            self.closed = True

    return Closing()


def _reopen(self):
    def reopen(store):
        again = FakeStore()
        again.upsert(entity for entity in store.entities() if entity.popularity)
        return again

    return reopen


@lies(StoreContract, attributes={"reopen": pytest.fixture(_reopen)}, test_entities_outlive_the_object="==")
def forgets_when_closed():
    return FakeStore()
