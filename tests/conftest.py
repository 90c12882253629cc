"""Fixtures that tests of several files share."""

import json

import pytest
import yaml

import glinker_core.builtin
from glinker_core import ConfigBuilder, DAGExecutor, Plugins
from tests.bulk_runs import TEXTS, MoodyPlugin
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


@pytest.fixture
def kb(store):
    """The same store, by the name that `link` gives it."""
    return store


@pytest.fixture
def documents(tmp_path):
    """A file of fifty documents for runs into a folder."""
    return write_lines(tmp_path / "docs.jsonl", [{"id": f"d{n}", "text": TEXTS[n % 4]} for n in range(50)])


@pytest.fixture
def moody(tmp_path):
    """A pipeline that fails on a word until the file `friend` is there; a call that runs it over documents."""
    source = {"nodes": [{"id": "l1", "processor": "l1_moody", "config": {"friend": str(tmp_path / "friend")}},
                        {"id": "l0", "processor": "l0_aggregator"}]}  # fmt: skip
    pipeline = tmp_path / "moody.yaml"
    pipeline.write_text(json.dumps(source))
    write_lines(tmp_path / "m.jsonl", [{"id": str(n), "text": "bad" if n % 5 == 1 else "good"} for n in range(20)])

    def run(*options):
        plugins = Plugins.installed()
        plugins.register("moody", MoodyPlugin())
        return glinker("link", "-p", pipeline, *options, "--into", tmp_path / "out", plugins=plugins)

    return run
