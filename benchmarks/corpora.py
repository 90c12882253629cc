"""Entities and gold mentions as the benchmarks read them: gzipped JSON lines, nothing kept that is not needed."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from attrs import evolve, frozen

from glinker_core.builtin.readers import JsonlReader
from glinker_core.files import read_lines
from glinker_core.model import Entity


@frozen
class Gold:
    """A mention string, the ids of which any is right, and how often it occurs with them."""

    text: str
    entity_ids: frozenset[str]
    count: int


@frozen
class Corpus:
    """A knowledge base with the gold mentions that it has an entity for; `linked` counts those it has none for too."""

    name: str
    entities: tuple[Entity, ...]
    golds: tuple[Gold, ...]
    linked: int

    @property
    def mentions(self) -> int:
        """How many mentions there are, each occurrence counted."""
        return sum(gold.count for gold in self.golds)


def read_entities(path: Path) -> Iterator[Entity]:
    """The entities of a file, as they are streamed; ends the program at the first that is none."""
    for row in JsonlReader().entities(read_lines(path)):
        if not isinstance(row.item, Entity):
            sys.exit(f"{path}, line {row.line}: {row.problem}")
        yield row.item


def general(folder: Path) -> Corpus:
    """`general` with described entities alone: who reads descriptions must not learn which entities have one."""
    entities = (entity for entity in read_entities(folder / "general/entities.jsonl.gz") if entity.description)
    return _corpus("general, described", entities, folder / "general/documents.jsonl.gz")


def general_full(folder: Path) -> Corpus:
    """`general` with all its entities."""
    entities = read_entities(folder / "general/entities.jsonl.gz")
    return _corpus("general, full", entities, folder / "general/documents.jsonl.gz")


def geo(folder: Path) -> Corpus:
    """`geo`, whose popularity is population."""
    return _corpus("geo", read_entities(folder / "geo/entities.jsonl.gz"), folder / "geo/documents.jsonl.gz")


def bio(folder: Path) -> Corpus:
    """`bio` dev, with popularity counted in train alone."""
    train = Counter(i for _, ids in _mentions(folder / "bio/documents_train.jsonl.gz") for i in ids)
    entities = (
        evolve(entity, popularity=train[entity.entity_id]) for entity in read_entities(folder / "bio/entities.jsonl.gz")
    )
    return _corpus("bio dev", entities, folder / "bio/documents_dev.jsonl.gz")


CORPORA = {"general": general, "general_full": general_full, "geo": geo, "bio": bio}


def _corpus(name: str, entities: Iterable[Entity], documents: Path) -> Corpus:
    kept = tuple(entities)
    known = {entity.entity_id for entity in kept}
    linked = 0
    counts: Counter[tuple[str, frozenset[str]]] = Counter()
    for text, ids in _mentions(documents):
        linked += 1
        if there := known.intersection(ids):
            counts[text, frozenset(there)] += 1
    return Corpus(name, kept, tuple(Gold(text, ids, count) for (text, ids), count in counts.items()), linked)


def _mentions(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Text and gold ids of each linked mention; a composite mention has several ids."""
    for line in read_lines(path):
        for mention in json.loads(line)["mentions"]:
            if mention["entity_id"] is not None:
                yield mention["text"], mention.get("entity_ids") or [mention["entity_id"]]
