"""`glinker kb learn-priors`: how often each name meant which entity, learnt from a gold standard."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glinker_core.cli.console import many, plugins_of, progress, say
from glinker_core.cli.kb import StoreFile, StoreType, must_exist, opened_store
from glinker_core.entities import OnError
from glinker_eval.gold import read_gold
from glinker_eval.options import GoldReader, Quiet, tell_finding
from glinker_eval.priors import learn_priors

app = typer.Typer(add_completion=False, rich_markup_mode=None)

_SHOWN = 10  # ids that the store does not have


@app.command(name="learn-priors")
def learn(
    ctx: typer.Context,
    gold: Annotated[Path, typer.Argument(metavar="GOLD", help="Documents with mentions and what they mean.")],
    store: StoreFile,
    store_type: StoreType = "",
    form: GoldReader = "",
    add: Annotated[
        bool, typer.Option("--add", help="Add to the priors that are there rather than replace them.")
    ] = False,
    names: Annotated[bool, typer.Option("--names", help="What entities are called becomes a name of them.")] = False,
    on_error: Annotated[OnError, typer.Option(help="What to do with gold that is wrong: skip counts it.")] = "raise",
    quiet: Quiet = False,
) -> None:
    """Learn from annotated documents how often a name means which entity, and write it into the store.

    Linkers such as l3_lexical take it for the prior of an entity given a name. It is one transaction. Entities that
    change lose their vectors; run glinker embed where they have some.
    """
    plugins = plugins_of(ctx)
    must_exist(store)
    standard = read_gold(gold, plugins, form, on_error)
    with opened_store(store, store_type, plugins) as opened, progress("learning", not quiet):
        found = learn_priors(opened, standard, add, names)
    for finding in found.findings:
        tell_finding(finding)
    if found.absent:
        shown = ", ".join(f"{one} ({count:,})" for one, count in list(found.absent.items())[:_SHOWN])
        more = f", and {len(found.absent) - _SHOWN:,} more" if len(found.absent) > _SHOWN else ""
        say(f"{many(len(found.absent), 'id is', 'ids are')} not in {store}, with their mentions: {shown}{more}")
    learnt = [
        f"{many(found.priors, 'prior')} of {many(found.entities, 'entity', 'entities')}",
        *([f"{many(found.names, 'name')} added"] if names else []),
        *([f"those of {many(found.forgotten, 'other entity', 'other entities')} forgotten"] if found.forgotten else []),
    ]
    read = f"{many(found.documents, 'document')}, {many(found.mentions, 'mention')} of its entities"
    typer.echo(f"{store}: {read}: {', '.join(learnt)}")
