"""An evaluation as people read it on a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import TextIO

from attrs import frozen
from rich.console import Console
from rich.table import Table

from glinker_core.cli.console import many, visible
from glinker_eval.calibrating import BINS
from glinker_eval.causes import CAUSES, MEANINGS, Cause
from glinker_eval.comparing import Comparison
from glinker_eval.counting import SCOPES, Counts, scope_name
from glinker_eval.evaluation import Evaluation
from glinker_eval.ladder import ACCURACY, Stage
from glinker_eval.measures import Group

#: What each cause is called.
CAUSE_NAMES: Mapping[Cause, str] = {
    "failed": "document failed",
    "not_detected": "not detected",
    "wrong_span": "wrong span",
    "spurious": "spurious",
    "not_retrieved": "not retrieved",
    "cut_off": "cut off",
    "dropped": "dropped",
    "ranked_l2": "ranked by L2",
    "ranked_l3": "ranked by L3",
    "ranked_l4": "ranked by L4",
    "below_threshold": "below threshold",
    "nil_wrong": "NIL wrong",
    "kb_gap": "KB gap",
}
#: What is perfect at a step of the ladder, beside all that is before it.
STAGE_NAMES: Mapping[Stage, str] = {
    "own": "as it is",
    "failed": "no document fails",
    "l1": "L1 finds the mentions",
    "l2": "L2 has the right entity",
    "l3": "L3 puts the right entity first",
    "l4": "L4 puts the right entity first",
    "l0": "L0 decides right",
    "kb": "the KB lacks nothing",
}

#: Where no terminal says how wide it is.
WIDTH = 120
_TYPES = 15  # of the types in the table


@frozen
class Grid:
    """A table of plain texts, for the terminal as for a page: the first column says what a row is about."""

    heads: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def show(evaluation: Evaluation, stream: TextIO) -> None:
    """Write the tables: what was measured and how, scores, recall, accuracy, types and ambiguity, speed."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else WIDTH)
    before: Table | str = ""
    for part in _parts(evaluation):
        if isinstance(part, Table) or isinstance(before, Table):
            console.print()
        console.print(part if isinstance(part, Table) else visible(part), markup=False, soft_wrap=True)
        before = part


def _parts(evaluation: Evaluation) -> Iterator[Table | str]:
    settings, gold = evaluation.settings, evaluation.gold
    yield f"{settings.pipeline} ({settings.pipeline_hash}) on {settings.gold}"
    how = f"task {settings.task}, {settings.match} match, {settings.mentions} mentions"
    yield f"{how}; KB {settings.kb_revision} with {many(settings.kb_entities, 'entity', 'entities')}"
    optional = f", {gold.optional:,} optional" if gold.optional else ""
    kinds = f"{gold.in_kb:,} in the KB, {gold.absent:,} absent from it, {gold.nil:,} NIL{optional}"
    yield f"{many(gold.documents, 'document')}, {many(gold.mentions, 'mention')}: {kinds}"
    yield _scores(evaluation)
    if evaluation.recall:
        yield _recall(evaluation)
    if (accuracy := evaluation.accuracy) is not None and accuracy.in_kb:
        shares = [
            f"{_share(accuracy.unnormalised)} of {accuracy.in_kb:,} in the KB",
            f"{_share(accuracy.normalised)} of {accuracy.retrieved:,} with the right candidate",
        ]
        if accuracy.linked > accuracy.in_kb:
            shares.append(f"{_share(accuracy.of_all)} of {accuracy.linked:,} with an id")
        yield f"accuracy of links: {', '.join(shares)}"
    if (curve := evaluation.calibration) is not None:
        yield f"calibration of {many(curve.links, 'link')}: expected error {curve.error:.3f} in {BINS} bins"
    if any(evaluation.causes.values()):
        table = _shown(causes(evaluation))
        table.columns[-1].justify = "left"
        yield table
    if evaluation.ladder:
        yield _shown(ladder(evaluation))
    if len(evaluation.by_type) > 1:
        yield _shown(groups("type", evaluation.by_type, _TYPES))
    if evaluation.by_ambiguity:
        yield _shown(groups("candidates", evaluation.by_ambiguity))
    speed = evaluation.speed
    yield (
        f"{many(speed.documents, 'document')}, {speed.kilobytes:,.1f} kB in {speed.seconds:.2f} s: "
        f"{speed.documents_per_second:,.0f} documents/s, {speed.kilobytes_per_second:,.0f} kB/s"
    )


def _table(head: str, *heads: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(head, no_wrap=True, overflow="ellipsis")
    for name in heads:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _shown(grid: Grid) -> Table:
    table = _table(*grid.heads)
    for row in grid.rows:
        table.add_row(*map(visible, row))
    return table


def _scores(evaluation: Evaluation) -> Table:
    table = _table("", "P", "R", "F1", "macro P", "R", "F1", "TP", "FP", "FN")
    for scope, scores in evaluation.scores.items():
        measures = (scores.micro.precision, scores.micro.recall, scores.micro.f1)
        means = (scores.macro.precision, scores.macro.recall, scores.macro.f1)
        counts = (scores.counts.tp, scores.counts.fp, scores.counts.fn)
        table.add_row(
            scope_name(evaluation.settings.task, scope),
            *map(_share, (*measures, *means)),
            *(f"{number:,}" for number in counts),
        )
    return table


def _recall(evaluation: Evaluation) -> Table:
    depths = next(iter(evaluation.recall.values()))
    table = _table("recall", *(f"@{depth}" for depth in depths), "found by")
    for source, shares in evaluation.recall.items():
        kinds = evaluation.found_by.get(source, {})
        by = ", ".join(f"{kind} {number:,}" for kind, number in kinds.items())
        table.add_row(visible(source), *map(_share, shares.values()), visible(by))
    return table


def causes(evaluation: Evaluation) -> Grid:
    """What is missed and extra by cause, of all annotations and of those in the KB."""
    scopes = [scope for scope in evaluation.scores if scope in evaluation.causes and scope in ("all", "in_kb")]
    names = [scope_name(evaluation.settings.task, scope) for scope in scopes]
    rows = []
    for cause in CAUSES:
        counts = [evaluation.causes[scope].get(cause, Counts()) for scope in scopes]
        if any(not one.nothing for one in counts):
            cells = (f"{number:,}" for one in counts for number in (one.fn, one.fp))
            rows.append((CAUSE_NAMES[cause], *cells, MEANINGS[cause]))
    return Grid(("errors by cause", *(f"{name} {side}" for name in names for side in ("FN", "FP")), ""), rows)


def ladder(evaluation: Evaluation) -> Grid:
    """The figures with one more stage perfect in each row, and by how much more that is."""
    names = [name for name in evaluation.ladder[0].figures if name in ("all", "in_kb", ACCURACY)]
    task = evaluation.settings.task
    titles: dict[str, str] = {ACCURACY: "accuracy", **{scope: f"{scope_name(task, scope)} F1" for scope in SCOPES}}
    rows = []
    for step in evaluation.ladder:
        cells = [(_share(step.figures[name]), f"{step.gaps[name]:+.3f}") for name in names]
        gained = step.stage != "own"
        rows.append((STAGE_NAMES[step.stage], *(c for figure, gap in cells for c in (figure, gap if gained else ""))))
    return Grid(("if, with all above,", *(head for name in names for head in (titles[name], "gap"))), rows)


def groups(what: str, of: Mapping[str, Group], limit: int | None = None) -> Grid:
    """Mentions by what they have in common, and how far they got; the first groups, and how many more there are."""
    rows: list[tuple[str, ...]] = []
    for name, group in list(of.items())[:limit]:
        counts = (group.mentions, group.detected, group.retrieved, group.linked)
        rows.append((name or "none", *(f"{number:,}" for number in counts), _share(group.accuracy)))
    if limit is not None and len(of) > limit:
        rows.append((f"and {len(of) - limit:,} more",))
    return Grid((what, "mentions", "detected", "retrieved", "linked", "accuracy"), rows)


def show_comparison(comparison: Comparison, stream: TextIO) -> None:
    """Write what two evaluations differ in: settings, measures, mentions, documents."""
    console = Console(file=stream, highlight=False, width=None if stream.isatty() else WIDTH)
    print_plain = partial(console.print, markup=False, soft_wrap=True)
    print_plain(visible(f"A {comparison.first}\nB {comparison.second}", keep="\n"))
    for name, (one, other) in comparison.settings.items():
        print_plain(visible(f"  {name}: {one} -> {other}"))
    console.print()
    console.print(_shown(measures(comparison)))
    console.print()
    print_plain(how_drawn(comparison))
    print_plain(told_of_mentions(comparison))
    if comparison.changed:
        console.print()
        console.print(_shown(documents(comparison)))


def measures(comparison: Comparison) -> Grid:
    """Each measure in both evaluations, their difference, its interval, and how often the second is better."""
    rows = []
    for name, one in comparison.measures.items():
        between = "-" if one.interval is None else f"{one.interval.low:+.3f} to {one.interval.high:+.3f}"
        rows.append(
            (name, _share(one.first), _share(one.second), f"{one.difference:+.3f}", between, f"{one.better:.1%}")
        )
    return Grid(("", "A", "B", "B - A", f"{comparison.level:.0%} interval", "B better in"), rows)


def documents(comparison: Comparison) -> Grid:
    """The documents that differ most: F1 and errors (FP + FN) in both, of all annotations."""
    rows = []
    for one in comparison.changed:
        errors = (f"{counts.fp + counts.fn:,}" for counts in (one.first, one.second))
        rows.append((one.document, _share(one.first.f1), _share(one.second.f1), *errors))
    return Grid((f"of {comparison.differing:,} that differ", "F1 in A", "in B", "errors in A", "in B"), rows)


def how_drawn(comparison: Comparison) -> str:
    """What intervals are made of."""
    return (
        f"{comparison.draws:,} draws of {many(comparison.documents, 'document')} with replacement, the same for both; "
        f"percentiles, seed {comparison.seed}"
    )


def told_of_mentions(comparison: Comparison) -> str:
    """How many gold mentions which of the two is right about."""
    tally = comparison.mentions
    return (
        f"gold mentions answered rightly: by both {tally.both:,}, by A alone {tally.first:,}, "
        f"by B alone {tally.second:,}, by none {tally.neither:,}"
    )


def _share(share: float | None) -> str:
    return "-" if share is None else f"{share:.3f}"
