"""Fixtures that tests of several files share."""

import pytest
import yaml

import glinker_core.builtin
from glinker_core import ConfigBuilder, DAGExecutor, Plugins
from tests.cli_runs import ENTITIES, glinker, write_lines
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


@pytest.fixture
def entities(tmp_path):
    """A file of entities."""
    return write_lines(tmp_path / "entities.jsonl", ENTITIES)


@pytest.fixture
def store(tmp_path, entities):
    """A SQLite store with those entities."""
    path = tmp_path / "kb.db"
    assert glinker("kb", "import", entities, "--store", path).exit_code == 0
    return path


@pytest.fixture
def pipeline_file(tmp_path):
    """A function that writes a pipeline file."""

    def write(*nodes, **rest):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(pipeline(*nodes, **rest)), encoding="utf-8")
        return path

    return write
