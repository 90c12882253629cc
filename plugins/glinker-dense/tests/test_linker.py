"""The encoder linker: what each feature says, the sum they make, and reasons that add up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from glinker_dense.linker import WEIGHTS, EncoderLinker

from glinker_core.combine import logistic, priors
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.resources import Resources

from .cases import ELEMENT, ENTITIES, PARIS, PLANET, TEXT, TROY, items, of_mention, of_text, stored
from .conftest import TinyModel

Made = Callable[..., Any]
MERCURIES, CITIES = (PLANET, ELEMENT), (PARIS, TROY)


@pytest.fixture
def linker(tiny_model: TinyModel, opened: Callable[..., Any]) -> Made:
    def make(**settings: Any) -> Any:
        return opened(EncoderLinker(model=str(tiny_model()), **settings), Resources({"kb": stored(*ENTITIES)}))

    return make


def given() -> list[MentionCandidates]:
    return [*items(TEXT, ["Mercury", "It"], MERCURIES), *items(TEXT, ["Paris"], CITIES)]


def scores(item: MentionCandidates) -> dict[str, dict[str, float]]:
    return {one.entity_id: dict(one.scores) for one in item.candidates}


def test_meaning_and_context_are_cosines_with_the_text_of_the_entity(linker: Made) -> None:
    layer = linker()
    (linked, *_) = layer.link([TEXT], [given()])[0]
    name, context = of_mention(layer.encoder, "Mercury")
    for entity in MERCURIES:
        of_entity, meant = scores(linked)[entity.entity_id], of_text(layer.encoder, entity)
        assert of_entity["meaning"] == pytest.approx(max(0, float(name @ meant)), abs=2e-3)
        assert of_entity["context"] == pytest.approx(max(0, float(context @ meant)), abs=2e-3)


def test_neighbours_is_the_cosine_with_what_the_other_mentions_mean(linker: Made) -> None:
    layer = linker(weights={"prior": 100.0})  # the best known is as good as sure
    _, _, paris = layer.link([TEXT], [given()])[0]
    planet, city = (layer.vectors.of([entity])[0] for entity in (PLANET, PARIS))
    assert scores(paris)["paris"]["neighbours"] == pytest.approx(max(0, float(planet @ city)), abs=2e-3)
    ((alone,),) = layer.link([TEXT], [items(TEXT, ["Paris"], CITIES)])
    assert {one["neighbours"] for one in scores(alone).values()} == {0.0}


def test_names_and_priors_are_found_out_unless_a_stage_before_left_them(linker: Made) -> None:
    ((linked,),) = linker().link([TEXT], [items(TEXT, ["Mercury"], MERCURIES, l2=0.7)])
    assert {one["name"] for one in scores(linked).values()} == {0.7}
    known = dict(zip(("planet", "element"), priors(items(TEXT, ["Mercury"], MERCURIES)[0].candidates), strict=True))
    assert {key: one["prior"] for key, one in scores(linked).items()} == pytest.approx(known)
    ((left,),) = linker().link([TEXT], [items(TEXT, ["Mercury"], MERCURIES, name=0.2, prior=0.3)])
    assert {(one["name"], one["prior"]) for one in scores(left).values()} == {(0.2, 0.3)}
    mention = Mention(0, 7, "Mercury")
    spelt = MentionCandidates(mention, (Candidate(Entity("m", "Mercur"), "Mercur", "dense", {"l2_dense": 0.5}),))
    ((close,),) = linker().link([TEXT], [[spelt]])
    assert scores(close)["m"]["name"] == pytest.approx(6 / 7)


def test_of_a_pronoun_spelling_and_meaning_say_nothing_and_what_the_text_names_first_does(linker: Made) -> None:
    first, pronoun, paris = linker().link([TEXT], [given()])[0]
    assert {one["meaning"] for one in scores(pronoun).values()} == {0.0}
    assert sum(one["antecedent"] for one in scores(pronoun).values()) == pytest.approx(1)
    assert {one["antecedent"] for item in (first, paris) for one in scores(item).values()} == {0.0}
    spelt = {"label": 1.0, "document": 1.0, "name": 1.0, "l2": 1.0}
    plain, marked = (
        linker(weights={**dict.fromkeys(spelt, 50.0), "context": 2.0}).link([TEXT], [items(TEXT, ["It"], CITIES, **s)])
        for s in ({"l2_rrf": 0.5}, spelt)
    )
    assert {c.entity_id: c.score for c in plain[0][0].candidates} == {
        c.entity_id: c.score for c in marked[0][0].candidates
    }


def test_the_score_is_the_logistic_sum_of_what_stands_on_the_candidate(linker: Made) -> None:
    layer = linker(weights={**WEIGHTS, "overlap": 2.0})
    linked = layer.link([TEXT], [items(TEXT, ["Mercury", "Paris"], ENTITIES, l2=1.0, overlap=0.4)])[0]
    for item in linked:
        for values, candidate in zip(layer.features(item), item.candidates, strict=True):
            weights = layer.weights
            total = weights["bias"] + sum(values[name] * weights[name] for name in weights if name in values)
            assert candidate.scores["encoder"] == pytest.approx(logistic(total))


def test_reasons_add_up_to_the_score_before_and_after(linker: Made) -> None:
    layer = linker()
    before = given()
    after = layer.link([TEXT], [before])[0]
    for item, done in zip(before, after, strict=True):
        linked = {candidate.entity_id: candidate.score for candidate in done.candidates}
        for some in (layer.explain(TEXT, item, before), layer.explain(TEXT, done, after)):
            for one in some:
                assert one.score == pytest.approx(linked[one.candidate.entity_id], abs=1e-6)
                total = one.bias + sum(reason.contribution for reason in one.reasons)
                assert logistic(total) == pytest.approx(one.score)


def test_texts_of_a_batch_do_not_touch_each_other(linker: Made) -> None:
    layer = linker()
    other = "Paris was a prince of Troy"
    texts, batch = [TEXT, other], [given(), items(other, ["Paris"], CITIES)]
    together = layer.link(texts, batch)
    for text, some, linked in zip(texts, batch, together, strict=True):
        assert layer.link([text], [some])[0] == linked


@pytest.mark.parametrize("weight", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(weight: float) -> None:
    with pytest.raises(ValueError, match=r"weights must be finite, got (nan|inf) for 'name'"):
        EncoderLinker(model="x", weights={"name": weight})


def test_vectors_of_entities_are_read_from_the_store(linker: Made) -> None:
    layer = linker()
    layer.precompute_embeddings(["kb"], 8)
    assert np.isfinite(layer.vectors.of(list(ENTITIES))).all()
    assert layer.precompute_embeddings(["kb"], 8) == {"kb": 0}
