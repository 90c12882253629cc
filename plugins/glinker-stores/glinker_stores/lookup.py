"""Search by name, the same for every store: tiers, qualities, order and cuts, over three questions to a backend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeVar

from rapidfuzz.distance import OSA
from rapidfuzz.process import extract

from glinker_core.errors import InputError, near
from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise
from glinker_stores.index import MAX_DISTANCE, probes

EQUAL, NORMALISED = 1.0, 0.99
#: What a fuzzy match can reach, however long the name: less than an equally normalised one.
FUZZY = 0.989
_SLICE = 512  # names searched at once, which bounds memory

Ref = TypeVar("Ref")


class Backend(Protocol[Ref]):
    """What a store answers, each question once per tier for a whole batch; `Ref` is how it refers to an entity."""

    def names_with(self, keys: Sequence[str]) -> Iterable[tuple[str, str, Ref]]:
        """Key, surface and entity of each name that normalises to one of the keys."""

    def keys_with(self, segments: Sequence[str]) -> Iterable[tuple[str, Sequence[str]]]:
        """Each of the segments that has keys, with its keys."""

    def entities_at(self, refs: Sequence[Ref]) -> Mapping[Ref, Entity]: ...


class _Hit(NamedTuple):
    quality: float
    match: str
    surface: str


_Hits = dict[str, list[tuple[Ref, _Hit]]]


def search(backend: Backend[Ref], names: Sequence[str], search: Search) -> list[tuple[Candidate, ...]]:
    """Per name its candidates, best first; each name is looked up once, however often it is asked.

    The modes are tried in their order, each for the names that have no candidate yet. An entity below `min_popularity`
    is not there for this search. Names without a key (blank ones, lone surrogates) find nothing.
    """
    if unknown := [mode for mode in search.modes if mode not in _TIERS]:
        raise InputError(f"search: unknown mode '{unknown[0]}'{near(unknown[0], _TIERS)}")
    keys = {name: key for name in dict.fromkeys(names) if (key := normalise(name))}
    found: dict[str, tuple[Candidate, ...]] = {}
    for part in _sliced(keys):
        for mode in search.modes:
            asked = {name: keys[name] for name in part if name not in found}
            hits = _TIERS[mode](backend, asked, search) if asked else {}
            entities = backend.entities_at(list(dict.fromkeys(ref for of_name in hits.values() for ref, _ in of_name)))
            for name, of_name in hits.items():
                if candidates := _ranked(of_name, entities, search):
                    found[name] = candidates
    return [found.get(name, ()) for name in names]


def _sliced(names: Iterable[str]) -> Iterator[list[str]]:
    everything = list(names)
    for start in range(0, len(everything), _SLICE):
        yield everything[start : start + _SLICE]


def _exact(backend: Backend[Ref], keys: Mapping[str, str], _: Search) -> _Hits[Ref]:
    """Names that are equal, or equal once normalised."""
    named = _by_key(backend.names_with(list(dict.fromkeys(keys.values()))))
    return {
        name: [
            (ref, _Hit(EQUAL, "exact", surface) if surface == name else _Hit(NORMALISED, "normalised", surface))
            for surface, ref in named[key]
        ]
        for name, key in keys.items()
        if key in named
    }


def _fuzzy(backend: Backend[Ref], keys: Mapping[str, str], search: Search) -> _Hits[Ref]:
    """Names whose keys are at most `max_distance` edits away and similar enough; an equal key is no edit away."""
    asked = dict.fromkeys(keys.values())
    near_by = {key: {key: None} for key in asked}
    askers: dict[str, list[str]] = defaultdict(list)
    for key in asked:
        for segment in probes(key, search.max_distance, search.min_similarity):
            askers[segment].append(key)
    for segment, neighbours in backend.keys_with(list(askers)):
        for key in askers[segment]:
            near_by[key] |= dict.fromkeys(neighbours)
    similar = {key: _similar(key, near_by[key], search) for key in asked}
    named = _by_key(backend.names_with(list(dict.fromkeys(key for found in similar.values() for key in found))))
    return {
        name: [
            (ref, _Hit(min(similarity, FUZZY), "fuzzy", surface))
            for neighbour, similarity in similar[key].items()
            for surface, ref in named.get(neighbour, ())
        ]
        for name, key in keys.items()
    }


_TIERS = {"exact": _exact, "fuzzy": _fuzzy}


def _by_key(rows: Iterable[tuple[str, str, Ref]]) -> dict[str, list[tuple[str, Ref]]]:
    named = defaultdict(list)
    for key, surface, ref in rows:
        named[key].append((surface, ref))
    return named


def _similar(key: str, neighbours: Iterable[str], search: Search) -> dict[str, float]:
    """Which of the keys really are near enough, with their similarity."""
    length = max(search.prefix_length, 0)
    choices = [other for other in neighbours if other[:length] == key[:length]] if length else list(neighbours)
    allowed = max(min(search.max_distance, MAX_DISTANCE), 0)
    verified = extract(key, choices, scorer=OSA.distance, score_cutoff=allowed, limit=None)
    similar = {other: 1 - edits / max(len(key), len(other)) for other, edits, _ in verified}
    return {other: similarity for other, similarity in similar.items() if similarity >= search.min_similarity}


def _ranked(hits: Iterable[tuple[Ref, _Hit]], entities: Mapping[Ref, Entity], search: Search) -> tuple[Candidate, ...]:
    """One candidate per entity, by the name of it that matches best (its label before an alias), best first."""
    best: dict[Ref, _Hit] = {}
    for ref, hit in hits:
        label = entities[ref].label
        if ref not in best or _preference(hit, label) < _preference(best[ref], label):
            best[ref] = hit
    known = [(entities[ref], hit) for ref, hit in best.items() if entities[ref].popularity >= search.min_popularity]
    known.sort(key=lambda one: (-one[1].quality, -one[0].popularity, one[0].entity_id))
    return tuple(
        Candidate(entity, hit.surface, hit.match, {"l2": hit.quality}) for entity, hit in known[: max(search.limit, 0)]
    )


def _preference(hit: _Hit, label: str) -> tuple[float, bool, str]:
    return -hit.quality, hit.surface != label, hit.surface
