"""What the nodes of a pipeline share: stores, the knowledge base view over them, models, and counters.

The executor builds resources before it opens a component, hands them to `open(resources)` and closes them last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from threading import RLock
from typing import Any, TypeVar

from glinker_core.errors import StoreError, near
from glinker_core.layers import CandidateCache, Name, Store
from glinker_core.model import Entity

T = TypeVar("T")

_CHUNK = 1_000  # entities asked for at once


class KnowledgeBase:
    """One read-only view over the stores of a pipeline, the first store that has an entity speaking for it."""

    def __init__(self, stores: Mapping[str, Store]) -> None:
        self.stores = stores

    @property
    def revision(self) -> str:
        """Moves whenever one of the stores changes: whoever derives something from the entities keys it by this."""
        return "+".join(store.revision for store in self.stores.values())

    def names(self) -> Iterator[Name]:
        """All names of all entities; a name that two stores hold comes twice."""
        for store in self.stores.values():
            yield from store.names()

    def entities(self) -> Iterator[Entity]:
        """All entities, each once, those of the first store first."""
        earlier: dict[str, Store] = {}
        for name, store in self.stores.items():
            known, entities = KnowledgeBase(dict(earlier)), iter(store.entities())
            while chunk := list(islice(entities, _CHUNK)):
                there = known.get([entity.entity_id for entity in chunk])
                yield from (entity for entity, other in zip(chunk, there, strict=True) if other is None)
            earlier[name] = store

    def get(self, entity_ids: Sequence[str]) -> list[Entity | None]:
        found: list[Entity | None] = [None] * len(entity_ids)
        for store in self.stores.values():
            missing = [index for index, entity in enumerate(found) if entity is None]
            if not missing:
                break
            for index, entity in zip(missing, store.get([entity_ids[i] for i in missing]), strict=True):
                found[index] = entity
        return found

    def count(self) -> int:
        """How many different entities there are."""
        if len(self.stores) == 1:
            return next(iter(self.stores.values())).count()
        return sum(1 for _ in self.entities())


class Resources:
    """What `open(resources)` is given: stores, which hold the entities, and caches, which only remember answers."""

    def __init__(
        self, stores: Mapping[str, Store] | None = None, caches: Mapping[str, CandidateCache] | None = None
    ) -> None:
        self.stores: dict[str, Store] = dict(stores or {})
        self.caches: dict[str, CandidateCache] = dict(caches or {})
        self.kb = KnowledgeBase(self.stores)
        self.counters: Counter[str] = Counter()
        self._shared: dict[Any, Any] = {}
        self._lock = RLock()

    def store(self, name: str) -> Store:
        """The store of that name."""
        if name in self.caches:
            raise StoreError(f"'{name}' is a cache and holds no entities")
        if name not in self.stores:
            raise StoreError(f"no store '{name}' in this pipeline{near(name, self.stores)}")
        return self.stores[name]

    def shared(self, key: Any, make: Callable[[], T]) -> T:
        """The thing of that key, made by whoever asks first: a model by id, revision, device and dtype, for one."""
        with self._lock:
            if key not in self._shared:
                self._shared[key] = make()
            thing: T = self._shared[key]
            return thing

    def count(self, what: str, times: int = 1) -> None:
        """Add to a counter that the executor shows (`executor.counters`): answers lost to a cache that is down, ..."""
        with self._lock:
            self.counters[what] += times

    def close(self) -> None:
        """Close everything shared that can be closed, the stores and the caches, even if one of them fails to."""
        things = [*self._shared.values(), *self.stores.values(), *self.caches.values()]
        self._shared.clear()
        close_all(things)


def close_all(things: Iterable[Any]) -> None:
    """Close each thing that can be closed, whatever the others do; then raise the first error there was."""
    errors = []
    for thing in things:
        try:
            if callable(close := getattr(thing, "close", None)):
                close()
        except Exception as error:  # noqa: BLE001  the others must be closed too; the first error is raised below
            errors.append(error)
    if errors:
        raise errors[0]
