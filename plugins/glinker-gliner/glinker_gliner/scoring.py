"""Scores of mentions with their own candidates, by the vectors of entities or by prompts of their texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, chain, islice
from typing import NamedTuple

import torch

from glinker_core.model import Entity, Mention
from glinker_gliner.heads import flat_spans
from glinker_gliner.layer import ModelLayer, ScoringLayer
from glinker_gliner.placing import Placed, place
from glinker_gliner.vectors import EntityVectors
from glinker_gliner.windows import Words

_DIGITS = 6  # of a score: what a batch of another size changes is beyond them


class Job(NamedTuple):
    """A mention of a text with the entities it may mean."""

    text: int
    mention: Mention
    entities: Sequence[Entity]


class Scores(NamedTuple):
    """A score for each entity of a job; `note` says how what was scored differs from the mention, if it does."""

    values: list[float]
    note: str = ""


NO_WORDS = "has no word: scored 0"


def scores_of(
    layer: ScoringLayer, texts: Sequence[Words], jobs: Sequence[Job], vectors: EntityVectors | None
) -> list[Scores]:
    """The scores of each job, whatever the kind of the model; vectors of entities where it makes any."""
    if vectors is not None:
        return by_vectors(layer, texts, jobs, vectors)
    return by_prompts(layer, texts, jobs)


def by_vectors(layer: ModelLayer, texts: Sequence[Words], jobs: Sequence[Job], vectors: EntityVectors) -> list[Scores]:
    """Scores by a model that reads texts without labels: each text once, whatever the number of entities."""
    model = layer.loaded
    windows = layer.windows(texts)
    scores = [Scores([0.0] * len(job.entities), NO_WORDS if job.entities else "") for job in jobs]
    in_window: dict[tuple[int, int], list[tuple[int, Placed]]] = {}
    for index, job in enumerate(jobs):
        one = place(job.mention, texts[job.text], windows[job.text], model.max_width)
        if one is not None and job.entities:
            in_window.setdefault((job.text, one.window.first), []).append((index, one))
    if not in_window:
        return scores
    encoded = model.encode([members[0][1].window for members in in_window.values()], layer.batch_size)
    starts = accumulate(map(len, encoded), initial=0)
    spans = [
        (start + one.first, start + one.last)
        for start, members in zip(starts, in_window.values(), strict=False)
        for _, one in members
    ]
    placed = list(chain.from_iterable(in_window.values()))
    counts = [len(jobs[index].entities) for index, _ in placed]
    kept, rows = vectors.rows([entity for index, _ in placed for entity in jobs[index].entities])
    with torch.inference_mode():
        of_span = torch.repeat_interleave(torch.tensor(counts)).to(model.device)
        logits = model.head.pairs(encoded, flat_spans(spans, model.device), kept, of_span, rows)
    for (index, one), values in zip(placed, _split(_rounded(logits), counts), strict=True):
        scores[index] = Scores(values, one.note)
    return scores


def by_prompts(layer: ScoringLayer, texts: Sequence[Words], jobs: Sequence[Job]) -> list[Scores]:
    """Scores by a model that reads a text together with labels: `max_labels` entities of one mention at a time, or
    fewer where their texts would take more than half of a window.

    What such a model says of a label depends on the labels beside it. So the best of each chunk meet in another round,
    until one chunk holds them all; who is left behind never scores above who is not.
    """
    read = iter(layer.read(list(chain.from_iterable(job.entities for job in jobs))))
    of_entity = [list(islice(read, len(job.entities))) for job in jobs]
    labels, max_labels = [list(dict.fromkeys(own)) for own in of_entity], layer.max_labels
    values: list[dict[str, float]] = [{} for _ in jobs]
    notes = [""] * len(jobs)
    rounds: list[list[tuple[int, set[str], set[str]]]] = []  # job, who goes on, who stays behind
    sizes, room = layer.loaded.prompt_sizes(list(dict.fromkeys(chain.from_iterable(labels))))
    asked = {index: _chunks(own, max_labels, sizes, room) for index, own in enumerate(labels) if own}
    while asked:
        chunks = [(index, chunk) for index, some in asked.items() for chunk in some]
        for (index, chunk), scored in zip(chunks, _prompted(layer, texts, jobs, chunks), strict=True):
            values[index] |= zip(chunk, scored.values, strict=True)
            notes[index] = scored.note
        settled = [(index, *_settled(some, values[index], max_labels)) for index, some in asked.items()]
        rounds.append([one for one in settled if one[1]])
        asked = {
            index: _chunks([label for label in labels[index] if label in on], max_labels, sizes, room)
            for index, on, _ in rounds[-1]
        }
    for index, on, behind in chain.from_iterable(reversed(rounds)):
        least = min(values[index][label] for label in on)
        values[index] |= {label: min(values[index][label], least) for label in behind}
    return [
        Scores([own[label] for label in written], note)
        for written, own, note in zip(of_entity, values, notes, strict=True)
    ]


def _chunks(labels: Sequence[str], size: int, sizes: Mapping[str, int], room: int) -> list[list[str]]:
    """Labels in as few chunks as hold them, of about equal size; neighbours, which score alike, in different ones."""
    count = -(-len(labels) // size)
    while True:
        chunks = [list(labels[start::count]) for start in range(count)]
        if count >= len(labels) or all(sum(sizes[label] for label in chunk) <= room for chunk in chunks):
            return chunks
        count += 1


def _settled(chunks: Sequence[Sequence[str]], values: dict[str, float], size: int) -> tuple[set[str], set[str]]:
    """Who goes on to another round, so that at best one chunk holds them all, and who does not; nobody at last."""
    count, longest = len(chunks), max(map(len, chunks))
    if count == 1 or longest == 1:  # one label at a time has nothing beside it, so all can be compared
        return set(), set()
    every = set(chain.from_iterable(chunks))
    holds = size if count == -(-len(every) // size) else longest  # less than `size` where a window holds no more
    most = max(1, holds // count)
    on = set(chain.from_iterable(sorted(chunk, key=lambda label: -values[label])[:most] for chunk in chunks))
    return on, every - on


def _prompted(
    layer: ModelLayer, texts: Sequence[Words], jobs: Sequence[Job], chunks: Sequence[tuple[int, list[str]]]
) -> list[Scores]:
    """Scores of each chunk of labels for its job; a window is prompted once with the same labels, for all mentions."""
    model = layer.loaded
    scores = [Scores([0.0] * len(labels), NO_WORDS) for _, labels in chunks]
    prompts: dict[tuple[int, int, int, tuple[str, ...]], list[tuple[int, Placed]]] = {}
    for number, (index, labels) in enumerate(chunks):
        job = jobs[index]
        (per_text,) = layer.windows([texts[job.text]], labels)
        one = place(job.mention, texts[job.text], per_text, model.max_width)
        if one is not None:
            key = job.text, one.window.first, one.window.last, tuple(labels)
            prompts.setdefault(key, []).append((number, one))
    windows = [members[0][1].window for members in prompts.values()]
    prompted = model.prompt(windows, [labels for *_, labels in prompts], layer.batch_size)
    for (words, vectors), members in zip(prompted, prompts.values(), strict=True):
        with torch.inference_mode():
            of_span = torch.arange(len(members), device=model.device).repeat_interleave(len(vectors))
            spans = flat_spans([(one.first, one.last) for _, one in members], model.device)
            logits = model.head.pairs([words], spans, vectors.repeat(len(members), 1), of_span)
        counts = [len(vectors)] * len(members)
        for (number, one), values in zip(members, _split(_rounded(logits), counts), strict=True):
            scores[number] = Scores(values, one.note)
    return scores


def _rounded(logits: torch.Tensor) -> list[float]:
    """Probabilities, without the digits that depend on what else was in the batch."""
    rounded: list[float] = torch.sigmoid(logits.double()).round(decimals=_DIGITS).tolist()
    return rounded


def _split(values: list[float], counts: Iterable[int]) -> list[list[float]]:
    at = iter(values)
    return [list(islice(at, count)) for count in counts]
