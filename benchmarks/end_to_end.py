"""Pipelines that find the mentions themselves, measured by `glinker eval`'s own counts on the development corpora.

    python benchmarks/end_to_end.py FOLDER [--corpus geo]

FOLDER and what is in the knowledge bases are those of `accuracy.py`. The table has strong micro-averaged figures of
InKB annotations: gazetteer and the best known entity of each name, without guard and with it, and the default
pipeline. Below it stands what the default's errors come from.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import parts
from attrs import frozen
from glinker_eval.causes import Cause
from glinker_eval.counting import Counts
from glinker_eval.evaluation import Setup, evaluate
from glinker_eval.gold import Gold
from glinker_eval.tables import CAUSE_NAMES

from glinker_core import DAGExecutor
from glinker_core.cli.defaults import default_pipeline
from glinker_core.source import Source

CORPORA = {"general": "case", "general, alias table": "case", "geo": "case", "bio": "words"}  # and the guard of each


@frozen
class Row:
    """One line of the table."""

    corpus: str
    pipeline: str
    precision: float
    recall: float
    f1: float
    links: int
    causes: str  # what is missed and what is extra


def rows(name: str, folder: Path) -> Iterator[Row]:
    """The pipelines on one corpus."""
    (part,) = parts.CORPORA[name](folder)
    standard = Gold(name, tuple(part.documents))
    with tempfile.TemporaryDirectory() as place:
        layer = {"type": "sqlite", "config": {"path": str(Path(place, "kb.db"))}}
        parts.filled(part, Path(place, "kb.db")).close()
        for title, pipeline in _pipelines(layer, CORPORA[name]).items():
            with DAGExecutor(pipeline) as executor:
                measured = evaluate(executor, standard, Setup("el"), gaps=False)
            one = measured.scores["in_kb"]
            figures = one.micro.precision, one.micro.recall, one.micro.f1, one.counts.tp + one.counts.fp
            yield Row(name, title, *figures, _told(measured.causes["in_kb"]))


def _pipelines(layer: dict[str, Any], guard: str) -> dict[str, Source]:
    linked = default_pipeline({**layer, "search_mode": list(parts.MODES)})
    linked.data["nodes"][0]["config"] = {"guard": guard}
    return {
        "popularity, no guard": _popular(layer, "off"),
        "popularity": _popular(layer, guard),
        "default": linked,
    }


def _popular(layer: dict[str, Any], guard: str) -> Source:
    """The best known entity of each name: exact names come in order of popularity."""
    nodes = [
        {"id": "l1", "processor": "l1_gazetteer", "config": {"guard": guard}},
        {"id": "l2", "processor": "l2_chain", "config": {"layers": [{**layer, "search_mode": ["exact"]}]}},
        {"id": "l0", "processor": "l0_aggregator"},
    ]
    return Source({"nodes": nodes})


def cells(row: Row) -> tuple[str, ...]:
    """A row as it is printed."""
    return row.corpus, row.pipeline, *(f"{one:.3f}" for one in (row.precision, row.recall, row.f1)), f"{row.links:,}"


def _told(causes: Mapping[Cause, Counts]) -> str:
    """What is missed (-) and what is extra (+) by cause."""
    return ", ".join(f"{CAUSE_NAMES[cause]} -{one.fn:,} +{one.fp:,}" for cause, one in causes.items())


def line(corpus: str, pipeline: str, *cells: str) -> str:
    """Cells under each other."""
    return f"{corpus:24}{pipeline:24}" + "".join(f"{cell:>11}" for cell in cells)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the development data")
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="this corpus alone; may be repeated")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"{options.folder}: is not there; give the folder of the development data")
    print(line("corpus", "pipeline", "precision", "recall", "F1", "links"))
    for name in options.corpus or CORPORA:
        for row in rows(name, options.folder):
            print(line(*cells(row)), flush=True)
        print(f"  errors of the default: {row.causes}")


if __name__ == "__main__":
    main()
