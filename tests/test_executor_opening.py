"""`DAGExecutor`: stores, caches and components are opened once, and closed whatever fails."""

from typing import ClassVar

import pytest
from attrs import define

from glinker_core import DAGExecutor, InputError
from glinker_core.errors import StoreError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore
from tests.fake_plugins import fakes, node, pipeline


@define
class Fragile:
    """A component that fails to open or to close."""

    fail: str = "open"
    log: ClassVar[list[str]] = []

    def open(self, resources):
        Fragile.log.append(f"open {self.fail}")
        if self.fail == "open":
            raise OSError("no weights")

    def close(self):
        Fragile.log.append(f"close {self.fail}")
        if self.fail == "close":
            raise OSError("stuck")

    def recognize(self, texts):
        return [()] * len(texts)


class ClosedDoor(FakeStore):
    def open(self):
        raise StoreError("kb.db: no such file")


class RecordingCache(FakeCache):
    """Says when it is opened and closed."""

    log: ClassVar[list[str]] = []

    def open(self):
        self.log.append("open")

    def close(self):
        self.log.append("close")


class MorePlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_fragile", f"{__name__}:Fragile", "fragile")

    @hookimpl
    def glinker_stores(self):
        yield Component("closed", f"{__name__}:ClosedDoor", "closed")
        yield Component("recording", f"{__name__}:RecordingCache", "says when")


@pytest.mark.parametrize("last", ["mapped", "closed"])
def test_caches_are_opened_after_the_stores_and_closed_with_them(last):
    RecordingCache.log.clear()
    stores = {"quick": {"type": "recording"}, "kb": {"type": "fake"}, "last": {"type": last}}
    executor = DAGExecutor(pipeline(node("l1", "l1_fake"), stores=stores), plugins=fakes(more=MorePlugin()))
    if last == "closed":
        with pytest.raises(StoreError, match="no such file"):
            executor.open()
        assert RecordingCache.log == []
    else:
        executor.open()
        executor.close()
        assert RecordingCache.log == ["open", "close"]


def test_a_store_that_does_not_open_is_an_error_and_can_be_closed_after():
    chain = pipeline(node("l1", "l1_fake"), node("l2", "l2_chain", layers=[{"type": "fake"}, {"type": "closed"}]))
    executor = DAGExecutor(chain, plugins=fakes(more=MorePlugin()))
    with pytest.raises(StoreError, match=r"kb.db: no such file"):
        executor.execute({"texts": ["a"]})
    executor.close()


def test_components_open_once_and_close_in_reverse_even_when_one_fails():
    Fragile.log.clear()
    nodes = [node(name, "l1_fragile", fail=name) for name in ("fine", "close")]
    executor = DAGExecutor(pipeline(*nodes, node("l0", "l0_aggregator")), plugins=fakes(more=MorePlugin()))
    executor.link(["a"])
    executor.link(["b"])
    with pytest.raises(OSError, match="stuck"):
        executor.close()
    executor.close()
    assert Fragile.log == ["open fine", "open close", "close close", "close fine"]
    with pytest.raises(InputError, match="pipeline 'test' is closed; make a new executor"):
        executor.link(["a"])


def test_what_was_opened_is_closed_when_the_next_component_fails_to_open():
    Fragile.log.clear()
    nodes = [node(name, "l1_fragile", fail=name) for name in ("fine", "open")]
    executor = DAGExecutor(pipeline(*nodes), plugins=fakes(more=MorePlugin()))
    with pytest.raises(OSError, match="no weights"):
        executor.open()
    assert Fragile.log == ["open fine", "open open", "close fine"]
