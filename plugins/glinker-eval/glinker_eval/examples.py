"""What a pipeline got wrong, each error with its text, for people to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from attrs import frozen

from glinker_core.model import Candidate, LinkedMention
from glinker_eval.causes import MEANINGS, Cause, Error
from glinker_eval.counting import Span, overlapping, same_span
from glinker_eval.evaluation import Evaluation
from glinker_eval.gold import GoldMention
from glinker_eval.measures import Found
from glinker_eval.page import escape, table
from glinker_eval.running import Traced
from glinker_eval.tables import CAUSE_NAMES

_LIMIT = 40  # examples of each cause
_CONTEXT = 160  # characters on either side
_CANDIDATES = 8
_LONG = 140  # characters of a mention or a description, of which the rest is cut off


@frozen
class Example:
    """Errors of one cause at one place: what is missed, what is extra, or both; with what stands there on either side.

    `found` is the gold mention, `mention` that of the system, if there is one.
    """

    errors: tuple[Error, ...]
    traced: Traced
    found: Found | None
    mention: LinkedMention | None

    @property
    def cause(self) -> Cause:
        """Why it is wrong."""
        return self.errors[0].cause

    @property
    def type(self) -> str:
        """What the gold standard says it is, or else the system."""
        if self.found is not None:
            return self.found.type
        entity = self.mention.linked_entity if self.mention is not None else None
        return (entity.entity_type if entity is not None else "") or (self.mention.label if self.mention else "")


def examples(evaluation: Evaluation) -> Iterator[Example]:
    """All errors, in the order of the texts."""
    found = {(one.document, one.gold.start, one.gold.end, one.gold.entity_ids): one for one in evaluation.found}
    of: dict[str, list[Error]] = {}
    for error in evaluation.errors:
        of.setdefault(error.document, []).append(error)
    for traced in evaluation.outcome.documents:
        for together in sorted(_places(of.get(traced.gold.id, ())), key=lambda errors: errors[0].start):
            first, last = together[0], together[-1]
            gold = found.get((first.document, first.start, first.end, first.wanted))
            mentions = (m for m in traced.linked.entities if same_span(last, m) and _says(m) == last.given)
            yield Example(together, traced, gold, gold.mention if gold is not None else next(mentions, None))


def _places(errors: Iterable[Error]) -> list[tuple[Error, ...]]:
    """What is extra beside what is missed where both are one."""
    places: list[tuple[Error, ...]] = []
    for error in errors:  # what is missed comes first
        same = (
            at
            for at, (one, *more) in enumerate(places)
            if error.kind == "extra" and one.kind == "missed" and not more and overlapping(one, error)
            and (one.cause, one.wanted, one.given) == (error.cause, error.wanted, error.given)
        )  # fmt: skip
        if (at := next(same, None)) is None:
            places.append((error,))
        else:
            places[at] = (*places[at], error)
    return places


def _says(mention: LinkedMention) -> str | None:
    return mention.linked_entity.entity_id if mention.linked_entity is not None else None


def chosen(found: Sequence[Example]) -> list[Example]:
    """Examples of all texts, of each cause as many as a page can show."""
    counts = Counter(example.cause for example in found)
    seen: Counter[str] = Counter()
    kept = []
    for example in found:
        at, of = seen[example.cause], counts[example.cause]
        seen[example.cause] += 1
        if of <= _LIMIT or at * _LIMIT // of != (at - 1) * _LIMIT // of:
            kept.append(example)
    return kept


def shown(example: Example, cause: int, kind: int) -> str:
    """An example that opens at a click; filters know its cause and its type by their numbers."""
    error, found, mention = example.errors[0], example.found, example.mention
    gold = _wanted(found.gold) if found is not None else _ids(error.wanted) if error.wanted else "<i>nothing</i>"
    sides = " and ".join(one.kind for one in example.errors)
    why = f"{error.node}: {MEANINGS[error.cause]}" if error.node else MEANINGS[error.cause]
    parts = [
        f'<div class="text" dir="auto">{_context(example)}</div>\n',
        f"<p>{escape(f'{why} ({sides})')}</p>\n",
    ]
    if found is not None and found.gold.in_kb:
        ranks = (f"{name} {place.rank or 'not'} of {place.candidates}" for name, place in found.places.items())
        parts.append(f"<p>Right entity among candidates: {escape(', '.join(ranks))}</p>\n")
    if mention is not None and mention.reason:
        parts.append(f"<p>{escape(mention.reason)}</p>\n")
    if mention is not None and mention.candidates:
        parts.append(_candidates(mention, error.wanted))
    return (
        f'<details class="example" data-cause="{cause}" data-type="{kind}">\n'
        f'<summary><b dir="auto">{escape(_cut(error.text))}</b> <span class="kind">{CAUSE_NAMES[error.cause]}</span> '
        f"gold {gold}, system {_said(mention)} <small>{escape(error.document)}</small></summary>\n"
        f"{''.join(parts)}</details>\n"
    )


def _wanted(gold: GoldMention) -> str:
    if not gold.entity_ids:
        return "NIL"
    ids = _ids(gold.entity_ids)
    return f"{ids}, which the knowledge base has not" if gold.absent else f"{escape(gold.entity_label)} {ids}"


def _ids(wanted: Sequence[str]) -> str:
    return " or ".join(f"<code>{escape(one)}</code>" for one in wanted)


def _said(mention: LinkedMention | None) -> str:
    if mention is None:
        return "<i>nothing</i>"
    entity = mention.linked_entity
    if entity is None:
        return "NIL"
    return f"{escape(entity.label)} <code>{escape(entity.entity_id)}</code> {entity.score:.3f}"


def _context(example: Example) -> str:
    """The text around an example, cut where any mention begins or ends, so that those that overlap are both seen."""
    text, span = example.traced.gold.text, example.errors[0]
    low, high = max(span.start - _CONTEXT, 0), min(span.end + _CONTEXT, span.start + 5 * _CONTEXT, len(text))
    marks: list[tuple[str, Span, str]] = [("here", span, "")]
    marks += [("gold", one, f"gold: {', '.join(one.entity_ids) or 'NIL'}") for one in example.traced.gold.mentions]
    for one in example.traced.linked.entities:
        entity = one.linked_entity
        told = f"{entity.label} ({entity.entity_id}), {entity.score:.3f}" if entity else "NIL"
        marks.append(("system", one, f"system: {told}"))
    marks = [mark for mark in marks if mark[1].start < high and low < mark[1].end]
    cuts = {low, high, *(cut for _, one, _ in marks for cut in (one.start, one.end) if low < cut < high)}
    places = sorted(cuts)
    made = ["…"] if low else []
    for start, end in pairwise(places):
        over = [(kind, told) for kind, one, told in marks if one.start < end and start < one.end]
        piece = escape(text[start:end])
        classes = " ".join(dict.fromkeys(kind for kind, _ in over))
        told = escape("\n".join(told for _, told in over if told))
        made.append(f'<span class="{classes}" title="{told}">{piece}</span>' if over else piece)
    return "".join(made) + ("…" if high < len(text) else "")


def _candidates(mention: LinkedMention, right: Sequence[str]) -> str:
    """The best candidates, and the first right one wherever it stands."""
    ranked = list(enumerate(mention.candidates, 1))
    first = next((pair for pair in ranked if pair[1].entity_id in right), None)
    kept = ranked[:_CANDIDATES]
    if first is not None and first not in kept:
        kept.append(first)
    stages = list(dict.fromkeys(stage for _, candidate in kept for stage in [*candidate.scores][:-1]))
    link = mention.linked_entity.entity_id if mention.linked_entity else None
    rows = [
        (
            f'{_who(candidate)} <span class="sign">{_sign(candidate, right, link)}</span>',
            str(rank),
            escape(f"{candidate.match}: {candidate.name}"),
            f"<b>{candidate.score:.3f}</b>",
            *(f"{candidate.scores[stage]:.3f}" if stage in candidate.scores else "-" for stage in stages),
        )
        for rank, candidate in kept
    ]
    more = len(ranked) - len(kept)
    rest = f"<p>and {more:,} more</p>\n" if more else ""
    return table(["candidate", "rank", "found by", "score", *stages], rows, "candidates") + rest


def _sign(candidate: Candidate, right: Sequence[str], link: str | None) -> str:
    signs = ["gold"] if candidate.entity_id in right else []
    return ", ".join([*signs, "linked"] if candidate.entity_id == link else signs)


def _who(candidate: Candidate) -> str:
    entity = candidate.entity
    about = f"<small>{escape(_cut(entity.description))}</small>" if entity.description else ""
    kind = f" {escape(entity.entity_type)}" if entity.entity_type else ""
    return f"<b>{escape(entity.label)}</b> <code>{escape(entity.entity_id)}</code>{kind}{about}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[:_LONG]}…"
