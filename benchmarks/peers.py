"""What others have to find entities by name, and the simplest things one could do instead: all of it in memory."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

from attrs import define, field
from methods import Method, MissingError
from rapidfuzz.distance import OSA
from rapidfuzz.process import cdist, extract

from glinker_core.model import Entity
from glinker_core.names import normalise

LIMIT = 30

_GLINKER_MODES = {"exact": ["exact"], "fuzzy": ["exact", "fuzzy"]}
_INSTALL = "pip install --no-deps glinker==0.1.1 && pip install redis elasticsearch psycopg2-binary pydantic pyyaml"


@define
class _InMemory:
    """What they have in common: nothing on disk, and no way to remove."""

    lasting: ClassVar[bool] = False
    edits: ClassVar[tuple[str, ...]] = ()

    def open(self) -> None:
        """Nothing to connect to."""

    def close(self) -> None:
        """Nothing to let go of."""

    def remove(self, entity_ids: Sequence[str]) -> None:
        raise NotImplementedError  # nobody asks: it is not one of `edits`

    def size(self) -> int:
        return 0

    def erase(self) -> None:
        """Nothing is left behind."""


@define
class Glinker(_InMemory):
    """GLiNKER's `DictLayer` behind its `DatabaseChainComponent`, with the defaults of GLiNKER 0.1.1.

    Candidates are in the order of their match. Its L2 goes on to sort those it keeps by popularity, which finds no more
    and lowers recall@1.
    """

    batch: ClassVar[int] = 4
    edits: ClassVar[tuple[str, ...]] = ("add",)

    _l2: Any = field(default=None, init=False)
    _chain: Any = field(default=None, init=False)

    def ways(self) -> dict[str, str]:
        return {way: ", ".join(modes) for way, modes in _GLINKER_MODES.items()}

    def open(self) -> None:
        self._l2 = _glinker_l2()
        layer = self._l2.LayerConfig(type="dict", priority=0)
        self._chain = self._l2.DatabaseChainComponent(self._l2.L2Config(layers=[layer]))

    def add(self, entities: Iterable[Entity]) -> None:
        self._chain.layers[0].load_bulk(map(self._record, entities))

    def search(self, way: str, names: Sequence[str]) -> Sequence[Any]:
        self._chain.layers[0].config.search_mode = _GLINKER_MODES[way]
        return [self._chain.limit_candidates(self._chain.search(name)) for name in names]

    def ids(self, found: Any) -> list[str]:
        return [record.entity_id for record in found]

    def _record(self, entity: Entity) -> Any:
        return self._l2.DatabaseRecord(
            entity_id=entity.entity_id,
            label=entity.label,
            aliases=list(entity.aliases),
            description=entity.description,
            entity_type=entity.entity_type,
            popularity=int(entity.popularity),
        )


def _glinker_l2() -> Any:
    """Its store modules without the rest: importing `glinker` itself loads spaCy, torch and GLiNER."""
    if "glinker" not in sys.modules:
        spec = importlib.util.find_spec("glinker")
        if spec is None or not spec.submodule_search_locations:
            raise MissingError(f"GLiNKER: is not installed; run: {_INSTALL}")
        package = ModuleType("glinker")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["glinker"] = package
    try:
        return importlib.import_module("glinker.l2")
    except ImportError as error:
        raise MissingError(f"GLiNKER: cannot be imported ({error}); run: {_INSTALL}") from error


@define
class PlainDict(_InMemory):
    """A dict from normalised names to the ids that have them, the best known first: how fast Python can be."""

    batch: ClassVar[int] = 500

    _named: dict[str, tuple[str, ...]] = field(factory=dict, init=False)

    def ways(self) -> dict[str, str]:
        return {"exact": "equal once normalised"}

    def add(self, entities: Iterable[Entity]) -> None:
        self._named = _by_key(entities)

    def search(self, way: str, names: Sequence[str]) -> Sequence[Any]:  # noqa: ARG002
        return [self._named.get(normalise(name), ()) for name in names]

    def ids(self, found: Any) -> list[str]:
        return list(found[:LIMIT])


@define
class RapidfuzzScan(_InMemory):
    """rapidfuzz over all normalised names: `process.extract` for one, `process.cdist` for several, on one core.

    Names are held by popularity, so that of those equally near the better known comes first.
    """

    batch: ClassVar[int] = 16

    _keys: list[str] = field(factory=list, init=False)
    _named: list[tuple[str, ...]] = field(factory=list, init=False)

    def ways(self) -> dict[str, str]:
        return {"fuzzy": "fewest edits"}

    def open(self) -> None:
        if importlib.util.find_spec("numpy") is None:
            raise MissingError("rapidfuzz: needs numpy; run: pip install numpy")

    def add(self, entities: Iterable[Entity]) -> None:
        named = _by_key(entities)
        self._keys, self._named = list(named), list(named.values())

    def search(self, way: str, names: Sequence[str]) -> Sequence[Any]:  # noqa: ARG002
        keys = [normalise(name) for name in names]
        if len(keys) == 1:
            found = extract(keys[0], self._keys, scorer=OSA.normalized_similarity, limit=LIMIT)
            return [[place for _, _, place in found]]
        import numpy as np  # not loaded where the memory of others is measured

        scores = cdist(keys, self._keys, scorer=OSA.normalized_similarity, dtype=np.float32, workers=1)
        least = np.partition(scores, -LIMIT)[:, -LIMIT] if len(self._keys) > LIMIT else np.zeros(len(keys))
        near = [np.flatnonzero(row >= enough) for row, enough in zip(scores, least, strict=True)]
        return [
            some[np.argsort(-row[some], kind="stable")[:LIMIT]].tolist() for row, some in zip(scores, near, strict=True)
        ]

    def ids(self, found: Any) -> list[str]:
        ids = (entity_id for place in found for entity_id in self._named[place])
        return list(islice(dict.fromkeys(ids), LIMIT))


def _by_key(entities: Iterable[Entity]) -> dict[str, tuple[str, ...]]:
    named: dict[str, list[tuple[float, str]]] = {}
    for entity in entities:
        for key in {normalise(name): None for name in entity.names}:
            named.setdefault(key, []).append((-entity.popularity, entity.entity_id))
    best_first = sorted((sorted(ones), key) for key, ones in named.items())
    return {key: tuple(entity_id for _, entity_id in ones) for ones, key in best_first}


PEERS: dict[str, Callable[[Path], Method]] = {
    "GLiNKER": lambda _: Glinker(),
    "rapidfuzz": lambda _: RapidfuzzScan(),
    "plain dict": lambda _: PlainDict(),
}
