"""What a component is called with, one `Item` per text, and how to call a component of any layer with it."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import frozen

from glinker_core.layers import Search
from glinker_core.model import Entity, Mention, MentionCandidates
from glinker_core.resources import Resources
from glinker_core.testing.fakes import FakeRecognizer
from glinker_core.testing.store import store_of

PORTS = ("texts", "entities", "mentions", "candidates")


@frozen
class Item:
    """A text with the mentions and candidates that the layers before would have found in it."""

    text: str
    mentions: tuple[Mention, ...] = ()
    candidates: tuple[MentionCandidates, ...] = ()

    @property
    def known(self) -> list[dict[str, Any]]:
        """The mentions as a caller writes them: the port `entities`."""
        return [{"start": m.start, "end": m.end, "text": m.text, "label": m.label} for m in self.mentions]


def items_of(texts: Iterable[str], entities: Iterable[Entity], nil_names: Iterable[str] = ()) -> list[Item]:
    """Each text with the mentions of the entities' names (and of `nil_names`) and their candidates."""
    store = store_of(entities)
    recognizer = FakeRecognizer((*(name.surface for name in store.names()), *nil_names))
    recognizer.open(Resources())
    items = []
    for text in texts:
        (mentions,) = recognizer.recognize([text])
        found = store.search([mention.text for mention in mentions], Search())
        items.append(Item(text, tuple(mentions), tuple(map(MentionCandidates, mentions, found))))
    return items


def arguments(component: Any, method: str, items: Sequence[Item]) -> dict[str, list[Any]]:
    """What the method of a component is called with for a batch: a list of lists for each of its ports."""
    values: dict[str, list[Any]] = {
        "texts": [item.text for item in items],
        "entities": [item.known for item in items],
        "mentions": [list(item.mentions) for item in items],
        "candidates": [list(item.candidates) for item in items],
    }
    ports = inspect.signature(getattr(component, method)).parameters
    return {port: values[port] for port in ports if port in values}


def open_component(component: Any, resources: Resources) -> None:
    """Open a component if it can be opened."""
    if hasattr(component, "open"):
        component.open(resources)


def close_component(component: Any) -> None:
    """Close a component if it can be closed."""
    if hasattr(component, "close"):
        component.close()


__all__ = ["PORTS", "Item", "arguments", "close_component", "items_of", "open_component"]
