"""Plugins that are installed: found by their entry points, loaded when they are needed, disabled on demand."""

import json
import logging
import os
import subprocess
import sys

import pytest

from glinker_core.plugins import DISABLE_VARIABLE, Plugins
from tests.fake_plugins import FakesPlugin


def distribution(folder, name, version, points):
    """The metadata that pip leaves of a distribution with entry points."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "\n".join(f"{point} = {value}" for point, value in points.items())
    (info / "entry_points.txt").write_text(f"[glinker]\n{lines}\n")


HOOKS = """
from glinker_core.hookspecs import Component, hookimpl
@hookimpl
def glinker_recognizers():
    yield Component("l1_shout", "shouting_component_of_tests:Shout", "words in capitals")
"""


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Two folders of installed distributions, one before the other on the path, as an editable install makes them."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "shouting_hooks_of_tests.py").write_text(HOOKS)
    (tmp_path / "a" / "broken_hooks_of_tests.py").write_text("import torch_is_not_there\n")
    points = {"shouting_of_tests": "shouting_hooks_of_tests", "broken_of_tests": "broken_hooks_of_tests"}
    distribution(tmp_path / "a", "glinker-of-tests", "1.0", points)
    distribution(tmp_path / "b", "glinker-of-tests", "0.9", points)
    distribution(tmp_path / "b", "other-of-tests", "0.1", {"shouting_of_tests": "shouting_hooks_of_tests"})
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b"), *sys.path]))
    return tmp_path


def run(code):
    """What a new interpreter prints as JSON."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_plugins_are_found_by_their_entry_points_and_once(site):
    found = run("""
import json, sys
from glinker_core.plugins import Plugins
plugins = Plugins.installed()
mine = {p.name: [p.distribution, p.version, p.problem] for p in plugins.plugins.values() if "of_tests" in p.name}
offers = [[o.name, o.plugin] for o in plugins.offers("glinker_recognizers") if o.name == "l1_shout"]
print(json.dumps([mine, offers, list(plugins.plugins)[0], "shouting_component_of_tests" in sys.modules]))
""")
    assert found == [
        {
            "shouting_of_tests": ["glinker-of-tests", "1.0", ""],
            "broken_of_tests": [
                "glinker-of-tests", "1.0", "ModuleNotFoundError: No module named 'torch_is_not_there'",
            ],
        },
        [["l1_shout", "shouting_of_tests"]],
        "builtin",
        False,
    ]  # fmt: skip


def test_importing_the_core_and_finding_plugins_loads_no_component():
    loaded = run("""
import json, sys
import glinker_core
first = sorted(name for name in sys.modules if name.startswith("glinker"))
from glinker_core.plugins import Plugins
plugins = Plugins.installed()
hooks = [name for name in dir(plugins.hook) if name.startswith("glinker_")]
targets = {offer.component.target.partition(":")[0] for hook in hooks for offer in plugins.offers(hook)}
heavy = {"torch", "numpy", "sqlalchemy", "rapidfuzz", "transformers", "spacy", "typer", "rich"}
print(json.dumps([first, sorted(targets & set(sys.modules)), sorted(heavy & set(sys.modules)), len(targets)]))
""")
    assert loaded[:3] == [["glinker_core"], [], []]
    assert loaded[3] >= 5


def test_plugins_are_disabled_by_name_or_by_distribution(monkeypatch):
    for disabled in ("builtin", "glinker-core", " builtin , ,"):
        monkeypatch.setenv(DISABLE_VARIABLE, disabled)
        plugins = Plugins.installed()
        assert plugins.broken["builtin"] == "disabled by GLINKER_DISABLE_PLUGINS"
        assert "l2_chain" not in [offer.name for offer in plugins.offers("glinker_retrievers")]


def test_what_is_disabled_may_also_be_given_and_then_the_environment_is_not_asked(monkeypatch):
    monkeypatch.setenv(DISABLE_VARIABLE, "builtin")
    assert "builtin" not in Plugins.installed(disabled=()).broken
    assert Plugins({"fakes": FakesPlugin()}, disabled=["fakes"]).offers("glinker_recognizers") == []


def test_disabling_what_is_not_there_is_a_warning(monkeypatch, caplog):
    monkeypatch.setenv(DISABLE_VARIABLE, "bultin")
    with caplog.at_level(logging.WARNING):
        Plugins.installed()
    assert caplog.messages == [
        "GLINKER_DISABLE_PLUGINS names 'bultin', which is no installed plugin; did you mean 'builtin'?"
    ]
