"""Stores that remember answers and break promises."""

from __future__ import annotations

from glinker_core.testing import StoreContract
from tests.liars.making import lies, with_methods


@lies(StoreContract, test_answers_are_recalled_whole="==")
def remembers_one_homonym():
    def remember(store, honest, answers, scope):
        honest({name: found[-1:] for name, found in answers.items()}, scope)

    return with_methods(remember=remember)


@lies(StoreContract, test_what_was_not_remembered_is_none="==")
def recalls_other_spellings():
    def recall(store, honest, names, scope):
        return [honest([name.capitalize()], scope)[0] for name in names]

    return with_methods(recall=recall)


@lies(StoreContract, test_an_empty_answer_is_an_answer="==")
def forgets_empty_answers():
    return with_methods(recall=lambda store, honest, names, scope: [found or None for found in honest(names, scope)])


@lies(StoreContract, test_scopes_do_not_mix="==")
def scope_ignored():
    return with_methods(
        recall=lambda store, honest, names, scope: honest(names, ""),
        remember=lambda store, honest, answers, scope: honest(answers, ""),
    )


@lies(StoreContract, test_a_later_answer_takes_the_place_of_an_earlier_one="==")
def the_first_answer_stays():
    def remember(store, honest, answers, scope):
        honest({n: found for n, found in answers.items() if store.recall([n], scope) == [None]}, scope)

    return with_methods(remember=remember)


@lies(StoreContract, test_remembered_answers_are_not_entities="==")
def remembers_by_writing():
    def remember(store, honest, answers, scope):
        honest(answers, scope)
        store.upsert(c.entity for found in answers.values() for c in found)

    return with_methods(remember=remember)
