"""`glinker eval`: a pipeline measured against a gold standard."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from glinker_core.cli.console import many, plugins_of, progress, say, writing
from glinker_core.cli.opening import executor_of, load_kb
from glinker_core.entities import OnError
from glinker_core.errors import InputError
from glinker_core.source import Source
from glinker_eval.comparing import compare
from glinker_eval.counting import Match, Task
from glinker_eval.evaluation import Setup, evaluate
from glinker_eval.gold import read_gold
from glinker_eval.options import GoldReader, Quiet, tell_finding
from glinker_eval.records import as_plain, plain, read_record
from glinker_eval.report import html_of, html_of_comparison
from glinker_eval.running import MentionSource, reads_mentions, taking_mentions
from glinker_eval.tables import show, show_comparison

app = typer.Typer(add_completion=False, rich_markup_mode=None)


@app.command(name="eval")
def measure(
    ctx: typer.Context,
    pipeline: Annotated[
        Path | None, typer.Argument(metavar="PIPELINE", help="Pipeline file; without it the embedded default.")
    ] = None,
    gold: Annotated[Path | None, typer.Option("--gold", "-g", metavar="FILE", help="Gold standard.")] = None,
    kb: Annotated[
        Path | None,
        typer.Option("--kb", "-k", metavar="FILE", help="Knowledge base: a store file, or a file of entities."),
    ] = None,
    form: GoldReader = "",
    task: Annotated[
        Task, typer.Option(help="md: find mentions; ed: link those of the gold standard; el: both at once.")
    ] = "el",
    match: Annotated[Match, typer.Option(help="Spans must be equal, or only overlap.")] = "strong",
    mentions: Annotated[
        MentionSource | None,
        typer.Option(help="Who finds the mentions. By default the pipeline, but for ed, and where it takes them."),
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all figures and settings to this file.")
    ] = None,
    page: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with plots and errors to this file.")
    ] = None,
    compared: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--compare", metavar="A.json B.json", help="Instead: compare what --json wrote of two evaluations."
        ),
    ] = None,
    on_error: Annotated[
        OnError, typer.Option(help="What to do with gold that is wrong and documents that fail: skip counts them.")
    ] = "raise",
    gaps: Annotated[
        bool, typer.Option(help="Run again with each stage perfect, to tell what it costs; takes about a run for each.")
    ] = True,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents per batch.")] = 32,
    quiet: Quiet = False,
) -> None:
    """Measure a pipeline against a gold standard.

    Counts are those of GERBIL, macro figures means over documents. All that is wrong with the gold standard is told
    before anything is scored; with --on-error skip it is counted and left out. With --compare nothing is measured: two
    evaluations of one gold standard are compared, document by document.
    """
    if compared is not None:
        _alone(ctx, "compared", "report", "page")
        _compare(compared, report, page)
        return
    if gold is None:
        raise InputError("give --gold FILE to measure against, or --compare A.json B.json")
    plugins = plugins_of(ctx)
    if task == "ed" and mentions is None:
        mentions = "gold"
    Setup(task, match, mentions or "own")  # what does not go together is said before anything is read
    standard = read_gold(gold, plugins, form, on_error)
    hashes: list[str] = []

    def changed(source: Source) -> Source:
        hashes.append(source.digest)
        return taking_mentions(source) if mentions == "gold" else source

    with ExitStack() as stack:
        with progress("loading", not quiet):
            executor = stack.enter_context(executor_of(pipeline, kb, plugins, changed))
            load_kb(executor, kb, on_error)
        setup = Setup(task, match, mentions or ("gold" if reads_mentions(executor) else "own"))
        with progress("linking", not quiet) as tell:
            evaluation = evaluate(
                executor,
                standard,
                setup,
                batch_size=batch_size,
                on_error=on_error,
                gaps=gaps,
                pipeline_hash=hashes[0],
                tell=lambda done: tell(many(done, "document")),
            )
    for finding in evaluation.findings:
        tell_finding(finding)
    for failed in evaluation.outcome.failed:
        say(f"document {failed} failed; all of it counts as missed")
    show(evaluation, sys.stdout)
    reads = [path for path in (pipeline, kb, gold) if path is not None]
    _write(report, page, reads, plain(evaluation), lambda: html_of(evaluation))


def _alone(ctx: typer.Context, option: str, *others: str) -> None:
    """Refuse what says nothing beside an option."""
    parameters = {parameter.name: parameter for parameter in ctx.command.params}
    given = [name for name in parameters if str(ctx.get_parameter_source(str(name))).endswith("COMMANDLINE")]
    if besides := [parameters[name].opts[0] for name in given if name not in (option, *others)]:
        raise InputError(f"{parameters[option].opts[0]} takes what is measured already; leave out {', '.join(besides)}")


def _compare(paths: tuple[Path, Path], report: Path | None, page: Path | None) -> None:
    comparison = compare(*map(read_record, paths))
    show_comparison(comparison, sys.stdout)
    _write(report, page, paths, as_plain(comparison), lambda: html_of_comparison(comparison))


def _write(
    report: Path | None, page: Path | None, reads: Sequence[Path], record: dict[str, Any], made: Callable[[], str]
) -> None:
    if report is not None:
        with writing(report, reads) as stream:
            stream.write(json.dumps(record, ensure_ascii=True, indent=1) + "\n")
    if page is not None:
        with writing(page, reads) as stream:
            stream.write(made())
