"""Where the time of a run went, by node: a table, and a picture of it."""

from __future__ import annotations

import html
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from glinker_core.cli.console import writing
from glinker_core.timing import NodeTime, NodeTimes

_WIDTH, _ROW = 900, 34
_COLOURS = ("#d1495b", "#edae49", "#66a182", "#00798c", "#8d96a3", "#2e4057")


def profile(times: NodeTimes, path: Path) -> None:
    """Write the picture, an SVG, and say the same as a table on stderr."""
    console, table = Console(file=sys.stderr, highlight=False), Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("node")
    for head in ("share", "seconds", "batches", "texts", "mentions", "ms a text", "at once"):
        table.add_column(head, justify="right")
    whole = sum(one.seconds for one in times.values()) or 1.0
    for node, one in times.items():
        each = f"{1000 * one.seconds / one.texts:.2f}" if one.texts else "-"
        numbers = f"{one.calls:,}", f"{one.texts:,}", f"{one.mentions:,}", each, str(one.at_once)
        table.add_row(node, f"{one.seconds / whole:.0%}", f"{one.seconds:.2f}", *numbers)
    console.print(table)
    with writing(path) as stream:
        stream.write(picture(times))


def picture(times: NodeTimes) -> str:
    """Two rows, as flame graphs have them: the whole run, and above it each node as wide as its time."""
    whole = sum(one.seconds for one in times.values()) or 1.0
    boxes, left = [_box(0, 1, _WIDTH, "#cccccc", f"pipeline, {whole:.2f} s")], 0.0
    for number, (node, one) in enumerate(times.items()):
        width = _WIDTH * one.seconds / whole
        boxes.append(_box(left, 0, width, _COLOURS[number % len(_COLOURS)], _said(node, one, whole)))
        left += width
    size = f'width="{_WIDTH}" height="{2 * _ROW}" viewBox="0 0 {_WIDTH} {2 * _ROW}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="13">\n' + "".join(
        (*boxes, "</svg>\n")
    )


def _said(node: str, one: NodeTime, whole: float) -> str:
    return f"{node}: {one.seconds / whole:.0%}, {one.seconds:.2f} s, {one.texts:,} texts, {one.mentions:,} mentions"


def _box(left: float, row: int, width: float, colour: str, text: str) -> str:
    """A box with its text, as much of it as has room; the whole of it shows under the mouse."""
    room, top = int(width / 7.5), row * _ROW
    shown = text if len(text) <= room else text[: max(room - 1, 0)]
    return (
        f'<g><title>{html.escape(text)}</title><rect x="{left:.2f}" y="{top}" width="{width:.2f}" height="{_ROW - 2}" '
        f'fill="{colour}"/><text x="{left + 5:.2f}" y="{top + 21}">{html.escape(shown)}</text></g>\n'
    )
