"""Files are read as lines of bytes, compressed or not, and written whole or not at all; any text is a line of JSON."""

from __future__ import annotations

import errno
import gzip
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, TextIO

from attrs import define, field

from glinker_core.errors import DataError, Problem


@define
class Meter:
    """How much is read of files of `total` bytes in all, as they lie on the disk: packed ones count packed.

    `total` is None where it is not known, or not how much of it is read.
    """

    total: int | None
    _before: int = field(default=0, init=False)
    _stream: IO[bytes] | None = field(default=None, init=False)

    @contextmanager
    def reading(self, stream: IO[bytes]) -> Iterator[None]:
        """Count what is read of one file, which is open; nothing of a pipe, which has no position."""
        self._stream = stream if stream.seekable() else None
        try:
            yield
        finally:
            self._before, self._stream = self.done, None

    @property
    def done(self) -> int:
        """The bytes read so far."""
        return self._before + (self._stream.tell() if self._stream is not None else 0)

    @property
    def share(self) -> float | None:
        """The share of the bytes that is read, in 0..1."""
        return min(1.0, self.done / self.total) if self.total else None


def read_lines(path: Path, meter: Meter | None = None) -> Iterator[bytes]:
    """The lines of a file, without a byte order mark; `.gz` is unpacked. What is read counts on the meter."""
    packed = path.suffix.lower() == ".gz"
    with (
        path.open("rb") as raw,
        nullcontext() if meter is None else meter.reading(raw),
        gzip.open(raw, "rb") if packed else nullcontext(raw) as stream,
    ):
        try:
            yield from without_mark(stream)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise DataError("compressed file", [Problem(str(path), f"is not a whole gzip file: {error}")]) from error


def without_mark(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, the first without a byte order mark."""
    for number, line in enumerate(lines):
        yield line[3:] if number == 0 and line.startswith(b"\xef\xbb\xbf") else line


def endings(path: Path) -> list[str]:
    """What the name of a format may be, longest first, in lower case: `.b.jsonl` and `.jsonl` of `a.b.JSONL.gz`."""
    parts = (Path(path.stem) if path.suffix.lower() == ".gz" else path).suffixes or [""]
    return ["".join(parts[first:]).lower() for first in range(len(parts))]


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text stream that becomes the file at the end, or leaves what was there if anything goes wrong.

    What is there and no file, such as `/dev/null` or a pipe, is written to as it comes.
    """
    if path.exists() and not path.is_file():
        with path.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        return
    path = path.resolve()  # a link stays a link
    try:
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    except OSError as error:  # nobody knows the other name
        error.filename = str(path)
        raise
    try:
        with open(handle, "w", encoding="utf-8", newline="\n") as stream:  # noqa: PTH123  # a descriptor, not a path
            yield stream
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode & 0o777)  # noqa: PTH101  # a name from mkstemp
        os.replace(temporary, path)  # noqa: PTH105
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            error.filename = str(path)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with replacing(path) as stream:
        stream.write(text)


def json_line(record: Any, encoding: str = "utf-8") -> str:
    r"""A record as one line of JSON; what the encoding cannot hold, such as half a surrogate pair, becomes `\uXXXX`."""
    line = json.dumps(record, ensure_ascii=False, default=dict)
    try:
        line.encode(encoding)
    except UnicodeEncodeError:
        line = json.dumps(record, default=dict)
    return f"{line}\n"


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
