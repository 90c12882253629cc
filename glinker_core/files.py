"""Files are read as lines of bytes, compressed or not, and written whole or not at all; any text is a line of JSON."""

from __future__ import annotations

import errno
import gzip
import hashlib
import importlib
import json
import os
import sys
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any, TextIO, cast

from attrs import define, field

from glinker_core.errors import DataError, PluginError, Problem

_EDGE = 1 << 16  # bytes at either end of a file


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
    """The lines of a file, without a byte order mark; `.gz` and `.zst` are unpacked. What is read counts on the meter.

    PluginError where there is nothing to unpack `.zst` with.
    """
    with (
        path.open("rb") as raw,
        nullcontext() if meter is None else meter.reading(raw),
        _unpacked(path, raw) as (stream, errors),
    ):
        try:
            yield from without_mark(stream)
        except errors as error:
            kind = "zstd" if path.suffix.lower() == ".zst" else "gzip"
            raise DataError("compressed file", [Problem(str(path), f"is not a whole {kind} file: {error}")]) from error


@contextmanager
def _unpacked(path: Path, raw: IO[bytes]) -> Iterator[tuple[IO[bytes], tuple[type[Exception], ...]]]:
    """The content of a file, and what reading it raises where it is not whole."""
    ending = path.suffix.lower()
    if ending == ".gz":
        with gzip.open(raw, "rb") as stream:
            yield cast("IO[bytes]", stream), (EOFError, zlib.error, gzip.BadGzipFile)
    elif ending == ".zst":
        try:
            zstd: Any = importlib.import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
        except ImportError as error:
            raise PluginError(f"{path}: zstd is not installed; run: pip install 'glinker-core[zstd]'") from error
        with zstd.open(raw, "rb") as stream:
            yield stream, (EOFError, zstd.ZstdError)
    else:
        yield raw, ()


def without_mark(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, the first without a byte order mark."""
    for number, line in enumerate(lines):
        yield line[3:] if number == 0 and line.startswith(b"\xef\xbb\xbf") else line


def endings(path: Path) -> list[str]:
    """What the name of a format may be, longest first, in lower case: `.b.jsonl` and `.jsonl` of `a.b.JSONL.gz`."""
    parts = (Path(path.stem) if path.suffix.lower() in (".gz", ".zst") else path).suffixes or [""]
    return ["".join(parts[first:]).lower() for first in range(len(parts))]


def digest_of(path: Path) -> str:
    """The size of a file and a digest of how it begins and ends, which tell most changes without reading it all."""
    size = path.stat().st_size
    with path.open("rb") as stream:
        head = stream.read(_EDGE)
        stream.seek(max(0, size - _EDGE))
        digest = hashlib.sha256(head + stream.read(_EDGE)).hexdigest()[:12]
    return f"{size} {digest}"


@contextmanager
def replacing(path: Path, synced: bool = False) -> Iterator[TextIO]:
    """A text stream that becomes the file at the end, or leaves what was there if anything goes wrong.

    What is there and no file, such as `/dev/null` or a pipe, is written to as it comes. With `synced` the file is whole
    under its name even if the machine loses its power after.
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
            if synced:
                stream.flush()
                os.fsync(stream.fileno())
        mode = path.stat().st_mode if path.exists() else 0o666 & ~_umask()
        os.chmod(temporary, mode & 0o777)  # noqa: PTH101  # a name from mkstemp
        os.replace(temporary, path)  # noqa: PTH105
        if synced:
            _sync_folder(path.parent)
    except BaseException as error:
        Path(temporary).unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None:
            error.filename = str(path)
        raise


def _sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk, where a system can be asked for that."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


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
