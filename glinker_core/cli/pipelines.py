"""`glinker init`, `check`, `graph` and `schema`: pipeline files without running them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from glinker_core.cli.console import labels_of, plugins_of, say, writing
from glinker_core.cli.defaults import preset_template, template
from glinker_core.config import INPUT
from glinker_core.errors import InputError
from glinker_core.files import write_text
from glinker_core.graph import Graph, Node, build
from glinker_core.layers import DeclaresStores
from glinker_core.schema import pipeline_schema
from glinker_core.source import load_source

PipelineFile = Annotated[Path, typer.Argument(metavar="PIPELINE", help="Pipeline file.")]


def init(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to write it.")] = Path("pipeline.yaml"),
    preset: Annotated[
        str, typer.Option("--preset", metavar="NAME", help="A pipeline that a plugin offers; see glinker plugins.")
    ] = "",
    labels: Annotated[
        str, typer.Option("--labels", metavar="LABEL,...", help="Types the preset is to look for, such as person,city.")
    ] = "",
) -> None:
    """Write a pipeline file with comments to start from.

    Without --preset it is the pipeline that glinker link runs without --pipeline. A file that is there is not
    overwritten.
    """
    if labels and not preset:
        raise InputError("--labels goes with --preset")
    if file.exists():
        raise InputError(f"{file}: is there already; name another file, or remove it")
    if not file.parent.is_dir():
        raise InputError(f"{file}: there is no folder '{file.parent}'")
    choices = {"labels": labels_of(labels)} if labels else {}
    write_text(file, preset_template(plugins_of(ctx), preset, **choices) if preset else template())
    typer.echo(f"{file} written; next: glinker check {file}")


def check(ctx: typer.Context, pipeline: PipelineFile) -> None:
    """Say everything that is wrong with a pipeline file.

    Nothing is opened or loaded: neither stores nor models.
    """
    graph = _graph(ctx, pipeline)
    for warning in graph.warnings:
        say(f"warning: {warning}")
    typer.echo(f"ok: {' -> '.join(f'{node.id} ({node.processor})' for node in graph.nodes)}")


def graph(
    ctx: typer.Context,
    pipeline: PipelineFile,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid flowchart.")] = False,
) -> None:
    """Show the nodes of a pipeline and what each reads.

    Nodes stand in the order in which they run.
    """
    lines = _mermaid if mermaid else _plain
    for line in lines(_graph(ctx, pipeline)):
        typer.echo(line)


def schema(
    ctx: typer.Context,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write to this file.")] = None,
) -> None:
    """Write the JSON Schema of pipeline files, for editors.

    It knows exactly the plugins that are installed.
    """
    with writing(output) as stream:
        stream.write(json.dumps(pipeline_schema(plugins_of(ctx)), indent=2) + "\n")


def _graph(ctx: typer.Context, pipeline: Path) -> Graph:
    return build(load_source(pipeline), plugins_of(ctx))


def _plain(graph: Graph) -> Iterator[str]:
    rows = [(node.id, node.processor, _reads(node)) for node in graph.nodes]
    ids, processors = (max(len(row[column]) for row in rows) for column in (0, 1))
    yield f"{graph.name}"
    for node_id, processor, reads in rows:
        yield f"  {node_id:{ids}}  {processor:{processors}}  {reads}"
    for name, spec in graph.store_specs.items():
        users = [node.id for node in graph.nodes if name in _stores(node)]
        kind = "cache" if name in graph.caches else "store"
        yield f"  {kind} {name} ({spec.type}) of {', '.join(users) or 'the pipeline'}"


def _reads(node: Node) -> str:
    ports = [
        f"{port} from {', '.join(ref.node or INPUT for ref in refs)}" for port, refs in node.inputs.items() if refs
    ]
    return "; ".join(ports)


def _stores(node: Node) -> list[str]:
    component = node.component
    return [spec.name for spec in component.declared_stores()] if isinstance(component, DeclaresStores) else []


def _mermaid(graph: Graph) -> Iterator[str]:
    names = {node.id: f"n{number}" for number, node in enumerate(graph.nodes)}
    stores = {name: f"s{number}" for number, name in enumerate(graph.store_specs)}
    yield "flowchart LR"
    yield "    input([input])"
    for node in graph.nodes:
        yield f'    {names[node.id]}["{_quoted(node.id)}<br>{_quoted(node.processor)}"]'
    for name, spec in graph.store_specs.items():
        yield f'    {stores[name]}[("{_quoted(name)}<br>{_quoted(spec.type)}")]'
    for node in graph.nodes:
        for source, ports in _sources(node).items():
            yield f"    {names[source] if source else 'input'} -- {', '.join(ports)} --> {names[node.id]}"
        for name in _stores(node):
            yield f"    {stores[name]} --- {names[node.id]}"


def _sources(node: Node) -> dict[str | None, list[str]]:
    sources: dict[str | None, list[str]] = {}
    for port, refs in node.inputs.items():
        for ref in refs:
            sources.setdefault(ref.node, []).append(port)
    return sources


def _quoted(text: str) -> str:
    return text.replace("&", "#amp;").replace('"', "#quot;").replace("<", "#lt;").replace(">", "#gt;")
