"""The picture of `dense.py`: how many of the gold entities the first k candidates of each source have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

_COLOURS = {"lexical": "#8a8a8a", "dense": "#d98c2b", "fused": "#1f6fb4"}

#: by corpus and source the recall of the first 1, 2, ... candidates
Curves = Mapping[str, Mapping[str, Sequence[float]]]


def draw(curves: Curves, path: Path) -> None:
    """Write the picture, a panel for each corpus; its format is that of the name."""
    mpl.rcParams["svg.hashsalt"] = "glinker"  # the same picture of the same figures
    figure = Figure(figsize=(3.6 * len(curves), 3.4), layout="constrained")
    panels = figure.subplots(1, len(curves), sharey=True, squeeze=False)[0]
    for axes, (corpus, sources) in zip(panels, curves.items(), strict=True):
        for source, recalls in sources.items():
            axes.plot(range(1, len(recalls) + 1), recalls, color=_COLOURS[source], label=source, linewidth=2)
        axes.set(xlabel="k candidates", ylim=(0.5, 1), title=corpus)
        axes.grid(alpha=0.3)
    panels[0].set_ylabel("recall@k")
    panels[-1].legend(loc="lower right", frameon=False)
    figure.savefig(path, metadata={"Date": None})
