"""What every stage of a pipeline made of the mentions of one text, and why an entity that is wanted was not linked."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from attrs import evolve, frozen

from glinker_core.errors import InputError
from glinker_core.executor import DAGExecutor
from glinker_core.model import WHOLE_TEXT, LinkedEntity, Mention
from glinker_eval.causes import MEANINGS, Attribution, Cause
from glinker_eval.counting import Span, overlapping, same_span
from glinker_eval.gold import Gold, GoldDocument, GoldMention, entities_of
from glinker_eval.ladder import given
from glinker_eval.running import Traced, output_node, reads_mentions, replay, run
from glinker_eval.stages import SecondLook, Seen, seen_by


@frozen
class Loss:
    """Where the wanted entity was lost: the cause as `glinker eval` counts it, what it means, the node."""

    cause: Cause
    meaning: str
    node: str


@frozen
class Explained:
    """A mention with all that was made of it, and what L0 decided: `linked`, or the `reason` why not.

    `found_by` are the recognisers that found it, none where it was given. Where an entity was `wanted` for it, `lost`
    tells where it was lost: first what happened, then what would have happened had the mention been found. It is empty
    where the entity is linked.
    """

    start: int
    end: int
    text: str
    label: str
    mention_score: float
    found_by: tuple[str, ...]
    stages: tuple[Seen, ...]
    output: str
    linked: LinkedEntity | None
    reason: str
    wanted: str | None = None
    lost: tuple[Loss, ...] = ()


def explain(
    executor: DAGExecutor, text: str, mention: str | tuple[int, int] | None = None, wanted: str | None = None
) -> tuple[Explained, ...]:
    """All mentions of a text explained, or those that overlap a span, or the places where a string stands.

    A span that the pipeline does not find is given to it as well, to see what would have become of it. `wanted` is the
    id of an entity: where was it lost?
    """
    spans, graph = _spans(text, mention), executor.graph
    if wanted is not None and not entities_of(executor.resources.kb, [wanted]):
        raise InputError(f"entity '{wanted}': the knowledge base has none of that id; give one that it has")
    takes = reads_mentions(executor)
    if takes and mention is None:
        raise InputError(f"pipeline '{graph.name}' finds no mentions, it takes them; name one with --mention")
    ids = () if wanted is None else (wanted,)
    asked = [GoldMention(start, end, text[start:end], ids) for start, end in spans]
    own = run(executor, _gold(text, asked), "gold" if takes else "own").documents[0]
    found = _found(own)
    if wanted is not None and mention is None:
        asked = [_only(found, text, ids)]
    missing = [one for one in asked if not any(same_span(one, other) for other in found)]
    again = None
    if missing:  # beside those that it does not displace, since mentions may support each other
        kept = [one for one in own.linked.entities if not any(overlapping(one, other) for other in missing)]
        others = [GoldMention(one.start, one.end, one.mention_text) for one in kept]
        again = replay(executor, _gold(text, [*missing, *others]), lambda _: given(graph))[0]
    own = evolve(own, gold=GoldDocument("", text, tuple(asked)))
    lost = _losses(executor, [own, again], wanted)
    stories = [
        _explained(executor, own, one, wanted, lost)
        for one in found
        if mention is None or any(overlapping(ask, one) for ask in asked)
    ]
    if again is not None:
        stories += [_explained(executor, again, one, wanted, lost) for one in _found(again) if _at(one, missing)]
    return tuple(sorted(stories, key=lambda one: (one.start, one.end, one.label)))


def _gold(text: str, mentions: Iterable[GoldMention]) -> Gold:
    return Gold("", (GoldDocument("", text, tuple(sorted(mentions, key=lambda one: (one.start, one.end)))),))


def _spans(text: str, mention: str | tuple[int, int] | None) -> list[tuple[int, int]]:
    """Where the mention stands: a span as it is, a string at all of its places."""
    if mention is None:
        return []
    if isinstance(mention, str):
        if not mention or mention not in text:
            raise InputError(f"mention {mention!r}: does not stand in the text; give a part of it, or START:END")
        return [match.span() for match in re.finditer(re.escape(mention), text)]
    start, end = mention
    if not 0 <= start < end <= len(text):
        wrong = f"lies outside the text of {len(text)} characters" if start < end else "is empty; the end is exclusive"
        raise InputError(f"mention {start}:{end}: {wrong}")
    return [(start, end)]


def _found(traced: Traced) -> list[Mention]:
    """The mentions of a document in order: those L0 shows, and those it dropped."""
    shown = [
        Mention(one.start, one.end, one.mention_text, one.label, one.mention_score) for one in traced.linked.entities
    ]
    candidates = (item.mention for items in traced.stages.values() for item in items)
    for mention in chain(candidates, *traced.recognized.values()):
        if mention.label != WHOLE_TEXT and not _at(mention, shown):
            shown.append(mention)
    return sorted(shown, key=lambda one: (one.start, one.end, one.label))


def _at(place: Span, others: Iterable[Span]) -> bool:
    return any(same_span(place, other) for other in others)


def _only(found: Sequence[Mention], text: str, ids: tuple[str, ...]) -> GoldMention:
    """The mention that is asked about where none is named."""
    places = {(one.start, one.end): one.text for one in found}
    if len(places) != 1:
        named = ", ".join(f"{start}:{end} {name!r}" for (start, end), name in places.items())
        there = f"there are {len(places)} mentions; name one with --mention: {named}" if places else (
            "no mention is found; name the one you mean with --mention")  # fmt: skip
        raise InputError(f"entity '{ids[0]}': {there}")
    ((start, end),) = places
    return GoldMention(start, end, text[start:end], ids)


Losses = Mapping[tuple[int, int], tuple[Loss, ...]]


def _losses(executor: DAGExecutor, runs: Iterable[Traced | None], wanted: str | None) -> Losses:
    """Where the wanted entity was lost in each of the runs, by span."""
    attribution = Attribution(executor.graph, SecondLook(executor))
    lost: dict[tuple[int, int], tuple[Loss, ...]] = {}
    for traced in runs:
        for error in attribution.errors(traced) if traced is not None else ():
            if error.kind == "missed" and error.wanted == (wanted,):
                loss = Loss(error.cause, MEANINGS[error.cause], error.node)
                lost[error.start, error.end] = (*lost.get((error.start, error.end), ()), loss)
    return lost


def _explained(executor: DAGExecutor, traced: Traced, mention: Mention, wanted: str | None, lost: Losses) -> Explained:
    shown = [one for one in traced.linked.entities if same_span(one, mention) and one.label == mention.label]
    return Explained(
        mention.start,
        mention.end,
        mention.text,
        mention.label,
        mention.score,
        tuple(node for node, found in traced.recognized.items() if _at(mention, found)),
        tuple(seen_by(executor.graph, traced, mention)),
        output_node(executor.graph).id,
        shown[0].linked_entity if shown else None,
        shown[0].reason if shown else "dropped for another mention that overlaps it",
        wanted if _at(mention, (one for one in traced.gold.mentions if wanted in one.entity_ids)) else None,
        lost.get((mention.start, mention.end), ()),
    )
