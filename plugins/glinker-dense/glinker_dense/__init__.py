"""Sentence encoders as layers: a retriever that finds by meaning, a linker, and a cross-encoder over the best."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_retrievers() -> Iterator[Component]:
    """The dense retriever."""
    yield Component("l2_dense", "glinker_dense.retriever:DenseRetriever", "entities whose text means what is said here")


@hookimpl
def glinker_linkers() -> Iterator[Component]:
    """The encoder linker."""
    yield Component(
        "l3_encoder", "glinker_dense.linker:EncoderLinker", "meaning in context, names and priors, explained"
    )


@hookimpl
def glinker_rerankers() -> Iterator[Component]:
    """The cross-encoder."""
    yield Component(
        "l4_cross_encoder", "glinker_dense.cross:CrossEncoderReranker", "reads the best candidates beside the text"
    )
