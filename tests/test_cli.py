import importlib
import inspect
import json
import os
import subprocess
import sys

import pytest

from glinker_core import Plugins, __version__
from glinker_core.cli import COMMANDS
from glinker_core.hookspecs import Component, hookimpl
from tests.cli_runs import glinker, process
from tests.fake_plugins import fakes

#: What has no place behind `--help`: heavy libraries, components and commands.
HEAVY = ("sqlalchemy", "rapidfuzz", "torch", "numpy", "spacy", "rich", "glinker_core.executor")
PACKAGES = ("glinker_core.builtin", "glinker_stores", "glinker_lexical", "glinker_shouting")


class CommandPlugin:
    """Brings one command."""

    def __init__(self, target, name="shout"):
        self.component = Component(name, target, "Say a text in capitals.")

    @hookimpl
    def glinker_commands(self):
        yield self.component


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """A module with a command, which says so when it is imported."""
    (tmp_path / "noisy_command.py").write_text(
        "import typer\napp = typer.Typer(add_completion=False, rich_markup_mode=None)\nnothing = 1\n"
        "@app.command()\ndef shout(text: str):\n    typer.echo(text.upper())\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    yield fakes(noisy=CommandPlugin("noisy_command:app"))
    sys.modules.pop("noisy_command", None)


def test_help_names_all_commands_with_their_summaries():
    shown = glinker("--help")
    assert shown.exit_code == 0
    for name, (_, summary) in COMMANDS.items():
        assert f"  {name} " in shown.stdout
        assert summary in " ".join(
            shown.stdout.split()
        )  # long ones are broken where a plugin's command has a long name


def test_help_loads_no_component_of_a_plugin_and_no_command():
    code = (
        "import sys\nfrom glinker_core.cli import main\nsys.argv = ['glinker', '--help']\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "Usage: glinker" in done.stdout
    loaded = done.stderr.split()
    assert {"glinker_core.cli", "glinker_core.builtin"} <= set(loaded)
    assert [name for name in loaded if name.startswith(HEAVY)] == []
    assert [name for name in loaded if name.startswith(tuple(f"{package}." for package in PACKAGES))] == []
    assert [name for name in loaded if name.startswith("glinker_core.cli.")] == ["glinker_core.cli.console"]


@pytest.mark.parametrize("name", COMMANDS)
def test_summary_of_a_command_is_the_first_sentence_of_its_help(name):
    target, summary = COMMANDS[name]
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    help_text = found.info.help if attribute == "app" else inspect.getdoc(found)
    assert help_text.split("\n\n")[0] == summary


@pytest.mark.parametrize("args", [("kb",), ()])
def test_a_group_without_a_command_shows_its_help(args):
    shown = glinker(*args)
    assert "Commands:" in shown.output


def test_version_is_told():
    assert glinker("--version").stdout == f"glinker {__version__}\n"


def test_misspelt_command_is_refused_with_a_hint():
    done = glinker("lnik")
    assert done.exit_code == 2
    assert "No such command 'lnik'. Did you mean 'link'?" in done.stderr


def test_misspelt_option_is_refused():
    done = glinker("link", "--formt", "jsonl")
    assert done.exit_code == 2
    assert "--formt" in done.stderr


def test_command_of_a_plugin_stands_in_help_without_being_imported(noisy):
    shown = glinker("--help", plugins=noisy)
    assert "shout    Say a text in capitals." in shown.stdout
    assert "noisy_command" not in sys.modules


def test_command_of_a_plugin_runs(noisy):
    assert glinker("shout", "hello", plugins=noisy).stdout == "HELLO\n"


def test_command_of_a_plugin_has_its_own_help(noisy):
    assert "Usage: glinker shout [OPTIONS]" in glinker("shout", "--help", plugins=noisy).stdout


def test_command_name_of_two_plugins_is_shown_with_theirs(noisy):
    noisy.register("other", CommandPlugin("noisy_command:app"))
    noisy.register("usurper", CommandPlugin("noisy_command:app", "link"))
    shown = glinker("--help", plugins=noisy)
    assert [name for name in ("noisy:shout", "other:shout", "usurper:link") if name not in shown.stdout] == []
    assert glinker("other:shout", "a", plugins=noisy).stdout == "A\n"
    assert "knowledge base" in glinker("link", "--help", plugins=noisy).stdout


def test_command_of_a_plugin_may_stand_under_kb(noisy):
    noisy.register("keeper", CommandPlugin("noisy_command:app", "kb shout"))
    noisy.register("usurper", CommandPlugin("noisy_command:app", "kb import"))
    noisy.register("broken", CommandPlugin("no_such_module:app", "kb break"))
    shown = glinker("kb", "--help", plugins=noisy)
    assert [name for name in ("import", "usurper:import", "shout", "break") if name not in shown.stdout] == []
    assert glinker("kb", "shout", "a", plugins=noisy).stdout == "A\n"
    assert glinker("kb", "break", plugins=noisy).exit_code == 2
    assert "kb shout" not in glinker("--help", plugins=noisy).stdout


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("no_such_module:app", "'shout' of plugin 'bad' cannot be imported: No module named 'no_such_module'"),
        ("noisy_command:missing", "'shout' of plugin 'bad': module 'noisy_command' has no 'missing'"),
        ("noisy_command:nothing", "command 'shout' of plugin 'bad': 'noisy_command:nothing' is not a typer.Typer"),
    ],
)
def test_broken_command_of_a_plugin_is_explained_when_called(noisy, target, said):
    plugins = fakes(bad=CommandPlugin(target))
    assert glinker("--help", plugins=plugins).exit_code == 0
    done = glinker("shout", "x", plugins=plugins)
    assert (done.exit_code, done.stderr) == (2, f"{said}\n")


def test_error_of_the_user_is_one_message_and_its_traceback_on_demand(tmp_path):
    path = tmp_path / "none.yaml"
    done = process("check", path)
    assert done.returncode == 2
    assert done.stderr.startswith(f"{path}: 1 problem\n")
    assert "Traceback" not in done.stderr
    assert "Traceback" in process("--debug", "check", path).stderr


def test_file_that_cannot_be_written_is_one_message(tmp_path):
    done = glinker("schema", "-o", tmp_path, plugins=fakes())
    assert (done.exit_code, done.stderr) == (1, f"{tmp_path}: Is a directory\n")


def test_reader_that_has_enough_is_no_error():
    command = [sys.executable, "-c", "from glinker_core.cli import main; main()", "schema"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    child.stdout.close()
    _, said = child.communicate()
    assert said == ""


def test_shell_completion_prints_nothing_but_names():
    env = {**os.environ, "_GLINKER_COMPLETE": "complete_bash", "COMP_WORDS": "glinker ", "COMP_CWORD": "1"}
    done = process(env=env)
    assert set(done.stdout.split()) >= set(COMMANDS)
    of_plugins = {"shout", "models", "eval", "explain", "fit", "calibrate"}  # that may be installed
    assert set(done.stdout.split()) <= {*COMMANDS, *of_plugins}
    env = {**env, "COMP_WORDS": "glinker kb imp", "COMP_CWORD": "2"}
    assert process(env=env).stdout.split() == ["import"]


def test_plugins_are_listed_with_what_they_offer(noisy):
    shown = glinker("plugins", plugins=noisy).stdout
    assert "builtin" in shown
    assert "l1_fake" in shown
    assert "shout" in shown


def test_broken_and_disabled_plugins_are_listed_with_the_reason():
    plugins = Plugins({"builtin": "glinker_core.builtin", "torn": "no_such_plugin", "off": "x"}, disabled=["off"])
    shown = glinker("plugins", plugins=plugins).stdout
    assert "torn no_such_plugin: not usable: ModuleNotFoundError: No module named 'no_such_plugin'" in shown
    assert "off x: not usable: disabled by GLINKER_DISABLE_PLUGINS" in shown


def test_plugins_are_listed_as_json_for_programs():
    plugins = Plugins({"builtin": "glinker_core.builtin", "torn": "no_such_plugin"})
    builtin, torn = json.loads(glinker("plugins", "--json", plugins=plugins).stdout)
    readers = {offer["name"]: offer for offer in builtin["offers"] if offer["kind"] == "reader"}
    assert readers["jsonl"]["suffixes"] == [".jsonl", ".ndjson", ".json"]
    assert builtin["problem"] is None
    assert torn["offers"] == []
    assert "no_such_plugin" in torn["problem"]
