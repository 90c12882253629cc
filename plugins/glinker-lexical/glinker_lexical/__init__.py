"""The embedded default: a gazetteer that finds the names of the knowledge base and a linker without weights to load."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_recognizers() -> Iterator[Component]:
    """The gazetteer."""
    yield Component(
        "l1_gazetteer", "glinker_lexical.gazetteer:GazetteerRecognizer", "names of the knowledge base, longest first"
    )


@hookimpl
def glinker_linkers() -> Iterator[Component]:
    """The lexical linker."""
    yield Component("l3_lexical", "glinker_lexical.linker:LexicalLinker", "names, priors and word overlap, explained")


@hookimpl
def glinker_rerankers() -> Iterator[Component]:
    """The combination of scores."""
    yield Component(
        "l4_combine", "glinker_lexical.combination:CombiningReranker", "one score of all that earlier stages left"
    )
