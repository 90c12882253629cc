"""`glinker embed`: vectors of all entities, before the first text."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from glinker_core.cli.console import many, plugins_of, progress
from glinker_core.cli.pace import pace
from glinker_core.entities import Progress
from glinker_core.executor import DAGExecutor


def embed(
    ctx: typer.Context,
    pipeline: Annotated[Path, typer.Argument(metavar="PIPELINE", help="Pipeline file.")],
    store: Annotated[
        list[str] | None,
        typer.Option("--store", "-s", metavar="NAME", help="Store of the pipeline; all it writes to. May be repeated."),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Entities that go through a model at once.")] = 64,
) -> None:
    """Embed the entities of a pipeline's stores that lack a vector.

    What is done is kept, so a run that was stopped goes on where it was; entities that changed are embedded again.
    """
    done, started = 0, time.monotonic()
    with DAGExecutor(pipeline, plugins=plugins_of(ctx)) as executor, progress("embedding") as tell:

        def told(now: int, of: int) -> None:
            nonlocal done
            done += now
            tell(pace(Progress(done, done / of if of else None), time.monotonic() - started))

        embedded = executor.precompute_embeddings(store, batch_size, told)
    for node, stores in embedded.items():
        for name, count in stores.items():
            typer.echo(f"{node}: {many(count, 'entity', 'entities')} of store '{name}' embedded")
