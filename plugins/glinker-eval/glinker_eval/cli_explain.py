"""`glinker explain`: every stage, every candidate, every score of the mentions of a text, and why."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.console import Console
from rich.table import Table

from glinker_core.builtin.writers import candidate_record
from glinker_core.cli.console import many, plugins_of, progress, visible
from glinker_core.cli.opening import executor_of, load_kb
from glinker_core.model import Candidate
from glinker_eval.explaining import Explained, explain
from glinker_eval.records import as_plain
from glinker_eval.stages import Seen, Why
from glinker_eval.tables import CAUSE_NAMES, WIDTH

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="explain")
def tell(
    ctx: typer.Context,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="The text.")],
    pipeline: Annotated[
        Path | None,
        typer.Option("--pipeline", "-p", metavar="FILE", help="Pipeline file; without it the embedded default."),
    ] = None,
    kb: Annotated[
        Path | None,
        typer.Option("--kb", "-k", metavar="FILE", help="Knowledge base: a store file, or a file of entities."),
    ] = None,
    mention: Annotated[
        str | None,
        typer.Option("--mention", "-m", metavar="START:END|STRING", help="This mention alone, found or not."),
    ] = None,
    wanted: Annotated[
        str | None, typer.Option("--gold", "-g", metavar="ID", help="Why is the mention not linked to this entity?")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Show what every stage of a pipeline made of the mentions of a text: candidates, scores, reasons, decision.

    Offsets count characters from 0, END is exclusive. A mention that the pipeline does not find is given to it as well.
    With --gold the stage is named at which that entity was lost, and the cause, as glinker eval counts it.
    """
    plugins = plugins_of(ctx)
    with progress("loading", not quiet), executor_of(pipeline, kb, plugins) as executor:
        load_kb(executor, kb)
        explained = explain(executor, text, _mention(mention), wanted)
    if as_json:
        sys.stdout.write(json.dumps([_record(one) for one in explained], ensure_ascii=True, indent=1) + "\n")
    else:
        show(explained, sys.stdout)


def _mention(given: str | None) -> str | tuple[int, int] | None:
    """START:END as a span, everything else as it is."""
    span = re.fullmatch(r"(\d+):(\d+)", given or "", re.ASCII)
    return (int(span[1]), int(span[2])) if span else given


def _record(one: Explained) -> dict[str, Any]:
    """What is explained as JSON can hold it; of candidates what `glinker link --all-candidates` writes."""
    record: dict[str, Any] = as_plain(one)
    for seen, plain in zip(one.stages, record["stages"], strict=True):
        plain["candidates"] = [candidate_record(candidate) for candidate in seen.candidates]
    return record


def show(explained: tuple[Explained, ...], stream: TextIO) -> None:
    """Write each mention with a table for each stage."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else WIDTH)
    if not explained:
        console.print("no mentions")
    for number, one in enumerate(explained):
        if number:
            console.print()
        for part in _parts(one):
            console.print(part if isinstance(part, Table) else visible(part), markup=False, soft_wrap=True)


def _parts(one: Explained) -> Iterator[Table | str]:
    label = f" {one.label}" if one.label else ""
    found = f"found by {', '.join(one.found_by)} with {one.mention_score:.3f}" if one.found_by else "given"
    yield f"{one.text!r} {one.start}:{one.end}{label}, {found}"
    for seen in one.stages:
        yield f"  {_head(seen)}"
        if seen.candidates:
            yield _candidates(seen)
    yield f"  {one.output}: {_decision(one)}"
    for place, loss in enumerate(one.lost):
        node = f" at {loss.node}" if loss.node else ""
        lead = f"{one.wanted} would have been lost" if place else f"{one.wanted} was lost"
        yield f"  {lead}{node}: {CAUSE_NAMES[loss.cause]}, {loss.meaning}"


def _head(seen: Seen) -> str:
    head = f"{seen.node} ({seen.processor})"
    if not seen.passed:
        return f"{head}: did not get to see it, or held it back"
    threshold = f", {seen.threshold:g} needed" if seen.threshold else ""
    note = f"; {seen.note}" if seen.note else ""
    return f"{head}: {many(len(seen.candidates), 'candidate')}{threshold}{note}"


def _decision(one: Explained) -> str:
    note = f"; {one.reason}" if one.reason else ""
    if one.linked is None:
        return f"NIL{note}"
    return f"linked to {one.linked.entity_id} {one.linked.label!r} with {one.linked.score:.3f}{note}"


def _candidates(seen: Seen) -> Table:
    names = [*seen.candidates[0].scores][-1:] if seen.why else seen.new  # what reasons say needs no columns
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("   ", "entity", "label", "name", "match"):
        table.add_column(head, no_wrap=True, overflow="ellipsis", justify="right" if head == "   " else "left")
    for name in names:
        table.add_column(visible(name), no_wrap=True, justify="right")
    if seen.why:
        table.add_column("why")
    for rank, one in enumerate(seen.candidates, 1):
        scores = [f"{one.scores[name]:.3f}" if name in one.scores else "-" for name in names]
        cells = [str(rank), one.entity_id, one.label, one.name, one.match, *scores]
        table.add_row(*map(visible, [*cells, *_why(seen, one)]))
    return table


def _why(seen: Seen, candidate: Candidate) -> list[str]:
    if not seen.why:
        return []
    why = seen.why.get(candidate.entity_id)
    return ["" if why is None else _reasons(why)]


def _reasons(why: Why) -> str:
    """The bias and what is added to it, then the words that speak for the entity."""
    added = [f"{one.feature} {one.contribution:+.2f}" for one in why.reasons if one.contribution]
    words = ", ".join(f"{word} {weight:.2f}" for word, weight in why.words.items())
    return " ".join([f"{why.bias:+.2f}", *added]) + (f" (words: {words})" if words else "")
