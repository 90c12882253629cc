"""Dense retrieval: the nearest of all entities, kept up with the stores, and nothing wrong in silence."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from glinker_dense.encoder import Encoder
from glinker_dense.exact import nearest
from glinker_dense.retriever import DenseRetriever
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import InputError, StoreError
from glinker_core.layers import Space
from glinker_core.model import Entity, Mention, evolve
from glinker_core.resources import Resources
from glinker_core.testing.fakes import store_of

from .cases import BARE, ELEMENT, ENTITIES, PARIS, PLANET, TEXT, TROY, ids, mentions, of_mention, stored, vector
from .conftest import TinyModel

Made = Callable[..., Any]


@pytest.fixture
def retriever(tiny_model: TinyModel, opened: Callable[..., Any]) -> Made:
    def make(*stores: Any, **settings: Any) -> Any:
        resources = Resources({f"store{number}": store for number, store in enumerate(stores)})
        return opened(DenseRetriever(**{"model": str(tiny_model()), **settings}), resources)

    return make


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts of entities that an encoder reads, one for each of them, without their names."""
    texts: list[str] = []
    plain = Encoder.entities

    def noted(self: Encoder, some: Sequence[str], batch_size: int) -> Any:
        texts.extend(text for text in some if ":" in text)
        return plain(self, some, batch_size)

    monkeypatch.setattr(Encoder, "entities", noted)
    return texts


def found(retriever: Any, text: str = TEXT, name: str = "Mercury") -> list[str]:
    ((item,),) = retriever.retrieve([text], [mentions(text, name)])
    return ids(item)


def test_candidates_are_the_nearest_of_all_by_the_vectors_of_the_library(retriever: Made) -> None:
    layer = retriever(stored(*ENTITIES), context_weight=0.5)
    ((item,),) = layer.retrieve([TEXT], [mentions(TEXT, "Mercury")])
    name, context = of_mention(layer.encoder, "Mercury")
    query = (name + context / 2) / np.linalg.norm(name + context / 2)
    expected = {one.entity_id: float(vector(layer.encoder, one) @ query) for one in ENTITIES}
    scores = {key: max(0.0, cosine) for key, cosine in expected.items()}
    assert {c.entity_id: c.score for c in item.candidates} == pytest.approx(
        scores, abs=1e-3
    )  # vectors are kept in 16 bits
    assert [c.match for c in item.candidates] == ["dense"] * len(expected)
    assert ids(item) == sorted(expected, key=lambda one: -expected[one])


def test_an_entity_without_description_is_found_by_its_label(retriever: Made) -> None:
    assert found(retriever(stored(*ENTITIES), context_weight=0), "A text of Jordan", "Jordan")[0] == BARE.entity_id


def test_the_name_of_a_candidate_is_the_nearest_in_spelling(retriever: Made) -> None:
    layer = retriever(stored(ELEMENT))
    ((item,),) = layer.retrieve(["Quick-silver flows"], [mentions("Quick-silver flows", "Quick-silver")])
    assert item.candidates[0].name == "quicksilver"


def test_no_entities_give_no_candidates(retriever: Made) -> None:
    assert found(retriever(stored())) == []
    assert found(retriever()) == []


def test_limits_types_and_least_scores_hold(retriever: Made) -> None:
    store = stored(*ENTITIES)
    assert found(retriever(store, types=["person"])) == [TROY.entity_id]
    assert found(retriever(store, types=["unheard of"])) == []
    assert found(retriever(store, max_candidates=2)) == found(retriever(store))[:2]
    ((item,),) = retriever(store, min_score=0.6).retrieve([TEXT], [mentions(TEXT, "Mercury")])
    assert all(candidate.score >= 0.6 for candidate in item.candidates)


def test_a_pronoun_is_looked_for_among_the_best_of_the_mentions_before_it(retriever: Made) -> None:
    layer = retriever(stored(*ENTITIES), max_candidates=1)
    first, pronoun, last = layer.retrieve([TEXT], [mentions(TEXT, "Mercury", "It", "Paris")])[0]
    assert set(ids(first)) <= set(ids(pronoun))
    assert len(ids(first)) == len(ids(last)) == 1
    ((alone,),) = layer.retrieve([TEXT], [mentions(TEXT, "It")])
    assert set(ids(pronoun)) == {*ids(alone), *ids(first)}
    scores = [candidate.score for candidate in pronoun.candidates]
    assert scores == sorted(scores, reverse=True)


def test_vectors_are_kept_in_the_store_and_not_made_again(retriever: Made, embedded: list[str]) -> None:
    store = stored(*ENTITIES)
    first = found(retriever(store))
    assert len(embedded) == len(ENTITIES)
    assert found(retriever(store)) == first
    assert len(embedded) == len(ENTITIES)
    assert retriever(store).precompute_embeddings(["store0"], 8) == {"store0": 0}


def test_nothing_is_kept_where_that_was_said(retriever: Made) -> None:
    store = stored(*ENTITIES)
    found(retriever(store, cache_embeddings=False))
    assert store.spaces() == []


@pytest.mark.parametrize("kind", ["dict", "sqlite", "plain"])
def test_what_changed_in_a_store_is_found_at_once_and_only_that_is_embedded(
    kind: str, retriever: Made, embedded: list[str], tmp_path: Path
) -> None:
    store = {"dict": stored, "plain": lambda: store_of(()), "sqlite": lambda: SqliteStore(str(tmp_path / "kb"))}[kind]()
    store.open()
    store.upsert(ENTITIES)
    layer = retriever(store, context_weight=0, max_candidates=10)
    found(layer)
    embedded.clear()
    store.upsert([new := Entity("new", "Heart attack", description="disease"), evolve(TROY, description="a river")])
    text = "A heart attack"
    assert found(layer, text, "heart attack")[0] == new.entity_id
    assert sorted(embedded) == ["Heart attack: disease", "Paris: a river"]
    store.delete([new.entity_id, PLANET.entity_id])
    assert not {new.entity_id, PLANET.entity_id} & set(found(layer, text, "heart attack"))
    store.upsert([evolve(PLANET, description="back again")])
    assert PLANET.entity_id in found(layer)
    store.clear()
    assert found(layer) == []


def test_many_changes_make_a_new_base_that_gives_the_same(retriever: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    store = stored(*ENTITIES[:2])
    layer = retriever(store)
    found(layer)
    monkeypatch.setattr("glinker_dense.index._FRESH", 1)
    store.upsert(ENTITIES)
    assert found(layer) == found(retriever(stored(*ENTITIES)))
    assert layer._index is not None
    assert len(layer._index._fresh) == 0


def test_the_first_store_speaks_for_an_id_that_two_have(retriever: Made) -> None:
    other = evolve(PARIS, description="disease")
    both = retriever(stored(PARIS), stored(other), context_weight=0)
    alone = retriever(stored(PARIS), context_weight=0)
    text = mentions("Paris", "Paris")
    assert both.retrieve(["Paris"], [text]) == alone.retrieve(["Paris"], [text])


def test_more_entities_without_vectors_than_agreed_are_work_for_embed(retriever: Made) -> None:
    store = stored(*ENTITIES)
    with pytest.raises(StoreError, match=r"more than 2 of 5 entities have no vector .* run: glinker embed PIPELINE"):
        found(retriever(store, embed_at_most=2))
    layer = retriever(store, embed_at_most=2)
    assert layer.precompute_embeddings(["store0"], 8) == {"store0": 5}
    assert found(layer)


def test_vectors_of_another_dimension_behind_one_name_are_refused(retriever: Made) -> None:
    store = stored(*ENTITIES)
    layer = retriever(store)
    space = layer.vectors.space
    store.add_vectors(Space(space.model, space.template, 3), [("planet", struct.pack("<3e", 1, 0, 0))])
    with pytest.raises(InputError, match="has vectors of 3 numbers, not of 16"):
        found(layer)


def test_stored_vectors_that_are_not_finite_are_refused_with_the_entity(retriever: Made) -> None:
    store = stored(*ENTITIES)
    layer = retriever(store)
    store.add_vectors(layer.vectors.space, [("planet", struct.pack("<16e", *[float("nan")] * 16))])
    with pytest.raises(StoreError, match="stored vector of entity 'planet' has numbers that are not finite"):
        found(layer)


def test_another_model_behind_the_same_folder_never_uses_the_vectors_of_the_first(
    retriever: Made, tiny_model: TinyModel, embedded: list[str]
) -> None:
    store = stored(*ENTITIES)
    found(retriever(store))
    embedded.clear()
    found(retriever(store, model=str(tiny_model(seed=1))))
    assert len(embedded) == len(ENTITIES)


def test_a_whole_text_is_looked_for_as_it_is(retriever: Made) -> None:
    layer = retriever(stored(*ENTITIES))
    (item,), nothing = layer.retrieve(["capital city of France", ""])
    assert item.mention == Mention(0, 22, "capital city of France", "$text")
    assert item.candidates[0].entity_id == PARIS.entity_id
    assert nothing == ()


@pytest.mark.parametrize(("rows", "limit"), [(40, 5), (40, 60), (0, 3)])
def test_blocks_of_vectors_give_what_one_comparison_gives(
    rows: int, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    vectors = random.integers(-2, 3, (rows, 4)).astype(np.float16)  # many are equal
    queries = random.integers(-2, 3, (7, 4)).astype(np.float32)
    expected = [
        sorted(range(rows), key=lambda row: (-float(queries[q] @ vectors[row].astype(np.float32)), row))[:limit]
        for q in range(7)
    ]
    monkeypatch.setattr("glinker_dense.exact._ROWS", 7)
    monkeypatch.setattr("glinker_dense.exact._QUERIES", 3)
    got = list(nearest(queries, vectors, np.arange(rows), limit))
    assert [list(map(int, some)) for some, _ in got] == expected
    even = np.arange(0, rows, 2)
    of_even = [
        sorted(even, key=lambda row, q=q: (-float(queries[q] @ vectors[row].astype(np.float32)), row))[:limit]
        for q in range(7)
    ]
    assert [list(one) for one, _ in nearest(queries, vectors, even, limit)] == of_even
