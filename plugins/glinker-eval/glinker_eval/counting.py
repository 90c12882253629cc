"""What counts as found: gold and system annotations aligned and counted as GERBIL does, document by document.

For each gold annotation in order, the first system annotation that matches and is not taken yet makes a true positive;
gold that is left over is a false negative, system annotations that are left over are false positives. A wrong entity on
the right span therefore is both. (`MatchingsCounterImpl.countMatchings`, `FMeasureCalculator.calculateMeasures`)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, Protocol

from attrs import frozen

from glinker_core.model import LinkedMention
from glinker_eval.gold import GoldDocument, GoldMention

#: Mention detection (GERBIL: ERec), disambiguation of given spans (D2KB), both at once (A2KB).
Task = Literal["md", "ed", "el"]
#: Whether spans must be equal, or only overlap.
Match = Literal["strong", "weak"]
#: All annotations; gold in the KB against links; NIL against NIL (GERBIL: EE); gold in the KB against all of its spans.
Scope = Literal["all", "in_kb", "nil", "gs_in_kb"]

SCOPES: tuple[Scope, ...] = ("all", "in_kb", "nil", "gs_in_kb")
_NAMES: Mapping[Scope, str] = {"all": "all", "in_kb": "InKB", "nil": "NIL", "gs_in_kb": "GSInKB"}


def scope_name(task: str, scope: Scope) -> str:
    """What a class of annotations is called; where only mentions are to be found there is one."""
    return "mentions" if task == "md" else _NAMES[scope]


@frozen
class Annotation:
    """What a system says about a span: an entity, or that none of the knowledge base is meant (None)."""

    start: int
    end: int
    entity_id: str | None = None


class Span(Protocol):
    """Anything that stands somewhere in a text."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


Matches = Callable[[GoldMention, Annotation], bool]


@frozen
class Counts:
    """True positives, false positives and false negatives, and the measures of them."""

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def nothing(self) -> bool:
        """Whether there was nothing to find and nothing was found."""
        return not (self.tp or self.fp or self.fn)

    @property
    def precision(self) -> float:
        return self.tp / (self.tp + self.fp) if self.tp else float(self.nothing)

    @property
    def recall(self) -> float:
        return self.tp / (self.tp + self.fn) if self.tp else float(self.nothing)

    @property
    def f1(self) -> float:
        return 2 * self.tp / (2 * self.tp + self.fp + self.fn) if self.tp else float(self.nothing)


@frozen
class Scores:
    """Precision, recall and F1, in 0..1."""

    precision: float
    recall: float
    f1: float


def micro(counts: Iterable[Counts]) -> Scores:
    """The measures of the sums over all documents."""
    total = sum(counts, Counts())
    return Scores(total.precision, total.recall, total.f1)


def macro(counts: Sequence[Counts]) -> Scores:
    """The mean of each measure over the documents: F1 is the mean of theirs, not that of mean precision and recall.

    A document with nothing to find and nothing found has 1, 1, 1.
    """
    size = len(counts)
    return Scores(
        sum(one.precision for one in counts) / size,
        sum(one.recall for one in counts) / size,
        sum(one.f1 for one in counts) / size,
    )


@frozen
class Alignment:
    """Who was matched with whom: pairs of indices into gold and system, and the indices that are left on each side."""

    pairs: tuple[tuple[int, int], ...]
    missed: tuple[int, ...]
    spurious: tuple[int, ...]

    @property
    def counts(self) -> Counts:
        return Counts(len(self.pairs), len(self.spurious), len(self.missed))


def align(gold: Sequence[GoldMention], system: Sequence[Annotation], matches: Matches) -> Alignment:
    """Align the annotations of one document; optional gold that is not found is not missed.

    A system annotation that matches optional gold alone counts neither way.
    """
    taken: set[int] = set()
    pairs, missed = [], []
    for index, wanted in enumerate(gold):
        if wanted.optional:
            continue
        free = (at for at, given in enumerate(system) if at not in taken and matches(wanted, given))
        if (found := next(free, None)) is None:
            missed.append(index)
        else:
            taken.add(found)
            pairs.append((index, found))
    optional = [wanted for wanted in gold if wanted.optional]
    spurious = [
        at
        for at, given in enumerate(system)
        if at not in taken and not any(matches(wanted, given) for wanted in optional)
    ]
    return Alignment(tuple(pairs), tuple(missed), tuple(spurious))


def same_span(gold: Span, system: Span) -> bool:
    """Strong: both begin and end at the same place."""
    return (gold.start, gold.end) == (system.start, system.end)


def overlapping(gold: Span, system: Span) -> bool:
    """Weak: they have at least one character in common."""
    return system.start < gold.end and gold.start < system.end


#: When a span counts as that of a gold mention.
SPANS: Mapping[Match, Callable[[Span, Span], bool]] = {"strong": same_span, "weak": overlapping}


def same_entity(gold: GoldMention, system: Annotation) -> bool:
    """An id of the gold mention; where it means nothing in the knowledge base, that the system says NIL."""
    return system.entity_id in gold.entity_ids if gold.in_kb else system.entity_id is None


def matcher(task: Task, match: Match) -> Matches:
    """When gold and system agree: on the span alone in `md`, on the entity as well in `ed` and `el`."""
    span = SPANS[match]
    return span if task == "md" else lambda gold, system: span(gold, system) and same_entity(gold, system)


def answers(document: GoldDocument, mentions: Iterable[LinkedMention], nil: bool = True) -> list[Annotation]:
    """What a system says about a document, without what lies outside its judged part, and without NIL if that is no
    answer of the system's."""
    first, last = document.judged or (0, len(document.text))
    return [
        Annotation(mention.start, mention.end, mention.linked_entity.entity_id if mention.linked_entity else None)
        for mention in mentions
        if first <= mention.start and mention.end <= last and (nil or mention.is_linked)
    ]


def scoped(
    gold: Sequence[GoldMention], system: Sequence[Annotation], scope: Scope, match: Match
) -> tuple[list[GoldMention], list[Annotation]]:
    """The annotations of one class on both sides; `gs_in_kb` keeps what the system says about gold in the KB."""
    if scope == "all":
        return list(gold), list(system)
    if scope == "nil":
        return [g for g in gold if not g.in_kb], [s for s in system if s.entity_id is None]
    known = [g for g in gold if g.in_kb]
    if scope == "in_kb":
        return known, [s for s in system if s.entity_id is not None]
    span = SPANS[match]
    return known, [s for s in system if any(span(g, s) for g in known)]


def looked_at(gold: Sequence[GoldMention], system: Sequence[Annotation], task: Task) -> list[Annotation]:
    """What a task looks at: in `ed`, what a system says about the spans of gold mentions alone."""
    return [given for given in system if task != "ed" or any(same_span(wanted, given) for wanted in gold)]


def count(
    gold: Sequence[GoldMention], system: Sequence[Annotation], task: Task, match: Match, scope: Scope = "all"
) -> Counts:
    """The counts of one document."""
    wanted, given = scoped(gold, looked_at(gold, system, task), scope, match)
    return align(wanted, given, matcher(task, match)).counts


def counts_of(
    document: GoldDocument,
    mentions: Iterable[LinkedMention],
    task: Task,
    match: Match,
    scopes: Iterable[Scope],
    nil: bool = True,
) -> dict[Scope, Counts]:
    """The counts of one document for some classes of annotations; `nil` as for `answers`."""
    given = answers(document, mentions, nil)
    return {scope: count(document.mentions, given, task, match, scope) for scope in scopes}
