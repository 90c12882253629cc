"""Ways to run the program in tests: in this process with plugins of choice, and as a process of its own."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from glinker_core.cli import app

ENTITIES = (
    {"entity_id": "fr", "label": "Paris", "description": "capital of France on the Seine", "entity_type": "city",
     "popularity": 90},
    {"entity_id": "tx", "label": "Paris", "aliases": ["Paris, Texas"], "description": "town in Texas, among ranches",
     "entity_type": "city", "popularity": 20},
    {"entity_id": "seine", "label": "Seine", "description": "river in France", "entity_type": "river"},
)  # fmt: skip
TEXT = "The Seine flows through Paris."


def glinker(*args: Any, plugins: Any = None, stdin: str | bytes | None = None) -> Result:
    """Run the program here; an error that is not told as a message fails the test."""
    done = CliRunner().invoke(app, [str(arg) for arg in args], obj=plugins, input=stdin, prog_name="glinker")
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done


def process(*args: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the program as a process."""
    command = [sys.executable, "-c", "from glinker_core.cli import main; main()", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def on_terminal(*args: Any, **options: Any) -> tuple[str, str]:
    """Run the program with a terminal as stdout; what it shows there, and what it says on stderr."""
    command = [sys.executable, "-c", "from glinker_core.cli import main; main()", *map(str, args)]
    ours, theirs = pty.openpty()
    env = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
    child = subprocess.Popen(command, stdout=theirs, stderr=subprocess.PIPE, text=True, env=env, **options)
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    _, said = child.communicate()
    return shown.decode().replace("\r\n", "\n"), said


class Terminal(io.StringIO):
    """What is said where somebody looks."""

    def isatty(self) -> bool:
        return True


def lines(text: str) -> list[Any]:
    """The records of JSON lines."""
    return [json.loads(line) for line in text.splitlines()]


def ids(record: dict[str, Any]) -> dict[str, str | None]:
    """The entity of each mention of a linked text."""
    return {mention["text"]: mention["entity_id"] for mention in record["entities"]}


def write_lines(path: Path, records: Any) -> Path:
    """A file of JSON lines; a record that is a string already stands as it is."""
    made = [record if isinstance(record, str) else json.dumps(record) for record in records]
    path.write_text("".join(f"{line}\n" for line in made), encoding="utf-8")
    return path
