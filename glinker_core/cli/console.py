"""What the commands share: messages on stderr, progress, files made whole."""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import typer

from glinker_core.errors import InputError
from glinker_core.files import replacing
from glinker_core.plugins import Plugins

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def plugins_of(ctx: typer.Context) -> Plugins:
    """The plugins of this call, found once; whoever calls the program from Python may give them as `obj`."""
    root = ctx.find_root()
    if root.obj is None:
        root.obj = Plugins.installed()
    plugins: Plugins = root.obj
    return plugins


def say(message: str) -> None:
    """A line for the user, on stderr: stdout is for data."""
    typer.echo(message, err=True)


def many(number: int, what: str, plural: str = "") -> str:
    """A number with its noun.

    >>> many(1, "entity", "entities"), many(1200, "mention")
    ('1 entity', '1,200 mentions')
    """
    return f"{number:,} {what if number == 1 else plural or what + 's'}"


def labels_of(text: str) -> list[str]:
    """The labels of an option, which are separated by commas.

    >>> labels_of("person, city")
    ['person', 'city']
    """
    labels = [label.strip() for label in text.split(",")]
    if "" in labels:
        raise InputError(f"--labels: {text!r} has an empty label; give names of types, such as person,city")
    return labels


def visible(text: str, keep: str = "") -> str:
    r"""A text that can do nothing to a terminal or a page: control characters become pictures of themselves.

    >>> visible("a\x1b[31mb\ud800")
    'a␛[31mb\\ud800'
    """
    return _CONTROL.sub(lambda match: match[0] if match[0] in keep else _picture(match[0]), text)


def _picture(char: str) -> str:
    if "\ud800" <= char <= "\udfff":
        return f"\\u{ord(char):04x}"
    return chr(0x2400 + ord(char)) if char < " " else "\u2421" if char == "\x7f" else "\ufffd"


#: The first bytes of every SQLite file.
SQLITE = b"SQLite format 3\x00"


def starts_as_sqlite(path: Path) -> bool:
    """Whether a file is there and is a SQLite file by its first bytes."""
    if not path.is_file():
        return False
    with path.open("rb") as stream:
        return stream.read(len(SQLITE)) == SQLITE


@contextmanager
def writing(path: Path | None, reads: Iterable[Path] = ()) -> Iterator[TextIO]:
    """A stream that becomes the file once all went well, or stdout; refused where it would replace what is read."""
    if path is None:
        yield sys.stdout
        return
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder '{path.parent}'")
    if path.is_file() and any(other.is_file() and path.samefile(other) for other in reads):
        raise InputError(f"{path}: is read here, and would be replaced by the output; name another file")
    if starts_as_sqlite(path):
        raise InputError(f"{path}: is a SQLite file, and would be replaced by the output; name another file")
    with replacing(path) as stream:
        yield stream


@contextmanager
def progress(what: str, shown: bool = True, after: float = 1.0) -> Iterator[Callable[[str], None]]:
    """A moving line on stderr while something takes longer than `after` seconds; silent where stderr is no terminal.

    Yields a function that says how far it is.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn()
    bar = Progress(*columns, console=Console(stderr=True), transient=True, redirect_stdout=False)
    task = bar.add_task(what)
    timer = threading.Timer(after, bar.start)
    timer.daemon = True
    timer.start()
    try:
        yield lambda far: bar.update(task, description=f"{what}: {far}")
    finally:
        timer.cancel()
        timer.join()
        bar.stop()
