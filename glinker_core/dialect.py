"""GLiNKER's names for ports, fields and settings, and ours.

Its L0 is given mentions, candidates and linked entities by three ports; ours keeps candidates bound to their mentions
and reads the last stage. A port that ours does not need, because the candidates carry it, is accepted and dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

#: kind of value -> the names of the fields of a result that hold it
FIELDS = {
    "texts": ("texts",),
    "entities": ("entities",),
    "mentions": ("entities", "mentions"),
    "candidates": ("candidates", "entities"),
    "documents": ("documents", "entities"),
}

#: names a setting may be written by -> what a component calls it that has not this name
SETTINGS: Mapping[str, str] = {"model": "model_name", "model_name": "model", "huggingface_token": "token"}

_MENTIONS = ("mentions", "l1_entities", "entities", "l1_mentions")
_CANDIDATES = ("candidates", "l4_entities", "l3_entities", "l2_candidates")


def port_names(ports: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """For each port of a component the names a file may use for it, the strongest first."""
    ports = tuple(ports)
    names = {"mentions": _MENTIONS, "candidates": _CANDIDATES}
    taken: dict[str, tuple[str, ...]] = {port: names.get(port, (port,)) for port in ports}
    if "entities" in taken and "mentions" in taken:
        taken["mentions"] = tuple(name for name in _MENTIONS if name != "entities")
    return taken


def carried(ports: Iterable[str]) -> tuple[str, ...]:
    """Names that may be written but say nothing new: mentions, where candidates bring their own."""
    return _MENTIONS if "candidates" in ports and "mentions" not in ports else ()
