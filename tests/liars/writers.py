"""Stores whose writes or content break promises."""

from __future__ import annotations

from glinker_core.errors import GlinkerError
from glinker_core.layers import Name, Upserted
from glinker_core.model import evolve
from glinker_core.testing import StoreContract
from glinker_core.testing.fakes import FakeStore
from tests.liars.making import lies, with_methods


class Indexed(FakeStore):
    """A store that keeps every name an entity ever had, and so finds entities by names they have no more."""

    def __init__(self):
        super().__init__()
        self.ever = {}

    def upsert(self, entities, on_duplicate="replace"):
        said = super().upsert(entities, on_duplicate)
        for entity in self._entities.values():
            self.ever.setdefault(entity.entity_id, {}).update(dict.fromkeys(entity.names))
        return said

    def search(self, names, search):
        now = self._entities
        self._entities = {k: evolve(e, aliases=tuple(self.ever.get(k, e.names))) for k, e in now.items()}
        try:
            return super().search(names, search)
        finally:
            self._entities = now

    def clear(self):
        super().clear()
        self.ever.clear()


@lies(
    StoreContract,
    test_replacing_leaves_no_stale_name="still finds what was replaced",
    test_any_history_of_writes_leaves_the_right_names="after [",
)
def stale_names_on_replace():
    return Indexed()


@lies(StoreContract, test_deleting_leaves_no_name="==")
def deletes_one_homonym_too_many():
    class Greedy(FakeStore):
        def delete(self, entity_ids):
            ids = list(entity_ids)
            labels = [self._entities[one].label for one in ids if one in self._entities]
            return super().delete([*ids, *(k for k, e in self._entities.items() if e.label in labels)])

    return Greedy()


@lies(StoreContract, test_deleting_leaves_no_name="==")
def counts_what_was_asked_to_be_deleted():
    def delete(store, honest, entity_ids):
        ids = list(entity_ids)
        honest(ids)
        return len(ids)

    return with_methods(delete=delete)


@lies(StoreContract, test_clear_leaves_nothing="==")
def clears_half():
    return with_methods(clear=lambda store, honest: store.delete(list(store._entities)[1:]))


@lies(StoreContract, test_replacing_changes_the_order_of_homonyms="==")
def popularity_as_it_was():
    def upsert(store, honest, entities, on_duplicate="replace"):
        def as_it_was(entity):
            return evolve(entity, popularity=store._entities.get(entity.entity_id, entity).popularity)

        return honest(map(as_it_was, entities), on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_upsert_says_what_it_did="==")
def counts_unchanged_as_replaced():
    def upsert(store, honest, entities, on_duplicate="replace"):
        said = honest(entities, on_duplicate)
        return evolve(said, replaced=said.replaced + said.unchanged, unchanged=0)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_upsert_replaces_when_not_told_otherwise="==")
def keeps_when_not_told_otherwise():
    return with_methods(upsert=lambda store, honest, entities, on_duplicate="keep": honest(entities, on_duplicate))


@lies(StoreContract, test_keep_leaves_what_is_there="==", test_upsert_says_what_it_did="==")
def keep_replaces():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest(entities, "replace" if on_duplicate == "keep" else on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_merge_joins_what_is_there_with_what_is_given="==")
def merge_replaces():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest(entities, "replace" if on_duplicate == "merge" else on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_error_refuses_other_content_and_writes_nothing="DID NOT RAISE")
def error_keeps():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest(entities, "keep" if on_duplicate == "error" else on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_error_refuses_other_content_and_writes_nothing="==")
def error_writes_the_rest():
    def upsert(store, honest, entities, on_duplicate="replace"):
        entities = list(entities)
        try:
            return honest(entities, on_duplicate)
        except GlinkerError:
            honest(entities, "keep")
            raise

    return with_methods(upsert=upsert)


@lies(StoreContract, test_an_unknown_on_duplicate_is_refused="DID NOT RAISE")
def takes_any_policy():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest(entities, on_duplicate if on_duplicate in ("error", "keep") else "replace")

    return with_methods(upsert=upsert)


@lies(StoreContract, test_one_batch_is_the_same_as_one_by_one="==")
def the_first_of_a_batch_wins():
    def upsert(store, honest, entities, on_duplicate="replace"):
        first = {}
        for entity in entities:
            first.setdefault(entity.entity_id, entity)
        return honest(first.values(), on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_a_failing_upsert_writes_nothing="==")
def writes_as_it_reads():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return sum((honest([entity], on_duplicate) for entity in entities), Upserted())

    return with_methods(upsert=upsert)


@lies(StoreContract, test_a_failing_upsert_writes_nothing="==")
def writes_every_thousand():
    def upsert(store, honest, entities, on_duplicate="replace"):
        said, some = Upserted(), []
        for entity in entities:
            some.append(entity)
            if len(some) == 1_000:
                said += honest(some, on_duplicate)
                some = []
        return said + honest(some, on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_revision_moves_with_every_change="did not move with change 0")
def revision_never_moves():
    return type("Still", (FakeStore,), {"revision": "1"})()


@lies(StoreContract, test_revision_moves_with_every_change="did not move with change 1")
def revision_counts_entities():
    return type("Counting", (FakeStore,), {"revision": property(lambda self: str(len(self._entities)))})()


@lies(StoreContract, test_revision_stays_when_nothing_changes="==")
def revision_counts_calls():
    class Calls(FakeStore):
        calls = 0

        @property
        def revision(self):
            return str(self.calls)

        def upsert(self, entities, on_duplicate="replace"):
            self.calls += 1
            return super().upsert(entities, on_duplicate)

    return Calls()


@lies(StoreContract, test_entities_come_back_as_they_went_in="==")
def sorts_aliases():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest((evolve(e, aliases=tuple(sorted(set(e.aliases)))) for e in entities), on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_entities_come_back_as_they_went_in="==")
def rounds_popularity():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest((evolve(e, popularity=int(e.popularity)) for e in entities), on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_get_answers_in_the_order_asked="==")
def get_leaves_out_what_is_not_there():
    return with_methods(get=lambda store, honest, ids: [e for e in honest(ids) if e])


@lies(StoreContract, test_count_says_how_many_entities_there_are="==")
def counts_names():
    return with_methods(count=lambda store, honest: len(list(store.names())))


@lies(StoreContract, test_entities_come_in_order_of_ids="==")
def entities_in_order_of_utf16():
    def entities(store, honest):
        return iter(sorted(honest(), key=lambda e: e.entity_id.encode("utf-16-be", "surrogatepass")))

    return with_methods(entities=entities)


@lies(StoreContract, test_entities_come_in_order_of_ids="==")
def entities_in_order_of_a_locale():
    return with_methods(entities=lambda store, honest: iter(sorted(honest(), key=lambda e: e.entity_id.casefold())))


@lies(StoreContract, test_names_are_all_names_of_all_entities="==")
def names_are_labels():
    def names(store, honest):
        return (Name(e.label, e.entity_id, e.entity_type, e.popularity) for e in store.entities())

    return with_methods(names=names)


@lies(StoreContract, test_hostile_entities_are_kept_or_refused="==")
def cuts_names_at_nul():
    def upsert(store, honest, entities, on_duplicate="replace"):
        return honest((evolve(e, label=e.label.partition("\x00")[0]) for e in entities), on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_hostile_entities_are_kept_or_refused="ValueError")
def raises_the_errors_of_its_driver():
    def upsert(store, honest, entities, on_duplicate="replace"):
        entities = list(entities)
        if any("\x00" in e.label for e in entities):
            raise ValueError("A string literal cannot contain NUL (0x00) characters.")
        return honest(entities, on_duplicate)

    return with_methods(upsert=upsert)


@lies(StoreContract, test_hostile_entities_are_kept_or_refused="left something behind")
def refuses_too_late():
    def upsert(store, honest, entities, on_duplicate="replace"):
        for entity in entities:
            if "\x00" in entity.label:
                raise GlinkerError("NUL")
            honest([entity], on_duplicate)

    return with_methods(upsert=upsert)
