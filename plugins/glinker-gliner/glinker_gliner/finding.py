"""All spans of texts that pass the threshold of a label, whatever the kind of the model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import torch
from torch import Tensor

from glinker_gliner.greedy import Found
from glinker_gliner.layer import ModelLayer
from glinker_gliner.model import Model
from glinker_gliner.windows import Window, Words


def find(
    layer: ModelLayer, texts: Sequence[Words], labels: Sequence[str], vectors: Tensor | None, least: Sequence[float]
) -> list[list[Found]]:
    """Per text its spans with the numbers of their labels; `least` are the thresholds of the labels.

    Models that read texts alone need the `vectors` of the labels, the others their texts: as many labels are asked at a
    time as leave half of a window to the text.
    """
    found: list[list[Found]] = [[] for _ in texts]
    with torch.inference_mode():
        if layer.loaded.independent and vectors is not None:
            per_text = layer.windows(texts)
            every = list(chain.from_iterable(per_text))
            encoded = layer.loaded.encode(every, layer.batch_size)
            above = layer.loaded.head.above(encoded, vectors, torch.tensor(least, device=vectors.device))
            for into, some in zip(found, per_text, strict=True):
                for window in some:
                    into.extend(_own(window, next(above), 0))
            return found
        for number, asked in _prompts(layer.loaded, labels):
            per_text = layer.windows(texts, asked)
            every = list(chain.from_iterable(per_text))
            prompted = iter(layer.loaded.prompt(every, [asked] * len(every), layer.batch_size))
            for into, some in zip(found, per_text, strict=True):
                for window in some:
                    words, prompt = next(prompted)
                    thresholds = torch.tensor(least[number : number + len(asked)], device=words.device)
                    (passed,) = layer.loaded.head.above([words], prompt, thresholds)
                    into.extend(_own(window, passed, number))
    return found


def _prompts(model: Model, labels: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Labels that are asked together, with the number of the first."""
    sizes, room = model.prompt_sizes(labels)
    first = total = 0
    for index, label in enumerate(labels):
        if total + sizes[label] > room and index > first:
            yield first, list(labels[first:index])
            first, total = index, 0
        total += sizes[label]
    if labels:
        yield first, list(labels[first:])


def _own(window: Window, passed: Iterable[Found], number: int) -> Iterator[Found]:
    """What belongs to this window: by words of the text, and numbers of all labels, the first asked being `number`."""
    for first, last, label, score in passed:
        if window.core_first <= window.first + first < window.core_last:
            yield Found(window.first + first, window.first + last, number + label, score)
