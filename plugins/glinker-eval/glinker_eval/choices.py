"""What a pipeline had to choose among for each gold mention, as records and as tables of numbers to learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@frozen
class Choice:
    """A gold mention with what is known of its candidates, in the order in which a stage left them, best first.

    `values` are those that weights can name, `scores` what the stage made of them; `right` are the places of the
    candidates that the gold means. `linkable` tells whether it means an entity of the knowledge base.
    """

    document: str
    values: tuple[Mapping[str, float], ...]
    scores: tuple[float, ...]
    right: tuple[int, ...]
    linkable: bool


@frozen(eq=False)
class Table:
    """Choices as numbers: one row per candidate, those of a mention one after the other, and a column per value.

    A value that is missing is 0 in its column `x`, and 1 in the column of that name of `absent`, where absence is to
    have a weight. Mentions without candidates have no row, but count in `linkable`, which is per document.
    """

    names: tuple[str, ...]
    x: Floats
    absent: Floats
    sizes: Ints
    right: Bools
    documents: Ints
    linkable: Ints

    @property
    def starts(self) -> Ints:
        """The first row of each mention."""
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(self.sizes)[:-1]]) if len(self.sizes) else self.sizes

    def of(self, documents: Bools) -> Table:
        """The mentions of some documents; the others stay, without mentions."""
        mentions = documents[self.documents]
        rows = np.repeat(mentions, self.sizes)
        return evolve(
            self,
            x=self.x[rows],
            absent=self.absent[rows],
            sizes=self.sizes[mentions],
            right=self.right[rows],
            documents=self.documents[mentions],
            linkable=np.where(documents, self.linkable, 0),
        )

    def best(self, sums: Floats) -> Ints:
        """The row of each mention's best candidate, the first of those that are equal."""
        if not len(self.sizes):
            return self.sizes
        top = np.flatnonzero(sums == np.repeat(np.maximum.reduceat(sums, self.starts), self.sizes))
        found: Ints = top[np.searchsorted(top, self.starts)]
        return found


def table(choices: Sequence[Choice], names: Sequence[str], absences: bool) -> Table:
    """The table of some choices, documents numbered as they come; `absences` are to have weights or not."""
    number = {document: at for at, document in enumerate(dict.fromkeys(choice.document for choice in choices))}
    filled = [choice for choice in choices if choice.values]
    rows = [values for choice in filled for values in choice.values]
    shape = len(rows), len(names)
    x = np.array([[values.get(name, 0.0) for name in names] for values in rows], float).reshape(shape)
    absent = np.array([[absences and name not in values for name in names] for values in rows], float).reshape(shape)
    right = [place in choice.right for choice in filled for place in range(len(choice.values))]
    linkable = np.bincount([number[c.document] for c in choices if c.linkable], minlength=len(number))
    return Table(
        tuple(names),
        x,
        absent,
        np.array([len(choice.values) for choice in filled], np.int64),
        np.array(right, bool),
        np.array([number[choice.document] for choice in filled], np.int64),
        linkable.astype(np.int64),
    )


def folds(documents: int, parts: int, seed: int) -> Ints:
    """Which part each document belongs to, drawn with a fixed seed."""
    return np.random.default_rng(seed).permutation(np.arange(documents) % parts)
