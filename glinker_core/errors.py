"""What can go wrong, as the user is told it: place, what is wrong with its value, what would be right.

Every error a user can cause is a `GlinkerError`; anything else that escapes is a bug. `exit_code` is what the
command line returns: 1 for data, 2 for usage and configuration.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

import attrs


class GlinkerError(Exception):
    """The root of all errors that a user can cause and mend."""

    exit_code = 1


@attrs.frozen
class Problem:
    """One thing that is wrong, and where: `place` is `file:line:column`, `nodes[0].config` or `line 7`."""

    place: str
    message: str

    def __str__(self) -> str:
        return f"{self.place}: {self.message}" if self.place else self.message


class ProblemsError(GlinkerError):
    """Everything that is wrong with one thing, found in one go."""

    def __init__(self, what: str, problems: Iterable[Problem]) -> None:
        self.what = what
        self.problems = tuple(problems)
        super().__init__(what, self.problems)

    def __str__(self) -> str:
        count = len(self.problems)
        lines = [f"{self.what}: {count} problem{'' if count == 1 else 's'}"]
        return "\n  ".join([*lines, *map(str, self.problems)])


class ConfigError(ProblemsError):
    """A pipeline that cannot run as it is written."""

    exit_code = 2


class DataError(ProblemsError):
    """Entities, documents or mentions that cannot be taken as they are."""


class InputError(GlinkerError):
    """A call with arguments of the wrong kind, such as one string where a list of texts belongs."""

    exit_code = 2


class PluginError(GlinkerError):
    """A plugin or component that is missing, broken, disabled, misspelt or ambiguous."""

    exit_code = 2


class StoreError(GlinkerError):
    """A store that cannot be opened, read or written."""


class NodeError(GlinkerError):
    """A node that failed on a batch; the original error is its `__cause__`."""

    def __init__(self, node: str, batch: int, text_ids: Sequence[str], cause: BaseException) -> None:
        self.node, self.batch, self.text_ids, self.cause = node, batch, tuple(text_ids), cause
        super().__init__(node, batch, self.text_ids, cause)

    def __str__(self) -> str:
        shown = ", ".join(self.text_ids[:5]) + (" ..." if len(self.text_ids) > 5 else "") or "none"
        reason = str(self.cause) or type(self.cause).__name__
        if not isinstance(self.cause, GlinkerError):
            reason = f"{type(self.cause).__name__}: {reason}"
        return f"node '{self.node}', batch {self.batch} (texts {shown}): {reason}"


class CancelledError(GlinkerError):
    """A run that was told to stop."""


def near(name: str, known: Iterable[str]) -> str:
    """A hint that ends a message about an unknown name: the closest known one, or all of them.

    >>> near("l1_gazeteer", ["l1_gazetteer", "l3_lexical"])
    "; did you mean 'l1_gazetteer'?"
    >>> near("x", ["a", "b"])
    '; known are a, b'
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known are {', '.join(names)}" if names else ""
