"""Vectors of entities: computed once, kept in stores, and never those of anything else than the entity at hand."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import InputError
from glinker_core.model import Entity, evolve
from glinker_core.resources import Resources
from glinker_core.testing.fakes import store_of

from .cases import MERCURY, QUEEN, TEXT, item, rows, scores
from .conftest import TinyModel
from .tiny import LABELS

Opened = Callable[..., Any]
Texts = list[str]

PEOPLE = tuple(Entity(f"p{number}", label, description=f"number {number}") for number, label in enumerate(LABELS))
STORED = {"template": "{label}: {description}", "use_precomputed_embeddings": True}


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Texts:
    """The texts of entities that the label encoder reads."""
    texts: Texts = []
    plain = Model._label_vectors

    def noted(self: Model, some: Iterable[str], *more: Any) -> Any:
        texts.extend(text for text in some if text != "x")  # which is encoded to learn the dimension
        return plain(self, some, *more)

    monkeypatch.setattr(Model, "_label_vectors", noted)
    return texts


@pytest.fixture(params=["dict", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    store: Any = DictStore() if request.param == "dict" else SqliteStore(path=str(tmp_path / "kb.db"))
    store.open()
    store.upsert(PEOPLE)
    yield store
    store.close()


@pytest.fixture
def linker(tiny_model: TinyModel, opened: Opened) -> Callable[..., Any]:
    def make(*stores: Any, kind: str = "bi", seed: int = 0, **settings: Any) -> Any:
        resources = Resources({f"store{number}": store for number, store in enumerate(stores)})
        return opened(GlinerLinker(model=str(tiny_model(kind, seed=seed)), **{**STORED, **settings}), resources)

    return make


def read(*entities: Entity) -> Texts:
    return [f"{entity.label}: {entity.description}" for entity in entities]


def scored(linker: Any, entities: Iterable[Entity] = PEOPLE) -> dict[str, float]:
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY, entities)]])
    return scores(linked)


def test_what_is_precomputed_is_not_computed_again_and_scores_the_same(store: Any, linker: Any, encoded: Texts) -> None:
    on_the_fly = scored(linker(store, use_precomputed_embeddings=False))
    before = scored(linker(store))
    assert encoded == [*read(*PEOPLE)] * 2
    assert linker(store).precompute_embeddings(["store0"], 4) == {"store0": len(PEOPLE)}
    encoded.clear()
    after = scored(linker(store))
    assert encoded == []
    assert after == pytest.approx(before, abs=1e-5)  # both are rounded as a store rounds them, to half of 16 bits
    assert after == pytest.approx(on_the_fly, abs=2e-3)


@pytest.mark.parametrize("kind", ["bi_token", "bi_marker", "bi_context", "bi_mean", "bi_modernbert"])
def test_vectors_of_every_independent_kind_can_be_kept(kind: str, store: Any, linker: Any, encoded: Texts) -> None:
    before = scored(linker(store, kind=kind))
    assert linker(store, kind=kind).precompute_embeddings(["store0"], 32) == {"store0": len(PEOPLE)}
    encoded.clear()
    assert scored(linker(store, kind=kind)) == before
    assert encoded == []


@pytest.mark.parametrize("kind", ["uni", "uni_token", "bi_fused"])
def test_a_model_that_reads_entities_with_the_text_keeps_none(kind: str, store: Any, linker: Any) -> None:
    assert linker(store, kind=kind).precompute_embeddings(["store0"], 32) == {"store0": 0}
    assert store.spaces() == []
    assert len(scored(linker(store, kind=kind, cache_embeddings=True))) == len(PEOPLE)
    assert store.spaces() == []


def test_a_run_that_was_stopped_goes_on_where_it_was(
    store: Any, linker: Any, encoded: Texts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("glinker_core.vectors._CHUNK", 4)
    done: list[int] = []

    def stopped(now: int, total: int) -> None:
        done.append(now)
        assert total == len(PEOPLE)
        if sum(done) >= 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        linker(store).precompute_embeddings(["store0"], 2, stopped)
    assert len(encoded) == 8
    done.clear()
    assert linker(store).precompute_embeddings(["store0"], 2, lambda now, _: done.append(now)) == {"store0": 7}
    assert sum(done) == len(PEOPLE)
    assert sorted(encoded) == sorted(read(*PEOPLE))
    assert linker(store).precompute_embeddings(["store0"], 2) == {"store0": 0}


def test_after_an_upsert_only_what_is_new_or_changed_is_embedded(store: Any, linker: Any, encoded: Texts) -> None:
    linker(store).precompute_embeddings(["store0"], 32)
    encoded.clear()
    changed, new = evolve(PEOPLE[3], description="another"), Entity("new", "Newcomer", description="unknown")
    store.upsert([changed, new, PEOPLE[0]])
    assert linker(store).precompute_embeddings(["store0"], 32) == {"store0": 2}
    assert sorted(encoded) == sorted(read(changed, new))
    store.delete(["new"])
    assert linker(store).precompute_embeddings(["store0"], 32) == {"store0": 0}


def test_one_missing_vector_is_computed_and_not_all(store: Any, linker: Any, encoded: Texts) -> None:
    linker(store).precompute_embeddings(["store0"], 32)
    changed = evolve(PEOPLE[3], description="another")
    store.upsert([changed])
    encoded.clear()
    pool = [*PEOPLE[:3], changed, *PEOPLE[4:]]
    found = scored(linker(store), pool)
    assert encoded == read(changed)
    assert found == pytest.approx(scored(linker(store, use_precomputed_embeddings=False), pool), abs=2e-3)


def test_defect_k_a_changed_template_never_uses_vectors_of_another(store: Any, linker: Any, encoded: Texts) -> None:
    linker(store).precompute_embeddings(["store0"], 32)
    encoded.clear()
    bare = scored(linker(store, template="{label}"))
    assert encoded == list(LABELS)
    assert bare == pytest.approx(scored(linker(store, template="{label}", use_precomputed_embeddings=False)), abs=2e-3)
    assert linker(store, template="{label}").precompute_embeddings(["store0"], 32) == {"store0": len(PEOPLE)}
    assert [space.template for space in store.spaces()] == ["{label}", "{label}: {description}"]


def test_defect_k_a_changed_model_never_uses_vectors_of_another(store: Any, linker: Any, encoded: Texts) -> None:
    linker(store).precompute_embeddings(["store0"], 32)
    encoded.clear()
    other = scored(linker(store, seed=1))
    assert encoded == read(*PEOPLE)
    assert other == pytest.approx(scored(linker(store, seed=1, use_precomputed_embeddings=False)), abs=2e-3)
    assert linker(store, dtype="bf16").precompute_embeddings(["store0"], 32) == {"store0": len(PEOPLE)}


def test_weights_that_changed_in_the_same_folder_are_another_model(
    store: Any, tiny_model: TinyModel, tmp_path: Path, opened: Opened
) -> None:
    folder = tmp_path / "model"
    for seed, count in ((0, len(PEOPLE)), (0, 0), (1, len(PEOPLE)), (0, 0)):
        shutil.copytree(tiny_model("bi", seed=seed), folder, dirs_exist_ok=True)
        linker = opened(GlinerLinker(model=str(folder), **STORED), Resources({"kb": store}))
        assert linker.precompute_embeddings(["kb"], 32) == {"kb": count}


def test_vectors_are_found_wherever_the_folder_of_the_model_is(
    store: Any, tiny_model: TinyModel, tmp_path: Path, opened: Opened
) -> None:
    for place, count in (("here", len(PEOPLE)), ("there", 0)):
        folder = shutil.copytree(tiny_model("bi"), tmp_path / place / "model")
        linker = opened(GlinerLinker(model=str(folder), **STORED), Resources({"kb": store}))
        assert linker.precompute_embeddings(["kb"], 32) == {"kb": count}


def test_defect_m_new_vectors_are_kept_without_any_further_call(store: Any, linker: Any, encoded: Texts) -> None:
    writing = linker(store, cache_embeddings=True)
    first = scored(writing, PEOPLE[:5])
    assert scored(writing, PEOPLE[:5]) == first
    assert encoded == read(*PEOPLE[:5])
    encoded.clear()
    assert scored(linker(store, cache_embeddings=True), PEOPLE[:8]) == pytest.approx(
        first | scored(linker(store), PEOPLE[5:8]), abs=2e-6
    )
    assert encoded == read(*PEOPLE[5:8])
    assert linker(store).precompute_embeddings(["store0"], 32) == {"store0": len(PEOPLE) - 8}


def test_nothing_is_kept_where_nothing_was_said_of_it(store: Any, linker: Any) -> None:
    scored(linker(store))
    assert store.spaces() == []


def test_a_store_that_cannot_be_written_is_said_once_and_the_scores_are_there(
    tmp_path: Path, linker: Any, caplog: pytest.LogCaptureFixture
) -> None:
    path = str(tmp_path / "kb.db")
    writable = SqliteStore(path=path)
    writable.open()
    writable.upsert(PEOPLE)
    writable.close()
    store = SqliteStore(path=path, read_only=True)
    store.open()
    layer = linker(store, cache_embeddings=True)
    with caplog.at_level(logging.WARNING):
        assert len(scored(layer, PEOPLE[:5])) == 5
        assert len(scored(layer)) == len(PEOPLE)
    store.close()
    (said,) = (record for record in caplog.records if record.levelno >= logging.WARNING)
    assert said.getMessage().startswith("store 'store0': vectors are not kept there, but computed again each time: ")


@pytest.mark.parametrize("order", [1, -1])
def test_two_stores_with_one_id_and_other_content_never_share_a_vector(
    order: int, store: Any, linker: Any, encoded: Texts
) -> None:
    other = DictStore()
    other.open()
    changed = [evolve(entity, description="of the other store") for entity in PEOPLE[:4]]
    other.upsert(changed)
    stores = [store, other][::order]
    expected = {**scored(linker(use_precomputed_embeddings=False), changed)}, scored(linker())
    linker(*stores).precompute_embeddings(["store0"], 32)
    for settings in ({}, {"cache_embeddings": True}, {}):
        layer = linker(*stores, **settings)
        assert scored(layer, changed) == pytest.approx(expected[0], abs=2e-3)
        assert scored(layer) == pytest.approx(expected[1], abs=2e-3)
        assert scored(layer, changed) == pytest.approx(expected[0], abs=2e-3)
    encoded.clear()
    assert scored(linker(*stores), changed) == pytest.approx(expected[0], abs=2e-3)
    assert encoded == []  # by now both stores have their own


def test_an_entity_of_a_store_without_vectors_is_not_taken_for_one_of_the_same_id(store: Any, linker: Any) -> None:
    changed = [evolve(entity, description="of the other store") for entity in PEOPLE[:4]]
    plain = store_of(changed)
    linker(store).precompute_embeddings(["store0"], 32)
    expected = scored(linker(use_precomputed_embeddings=False), changed)
    assert scored(linker(store, plain), changed) == pytest.approx(expected, abs=2e-3)


def test_homonyms_with_one_text_are_encoded_once(linker: Any, store: Any, encoded: Texts) -> None:
    twins = [Entity(f"t{number}", "Paris", description="city") for number in range(5)]
    store.upsert(twins)
    found = scored(linker(store, cache_embeddings=True), twins)
    assert encoded == ["Paris: city"]
    assert len(set(found.values())) == 1


def test_a_candidate_that_no_store_has_is_scored(store: Any, linker: Any) -> None:
    stranger = Entity("stranger", "Nobody")
    found = scored(linker(store, cache_embeddings=True), [stranger, *PEOPLE[:2]])
    assert 0 < found["stranger"] < 1
    assert linker(store).precompute_embeddings(["store0"], 32) == {"store0": len(PEOPLE) - 2}


def test_a_store_that_keeps_no_vectors_is_named(linker: Any, store: Any) -> None:
    layer = linker(store, store_of(PEOPLE))
    with pytest.raises(InputError, match="store 'store1' keeps no vectors; those that do: store0"):
        layer.precompute_embeddings(["store1"], 32)


def test_more_entities_than_are_held_at_once_are_all_scored(
    linker: Any, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = list(rows([linker(store).link([TEXT], [[item(TEXT, QUEEN, PEOPLE)]])[0][0]], PEOPLE))
    monkeypatch.setattr("glinker_gliner.vectors._HELD", 4)
    layer = linker(store)
    for _ in range(2):
        for start in range(0, len(PEOPLE), 3):
            some = PEOPLE[start : start + 3]
            ((linked,),) = layer.link([TEXT], [[item(TEXT, QUEEN, some)]])
            assert next(rows([linked], some)) == pytest.approx(expected[0][start : start + 3], abs=1e-5)
    ((linked,),) = layer.link([TEXT], [[item(TEXT, QUEEN, PEOPLE)]])
    assert next(rows([linked], PEOPLE)) == pytest.approx(expected[0], abs=1e-5)


@pytest.mark.parametrize("batch_size", [1, 3, 100])
def test_vectors_do_not_depend_on_the_batch(batch_size: int, store: Any, linker: Any) -> None:
    linker(store).precompute_embeddings(["store0"], batch_size)
    assert scored(linker(store)) == pytest.approx(scored(linker(store, use_precomputed_embeddings=False)), abs=2e-3)
