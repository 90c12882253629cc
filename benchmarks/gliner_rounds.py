"""Ways to do the same work, measured in rounds, and what is told of them: tables, bars and a picture."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from gliner_peer import Seconds

T = TypeVar("T")

OURS, GLINKER = "glinker", "GLiNKER"
Way = Callable[[T], Seconds]


@dataclass
class Table:
    """What each way took in each round, for `items` of what the title says."""

    title: str
    item: str
    items: int
    ways: dict[str, list[Seconds]]
    notes: list[str] = field(default_factory=list)

    def ratio(self, slow: str, fast: str, clock: str) -> float:
        """How many times as long as the other a way takes: the median over the rounds."""
        pairs = zip(self.ways[slow], self.ways[fast], strict=True)
        return median(getattr(a, clock) / getattr(b, clock) for a, b in pairs)

    def each(self, way: str, clock: str) -> float:
        """Milliseconds for one item."""
        return 1e3 * median(getattr(one, clock) for one in self.ways[way]) / self.items


@dataclass
class Bar:
    """A figure and what it should be."""

    what: str
    goal: str
    value: float
    met: bool


@dataclass
class Part:
    """What one part of the work showed."""

    tables: list[Table] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    def at_least(self, what: str, least: float, value: float) -> None:
        self.bars.append(Bar(what, f">= {least:g}", value, value >= least))

    def at_most(self, what: str, most: float, value: float) -> None:
        self.bars.append(Bar(what, f"<= {most:g}", value, value <= most))


def timed(work: Callable[[], object]) -> Seconds:
    """How long it takes in this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Seconds(time.perf_counter() - wall, time.process_time() - cpu)


def rounds(ways: Mapping[str, Way[T]], slices: Sequence[T], warm: T | None = None) -> dict[str, list[Seconds]]:
    """All ways over each slice of the work, another one first in each round; `warm` is run before, unmeasured."""
    if warm is not None:
        for way in ways.values():
            way(warm)
    taken: dict[str, list[Seconds]] = {name: [] for name in ways}
    order = list(ways)
    for turn, work in enumerate(slices):
        for name in order[turn % len(order) :] + order[: turn % len(order)]:
            taken[name].append(ways[name](work))
    return taken


def show(part: Part, clock: str) -> None:
    """Print the tables of a part."""
    for table in part.tables:
        print(f"\n{table.title}")
        others = [name for name in table.ways if name != OURS]
        print(f"  {'':44}{'ms per ' + table.item:>16}{'times ' + OURS:>16}")
        for name in [OURS] * (OURS in table.ways) + others:
            ratio = f"{table.ratio(name, OURS, clock):16.2f}" if OURS in table.ways else ""
            print(f"  {name:44}{table.each(name, clock):16,.2f}{ratio}")
        for note in table.notes:
            print(f"  {note}")
    sys.stdout.flush()


def show_bars(parts: Mapping[str, Part]) -> None:
    """Print what should be reached, and what was."""
    print(f"\n{'bar':74}{'goal':>10}{'here':>12}")
    for bar in (bar for part in parts.values() for bar in part.bars):
        print(f"{bar.what:74}{bar.goal:>10}{bar.value:12.3g}  {'' if bar.met else 'missed'}")


def as_json(parts: Mapping[str, Part]) -> dict[str, Any]:
    """Everything measured, as JSON has it."""
    return {name: asdict(part) for name, part in parts.items()}


def draw(parts: Mapping[str, Part], clock: str, path: Path) -> None:
    """A picture: how many times as long as ours the others take, part by part; its format is that of the name."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "glinker"  # the same picture of the same figures
    bars = [
        (f"{table.title.partition(':')[0]}: {name}", table.ratio(name, OURS, clock), name.startswith(GLINKER))
        for part in parts.values()
        for table in part.tables
        for name in table.ways
        if OURS in table.ways and name.startswith((GLINKER, "library"))
    ]
    figure = Figure(figsize=(9, 1 + 0.28 * len(bars)), layout="constrained")
    axes = figure.subplots()
    colours = ["#1f6fb4" if of_glinker else "#8a8a8a" for _, _, of_glinker in bars]
    drawn = axes.barh([name for name, _, _ in bars], [ratio for _, ratio, _ in bars], color=colours)
    axes.bar_label(drawn, fmt="{:.1f}", padding=3, fontsize=8)
    axes.axvline(1, color="#d62728", linewidth=1)
    axes.set(xscale="log", xlabel=f"times the time of {OURS} (which is 1)")
    axes.tick_params(labelsize=8)
    axes.invert_yaxis()
    figure.savefig(path, dpi=150)
