"""An evaluation as a page for people: figures with what they depend on, plots, and errors to look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glinker_core.cli.console import many
from glinker_eval.calibrating import BINS, Judged
from glinker_eval.causes import CAUSES
from glinker_eval.comparing import Comparison
from glinker_eval.counting import scope_name
from glinker_eval.evaluation import Evaluation, Setup, links_of
from glinker_eval.examples import chosen, examples, shown
from glinker_eval.page import escape, facts, page, paragraph, section, table
from glinker_eval.plots import SHARES, Axis, Bar, Line, bars, lines
from glinker_eval.records import as_plain, record_of
from glinker_eval.resampling import DRAWS, LEVEL, SEED, Interval, intervals, macro_f1, micro_f1, quotients, recall_at
from glinker_eval.tables import (
    CAUSE_NAMES,
    Grid,
    causes,
    documents,
    groups,
    how_drawn,
    ladder,
    measures,
    told_of_mentions,
)

_BARS = 20  # of the distribution of scores
_STEPS = 50  # thresholds that are tried
_PLACES = 20  # of a finding

_JUDGED = "Links are judged by the gold standard: those where it has no mention are wrong."

Intervals = Mapping[str, Interval | None]


def html_of(evaluation: Evaluation) -> str:
    """The page of an evaluation; the same evaluation makes the same page."""
    settings = evaluation.settings
    return page(f"{settings.pipeline} on {settings.gold}", _parts(evaluation), filters=True)


def html_of_comparison(comparison: Comparison) -> str:
    """The page of two evaluations side by side."""
    title = f"{comparison.second} against {comparison.first}"
    settings = ((name, f"{_value(one)} → {_value(other)}") for name, (one, other) in comparison.settings.items())
    parts = [
        facts([("A", comparison.first), ("B", comparison.second), *settings]),
        section("Measures", _grid(measures(comparison)), paragraph(how_drawn(comparison), "note")),
        section("Mentions and documents", paragraph(told_of_mentions(comparison)), _grid(documents(comparison))),
    ]
    return page(title, parts)


def _parts(evaluation: Evaluation) -> Iterator[str]:
    spread = intervals(quotients(record_of(evaluation)))
    yield _header(evaluation)
    yield section("Scores", _scores(evaluation, spread), paragraph(_how(), "note"))
    if evaluation.recall:
        yield section("Candidates and accuracy", _recall(evaluation, spread), _accuracy(evaluation, spread))
    if plots := list(_plots(evaluation)):
        notes = [paragraph(_JUDGED, "note")] if evaluation.calibration is not None else []
        yield section("Plots", f'<div class="plots">\n{"".join(plots)}</div>\n', *notes)
    tables = (("Types", "type", evaluation.by_type), ("Ambiguity", "candidates", evaluation.by_ambiguity))
    yield from (section(title, _grid(groups(head, of))) for title, head, of in tables if of)
    if evaluation.findings or evaluation.outcome.failed:
        yield _findings(evaluation)
    if evaluation.ladder:
        yield section("What each stage costs", _grid(ladder(evaluation)))
    yield _errors(evaluation)


def _how() -> str:
    return (
        f"Small figures: {LEVEL:.0%} of {DRAWS:,} draws of as many documents, with replacement, lie between them "
        f"(bootstrap, percentiles, seed {SEED}). Nothing is filtered: a link where the gold standard says NIL is wrong."
    )


def _header(evaluation: Evaluation) -> str:
    gold, speed = evaluation.gold, evaluation.speed
    size = f"{many(gold.documents, 'document')}, {many(gold.mentions, 'mention')}: "
    size += f"{gold.in_kb:,} in the KB, {gold.absent:,} absent from it, {gold.nil:,} NIL, {gold.optional:,} optional"
    fast = f"{speed.documents_per_second:,.0f} documents/s, {speed.kilobytes_per_second:,.0f} kB/s "
    fast += f"({speed.kilobytes:,.1f} kB in {speed.seconds:.2f} s, {speed.processor_seconds:.2f} s of the processor)"
    pairs = [(name.replace("_", " "), _value(value)) for name, value in as_plain(evaluation.settings).items()]
    counted = [("counted", _value(evaluation.counters))] if evaluation.counters else []
    return facts([("gold standard", size), ("speed", fast), *pairs, *counted])


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_value(one)}" for name, one in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _scores(evaluation: Evaluation, spread: Intervals) -> str:
    task = evaluation.settings.task
    heads = ["", "P", "R", "F1", "macro P", "macro R", "macro F1", "TP", "FP", "FN"]
    rows = []
    for scope, scores in evaluation.scores.items():
        small, large = scores.micro, scores.macro
        rows.append((
            escape(scope_name(task, scope)),
            *(_share(one) for one in (small.precision, small.recall)),
            _share(small.f1, spread.get(micro_f1(task, scope))),
            *(_share(one) for one in (large.precision, large.recall)),
            _share(large.f1, spread.get(macro_f1(task, scope))),
            *(f"{number:,}" for number in (scores.counts.tp, scores.counts.fp, scores.counts.fn)),
        ))  # fmt: skip
    return table(heads, rows)


def _recall(evaluation: Evaluation, spread: Intervals) -> str:
    depths = list(next(iter(evaluation.recall.values())))
    rows = [
        (
            escape(source),
            *(_share(shares[depth], spread.get(recall_at(source, depth))) for depth in depths),
            escape(", ".join(f"{kind} {n:,}" for kind, n in evaluation.found_by.get(source, {}).items())),
        )
        for source, shares in evaluation.recall.items()
    ]
    return table(["recall", *(f"@{depth}" for depth in depths), "found by"], rows)


def _accuracy(evaluation: Evaluation, spread: Intervals) -> str:
    accuracy = evaluation.accuracy
    if accuracy is None:
        return ""
    rows = [
        ("of mentions in the KB", accuracy.unnormalised, spread.get("accuracy"), accuracy.in_kb),
        ("normalised: of those with the right candidate", accuracy.normalised, spread.get("accuracy, normalised"),
         accuracy.retrieved),
        ("of all with an id", accuracy.of_all, None, accuracy.linked),
    ]  # fmt: skip
    cells = [(escape(name), _share(share, between), f"{of:,}") for name, share, between, of in rows]
    return table(["accuracy of links", "share", "mentions"], cells)


def _grid(of: Grid, kind: str = "") -> str:
    return table(of.heads, (tuple(map(escape, row)) for row in of.rows), kind)


def _share(share: float | None, between: Interval | None = None) -> str:
    told = "-" if share is None else f"{share:.3f}"
    return told if between is None else f"{told}<small>{between.low:.3f} to {between.high:.3f}</small>"


def _findings(evaluation: Evaluation) -> str:
    blocks = []
    for finding in evaluation.findings:
        fate = "kept" if finding.kept else "left out"
        places = "".join(f"<li>{escape(str(problem))}</li>\n" for problem in finding.problems[:_PLACES])
        more = finding.count - _PLACES
        rest = f"<li>and {more:,} more</li>\n" if more > 0 else ""
        head = f"{finding.what}, {fate}: {finding.count:,}"
        blocks.append(f"<details><summary>{escape(head)}</summary>\n<ul>\n{places}{rest}</ul>\n</details>\n")
    if failed := evaluation.outcome.failed:
        blocks.append(paragraph(f"failed, counted as missed: {', '.join(failed)}"))
    return section("Findings", *blocks)


def _plots(evaluation: Evaluation) -> Iterator[str]:
    if evaluation.recall:
        depths = list(next(iter(evaluation.recall.values())))
        ticks = {depth: (at + 0.5) / len(depths) for at, depth in enumerate(depths)}
        drawn = [
            Line(
                source,
                [(ticks[depth], share) for depth, share in shares.items()],
                [f"{source} @{depth}: {share:.3f}" for depth, share in shares.items()],
            )
            for source, shares in evaluation.recall.items()
        ]
        yield lines("Recall of candidates", Axis("first k candidates", ticks), Axis("recall", SHARES), drawn)
    if (curve := evaluation.calibration) is None:
        return
    told = [f"{many(one.links, 'link')}: score {one.score:.3f}, right {one.right:.3f}" for one in curve.bins]
    title = f"Reliability: expected calibration error {curve.error:.3f} in {BINS} bins"
    drawn = [Line(many(curve.links, "link"), [(one.score, one.right) for one in curve.bins], told)]
    yield lines(title, Axis("mean score", SHARES), Axis("share that is right", SHARES), drawn, diagonal=True)
    settings = evaluation.settings
    links = links_of(evaluation.outcome, Setup(settings.task, settings.match, settings.mentions))
    yield _distribution(links)
    yield _thresholds(links)


def _distribution(links: Sequence[Judged]) -> str:
    counts = [[0, 0] for _ in range(_BARS)]
    for link in links:
        counts[min(int(link.score * _BARS), _BARS - 1)][not link.right] += 1
    most = max(map(sum, counts))
    drawn = [
        Bar(
            at / _BARS,
            (at + 1) / _BARS,
            [(right / most, f"{right:,} right"), (wrong / most, f"{wrong:,} wrong")],
        )
        for at, (right, wrong) in enumerate(counts)
    ]
    ticks = {"0": 0.0, f"{most:,}": 1.0} | ({f"{most // 2:,}": (most // 2) / most} if most > 1 else {})
    return bars("Scores of links", Axis("score", SHARES), Axis("links", ticks), drawn, ["right", "wrong"])


def _thresholds(links: Sequence[Judged]) -> str:
    precision, coverage = [], []
    for step in range(_STEPS + 1):
        least = step / _STEPS
        kept = [link.right for link in links if link.score >= least]
        coverage.append((least, len(kept) / len(links)))
        if kept:
            precision.append((least, sum(kept) / len(kept)))
    drawn = [Line("right of those that stay", precision), Line("links that stay", coverage)]
    return lines("With a higher threshold", Axis("least score of a link", SHARES), Axis("share", SHARES), drawn)


def _errors(evaluation: Evaluation) -> str:
    found = list(examples(evaluation))
    if not found:
        return section("Errors", paragraph("none"))
    kept = chosen(found)
    kinds = [cause for cause in CAUSES if any(example.cause == cause for example in kept)]
    types = sorted({example.type for example in kept})
    legend = '<span class="gold">gold</span> <span class="system">system</span> <span class="here">the error</span>'
    by_cause = _select("cause", [CAUSE_NAMES[cause] for cause in kinds])
    by_type = _select("type", [name or "none" for name in types])
    return section(
        "Errors",
        _grid(causes(evaluation), "causes"),
        paragraph(f"Missed and extra at one place is one example; here are {len(kept):,} of {len(found):,}."),
        f'<p class="filters">{by_cause} {by_type} <output></output> {legend}</p>\n',
        *(shown(example, kinds.index(example.cause), types.index(example.type)) for example in kept),
    )


def _select(name: str, options: Sequence[str]) -> str:
    made = "".join(f'<option value="{number}">{escape(one or "none")}</option>' for number, one in enumerate(options))
    return f'<label>{name} <select name="{name}"><option value="">all</option>{made}</select></label>'
