"""A liar is a component that breaks a promise, and the tests of its contract that must say so."""

from __future__ import annotations

import pytest

from glinker_core.testing import CacheContract, StoreContract, VectorStoreContract
from glinker_core.testing.fakes import FakeStore

# a store contract is a cache contract too
_SUBJECTS = {StoreContract: "store", CacheContract: "cache", VectorStoreContract: "store"}


def lies(contract, *, attributes=None, **caught):
    """Make a test class of the contract for what the decorated function makes.

    `caught` names the test methods that must fail, each with a part of the message that says why.
    """
    subject = next((name for cls, name in _SUBJECTS.items() if issubclass(contract, cls)), "component")

    def decorate(make):
        members = {subject: pytest.fixture(lambda self: make()), "caught": caught, **(attributes or {})}
        return type(make.__name__, (contract,), {**members, "__module__": make.__module__})

    return decorate


def with_methods(honest=FakeStore, **methods):
    """A store, or another fake, with other methods; each is given the object and the honest method of that name."""

    def replaced(name, method):
        def call(self, *args, **kwargs):
            return method(self, lambda *a, **k: getattr(honest, name)(self, *a, **k), *args, **kwargs)

        return call

    return type("Changed", (honest,), {name: replaced(name, method) for name, method in methods.items()})()
