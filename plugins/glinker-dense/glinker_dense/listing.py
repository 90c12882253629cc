"""Which entities a knowledge base has and which content of each: what an index compares itself with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from attrs import frozen

from glinker_core.layers import NumbersContent, Store
from glinker_dense.exact import Flags, Ints

if TYPE_CHECKING:
    from glinker_core.resources import KnowledgeBase


@frozen(eq=False)
class Listing:
    """Ids in order of their bytes, with a number each that another content would not have, and types."""

    ids: npt.NDArray[Any]
    numbers: Ints
    kinds: npt.NDArray[Any]  # of `types`
    types: tuple[str, ...]

    @classmethod
    def empty(cls) -> Listing:
        return cls(np.zeros(0, "S1"), np.zeros(0, np.int64), np.zeros(0, np.int32), ())

    def __len__(self) -> int:
        return len(self.ids)

    def names(self, rows: Ints) -> list[str]:
        """The ids of some rows."""
        return [one.decode("utf-8", "surrogatepass") for one in self.ids[rows].tolist()]

    def of(self, rows: Ints) -> Listing:
        """Some rows of it, in order."""
        return Listing(self.ids[rows], self.numbers[rows], self.kinds[rows], self.types)

    def of_types(self, types: Sequence[str]) -> Flags:
        """Which rows are of some types; all, where none is given."""
        if not types:
            return np.ones(len(self), bool)
        wanted = np.array([one in types for one in self.types], bool)
        return wanted[self.kinds] if len(self) else np.zeros(0, bool)

    def find(self, others: Listing) -> tuple[Flags, Ints]:
        """Which of the rows of another listing are here with the same content, and where."""
        if not len(self):
            return np.zeros(len(others), bool), np.zeros(len(others), np.int64)
        where = np.minimum(np.searchsorted(self.ids, others.ids), len(self) - 1)
        return (self.ids[where] == others.ids) & (self.numbers[where] == others.numbers), where


def listing(kb: KnowledgeBase) -> Listing:
    """What a knowledge base has now; the first store that has an entity speaks for it."""
    stores = list(kb.stores.values())
    rows = list(chain.from_iterable(map(_numbered, reversed(stores))))
    if len(stores) > 1:
        rows = list({row[0]: row for row in rows}.values())
    encoded = np.array([row[0].encode("utf-8", "surrogatepass") for row in rows] or [b""])[: len(rows)]
    order = np.argsort(encoded, kind="stable")
    numbers = np.array([row[1] for row in rows], np.int64)
    types = tuple(dict.fromkeys(row[2] for row in rows))
    place = {kind: index for index, kind in enumerate(types)}
    kinds = np.array([place[row[2]] for row in rows], np.int32)
    return Listing(encoded[order], numbers[order], kinds[order], types)


def _numbered(store: Store) -> Iterator[tuple[str, int, str]]:
    if isinstance(store, NumbersContent):
        yield from store.numbers()
        return
    for entity in store.entities():
        digest = blake2b(repr(entity).encode("utf-8", "surrogatepass"), digest_size=8).digest()
        yield entity.entity_id, int.from_bytes(digest, "little", signed=True), entity.entity_type
