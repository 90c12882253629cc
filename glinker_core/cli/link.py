"""`glinker link`: texts in, linked mentions out, one document at a time."""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from glinker_core.cli.console import many, plugins_of, progress, say, writing
from glinker_core.cli.documents import STDIN, read_documents
from glinker_core.cli.html import page
from glinker_core.cli.ner import MODEL, ner_pipeline
from glinker_core.cli.opening import executor_of, load_kb
from glinker_core.cli.output import LABELS, LINKS, TABLE, Sink, table, writer_for, written
from glinker_core.cli.tally import Tally
from glinker_core.entities import OnError
from glinker_core.errors import InputError
from glinker_core.executor import DAGExecutor
from glinker_core.model import LinkedDocument


def link(
    ctx: typer.Context,
    texts: Annotated[list[str] | None, typer.Argument(metavar="TEXT", help="Texts to link.")] = None,
    pipeline: Annotated[
        Path | None,
        typer.Option(
            "--pipeline", "-p", metavar="FILE", help="Pipeline file; without it names, priors and context decide."
        ),
    ] = None,
    kb: Annotated[
        Path | None,
        typer.Option("--kb", "-k", metavar="FILE", help="Knowledge base: a store file, or a file of entities."),
    ] = None,
    inputs: Annotated[
        list[Path] | None,
        typer.Option("--input", "-i", metavar="FILE", help="File of documents; - is stdin. May be repeated."),
    ] = None,
    input_format: Annotated[
        str, typer.Option(help="Reader of the input, such as jsonl; by the ending of the file, text for stdin.")
    ] = "",
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the result to this file.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write a page with highlighted links, too.")
    ] = None,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="NAME",
            help="Writer of the output, or table; by the ending of the file, a table on a terminal, else jsonl.",
        ),
    ] = "",
    on_error: Annotated[OnError, typer.Option(help="What to do with documents that are bad or fail.")] = "raise",
    batch_size: Annotated[int, typer.Option(min=1, help="Documents per batch.")] = 32,
    workers: Annotated[int, typer.Option(min=1, help="Batches in work at a time.")] = 1,
    all_candidates: Annotated[
        bool, typer.Option("--all-candidates", help="Show all candidates, not the link only.")
    ] = False,
    ner_only: Annotated[
        bool, typer.Option("--ner-only", help="Find mentions and their labels; link nothing, ask no knowledge base.")
    ] = False,
    labels: Annotated[
        str, typer.Option("--labels", metavar="LABEL,...", help="With --ner-only: types to find, such as person,city.")
    ] = "",
    model: Annotated[
        str,
        typer.Option("--model", metavar="ID_OR_PATH", help=f"With --ner-only: the GLiNER model. [default: {MODEL}]"),
    ] = "",
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Link texts to the entities of a knowledge base.

    Texts come from the arguments, from files, or from stdin. A file of JSON lines may give the mentions of its
    documents as "entities", for pipelines that take them. With --on-error skip, what is bad is listed and the rest is
    linked. With --ner-only the L1 nodes of the pipeline run, or a GLiNER model that finds the --labels.
    """
    plugins = plugins_of(ctx)
    if output is not None and html is not None and html.resolve() == output.resolve():
        raise InputError(f"--output and --html both name {html}; give two files")
    if ner_only and (kb is not None or all_candidates):
        raise InputError(f"{'--all-candidates' if kb is None else '--kb'}: --ner-only links nothing; leave one out")
    if not ner_only and (labels or model):
        raise InputError(f"{'--labels' if labels else '--model'} goes with --ner-only")
    skipped: Counter[str] = Counter()
    documents = read_documents(texts or [], _inputs(texts, inputs), input_format, plugins, on_error, skipped)
    reads = [path for path in (pipeline, kb, *(inputs or ())) if path is not None]
    with ExitStack() as stack:
        stream = stack.enter_context(writing(output, reads))
        on_terminal = output is None and sys.stdout.isatty()
        as_table = form == TABLE or (not form and on_terminal)
        writes = None if as_table else writer_for(output, form, plugins)
        with progress("loading", not quiet):
            executor = stack.enter_context(
                DAGExecutor(ner_pipeline(pipeline, labels, model), plugins=plugins)
                if ner_only
                else executor_of(pipeline, kb, plugins)
            )
            load_kb(executor, kb, on_error)
            shows_all = _show_candidates(executor, all_candidates, html is not None)
            # no texts, but components derive from the knowledge base what they need of it: that is loading, not linking
            executor.execute({"texts": [], "entities": []})
        if writes is None:
            sinks = [table(stream, LABELS if ner_only else LINKS)]
        else:
            sinks = [stack.enter_context(written(stream, writes, shows_all))]
        if html is not None:
            sinks.append(stack.enter_context(page(stack.enter_context(writing(html, reads)), executor.graph.name)))
        tell = stack.enter_context(progress("linking", not quiet and not on_terminal))
        tally = _run(executor.stream(documents, batch_size, workers, on_error), sinks, tell)
        counters = skipped + executor.counters
    if not quiet:
        say(tally.summary(counters, linking=not ner_only))


def _inputs(texts: list[str] | None, inputs: list[Path] | None) -> list[Path]:
    """The files to read; stdin, where neither texts nor files are given."""
    for text in texts or ():
        if os.path.isfile(text):  # noqa: PTH113  # a text can be what Path.is_file() fails on: too long for a name
            say(f"'{text}' is linked as a text; to link the file of that name write --input {text}")
    if texts or inputs:
        return inputs or []
    if sys.stdin.isatty():
        raise InputError("nothing to link; give texts, --input FILE, or something on stdin")
    return [STDIN]


def _show_candidates(executor: DAGExecutor, wanted: bool, html: bool) -> bool:
    """Let the aggregator keep all candidates if they are wanted; whether the output is to show them."""
    components = [node.component for node in executor.graph.nodes if node.layer.name == "aggregator"]
    able = [component for component in components if hasattr(component, "return_all_candidates")]
    if wanted and not able:
        raise InputError(f"--all-candidates: no node of '{executor.graph.name}' has a setting return_all_candidates")
    shown = wanted or any(component.return_all_candidates for component in able)
    for component in able:
        component.return_all_candidates = shown or html
    return shown


def _run(documents: Iterable[LinkedDocument], sinks: list[Sink], tell: Callable[[str], None]) -> Tally:
    """Give each document to each sink; what the sinks take is no part of the time."""
    tally, aside = Tally(), 0.0
    for document in documents:
        began = time.thread_time()
        tally.add(document)
        for sink in sinks:
            sink(document)
        tell(many(tally.documents, "document"))
        aside += time.thread_time() - began
    tally.stop(aside)
    return tally
