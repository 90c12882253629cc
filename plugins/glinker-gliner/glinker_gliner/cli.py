"""`glinker models`: the GLiNER models that glinker knows, and the presets made of them."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import attrs
import typer
from rich.console import Console
from rich.table import Table

from glinker_gliner.catalog import MODELS, PRESETS, ModelCard, Preset

app = typer.Typer(add_completion=False, rich_markup_mode=None)

#: Heads of the table of models: "M" are millions of parameters, "ex/s" examples a second on an H100.
HEADS = ("model", "role", "text encoder", "label encoder", "M", "CrossNER F1", "ex/s", "ex/s precomputed")

_WIDTH = 120  # where no terminal says how wide it is


@app.command()
def models(as_json: Annotated[bool, typer.Option("--json", help="As one JSON document.")] = False) -> None:
    """List the GLiNER models by Knowledgator and the presets of them.

    Parameters in millions, average zero-shot F1 on CrossNER, examples a second on one H100 without and with
    pre-computed label embeddings, as published (arXiv 2602.18487); "-" is not published. Any other GLiNER model can be
    named in a pipeline as well.
    """
    if as_json:
        presets = [_described(preset) for preset in PRESETS]
        typer.echo(json.dumps({"models": [attrs.asdict(card) for card in MODELS], "presets": presets}, indent=2))
        return
    console = Console(highlight=False, width=None if sys.stdout.isatty() else _WIDTH)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, head in enumerate(HEADS):
        table.add_column(head, justify="left" if number < 4 else "right", no_wrap=number < 2, overflow="fold")
    for card in MODELS:
        table.add_row(_short(card), *cells(card)[1:])
    console.print(table)
    console.print("\nAll are on the hub under knowledgator/. Presets of them:\n")
    table = Table(box=None, pad_edge=False, show_header=False)
    for preset in PRESETS:
        table.add_row(preset.name, " + ".join(map(_short, preset.models)), preset.summary)
    console.print(table)


def cells(card: ModelCard) -> tuple[str, ...]:
    """A row of the table of models; what is unknown is "-"."""
    encoders = card.text_encoder, card.label_encoder or "-", "-" if card.parameters is None else str(card.parameters)
    return card.id, card.role, *encoders, _shown(card.cross_ner, 1), _shown(card.speed), _shown(card.speed_precomputed)


def _shown(figure: float | None, decimals: int = 2) -> str:
    return "-" if figure is None else f"{figure:.{decimals}f}"


def _short(card: ModelCard) -> str:
    return card.id.partition("/")[2]


def _described(preset: Preset) -> dict[str, Any]:
    ids: dict[str, str] = {card.role: card.id for card in preset.models}
    return {"name": preset.name, "summary": preset.summary, **ids}
