"""Linked documents as JSON lines."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import define

from glinker_core import __version__
from glinker_core.files import json_line
from glinker_core.model import Candidate, LinkedDocument, LinkedMention

#: The keys of a document in JSON lines beside `entities`, of a mention beside `candidates`, and of a candidate beside
#: `scores`, with their types, for formats that must declare them.
DOCUMENT_KEYS: Mapping[str, type] = MappingProxyType(
    dict.fromkeys(("id", "text", "kb_revision", "pipeline", "version", "error"), str)
)
MENTION_KEYS: Mapping[str, type] = MappingProxyType({
    "text": str, "start": int, "end": int, "label": str, "mention_score": float, "entity_id": str, "entity_label": str,
    "entity_type": str, "score": float, "reason": str,
})  # fmt: skip
CANDIDATE_KEYS: Mapping[str, type] = MappingProxyType(
    {"entity_id": str, "label": str, "entity_type": str, "name": str, "match": str, "score": float}
)


@define
class JsonlWriter:
    """One JSON object per document, in UTF-8; `all_candidates` shows those of each mention rather than its link."""

    all_candidates: bool = False

    def write(self, document: LinkedDocument) -> bytes:
        return json_line(record(document, self.all_candidates)).encode()

    def end(self) -> bytes:
        return b""


def record(document: LinkedDocument, candidates: bool = False) -> dict[str, Any]:
    """A linked document as plain data; `error` is there only if there was one."""
    entities = [_mention(mention, candidates) for mention in document.entities]
    plain = {
        "id": document.id,
        "text": document.text,
        "kb_revision": document.kb_revision,
        "pipeline": document.pipeline,
        "version": __version__,
        "entities": entities,
    }
    return plain if document.error is None else {**plain, "error": document.error}


def _mention(mention: LinkedMention, candidates: bool) -> dict[str, Any]:
    entity = mention.linked_entity
    plain: dict[str, Any] = {
        "text": mention.mention_text,
        "start": mention.start,
        "end": mention.end,
        "label": mention.label,
        "mention_score": mention.mention_score,
        "entity_id": entity.entity_id if entity else None,
        "entity_label": entity.label if entity else None,
        "entity_type": entity.entity_type if entity else None,
        "score": entity.score if entity else None,
    }
    if mention.reason:
        plain["reason"] = mention.reason
    if candidates:
        plain["candidates"] = [candidate_record(candidate) for candidate in mention.candidates]
    return plain


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """A candidate as plain data."""
    return {
        "entity_id": candidate.entity_id,
        "label": candidate.label,
        "entity_type": candidate.entity.entity_type,
        "name": candidate.name,
        "match": candidate.match,
        "score": candidate.score,
        "scores": dict(candidate.scores),
    }
