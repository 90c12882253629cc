"""What an encoder says of candidates, of all mentions of a batch at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from rapidfuzz.distance import OSA

from glinker_core.combine import log_odds, priors
from glinker_core.layers import Candidates, Texts
from glinker_core.model import WHOLE_TEXT, Candidate, Entity, MentionCandidates
from glinker_core.names import normalise
from glinker_dense.context import is_pronoun, spoken
from glinker_dense.exact import Vectors, cosines, unit

if TYPE_CHECKING:
    from glinker_dense.linker import EncoderLinker

_LEAST = 0.02  # who is less likely than this says nothing of the text


def valued(linker: EncoderLinker, texts: Texts, candidates: Candidates) -> Iterator[list[dict[str, float]]]:
    """Per mention, in order, the features of each of its candidates."""
    asked = [spoken(text, [item.mention for item in items]) for text, items in zip(texts, candidates, strict=True)]
    vectors = linker.encoder.spoken(list(chain.from_iterable(asked)), linker.batch_size)
    both = zip(*vectors, strict=True)
    for items in candidates:
        of_items = [linker.vectors.of([candidate.entity for candidate in item.candidates]) for item in items]
        values = [
            _values(item, cosines(np.stack(next(both)), entities))
            for item, entities in zip(items, of_items, strict=True)
        ]
        _add_neighbours(linker, items, values, of_items)
        yield from values


def _values(item: MentionCandidates, near: Vectors) -> list[dict[str, float]]:
    """What is known of each candidate by itself; that a pronoun is spelt or means something says nothing."""
    known, key, pronoun = priors(item.candidates), normalise(item.mention.text), is_pronoun(item.mention.text)
    found = []
    for index, candidate in enumerate(item.candidates):
        own = {} if "name" in candidate.scores else {"name": 0.0 if pronoun else spelling(key, candidate)}
        if "prior" not in candidate.scores:
            own["prior"] = known[index]
        meaning, context = (min(max(0.0, float(one)), 1.0) for one in near[:, index])
        found.append({**own, "meaning": 0.0 if pronoun else meaning, "context": context})
    return found


def spelling(key: str, candidate: Candidate) -> float:
    """`l2` of a search by spelling that found the candidate, or how alike its nearest name is: 1 - edits / length."""
    score = candidate.scores.get("l2")
    return likeness(key, candidate.entity) if score is None else score


def likeness(key: str, entity: Entity) -> float:
    """How alike a normalised name is to the nearest of an entity's."""
    return max(OSA.normalized_similarity(key, normalise(name)) for name in entity.names)


def _add_neighbours(
    linker: EncoderLinker,
    items: Sequence[MentionCandidates],
    values: Sequence[Sequence[dict[str, float]]],
    vectors: Sequence[Vectors],
) -> None:
    """Set `neighbours` and `antecedent` by what the mentions of other names seem to mean.

    `neighbours` is the cosine of an entity and the mean of what they mean, 0 where there are none. `antecedent` is, for
    a pronoun, how likely the candidate is for the mention that its text begins with: what it names first, a text is
    about.
    """
    means: dict[str, Vectors] = {}
    first: dict[str, float] = {}
    for item, own, of_item in zip(items, values, vectors, strict=True):
        key = normalise(item.mention.text)
        if item.candidates and key not in means and item.mention.label != WHOLE_TEXT and not is_pronoun(key):
            shares = _shares(linker, item, own)
            first = first or {c.entity_id: float(one) for c, one in zip(item.candidates, shares, strict=True)}
            means[key] = np.where(shares >= _LEAST, shares, 0).astype(np.float32) @ of_item
    total: Vectors | None = np.stack(list(means.values())).sum(axis=0) if means else None
    for item, own, of_item in zip(items, values, vectors, strict=True):
        key = normalise(item.mention.text)
        mean = None if total is None or means.keys() <= {key} else total - means[key] if key in means else total
        near = [0.0] * len(own) if mean is None or not own else cosines(unit(mean)[None], of_item)[0].tolist()
        pronoun = is_pronoun(item.mention.text)
        for candidate, one, cosine in zip(item.candidates, own, near, strict=True):
            one["neighbours"] = min(max(0.0, cosine), 1.0)
            one["antecedent"] = first.get(candidate.entity_id, 0.0) if pronoun else 0.0


def _shares(linker: EncoderLinker, item: MentionCandidates, values: Sequence[Mapping[str, float]]) -> Vectors:
    """How likely each candidate is, as far as what is known of it by itself can tell; adds up to 1."""
    counted = (
        linker.counted(item.mention, {**candidate.scores, "neighbours": 0.0, "antecedent": 0.0, **own})
        for candidate, own in zip(item.candidates, values, strict=True)
    )
    odds = np.array([log_odds(one.values(), [linker.weights[name] for name in one]) for one in counted])
    shares = np.exp(odds - odds.max())
    found: Vectors = shares / shares.sum()
    return found
