"""The program `glinker`: its commands by name, each in a module of its own that is imported when it is called."""

from __future__ import annotations

import errno
import importlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from glinker_core import __version__
from glinker_core.cli.console import plugins_of, say
from glinker_core.errors import GlinkerError, NodeError, PluginError
from glinker_core.plugins import Offer, Plugins

_HERE = "glinker_core.cli"

#: Command -> where it is, and the first sentence of its help.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "link": (f"{_HERE}.link:link", "Link texts to the entities of a knowledge base."),
    "kb": (f"{_HERE}.kb:app", "Make, change and look at a knowledge base."),
    "embed": (f"{_HERE}.embed:embed", "Embed the entities of a pipeline's stores that lack a vector."),
    "init": (f"{_HERE}.pipelines:init", "Write a pipeline file with comments to start from."),
    "check": (f"{_HERE}.pipelines:check", "Say everything that is wrong with a pipeline file."),
    "graph": (f"{_HERE}.pipelines:graph", "Show the nodes of a pipeline and what each reads."),
    "schema": (f"{_HERE}.pipelines:schema", "Write the JSON Schema of pipeline files, for editors."),
    "plugins": (f"{_HERE}.plugins:plugins", "List the installed plugins and what they offer."),
}


class LazyCommand(TyperCommand):
    """A command of which only name and summary are known before it is loaded."""

    def __init__(self, name: str, summary: str, load: Callable[[], Any]) -> None:
        super().__init__(name, help=summary)
        self.load = load

    def make_context(self, *args: Any, **settings: Any) -> Any:
        """The context of the command itself, which is loaded now that it is called."""
        return self.load().make_context(*args, **settings)


class LazyGroup(TyperGroup):
    """The commands of the core and of the plugins; what they raise becomes a message and an exit code."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Learn the names of all commands before the arguments are looked at."""
        plugins = plugins_of(ctx)
        self.commands = {**_core_commands(plugins), **_plugin_commands(plugins)}
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; an error of the user is told as it is written, one of the program with its traceback."""
        try:
            return super().invoke(ctx)
        except GlinkerError as error:
            if ctx.params["debug"]:
                raise
            cause = error.cause if isinstance(error, NodeError) else error
            say(str(error))
            raise typer.Exit(getattr(cause, "exit_code", error.exit_code)) from error
        except OSError as error:
            if ctx.params["debug"] or error.errno == errno.EPIPE:  # whoever read our output has enough
                raise
            say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
            raise typer.Exit(1) from error


def _core_commands(plugins: Plugins) -> dict[str, LazyCommand]:
    return {
        name: LazyCommand(name, summary, partial(_core_command, name, target, plugins))
        for name, (target, summary) in COMMANDS.items()
    }


def _core_command(name: str, target: str, plugins: Plugins) -> Any:
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(module), attribute)
    if isinstance(found, typer.Typer):
        group: Any = typer.main.get_command(found)
        group.commands = {**_plugin_commands(plugins, name, group.commands), **group.commands}
        return group
    alone = typer.Typer(add_completion=False, rich_markup_mode=None)
    alone.command(name)(found)
    return typer.main.get_command(alone)


def _plugin_commands(plugins: Plugins, group: str = "", taken: Iterable[str] = COMMANDS) -> dict[str, LazyCommand]:
    """Commands by name, those of a group such as `kb` or those of none; a name that is taken becomes `plugin:name`."""
    parted = [(offer.name.rpartition(" "), offer) for offer in plugins.offers("glinker_commands")]
    offers = [(name, offer) for (where, _, name), offer in parted if where == group]
    names = [*taken, *(name for name, _ in offers)]
    shown = {name if names.count(name) == 1 else f"{offer.plugin}:{name}": offer for name, offer in offers}
    return {
        name: LazyCommand(name, offer.component.summary, partial(_plugin_command, plugins, offer))
        for name, offer in shown.items()
    }


def _plugin_command(plugins: Plugins, offer: Offer) -> Any:
    found = plugins.load(offer)
    if not isinstance(found, typer.Typer):
        target = offer.component.target
        raise PluginError(f"command '{offer.name}' of plugin '{offer.plugin}': '{target}' is not a typer.Typer")
    return typer.main.get_command(found)


app = typer.Typer(cls=LazyGroup, rich_markup_mode=None, no_args_is_help=True, pretty_exceptions_enable=False)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"glinker {__version__}")
        raise typer.Exit


@app.callback()
def glinker(
    version: Annotated[  # the callback answers
        bool, typer.Option("--version", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find names in text and say which entity of your knowledge base each of them means."""


def main() -> None:
    """What the console script runs."""
    app(prog_name="glinker")
