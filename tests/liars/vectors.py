"""Stores that keep vectors and break promises about them."""

from __future__ import annotations

import pytest

from glinker_core.layers import Space
from glinker_core.testing import VectorStoreContract
from glinker_core.testing.fakes import FakeStore
from glinker_core.testing.vectors import FakeVectorStore
from tests.liars.making import lies, with_methods


def changed(**methods):
    """A store with other methods; each is given the store and the honest method of the same name."""
    return with_methods(FakeVectorStore, **methods)


@lies(VectorStoreContract, test_fits_the_protocol_of_vector_stores="that are missing: drop_vectors")
def cannot_drop():
    class Lasting(FakeVectorStore):
        drop_vectors = None

    return Lasting()


@lies(VectorStoreContract, test_vectors_come_back_byte_by_byte="==")
def leaves_out_what_it_lacks():
    def vectors(store, honest, space, ids):
        return [vector for vector in honest(space, ids) if vector is not None]

    return changed(vectors=vectors)


@lies(VectorStoreContract, test_vectors_of_spaces_do_not_mix="==")
def template_ignored():
    def one(space):
        return Space(space.model, "", space.dimension)

    return changed(
        vectors=lambda store, honest, space, ids: honest(one(space), ids),
        add_vectors=lambda store, honest, space, given: honest(one(space), given),
        drop_vectors=lambda store, honest, space: honest(one(space)),
    )


@lies(VectorStoreContract, test_a_later_vector_takes_the_place_of_an_earlier_one="==")
def keeps_the_first():
    def add_vectors(store, honest, space, given):
        return honest(space, [pair for pair in given if (space, pair[0]) not in store._vectors])

    return changed(add_vectors=add_vectors)


@lies(VectorStoreContract, test_an_entity_that_changes_loses_its_vectors_and_no_other_does="==")
def keeps_stale_vectors():
    return changed(upsert=lambda store, honest, entities, *rest: FakeStore.upsert(store, entities, *rest))


@lies(VectorStoreContract, test_an_entity_that_changes_loses_its_vectors_and_no_other_does="has the vector of the one")
def keeps_vectors_of_the_dead():
    class Haunted(FakeVectorStore):
        def delete(self, entity_ids):
            return FakeStore.delete(self, entity_ids)

        def vectors(self, space, entity_ids):
            found = super().vectors(space, entity_ids)
            return [one if key in self._entities else None for key, one in zip(entity_ids, found, strict=True)]

        def _following(self, write):
            kept = {key: one for key, one in self._vectors.items() if key[1] not in self._entities}
            self._vectors = {key: one for key, one in self._vectors.items() if key not in kept}
            done = super()._following(write)
            self._vectors |= kept
            return done

    return Haunted()


@lies(VectorStoreContract, test_clear_forgets_all_vectors="==")
def clears_entities_only():
    class Lasting(FakeVectorStore):
        def clear(self):
            kept = dict(self._vectors)
            super().clear()
            self._dead = kept

        def upsert(self, entities, on_duplicate="replace"):
            done = super().upsert(entities, on_duplicate)
            self._vectors |= getattr(self, "_dead", {})
            return done

    return Lasting()


@lies(VectorStoreContract, test_vectors_of_entities_that_are_not_there_are_not_counted="==")
def counts_what_it_was_given():
    def add_vectors(store, honest, space, given):
        vectors = list(given)
        honest(space, vectors)
        return len(vectors)

    return changed(add_vectors=add_vectors)


@lies(VectorStoreContract, test_vectors_do_not_move_the_revision="==")
def counts_its_writes():
    class Counting(FakeVectorStore):
        writes = 0

        @property
        def revision(self):
            return f"{super().revision} {self.writes}"

        def add_vectors(self, space, vectors):
            type(self).writes += 1
            return super().add_vectors(space, vectors)

    return Counting()


@lies(VectorStoreContract, test_a_vector_of_another_size_is_refused_and_nothing_is_kept="==")
def keeps_those_before_the_bad_one():
    def add_vectors(store, honest, space, given):
        return sum(honest(space, [pair]) for pair in given)

    return changed(add_vectors=add_vectors)


@lies(VectorStoreContract, test_another_dimension_of_a_space_is_refused="DID NOT RAISE")
def dimension_is_another_space():
    return changed(_check=lambda store, honest, space: None)


@lies(VectorStoreContract, test_many_vectors_go_in_and_out="==")
def keeps_a_thousand():
    return changed(add_vectors=lambda store, honest, space, given: honest(space, list(given)[:1_000]))


def without_vectors(store):
    """Another store with the same entities."""
    again = FakeVectorStore()
    again.upsert(store.entities())
    return again


@lies(
    VectorStoreContract,
    attributes={"reopen": pytest.fixture(lambda self: without_vectors)},
    test_vectors_outlive_the_object="==",
)
def keeps_entities_only():
    return FakeVectorStore()
