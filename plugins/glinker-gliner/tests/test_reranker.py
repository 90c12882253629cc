"""Candidates that are asked in chunks, because the model reads them beside the text: rounds, and what they decide."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_gliner.reranker import GlinerReranker

from glinker_core.model import Entity, MentionCandidates, evolve
from glinker_core.resources import Resources

from .cases import ENTITIES, MERCURY, QUEEN, TEXT, item, rows, scores
from .conftest import TinyModel
from .reference import library_scores
from .tiny import LABELS, SENTENCES

Opened = Callable[..., Any]
Asked = list[list[str]]

MANY = tuple(Entity(f"q{number}", f"{LABELS[number % 15]} {number}") for number in range(500))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The labels of each prompt that models read."""
    prompts: Asked = []
    plain = Model.prompt

    def noted(self: Model, windows: Any, labels: Sequence[Sequence[str]], batch_size: int) -> Any:
        prompts.extend(map(list, labels))
        return plain(self, windows, labels, batch_size)

    monkeypatch.setattr(Model, "prompt", noted)
    return prompts


@pytest.mark.parametrize("kind", ["uni", "uni_token", "bi_fused"])
def test_one_chunk_has_the_scores_of_the_library(
    kind: str, tiny_model: TinyModel, library: Any, opened: Opened, asked: Asked
) -> None:
    reranker = opened(GlinerReranker(model=str(tiny_model(kind)), template="{label}", max_labels=15))
    ((linked,),) = reranker.rerank([TEXT], [[item(TEXT, MERCURY)]])
    assert asked == [list(LABELS)]
    assert next(rows([linked])) == pytest.approx(library_scores(library(kind), TEXT, [MERCURY], LABELS)[0], abs=1e-5)


@pytest.mark.parametrize("kind", ["uni", "uni_token"])
def test_the_winners_of_the_chunks_meet_and_score_as_the_library_scores_them_together(
    kind: str, tiny_model: TinyModel, library: Any, opened: Opened, asked: Asked
) -> None:
    reranker = opened(GlinerReranker(model=str(tiny_model(kind)), template="{label}", max_labels=6))
    ((linked,),) = reranker.rerank([TEXT], [[item(TEXT, MERCURY)]])
    assert sorted(map(len, asked[:-1])) == [5, 5, 5]
    assert len(asked[-1]) == 6
    first: dict[str, float] = {}
    for chunk in asked[:-1]:
        first |= zip(chunk, said(library(kind), chunk), strict=True)
    for chunk in asked[:-1]:  # the two best of each chunk go on
        assert set(sorted(chunk, key=lambda label: -first[label])[:2]) <= set(asked[-1])
    last = dict(zip(asked[-1], said(library(kind), asked[-1]), strict=True))
    found = {candidate.label: candidate.score for candidate in linked.candidates}
    assert {label: found[label] for label in last} == pytest.approx(last, abs=1e-5)
    behind = {label: min(score, min(last.values())) for label, score in first.items() if label not in last}
    assert {label: found[label] for label in behind} == pytest.approx(behind, abs=1e-5)


def said(model: Any, labels: Sequence[str]) -> list[float]:
    return library_scores(model, TEXT, [MERCURY], labels)[0]


@pytest.mark.parametrize("layer", [GlinerReranker, GlinerLinker])
@pytest.mark.parametrize("max_labels", [2, 20, 100, 1000])
def test_five_hundred_candidates_meet_in_rounds_and_none_is_lost(
    layer: Any, max_labels: int, tiny_model: TinyModel, library: Any, opened: Opened, asked: Asked
) -> None:
    more = {"max_candidates": 500} if layer is GlinerReranker else {}
    scorer = opened(layer(model=str(tiny_model("uni")), template="{label}", max_labels=max_labels, **more))
    score = scorer.rerank if layer is GlinerReranker else scorer.link
    ((linked,),) = score([TEXT], [[item(TEXT, MERCURY, MANY)]])
    assert set(scores(linked)) == {entity.entity_id for entity in MANY}
    assert all(len(chunk) <= max_labels for chunk in asked)
    assert max(map(len, asked)) > min(max_labels, 20) / 2
    assert {label for chunk in asked for label in chunk} == {entity.label for entity in MANY}
    final, found = asked[-1], {candidate.label: candidate.score for candidate in linked.candidates}
    assert [found[label] for label in final] == pytest.approx(said(library("uni"), final), abs=1e-5)
    assert linked.candidates[0].label in final
    assert max(found[label] for label in found.keys() - set(final)) <= min(found[label] for label in final)


def test_one_label_at_a_time_has_the_score_of_that_label_alone(
    tiny_model: TinyModel, library: Any, opened: Opened, asked: Asked
) -> None:
    reranker = opened(GlinerReranker(model=str(tiny_model("uni")), template="{label}", max_labels=1))
    ((linked,),) = reranker.rerank([TEXT], [[item(TEXT, MERCURY)]])
    assert asked == [[label] for label in LABELS]
    expected = [said(library("uni"), [label])[0] for label in LABELS]
    assert next(rows([linked])) == pytest.approx(expected, abs=1e-5)


def test_mentions_are_asked_apart_in_one_run_of_the_model(
    tiny_model: TinyModel, opened: Opened, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs: list[int] = []
    plain = Model._prompt
    monkeypatch.setattr(Model, "_prompt", lambda self, pairs: runs.append(len(pairs)) or plain(self, pairs))
    reranker = opened(GlinerReranker(model=str(tiny_model("uni")), template="{label}", max_labels=5, batch_size=64))
    reranker.rerank([TEXT], [[item(TEXT, MERCURY, ENTITIES[:3]), item(TEXT, QUEEN, ENTITIES[1:4])]])
    assert sorted(asked) == sorted([[e.label for e in ENTITIES[:3]], [e.label for e in ENTITIES[1:4]]])
    assert runs == [2]


def test_labels_that_read_alike_are_asked_once(tiny_model: TinyModel, opened: Opened, asked: Asked) -> None:
    homonyms = [Entity(f"q{number}", "Paris") for number in range(30)]
    reranker = opened(GlinerReranker(model=str(tiny_model("uni")), template="{label}"))
    ((linked,),) = reranker.rerank([TEXT], [[item(TEXT, QUEEN, [*homonyms, ENTITIES[0]])]])
    assert asked == [["Paris", "person"]]
    assert len({scores(linked)[entity.entity_id] for entity in homonyms}) == 1


@pytest.mark.parametrize("kind", ["uni", "bi"])
def test_defect_j_the_best_of_the_linker_are_scored_again_and_the_rest_stays_behind(
    kind: str, tiny_model: TinyModel, opened: Opened
) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    linked = linker.link([TEXT], [[item(TEXT, MERCURY), item(TEXT, QUEEN, ENTITIES[:2])]])
    layer = GlinerReranker(model=str(tiny_model(kind, seed=3)), template="{label}", max_candidates=4, threshold=0.2)
    ((many, few),) = opened(layer).rerank([TEXT], linked)
    before = linked[0][0].candidates
    assert {c.entity_id for c in many.candidates[:4]} == {c.entity_id for c in before[:4]}
    assert [c.entity_id for c in many.candidates[4:]] == [c.entity_id for c in before[4:]]
    assert all(list(c.scores) == ["l2", "l3", "l4"] for c in (*many.candidates[:4], *few.candidates))
    assert all(list(c.scores) == ["l2", "l3"] for c in many.candidates[4:])
    values = [c.score for c in many.candidates[:4]]
    assert values == sorted(values, reverse=True)
    assert many.threshold == few.threshold == 0.2


@pytest.mark.parametrize("kind", ["uni", "bi"])
def test_a_mention_without_candidates_stays_without(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    reranker = opened(GlinerReranker(model=str(tiny_model(kind))))
    bare = MentionCandidates(item(TEXT, MERCURY).mention)
    ((after, other), nothing) = reranker.rerank([TEXT, ""], [[bare, item(TEXT, QUEEN)], []])
    assert (after.candidates, nothing) == ((), ())
    assert len(other.candidates) == len(ENTITIES)


def test_chunks_of_a_long_text_are_asked_in_the_window_of_the_mention(tiny_model: TinyModel, opened: Opened) -> None:
    """What the labels take of the window is not the same for each chunk; the mention is found in any of them."""
    text = " ".join(SENTENCES)
    start = text.index("Turkey")
    resources = Resources()
    reranker = GlinerReranker(model=str(tiny_model("uni", window=80)), template="{label}", max_labels=4)
    ((linked,),) = opened(reranker, resources).rerank([text], [[item(text, (start, start + 6))]])
    assert all(0 < score < 1 for score in scores(linked).values())
    assert not resources.counters


def test_chunks_are_smaller_where_labels_would_take_the_window_from_the_text(
    tiny_model: TinyModel, opened: Opened, asked: Asked
) -> None:
    """Long descriptions in a short window: at the end two labels at a time, or each of them alone."""
    water = "a natural stream of fresh water "
    long = [evolve(entity, description=water * (1 + number % 3)) for number, entity in enumerate(MANY[:40])]
    for window in (512, 128, 64):
        asked.clear()
        layer = GlinerReranker(model=str(tiny_model("uni", window=window)), template="{label}: {description}")
        ((linked,),) = opened(layer).rerank([TEXT], [[item(TEXT, MERCURY, long)]])
        assert set(scores(linked)) == {entity.entity_id for entity in long}
        assert all(0 < score < 1 for score in scores(linked).values())
        assert max(map(len, asked)) == {512: 7, 128: 2, 64: 1}[window]


@pytest.mark.parametrize("layer", [GlinerReranker, GlinerLinker])
def test_the_text_of_an_entity_that_fills_a_window_is_cut_and_counted(
    layer: Any, tiny_model: TinyModel, library: Any, opened: Opened, asked: Asked
) -> None:
    """The others of its batch are not touched, and what is left of it scores as the library scores that."""
    resources = Resources()
    scorer = layer(model=str(tiny_model("uni", window=40)), template="{label}: {description}")
    score = opened(scorer, resources).rerank if layer is GlinerReranker else opened(scorer, resources).link
    long = evolve(ENTITIES[0], description="a natural stream of fresh water " * 20)
    ((linked, other),) = score([TEXT], [[item(TEXT, MERCURY, [long]), item(TEXT, QUEEN, ENTITIES[1:3])]])
    ((cut,), _) = sorted(asked, key=len)
    assert cut.startswith("person: a natural stream")
    assert f"{long.label}: {long.description}".startswith(cut)
    assert linked.candidates[0].entity == long
    assert resources.counters == {"entity texts cut to what the model reads beside a text": 1}
    ((alone,),) = score([TEXT], [[item(TEXT, QUEEN, ENTITIES[1:3])]])
    assert scores(other) == scores(alone)
    assert next(rows([linked], [long])) == pytest.approx(
        library_scores(library("uni", window=40), TEXT, [MERCURY], [cut])[0], abs=1e-5
    )


def test_homonyms_that_are_mentioned_twice_are_asked_once(tiny_model: TinyModel, opened: Opened, asked: Asked) -> None:
    """A window with the same labels is one prompt, whichever of its mentions they are candidates of."""
    reranker = opened(GlinerReranker(model=str(tiny_model("uni")), template="{label}", max_labels=6))
    (together,) = reranker.rerank([TEXT], [[item(TEXT, MERCURY), item(TEXT, QUEEN), item(TEXT, QUEEN, ENTITIES[:3])]])
    assert len(asked) == 3 + 2 + 1  # three chunks, a last round each of what is best for either, and the other's own
    for one, span, own in zip(together, (MERCURY, QUEEN, QUEEN), (ENTITIES, ENTITIES, ENTITIES[:3]), strict=True):
        ((alone,),) = reranker.rerank([TEXT], [[item(TEXT, span, own)]])
        assert scores(one) == pytest.approx(scores(alone), abs=2e-6)


@pytest.mark.parametrize(("kind", "said"), [("bi", 1), ("uni", 0)])
def test_a_linker_that_shall_rerank_is_said_to_be_none(
    kind: str, said: int, tiny_model: TinyModel, opened: Opened, caplog: pytest.LogCaptureFixture
) -> None:
    opened(GlinerReranker(model=str(tiny_model(kind))))
    assert caplog.text.count("is a linker, not a reranker") == said
