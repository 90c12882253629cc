"""Caches, and stores that remember answers, that break promises."""

from __future__ import annotations

from glinker_core.testing import CacheContract, StoreContract
from glinker_core.testing.fakes import FakeCache
from tests.liars.making import lies, with_methods


def changed(**methods):
    """A cache with other methods; each is given the cache and the honest method of the same name."""
    return with_methods(FakeCache, **methods)


@lies(CacheContract, test_fits_the_protocol_of_caches="that are missing: clear")
def cannot_forget():
    class Lasting(FakeCache):
        clear = None

    return Lasting()


@lies(CacheContract, test_closing_twice_is_closing_once="already closed")
def close_twice_raises():
    closed = []

    def close(cache, honest):
        if closed:
            raise RuntimeError("already closed")
        closed.append(True)

    return changed(close=close)


@lies(CacheContract, test_answers_are_recalled_whole="==")
def remembers_one_homonym():
    def remember(cache, honest, answers, scope):
        honest({name: found[-1:] for name, found in answers.items()}, scope)

    return changed(remember=remember)


@lies(CacheContract, test_scores_keep_their_order="keys")
def sorts_the_scores():
    def remember(cache, honest, answers, scope):
        sort = lambda c: type(c)(c.entity, c.name, c.match, dict(sorted(c.scores.items())))  # noqa: E731
        honest({name: tuple(map(sort, found)) for name, found in answers.items()}, scope)

    return changed(remember=remember)


@lies(CacheContract, test_what_was_not_remembered_is_none="==")
def recalls_other_spellings():
    def recall(cache, honest, names, scope):
        return [honest([name.capitalize()], scope)[0] for name in names]

    return changed(recall=recall)


@lies(CacheContract, test_an_empty_answer_is_an_answer="==")
def forgets_empty_answers():
    return changed(recall=lambda cache, honest, names, scope: [found or None for found in honest(names, scope)])


@lies(CacheContract, test_scopes_do_not_mix="==")
def scope_ignored():
    return changed(
        recall=lambda cache, honest, names, scope: honest(names, ""),
        remember=lambda cache, honest, answers, scope: honest(answers, ""),
    )


@lies(CacheContract, test_a_later_answer_takes_the_place_of_an_earlier_one="==")
def the_first_answer_stays():
    def remember(cache, honest, answers, scope):
        honest({n: found for n, found in answers.items() if cache.recall([n], scope) == [None]}, scope)

    return changed(remember=remember)


@lies(CacheContract, test_hostile_names_have_answers_of_their_own="==")
def names_end_at_nul():
    cut = lambda name: name.partition("\x00")[0]  # noqa: E731
    return changed(
        recall=lambda cache, honest, names, scope: honest([cut(name) for name in names], scope),
        remember=lambda cache, honest, answers, scope: honest({cut(n): a for n, a in answers.items()}, scope),
    )


@lies(CacheContract, test_hostile_names_have_answers_of_their_own="==")
def scope_and_name_run_together():
    return changed(
        recall=lambda cache, honest, names, scope: honest([f"{scope}{name}" for name in names], ""),
        remember=lambda cache, honest, answers, scope: honest({f"{scope}{n}": a for n, a in answers.items()}, ""),
    )


@lies(CacheContract, test_hostile_entities_are_recalled_as_they_were="UnicodeEncodeError")
def encodes_strictly():
    def remember(cache, honest, answers, scope):
        for found in answers.values():
            for candidate in found:
                candidate.name.encode()
        honest(answers, scope)

    return changed(remember=remember)


@lies(CacheContract, test_clear_forgets_all_answers="==")
def clears_nothing():
    return changed(clear=lambda cache, honest: None)


@lies(StoreContract, test_remembered_answers_are_not_entities="==")
def remembers_by_writing():
    def remember(store, honest, answers, scope):
        honest(answers, scope)
        store.upsert(c.entity for found in answers.values() for c in found)

    return with_methods(remember=remember)
