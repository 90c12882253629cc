"""Answers as Redis keeps them: a key that no two questions share, and a value that is read whole or not at all."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Any

from glinker_core import __version__
from glinker_core.model import Candidate, Entity

#: Moves when values are written in another way, so that no version reads what it does not understand.
FORMAT = 1

_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
_SCALARS = frozenset({str, int, float, bool, type(None)})


def keys(namespace: str, scope: str, names: Iterable[str]) -> list[bytes]:
    """`namespace:format:digest` of each name: 128 bits over name, scope and version of glinker, whatever the length.

    Another version may find other candidates in the same content, so it does not recall the answers of this one.
    """
    prefix = f"{namespace}:{FORMAT}:".encode()
    secret = blake2b(_bytes(f"{__version__} {scope}")).digest()
    digests = (blake2b(_bytes(name), digest_size=16, key=secret).hexdigest() for name in names)
    return [prefix + digest.encode() for digest in digests]


def encode(key: bytes, answer: Iterable[Candidate]) -> bytes:
    """The value to keep under a key: a checksum over both, then JSON; ValueError if JSON would change the answer."""
    try:
        content = _bytes(_ENCODE([_row(candidate) for candidate in answer]))
    except (TypeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    return _checksum(key, content) + content


def decode(key: bytes, value: bytes) -> tuple[Candidate, ...]:
    """The answer kept under a key; ValueError for whatever else may stand there."""
    content = value[4:]
    if value[:4] != _checksum(key, content):
        raise ValueError("the checksum is wrong")
    rows = json.loads(content.decode("utf-8", "surrogatepass"))
    return tuple(
        Candidate(Entity(entity_id, label, tuple(aliases), *rest), name, match, scores)
        for name, match, scores, entity_id, label, aliases, *rest in rows
    )


def _row(candidate: Candidate) -> tuple[Any, ...]:
    entity = candidate.entity
    return (
        candidate.name,
        candidate.match,
        dict(candidate.scores),
        entity.entity_id,
        entity.label,
        entity.aliases,
        entity.description,
        entity.entity_type,
        entity.popularity,
        _plain(entity.metadata),
    )


def _plain(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Metadata that JSON does not change: no tuples, no keys that are numbers."""
    plain = dict(metadata)
    flat = {*map(type, plain)} <= {str} and {*map(type, plain.values())} <= _SCALARS  # as most are: spares reading it
    if not flat and json.loads(_ENCODE(plain)) != plain:
        raise ValueError("metadata would come back changed; use lists rather than tuples and strings as keys")
    return plain


def _checksum(key: bytes, content: bytes) -> bytes:
    return zlib.crc32(content, zlib.crc32(key)).to_bytes(4, "big")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # names come from texts, and these may hold halves of characters
