"""Texts a second by number of labels and length of text, as the paper of the bi-encoders tells it (arXiv 2602.18487).

    python benchmarks/gliner_gpu.py FOLDER [--shapes edge] [--device cuda] [--dtype bf16] [--json F]

Each shape of `shapes.py` recognises 1 to 1,024 labels in texts of 64, 256 and 512 tokens: one text at a time, as in the
paper's table, and as many at once as is fastest. The vectors of the labels are computed before, as in the paper's rows
with pre-computed embeddings. Beside our figures stand those published, taken on an H100. `--quick` is for seeing that
it runs: few labels, texts of 64 tokens, one pass; on a CPU nothing else is to be had from it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import mean

os.environ |= {"TOKENIZERS_PARALLELISM": "false", "HF_HUB_OFFLINE": "1"}

import torch
from gliner_peer import NOTHING_PASSES
from gliner_work import draw_texts, draw_things
from glinker_gliner.recognizer import GlinerRecognizer
from shapes import SHAPES, make

from glinker_core.resources import Resources

LABELS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024)
TOKENS = (64, 256, 512)
BATCHES = (8, 32, 128, 256)
#: examples a second on an H100, batch of one, mean over the lengths, labels pre-computed: table 4 of the paper
PUBLISHED = {
    "edge": (19.3, 25.0, 28.2, 32.6, 31.0, 32.6, 22.2, 22.7, 22.2, 16.9, 18.3),
    "small": (14.7, 15.9, 14.3, 15.3, 15.4, 15.4, 15.6, 15.3, 15.5, 15.7, 14.3),
    "base": (9.52, 10.2, 9.80, 9.95, 10.0, 9.93, 8.93, 6.71, 9.35, 9.71, 10.5),
    "large": (4.37, 4.07, 4.53, 4.54, 4.47, 3.46, 3.85, 3.04, 2.82, 1.84, 2.64),
}


def main() -> None:
    """Measure, print a table for each shape, write what was asked for."""
    options = _options()
    where = torch.cuda.get_device_name() if options.device.startswith("cuda") else options.device
    print(f"{where}, {options.dtype}, torch {torch.__version__}, {options.passes} passes")
    results = {}
    for shape in options.shapes:
        results[shape] = _measure(options, shape)
        _show(shape, results[shape])
    if options.json:
        options.json.write_text(json.dumps({"device": where, "dtype": options.dtype, **results}, indent=1) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="keeps the models; they are made if they are not there")
    parser.add_argument("--shapes", nargs="+", choices=list(PUBLISHED), default=["edge"])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--dtype", choices=("fp32", "bf16", "fp16"), default="fp32")
    parser.add_argument("--compile", action="store_true")
    parser.add_argument("--passes", type=int, default=10)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if options.device.startswith("cuda") and not torch.cuda.is_available():
        sys.exit("--device cuda: torch sees none here; run with --device cpu --quick")
    options.labels, options.tokens, options.batches = LABELS, TOKENS, BATCHES
    if options.quick:
        options.labels, options.tokens, options.batches, options.passes = (1, 64, 1_024), (64,), (8,), 1
    return options


def _measure(options: argparse.Namespace, shape: str) -> dict[str, dict[int, dict[int, float]]]:
    """Texts a second: `{"1" or "best": {labels: {tokens: rate}}}`."""
    folder = options.folder / shape
    if not (folder / "gliner_config.json").is_file():
        make(SHAPES[shape], 0).save_pretrained(folder, safe_serialization=True)
    running = {"device": options.device, "dtype": options.dtype, "compile": options.compile}
    resources = Resources()
    rates: dict[str, dict[int, dict[int, float]]] = {"1": {}, "best": {}}
    names = [thing.label for thing in draw_things(max(options.labels), 12, "labels")]
    for count in options.labels:
        layer = GlinerRecognizer(
            model=str(folder), labels=names[:count], threshold=NOTHING_PASSES, max_length=None, **running
        )
        layer.open(resources)
        layer.loaded.users = 1  # nobody shares it, so it keeps no encoded text for another layer
        for tokens in options.tokens:
            texts = _texts(layer, tokens, max(options.batches))
            rates["1"].setdefault(count, {})[tokens] = _rate(layer, [[text] for text in texts[: options.passes]])
            rates["best"].setdefault(count, {})[tokens] = max(
                _rate(layer, [texts[:size]] * min(options.passes, 3)) for size in options.batches
            )
            print(f"... {shape}, {count} labels, {tokens} tokens", file=sys.stderr, flush=True)
    resources.close()
    return rates


def _texts(layer: GlinerRecognizer, tokens: int, count: int) -> list[str]:
    """Texts of that many tokens, or one less."""
    return list(_cut(layer, tokens, [text.text for text in draw_texts(count, tokens, tokens, f"gpu {tokens}")]))


def _cut(layer: GlinerRecognizer, tokens: int, texts: list[str]) -> Iterator[str]:
    for text in texts:
        words = layer.loaded.words(text)
        total = 2  # what stands before and behind
        for end, size in zip(words.ends, layer.loaded.sizes(words.words), strict=True):
            if total + size > tokens:
                break
            total, last = total + size, end
        yield text[:last]


def _rate(layer: GlinerRecognizer, batches: list[list[str]]) -> float:
    """Texts a second; the first batch is run before, unmeasured."""
    layer.batch_size = len(batches[0])
    layer.recognize(batches[0])
    _wait(layer)
    began = time.perf_counter()
    for batch in batches:
        layer.recognize(batch)
    _wait(layer)
    return sum(map(len, batches)) / (time.perf_counter() - began)


def _wait(layer: GlinerRecognizer) -> None:
    if layer.loaded.device.type == "cuda":
        torch.cuda.synchronize()


def _show(shape: str, rates: dict[str, dict[int, dict[int, float]]]) -> None:
    print(f"\n{shape}: texts a second, mean over lengths")
    counts = list(rates["1"])
    published = dict(zip(LABELS, PUBLISHED[shape], strict=True))
    rows = {
        "labels": [f"{count:,}" for count in counts],
        "published, batch of one": [f"{published[count]:.1f}" for count in counts],
        "batch of one": [f"{mean(rates['1'][count].values()):.1f}" for count in counts],
        "best batch": [f"{mean(rates['best'][count].values()):.1f}" for count in counts],
    }
    for title, cells in rows.items():
        print(f"  {title:26}" + "".join(f"{cell:>9}" for cell in cells))
    for what in ("1", "best"):
        overall = mean(mean(of.values()) for of in rates[what].values())
        slower = 1 - mean(rates[what][counts[-1]].values()) / mean(rates[what][counts[0]].values())
        title = "batch of one" if what == "1" else "best batch"
        print(
            f"  {title}: {overall:.1f} on average, {overall / mean(published[c] for c in counts):.1f} times the "
            f"published; {slower:.0%} slower at {counts[-1]:,} labels than at {counts[0]}"
        )


if __name__ == "__main__":
    main()
