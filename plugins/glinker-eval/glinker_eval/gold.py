"""Gold standards: documents with the mentions people found, checked before anything is scored.

A gold file is read by any document reader of the core or of a plugin: the `entities` of its documents are mappings
with `start`, `end`, `text` and what is meant, as `entity_id` (null for NIL) or as `entity_ids`, of which any is right.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from glinker_core.builtin.records import BadRecordError
from glinker_core.entities import OnError, document_rows
from glinker_core.errors import DataError, Problem
from glinker_core.layers import Row
from glinker_core.model import Document, Entity
from glinker_core.plugins import Plugins
from glinker_core.resources import KnowledgeBase
from glinker_core.source import shown

_CHUNK = 1_000  # entities asked for at once


@frozen
class GoldMention:
    """A span with what it means: any of `entity_ids` is right, none of them says NIL.

    `absent` tells that the knowledge base has none of the ids; what is `optional` need not be found, and counts neither
    way when it is. `entity_label` and `entity_type` are those of the first entity in the knowledge base.
    """

    start: int
    end: int
    text: str
    entity_ids: tuple[str, ...] = ()
    label: str = ""
    optional: bool = False
    absent: bool = False
    entity_label: str = ""
    entity_type: str = ""

    @property
    def entity_id(self) -> str | None:
        """The first of the ids; None for NIL."""
        return self.entity_ids[0] if self.entity_ids else None

    @property
    def in_kb(self) -> bool:
        """Whether an entity of the knowledge base is meant."""
        return bool(self.entity_ids) and not self.absent


@frozen
class GoldDocument:
    """A text with its gold mentions in order of position; `judged` is the part that was annotated, if not all."""

    id: str
    text: str
    mentions: tuple[GoldMention, ...] = ()
    judged: tuple[int, int] | None = None


@frozen
class JudgedDocument(Document):
    """A document that was annotated in its part `judged` only: what a system finds elsewhere is not counted."""

    judged: tuple[int, int] | None = None


@frozen
class Finding:
    """Something about the gold that whoever reads the figures must know: every place where it is so.

    Where it is not `kept`, the record or mention was left out of what is scored.
    """

    what: str
    kept: bool
    problems: tuple[Problem, ...]

    @property
    def count(self) -> int:
        return len(self.problems)


@frozen
class Gold:
    """A gold standard that can be scored, and what was found out about it on the way."""

    name: str
    documents: tuple[GoldDocument, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def mentions(self) -> Iterator[GoldMention]:
        return (mention for document in self.documents for mention in document.mentions)

    @property
    def digest(self) -> str:
        """Twelve digits that change with any text, with any mention and with what it means."""
        sums = hashlib.sha256()
        for document in self.documents:
            mentions = [(m.start, m.end, m.entity_ids, m.label, m.optional) for m in document.mentions]
            sums.update(json.dumps((document.id, document.text, document.judged, mentions)).encode())
        return sums.hexdigest()[:12]

    def against(self, kb: KnowledgeBase) -> Gold:
        """The same with each mention's ids cut down to those the knowledge base has; without any it is `absent`."""
        entities = entities_of(kb, dict.fromkeys(one for mention in self.mentions for one in mention.entity_ids))
        missing: list[Problem] = []

        def known(place: str, mention: GoldMention) -> GoldMention:
            ids = tuple(one for one in mention.entity_ids if one in entities)
            if mention.entity_ids and not ids:
                missing.append(Problem(place, f"{_span(mention)} means {' or '.join(mention.entity_ids)}"))
                return evolve(mention, absent=True)
            if not ids:
                return mention
            first = entities[ids[0]]
            return evolve(mention, entity_ids=ids, entity_label=first.label, entity_type=first.entity_type)

        documents = tuple(
            evolve(document, mentions=tuple(known(f"document {document.id}", m) for m in document.mentions))
            for document in self.documents
        )
        found = (
            [Finding("mentions of entities that the knowledge base has not", True, tuple(missing))] if missing else []
        )
        return evolve(self, documents=documents, findings=(*self.findings, *found))


def entities_of(kb: KnowledgeBase, ids: Iterable[str]) -> dict[str, Entity]:
    """The entities of these ids that the knowledge base has."""
    found: dict[str, Entity] = {}
    rest = iter(ids)
    while chunk := list(islice(rest, _CHUNK)):
        found.update((entity.entity_id, entity) for entity in kb.get(chunk) if entity is not None)
    return found


def read_gold(path: Path, plugins: Plugins, reader: str = "", on_error: OnError = "raise") -> Gold:
    """Read a gold file by its ending, or by the reader of that name; see `gold_of`."""
    return gold_of(document_rows(path, plugins, reader), str(path), on_error)


def gold_of(rows: Iterable[Row], name: str, on_error: OnError = "raise") -> Gold:
    """The documents of the rows, checked; raises `DataError` with everything that is wrong.

    Wrong is a record that cannot be read, an id that stands there twice, a document without a list of mentions, a
    mention that does not stand where it says, and one that stands there twice. With `on_error="skip"` these are left
    out and become findings, as mentions that overlap and texts that come twice always do. That nothing is left to
    score is an error under either.
    """
    found: dict[str, list[Problem]] = {what: [] for what in (*_WRONG, *_ODD)}
    documents = tuple(_documents(rows, name, found))
    wrong = [problem for what in _WRONG for problem in found[what]]
    if not documents:
        wrong.append(Problem(name, "holds no documents that can be scored" if wrong else "holds no documents"))
    if wrong and (on_error == "raise" or not documents):
        raise DataError("gold standard", wrong)
    findings = tuple(Finding(what, what in _ODD, tuple(problems)) for what, problems in found.items() if problems)
    return Gold(name, documents, findings)


_RECORD, _TWICE, _BARE, _MISPLACED, _REPEATED = _WRONG = (
    "records that cannot be read",
    "documents whose id stands there twice",
    "documents without a list of mentions",
    "mentions that are none",
    "mentions that stand there twice",
)
_OVERLAP, _SAME_TEXT = _ODD = "mentions that overlap another", "documents with the text of another"


def _documents(rows: Iterable[Row], name: str, found: Mapping[str, list[Problem]]) -> Iterator[GoldDocument]:
    ids: dict[str, str] = {}
    texts: dict[str, str] = {}
    for row in rows:
        place, document = f"{row.file or name}:{row.line}", row.item
        if not isinstance(document, Document):
            found[_RECORD].append(Problem(place, row.problem or "is no document"))
        elif document.id in ids:
            found[_TWICE].append(Problem(place, f"id '{document.id}' stands in {ids[document.id]} as well"))
        elif document.entities is None:
            ids[document.id] = place
            hint = "give a list, an empty one if there are none, or name another format"
            found[_BARE].append(
                Problem(place, f"document '{document.id}' has neither 'mentions' nor 'entities'; {hint}")
            )
        else:
            ids[document.id] = place
            if (first := texts.setdefault(document.text, document.id)) != document.id:
                found[_SAME_TEXT].append(Problem(place, f"document '{document.id}' has the text of '{first}'"))
            yield _document(document, place, found)


def _document(document: Document, place: str, found: Mapping[str, list[Problem]]) -> GoldDocument:
    mentions: list[GoldMention] = []
    for number, item in enumerate(document.entities or ()):
        at = f"{place}, document '{document.id}', mention {number}"
        try:
            mention = _mention(document.text, item)
        except BadRecordError as error:
            found[_MISPLACED].append(Problem(at, str(error)))
            continue
        if mention in mentions:
            found[_REPEATED].append(Problem(at, f"{_span(mention)} stands there already"))
        else:
            mentions.append(mention)
    mentions.sort(key=lambda mention: (mention.start, mention.end))
    reach: GoldMention | None = None
    for mention in mentions:
        if reach is not None and mention.start < reach.end:
            found[_OVERLAP].append(
                Problem(f"{place}, document '{document.id}'", f"{_span(mention)} overlaps {_span(reach)}")
            )
        if reach is None or mention.end > reach.end:
            reach = mention
    judged = document.judged if isinstance(document, JudgedDocument) else None
    return GoldDocument(document.id, document.text, tuple(mentions), judged)


def _mention(text: str, item: Any) -> GoldMention:
    """A mention of a plain mapping; raises BadRecordError with what is wrong with it."""
    if not isinstance(item, Mapping):
        raise BadRecordError(f"expected a mapping with 'start', 'end' and 'entity_id', got {shown(item)}")
    start, end = _whole(item.get("start")), _whole(item.get("end"))
    if start is None or end is None:
        given = f"{shown(item.get('start'))} and {shown(item.get('end'))}"
        raise BadRecordError(f"'start' and 'end' must be whole numbers, got {given}")
    if not 0 <= start < end <= len(text):
        wrong = f"lies outside the text of {len(text)} characters" if start < end else "is empty; 'end' is exclusive"
        raise BadRecordError(f"span {start}:{end} {wrong}")
    surface = text[start:end]
    if item.get("text", surface) != surface:
        stands = f"span {start}:{end} is {shown(surface)} in the text, not {shown(item['text'])}"
        raise BadRecordError(f"{stands}; offsets count code points")
    label = item.get("label", item.get("type"))
    if not isinstance(label, (str, type(None))):
        raise BadRecordError(f"'label' must be a string, got {shown(label)}")
    return GoldMention(start, end, surface, _ids(item), label or "", bool(item.get("optional")))


def _ids(item: Mapping[str, Any]) -> tuple[str, ...]:
    if "entity_id" not in item and "entity_ids" not in item:
        raise BadRecordError("says nothing of what is meant; give 'entity_id', null for NIL")
    several = item.get("entity_ids")
    given = [item.get("entity_id")] if several is None else several
    if isinstance(given, (str, Mapping)) or not isinstance(given, Sequence):
        raise BadRecordError(f"'entity_ids' must be a list of strings, got {shown(given)}")
    ids = [str(one) if _whole(one) is not None else one for one in given if one is not None]
    if wrong := [one for one in ids if not isinstance(one, str) or not one]:
        raise BadRecordError(f"'entity_id' must be a string, or null for NIL, got {shown(wrong[0])}")
    return tuple(dict.fromkeys(ids))


def _span(mention: GoldMention) -> str:
    return f"{mention.start}:{mention.end} {shown(mention.text)}"


def _whole(value: Any) -> int | None:
    """A whole number, also one of numpy."""
    return operator.index(value) if hasattr(value, "__index__") and not isinstance(value, bool) else None
