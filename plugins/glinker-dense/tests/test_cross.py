"""The cross-encoder: what the library says of each pair, for the best candidates only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from glinker_dense.cross import CrossEncoderReranker
from sentence_transformers import CrossEncoder
from transformers import BertConfig, BertForSequenceClassification

from glinker_core.combine import logistic
from glinker_core.errors import InputError
from glinker_core.resources import Resources

from .cases import ENTITIES, TEXT, items
from .conftest import TinyModel
from .tiny import wordpiece


def test_scores_are_the_logits_of_the_library_through_the_logistic_function(
    tiny_model: TinyModel, opened: Callable[..., Any]
) -> None:
    name = str(tiny_model(cross=True))
    layer = opened(CrossEncoderReranker(model=name, max_candidates=3, batch_size=2))
    ((item,),) = layer.rerank([TEXT], [items(TEXT, ["Paris"], ENTITIES)])
    texts = {one.entity_id: f"{one.label}: {one.description}".strip() for one in ENTITIES}
    import torch

    library = CrossEncoder(name, device="cpu")
    for candidate in item.candidates[:3]:
        pair = ("Paris: Paris is a city.", texts[candidate.entity_id])
        expected = float(library.predict([pair], activation_fn=torch.nn.Identity(), show_progress_bar=False)[0])
        assert candidate.scores["cross"] == pytest.approx(logistic(expected), abs=1e-4)
    assert ["cross" in candidate.scores for candidate in item.candidates] == [True] * 3 + [False] * 2


def test_a_model_with_several_outputs_is_refused(tmp_path: Any) -> None:
    tokenizer = wordpiece(32)
    config = BertConfig(
        vocab_size=len(tokenizer), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1
    )
    config.num_labels = 3
    BertForSequenceClassification(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputError, match="has 3 outputs, and one is needed"):
        CrossEncoderReranker(model=str(tmp_path)).open(Resources())
