"""The mentions of one document together: what speaks for the candidates of each, and what those of the others add."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from attrs import define, field

from glinker_core.model import WHOLE_TEXT, Candidate, Mention, MentionCandidates
from glinker_core.names import normalise, pieces
from glinker_lexical.combine import log_odds
from glinker_lexical.described import Described, Read, key_words
from glinker_lexical.features import (
    full_name,
    label_similarities,
    mentions_described,
    name_similarities,
    overlap,
    priors,
    shared_words,
    type_agreement,
    usages,
    word_weights,
)

_LEAST = 0.02  # candidates less likely than this support nobody


@define
class Surface:
    """A mention string of a document with its candidates; `values` are the features of each, `likely` adds up to 1."""

    mention: Mention
    candidates: tuple[Candidate, ...]
    key: str
    own: frozenset[str]
    described: list[Described]
    shared: list[dict[str, float]]
    values: list[dict[str, float]]
    likely: list[float] = field(factory=list)


def surfaces(text: str, items: Iterable[MentionCandidates], read: Read, weights: Mapping[str, float]) -> list[Surface]:
    """One for each mention with candidates, and the same one for those of one string, label and candidates.

    How likely a candidate is for the other mentions is judged by the `weights` of what speaks for it by itself.
    """
    document = normalise(text)
    context, framed = key_words(document), f" {document} "
    found: list[Surface] = []
    known: defaultdict[tuple[str, str], list[Surface]] = defaultdict(list)
    for item in items:
        same = known[item.mention.text, item.mention.label]
        surface = next((one for one in same if one.candidates == item.candidates), None)
        if surface is None:
            surface = _surface(item, context, framed, read)
            same.append(surface)
        found.append(surface)
    distinct = [surface for same in known.values() for surface in same]
    named = [surface for surface in distinct if surface.mention.label != WHOLE_TEXT]
    keys = list(dict.fromkeys(surface.key for surface in named))
    for surface in distinct:
        told = mentions_described(surface.key, keys, surface.described)
        for values, one in zip(surface.values, told, strict=True):
            values["mentions"] = one
        surface.likely = _shares([log_odds(values, weights) for values in surface.values])
    _support(distinct, named)
    return found


def _surface(item: MentionCandidates, context: frozenset[str], framed: str, read: Read) -> Surface:
    mention, candidates = item.mention, item.candidates
    key = normalise(mention.text)
    own = frozenset(pieces(key))
    described = [read(candidate.entity) for candidate in candidates]
    shared = shared_words(own, context, [one.words for one in described])
    names, labels = name_similarities(mention, candidates), label_similarities(key, described)
    prior, usage = priors(candidates), usages(key, candidates)
    values = [
        {
            "name": names[index],
            "case": float(mention.text == candidate.name),
            "label": labels[index],
            "prior": prior[index],
            "usage": usage[index],
            "overlap": overlap(shared[index]),
            "document": float(full_name(key, own, candidate, described[index], framed)),
            "type": type_agreement(mention, candidate.entity),
        }
        for index, candidate in enumerate(candidates)
    ]
    return Surface(mention, candidates, key, own, described, shared, values)


def _shares(odds: Sequence[float]) -> list[float]:
    highest = max(odds, default=0.0)
    parts = [math.exp(one - highest) for one in odds]
    total = math.fsum(parts)
    return [part / total for part in parts]


def _support(distinct: Sequence[Surface], named: Sequence[Surface]) -> None:
    """Set `coherence` and raise `document` by what the mentions of other names say.

    A word of a candidate is supported by its mean share among the candidates of the other names, the one that has it
    most left out, so that two must agree. `coherence` is s / (1 + s) for the sum s of these shares times the weight of
    the word. `document` is at least the share of the candidate in a longer mention that has all words of this one.
    """
    same: defaultdict[str, list[Surface]] = defaultdict(list)
    for surface in named:
        same[surface.key].append(surface)
    shares: defaultdict[str, dict[str, float]] = defaultdict(dict)  # word -> name -> share of candidates that have it
    for key, those in same.items():
        for word, share in _word_shares(those).items():
            shares[word][key] = share
    agreed = {word: by_name for word, by_name in shares.items() if len(by_name) > 1}
    for surface in distinct:
        others = len(same) - (surface.key in same)
        told = [one.words.intersection(agreed).difference(surface.own) for one in surface.described]
        gain = {
            word: weight * _agreed(agreed[word], surface.key) / others
            for word, weight in word_weights(told).items()
            if others
        }
        longer = _shares_in_longer(surface, named)
        for candidate, values, words in zip(surface.candidates, surface.values, told, strict=True):
            supported = math.fsum(gain[word] for word in words) if others else 0.0
            values["document"] = max(values["document"], longer.get(candidate.entity_id, 0.0))
            values["coherence"] = supported / (1 + supported)


def _agreed(shares: Mapping[str, float], key: str) -> float:
    """The sum of the shares of all names but `key` and but the one with the greatest."""
    others = [share for name, share in shares.items() if name != key]
    return math.fsum(others) - max(others) if len(others) > 1 else 0.0


def _shares_in_longer(surface: Surface, named: Sequence[Surface]) -> dict[str, float]:
    """How likely entities are for mentions with all words of this one and more."""
    found: dict[str, float] = {}
    for other in named:
        if surface.own < other.own:
            for candidate, share in zip(other.candidates, other.likely, strict=True):
                found[candidate.entity_id] = max(share, found.get(candidate.entity_id, 0.0))
    return found


def _word_shares(those: Sequence[Surface]) -> dict[str, float]:
    """Per word the mean share of the candidates that have it, over surfaces of one name."""
    parts: defaultdict[str, list[float]] = defaultdict(list)
    for surface in those:
        for one, share in zip(surface.described, surface.likely, strict=True):
            if share >= _LEAST:
                for word in one.words:
                    parts[word].append(share)
    return {word: math.fsum(shares) / len(those) for word, shares in parts.items()}
