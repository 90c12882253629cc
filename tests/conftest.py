"""Fixtures that tests of several files share."""

import pytest

import glinker_core.builtin
from glinker_core import ConfigBuilder, DAGExecutor, Plugins
from tests.fake_plugins import PARIS, FakesPlugin, fakes, pipeline
from tests.stand_ins import StandIns


@pytest.fixture
def executor():
    """The whole chain of fakes, with entities in its store."""
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        yield executor


@pytest.fixture
def plugins():
    """The built-ins, fakes, and what stands in for plugins that need models."""
    return Plugins({"builtin": glinker_core.builtin, "fakes": FakesPlugin(), "stand-ins": StandIns()})


@pytest.fixture
def builder(plugins):
    """A builder of these plugins to which nothing was said yet."""
    return ConfigBuilder(name="demo", plugins=plugins)
