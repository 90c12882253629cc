"""Tiny encoders made in code: random weights, some ten thousand of them, the same ones for the same seed."""

from __future__ import annotations

from pathlib import Path
from string import ascii_lowercase, digits, punctuation

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertForSequenceClassification, BertModel, PreTrainedTokenizerFast
from transformers.utils import logging

CORPUS = (
    "Mercury is the smallest planet and the closest one to the Sun",
    "Doctors measured mercury a chemical element in the blood of workers",
    "Paris is the capital city of France and a prince of Troy",
    "Jordan is a country and a basketball player of Chicago",
    "heart attack is a disease myocardial infarction",
    "river in Germany and Poland",
)


def build(folder: Path, *, seed: int = 0, size: int = 16, cross: bool = False, longest: int = 64) -> Path:
    """Save an encoder with vectors of `size` numbers, or a cross-encoder, to a folder, and give the folder."""
    logging.disable_progress_bar()
    tokenizer = wordpiece(longest)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=size,
        intermediate_size=2 * size,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=longest,
        pad_token_id=tokenizer.pad_token_id,
        num_labels=1,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = BertForSequenceClassification(config) if cross else BertModel(config)
    with torch.no_grad():
        # words must make a difference: fresh weights leave all vectors alike
        for name, weight in sorted(model.named_parameters()):
            if weight.ndim > 1:
                weight.mul_(50.0 if "embeddings.word" in name else 5.0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def wordpiece(longest: int) -> PreTrainedTokenizerFast:
    """A WordPiece tokenizer in the manner of BERT: words of the corpus are one subtoken, others several."""
    normalizer, pre_tokenizer = normalizers.BertNormalizer(lowercase=True), pre_tokenizers.BertPreTokenizer()
    words = {word for text in CORPUS for word, _ in pre_tokenizer.pre_tokenize_str(normalizer.normalize_str(text))}
    # not trained: the trainer of `tokenizers` finds another vocabulary each time
    pieces = {*ascii_lowercase, *digits, *punctuation, *words} | {f"##{letter}" for letter in ascii_lowercase + digits}
    special = {"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    vocabulary = {piece: index for index, piece in enumerate([*special.values(), *sorted(pieces)])}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer, tokenizer.decoder = normalizer, pre_tokenizer, decoders.WordPiece()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")],
    )
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=longest, **special)
