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

from glinker_core.bulk.worker import Job
from glinker_core.cli.bulk import Options, link_into
from glinker_core.cli.console import many, plugins_of, progress, say, writing
from glinker_core.cli.documents import STDIN, read_inputs
from glinker_core.cli.html import page
from glinker_core.cli.ner import MODEL, ner_pipeline
from glinker_core.cli.opening import check_kb, entities_of, load_kb, source_of
from glinker_core.cli.output import LABELS, LINKS, TABLE, Sink, ending_of, table, writer_for, written
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
        typer.Option(
            "--input", "-i", metavar="FILE", help="File, folder or pattern of documents; - is stdin. May be repeated."
        ),
    ] = None,
    input_format: Annotated[
        str, typer.Option(help="Reader of the input, such as jsonl; by the ending of the file, text for stdin.")
    ] = "",
    text_column: Annotated[str, typer.Option(help="Column or key of the text. [default: text]")] = "",
    id_column: Annotated[str, typer.Option(help="Column or key of the id. [default: id]")] = "",
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
    on_error: Annotated[
        OnError | None,
        typer.Option(help="What to do with documents that are bad or fail. [default: raise; with --into skip]"),
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Documents per batch.")] = 32,
    workers: Annotated[int, typer.Option(min=1, help="Batches, with --into parts, in work at a time.")] = 1,
    into: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Write parts into this folder, by a run that can be stopped and resumed."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="With --into: go on with what was stopped.")] = False,
    retry: Annotated[
        bool, typer.Option("--retry-failed", help="With --into: link the documents that failed once more.")
    ] = False,
    accept: Annotated[
        bool, typer.Option("--accept-changes", help="Go on although pipeline, entities or versions have changed.")
    ] = False,
    engine: Annotated[
        str, typer.Option(help="With --into: who works: threads, processes, or what a plugin brings.")
    ] = "threads",
    part_size: Annotated[int, typer.Option(min=1, help="With --into: documents in a part.")] = 1000,
    profile: Annotated[
        Path | None,
        typer.Option(metavar="FILE.svg", help="With --into: say where the time went, and draw it into this file."),
    ] = None,
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
    linked. With --ner-only the L1 nodes of the pipeline run, or a GLiNER model that finds the --labels. With --into
    each document is written once, whenever the run was stopped; those that failed stand in files of their own.
    """
    plugins = plugins_of(ctx)
    _check_options(output, html, ner_only, kb, all_candidates, labels, model)
    source = ner_pipeline(pipeline, labels, model) if ner_only else source_of(pipeline, kb)
    columns = {name: column for name, column in (("text", text_column), ("id", id_column)) if column}
    named = _inputs(texts, inputs) if not retry else []
    documents = read_inputs(texts or [], named, input_format, columns, plugins)
    if into is not None:
        if output is not None or html is not None:
            raise InputError("--into writes parts into a folder; leave out --output and --html")
        if not ner_only:
            check_kb(pipeline, kb)
        options = Options(into, engine, workers, part_size, resume, retry, accept, profile, quiet)
        writer = form or "jsonl"
        job = Job(
            source,
            into,
            writer,
            ending_of(writer, plugins),
            entities=None if ner_only else entities_of(kb),
            all_candidates=all_candidates,
            batch_size=batch_size,
            on_error=on_error or "skip",
        )
        link_into(options, job, documents, plugins)
        return
    if resume or retry or accept or profile is not None:
        raise InputError("--resume, --retry-failed, --accept-changes and --profile go with --into FOLDER")
    policy, skipped = on_error or "raise", Counter[str]()
    reads = [path for path in (pipeline, kb, *(inputs or ())) if path is not None]
    with ExitStack() as stack:
        stack.callback(documents.close)
        stream = stack.enter_context(writing(output, reads))
        on_terminal = output is None and sys.stdout.isatty()
        as_table = form == TABLE or (not form and on_terminal)
        writes = None if as_table else writer_for(output, form, plugins)
        with progress("loading", not quiet):
            executor = stack.enter_context(DAGExecutor(source, plugins=plugins))
            if not ner_only:
                check_kb(pipeline, kb)
                load_kb(executor, kb, policy)
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
        found = documents.documents(policy, skipped)
        tally = _run(executor.stream(found, batch_size, workers, policy), sinks, tell)
        counters = skipped + executor.counters
    if not quiet:
        say(tally.summary(counters, linking=not ner_only))


def _check_options(
    output: Path | None,
    html: Path | None,
    ner_only: bool,
    kb: Path | None,
    all_candidates: bool,
    labels: str,
    model: str,
) -> None:
    if output is not None and html is not None and html.resolve() == output.resolve():
        raise InputError(f"--output and --html both name {html}; give two files")
    if ner_only and (kb is not None or all_candidates):
        raise InputError(f"{'--all-candidates' if kb is None else '--kb'}: --ner-only links nothing; leave one out")
    if not ner_only and (labels or model):
        raise InputError(f"{'--labels' if labels else '--model'} goes with --ner-only")


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
