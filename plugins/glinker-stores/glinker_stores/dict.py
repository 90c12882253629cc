"""`DictStore`: entities in memory, for small knowledge bases, tests, and in front of slower stores."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from threading import RLock
from typing import Any, ClassVar

from attrs import define, field, validators

from glinker_core.layers import Name, Search, Space, Upserted
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise, pieces
from glinker_stores import lookup
from glinker_stores.index.part import GONE, Part
from glinker_stores.index.parts import Parts, staying
from glinker_stores.lookup import Answers
from glinker_stores.records import Upsert, fingerprint, from_row, to_row
from glinker_stores.spaces import check_dimension, checked


@define
class _Content:
    """Entities by id and names by key: the `lookup.Backend` in memory.

    Each write makes a part of the index, as in a file: the same writes give the same answers. It is made of the keys
    that were changed when it is asked for.
    """

    entities: dict[str, Entity] = field(factory=dict)
    names: dict[str, list[tuple[str, str]]] = field(factory=dict)
    vectors: dict[Space, dict[str, bytes]] = field(factory=dict)
    digest: int = 0  # the sum of the fingerprints of all entities
    _changed: dict[str, None] = field(factory=dict)
    _parts: list[Part | dict[str, float]] = field(factory=list)
    _index: Parts = field(factory=Parts)
    _words: dict[str, list[str]] | None = None

    def add(self, entity: Entity) -> None:
        self.entities[entity.entity_id] = entity
        self.digest += fingerprint(to_row(entity))
        for surface in entity.names:
            key = normalise(surface)
            self.names.setdefault(key, []).append((surface, entity.entity_id))
            self._changed[key] = None
        self._words = None

    def remove(self, entity_ids: Iterable[str]) -> None:
        """Remove entities that are there, all at once: thousands may share one name."""
        gone = {entity_id: self.entities.pop(entity_id) for entity_id in entity_ids}
        for of_space in self.vectors.values():
            for entity_id in gone:
                of_space.pop(entity_id, None)
        self.digest -= sum(fingerprint(to_row(entity)) for entity in gone.values())
        for key in {normalise(surface): None for entity in gone.values() for surface in entity.names}:
            left = [name for name in self.names[key] if name[1] not in gone]
            self.names[key] = left
            if not left:
                del self.names[key]
            self._changed[key] = None
        self._words = None

    def named(self, keys: Sequence[str]) -> Iterator[tuple[str, str, Entity]]:
        return (
            (key, surface, self.entities[entity_id]) for key in keys for surface, entity_id in self.names.get(key, ())
        )

    def described(self, words: Sequence[str], search: Search) -> list[Entity]:
        if self._words is None:
            self._words = {}
            for entity_id, entity in self.entities.items():
                for word in dict.fromkeys(pieces(normalise(entity.description))):
                    self._words.setdefault(word, []).append(entity_id)
        rarest, *others = sorted((self._words.get(word, []) for word in words), key=len)
        found = [self.entities[entity_id] for entity_id in set(rarest).intersection(*others)]
        allowed = [
            one
            for one in found
            if one.popularity >= search.min_popularity and (not search.types or one.entity_type in search.types)
        ]
        allowed.sort(key=lambda one: (-one.popularity, one.entity_id))
        return allowed[: search.limit]

    def finish(self) -> None:
        """End a write."""
        changed = {key: self._popularity(key) for key in self._changed}
        self._changed.clear()
        if changed:
            kept = staying(list(map(len, self._parts)), len(changed))
            oldest, *newer = [*self._parts[kept:], changed]
            keys = oldest if isinstance(oldest, dict) else dict(oldest.items())
            for key, popularity in (item for part in newer for item in part.items()):
                if popularity == GONE and not kept:
                    keys.pop(key, None)
                else:
                    keys[key] = popularity
            self._parts[kept:] = [keys]

    def vectors_in(self, space: Space) -> dict[str, bytes]:
        for there in self.vectors:
            if (there.model, there.template) == (space.model, space.template):
                check_dimension(space, there.dimension)
        return self.vectors.get(space, {})

    def parts(self) -> Parts:
        if any(isinstance(part, dict) for part in self._parts):
            made: list[Part] = []
            for part in self._parts:
                if isinstance(part, dict):
                    keys = sorted(part)
                    popularity = [part[key] for key in keys]
                    part = Part.of(keys, popularity, made[0].weights() if made else None)
                made.append(part)
            self._parts[:], self._index = made, Parts.of(made)
        return self._index

    def _popularity(self, key: str) -> float:
        return float(max((self.entities[name[1]].popularity for name in self.names.get(key, ())), default=GONE))


@define(eq=False)
class DictStore:
    """Entities in memory; also remembers the last `cache_size` answers of slower stores (`layers.CandidateCache`).

    The entities are there as long as the object: `close()` leaves them. Safe to use from several threads.
    """

    cache_size: int = field(default=100_000, validator=validators.ge(0))

    modes: ClassVar[tuple[str, ...]] = lookup.MODES

    _content: _Content = field(factory=_Content, init=False, repr=False)
    _moves: int = field(default=0, init=False, repr=False)
    _last: Answers = field(factory=Answers, init=False, repr=False)
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
            return self._last.search(
                names, search, self.revision, lambda new: lookup.search(self._content, new, search)
            )

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
            self._content.remove(entity_id for entity_id in writes if entity_id in self._content.entities)
            for _, row in writes.values():
                self._content.add(from_row(row))  # a copy: what becomes of the caller's metadata does not matter here
            self._content.finish()
            self._moves += upsert.changes
        return counts

    def delete(self, entity_ids: Iterable[str]) -> int:
        """Remove entities with all their names; says how many there were."""
        wanted = list(dict.fromkeys(entity_ids))
        with self._lock:
            there = [entity_id for entity_id in wanted if entity_id in self._content.entities]
            self._content.remove(there)
            self._content.finish()
            self._moves += bool(there)
        return len(there)

    def spaces(self) -> list[Space]:
        """The spaces there are vectors in, in order of model and template."""
        with self._lock:
            used = (space for space, of_space in self._content.vectors.items() if of_space)
            return sorted(used, key=lambda space: (space.model, space.template))

    def vectors(self, space: Space, entity_ids: Sequence[str]) -> list[bytes | None]:
        """Per id the vector of its entity, or None."""
        with self._lock:
            found = self._content.vectors_in(space)
            return [found.get(entity_id) for entity_id in entity_ids]

    def add_vectors(self, space: Space, new: Iterable[tuple[str, bytes]]) -> int:
        """Keep vectors, all or none; says how many have an entity."""
        given = dict(checked(space, new))
        with self._lock:
            there = {key: vector for key, vector in given.items() if key in self._content.entities}
            self._content.vectors[space] = {**self._content.vectors_in(space), **there}
        return len(there)

    def drop_vectors(self, space: Space) -> None:
        """Forget all vectors of a space."""
        with self._lock:
            self._content.vectors_in(space)
            self._content.vectors.pop(space, None)

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
