"""The picture of `stores.py`: rate against recall of names with typos, and memory."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import matplotlib as mpl
from matplotlib.figure import Figure
from measure import Facts

_OURS, _OTHERS = "#1f6fb4", "#8a8a8a"
_KIND, _RANK = "typos, 1 or 2", "30"
_WAYS = ("fuzzy", "all")


def draw(results: Facts, path: Path) -> None:
    """Write the picture; its format is that of the name."""
    mpl.rcParams["svg.hashsalt"] = "glinker"  # the same picture of the same figures
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    _rate_against_recall(left, results)
    _memory(right, results)
    figure.suptitle(
        f"{results['source']}: {results['entities']:,} entities, {results['names']:,} names",
        fontsize=10,
        color="#555555",
    )
    figure.savefig(path, dpi=150)


def _rate_against_recall(axes: mpl.axes.Axes, results: Facts) -> None:
    points = []
    for kind, by_way in results["rates"].items():
        for way, rates in by_way.items():
            if way in _WAYS:
                hits = results["recall"][_KIND][kind][way]
                few = f" (n={hits['n']})" if hits["n"] < results["options"]["queries"] else ""
                points.append((hits[_RANK] / hits["n"], median(rates["batched"]), kind, f"{kind} {way}{few}"))
    level = 2.0
    for recall, rate, kind, title in sorted(points, reverse=True):
        level = min(recall - 0.05, level - 0.06)  # beneath the one before, where they are near each other
        axes.plot(rate, recall, "o", color=_colour(kind), markersize=8)
        axes.annotate(
            title,
            (rate, recall),
            (rate * 1.25, level),
            fontsize=9,
            va="center",
            arrowprops={"arrowstyle": "-", "color": "#bbbbbb", "shrinkB": 4},
        )
    axes.set(xscale="log", ylim=(0, 1.05), xlabel="names per second, batched", ylabel=f"recall@{_RANK}")
    axes.set_title("Names with one or two typos", loc="left")
    axes.margins(x=0.3)
    axes.grid(alpha=0.3)


def _memory(axes: mpl.axes.Axes, results: Facts) -> None:
    sizes = {kind: facts["resident memory, MB"] for kind, facts in results["facts"].items()}
    bars = axes.barh(list(sizes), list(sizes.values()), color=[_colour(kind) for kind in sizes])
    axes.bar_label(bars, fmt="{:,.0f}", padding=3, fontsize=9)
    axes.set(xlabel="MB resident in a process that looks up")
    axes.set_title("Memory", loc="left")
    axes.invert_yaxis()
    axes.margins(x=0.15)


def _colour(kind: str) -> str:
    return _OURS if kind in ("dict", "sqlite", "postgres") else _OTHERS
