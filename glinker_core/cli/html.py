"""A page of linked documents in one file, written as they come: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import TextIO

from glinker_core.cli.console import many, visible
from glinker_core.cli.output import Sink
from glinker_core.model import LinkedDocument, LinkedMention

#: How many other candidates a card shows.
_RUNNERS_UP = 5
_GOLDEN_ANGLE = 137.508  # hues so far apart stay apart, however many there are

_HEAD = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Linked texts</title>
<style>
{style}</style>
</head>
<body>
<h1>Linked texts</h1>
"""


@contextmanager
def page(stream: TextIO, pipeline: str) -> Iterator[Sink]:
    """Write the page around what is given to the sink; legend and totals come last in the file and are shown first."""
    stream.write(_HEAD.format(style=files("glinker_core.cli").joinpath("page.css").read_text(encoding="utf-8")))
    legend = Legend(pipeline)
    yield lambda document: _write(stream, document, legend)
    stream.write(f"{legend.html()}</body>\n</html>\n")


class Legend:
    """What there is on the page: documents, mentions, and how many of each type; types get hues as they come."""

    def __init__(self, pipeline: str) -> None:
        self.pipeline, self.revision = pipeline, ""
        self.types: Counter[str] = Counter()
        self.hues: dict[str, int] = {}
        self.documents = self.failed = self.linked = self.nil = 0

    def hue(self, kind: str) -> int:
        """Count a mention of a type, and say its hue in degrees."""
        self.types[kind] += 1
        return self.hues.setdefault(kind, round(205 + len(self.hues) * _GOLDEN_ANGLE) % 360)

    def html(self) -> str:
        """Totals, then each type with its colour and how often it is there, the most frequent first."""
        failed = f", {self.failed:,} of them failed" if self.failed else ""
        found = many(sum(self.types.values()) + self.nil, "mention")
        if self.linked or self.nil or not self.types:
            found += f", {self.linked:,} linked, {self.nil:,} NIL"
        made = f"pipeline {_text(self.pipeline)}" + (
            f", knowledge base {_text(self.revision)}" if self.revision else ""
        )
        chips = [
            f'<li><mark style="--h:{self.hues[kind]}">{_text(kind or "no type")}</mark> {times:,}</li>'
            for kind, times in sorted(self.types.items(), key=lambda item: (-item[1], item[0]))
        ]
        if self.nil:
            chips.append(f'<li><mark class="nil">NIL</mark> {self.nil:,}</li>')
        totals = f"{many(self.documents, 'document')}{failed}; {found}; {made}"
        return f"<footer>\n<p>{totals}</p>\n<ul>{''.join(chips)}</ul>\n</footer>\n"


def _write(stream: TextIO, document: LinkedDocument, legend: Legend) -> None:
    legend.documents += 1
    legend.revision = document.kb_revision or legend.revision
    stream.write(f"<article>\n<h2>{_text(document.id)}</h2>\n")
    if document.error is not None:
        legend.failed += 1
        stream.write(f'<p class="error">{_text(document.error)}</p>\n')
    stream.write('<div class="text" dir="auto">')
    end, covered = 0, []
    for mention in sorted(document.entities, key=lambda m: (m.start, -m.end)):
        marked = _mark(mention, legend)
        if mention.start < end:
            covered.append(marked)
            continue
        stream.write(_text(document.text[end : mention.start]) + marked)
        end = mention.end
    stream.write(f"{_text(document.text[end:])}</div>\n")
    if covered:
        stream.write(f'<p class="covered">Overlapping: {" ".join(covered)}</p>\n')
    stream.write("</article>\n")


def _mark(mention: LinkedMention, legend: Legend) -> str:
    entity = mention.linked_entity
    surface = _text(mention.mention_text)
    if entity is None and mention.reason:
        legend.nil += 1
        facts = [f"<b>NIL</b> {_text(mention.reason)}"]
        return f'<mark class="nil" tabindex="0">{surface}{_card(facts, mention, "")}</mark>'
    if entity is None:  # nothing was to be linked
        facts = [f"<b>{_text(mention.label)}</b> {mention.mention_score:.3f}"]
        hue = legend.hue(mention.label)
        return f'<mark style="--h:{hue}" tabindex="0">{surface}{_card(facts, mention, "")}</mark>'
    legend.linked += 1
    kind = entity.entity_type or mention.label
    facts = [
        f"<b>{_text(entity.label)}</b> {entity.score:.3f}",
        f"<code>{_text(entity.entity_id)}</code> {_text(kind)}",
    ]
    if entity.description:
        facts.append(_text(entity.description))
    card = _card(facts, mention, entity.entity_id)
    return f'<mark style="--h:{legend.hue(kind)}" tabindex="0">{surface}{card}</mark>'


def _card(facts: list[str], mention: LinkedMention, chosen: str) -> str:
    others = [candidate for candidate in mention.candidates if candidate.entity_id != chosen]
    rows = "".join(
        f"<span>{_text(other.label)} <code>{_text(other.entity_id)}</code> {other.score:.3f}</span>"
        for other in others[:_RUNNERS_UP]
    )
    more = f"<span>and {len(others) - _RUNNERS_UP:,} more</span>" if len(others) > _RUNNERS_UP else ""
    ended = f'<span class="others">{rows}{more}</span>' if rows else ""
    return f'<span class="card" role="note">{"".join(f"<span>{fact}</span>" for fact in facts)}{ended}</span>'


def _text(text: str) -> str:
    return html.escape(visible(text, keep="\n\r\t"))
