"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

PipelineFile = Annotated[Path, typer.Argument(metavar="PIPELINE", help="Pipeline file.")]
EntitiesFile = Annotated[
    Path | None, typer.Option("--kb", "-k", metavar="FILE", help="File of entities to load into the pipeline.")
]
GoldReader = Annotated[
    str, typer.Option("--format", help="Reader of the gold standard, such as nif; by the ending of the file.")
]
ChangedFile = Annotated[
    Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here rather than to PIPELINE.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
