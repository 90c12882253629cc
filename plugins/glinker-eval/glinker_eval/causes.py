"""Why a pipeline errs: every missed gold annotation and every extra one of the system has exactly one cause.

An error has the cause that comes first in `CAUSES`, which are in the order of a pipeline: where the right entity was
lost for good. What later stages would have made of it had it not been lost is told by `ladder`.

A gold annotation that is missed, and what the system says about the same span, are one error on two sides, and have one
cause. Who stands for whom is found as the counts find it: right ones first, then of those that are left by the span.
Gold without such a mention has the wrong span if one that is no one's overlaps it, otherwise it was not detected; a
mention without such gold has the wrong span if gold that is no one's overlaps it, otherwise it is spurious.

The right entity was ranked wrong by the node that gave it the score with which it lost: by L4 if L4 has scored it, by
L3 if L4 has not, because it stood too low or a gate held it back. A pipeline without either ranks by its retriever.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Literal, get_args

from attrs import frozen

from glinker_core.graph import Graph, Node
from glinker_core.model import LinkedMention, MentionCandidates
from glinker_eval.counting import (
    Counts,
    Match,
    Scope,
    Task,
    align,
    answers,
    looked_at,
    matcher,
    overlapping,
    same_entity,
    same_span,
    scoped,
)
from glinker_eval.gold import GoldMention
from glinker_eval.measures import annotation
from glinker_eval.running import Traced, output_node
from glinker_eval.stages import entering, item_of, last_score, with_id

#: Why an annotation is missed or extra; see `MEANINGS`.
Cause = Literal[
    "failed", "not_detected", "wrong_span", "spurious", "not_retrieved", "cut_off", "dropped",
    "ranked_l2", "ranked_l3", "ranked_l4", "below_threshold", "nil_wrong", "kb_gap",
]  # fmt: skip

CAUSES: tuple[Cause, ...] = get_args(Cause)

MEANINGS: Mapping[Cause, str] = {
    "failed": "the document failed",
    "not_detected": "no mention was found there",
    "wrong_span": "a mention was found, but its span is another",
    "spurious": "a mention was found where none is meant",
    "not_retrieved": "no retriever gives the right entity",
    "cut_off": "a retriever has the right entity, but behind its limit",
    "dropped": "the right entity was retrieved, but did not reach L0",
    "ranked_l2": "the retriever puts another entity first, and nothing ranks after it",
    "ranked_l3": "L3 puts another entity first",
    "ranked_l4": "L4 puts another entity first",
    "below_threshold": "the right entity stands first, but is not linked",
    "nil_wrong": "NIL is meant, but an entity is linked, or the mention is not shown",
    "kb_gap": "the knowledge base lacks the entity, but another one is linked",
}

_RANKED: Mapping[str, Cause] = {"retriever": "ranked_l2", "linker": "ranked_l3", "reranker": "ranked_l4"}

#: The classes of annotations whose errors are attributed. What GSInKB counts may be right in all others.
ATTRIBUTED: tuple[Scope, ...] = ("all", "in_kb", "nil")

Lost = tuple[Cause, str]


@frozen
class Error:
    """A missed gold annotation, or an extra one of the system, with its cause and the node that is to blame.

    `node` is empty where no single one is. `wanted` are the ids that would be right, `given` is what the system says;
    either is empty where nothing is meant or said. `scopes` are the classes of annotations in which it counts.
    """

    document: str
    kind: Literal["missed", "extra"]
    start: int
    end: int
    text: str
    wanted: tuple[str, ...]
    given: str | None
    cause: Cause
    node: str
    scopes: tuple[Scope, ...]


def tally(errors: Iterable[Error]) -> dict[Scope, dict[Cause, Counts]]:
    """How many annotations are missed (`fn`) and extra (`fp`) by cause, for each class of annotations."""
    counts: dict[Scope, dict[Cause, Counts]] = {scope: {} for scope in ATTRIBUTED}
    for error in errors:
        one = Counts(fn=1) if error.kind == "missed" else Counts(fp=1)
        for scope in error.scopes:
            counts[scope][error.cause] = counts[scope].get(error.cause, Counts()) + one
    return {
        scope: {cause: causes[cause] for cause in CAUSES if cause in causes}
        for scope, causes in counts.items()
        if causes
    }


@frozen
class Attribution:
    """How the errors of a pipeline are attributed, whatever its graph is: its nodes, and how errors are counted."""

    graph: Graph
    look: Callable[[Traced, Node], Sequence[MentionCandidates]]
    task: Task = "el"
    match: Match = "strong"
    answers_nil: bool = True

    def errors(self, traced: Traced) -> Iterator[Error]:
        """Every error of a document: what is missed in order of position, then what is extra."""
        document, found, span = traced.gold, traced.linked.entities, matcher("md", self.match)
        shown = [m for m in found if looked_at(document.mentions, answers(document, [m], self.answers_nil), self.task)]
        aligned = align(document.mentions, list(map(annotation, shown)), matcher(self.task, self.match))
        missed = [document.mentions[at] for at in aligned.missed]
        extra = [shown[at] for at in aligned.spurious]
        hidden = [m for m in found if not (self.answers_nil or m.is_linked) and answers(document, [m])]
        wrong = [*extra, *hidden]
        pairs = dict(align(missed, list(map(annotation, wrong)), span).pairs)
        settled = {id(shown[at]) for _, at in aligned.pairs} | {id(wrong[at]) for at in pairs.values()}
        loose = [m for m in found if id(m) not in settled]
        of_mentions: dict[int, tuple[GoldMention, Lost]] = {}
        for at, gold in enumerate(missed):
            mention = wrong[pairs[at]] if at in pairs else None
            lost = self.lost(traced, gold, mention) if mention is not None else self._unfound(traced, gold, loose)
            if mention is not None:
                of_mentions[id(mention)] = gold, lost
            yield self._error(traced, "missed", gold, gold, mention, lost)
        unfound = [gold for at, gold in enumerate(missed) if at not in pairs]
        for mention in extra:
            known = of_mentions.get(id(mention)) or self._beside(traced, mention, unfound)
            yield self._error(traced, "extra", mention, known[0], mention, known[1])

    def _unfound(self, traced: Traced, gold: GoldMention, loose: Iterable[LinkedMention]) -> Lost:
        """Why no mention stands for a gold mention."""
        if traced.linked.error is not None:
            return "failed", ""
        there = next((mention for mention in traced.linked.entities if same_span(gold, mention)), None)
        if there is not None:  # it is right for another gold mention of that span
            settled = same_entity(gold, annotation(there))
            return ("not_detected", self._only("recognizer")) if settled else self.lost(traced, gold, there)
        seen = (item.mention for items in traced.stages.values() for item in items)
        if any(same_span(gold, mention) for mention in chain(*traced.recognized.values(), seen)):
            return "wrong_span", output_node(self.graph).id  # found, but L0 preferred another that overlaps it
        near = any(overlapping(gold, mention) for mention in loose)
        return "wrong_span" if near else "not_detected", self._only("recognizer")

    def _beside(
        self, traced: Traced, mention: LinkedMention, unfound: Iterable[GoldMention]
    ) -> tuple[GoldMention | None, Lost]:
        """Why there is a mention that stands for no gold mention which is missed."""
        given, span = annotation(mention), matcher("md", self.match)
        optional = [gold for gold in traced.gold.mentions if gold.optional]
        for gold in optional:
            if span(gold, given):
                return gold, self.lost(traced, gold, mention)
        near = any(overlapping(gold, given) for gold in (*unfound, *optional))
        return None, ("wrong_span" if near else "spurious", self._only("recognizer"))

    def lost(self, traced: Traced, gold: GoldMention, mention: LinkedMention) -> Lost:
        """Where the right entity of a mention that was found was lost: the cause, and the node if it is a single one.

        Its answer must be wrong, or hidden.
        """
        output = output_node(self.graph)
        if not gold.in_kb:
            return ("kb_gap", "") if gold.absent and mention.is_linked else ("nil_wrong", output.id)
        nodes = [node for node in self.graph.nodes if node.id in traced.stages]
        had = {
            node.id: right
            for node in nodes
            if (right := with_id(gold.entity_ids, item_of(traced.stages[node.id], mention)))
        }
        if not had:
            return self._overlooked(traced, gold, mention)
        final = item_of(entering(output, traced.stages), mention)
        right = with_id(gold.entity_ids, final)
        if final is None or right is None:
            return "dropped", self._dropped_by(had)
        if final.candidates[0] is right:
            return "below_threshold", output.id
        rankers = (node for node in nodes if node.layer.name in _RANKED and node.id in had)
        ranker = next((node for node in rankers if last_score(had[node.id]) == last_score(right)), None)
        return ("ranked_l2", "") if ranker is None else (_RANKED[ranker.layer.name], ranker.id)

    def _overlooked(self, traced: Traced, gold: GoldMention, mention: LinkedMention) -> Lost:
        for node in self.graph.nodes:
            if node.layer.name == "retriever" and with_id(gold.entity_ids, item_of(self.look(traced, node), mention)):
                return "cut_off", node.id
        return "not_retrieved", self._only("retriever")

    def _dropped_by(self, had: Collection[str]) -> str:
        """The node that was given the right entity and did not pass it on, if it is a single one."""
        nodes = [
            node.id
            for node in self.graph.nodes
            if node.id not in had and any(ref.node in had for ref in node.inputs.get("candidates", ()))
        ]
        return nodes[0] if len(nodes) == 1 else ""

    def _only(self, layer: str) -> str:
        """The node of a layer that has but one."""
        nodes = [node.id for node in self.graph.nodes if node.layer.name == layer]
        return nodes[0] if len(nodes) == 1 else ""

    def _error(
        self,
        traced: Traced,
        kind: Literal["missed", "extra"],
        place: GoldMention | LinkedMention,
        gold: GoldMention | None,
        mention: LinkedMention | None,
        lost: Lost,
    ) -> Error:
        entity = None if mention is None else mention.linked_entity
        return Error(
            traced.gold.id,
            kind,
            place.start,
            place.end,
            traced.gold.text[place.start : place.end],
            gold.entity_ids if gold is not None else (),
            entity.entity_id if entity is not None else None,
            *lost,
            self._scopes(traced, place),
        )

    def _scopes(self, traced: Traced, place: GoldMention | LinkedMention) -> tuple[Scope, ...]:
        """The classes of annotations to which a gold mention or one of the system belongs."""
        if self.task == "md":
            return ("all",)
        if isinstance(place, GoldMention):
            return tuple(scope for scope in ATTRIBUTED if scoped([place], [], scope, self.match)[0])
        given = [annotation(place)]
        return tuple(scope for scope in ATTRIBUTED if scoped(traced.gold.mentions, given, scope, self.match)[1])
