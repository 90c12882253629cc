"""A record with a setting of every type, made of data or refused, for tests of what settings may be."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Optional

from attrs import Factory, define, field, frozen

from glinker_core.source import dotted
from glinker_core.structure import structure


@frozen
class Part:
    """Has a setting that is required, and refuses some values of it."""

    size: int
    name: str = "part"

    def __attrs_post_init__(self):
        if self.size < 0:
            raise ValueError(f"size must not be negative, got {self.size}")


@define
class Thing:
    """Has a setting of each type."""

    text: str = ""
    whole: int = 0
    number: float = 0.0
    flag: bool = False
    path: Path = Path()
    anything: Any = None
    nothing: None = None
    choice: Literal["raise", "skip", 1] = "raise"
    maybe: int | None = None
    old_maybe: Optional[str] = None  # noqa: UP045  # what older plugins write
    labels: tuple[str, ...] = ()
    numbers: list[int] = Factory(list)
    words: Sequence[str] = ()
    either: str | list[str] = ""
    count: int | float = 0
    counts: dict[str, int] = Factory(dict)
    raw: Mapping[str, object] = Factory(dict)
    rest: Mapping[str, Any] = Factory(dict)
    bare: list = Factory(list)  # type: ignore[type-arg]  # as hurried plugins write it
    bare_map: dict = Factory(dict)  # type: ignore[type-arg]  # the same
    part: Part | None = None
    parts: tuple[Part, ...] = ()
    by_name: Mapping[str, Part] = Factory(dict)
    part_or_text: Part | str = ""
    part_or_parts: Part | tuple[Part, ...] = ()
    renamed: int = field(default=0, alias="called")
    _secret: int = 3
    _cache: Any = field(default=None, init=False)


def made(**data):
    """A thing with these settings, all of which are right."""
    problems = []
    thing = structure(Thing, data, dotted, problems)
    assert problems == [], problems  # pytest does not rewrite the asserts of helpers
    return thing


def refused(cls=Thing, data=None, **more):
    """What is said of settings that are wrong."""
    problems = []
    structure(cls, {**(data or {}), **more}, dotted, problems)
    assert problems
    return [str(problem) for problem in problems]
