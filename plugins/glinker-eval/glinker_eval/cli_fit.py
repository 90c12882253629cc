"""`glinker fit`: the weights of a pipeline, learnt from a gold standard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from glinker_core.cli.console import many, plugins_of, progress, say
from glinker_core.cli.opening import executor_of, load_kb
from glinker_core.source import load_source
from glinker_eval.fitting import Fit, Gain, fit
from glinker_eval.gold import read_gold
from glinker_eval.options import ChangedFile, EntitiesFile, GoldReader, PipelineFile, Quiet
from glinker_eval.rewriting import Setting, node_place, rewrite
from glinker_eval.running import output_node, taking_mentions

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="fit")
def learn_weights(
    ctx: typer.Context,
    pipeline: PipelineFile,
    gold: Annotated[Path, typer.Option("--gold", "-g", metavar="FILE", help="Gold standard; fifty documents will do.")],
    kb: EntitiesFile = None,
    form: GoldReader = "",
    output: ChangedFile = None,
    quiet: Quiet = False,
) -> None:
    """Learn the weights of a pipeline from a gold standard.

    They are those of the last node that has some, such as l4_combine or l3_lexical. What they gain is measured on
    documents they were not learnt from; if it is nothing, no file is written and the exit code is 1. A calibration that
    the file has is removed: it was for the old scores.
    """
    plugins = plugins_of(ctx)
    source = load_source(pipeline)
    standard = read_gold(gold, plugins, form)
    with progress("learning", not quiet), executor_of(pipeline, kb, plugins, taking_mentions) as executor:
        load_kb(executor, kb)
        found = fit(executor, standard)
        last = output_node(executor.graph)
        stale = [name for name in ("calibration", "max_error") if getattr(last.component, name, None) is not None]
    for line in _told(found):
        typer.echo(line)
    if not found.better:
        say(f"the weights of node '{found.node}' are not beaten; nothing is written")
        raise typer.Exit(1)
    place = node_place(source, found.node)
    settings: dict[Setting, Any] = {(*place, "config", "weights"): dict(found.new.weights)}
    if found.new.missing:
        settings[(*place, "config", "missing")] = dict(found.new.missing)
    for name in stale:
        settings[(*node_place(source, last.id), "config", name)] = None
    typer.echo(rewrite(pipeline, output or pipeline, settings))
    if stale:
        say(f"{' and '.join(stale)} removed, which were for the old scores; run: glinker calibrate")


def _told(found: Fit) -> list[str]:
    facts = found.facts
    lost = f"{many(facts.unreachable, 'of them has', 'of them have')} no right candidate"
    lines = [
        f"{many(facts.documents, 'document')}, {many(facts.mentions, 'mention')}, "
        f"{facts.linkable:,} with an entity of the knowledge base; {lost}",
        f"node {found.node}:",
    ]
    was, missing = {**found.old.weights}, found.new.missing or {}
    lines += [f"  {name:12}{was.get(name, 0.0):10.4f} -> {weight:10.4f}" for name, weight in found.new.weights.items()]
    was = {**(found.old.missing or {})}
    lines += [f"  no {name:9}{was.get(name, 0.0):10.4f} -> {weight:10.4f}" for name, weight in missing.items()]
    return [
        *lines,
        "on documents that took no part:",
        _gain("accuracy@1", found.accuracy),
        _gain("F1 of links", found.f1),
    ]


def _gain(what: str, gain: Gain) -> str:
    interval = f"90 % interval {gain.low:+.4f} to {gain.high:+.4f}"
    return f"  {what:12}{gain.before:10.4f} -> {gain.after:10.4f}   {gain.difference:+.4f}, {interval}"
