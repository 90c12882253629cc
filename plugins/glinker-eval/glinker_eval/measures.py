"""What is measured of a run: each gold mention with what became of it, and the tables that are made of these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from attrs import frozen

from glinker_core.model import Candidate, LinkedMention, MentionCandidates
from glinker_eval.counting import SPANS, Annotation, Match, Span, align, matcher, same_entity
from glinker_eval.gold import GoldMention
from glinker_eval.running import Traced

#: The depths recall is told at; "all" comes with them.
RANKS = (1, 5, 10, 30)
#: What L0 decided among, beside the retrievers.
FINAL = "final"

_BUCKETS = ((0, "0"), (1, "1"), (5, "2-5"), (15, "6-15"))


@frozen
class Place:
    """Where a source has the first right entity of a mention: from 1, None where it has none; and how it was found.

    `candidates` is how many the source has.
    """

    rank: int | None
    match: str
    candidates: int


@frozen
class Found:
    """A gold mention with the mention of the system that stands for it, if there is one, and its place per source."""

    document: str
    gold: GoldMention
    mention: LinkedMention | None
    places: Mapping[str, Place]

    @property
    def linked(self) -> bool:
        """Whether the system links the mention to a right entity."""
        return self.gold.in_kb and self.answered

    @property
    def answered(self) -> bool:
        """Whether what the system says of the mention is right, NIL included."""
        return self.mention is not None and same_entity(self.gold, annotation(self.mention))

    @property
    def type(self) -> str:
        """That which the gold standard gives, or else that of the entity in the knowledge base."""
        return self.gold.label or self.gold.entity_type

    @property
    def ranked(self) -> bool:
        """Whether a right entity is among the candidates of any source."""
        return any(place.rank is not None for place in self.places.values())


def annotation(mention: LinkedMention) -> Annotation:
    """What a system says of a mention."""
    return Annotation(mention.start, mention.end, mention.linked_entity.entity_id if mention.linked_entity else None)


def found_of(documents: Iterable[Traced], retrievers: Sequence[str], match: Match) -> Iterator[Found]:
    """Each gold mention that is not optional, with what became of it."""
    span = SPANS[match]
    for traced in documents:
        mentions = traced.linked.entities
        aligned = _aligned(traced.gold.mentions, [annotation(mention) for mention in mentions], match)
        for index, gold in enumerate(traced.gold.mentions):
            if gold.optional:
                continue
            mention = mentions[aligned[index]] if index in aligned else None
            places = {name: _retrieved(gold, traced.stages.get(name, ()), span) for name in retrievers}
            places[FINAL] = _place(gold, mention.candidates if mention is not None else ())
            yield Found(traced.gold.id, gold, mention, places)


def _aligned(gold: Sequence[GoldMention], system: Sequence[Annotation], match: Match) -> dict[int, int]:
    """Which system mention stands for which gold mention: one of the same entity if there is one, else of the span."""
    right = align(gold, system, matcher("el", match))
    rest = align(
        [gold[index] for index in right.missed], [system[index] for index in right.spurious], matcher("md", match)
    )
    return dict(right.pairs) | {right.missed[wanted]: right.spurious[given] for wanted, given in rest.pairs}


def _retrieved(gold: GoldMention, items: Iterable[MentionCandidates], span: Callable[[Span, Span], bool]) -> Place:
    """The best place a retriever has for a mention, whatever later nodes made of it."""
    places = [_place(gold, item.candidates) for item in items if span(gold, item.mention)]
    return min(
        places, key=lambda place: (place.rank is None, place.rank, -place.candidates), default=Place(None, "", 0)
    )


def _place(gold: GoldMention, candidates: Sequence[Candidate]) -> Place:
    for rank, candidate in enumerate(candidates, 1):
        if candidate.entity_id in gold.entity_ids:
            return Place(rank, candidate.match, len(candidates))
    return Place(None, "", len(candidates))


@frozen
class Accuracy:
    """Links of gold mentions, by BLINK's definitions and over all that the annotators linked.

    `normalised` is the share of right links where a right entity is among the candidates, `unnormalised` of all
    mentions of entities in the KB, `of_all` also of those the KB lacks. None where there are no such mentions.
    """

    correct: int
    retrieved: int
    in_kb: int
    linked: int

    @property
    def normalised(self) -> float | None:
        return _share(self.correct, self.retrieved)

    @property
    def unnormalised(self) -> float | None:
        return _share(self.correct, self.in_kb)

    @property
    def of_all(self) -> float | None:
        return _share(self.correct, self.linked)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def accuracy(found: Sequence[Found]) -> Accuracy:
    """Right links among mentions with candidates, in the knowledge base, and all that were linked by annotators."""
    known = [one for one in found if one.gold.in_kb]
    return Accuracy(
        sum(one.linked for one in known),
        sum(one.ranked for one in known),
        len(known),
        sum(bool(one.gold.entity_ids) for one in found),
    )


def recall(found: Sequence[Found], source: str) -> dict[str, float]:
    """The share of mentions of entities in the KB that have a right one among the first k of a source, by k.

    Empty where there are no such mentions.
    """
    ranks = [one.places[source].rank for one in found if one.gold.in_kb]
    if not ranks:
        return {}
    depths = {**{str(depth): depth for depth in RANKS}, "all": None}
    return {
        name: sum(rank is not None and (depth is None or rank <= depth) for rank in ranks) / len(ranks)
        for name, depth in depths.items()
    }


def found_by(found: Sequence[Found], source: str) -> dict[str, int]:
    """How many right entities of mentions a source found by which kind of match, most first."""
    counts = Counter(one.places[source].match for one in found if one.gold.in_kb and one.places[source].rank)
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


@frozen
class Group:
    """Mentions of entities in the KB that have something in common: how many, and how far each of them got."""

    mentions: int
    detected: int
    retrieved: int
    linked: int

    @property
    def accuracy(self) -> float:
        return self.linked / self.mentions


def by_type(found: Iterable[Found]) -> dict[str, Group]:
    """By type, the largest first."""
    groups = _grouped(found, lambda one: one.type)
    return dict(sorted(groups.items(), key=lambda item: (-item[1].mentions, item[0])))


def by_ambiguity(found: Iterable[Found], retrievers: Sequence[str]) -> dict[str, Group]:
    """By the number of candidates that were retrieved."""

    def bucket(one: Found) -> str:
        count = max((one.places[name].candidates for name in retrievers), default=0)
        return next((name for most, name in _BUCKETS if count <= most), "16+")

    groups = _grouped(found, bucket)
    return {name: groups[name] for name in (*(name for _, name in _BUCKETS), "16+") if name in groups}


def _grouped(found: Iterable[Found], key: Callable[[Found], str]) -> dict[str, Group]:
    groups: dict[str, list[Found]] = {}
    for one in found:
        if one.gold.in_kb:
            groups.setdefault(key(one), []).append(one)
    return {
        name: Group(
            len(ones),
            sum(one.mention is not None for one in ones),
            sum(one.ranked for one in ones),
            sum(one.linked for one in ones),
        )
        for name, ones in groups.items()
    }
