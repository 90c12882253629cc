"""What `glinker link` writes: a line of JSON for each document, or rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TextIO

from attrs import frozen
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glinker_core.cli.console import json_line, visible
from glinker_core.model import Candidate, LinkedDocument, LinkedMention

#: Takes one document after the other.
Sink = Callable[[LinkedDocument], None]


def json_lines(stream: TextIO, candidates: bool) -> Sink:
    """Writes one line for each document, with all candidates of each mention if they are wanted."""

    def write(document: LinkedDocument) -> None:
        stream.write(json_line(record(document, candidates), stream.encoding))

    return write


def record(document: LinkedDocument, candidates: bool = False) -> dict[str, Any]:
    """A linked document as plain data; `error` is there only if there was one."""
    entities = [_mention(mention, candidates) for mention in document.entities]
    plain = {"id": document.id, "text": document.text, "kb_revision": document.kb_revision, "entities": entities}
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
        plain["candidates"] = [_candidate(candidate) for candidate in mention.candidates]
    return plain


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "entity_id": candidate.entity_id,
        "label": candidate.label,
        "entity_type": candidate.entity.entity_type,
        "name": candidate.name,
        "match": candidate.match,
        "score": candidate.score,
        "scores": dict(candidate.scores),
    }


@frozen
class Columns:
    """What a table says of a mention, between its document and a score: heads with their share of the width, cells."""

    heads: tuple[tuple[str, int], ...]
    cells: Callable[[LinkedMention], list[Text]]


def table(stream: TextIO, columns: Columns) -> Sink:
    """Writes the mentions of each document as rows under one head; the width of the terminal shares out the columns."""
    console = Console(file=stream, highlight=False)
    started = False

    def write(document: LinkedDocument) -> None:
        nonlocal started
        rows = Table(box=None, expand=True, show_header=not started, pad_edge=False, header_style="bold")
        for head, ratio in (("document", 4), ("mention", 5), *columns.heads):
            rows.add_column(head, ratio=ratio, no_wrap=True, overflow="ellipsis")
        rows.add_column("score", width=5, justify="right")
        if document.error is not None:
            rows.add_row(_cell(document.id), _cell(document.error, "red"))
        for number, mention in enumerate(document.entities):
            name = document.id if number == 0 else ""
            rows.add_row(_cell(name), _cell(mention.mention_text), *columns.cells(mention))
        if rows.row_count or not started:
            console.print(rows)
            started = True

    return write


def _link(mention: LinkedMention) -> list[Text]:
    entity = mention.linked_entity
    if entity is None:
        return [_cell("NIL", "dim"), _cell(""), _cell(mention.label), _cell("")]
    kind, score = entity.entity_type or mention.label, f"{entity.score:.3f}"
    return list(map(_cell, (entity.entity_id, entity.label, kind, score)))


def _label(mention: LinkedMention) -> list[Text]:
    return [_cell(f"=> {mention.label}"), _cell(f"{mention.mention_score:.3f}")]


def _cell(text: str, style: str = "") -> Text:
    return Text(visible(text.replace("\n", " ")), style=style)


#: Which entity each mention is linked to.
LINKS = Columns((("entity", 5), ("label", 5), ("type", 3)), _link)

#: What each mention is, where nothing is linked.
LABELS = Columns((("label", 5),), _label)
