"""`DictStore`: entities in memory, for small knowledge bases, tests, and in front of slower stores."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any, ClassVar

from attrs import define, field, validators

from glinker_core.layers import Name, Search, Upserted
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise
from glinker_stores import lookup
from glinker_stores.index import segments
from glinker_stores.records import Upsert, fingerprint, from_row, to_row


@define
class _Content:
    """Entities by id, names by key and keys by segment: the `lookup.Backend` in memory; refers to entities by id."""

    entities: dict[str, Entity] = field(factory=dict)
    names: dict[str, list[tuple[str, str]]] = field(factory=dict)
    keys: dict[str, list[str]] = field(factory=dict)
    digest: int = 0  # the sum of the fingerprints of all entities

    def add(self, entity: Entity) -> None:
        self.entities[entity.entity_id] = entity
        self.digest += fingerprint(to_row(entity))
        for surface in entity.names:
            key = normalise(surface)
            if key not in self.names:
                self.names[key] = []
                for segment in segments(key):
                    self.keys.setdefault(segment, []).append(key)
            self.names[key].append((surface, entity.entity_id))

    def remove(self, entity_id: str) -> None:
        entity = self.entities.pop(entity_id)
        self.digest -= fingerprint(to_row(entity))
        for surface in entity.names:
            key = normalise(surface)
            self.names[key].remove((surface, entity_id))
            if not self.names[key]:
                del self.names[key]
                for segment in segments(key):
                    self.keys[segment].remove(key)
                    if not self.keys[segment]:
                        del self.keys[segment]

    def names_with(self, keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
        return ((key, *name) for key in keys for name in self.names.get(key, ()))

    def keys_with(self, segments: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
        return ((segment, self.keys[segment]) for segment in segments if segment in self.keys)

    def entities_at(self, refs: Sequence[str]) -> Mapping[str, Entity]:
        return {entity_id: self.entities[entity_id] for entity_id in refs}


@define(eq=False)
class DictStore:
    """Entities in memory; also remembers the last `cache_size` answers of slower stores (`layers.CandidateCache`).

    The entities are there as long as the object: `close()` leaves them. Safe to use from several threads.
    """

    cache_size: int = field(default=100_000, validator=validators.ge(0))

    modes: ClassVar[tuple[str, ...]] = ("exact", "fuzzy")

    _content: _Content = field(factory=_Content, init=False, repr=False)
    _moves: int = field(default=0, init=False, repr=False)
    _answers: OrderedDict[tuple[str, str], tuple[Candidate, ...]] = field(factory=OrderedDict, init=False, repr=False)
    _lock: Any = field(factory=RLock, init=False, repr=False)

    @property
    def revision(self) -> str:
        """Moves with each change: their number, and a digest of the content, so that the same run says the same."""
        return f"{self._moves}-{self._content.digest % 2**64:016x}"

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of; the entities stay."""

    def search(self, names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
        """Per name its candidates, best first (`lookup.search`)."""
        with self._lock:
            return lookup.search(self._content, names, search)

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]:
        """Per id its entity, or None."""
        with self._lock:
            return [self._content.entities.get(entity_id) for entity_id in entity_ids]

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        """Add or replace entities, all or none; DataError names those that cannot be kept."""
        upsert = Upsert(on_duplicate)
        checked = upsert.check(entities)  # before the lock: whoever yields them may read this store
        with self._lock:
            writes = upsert.settle(checked, self._content.entities)
            counts = upsert.finish("dict store")
            for entity_id, (_, row) in writes.items():
                if entity_id in self._content.entities:
                    self._content.remove(entity_id)
                self._content.add(from_row(row))  # a copy: what becomes of the caller's metadata does not matter here
            self._moves += upsert.changes
        return counts

    def delete(self, entity_ids: Iterable[str]) -> int:
        """Remove entities with all their names; says how many there were."""
        wanted = list(dict.fromkeys(entity_ids))
        with self._lock:
            there = [entity_id for entity_id in wanted if entity_id in self._content.entities]
            for entity_id in there:
                self._content.remove(entity_id)
            self._moves += bool(there)
        return len(there)

    def clear(self) -> None:
        """Remove all entities, and forget all answers."""
        with self._lock:
            if self._content.entities:
                self._content = _Content()
                self._moves += 1
            self._answers.clear()

    def count(self) -> int:
        """How many entities there are."""
        return len(self._content.entities)

    def entities(self) -> Iterator[Entity]:
        """All entities in order of their ids, as they are now: later changes do not show."""
        with self._lock:
            everything = sorted(self._content.entities.items())
        return (entity for _, entity in everything)

    def names(self) -> Iterator[Name]:
        """All names of all entities."""
        return (Name(n, e.entity_id, e.entity_type, e.popularity) for e in self.entities() for n in e.names)

    def recall(self, names: Sequence[str], scope: str) -> list[tuple[Candidate, ...] | None]:
        """Per name the answer remembered under that scope, or None."""
        with self._lock:
            keys = [(scope, name) for name in names]
            for key in keys:
                if key in self._answers:
                    self._answers.move_to_end(key)
            return [self._answers.get(key) for key in keys]

    def remember(self, answers: Mapping[str, tuple[Candidate, ...]], scope: str) -> None:
        """Keep answers, in the place of those not asked for longest."""
        with self._lock:
            for name, answer in answers.items():
                self._answers[scope, name] = answer
                self._answers.move_to_end((scope, name))
            while len(self._answers) > self.cache_size:
                self._answers.popitem(last=False)
