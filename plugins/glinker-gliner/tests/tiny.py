"""Tiny GLiNER models made in code: random weights, about half a megabyte, the same ones for the same seed.

The scores mean nothing, but they spread over most of (0, 1), so a wrong one shows.
"""

from __future__ import annotations

from inspect import signature
from pathlib import Path
from string import ascii_lowercase, digits, punctuation
from typing import Any

import torch
from gliner.config import (
    BaseGLiNERConfig,
    BiEncoderSpanConfig,
    BiEncoderTokenConfig,
    UniEncoderSpanConfig,
    UniEncoderTokenConfig,
)
from gliner.model import (
    BaseEncoderGLiNER,
    BiEncoderSpanGLiNER,
    BiEncoderTokenGLiNER,
    UniEncoderSpanGLiNER,
    UniEncoderTokenGLiNER,
)
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from torch.nn.functional import normalize
from transformers import PreTrainedTokenizerFast
from transformers.initialization import no_init_weights

SENTENCES = (
    "Mercury is the smallest planet and the closest one to the Sun.",
    "Doctors measured mercury in the blood of the workers.",
    "Freddie Mercury sang with Queen at Wembley in 1985.",
    "Paris is the capital of France; the Seine runs through it.",
    "Paris Hilton flew from Texas to London on Tuesday.",
    "The Amazon flows through Brazil, Peru and Colombia.",
    "Amazon opened a warehouse near Berlin and hired 2,000 people.",
    "Jaguar builds cars in Coventry, but the jaguar lives in forests.",
    "Java is an island of Indonesia and a programming language.",
    "Apple sells phones; an apple a day keeps the doctor away.",
    "Washington signed the treaty before he left Washington.",
    "The bank of the river was flooded when the bank closed its doors.",
    "Marie Curie was born in Warsaw and won two Nobel prizes.",
    "A new drug against malaria was tested in Kenya last year.",
    "She scored twice in the final for Manchester United.",
    "The Beatles recorded Help! in a studio on Abbey Road.",
    "Nobody expected the minister to resign on Monday morning.",
    "Scientists at MIT described a protein that repairs damaged cells.",
    "The orchestra of Vienna played Mozart and Haydn all night long.",
    "Turkey exported wheat, cotton and hazelnuts to Germany.",
)
LABELS = (
    "person",
    "city",
    "country",
    "river: a natural stream of fresh water",
    "company that sells goods",
    "planet of the solar system",
    "chemical element",
    "Paris: the capital of France",
    "Paris: a prince of Troy",
    "disease or symptom",
    "drug",
    "musical group",
    "sports team",
    "programming language",
    "animal",
)

_TEXT_BERT = {"model_type": "bert", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2}
_MODERNBERT = {
    "model_type": "modernbert",
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "local_attention": 16,
    "max_position_embeddings": 512,
}
_LABEL_BERT = {"model_type": "bert", "hidden_size": 24, "intermediate_size": 48, "num_hidden_layers": 2}

_BI_SPAN = (BiEncoderSpanConfig, BiEncoderSpanGLiNER)
_UNI_SPAN = (UniEncoderSpanConfig, UniEncoderSpanGLiNER)
# kind -> its classes, and what it sets apart from the defaults of its configuration
KINDS: dict[str, tuple[tuple[type, type], dict[str, Any]]] = {
    "bi": (_BI_SPAN, {}),
    "bi_token": ((BiEncoderTokenConfig, BiEncoderTokenGLiNER), {}),
    "bi_fused": (_BI_SPAN, {"post_fusion_schema": "l2l-l2t-t2t-t2l"}),
    "bi_marker": (_BI_SPAN, {"span_mode": "markerV1"}),
    "bi_context": (_BI_SPAN, {"span_encoder_config": {"model_type": "rnn", "hidden_size": 32}}),
    "bi_mean": (_BI_SPAN, {"subtoken_pooling": "mean"}),
    "bi_modernbert": (_BI_SPAN, {"encoder_config": _MODERNBERT}),
    "uni": (_UNI_SPAN, {}),
    "uni_token": ((UniEncoderTokenConfig, UniEncoderTokenGLiNER), {}),
    "uni_no_rnn": (_UNI_SPAN, {"num_rnn_layers": 0}),
    "uni_mean": (_UNI_SPAN, {"subtoken_pooling": "mean"}),
}


def build(kind: str, folder: Path, **settings: Any) -> Path:
    """Save a model that `make` makes to a folder, for `GLiNER.from_pretrained`, and give the folder."""
    make(kind, **settings).save_pretrained(folder, safe_serialization=True)
    return folder


def make(
    kind: str, *, seed: int = 0, window: int = 512, label_window: int = 64, max_len: int = 384, **settings: Any
) -> BaseEncoderGLiNER:
    """A model of one of `KINDS`, ready to answer.

    `window` and `label_window` are where the tokenizers cut, in subtokens, 512 at most, and `max_len` is where GLiNER
    cuts, in words; they leave the weights as they are. `settings` are other settings of the GLiNER configuration.
    """
    unknown = settings.keys() - signature(BaseGLiNERConfig.__init__).parameters.keys()
    if unknown:
        raise TypeError(f"gliner has no settings {sorted(unknown)}")
    (config_class, model_class), own = KINDS[kind]
    chosen = {"hidden_size": 32, "encoder_config": _TEXT_BERT, **own, **settings}
    text_tokenizer = wordpiece(SENTENCES + LABELS)
    text_tokenizer.add_tokens(["[FLERT]", "<<ENT>>", "<<SEP>>"], special_tokens=True)
    encoders: dict[str, Any] = {"encoder_config": _encoder(chosen.pop("encoder_config"), text_tokenizer)}
    tokenizers = {"tokenizer": text_tokenizer}
    if kind.startswith("bi"):
        # another vocabulary than the text's, so that ids of one read as ids of the other show
        tokenizers["labels_tokenizer"] = wordpiece(LABELS)
        encoders["labels_encoder"] = "made in code"
        encoders["labels_encoder_config"] = _encoder(_LABEL_BERT, tokenizers["labels_tokenizer"])
    config = config_class(model_name="made in code", vocab_size=len(text_tokenizer), **encoders, **chosen)
    with no_init_weights():
        model = model_class(config, backbone_from_pretrained=False, **tokenizers)
        if not kind.startswith("bi"):
            model_class._resize_token_embeddings(model, config, text_tokenizer)
    _fill(model, torch.Generator().manual_seed(seed))
    model.eval()
    _spread(model)
    config.max_len = max_len
    for tokenizer, longest in zip(tokenizers.values(), (window, label_window), strict=False):
        tokenizer.model_max_length = longest
    return model


def wordpiece(corpus: tuple[str, ...]) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer in the manner of BERT: short words of the corpus are one subtoken, others several."""
    normalizer, pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = {word for text in corpus for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))}
    # not trained: the trainer of `tokenizers` finds another vocabulary each time
    pieces = {*ascii_lowercase, *digits, *punctuation} | {f"##{letter}" for letter in ascii_lowercase + digits}
    for word in words:
        pieces |= {word[:4]} | {f"##{word[at : at + 3]}" for at in range(4, len(word), 3)}
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = {piece: index for index, piece in enumerate([*special.values(), *sorted(pieces)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, **special)


def _encoder(shape: dict[str, Any], tokenizer: PreTrainedTokenizerFast) -> dict[str, Any]:
    ids = {"pad_token_id": tokenizer.pad_token_id}
    if shape["model_type"] == "modernbert":
        first, last = tokenizer.cls_token_id, tokenizer.sep_token_id
        ids |= {"cls_token_id": first, "bos_token_id": first, "sep_token_id": last, "eos_token_id": last}
    return {"num_attention_heads": 4, "vocab_size": len(tokenizer), **ids, **shape}


@torch.no_grad()
def _fill(model: BaseEncoderGLiNER, generator: torch.Generator) -> None:
    """Weights larger than fresh ones have, so that words and their neighbours make a difference."""
    for name, weight in sorted(model.model.named_parameters()):
        if weight.ndim > 1:
            size = 1.0 if "embeddings" in name else weight[0].numel() ** -0.5
            weight.normal_(0.0, 1.5 * size, generator=generator)
        elif name.endswith("weight"):
            weight.fill_(1.0)
        else:
            weight.normal_(0.0, 0.1, generator=generator)


@torch.no_grad()
def _spread(model: BaseEncoderGLiNER) -> None:
    """Shift and scale the last layer until the logits of the sentences have mean 0 and deviation 1.5."""
    if model.config.span_mode == "token_level":
        last = model.model.scorer.out_mlp[-1]
        output = model.run_batch(_batch(model))
        logits = output.logits[output.mask.bool()].flatten(0, 1)
        scale = 1.5 / logits.std(0)
        last.weight.mul_(scale[:, None])
        # the score of a span is the least of many, so each is lifted
        last.bias.sub_(logits.mean(0)).mul_(scale).add_(1.0)
        return
    last = model.model.prompt_rep_layer[-1]
    _, spans, labels = _outputs(model)
    # what all labels share, and what all spans share, would move every score alike and hide the rest
    common = normalize(spans.mean(0), dim=0)
    last.bias.sub_(labels.mean(0))
    for weight in (last.weight, last.bias):
        weight.sub_(torch.tensordot(common, common @ weight, dims=0))
    scale = 1.5 / _outputs(model)[0].std()
    last.weight.mul_(scale)
    last.bias.mul_(scale)


def _outputs(model: BaseEncoderGLiNER) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Logits, vectors of spans and vectors of labels of a span model for the sentences, a row each."""
    batch = _batch(model)
    output = model.run_batch(batch, return_vectors=True)
    inside = batch["span_mask"].view(output.logits.shape[:3])
    return output.logits[inside], output.span_embeddings[inside], output.prompts_embedding.flatten(0, 1)


def _batch(model: BaseEncoderGLiNER) -> dict[str, Any]:
    prepared = model.prepare_batch(list(SENTENCES), list(LABELS))
    return model.collate_batch(prepared["input_x"], prepared["entity_types"])
