"""Pipelines: mentions that the linker finds itself, a recogniser alone, and all layers over one model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model

from glinker_core.executor import DAGExecutor
from glinker_core.factory import ProcessorFactory
from glinker_core.model import Document, Mention, MentionCandidates, evolve

from .cases import ENTITIES, MAIN_KINDS, TEXT, scores, whole
from .conftest import TinyModel
from .reference import library_scores
from .tiny import KINDS, LABELS, SENTENCES

Opened = Callable[..., Any]

RECORDS = [{"entity_id": entity.entity_id, "label": entity.label} for entity in ENTITIES]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind in MAIN_KINDS or kind == "bi_fused"])
def test_mentions_are_found_where_the_library_finds_those_of_all_entities(
    kind: str, tiny_model: TinyModel, library: Any, opened: Opened
) -> None:
    texts = list(SENTENCES[:4])
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}", threshold=0.5))
    linked = linker.link(texts, [[whole(text)] for text in texts])
    expected = library(kind).inference(texts, list(LABELS), True, 0.5, batch_size=1)
    for text, mine, theirs in zip(texts, linked, expected, strict=True):
        assert [(one.mention.start, one.mention.end) for one in mine] == [(one["start"], one["end"]) for one in theirs]
        for one, other in zip(mine, theirs, strict=True):
            assert one.mention.text == text[one.mention.start : one.mention.end]
            assert one.candidates[0].label == other["label"]
            assert one.candidates[0].score == pytest.approx(other["score"], abs=1e-5)
            (row,) = library_scores(library(kind), text, [(other["start"], other["end"])], LABELS)
            assert [scores(one)[entity.entity_id] for entity in ENTITIES] == pytest.approx(row, abs=1e-5)


@pytest.mark.parametrize("kind", ["bi", "uni"])
def test_whole_texts_and_given_mentions_may_be_mixed(kind: str, tiny_model: TinyModel, opened: Opened) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}", threshold=0.6))
    given = MentionCandidates(Mention(0, 7, TEXT[:7]), whole(TEXT).candidates[:2])
    together = linker.link([TEXT, TEXT, ""], [[whole(TEXT)], [given], []])
    assert len(together[0]) > 1
    assert [one.mention for one in together[1]] == [given.mention]
    assert len(together[1][0].candidates) == 2
    assert together[2] == ()
    ((alone, *_),) = linker.link([TEXT], [[whole(TEXT)]])
    assert scores(together[0][0]) == pytest.approx(scores(alone), abs=2e-5)


def test_a_mention_that_merely_covers_its_text_is_no_whole_text(tiny_model: TinyModel, opened: Opened) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    item = evolve(whole("Paris"), mention=Mention(0, 5, "Paris", "city"))
    ((linked,),) = linker.link(["Paris"], [[item]])
    assert linked.mention == item.mention
    assert linker.link(["Paris"], [[whole("Paris", ())]]) == [()]


@pytest.mark.parametrize("kind", MAIN_KINDS)
def test_the_shortest_way_finds_and_links_mentions(kind: str, tiny_model: TinyModel, library: Any) -> None:
    executor = ProcessorFactory.create_simple(str(tiny_model(kind)), entities=RECORDS, threshold=0.5)
    with executor:
        result = executor.link(list(SENTENCES[:5]))
    # a uni-encoder feels the order of labels, and a store gives entities that are alike in order of their ids
    labels = [entity.label for entity in sorted(ENTITIES, key=lambda entity: entity.entity_id)]
    expected = library(kind).inference(list(SENTENCES[:5]), labels, True, 0.5, batch_size=1)
    for document, theirs in zip(result, expected, strict=True):
        mine = {(one.start, one.end, one.linked_entity.label) for one in document.entities if one.is_linked}
        assert mine == {(one["start"], one["end"], one["label"]) for one in theirs}


def test_the_shortest_way_precomputes_what_it_then_uses(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    encoded: list[str] = []
    plain = Model._label_vectors
    monkeypatch.setattr(
        Model, "_label_vectors", lambda self, texts, *more: encoded.extend(texts) or plain(self, texts, *more)
    )
    folder = str(tiny_model("bi"))
    with ProcessorFactory.create_simple(folder, entities=RECORDS, precompute_embeddings=True) as executor:
        assert sorted(encoded) == sorted([*LABELS, "x"])
        encoded.clear()
        assert executor.link([TEXT])[0].entities
    assert [text for text in encoded if text != "x"] == []


def test_the_shortest_way_scores_mentions_of_the_caller_and_reranks_them(tiny_model: TinyModel) -> None:
    records = [{"entity_id": "q1", "label": "Mercury"}, {"entity_id": "q2", "label": "Queen"}]
    executor = ProcessorFactory.create_simple(
        str(tiny_model("bi")), entities=records,
        threshold=0.0, external_entities=True, reranker_model=str(tiny_model("uni")),
    )  # fmt: skip
    given = ({"start": 8, "end": 15, "text": "Mercury"}, {"start": 26, "end": 31, "text": "Queen"})
    with executor:
        (document,) = executor.link([Document(TEXT, entities=given)])
    assert [one.linked_entity and one.linked_entity.entity_id for one in document.entities] == ["q1", "q2"]
    assert all(list(one.candidates[0].scores) == ["l2", "l3", "l4"] for one in document.entities)


def test_a_recogniser_alone_is_a_pipeline(tiny_model: TinyModel, library: Any, tmp_path: Path) -> None:
    folder = str(tiny_model("bi"))
    config = {"model": folder, "labels": list(LABELS[:4]), "threshold": 0.5, "min_entity_length": 1}
    pipeline = {
        "name": "ner",
        "nodes": [{"id": "l1", "processor": "l1_gliner", "config": config}, {"id": "l0", "processor": "l0_aggregator"}],
    }
    path = tmp_path / "ner.yaml"
    path.write_text(yaml.safe_dump(pipeline))
    with DAGExecutor(str(path)) as executor:
        (document,) = executor.link([TEXT])
    expected = library("bi").inference([TEXT], list(LABELS[:4]), True, 0.5)[0]
    assert [(one.start, one.end, one.label) for one in document.entities] == [
        (one["start"], one["end"], one["label"]) for one in expected
    ]
    assert [one.mention_score for one in document.entities] == pytest.approx(
        [one["score"] for one in expected], abs=1e-5
    )


def test_a_note_of_the_linker_reaches_the_caller(tiny_model: TinyModel) -> None:
    executor = ProcessorFactory.create_simple(
        str(tiny_model("bi")), entities=[{"entity_id": "q1", "label": "Mercur"}], threshold=1.0, external_entities=True
    )
    with executor:
        (document,) = executor.link([Document(TEXT, entities=({"start": 8, "end": 14, "text": "Mercur"},))])
        counters = dict(executor.counters)
    (mention,) = document.entities
    assert "ends within a word: scored by whole words" in mention.reason
    assert counters["mentions: ends within a word: scored by whole words"] == 1


def test_defect_f_texts_go_through_the_model_in_batches(tiny_model: TinyModel, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[int] = []
    plain = Model._encode
    monkeypatch.setattr(Model, "_encode", lambda self, windows: runs.append(len(windows)) or plain(self, windows))
    with ProcessorFactory.create_simple(str(tiny_model("bi")), entities=RECORDS) as executor:
        executor.link([f"{TEXT} {number}" for number in range(8)])
    assert runs[0] == 8
