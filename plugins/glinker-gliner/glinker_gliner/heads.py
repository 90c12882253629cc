"""What a GLiNER model says of a span and a label, from the vectors of words and labels: exactly, but with less work.

The library scores all spans of up to `max_width` words against all labels and gives back what passes a threshold.
Here the spans and labels that are asked for are scored, and of all spans those above a threshold are given. A score is
a logit; its sigmoid is what the library calls the score. Spans of several windows are scored together, where a window
does not matter to its spans: the weights of a head are read once for all of them, which takes longer than to use them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor, nn
from torch.nn.functional import linear, relu

from glinker_gliner.greedy import Found

_CELLS = 1 << 22  # numbers in the largest tensor that is made at once
_CACHED = 1 << 18  # of them in what a processor reads and writes several times: ten times as fast as beyond its caches
_WORDS = 512  # words that are projected at once
_DENSE = 16  # products of all spans with all vectors cost less than those of a sixteenth of them, which are gathered


class Head(Protocol):
    """The last layers of a model."""

    def project(self, labels: Tensor) -> Tensor:
        """What is kept of labels (N, D), as their encoder gives them: vectors (N, D) to score spans with."""

    def pairs(
        self, words: Sequence[Tensor], spans: Tensor, vectors: Tensor, of_span: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        """Logits (P,) of each vector (P, D) with a span: `spans` (M, 2) are words, `of_span` (P,) ascending indices.

        The words (W, D) of several windows are counted through, and their spans in the same order. With `rows` (P,)
        the vector of a pair is that row of `vectors` (N, D).
        """

    def above(self, words: Sequence[Tensor], vectors: Tensor, thresholds: Tensor) -> Iterator[Iterator[Found]]:
        """Per window, of its words (W, D), all spans that pass the threshold of a label, in no order."""


class MarkerHead:
    """Spans by their first and last word (`markerV0`), as all published bi-encoders and linkers have it.

    The first layer over (start, end) is a sum of one product per word, and the last is linear in the labels: so the
    work for a span is an addition and one product per label, not three layers.
    """

    def __init__(self, core: nn.Module) -> None:
        layer = core.get_submodule("span_rep_layer.span_rep_layer")
        self._start, self._end = layer.get_submodule("project_start"), layer.get_submodule("project_end")
        first, last = layer.get_submodule("out_project.0"), layer.get_submodule("out_project.3")
        self._labels, self._width = core.get_submodule("prompt_rep_layer"), int(layer.max_width)  # type: ignore[arg-type]
        of_start, of_end = first.get_parameter("weight").chunk(2, dim=1)
        self._of_start, self._of_end, self._bias = (
            of_start.contiguous(),
            of_end.contiguous(),
            first.get_parameter("bias"),
        )
        self._weight, self._last_bias = last.get_parameter("weight"), last.get_parameter("bias")

    def project(self, labels: Tensor) -> Tensor:
        projected: Tensor = self._labels(labels)
        return projected

    def pairs(
        self, words: Sequence[Tensor], spans: Tensor, vectors: Tensor, of_span: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        every = torch.cat([*words])
        starts, ends = self._starts(every[spans[:, 0]]), self._ends(every[spans[:, 1]])
        return _products(linear(relu(starts + ends), self._weight, self._last_bias), vectors, of_span, rows)

    def above(self, words: Sequence[Tensor], vectors: Tensor, thresholds: Tensor) -> Iterator[Iterator[Found]]:
        for some in _together(words):
            every, sizes = torch.cat(some), [len(one) for one in some]
            for starts, ends in zip(
                torch.split(self._starts(every), sizes), torch.split(self._ends(every), sizes), strict=True
            ):
                yield self._above(starts, ends, vectors, thresholds)

    def _above(self, starts: Tensor, ends: Tensor, vectors: Tensor, thresholds: Tensor) -> Iterator[Found]:
        count = len(starts)
        size = max(1, _CELLS // count)
        for at in range(0, len(vectors), size):
            some, least = vectors[at : at + size].to(starts.dtype), thresholds[at : at + size]
            few = 3 * len(some) < 4 * some.shape[1]  # then labels are taken through the last layer, not the spans
            weight, bias = (some @ self._weight, some @ self._last_bias) if few else (self._weight, self._last_bias)
            for width in range(min(self._width, count)):
                logits = linear(relu(starts[: count - width] + ends[width:]), weight, bias)
                scores = torch.sigmoid((logits if few else logits @ some.T).float())
                for first, label, score in _passing(scores, least):
                    yield Found(first, first + width, at + label, score)

    def _starts(self, words: Tensor) -> Tensor:
        return linear(relu(self._start(words)), self._of_start, self._bias)

    def _ends(self, words: Tensor) -> Tensor:
        return linear(relu(self._end(words)), self._of_end)


class SpanHead:
    """Spans by whatever layer the model has for them: all spans of a window are represented, as the library does."""

    def __init__(self, core: nn.Module) -> None:
        self._spans, self._labels = core.get_submodule("span_rep_layer"), core.get_submodule("prompt_rep_layer")
        self._width = int(core.config.max_width)  # type: ignore[union-attr, arg-type]

    def project(self, labels: Tensor) -> Tensor:
        projected: Tensor = self._labels(labels)
        return projected

    def pairs(
        self, words: Sequence[Tensor], spans: Tensor, vectors: Tensor, of_span: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        first, width = spans[:, 0], (spans[:, 1] - spans[:, 0]).clamp(max=self._width - 1)
        represented, start = [], 0
        for some in words:  # one window after the other: such a layer may look at all spans of it
            own = (start <= first) & (first < start + len(some))
            represented.append(self._represented(some)[first[own] - start, width[own]])
            start += len(some)
        return _products(torch.cat(represented), vectors, of_span, rows)

    def above(self, words: Sequence[Tensor], vectors: Tensor, thresholds: Tensor) -> Iterator[Iterator[Found]]:
        return (self._above(some, vectors, thresholds) for some in words)

    def _above(self, words: Tensor, vectors: Tensor, thresholds: Tensor) -> Iterator[Found]:
        scores = torch.sigmoid((self._represented(words) @ vectors.to(words.dtype).T).float())
        for width in range(min(self._width, len(words))):
            for first, label, score in _passing(scores[: len(words) - width, width], thresholds):
                yield Found(first, first + width, label, score)

    def _represented(self, words: Tensor) -> Tensor:
        """Vectors (W, K, D) of the spans that start at each word; those that leave the window are of no use."""
        first = torch.arange(len(words), device=words.device)[:, None].expand(-1, self._width)
        last = first + torch.arange(self._width, device=words.device)
        inside = (last < len(words))[..., None]
        spans = (torch.stack([first, last], -1) * inside).reshape(1, -1, 2)
        represented: Tensor = self._spans(words[None], spans)[0]
        return represented


class TokenHead:
    """Words that start, end and lie inside a mention; a span is worth the least of what its words are."""

    def __init__(self, core: nn.Module) -> None:
        self._scorer = core.get_submodule("scorer")

    def project(self, labels: Tensor) -> Tensor:
        return labels

    def pairs(
        self, words: Sequence[Tensor], spans: Tensor, vectors: Tensor, of_span: Tensor, rows: Tensor | None = None
    ) -> Tensor:
        every = torch.cat([*words])
        counts = torch.bincount(of_span, minlength=len(spans)).tolist()
        own = torch.split(vectors, counts) if rows is None else (vectors[some] for some in torch.split(rows, counts))
        logits = [
            _least(self._scored(every[first : last + 1], some))
            for (first, last), some in zip(spans.tolist(), own, strict=True)
        ]
        return torch.cat(logits)

    def above(self, words: Sequence[Tensor], vectors: Tensor, thresholds: Tensor) -> Iterator[Iterator[Found]]:
        return (self._above(some, vectors, thresholds) for some in words)

    def _above(self, words: Tensor, vectors: Tensor, thresholds: Tensor) -> Iterator[Found]:
        start, end, inside = torch.sigmoid(self._scored(words, vectors).float()).unbind(-1)
        ends: dict[int, list[tuple[int, float]]] = {}
        for last, label, score in _passing(end, thresholds):
            ends.setdefault(label, []).append((last, score))
        within, least = inside.tolist(), thresholds.tolist()
        for first, label, score in _passing(start, thresholds):
            reached = first
            for last, end_score in ends.get(label, ()):
                if last < first:
                    continue
                while reached <= last and within[reached][label] >= least[label]:
                    score = min(score, within[reached][label])
                    reached += 1
                if reached <= last:
                    break
                yield Found(first, last, label, min(score, end_score))

    def _scored(self, words: Tensor, vectors: Tensor) -> Tensor:
        """Logits (W, N, 3) for start, end and inside."""
        size = max(1, _CELLS // (len(words) * 3 * words.shape[1]))
        return torch.cat(
            [self._scorer(words[None], some.to(words.dtype)[None])[0] for some in torch.split(vectors, size)], 1
        )


def head_of(core: nn.Module) -> Head:
    """The head of a model."""
    config = core.config
    if config.span_mode == "token_level":  # type: ignore[union-attr]
        return TokenHead(core)
    plain = config.span_mode == "markerV0" and getattr(config, "span_encoder_config", None) is None  # type: ignore[union-attr]
    return MarkerHead(core) if plain else SpanHead(core)


def flat_spans(spans: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """Spans as a tensor (M, 2)."""
    return torch.tensor(spans, dtype=torch.long, device=device).reshape(-1, 2)


def _products(spans: Tensor, vectors: Tensor, of_span: Tensor, rows: Tensor | None) -> Tensor:
    """Dot products (P,) of the span and the vector of each pair."""
    if rows is not None and len(spans) * len(vectors) <= _DENSE * len(rows):
        return (spans @ vectors.to(spans.dtype).T)[of_span, rows]
    size = max(1, (_CACHED if spans.device.type == "cpu" else _CELLS) // spans.shape[1])
    products = []
    for at in range(0, len(of_span), size):
        some = vectors[at : at + size] if rows is None else vectors.index_select(0, rows[at : at + size])
        products.append((spans.index_select(0, of_span[at : at + size]) * some.to(spans.dtype)).sum(-1))
    return torch.cat(products)


def _together(windows: Sequence[Tensor]) -> Iterator[list[Tensor]]:
    """Windows, one after the other, a few at once: as many words as make the reading of weights cheap."""
    some: list[Tensor] = []
    for words in windows:
        if some and sum(map(len, some)) + len(words) > _WORDS:
            yield some
            some = []
        some.append(words)
    if some:
        yield some


def _passing(scores: Tensor, thresholds: Tensor) -> Iterator[tuple[int, int, float]]:
    """Row, label and score of what passes the threshold of its label."""
    rows, labels = torch.where(scores > thresholds)
    return zip(rows.tolist(), labels.tolist(), scores[rows, labels].tolist(), strict=True)


def _least(scored: Tensor) -> Tensor:
    """Logits (N,) of the span that all words (W, N, 3) make."""
    return torch.minimum(torch.minimum(scored[0, :, 0], scored[-1, :, 1]), scored[:, :, 2].amin(0))
