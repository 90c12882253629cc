"""What was decided about a text on spaCy's `Doc` and back: `kb_id_`, and per span a record that goes with the `Doc`.

A record is plain data in `doc.user_data`, under the key spaCy gives the span extension `glinker`; so it goes where the
span goes, through `to_bytes`, `DocBin`, `Doc.from_docs` and other processes. `span._.glinker` shows it as a
`LinkedMention`. Aliases and metadata of candidates stay in the knowledge base.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from attrs import frozen
from spacy.tokens import Doc, Span

from glinker_core.model import Candidate, Entity, LinkedDocument, LinkedEntity, LinkedMention

#: The span extension, and the key of what is said of a whole document.
NAME = "glinker"

#: The label of an entity where neither the recogniser nor the knowledge base has one: spaCy has no entities without.
UNLABELLED = "ENTITY"

Key = tuple[str, str, int, int]


def register() -> None:
    """Make `span._.glinker` known to spaCy; a second call does nothing."""
    if not Span.has_extension(NAME):
        Span.set_extension(NAME, getter=record)


def record(span: Span) -> LinkedMention | None:
    """What was decided about a span, or None if it was no mention; of several records of one place, its label's."""
    kept = _data(span.doc).get(_key(span.start_char, span.end_char), ())
    found = [plain for plain in kept if plain["label"] == span.label_] or kept
    return _mention(found[0]) if found else None


def keep_records(doc: Doc, spans: Iterable[tuple[Span, LinkedMention | None]]) -> None:
    """Keep a record for each span; what was kept of its place before is gone."""
    data, kept = _data(doc), dict[Key, list[dict[str, Any]]]()
    for span, mention in spans:
        plains = kept.setdefault(_key(span.start_char, span.end_char), [])
        if mention is not None:
            plains.append(_plain(mention))
    for key, plains in kept.items():
        if plains:
            data[key] = plains
        else:
            data.pop(key, None)


@frozen
class Placed:
    """What became of mentions that need not stand on the borders of tokens: some `moved` there, some `dropped`."""

    moved: int = 0
    dropped: int = 0


def place(doc: Doc, mentions: Sequence[LinkedMention], overwrite_labels: bool = False) -> Placed:
    """Make the mentions the entities of a document, each with the tokens it touches.

    Of those that share a token, a link goes before NIL, then counts the score, the length and the position; the others
    are no entities, but have records.
    """
    found = []
    for mention in mentions:
        span = doc.char_span(mention.start, mention.end, alignment_mode="expand")
        if span is not None and span.text:
            found.append((span, mention))
    keep_records(doc, found)
    taken: set[int] = set()
    ents = []
    for span, mention in sorted(found, key=_rank):
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            label = label_of(mention, overwrite_labels) or UNLABELLED
            ents.append(Span(doc, span.start, span.end, label=label, kb_id=entity_id(mention)))
    doc.set_ents(ents)
    moved = sum((span.start_char, span.end_char) != (mention.start, mention.end) for span, mention in found)
    return Placed(moved, len(mentions) - len(ents))


def _rank(pair: tuple[Span, LinkedMention]) -> tuple[bool, float, int, int, str]:
    span, mention = pair
    score = mention.linked_entity.score if mention.linked_entity else mention.mention_score
    return not mention.is_linked, -score, span.start - span.end, span.start, mention.label


def entity_id(mention: LinkedMention | None) -> str:
    """What `kb_id_` says; empty for NIL."""
    return mention.linked_entity.entity_id if mention is not None and mention.linked_entity is not None else ""


def label_of(mention: LinkedMention, overwrite: bool) -> str:
    """The label a mention came with, or the type of its entity where that shall stand instead, or there is no label."""
    kind = mention.linked_entity.entity_type if mention.linked_entity is not None else ""
    return (kind or mention.label) if overwrite else (mention.label or kind)


def linked_document(doc: Doc) -> LinkedDocument:
    """A document with all mentions that have a record; without any, its entities, linked as their `kb_id_` says."""
    said = doc.user_data.get(NAME, {})
    found = [_mention(plain) for key, plains in _data(doc).items() if _is_ours(key) for plain in plains]
    mentions = sorted(found, key=lambda m: (m.start, m.end, m.label)) or map(_of_entity, doc.ents)
    return LinkedDocument(doc.text, tuple(mentions), said.get("id", ""), said.get("kb_revision", ""), said.get("error"))


def _of_entity(ent: Span) -> LinkedMention:
    start, end, name = ent.start_char, ent.end_char, ent.kb_id_
    entity = LinkedEntity(name, name, 1.0, start, end, ent.text) if name else None
    return LinkedMention(ent.text, start, end, ent.label_, entity)


def _data(doc: Doc) -> dict[Any, Any]:
    return cast("dict[Any, Any]", doc.user_data)  # spaCy declares its keys as strings, and has tuples among them


def _key(start: int, end: int) -> Key:
    return "._.", NAME, start, end


def _is_ours(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) == 4 and key[:2] == ("._.", NAME) and key[2] is not None


def _plain(mention: LinkedMention) -> dict[str, Any]:
    entity = mention.linked_entity
    return {
        "text": mention.mention_text,
        "start": mention.start,
        "end": mention.end,
        "label": mention.label,
        "score": float(mention.mention_score),
        "stage": mention.pipeline_stage,
        "reason": mention.reason,
        "num_candidates": mention.num_candidates,
        "entity": None if entity is None else {
            "entity_id": entity.entity_id,
            "label": entity.label,
            "score": float(entity.score),
            "start": entity.start,
            "end": entity.end,
            "matched_text": entity.matched_text,
            "description": entity.description,
            "entity_type": entity.entity_type,
        },
        "candidates": [_plain_candidate(candidate) for candidate in mention.candidates],
    }  # fmt: skip


def _plain_candidate(candidate: Candidate) -> dict[str, Any]:
    entity = candidate.entity
    return {
        "entity_id": entity.entity_id,
        "label": entity.label,
        "description": entity.description,
        "entity_type": entity.entity_type,
        "popularity": entity.popularity,
        "name": candidate.name,
        "match": candidate.match,
        "scores": {stage: float(score) for stage, score in candidate.scores.items()},
    }


def _mention(plain: Mapping[str, Any]) -> LinkedMention:
    entity = plain["entity"]
    return LinkedMention(
        plain["text"],
        plain["start"],
        plain["end"],
        plain["label"],
        None if entity is None else LinkedEntity(**entity),
        tuple(_candidate(candidate) for candidate in plain["candidates"]),
        plain["num_candidates"],
        pipeline_stage=plain["stage"],
        reason=plain["reason"],
        mention_score=plain["score"],
    )


def _candidate(plain: Mapping[str, Any]) -> Candidate:
    entity = Entity(
        plain["entity_id"],
        plain["label"],
        description=plain["description"],
        entity_type=plain["entity_type"],
        popularity=plain["popularity"],
    )
    return Candidate(entity, plain["name"], plain["match"], plain["scores"])
