"""`FakeStore`: all a store must do, in the plainest way, for knowledge bases of a few hundred entities."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import ClassVar

from attrs import define, field

from glinker_core.errors import DataError, InputError, Problem
from glinker_core.layers import Name, Search, Upserted
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise

ON_DUPLICATE = ("error", "keep", "replace", "merge")


@define
class FakeStore:
    """Entities in a dict, searched one by one; also remembers answers (`layers.CandidateCache`)."""

    modes: ClassVar[tuple[str, ...]] = ("exact", "fuzzy")

    _entities: dict[str, Entity] = field(factory=dict, init=False, repr=False)
    _answers: dict[tuple[str, str], tuple[Candidate, ...]] = field(factory=dict, init=False, repr=False)

    @property
    def revision(self) -> str:
        """A digest of the content."""
        content = repr([self._entities[key] for key in sorted(self._entities)])
        return hashlib.blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of; the entities stay."""

    def search(self, names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
        """Per name its candidates, by comparing it with every name of every entity."""
        return [self._search_one(name, search) for name in names]

    def _search_one(self, name: str, search: Search) -> tuple[Candidate, ...]:
        key = normalise(name)
        if not key:
            return ()
        for mode in search.modes:
            found = []
            for entity in self._entities.values():
                best = max((_quality(name, key, other, mode, search), -i) for i, other in enumerate(entity.names))
                if best[0] > 0 and entity.popularity >= search.min_popularity:
                    found.append(Candidate(entity, entity.names[-best[1]], mode, {"l2": best[0]}))
            if found:
                found.sort(key=lambda c: (-c.score, -c.entity.popularity, c.entity_id))
                return tuple(found[: search.limit])
        return ()

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]:
        return [self._entities.get(entity_id) for entity_id in entity_ids]

    def upsert(self, entities: Iterable[Entity], on_duplicate: str = "replace") -> Upserted:
        """Add or replace entities; nothing is written when `entities` raises or there are conflicts to refuse."""
        if on_duplicate not in ON_DUPLICATE:
            raise InputError(f"on_duplicate: {on_duplicate!r} is none of {', '.join(ON_DUPLICATE)}")
        after, said, problems = dict(self._entities), Upserted(), []
        for entity in entities:
            there = after.get(entity.entity_id)
            if there == entity:
                said += Upserted(unchanged=1)
            elif there is None:
                said += Upserted(added=1)
                after[entity.entity_id] = entity
            elif on_duplicate == "replace":
                said += Upserted(replaced=1)
                after[entity.entity_id] = entity
            elif on_duplicate == "merge":
                after[entity.entity_id] = there.merged(entity)
                same = after[entity.entity_id] == there
                said += Upserted(unchanged=1) if same else Upserted(replaced=1)
            elif on_duplicate == "keep":
                said += Upserted(kept=1)
            else:
                problems.append(Problem(f"entity '{entity.entity_id}'", "is there already with other content"))
        if problems:
            raise DataError("entities", problems)
        self._entities = after
        return said

    def delete(self, entity_ids: Iterable[str]) -> int:
        gone = [self._entities.pop(entity_id, None) for entity_id in entity_ids]
        return sum(entity is not None for entity in gone)

    def clear(self) -> None:
        self._entities.clear()
        self._answers.clear()

    def count(self) -> int:
        return len(self._entities)

    def entities(self) -> Iterator[Entity]:
        return (self._entities[key] for key in sorted(self._entities))

    def names(self) -> Iterator[Name]:
        for entity in self.entities():
            for name in entity.names:
                yield Name(name, entity.entity_id, entity.entity_type, entity.popularity)

    def recall(self, names: Sequence[str], scope: str) -> list[tuple[Candidate, ...] | None]:
        return [self._answers.get((name, scope)) for name in names]

    def remember(self, answers: Mapping[str, tuple[Candidate, ...]], scope: str) -> None:
        self._answers.update({(name, scope): candidates for name, candidates in answers.items()})


def store_of(entities: Iterable[Entity]) -> FakeStore:
    """An opened `FakeStore` that holds the entities."""
    store = FakeStore()
    store.open()
    store.upsert(entities, on_duplicate="error")
    return store


def _quality(name: str, key: str, other: str, mode: str, search: Search) -> float:
    """How well two names agree: 1.0 equal, 0.95 equally normalised, less for a typo, 0.0 not at all."""
    if mode == "exact":
        return 1.0 if name == other else 0.95 * (key == normalise(other))
    theirs = normalise(other)
    allowed, prefix = min(search.max_distance, 2), search.prefix_length
    if abs(len(key) - len(theirs)) > allowed or key[:prefix] != theirs[:prefix]:
        return 0.0
    edits = distance(key, theirs)
    similarity = 1 - edits / max(len(key), len(theirs))
    return similarity if edits <= allowed and similarity >= search.min_similarity else 0.0


def distance(one: str, other: str) -> int:
    """Edits between two strings: insertion, deletion, substitution, swap of neighbours (optimal string alignment).

    >>> distance("constantinople", "constantniople"), distance("abc", "ac"), distance("", "ab")
    (1, 1, 2)
    """
    before, row = [0] * (len(other) + 1), list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, b in enumerate(other, 1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b)))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], earlier[j - 2] + 1)
    return row[-1]


__all__ = ["FakeStore", "distance", "store_of"]
