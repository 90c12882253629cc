"""spaCy both ways: a recogniser for pipelines, and a pipe that links in spaCy."""

from __future__ import annotations

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_recognizers() -> Iterator[Component]:
    """The recogniser."""
    yield Component("l1_spacy", "glinker_spacy.recognizer:SpacyRecognizer", "the entities of a spaCy pipeline")


@hookimpl
def glinker_readers() -> Iterator[Component]:
    """Documents with their entities."""
    yield Component("spacy", "glinker_spacy.docbin:DocBinReader", "documents in a DocBin of spaCy", (".spacy",))


@hookimpl
def glinker_writers() -> Iterator[Component]:
    """Documents with their links."""
    yield Component("spacy", "glinker_spacy.docbin:DocBinWriter", "a DocBin of spaCy with its links", (".spacy",))
