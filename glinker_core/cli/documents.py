"""The documents that `glinker link` is given: as arguments, in files and folders, on stdin."""

from __future__ import annotations

import glob
import sys
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from pathlib import Path

from attrs import field, frozen

from glinker_core.cli.console import say
from glinker_core.entities import OnError, document_rows, reads_documents
from glinker_core.errors import DataError, InputError, Problem
from glinker_core.files import Meter, digest_of, without_mark
from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_core.plugins import Plugins

#: What stands for stdin among the paths.
STDIN = Path("-")


@frozen
class Inputs:
    """Texts, then the rows of files, read when they are asked for, once; that all can be read was checked before."""

    texts: Sequence[str]
    paths: Sequence[Path]
    files: Sequence[tuple[str, Iterator[Row]]] = field(repr=False)
    meter: Meter = field(repr=False)

    def rows(self) -> Iterator[tuple[str, Row]]:
        """Each row with its place."""
        for number, text in enumerate(self.texts, 1):
            yield f"text {number}", Row(number, Document(text, f"text-{number}"))
        for name, rows in self.files:
            for row in rows:
                yield f"{name}:{row.line}", row

    def documents(self, on_error: OnError, skipped: Counter[str]) -> Iterator[Document]:
        """The documents; a bad row is an error that lists all bad rows of its file, or is listed on stderr and counted
        in `skipped`."""
        for number, text in enumerate(self.texts, 1):
            yield Document(text, f"text-{number}")
        for name, rows in self.files:
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

    def close(self) -> None:
        """Close the files that are open."""
        for _, rows in self.files:
            if isinstance(rows, Generator):
                rows.close()

    def digests(self) -> dict[str, str]:
        """By file, what tells whether it is still the same; of stdin and of texts nothing is known."""
        return {str(path): digest_of(path) for path in self.paths if path != STDIN}

    @property
    def share(self) -> float | None:
        """The share of the files that is read, where that is known."""
        return self.meter.share


def read_inputs(
    texts: Sequence[str], paths: Sequence[Path], reader: str, columns: Mapping[str, str], plugins: Plugins
) -> Inputs:
    """The texts and files; a folder stands for the files in it that can be read, a pattern for those that match.

    `columns` says under which names a file has what we call `text` and `id`.
    """
    problems = []
    if list(paths).count(STDIN) > 1:
        problems.append("stdin can be read once; give --input - once")
    files: dict[Path, tuple[str, Iterator[Row]]] = {}
    meter = Meter(None)
    for path in () if problems else paths:
        try:
            files |= {
                file: _open(file, reader, columns, plugins, meter)
                for file in _files(path, reader, plugins)
                if file not in files
            }
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    if all(path.is_file() for path in files):  # a pipe has no size
        meter.total = sum(path.stat().st_size for path in files)
    return Inputs(texts, [*files], [*files.values()], meter)


def _files(path: Path, reader: str, plugins: Plugins) -> list[Path]:
    """The files that a path stands for: itself, those in a folder that can be read, or those that match."""
    if path == STDIN or path.is_file() or not (path.is_dir() or glob.has_magic(str(path))):
        return [path]
    if path.is_dir():
        inside = (one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
        found = [one for one in inside if reader or reads_documents(one, plugins)]
    else:
        matching = glob.glob(str(path), recursive=True)  # noqa: PTH207  # the pattern may be absolute
        found = [one for one in map(Path, matching) if one.is_file()]
    if not found:
        raise InputError(f"{path}: {'holds no file that can be read' if path.is_dir() else 'no file matches'}")
    return sorted(found)


def _open(
    path: Path, reader: str, columns: Mapping[str, str], plugins: Plugins, meter: Meter
) -> tuple[str, Iterator[Row]]:
    if path != STDIN:
        return str(path), document_rows(path, plugins, reader, columns=columns, meter=meter)
    lines = without_mark(sys.stdin.buffer)
    return "stdin", document_rows(Path("stdin"), plugins, reader or "text", lines, columns=columns)
