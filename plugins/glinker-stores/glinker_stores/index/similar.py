"""The keys most similar to others: cosines of tf-idf vectors of 3-grams, without looking at most of the keys.

The grams of a key are added up from the rarest, which count most and which few keys have. A key that was not met so far
can have no more than the rest of them, so the commonest grams need not be followed once the rest is too little for the
cosine that is asked for. They are counted in the end, for the few keys that are best without them. Where many keys
share much, those that share little are left out: they can be as similar only if they are much shorter.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from glinker_stores.index import terms
from glinker_stores.index.letters import U32, Ints, Letters
from glinker_stores.index.part import Part, Postings, Weights

_FULL = 60_000  # what all grams of a key add up to, in the 16 bits they are added in
_REST = 0.6  # of what a key needs in all may be in the grams that are not followed
_MUCH = 0.2  # of all grams, by weight: where enough keys share that much, others are not looked at
_BLOCK = 8
_COMPARED = 3  # times the keys wanted are compared in full


def similar_keys(
    part: Part, allowed: npt.NDArray[np.bool_], keys: Sequence[str], weights: Weights, min_cosine: float, count: int
) -> tuple[Ints, Ints, npt.NDArray[np.float64]]:
    """Pairs of asker and key with their cosine, the `count` best of each asker among them and perhaps more."""
    postings, norms = part.postings("gram"), part["norm"]
    wanted, askers = terms.grams(Letters.of(keys))
    borders = np.searchsorted(askers, np.arange(len(keys) + 1)).tolist()
    sums = np.zeros(-len(part) // _BLOCK * -_BLOCK, np.uint16)
    found: list[tuple[Ints, Ints, npt.NDArray[np.float64]]] = []
    for asker, (start, end) in enumerate(pairwise(borders)):
        grams = np.unique(wanted[start:end])
        values = weights.get(grams)
        others, shared = _sharing(postings, norms, sums, allowed, grams, values, min_cosine, count)
        cosine = shared / (np.sqrt(values.sum(dtype=np.float64)) * norms[others])
        close = cosine >= min_cosine
        found.append((np.full(int(close.sum()), asker), others[close], cosine[close]))
    nothing = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))
    who, others, cosine = (np.concatenate(column) for column in zip(nothing, *found, strict=True))
    return who, others, cosine


def _where(chosen: npt.NDArray[np.bool_]) -> Ints:
    """Which are true, where few are: `_BLOCK` are looked at together first, which takes half the time."""
    blocks = np.flatnonzero(chosen.view(np.uint64) != 0)
    places: Ints = (blocks[:, None] * _BLOCK + np.arange(_BLOCK)).ravel()
    found: Ints = places[chosen[places]]
    return found


def _sharing(
    postings: Postings,
    norms: npt.NDArray[np.float32],
    sums: npt.NDArray[np.uint16],
    allowed: npt.NDArray[np.bool_],
    grams: U32,
    values: npt.NDArray[np.float32],
    min_cosine: float,
    count: int,
) -> tuple[Ints, npt.NDArray[np.float64]]:
    """Keys, and the weights of the grams they share with one asker; `sums` is zero before and after."""
    places = postings.places(grams)
    order = np.argsort(-values, kind="stable")
    order = order[places[order] >= 0]
    places, values, total = places[order], values[order].astype(np.float64), float(values.sum(dtype=np.float64))
    # a vector is at least as long as what it shares, so that a key of the cosine shares at least this much
    needed = min_cosine**2 * total
    rest = np.append(np.cumsum(values[::-1])[::-1], 0.0)
    followed = int(np.argmax(rest <= _REST * needed))
    scale = _FULL / max(total, 1e-6)
    for place, value in zip(places[:followed].tolist(), (values * scale).astype(np.uint16), strict=False):
        np.add.at(sums, postings.keys_of(place).astype(np.int64), value)
    for least in (max(_MUCH * total, needed), needed):
        near = _where(sums >= max(int((least - rest[followed]) * scale * 0.99) - len(grams), 1))
        near = near[allowed[near]]
        if near.size >= _COMPARED * count:
            break
    shared = sums[near] / scale
    sums.fill(0)
    if near.size > _COMPARED * count:
        best = np.argpartition(-shared / norms[near], _COMPARED * count)[: _COMPARED * count]
        near, shared = near[best], shared[best]
    for place, value in zip(places[followed:].tolist(), values[followed:].tolist(), strict=True):
        theirs = postings.keys_of(place)
        shared += value * (theirs[np.minimum(np.searchsorted(theirs, near), theirs.size - 1)] == near)
    return near, shared
