"""What each component answers, as text: run in processes of different hash seeds to find what depends on one."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker

from glinker_core.resources import Resources
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.items import arguments, items_of
from glinker_core.testing.texts import TEXTS


def answers(bi: str, uni: str) -> Iterator[str]:
    """One line per component, over models of two folders; scores as far as they do not depend on the processor."""
    labels = ["person", "city", "country", "planet"]
    items = items_of(TEXTS, ENTITIES)
    for recognizer in (
        GlinerRecognizer(model=bi, labels=labels, threshold=0.5, flat_ner=False),
        GlinerRecognizer(model=uni, labels=labels, threshold=0.5),
    ):
        recognizer.open(Resources())
        found = recognizer.recognize(**arguments(recognizer, "recognize", items))
        yield repr([[(one.start, one.end, one.label, f"{one.score:.3f}") for one in some] for some in found])
    linker, reranker = GlinerLinker(model=bi), GlinerReranker(model=uni, max_labels=2)
    linker.open(Resources())
    reranker.open(Resources())
    given = arguments(linker, "link", items)
    for linked in (linker.link(**given), reranker.rerank(**given)):
        yield repr([[[(c.entity_id, f"{c.score:.3f}") for c in one.candidates] for one in some] for some in linked])


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in answers(*sys.argv[1:]))
