"""A small knowledge base and spaCy pipelines that link to it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

ENTITIES = (
    {"entity_id": "fr", "label": "Paris", "description": "capital of France on the river Seine",
     "entity_type": "city", "popularity": 90},
    {"entity_id": "tx", "label": "Paris", "aliases": ["Paris, Texas"], "description": "town in Texas among ranches",
     "entity_type": "city", "popularity": 20},
    {"entity_id": "seine", "label": "Seine", "description": "river in France", "entity_type": "river"},
    {"entity_id": "q90/x", "label": "Zürich", "aliases": ["東京"], "description": "a lake", "entity_type": "city"},
)  # fmt: skip

PATTERNS = [
    {"label": "GPE", "pattern": name} for name in ("Paris", "Paris, Texas", "Texas", "Zürich", "東京", "Atlantis")
] + [{"label": "LOC", "pattern": "Seine"}, {"label": "SPACE", "pattern": [{"IS_SPACE": True}]}]

TEXTS = (
    "The river Seine flows through Paris, capital of France.",
    "Cattle ranches lie around Paris, Texas, and Texas has many.",
    "",
    "Nobody is named here.",
    "Atlantis is no town. \n\n Zürich 👩‍🚀 is, and 東京 too.",
    "  \t ",
)


def write_entities(folder: Path) -> Path:
    """The knowledge base as JSON lines."""
    return write_lines(folder / "entities.jsonl", ENTITIES)


def write_lines(path: Path, records: Iterable[Any]) -> Path:
    """A file of JSON lines."""
    path.write_text("".join(f"{json.dumps(record)}\n" for record in records), encoding="utf-8")
    return path


def ruled(lang: str = "en") -> Language:
    """A pipeline that finds names by a ruler."""
    nlp = spacy.blank(lang)
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)  # type: ignore[attr-defined]
    return nlp


def linking(**config: Any) -> Language:
    """A pipeline that finds names by a ruler and links them."""
    nlp = ruled()
    nlp.add_pipe("glinker", config=config)
    return nlp


def shown(doc: Doc) -> list[Any]:
    """All that is said of the entities of a document."""
    return [(ent.start, ent.end, ent.label_, ent.kb_id_, ent.id_, ent._.glinker) for ent in doc.ents]


def ids(doc: Doc) -> dict[str, str]:
    """The ids of the entities by their texts."""
    return {ent.text: ent.kb_id_ for ent in doc.ents}
