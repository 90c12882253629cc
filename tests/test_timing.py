"""`Timings`: what each node took, and how many of its calls were under way at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from attrs import define

from glinker_core import DAGExecutor, NodeError
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.timing import NodeTime, Timings, total
from tests.fake_plugins import fakes, node, pipeline

MET = Barrier(3)


@define
class Meeting:
    """A recogniser that goes on once three calls have met, for texts that ask for it."""

    def recognize(self, texts):
        if "meet" in texts:
            MET.wait(30)
        if "bad" in texts:
            raise ValueError("there is 'bad'")
        return [()] * len(texts)


class MeetingPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_meeting", "tests.test_timing:Meeting", "meets")


@pytest.fixture
def timings():
    return Timings()


@pytest.fixture
def link(timings):
    """Links texts and gives the times of the thread it runs in."""
    plugins = fakes(meeting=MeetingPlugin())
    plugins.register("timings", timings)
    with DAGExecutor(pipeline(node("l1", "l1_meeting"), node("l0", "l0_aggregator")), plugins=plugins) as executor:
        executor.open()

        def link(*texts):
            with timings.taken() as times:
                executor.link(texts)
            return times

        yield link


def test_calls_that_are_under_way_together_are_counted(link):
    with ThreadPoolExecutor(3) as pool:
        parts = list(pool.map(link, ["meet"] * 3))
    assert sorted(part["l1"].at_once for part in parts) == [1, 2, 3]
    assert total(parts)["l1"].at_once == 3
    assert total(parts)["l1"].calls == 3


def test_one_call_after_the_other_is_one_at_once_also_after_a_failure(link):
    with pytest.raises(NodeError):
        link("bad")
    assert link("one", "two")["l1"].at_once == 1


def test_sums_add_up_and_keep_the_most_at_once():
    one, other = NodeTime(1, 2, 3, 0.5, 2), NodeTime(10, 20, 30, 0.25, 1)
    assert one + other == other + one == NodeTime(11, 22, 33, 0.75, 2)
