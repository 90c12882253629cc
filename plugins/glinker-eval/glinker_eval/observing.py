"""What a node of a pipeline had to choose among for each gold mention, and what its weights are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import attrs
from attrs import frozen

from glinker_core.errors import InputError
from glinker_core.graph import Node
from glinker_core.model import MentionCandidates
from glinker_eval.choices import Choice
from glinker_eval.gold import GoldMention
from glinker_eval.running import Traced

#: The weight that is added whatever the values are.
BIAS = "bias"


@runtime_checkable
class HasFeatures(Protocol):
    """A component with weights over more than the scores that stand on a candidate."""

    def features(self, item: MentionCandidates) -> Sequence[Mapping[str, float]]:
        """Per candidate every value that a weight can name."""


@frozen
class Weighting:
    """The weights of a component, `bias` among them, and the score it wants for a link.

    `missing` is what counts for a candidate that lacks a value; None where the component has no such setting.
    """

    weights: Mapping[str, float]
    missing: Mapping[str, float] | None
    threshold: float

    @property
    def names(self) -> tuple[str, ...]:
        """The values that have a weight."""
        return tuple(name for name in self.weights if name != BIAS)


def weighting(component: Any) -> Weighting | None:
    """The weights of a component, if it has any.

    It has a setting `weights` of numbers by name, `bias` being what they start from, and a `threshold`. A name stands
    for the value of that name in its `features(item)`, or for the score of that name that it leaves on a candidate.
    """
    weights = getattr(component, "weights", None)
    if weights is not None and attrs.has(type(weights)):
        weights = attrs.asdict(weights)
    if not isinstance(weights, Mapping) or not isinstance(getattr(component, "threshold", None), (int, float)):
        return None
    missing = getattr(component, "missing", None)
    return Weighting(dict(weights), None if missing is None else dict(missing), float(component.threshold))


def weighted_node(nodes: Iterable[Node]) -> tuple[Node, Weighting]:
    """The last node that has weights, in the order in which nodes run."""
    found = [(node, weights) for node in nodes if (weights := weighting(node.component)) is not None]
    if not found:
        raise InputError("no node of this pipeline has weights; add one with processor l4_combine before l0")
    return found[-1]


def choices(documents: Iterable[Traced], node: Node) -> Iterator[Choice]:
    """What the node had to choose among for each gold mention that reached it, but for those that are optional."""
    for traced in documents:
        by_span = {(item.mention.start, item.mention.end): item for item in traced.stages.get(node.id, ())}
        for mention in traced.gold.mentions:
            item = by_span.get((mention.start, mention.end))
            if item is not None and not mention.optional:
                yield _choice(traced.gold.id, mention, item, node.component)


def _choice(document: str, mention: GoldMention, item: MentionCandidates, component: Any) -> Choice:
    own = next(iter([*item.candidates[0].scores][-1:]), "") if item.candidates else ""  # what the node itself added
    scores = [candidate.scores for candidate in item.candidates]
    values = component.features(item) if isinstance(component, HasFeatures) else scores
    return Choice(
        document,
        tuple({name: value for name, value in row.items() if name != own} for row in values),
        tuple(candidate.score for candidate in item.candidates),
        tuple(place for place, one in enumerate(item.candidates) if one.entity_id in mention.entity_ids),
        mention.in_kb,
    )
