"""Vectors of a knowledge base in a file: mapped into memory, checked when opened, and written whole or not at all."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

import numpy as np

from glinker_core.layers import Space
from glinker_dense.coarse import Coarse
from glinker_dense.exact import Halves
from glinker_dense.listing import Listing

_MAGIC = b"glinker vectors 1\n"
_LENGTH = 8  # bytes that say how long the header is
_ALIGNED = 64
_BYTE_ORDER = sys.byteorder


class StaleError(Exception):
    """Why a file cannot be used."""


class Saved(NamedTuple):
    """What a file holds: which entities, their vectors, and what stands for these when there are many."""

    rows: Listing
    vectors: Halves
    coarse: Coarse | None


def write(path: Path, space: Space, saved: Saved) -> None:
    """Write a file; numbers are little-endian, but for what faiss makes."""
    rows, vectors, coarse = saved
    sections: dict[str, np.ndarray[Any, Any]] = {
        "ids": np.ascontiguousarray(rows.ids),
        "numbers": rows.numbers.astype("<i8"),
        "kinds": rows.kinds.astype("<i4"),
        "vectors": vectors.astype("<f2", copy=False),
        "coarse": np.frombuffer(coarse.written() if coarse is not None else b"", np.uint8),
    }
    place, where = 0, dict[str, tuple[int, str, int, int]]()
    for name, array in sections.items():
        where[name] = (place, array.dtype.str, array.size, crc32(array.data if array.size else b""))
        place += -(-array.nbytes // _ALIGNED) * _ALIGNED
    header = json.dumps(
        {"space": _named(space), "types": rows.types, "byteorder": _BYTE_ORDER, "sections": where}
    ).encode()
    start = _start(header)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as stream:
            stream.write(_MAGIC + len(header).to_bytes(_LENGTH, "little") + header)
            for name, array in sections.items():
                stream.seek(start + where[name][0])
                stream.write(array.data if array.size else b"")
            stream.truncate(start + place)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Path, space: Space) -> Saved:
    """Map a file of that space into memory; StaleError says why it cannot be used."""
    header, start = _header(path)
    if header["space"] != _named(space):
        raise StaleError("it is of another model or template")
    data = np.memmap(path, np.uint8, "r", start).view(np.ndarray)  # which it is quicker to take rows of
    found = {name: _section(data, name, *where) for name, where in header["sections"].items()}
    rows = Listing(found["ids"], found["numbers"], found["kinds"], tuple(header["types"]))
    coarse = None
    if len(found["coarse"]):
        if header["byteorder"] != _BYTE_ORDER:
            raise StaleError(f"it was written on a machine that is {header['byteorder']}-endian")
        coarse = Coarse.read(found["coarse"])
    return Saved(rows, found["vectors"].reshape(-1, space.dimension), coarse)


def _header(path: Path) -> tuple[Mapping[str, Any], int]:
    with path.open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            raise StaleError("it is no file of vectors, or one of another version")
        length = int.from_bytes(stream.read(_LENGTH), "little")
        written = stream.read(min(length, path.stat().st_size))
    try:
        return dict(json.loads(written)), _start(written)
    except ValueError:
        raise StaleError("its header is damaged") from None


def _section(data: np.ndarray[Any, Any], name: str, place: int, kind: str, size: int, checksum: int) -> Any:
    part = data[place : place + size * np.dtype(kind).itemsize]
    if part.nbytes != size * np.dtype(kind).itemsize:
        raise StaleError("it is cut off")
    if crc32(part.data if size else b"") != checksum:
        raise StaleError(f"its {name} are damaged")
    return part.view(kind)


def _start(header: bytes) -> int:
    """Where the sections begin."""
    return -(-(len(_MAGIC) + _LENGTH + len(header)) // _ALIGNED) * _ALIGNED


def _named(space: Space) -> list[Any]:
    return [space.model, space.template, space.dimension]
