"""The development corpora in parts, each a knowledge base with documents to measure on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from glinker_eval.gold import Gold, GoldDocument, GoldMention
from glinker_eval.priors import learn_priors
from glinker_stores.sqlite import SqliteStore

from glinker_core.files import read_lines
from glinker_core.model import Entity, Mention
from glinker_core.names import normalise

MODES = ("exact", "variant", "fuzzy", "partial", "initials", "similar")
FOLDS = 5


@frozen
class Part:
    """A knowledge base, documents to measure on, and others that priors and names are learnt from."""

    entities: Sequence[Entity]
    documents: Sequence[GoldDocument]
    taught: Sequence[GoldDocument] = ()


def filled(part: Part, path: Path) -> SqliteStore:
    """A store with the entities of a part, and what is learnt for them."""
    store = SqliteStore(str(path))
    store.open()
    store.upsert(part.entities)
    if part.taught:
        learn_priors(store, Gold("taught", tuple(part.taught)), names=True)
    return store


def mentions_of(document: GoldDocument) -> list[Mention]:
    """The gold mentions of a document, as layers take them."""
    return [Mention(one.start, one.end, one.text) for one in document.mentions]


def _general(folder: Path, table: bool = False) -> list[Part]:
    entities = []
    for row in _read(folder / "general/entities.jsonl.gz"):
        if row["description"]:
            ranks = row["anchor_aliases"] if table else {}
            uses = {normalise(surface): 1 / rank for surface, rank in ranks.items()}
            entities.append(_entity(row, tuple(ranks), uses))
    return [Part(entities, _documents(folder / "general/documents.jsonl.gz", entities))]


def _general_learnt(folder: Path) -> list[Part]:
    (whole,) = _general(folder)
    parts = [whole.documents[start::FOLDS] for start in range(FOLDS)]
    return [Part(whole.entities, part, [d for other in parts if other is not part for d in other]) for part in parts]


def _geo(folder: Path) -> list[Part]:
    entities = [_entity(row) for row in _read(folder / "geo/entities.jsonl.gz")]
    return [Part(entities, _documents(folder / "geo/documents.jsonl.gz", entities))]


def _bio(folder: Path, learnt: bool = False) -> list[Part]:
    train, dev = folder / "bio/documents_train.jsonl.gz", folder / "bio/documents_dev.jsonl.gz"
    popularity = Counter(one for row in _read(train) for mention in row["mentions"] for one in _ids(mention))
    entities = [
        evolve(_entity(row), popularity=popularity[row["entity_id"]]) for row in _read(folder / "bio/entities.jsonl.gz")
    ]
    return [Part(entities, _documents(dev, entities), _documents(train, entities) if learnt else ())]


CORPORA: dict[str, Callable[[Path], list[Part]]] = {
    "general": _general,
    "general, learnt": _general_learnt,
    "general, alias table": lambda folder: _general(folder, table=True),
    "geo": _geo,
    "bio": _bio,
    "bio, learnt": lambda folder: _bio(folder, learnt=True),
}


def _entity(row: dict[str, Any], more: tuple[str, ...] = (), uses: Any = None) -> Entity:
    aliases = tuple(dict.fromkeys((*row["aliases"], *more)))
    metadata = {"priors": dict(uses)} if uses else {}
    given = (row["description"], row["entity_type"], row["popularity"], metadata)
    return Entity(row["entity_id"], row["label"], aliases, *given)


def _documents(path: Path, entities: Sequence[Entity]) -> list[GoldDocument]:
    """Documents whose mentions mean what the knowledge base has, the others nothing that counts."""
    known = {entity.entity_id for entity in entities}
    return [
        GoldDocument(
            row["id"],
            row["text"],
            tuple(
                GoldMention(m["start"], m["end"], m["text"], tuple(one for one in _ids(m) if one in known))
                for m in sorted(row["mentions"], key=lambda one: (one["start"], one["end"]))
            ),
        )
        for row in _read(path)
    ]


def _ids(mention: dict[str, Any]) -> list[str]:
    return (mention.get("entity_ids") or [mention["entity_id"]]) if mention["entity_id"] is not None else []


def _read(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, read_lines(path))
