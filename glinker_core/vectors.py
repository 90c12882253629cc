"""Vectors of entities as stores keep them, for nodes that compare vectors: no numbers here, only bytes.

Each vector is that of what a template and a model make of an entity, as little-endian 16-bit floats
(`layers.VectorStore`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from itertools import islice

from glinker_core.errors import InputError, StoreError
from glinker_core.layers import Space, Store, VectorStore
from glinker_core.model import Entity
from glinker_core.resources import Resources

log = logging.getLogger(__name__)

_CHUNK = 4_096  # entities embedded and written at once: what a run that is stopped can lose

#: (how many entities were done now, how many there are)
Progress = Callable[[int, int], None]
#: the vectors of entities
Encode = Callable[[Sequence[Entity]], Sequence[bytes]]


def render(template: str, entity: Entity) -> str:
    """The text of an entity that a model reads."""
    return template.format(
        entity_id=entity.entity_id,
        label=entity.label,
        aliases=", ".join(entity.aliases),
        description=entity.description,
        entity_type=entity.entity_type,
        popularity=entity.popularity,
    ).strip()


class StoredVectors:
    """The vectors of one space in those stores of a pipeline that keep vectors; `space` is asked for when needed."""

    def __init__(self, resources: Resources, space: Callable[[], Space]) -> None:
        self._space, self._kb = space, resources.kb
        self._alone = len(resources.stores) == 1
        self._stores: Mapping[str, Store] = {
            name: store for name, store in resources.stores.items() if isinstance(store, VectorStore)
        }
        self._unwritable: set[str] = set()

    def of(self, entities: Mapping[str, Entity]) -> dict[str, bytes]:
        """The vectors that stores have of just these entities, by text as the entities are given."""
        found: dict[str, bytes] = {}
        for store in self._stores.values():
            assert isinstance(store, VectorStore)
            left = {text: entity for text, entity in entities.items() if text not in found}
            vectors = store.vectors(self._space(), [entity.entity_id for entity in left.values()])
            there = {text: vector for text, vector in zip(left, vectors, strict=True) if vector is not None}
            same = self._same(store, {text: left[text] for text in there})
            found |= {text: vector for text, vector in there.items() if text in same}
        return found

    def of_ids(self, entity_ids: Sequence[str]) -> list[bytes | None]:
        """Per id the vector that stores have of the entity that the knowledge base has under it, or None."""
        if self._alone and self._stores:
            (store,) = self._stores.values()
            assert isinstance(store, VectorStore)
            return store.vectors(self._space(), entity_ids)
        found = self.of({entity.entity_id: entity for entity in self._kb.get(entity_ids) if entity is not None})
        return [found.get(entity_id) for entity_id in entity_ids]

    def keep(self, entities: Mapping[str, Entity], vectors: Mapping[str, bytes]) -> None:
        """Keep vectors, both by text, in the stores that have the entities; those that cannot be written are left."""
        for name, store in self._stores.items():
            if name in self._unwritable:
                continue
            assert isinstance(store, VectorStore)
            same = self._same(store, entities)
            try:
                store.add_vectors(self._space(), [(entities[text].entity_id, vectors[text]) for text in same])
            except StoreError as error:
                self._unwritable.add(name)
                log.warning("store '%s': vectors are not kept there, but computed again each time: %s", name, error)

    def precompute(self, names: Sequence[str], encode: Encode, progress: Progress | None = None) -> dict[str, int]:
        """Embed the entities of the stores named that have no vector yet; `{store: how many were embedded}`.

        Each chunk is kept when it is done, so a run that was stopped goes on where it was.
        """
        if other := [name for name in names if name not in self._stores]:
            able = ", ".join(self._stores) or "none of this pipeline does"
            raise InputError(f"precompute_embeddings: store '{other[0]}' keeps no vectors; those that do: {able}")
        return {name: self._precompute(self._stores[name], encode, progress) for name in names}

    def _precompute(self, store: Store, encode: Encode, progress: Progress | None) -> int:
        assert isinstance(store, VectorStore)
        space, count, total = self._space(), 0, store.count()
        entities = iter(store.entities())
        while chunk := list(islice(entities, _CHUNK)):
            there = store.vectors(space, [entity.entity_id for entity in chunk])
            new = [entity for entity, vector in zip(chunk, there, strict=True) if vector is None]
            if new:
                count += store.add_vectors(space, zip((one.entity_id for one in new), encode(new), strict=True))
            if progress is not None:
                progress(len(chunk), total)
        return count

    def _same(self, store: Store, entities: Mapping[str, Entity]) -> list[str]:
        """The texts of those entities that the store has with the same content, as another store may not."""
        # another store may have the id too, even one that keeps no vectors
        if self._alone and len({entity.entity_id for entity in entities.values()}) == len(entities):
            return list(entities)
        there = store.get([entity.entity_id for entity in entities.values()])
        return [text for (text, entity), other in zip(entities.items(), there, strict=True) if entity == other]
