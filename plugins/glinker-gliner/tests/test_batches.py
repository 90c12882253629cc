"""What a text gets depends neither on the texts beside it nor on how many of them go through the model at once."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker

from glinker_core.model import Mention, MentionCandidates

from .cases import ENTITIES, MAIN_KINDS, item, long_text, rows
from .conftest import TinyModel
from .reference import all_spans
from .tiny import LABELS, SENTENCES

Opened = Callable[..., Any]

HEADS = [*MAIN_KINDS, "bi_fused", "bi_marker", "bi_context"]  # the others differ in their encoders
TEXTS = [*SENTENCES[:5], "", "Java", " ", long_text(90), "\x00", SENTENCES[5], SENTENCES[0]]


def found(mentions: Sequence[Mention]) -> dict[tuple[int, int, str], float]:
    return {(one.start, one.end, one.label): one.score for one in mentions}


def close(mine: Sequence[Mention], other: Sequence[Mention]) -> bool:
    return found(mine) == pytest.approx(found(other), abs=2e-5)


@pytest.mark.parametrize("kind", HEADS)
def test_mentions_are_the_same_in_any_batch_and_order(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    def recognizer(batch_size: int) -> Any:
        layer = GlinerRecognizer(
            model=str(tiny_model(kind, max_len=40)), labels=LABELS[:4], threshold=0.6, batch_size=batch_size
        )
        return opened(layer)

    one_by_one = [recognizer(1).recognize([text])[0] for text in TEXTS]
    assert sum(map(len, one_by_one)) > 10
    for batch_size in (3, 64):
        layer = recognizer(batch_size)
        assert all(map(close, layer.recognize(TEXTS), one_by_one))
        assert all(map(close, layer.recognize(TEXTS[::-1]), one_by_one[::-1]))


def cases(model: Any) -> list[list[MentionCandidates]]:
    """A few mentions a text, each with other candidates; some with none."""
    chosen = random.Random(2)
    return [
        [
            item(text, span, chosen.sample(ENTITIES, chosen.randrange(6)))
            for span in chosen.sample(spans, min(3, len(spans)))
        ]
        for text in TEXTS
        for spans in [all_spans(model, text)]
    ]


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.filterwarnings("ignore:Sentence of length")  # said by the library when it is asked for the spans
def test_scores_are_the_same_in_any_batch_and_order(
    kind: str, tiny_model: TinyModel, library: Callable[..., Any], opened: Opened
) -> None:
    items = cases(library(kind))
    folder = str(tiny_model(kind, max_len=40))

    def scored(layer: Any, texts: list[str], some: list[list[MentionCandidates]]) -> list[list[list[float]]]:
        return [
            [next(rows([one], [c.entity for c in before.candidates])) for one, before in zip(after, own, strict=True)]
            for own, after in zip(some, layer.link(texts, some), strict=True)
        ]

    one_by_one = opened(GlinerLinker(model=folder, template="{label}", batch_size=1))
    expected = [scored(one_by_one, [text], [own])[0] for text, own in zip(TEXTS, items, strict=True)]
    assert sum(len(values) for mentions in expected for values in mentions) > 30
    for batch_size in (3, 64):
        layer = opened(GlinerLinker(model=folder, template="{label}", batch_size=batch_size))
        for texts, some, wanted in ((TEXTS, items, expected), (TEXTS[::-1], items[::-1], expected[::-1])):
            for mine, theirs in zip(scored(layer, texts, some), wanted, strict=True):
                assert len(mine) == len(theirs)
                for values, others in zip(mine, theirs, strict=True):
                    assert values == pytest.approx(others, abs=2e-5)


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_a_reranker_gives_the_same_in_any_batch(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    texts = list(SENTENCES[:6])
    items = [[item(text, (0, text.index(" ")))] for text in texts]

    def reranker(batch_size: int) -> Any:
        layer = GlinerReranker(model=str(tiny_model(kind)), template="{label}", max_labels=4, batch_size=batch_size)
        return opened(layer)

    expected = [list(rows(reranker(1).rerank([text], [own])[0])) for text, own in zip(texts, items, strict=True)]
    for batch_size in (2, 64):
        for mine, theirs in zip(reranker(batch_size).rerank(texts, items), expected, strict=True):
            assert next(rows(mine)) == pytest.approx(theirs[0], abs=2e-5)


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_a_mention_does_not_feel_the_mentions_beside_it(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    """Repeated, nested and crossing mentions, each with its own candidates, are scored as each of them alone."""
    text = SENTENCES[2]
    spans = [(0, 15), (8, 15), (8, 25), (0, 15), (26, 31)]
    items = [item(text, span, ENTITIES[at : at + 3]) for at, span in enumerate(spans)]
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))
    (together,) = linker.link([text], [items])
    for given, linked in zip(items, together, strict=True):
        ((alone,),) = linker.link([text], [[given]])
        own = [candidate.entity for candidate in given.candidates]
        assert next(rows([linked], own)) == pytest.approx(next(rows([alone], own)), abs=2e-5)
        assert {candidate.entity for candidate in linked.candidates} == set(own)
