"""The documents that `glinker link` is given: as arguments, in files, on stdin."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from glinker_core.cli.console import say
from glinker_core.entities import OnError, document_rows
from glinker_core.errors import DataError, InputError, Problem
from glinker_core.files import without_mark
from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_core.plugins import Plugins

#: What stands for stdin among the paths.
STDIN = Path("-")


def read_documents(
    texts: Sequence[str],
    paths: Sequence[Path],
    reader: str,
    plugins: Plugins,
    on_error: OnError,
    skipped: Counter[str],
) -> Iterator[Document]:
    """The texts, then the documents of the files, read when they are asked for; that all can be read is checked now.

    A bad record is an error that lists all bad records of its file, or is listed on stderr and counted in `skipped`.
    """
    opened, problems = [], []
    if list(paths).count(STDIN) > 1:
        problems.append("stdin can be read once; give --input - once")
    for path in dict.fromkeys(paths) if problems else paths:
        try:
            opened.append(_open(path, reader, plugins))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return _documents(texts, opened, on_error, skipped)


def _open(path: Path, reader: str, plugins: Plugins) -> tuple[str, Iterator[Row]]:
    if path != STDIN:
        return str(path), document_rows(path, plugins, reader)
    return "stdin", document_rows(Path("stdin"), plugins, reader or "text", without_mark(sys.stdin.buffer))


def _documents(
    texts: Sequence[str], opened: Iterable[tuple[str, Iterator[Row]]], on_error: OnError, skipped: Counter[str]
) -> Iterator[Document]:
    for number, text in enumerate(texts, 1):
        yield Document(text, f"text-{number}")
    for name, rows in opened:
        for row in rows:
            if isinstance(row.item, Document):
                yield row.item
                continue
            problem = Problem(f"{name}:{row.line}", row.problem)
            if on_error == "raise":
                rest = [Problem(f"{name}:{other.line}", other.problem) for other in rows if other.problem]
                raise DataError("documents that cannot be read", [problem, *rest])
            say(str(problem))
            skipped["documents skipped"] += 1
