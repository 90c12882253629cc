"""Entities as rows of plain values, checked, and what an upsert does with each of them."""

from __future__ import annotations

import json
import math
import secrets
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from json.encoder import encode_basestring
from typing import Any, NamedTuple
from zlib import crc32

from attrs import define, field

from glinker_core.errors import DataError, InputError, Problem, near
from glinker_core.layers import Upserted
from glinker_core.model import Entity
from glinker_core.names import normalise

ON_DUPLICATE = ("error", "keep", "replace", "merge")
_MAX_INTEGER = 2**63 - 1
_SHOWN = 20
_SCALARS = frozenset({str, int, float, bool, type(None)})
_DECODE = json.JSONDecoder().raw_decode  # loads() takes twice as long for values as short as these
_ENCODE = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode


class DamagedError(Exception):
    """What was read is not what was written; the store that reads says where."""


class Row(NamedTuple):
    """An entity as a database keeps it; `aliases` and `metadata` are JSON."""

    entity_id: str
    label: str
    description: str
    entity_type: str
    popularity: float
    aliases: str
    metadata: str


def to_row(entity: Entity) -> Row:
    """The row from which `from_row` makes the same entity again; ValueError says why there is none."""
    words = (entity.entity_id, entity.label, entity.description, entity.entity_type)
    metadata = _encoded(entity.metadata) if entity.metadata else "{}"
    try:
        "".join((*words, *_tuple(entity.aliases), metadata)).encode()
    except TypeError:
        raise ValueError("id, label, aliases, description and type must be strings, the aliases in a tuple") from None
    except UnicodeEncodeError as error:
        raise ValueError(
            f"there is a lone surrogate in {error.object[max(error.start - 10, 0) : error.start + 10]!r}; "
            "no file and no database can hold it, take it out"
        ) from None
    if not entity.entity_id.strip():
        raise ValueError("the id is blank; every entity needs one of its own")
    first = entity.label[:1]  # nearly all labels start with a letter or digit, and then are not normalised here
    if not (first.isascii() and first.isalnum()) and not normalise(entity.label):
        raise ValueError(f"the label is blank: {entity.label!r}; every entity needs one to be found by")
    popularity = entity.popularity
    if not isinstance(popularity, (int, float)) or not 0 <= popularity < math.inf:
        raise ValueError(f"popularity is {popularity!r}; it must be a finite number, zero or more")
    if isinstance(popularity, int) and popularity > _MAX_INTEGER:
        raise ValueError(f"popularity is {popularity}; whole numbers must be below 2**63, write it as a float")
    aliases = f"[{', '.join(map(encode_basestring, entity.aliases))}]"
    return Row(*words, popularity + 0, aliases, metadata)  # no store has True or -0.0, which are equal to 1 and 0.0


def _tuple(aliases: Any) -> tuple[Any, ...]:
    if type(aliases) is not tuple:
        raise TypeError
    return aliases


def _encoded(metadata: Mapping[str, Any]) -> str:
    plain = dict(metadata)
    try:  # most hold nothing but strings, for which that is three times as quick
        pairs = [f"{encode_basestring(name)}: {encode_basestring(value)}" for name, value in plain.items()]
    except TypeError:
        return _encoded_values(plain)
    return f"{{{', '.join(pairs)}}}"


def _encoded_values(plain: dict[str, Any]) -> str:
    try:
        text = _ENCODE(plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"metadata cannot be written as JSON: {error}") from None
    flat = {*map(type, plain)} == {str} and {*map(type, plain.values())} <= _SCALARS  # as most are: spares reading it
    if not flat and json.loads(text) != plain:
        raise ValueError("metadata would come back changed; use lists rather than tuples and strings as keys")
    return text


def from_row(row: Iterable[Any]) -> Entity:
    """The entity of a row, its values in the order of `Row`."""
    entity_id, label, description, entity_type, popularity, aliases, metadata = row
    return Entity(
        entity_id,
        label,
        () if aliases == "[]" else tuple(_DECODE(aliases, 0)[0]),
        description,
        entity_type,
        popularity,
        {} if metadata == "{}" else _DECODE(metadata, 0)[0],
    )


def seal(number: int, row: Iterable[Any]) -> int:
    """What is kept beside an entity to know its row by: nearly nothing that damages one leaves it right."""
    entity_id, label, description, entity_type, popularity, aliases, metadata = row
    words = f"{number}\0{entity_id}\0{label}\0{description}\0{entity_type}\0{popularity or 0}\0{aliases}\0{metadata}"
    return crc32(words.encode())


def opened(number: int, row: Sequence[Any]) -> Entity:
    """The entity of a row as it was read, its seal last; DamagedError if it is not as it was written."""
    *values, sealed = row
    if seal(number, values) != sealed:
        raise DamagedError(f"entity {row[0]!r} is not as it was written")
    return from_row(values)


def name_seal(key: str, number: int, surface: str, popularity: float) -> int:
    """The same for a name."""
    return crc32(f"{key}\0{number}\0{surface}\0{popularity or 0}".encode())


def fingerprint(row: Row) -> int:
    """64 bits that stand for the content of an entity, the same in every process."""
    return int.from_bytes(blake2b(repr(tuple(row)).encode(), digest_size=8).digest(), "big")


def new_revision(old: str = "0") -> str:
    """A revision no store had before: a counter to read, and a random part, since copies of a file count alike."""
    return f"{int(old.partition('-')[0]) + 1}-{secrets.token_hex(8)}"


@define
class Upsert:
    """Decides about entity after entity what is written, counts it, and keeps what is wrong until the end."""

    on_duplicate: str = field()
    counts: Upserted = field(default=Upserted(), init=False)
    _bad: int = field(default=0, init=False)
    _problems: list[Problem] = field(factory=list, init=False)
    _conflicts: int = field(default=0, init=False)
    _conflicting: list[str] = field(factory=list, init=False)

    @on_duplicate.validator
    def _known(self, _: Any, value: str) -> None:
        if value not in ON_DUPLICATE:
            raise InputError(f"on_duplicate: unknown policy '{value}'{near(str(value), ON_DUPLICATE)}")

    def check(self, entities: Iterable[Entity]) -> list[tuple[Entity, Row]]:
        """The entities that can be kept, with their rows."""
        good = []
        for entity in entities:
            try:
                good.append((entity, to_row(entity)))
            except ValueError as error:
                self._bad += 1
                if self._bad <= _SHOWN:
                    self._problems.append(Problem(f"entity {entity.entity_id!r}", str(error)))
        return good

    def settle(
        self, entities: Iterable[tuple[Entity, Row]], known: Mapping[str, Entity]
    ) -> dict[str, tuple[Entity, Row]]:
        """What to write, by id, where `known` holds what the store has under these ids."""
        writes: dict[str, tuple[Entity, Row]] = {}
        added = replaced = kept = unchanged = 0
        for entity, row in entities:
            entity_id = entity.entity_id
            there = writes[entity_id][0] if entity_id in writes else known.get(entity_id)
            if there is None:
                added += 1
            elif there == entity:
                unchanged += 1
                continue
            elif self.on_duplicate == "merge":
                entity = there.merged(entity)
                if there == entity:
                    unchanged += 1
                    continue
                row = to_row(entity)
                replaced += 1
            elif self.on_duplicate == "replace":
                replaced += 1
            else:
                kept += 1
                if self.on_duplicate == "error":
                    self._refuse(entity_id)
                continue
            writes[entity_id] = entity, row
        self.counts += Upserted(added, replaced, kept, unchanged)
        return writes

    def _refuse(self, entity_id: str) -> None:
        self._conflicts += 1
        if self._conflicts <= _SHOWN:
            self._conflicting.append(entity_id)

    def finish(self, place: str) -> Upserted:
        """What was done, or a DataError with everything that is wrong: then nothing must be kept."""
        problems = list(self._problems)
        if self._bad > _SHOWN:
            problems.append(Problem("", f"and {self._bad - _SHOWN} more entities that cannot be kept"))
        if self._conflicts:
            shown = ", ".join(map(repr, self._conflicting)) + (" ..." if self._conflicts > _SHOWN else "")
            problems.append(
                Problem(
                    "duplicate ids",
                    f"{self._conflicts} {'is' if self._conflicts == 1 else 'are'} given or there already with other "
                    f"content: {shown}; choose to keep, to replace or to merge (on_duplicate)",
                )
            )
        if problems:
            raise DataError(f"{place}: nothing was written", problems)
        return self.counts

    @property
    def changes(self) -> bool:
        """Whether anything is written."""
        return bool(self.counts.added or self.counts.replaced)
