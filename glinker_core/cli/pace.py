"""How fast an import is, and how long it still takes."""

from __future__ import annotations

from datetime import timedelta

from glinker_core.cli.console import many
from glinker_core.entities import Progress


def pace(far: Progress, seconds: float) -> str:
    """What was read in so many seconds, as a line: entities, entities a second, and the time left where it is known.

    >>> pace(Progress(120_000, 0.25), 4.0)
    '120,000 entities, 30,000/s, 0:00:12 left'
    >>> pace(Progress(120_000), 4.0), pace(Progress(500_000, 1.0, ended=True), 10.0)
    ('120,000 entities, 30,000/s', '500,000 entities, 50,000/s, all read')
    """
    parts = [many(far.read, "entity", "entities")]
    if seconds > 0:
        parts.append(f"{far.read / seconds:,.0f}/s")
    if far.ended:
        parts.append("all read")
    elif far.share:
        parts.append(f"{timedelta(seconds=round(seconds / far.share - seconds))} left")
    return ", ".join(parts)
