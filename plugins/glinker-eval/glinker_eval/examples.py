"""What a pipeline got wrong, each error with its text, for people to look at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from attrs import frozen

from glinker_core.model import Candidate, LinkedMention
from glinker_eval.counting import SPANS, Span
from glinker_eval.evaluation import Evaluation
from glinker_eval.gold import GoldMention
from glinker_eval.measures import Found
from glinker_eval.page import escape, table
from glinker_eval.running import Traced

_LIMIT = 40  # examples of each kind
_CONTEXT = 160  # characters on either side
_CANDIDATES = 8
_DESCRIPTION = 140  # characters

MISSED, UNLINKED, WRONG, NIL, EXTRA, EXTRA_NIL = KINDS = (
    "not detected",
    "not linked",
    "wrong entity",
    "linked, but NIL is right",
    "link where no gold is",
    "mention where no gold is",
)


@frozen
class Example:
    """An error in a document: a gold mention that is not answered rightly, as `found`, with the `mention` of the system
    that stands for it, or a mention alone that no gold stands for."""

    kind: str
    type: str
    span: Span
    traced: Traced
    mention: LinkedMention | None
    found: Found | None = None


def errors(evaluation: Evaluation) -> Iterator[Example]:
    """Everything that counts as wrong among all annotations, in the order of the texts."""
    of: dict[str, list[Found]] = {}
    for found in evaluation.found:
        of.setdefault(found.document, []).append(found)
    for traced in evaluation.outcome.documents:
        there = of.get(traced.gold.id, [])
        wrong = [
            Example(kind, one.type, one.gold, traced, one.mention, one)
            for one in there
            if (kind := _kind(one, evaluation))
        ]
        extra = [] if evaluation.settings.task == "ed" else list(_extra(traced, there, evaluation))
        yield from sorted(wrong + extra, key=lambda example: (example.span.start, example.span.end))


def _kind(found: Found, evaluation: Evaluation) -> str:
    """The kind of an error; empty where there is none."""
    if found.mention is None:
        return MISSED
    if evaluation.settings.task == "md" or found.answered:
        return ""
    if not found.gold.in_kb:
        return NIL
    return WRONG if found.mention.is_linked else UNLINKED


def _extra(traced: Traced, there: Sequence[Found], evaluation: Evaluation) -> Iterator[Example]:
    taken = {id(found.mention) for found in there}
    optional = [mention for mention in traced.gold.mentions if mention.optional]
    first, last = traced.gold.judged or (0, len(traced.gold.text))
    fits = SPANS[evaluation.settings.match]
    for mention in traced.linked.entities:
        outside = mention.start < first or mention.end > last
        if id(mention) in taken or outside or any(fits(one, mention) for one in optional):
            continue
        entity = mention.linked_entity
        if evaluation.settings.task != "md" and entity is not None:
            yield Example(EXTRA, entity.entity_type or mention.label, mention, traced, mention)
        elif evaluation.settings.nil_answers:
            yield Example(EXTRA_NIL, mention.label, mention, traced, mention)


def chosen(examples: Sequence[Example]) -> tuple[list[Example], Counter[str]]:
    """Examples of all texts, of each kind as many as a page can show, and how many there are of each."""
    counts = Counter(example.kind for example in examples)
    seen: Counter[str] = Counter()
    kept = []
    for example in examples:
        at, of = seen[example.kind], counts[example.kind]
        seen[example.kind] += 1
        if of <= _LIMIT or at * _LIMIT // of != (at - 1) * _LIMIT // of:
            kept.append(example)
    return kept, counts


def shown(example: Example, kinds: Sequence[str], types: Sequence[str]) -> str:
    """An example that opens at a click; the filters know its kind and type by their numbers."""
    text = example.traced.gold.text
    surface = escape(text[example.span.start : example.span.end])
    gold = _wanted(example.found.gold) if example.found is not None else "<i>nothing</i>"
    parts = [f'<div class="text" dir="auto">{_context(example)}</div>\n']
    if example.found is not None and example.found.gold.in_kb and (places := example.found.places):
        ranks = (f"{name} {place.rank or 'not'} of {place.candidates}" for name, place in places.items())
        parts.append(f"<p>Right entity among candidates: {escape(', '.join(ranks))}</p>\n")
    if example.mention is not None and example.mention.reason:
        parts.append(f"<p>{escape(example.mention.reason)}</p>\n")
    if example.mention is not None and example.mention.candidates:
        parts.append(_candidates(example.mention, example.found))
    return (
        f'<details class="example" data-kind="{kinds.index(example.kind)}" data-type="{types.index(example.type)}">\n'
        f'<summary><b dir="auto">{surface}</b> <span class="kind">{escape(example.kind)}</span> gold {gold}, '
        f"system {_said(example.mention)} <small>{escape(example.traced.gold.id)}</small></summary>\n"
        f"{''.join(parts)}</details>\n"
    )


def _wanted(gold: GoldMention) -> str:
    if not gold.entity_ids:
        return "NIL"
    ids = " or ".join(f"<code>{escape(one)}</code>" for one in gold.entity_ids)
    return f"{ids}, which the knowledge base has not" if gold.absent else f"{escape(gold.entity_label)} {ids}"


def _said(mention: LinkedMention | None) -> str:
    if mention is None:
        return "<i>nothing</i>"
    entity = mention.linked_entity
    if entity is None:
        return "NIL"
    return f"{escape(entity.label)} <code>{escape(entity.entity_id)}</code> {entity.score:.3f}"


def _context(example: Example) -> str:
    """The text around an example, cut where any mention begins or ends, so that those that overlap are both seen."""
    text, span = example.traced.gold.text, example.span
    low, high = max(span.start - _CONTEXT, 0), min(span.end + _CONTEXT, len(text))
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


def _candidates(mention: LinkedMention, found: Found | None) -> str:
    """The best candidates, and the first right one wherever it stands."""
    right = set(found.gold.entity_ids) if found is not None else set()
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


def _sign(candidate: Candidate, right: set[str], link: str | None) -> str:
    signs = ["gold"] if candidate.entity_id in right else []
    return ", ".join([*signs, "linked"] if candidate.entity_id == link else signs)


def _who(candidate: Candidate) -> str:
    entity = candidate.entity
    cut = entity.description[:_DESCRIPTION] + ("…" if len(entity.description) > _DESCRIPTION else "")
    about = f"<small>{escape(cut)}</small>" if cut else ""
    kind = f" {escape(entity.entity_type)}" if entity.entity_type else ""
    return f"<b>{escape(entity.label)}</b> <code>{escape(entity.entity_id)}</code>{kind}{about}"
