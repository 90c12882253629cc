"""Fixtures that tests of several files share."""

import pytest

import glinker_core.builtin
from glinker_core import ConfigBuilder, Plugins
from tests.fake_plugins import FakesPlugin
from tests.stand_ins import StandIns


@pytest.fixture
def plugins():
    """The built-ins, fakes, and what stands in for plugins that need models."""
    return Plugins({"builtin": glinker_core.builtin, "fakes": FakesPlugin(), "stand-ins": StandIns()})


@pytest.fixture
def builder(plugins):
    """A builder of these plugins to which nothing was said yet."""
    return ConfigBuilder(name="demo", plugins=plugins)
