"""`glinker calibrate`: scores that say how often they are right, and how sure a link must be for few to be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer
from attrs import evolve

from glinker_core.builtin.calibration import Calibration
from glinker_core.cli.console import many, plugins_of, progress, say
from glinker_core.cli.opening import executor_of, load_kb
from glinker_core.errors import DataError, InputError, Problem
from glinker_core.executor import DAGExecutor
from glinker_core.source import load_source
from glinker_eval.calibrating import BINS, calibrate, judged, max_error
from glinker_eval.gold import read_gold
from glinker_eval.options import ChangedFile, EntitiesFile, GoldReader, PipelineFile, Quiet
from glinker_eval.rewriting import Setting, node_place, rewrite
from glinker_eval.running import MentionSource, output_node, reads_mentions, run, taking_mentions

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_SETTINGS = ("calibration", "max_error", "min_confidence")


@app.command(name="calibrate")
def learn_curve(
    ctx: typer.Context,
    pipeline: PipelineFile,
    gold: Annotated[Path, typer.Option("--gold", "-g", metavar="FILE", help="Gold standard.")],
    kb: EntitiesFile = None,
    error: Annotated[
        float | None,
        typer.Option("--max-error", min=0.001, max=0.999, help="Share of links that may be wrong, such as 0.05."),
    ] = None,
    mentions: Annotated[
        MentionSource | None,
        typer.Option(help="Who finds the mentions; own counts links of what is no mention as wrong. [default: gold]"),
    ] = None,
    form: GoldReader = "",
    output: ChangedFile = None,
    quiet: Quiet = False,
) -> None:
    """Make the scores of links say how often they are right.

    The curve, a temperature or a line of points, is chosen on documents it was not learnt from and written into the
    settings of L0. With --max-error, so is the score from which on that share of links is wrong at most, in nine of ten
    samples as large as this one.
    """
    plugins = plugins_of(ctx)
    source = load_source(pipeline)
    standard = read_gold(gold, plugins, form)
    who = mentions or "gold"
    with (
        progress("calibrating", not quiet),
        executor_of(pipeline, kb, plugins, taking_mentions if who == "gold" else lambda same: same) as executor,
    ):
        if who == "own" and reads_mentions(executor):
            raise InputError(f"{pipeline}: finds no mentions, it takes them; give --mentions gold")
        load_kb(executor, kb)
        place = node_place(source, output_node(executor.graph).id)
        had_curve = getattr(output_node(executor.graph).component, "calibration", None) is not None
        asked = _plain_scores(executor)
        outcome = run(executor, standard.against(executor.resources.kb), who)
        items = list(judged(outcome.documents, who))
        count = sum(len(traced.linked.entities) for traced in outcome.documents)
    made = calibrate(items)
    typer.echo(f"{many(len(standard.documents), 'document')}, {many(made.mentions, 'mention')} with candidates")
    typer.echo(f"curve: {made.kind}")
    typer.echo(f"expected calibration error of links, {BINS} bins of equal width, on documents that took no part:")
    typer.echo(f"  {made.before:.4f} -> {made.after:.4f}")
    settings: dict[Setting, Any] = {}
    if made.curve is not None or had_curve:
        settings[(*place, "config", "calibration")] = _written(made.curve)
    if error is not None:
        curve = made.curve
        after = items if curve is None else [evolve(item, score=curve(item.score)) for item in items]
        bound = max_error(after, error, count)
        if bound is None:
            message = f"no score keeps the share of wrong links below {error:g}; give more documents, or a larger share"
            raise DataError("gold standard", [Problem(str(gold), message)])
        settings[(*place, "config", "max_error")] = attrs.asdict(bound)
        typer.echo(f"max_error {error:g}: links from {bound.threshold:.4f} on; here {bound.wrong} of "
                   f"{many(bound.links, 'link')} are wrong, of {bound.coverage:.1%} of the mentions")  # fmt: skip
    if not settings:
        typer.echo("no curve is better; nothing is written")
        return
    typer.echo(rewrite(pipeline, output or pipeline, settings))
    if asked and made.curve is not None:
        say(f"min_confidence: {asked:g} is asked of the calibrated score from now on")


def _plain_scores(executor: DAGExecutor) -> float:
    """Let L0 link by the thresholds of stages alone; the confidence it asked for by itself."""
    component = output_node(executor.graph).component
    if missing := [name for name in _SETTINGS if not hasattr(component, name)]:
        name = output_node(executor.graph).processor
        raise InputError(f"'{name}' has no setting '{missing[0]}'; calibration is for l0_aggregator")
    asked = float(component.min_confidence)
    component.calibration, component.max_error, component.min_confidence = None, None, 0.0
    return asked


def _written(curve: Calibration | None) -> dict[str, Any] | None:
    """A curve as a file has it: nothing but what is not the default."""
    if curve is None:
        return None
    if curve.points:
        return {"points": [list(point) for point in curve.points]}
    return {"temperature": curve.temperature, **({"shift": curve.shift} if curve.shift else {})}
