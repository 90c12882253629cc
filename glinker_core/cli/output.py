"""What `glinker link` writes: what a writer makes of the documents, or rows of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from attrs import frozen
from rich.console import Console
from rich.table import Table
from rich.text import Text

from glinker_core.cli.console import visible
from glinker_core.errors import InputError, near
from glinker_core.layers import DocumentWriter
from glinker_core.model import LinkedDocument, LinkedMention
from glinker_core.plugins import KNOWN, Offer, Plugins
from glinker_core.structure import settings

HOOK = "glinker_writers"

#: What stands for the table among the names of writers.
TABLE = "table"

#: The setting of a writer that shows all candidates.
ALL = "all_candidates"

#: Takes one document after the other.
Sink = Callable[[LinkedDocument], None]


def writer_for(output: Path | None, name: str, plugins: Plugins) -> Callable[..., DocumentWriter]:
    """The writer of that name, or the one that the ending of the file names; JSON lines where there is no ending."""
    cls: Callable[..., DocumentWriter] = plugins.load(_offer(output, name, plugins))
    return cls


def _offer(output: Path | None, name: str, plugins: Plugins) -> Offer:
    if name:
        return plugins.find(name, HOOK)
    suffixes = output.suffixes if output is not None else []
    known: list[str] = []
    for first in range(len(suffixes)):
        for offer in plugins.offers(HOOK):
            if "".join(suffixes[first:]).lower() in offer.component.suffixes:
                return offer
            known += offer.component.suffixes
    if suffixes:
        hint = KNOWN.get(suffixes[-1][1:].lower(), "")
        hint = f"; run: pip install {hint}" if hint else f"; give --format jsonl{near(suffixes[-1], known)}"
        raise InputError(f"{output}: no installed plugin writes '{suffixes[-1]}' files{hint}")
    return plugins.find("jsonl", HOOK)


def ending_of(name: str, plugins: Plugins) -> str:
    """How the files of a writer end."""
    return next(iter(plugins.find(name, HOOK).component.suffixes), "")


@contextmanager
def written(stream: TextIO, cls: Callable[..., DocumentWriter], all_candidates: bool) -> Iterator[Sink]:
    """Writes what a writer makes of each document, and at the end what it makes of all; nothing more after an error.

    The bytes are the writer's, whatever the encoding of the stream.
    """
    writer = cls(**{ALL: all_candidates} if ALL in settings(cls) else {})
    out = stream.buffer

    def write(document: LinkedDocument) -> None:
        out.write(writer.write(document))
        if stream.line_buffering:  # somebody looks on
            out.flush()

    yield write
    out.write(writer.end())


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
