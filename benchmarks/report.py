"""The tables of `stores.py`."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sqlite3
from pathlib import Path
from statistics import median

from measure import RANKS, Facts

_PACKAGES = ("glinker-core", "glinker-stores", "rapidfuzz", "glinker", "numpy", "sqlalchemy")
_MEASURES = (  # and their decimals
    ("build, s", 1),
    ("import, entities/s", 0),
    ("import with reading, entities/s", 0),
    ("peak memory of the process, MB", 0),
    ("file, MB", 0),
    ("import of its modules, ms", 1),
    ("resident before, MB", 0),
    ("open to first answer, ms", 1),
    ("first fuzzy answer, ms", 1),
    ("resident memory, MB", 0),
    ("of which private, MB", 0),
)
_EDITS = (("upsert in thousands, entities/s", 0), ("upsert of a dozen, ms", 1), ("delete in thousands, entities/s", 0))
_FIRST, _KIND, _WIDTH = 36, 28, 15  # columns: what is measured, without the share behind it, each method


def machine() -> Facts:
    """Where it runs, and how busy that is."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if "model name" in line]
        cpu = models[0] if models else cpu
    versions = {"Python": platform.python_version(), "SQLite": sqlite3.sqlite_version}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {"cpu": cpu, "cores": os.cpu_count(), "load": [round(load, 1) for load in os.getloadavg()], **versions}


def show(results: Facts) -> None:
    """Print all tables."""
    facts, rates = results["facts"], results["rates"]
    print(f"{results['source']}: {results['entities']:,} entities, {results['names']:,} different names")
    print(", ".join(f"{name} {value}" for name, value in results["machine"].items()))
    print(f"load at the end {results['load_at_end']}; seed {results['options']['seed']}")
    for error in results["missing"].values():
        print(f"not measured: {error}")
    for kind, of in facts.items():
        print(f"{kind}: " + "; ".join(f"{way} = {what}" for way, what in of["ways"].items()))
    _line("\nbuild, open, memory", list(facts))
    for measure, decimals in _MEASURES:
        _line(measure, [_number(of.get(measure), decimals) for of in facts.values()])
    _line(f"\nrates, names/s, median of {results['options']['rounds']}", list(facts))
    for way in dict.fromkeys(way for of in rates.values() for way in of):
        for how in ("single", "batched"):
            taken = {kind: of[way][how] for kind, of in rates.items() if way in of}
            _line(f"{way}, {how}", [_number(_median(taken.get(kind)), 0) for kind in facts])
    _line("fuzzy, batched, times GLiNKER", _ratios(rates, "fuzzy", "GLiNKER"))
    _line("exact, batched, times plain dict", _ratios(rates, "exact", "plain dict"))
    _line("\nedits of a full store", list(facts))
    for measure, decimals in _EDITS:
        _line(measure, [_number(of.get(measure), decimals) for of in facts.values()])
    print(
        "\nrecall: taken is the share of queries that are the name of others, once normalised; ± is the standard error;"
    )
    print("(n) of how many queries, where there was no time for all")
    for rank in reversed(RANKS):
        _show_recall(results, rank)


def _show_recall(results: Facts, rank: int) -> None:
    """Recall within one rank: a column for each method and way, a row for each kind of query."""
    columns = [(kind, way) for kind, by_way in results["recall"]["exact"].items() for way in by_way]
    _line("\n", [kind for kind, _ in columns])
    _line(f"{f'recall@{rank}':{_KIND}}taken", [way for _, way in columns])
    for kind_of_query, by_method in results["recall"].items():
        absent = kind_of_query == "absent names"  # no rank: what counts is whether anything is answered
        if by_method and not (absent and rank != RANKS[-1]):
            what = "answered" if absent else str(rank)
            cells = [_share(by_method[kind][way], what, results["options"]["queries"]) for kind, way in columns]
            title = kind_of_query + ", answered" * absent
            _line(f"{title:{_KIND}}{results['taken'][kind_of_query]:.3f}", cells)


def _share(hits: Facts, what: str, asked: int) -> str:
    n = hits["n"]
    share = hits[what] / n
    return f"{share:.3f} ({n})" if n < asked else f"{share:.3f} ±{(share * (1 - share) / n) ** 0.5:.3f}"


def _ratios(rates: Facts, way: str, other: str) -> list[str]:
    """The median over the rounds of how many times the other's rate it is."""
    if other not in rates:
        return ["-" for _ in rates]
    base = rates[other][way]["batched"]
    pairs = (zip(of[way]["batched"], base, strict=True) if way in of else () for of in rates.values())
    return [_number(_median([mine / theirs for mine, theirs in pair]), 2) for pair in pairs]


def _median(values: list[float] | None) -> float | None:
    return median(values) if values else None


def _number(value: float | None, decimals: int) -> str:
    """At least two digits that count: rates run from a few to a million."""
    if value is None:
        return "-"
    return f"{value:,.{decimals if value >= 10 or decimals else 1}f}"


def _line(title: str, cells: list[str]) -> None:
    print(f"{title:{_FIRST + title.count(chr(10))}}" + "".join(f"{cell:>{_WIDTH}}" for cell in cells))
