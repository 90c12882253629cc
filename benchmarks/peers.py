"""GLiNKER's dictionary store, as its L2 searches it, for whoever has it installed."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any

from glinker_core.model import Entity

_INSTALL = "pip install --no-deps glinker==0.1.1 && pip install redis elasticsearch psycopg2-binary pydantic pyyaml"


class MissingPeerError(Exception):
    """GLiNKER is not installed; says how to."""


class Glinker:
    """GLiNKER's `DictLayer` behind its `DatabaseChainComponent`, with the defaults of GLiNKER 0.1.1."""

    def __init__(self, modes: Sequence[str]) -> None:
        l2 = _l2()
        self._record = l2.DatabaseRecord
        layer = l2.LayerConfig(type="dict", priority=0, search_mode=list(modes))
        self._chain: Any = l2.DatabaseChainComponent(l2.L2Config(layers=[layer]))

    def load(self, entities: Iterable[Entity]) -> None:
        """Add entities, as its `load_bulk` does."""
        self._chain.layers[0].load_bulk(map(self._record_of, entities))

    def search(self, names: Sequence[str]) -> list[list[str]]:
        """Per name the ids of its candidates in the order of their match.

        Its L2 goes on to sort those it keeps by popularity, which finds no more and halves its recall@1.
        """
        return [[record.entity_id for record in self._chain.limit_candidates(self._chain.search(n))] for n in names]

    def _record_of(self, entity: Entity) -> Any:
        return self._record(
            entity_id=entity.entity_id,
            label=entity.label,
            aliases=list(entity.aliases),
            description=entity.description,
            entity_type=entity.entity_type,
            popularity=int(entity.popularity),
        )


def _l2() -> Any:
    """Its store modules without the rest: importing `glinker` itself loads spaCy, torch and GLiNER."""
    if "glinker" not in sys.modules:
        spec = importlib.util.find_spec("glinker")
        if spec is None or not spec.submodule_search_locations:
            raise MissingPeerError(f"is not installed; run: {_INSTALL}")
        package = ModuleType("glinker")
        package.__path__ = list(spec.submodule_search_locations)
        sys.modules["glinker"] = package
    try:
        return importlib.import_module("glinker.l2")
    except ImportError as error:
        raise MissingPeerError(f"cannot be imported: {error}; run: {_INSTALL}") from error
