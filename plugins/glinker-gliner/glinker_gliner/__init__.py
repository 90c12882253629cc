"""GLiNER models as layers: a zero-shot recogniser, a linker and a chunked reranker."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_recognizers() -> Iterator[Component]:
    """The zero-shot recogniser."""
    yield Component("l1_gliner", "glinker_gliner.recognizer:GlinerRecognizer", "any type of entity, from its name")


@hookimpl
def glinker_linkers() -> Iterator[Component]:
    """The linker, under GLiNKER's name and under its own."""
    for name in ("l3_batch", "l3_gliner"):
        yield Component(name, "glinker_gliner.linker:GlinerLinker", "GLiNER scores each mention's own candidates")


@hookimpl
def glinker_rerankers() -> Iterator[Component]:
    """The reranker, under GLiNKER's name and under its own."""
    for name in ("l4_reranker", "l4_gliner"):
        yield Component(name, "glinker_gliner.reranker:GlinerReranker", "GLiNER over the best candidates, in chunks")


@hookimpl
def glinker_commands() -> Iterator[Component]:
    """The table of models."""
    yield Component(
        "models", "glinker_gliner.cli:app", "List the GLiNER models by Knowledgator and the presets of them."
    )


@hookimpl
def glinker_presets() -> Iterator[Component]:
    """Pipelines of models that go together."""
    where = "glinker_gliner.catalog"
    yield Component("edge", f"{where}:EDGE", "GLiNER bi-edge and linker-base: the smallest, for any machine")
    yield Component("balanced", f"{where}:BALANCED", "GLiNER bi-small and linker-base: still quick on a CPU")
    yield Component("high-accuracy", f"{where}:HIGH_ACCURACY", "GLiNER bi-base and linker-large: better with a GPU")
    summary = "GLiNER bi-large, linker-large and reranker: for a GPU"
    yield Component("max-accuracy", f"{where}:MAX_ACCURACY", summary)
