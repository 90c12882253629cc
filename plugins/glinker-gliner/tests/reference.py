"""What the gliner library itself answers, through its own tokenising, encoding and scoring."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import torch
from gliner import GLiNER
from gliner.model import BaseEncoderGLiNER


def load(folder: Path) -> BaseEncoderGLiNER:
    """A saved model, by the library's own loader, with nothing from the network."""
    with warnings.catch_warnings():
        # said of every bi-encoder that is saved without the marks that only uni-encoders need
        warnings.filterwarnings("ignore", "Resizing embeddings is not supported for bi-encoder models", UserWarning)
        return GLiNER.from_pretrained(str(folder), local_files_only=True)


def library_scores(
    model: BaseEncoderGLiNER, text: str | Sequence[str], spans: Sequence[tuple[int, int]], labels: Sequence[str]
) -> list[list[float]]:
    """The score of each label for each span of one text, shape (spans, labels).

    Spans of a string are characters, half open, and must lie on the borders of the library's words; spans of a
    sequence of words are its first and last word. Raises ValueError where the library gives a span or a label no score.
    """
    if isinstance(text, str):
        [words], [starts], [ends] = model.prepare_inputs([text])
        spans = [(starts.index(start), ends.index(end)) for start, end in spans]
    else:
        words = list(text)
    model.eval()
    batch = model.collate_batch(model.prepare_base_input([words]), list(dict.fromkeys(labels)))
    logits = model.run_batch(batch).logits[0]
    kept = len(batch["tokens"][0])
    ids = batch["id_to_classes"]
    ids = ids[0] if isinstance(ids, list) else ids
    column = {label: position - 1 for position, label in ids.items()}
    columns = [column[label] for label in labels]
    token_level = model.config.span_mode == "token_level"
    classes = logits.shape[1] if token_level else logits.shape[2]
    for first, last in spans:
        if not 0 <= first <= last < kept or (not token_level and last - first >= logits.shape[1]):
            raise ValueError(f"words {first} to {last}: the library scores no such span of {kept} words")
    if columns and max(columns) >= classes:
        raise ValueError(f"{len(column)} labels: the library scores {classes}, its window holds no more")
    shares = torch.sigmoid(logits)
    if token_level:
        start, end, inside = shares[:, columns].unbind(-1)
        scores = [torch.minimum(torch.minimum(start[a], end[b]), inside[a : b + 1].amin(0)) for a, b in spans]
    else:
        scores = [shares[first, last - first, columns] for first, last in spans]
    return [row.tolist() for row in scores]


def library_mentions(
    model: BaseEncoderGLiNER,
    texts: Sequence[str],
    labels: Sequence[str],
    threshold: float = 0.5,
    flat_ner: bool = True,
    multi_label: bool = False,
) -> list[list[tuple[int, int, str, float]]]:
    """The mentions of each text in the library's order: start, end (characters), label, score."""
    found = model.inference(list(texts), list(labels), flat_ner, threshold, multi_label)
    return [[(one["start"], one["end"], one["label"], one["score"]) for one in mentions] for mentions in found]


def all_spans(model: BaseEncoderGLiNER, text: str) -> list[tuple[int, int]]:
    """All spans of whole words of a text that are no wider than the model takes, as characters."""
    _, [starts], [ends] = model.prepare_inputs([text])
    width = model.config.max_width
    return [(start, end) for first, start in enumerate(starts) for end in ends[first : first + width]]
