"""What several commands have: options, and findings told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glinker_core.cli.console import say
from glinker_eval.gold import Finding

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

_SHOWN = 3  # places of a finding on the terminal


def tell_finding(finding: Finding) -> None:
    """A finding with its first places, on stderr."""
    places = "".join(f"\n  {problem}" for problem in finding.problems[:_SHOWN])
    rest = f"\n  and {finding.count - _SHOWN:,} more" if finding.count > _SHOWN else ""
    fate = "" if finding.kept else ", left out"
    say(f"{finding.what}{fate}: {finding.count:,}{places}{rest}")
