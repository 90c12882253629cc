"""Offers the recogniser `l1_shouting`; imports nothing else, so that listing plugins stays quick."""

from collections.abc import Iterator

from glinker_core.hookspecs import Component, hookimpl


@hookimpl
def glinker_recognizers() -> Iterator[Component]:
    """Words in capitals."""
    yield Component("l1_shouting", "glinker_shouting.recognizer:ShoutingRecognizer", "words in capitals")
