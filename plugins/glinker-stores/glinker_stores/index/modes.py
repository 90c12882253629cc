"""One function per search mode: from keys that are asked for to keys of the store that may be meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from rapidfuzz.distance import OSA
from rapidfuzz.process import cpdist

from glinker_core.layers import Search
from glinker_stores.index import passjoin, terms
from glinker_stores.index.letters import U32, Ints, Letters
from glinker_stores.index.part import Postings
from glinker_stores.index.parts import Live, Parts
from glinker_stores.index.similar import similar_keys

Floats: TypeAlias = npt.NDArray[np.float64]

#: What each kind of match can reach at most; names that are equal once normalised have 0.99.
REORDERED, SPACING, PLURAL, FUZZY, PARTIAL, SIMILAR, INITIALS, PREFIX = 0.98, 0.97, 0.96, 0.95, 0.9, 0.8, 0.7, 0.6


class Near(NamedTuple):
    """A key that may be meant, and the popularity of its most popular entity."""

    key: str
    quality: float
    match: str
    popularity: float


class Found(NamedTuple):
    """Keys of one part: who asked for each, which it is, and how good."""

    live: Live
    askers: Ints
    keys: Ints
    quality: Floats

    @property
    def popularity(self) -> Floats:
        return self.live.popularity[self.keys]

    def kept(self, keep: npt.NDArray[np.bool_] | Ints) -> Found:
        """Only some of them."""
        return Found(self.live, self.askers[keep], self.keys[keep], self.quality[keep])


#: From parts, keys, how to search and how many keys are wanted at most: for each key what may be meant, best first.
Mode: TypeAlias = Callable[[Parts, Sequence[str], Search, int], list[list[Near]]]


def variant(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Keys with the same words in another order, with other spaces, or in the plural."""
    wanted, askers = _joined(terms.variants(terms.Words.of(keys)))
    rows = []
    for live in parts.live:
        found = _once(_pairs(live, "variant", wanted, askers), search)
        for asker, key, popularity in _texts(found):
            if same := _same_words(keys[asker], key):
                rows.append((asker, *same, popularity, key))
    return _ordered(rows, len(keys), count)


def _same_words(ours: str, theirs: str) -> tuple[float, str] | None:
    """How two different keys are the same, if they are."""
    if ours == theirs:
        return None
    our_words, their_words = terms.spaced(ours).split(), terms.spaced(theirs).split()
    if sorted(our_words) == sorted(their_words):
        return REORDERED, "reordered"
    if "".join(our_words) == "".join(their_words):
        return SPACING, "spacing"
    if sorted(map(terms.stem, our_words)) == sorted(map(terms.stem, their_words)):
        return PLURAL, "plural"
    together = terms.stem("".join(our_words)) == terms.stem("".join(their_words))
    return (PLURAL, "plural") if together else None


def fuzzy(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Keys at most `max_distance` edits away that are similar enough; the same key is no edit away."""
    allowed = max(min(search.max_distance, passjoin.MAX_DISTANCE), 0)
    letters = Letters.of(keys)
    wanted, askers = terms.probes(letters, allowed, search.min_similarity)
    signatures = terms.signatures(letters)
    first = search.prefix_length
    rows = []
    for live in parts.live:
        found = _pairs(live, "segment", wanted, askers)
        differing = _bits(signatures[found.askers] ^ live.part["signature"][found.keys])
        near = _once(found.kept(differing <= 2 * allowed), search)
        edits = cpdist(
            [keys[asker] for asker in near.askers.tolist()],
            live.part.keys(near.keys.tolist()),
            scorer=OSA.distance,
            score_cutoff=allowed,
            dtype=np.int32,
        )
        few = np.flatnonzero(edits <= allowed)
        for (asker, key, popularity), distance in zip(_texts(near.kept(few)), edits[few].tolist(), strict=True):
            similarity = 1 - distance / max(len(key), len(keys[asker]))
            if similarity >= search.min_similarity and key[:first] == keys[asker][:first]:
                rows.append((asker, min(similarity, FUZZY), "fuzzy", popularity, key))
    return _ordered(rows, len(keys), count)


def partial(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Longer names that have all words of the key: a surname, a name without its legal form."""
    words = terms.Words.of(keys)
    wanted, askers = words.terms()
    borders = np.searchsorted(askers, np.arange(len(keys) + 1)).tolist()
    sizes = words.counts()

    def of(live: Live) -> Iterator[Found]:
        postings, lengths = live.part.postings("word"), live.part["words"]
        places = postings.places(wanted)
        for asker, (start, end) in enumerate(pairwise(borders)):
            there = np.unique(places[start:end])
            if there.size and there[0] >= 0:
                having = _in_all(postings, there)
                having = having[(lengths[having] > sizes[asker]) & _counts(live, having, search)]
                quality = PARTIAL * np.sqrt(sizes[asker] / lengths[having])
                yield Found(live, np.full(having.size, asker), having, quality)

    split = [set(terms.spaced(key).split()) for key in keys]
    near = _best([found for live in parts.live for found in of(live)], len(keys), count, "partial")
    return [
        [one for one in found if ours <= set(terms.spaced(one.key).split())]  # terms may collide
        for ours, found in zip(split, near, strict=True)
    ]


def _in_all(postings: Postings, places: Ints) -> Ints:
    """The keys that all terms share; the rarest are looked at first."""
    sizes = postings.starts[places + 1] - postings.starts[places]
    rarest, *others = places[np.argsort(sizes, kind="stable")].tolist()
    keys = postings.keys_of(rarest)
    for place in others:
        theirs = postings.keys_of(place)
        keys = keys[theirs[np.minimum(np.searchsorted(theirs, keys), theirs.size - 1)] == keys]
    return keys.astype(np.int64)


def initials(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Names of several words whose initials the key is, as U.S. and DRC are."""
    short = ["".join(key.split()) for key in keys]
    asked = np.array([1 < len(key) <= terms.MOST_INITIALS for key in short], bool)
    wanted = terms.whole(Letters.of(short))[asked]
    founds = []
    for live in parts.live:
        found = _once(_pairs(live, "initials", wanted, np.flatnonzero(asked)), search)
        founds.append(found._replace(quality=np.full(found.keys.size, INITIALS)))
    near = _best(founds, len(keys), count, "initials")
    return [
        [one for one in found if ours in _initials(one.key)]  # terms may collide
        for ours, found in zip(short, near, strict=True)
    ]


def _initials(key: str) -> tuple[str, str]:
    """The initials of all words of a key, and of all but the small ones."""
    words = terms.spaced(key).split()
    return "".join(word[0] for word in words), "".join(word[0] for word in words if word not in terms.SMALL_WORDS)


def prefix(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Names that start with the key."""

    def of(live: Live) -> Iterator[Found]:
        for asker, key in enumerate(keys):
            first, last = live.part.place(key), live.part.place(key + "\U0010ffff")
            having = np.arange(first, last)
            having = having[_counts(live, having, search)]
            yield Found(live, np.full(having.size, asker), having, np.full(having.size, PREFIX))

    # one more is asked for, since the key itself may be among them
    near = _best([found for live in parts.live for found in of(live)], len(keys), count + 1, "prefix")
    return [[one for one in found if one.key != key][:count] for key, found in zip(keys, near, strict=True)]


def similar(parts: Parts, keys: Sequence[str], search: Search, count: int) -> list[list[Near]]:
    """Keys whose 3-grams point in a similar direction: the cosine of their tf-idf vectors is at least `min_cosine`."""
    weights = parts.weights()
    if weights is None:
        return [[] for _ in keys]
    found = []
    for live in parts.live:
        allowed = _counts(live, slice(None), search)
        askers, others, cosine = similar_keys(live.part, allowed, keys, weights, search.min_cosine, count)
        found.append(Found(live, askers, others, np.minimum(cosine, 1.0) * SIMILAR))
    near = _best(found, len(keys), count + 1, "similar")
    return [[one for one in those if one.key != key][:count] for key, those in zip(keys, near, strict=True)]


#: All modes but `exact`, which needs no index.
MODES: Mapping[str, Mode] = {
    "variant": variant,
    "fuzzy": fuzzy,
    "partial": partial,
    "initials": initials,
    "prefix": prefix,
    "similar": similar,
}


def _joined(several: Iterable[terms.Terms]) -> tuple[U32, Ints]:
    every = list(several)
    return np.concatenate([one.terms for one in every]), np.concatenate([one.keys for one in every])


def _bits(numbers: npt.NDArray[np.uint32]) -> npt.NDArray[Any]:
    """How many bits of each number are set; numpy 1, which spaCy 3.7 needs, does not count them itself."""
    if hasattr(np, "bitwise_count"):
        return np.bitwise_count(numbers)
    counts: npt.NDArray[Any] = np.unpackbits(np.ascontiguousarray(numbers)[:, None].view(np.uint8), axis=1).sum(axis=1)
    return counts


def _pairs(live: Live, kind: str, wanted: U32, askers: Ints) -> Found:
    """Who finds which key by one of the terms, some pairs more than once."""
    who, keys = live.part.postings(kind).found(wanted, askers)
    return Found(live, who, keys, np.zeros(keys.size))


def _counts(live: Live, keys: Ints | slice, search: Search) -> npt.NDArray[np.bool_]:
    """Which of the keys have an entity that is popular enough."""
    return live.popularity[keys] >= max(float(search.min_popularity), 0.0)


def _once(found: Found, search: Search) -> Found:
    """Each pair once, without keys that do not count."""
    found = found.kept(_counts(found.live, found.keys, search))
    _, first = np.unique((found.askers << 32) | found.keys, return_index=True)
    return found.kept(first)


def _texts(found: Found) -> Iterator[tuple[int, str, float]]:
    """Asker, key and popularity of each pair."""
    texts = found.live.part.keys(found.keys.tolist())
    return zip(found.askers.tolist(), texts, found.popularity.tolist(), strict=True)


def _best(founds: Sequence[Found], askers: int, count: int, match: str) -> list[list[Near]]:
    """For each asker the best keys of all parts, of those equally good the most popular, then the first in order.

    Only what can be among them is read as text.
    """
    if not founds:
        return [[] for _ in range(askers)]
    who = np.concatenate([found.askers for found in founds])
    quality = np.concatenate([found.quality for found in founds])
    popularity = np.concatenate([found.popularity for found in founds])
    order = np.lexsort((-popularity, -quality, who))
    borders = np.searchsorted(who[order], np.arange(askers + 1))
    last = np.minimum(borders[:-1] + count, borders[1:]) - 1
    some = borders[1:] > borders[:-1]
    rank = order[last[some]]
    worst_quality, worst_popularity = np.full(askers, np.inf), np.full(askers, np.inf)
    worst_quality[some], worst_popularity[some] = quality[rank], popularity[rank]
    better = quality > worst_quality[who]
    kept = better | ((quality == worst_quality[who]) & (popularity >= worst_popularity[who]))
    rows: list[_Row] = []
    start = 0
    for found in founds:
        chosen = found.kept(kept[start : start + found.keys.size])
        start += found.keys.size
        rows += [
            (asker, good, match, popular, key)
            for (asker, key, popular), good in zip(_texts(chosen), chosen.quality.tolist(), strict=True)
        ]
    return _ordered(rows, askers, count)


_Row: TypeAlias = tuple[int, float, str, float, str]


def _ordered(rows: list[_Row], askers: int, count: int) -> list[list[Near]]:
    """For each asker its best rows: by quality, popularity, and key."""
    rows.sort(key=lambda row: (row[0], -row[1], -row[3], row[4]))
    near: list[list[Near]] = [[] for _ in range(askers)]
    for asker, quality, match, popularity, key in rows:
        if len(near[asker]) < count:
            near[asker].append(Near(key, quality, match, popularity))
    return near
