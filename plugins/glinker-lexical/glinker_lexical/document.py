"""The mentions of one document together: what speaks for the candidates of each, and what those of the others add."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from attrs import define, field

from glinker_core.combine import log_odds, priors
from glinker_core.model import WHOLE_TEXT, Candidate, Mention, MentionCandidates
from glinker_core.names import normalise, pieces
from glinker_lexical.described import Described, Read, key_words
from glinker_lexical.features import (
    framed_names,
    full_name,
    introduced,
    label_similarities,
    mentions_described,
    name_similarities,
    overlap,
    shared_words,
    type_agreements,
    usages,
    word_weights,
)

_LEAST = 0.02  # candidates less likely than this support nobody


@define
class Surface:
    """A mention string of a document with its candidates; `features` has a value for each, `likely` adds up to 1."""

    mention: Mention
    candidates: tuple[Candidate, ...]
    key: str
    own: frozenset[str]
    place: int  # where it first stands in the key of the document, framed by spaces
    proper: bool  # may be short for a longer name, which a common noun in small letters hardly is
    described: list[Described]
    shared: list[dict[str, float]]
    features: dict[str, list[float]]
    likely: list[float] = field(factory=list)

    def rows(self) -> Iterator[tuple[float, ...]]:
        """The values of all features for each candidate, in order."""
        return zip(*self.features.values(), strict=True)


def surfaces(text: str, items: Iterable[MentionCandidates], read: Read, weights: Mapping[str, float]) -> list[Surface]:
    """One for each mention with candidates, and the same one for those of one string, label and candidates.

    How likely a candidate is for the other mentions is judged by the `weights` of what speaks for it by itself.
    """
    document = normalise(text)
    context, framed, capitals = key_words(document), f" {document} ", not text.islower()
    found: list[Surface] = []
    known: defaultdict[tuple[str, str], list[Surface]] = defaultdict(list)
    for item in items:
        same = known[item.mention.text, item.mention.label]
        surface = next((one for one in same if one.candidates == item.candidates), None)
        if surface is None:
            proper = not (capitals and item.mention.text.islower())
            surface = _surface(item, proper, context, framed, read)
            same.append(surface)
        found.append(surface)
    distinct = [surface for same in known.values() for surface in same]
    named = [surface for surface in distinct if surface.mention.label != WHOLE_TEXT]
    names = framed_names(dict.fromkeys(surface.key for surface in named))
    for surface in distinct:
        surface.features["mentions"] = mentions_described(surface.key, names, surface.described)
        weighed = [weights[feature] for feature in surface.features]
        surface.likely = _shares([log_odds(values, weighed) for values in surface.rows()])
    _support(distinct, named)
    return found


def _surface(item: MentionCandidates, proper: bool, context: frozenset[str], framed: str, read: Read) -> Surface:
    mention, candidates = item.mention, tuple(item.candidates)
    key = normalise(mention.text)
    own = frozenset(pieces(key))
    place = framed.find(f" {key} ")
    place = place if place >= 0 else len(framed)
    described = [read(candidate.entity) for candidate in candidates]
    matched = [
        one.label if candidate.name == candidate.label else normalise(candidate.name)
        for candidate, one in zip(candidates, described, strict=True)
    ]
    shared = shared_words(own, context, [one.words for one in described])
    features = {
        "name": name_similarities(mention, key, candidates, matched),
        "case": [float(mention.text == candidate.name) for candidate in candidates],
        "label": label_similarities(key, own, described),
        "prior": priors(candidates),
        "usage": usages(key, candidates),
        "overlap": [overlap(words) for words in shared],
        "document": [
            1.0
            if candidate.match == "abbreviation"
            else full_name(key, place, own, candidate.match, name, one, framed) * proper
            for candidate, name, one in zip(candidates, matched, described, strict=True)
        ],
        "type": type_agreements(mention, described),
    }
    return Surface(mention, candidates, key, own, place, proper, described, shared, features)


def _shares(odds: Sequence[float]) -> list[float]:
    highest = max(odds, default=0.0)
    parts = [math.exp(one - highest) for one in odds]
    total = math.fsum(parts)
    return [part / total for part in parts]


def _support(distinct: Sequence[Surface], named: Sequence[Surface]) -> None:
    """Set `coherence` and raise `document` by what the mentions of other names say.

    A word of a candidate is supported by its mean share among the candidates of the other names, the one that has it
    most left out, so that two must agree. `coherence` is s / (1 + s) for the sum s of these shares times the weight of
    the word. `document` of a proper name is at least the share of the candidate in a longer mention that has all words
    of this one, or `LATER` of that.
    """
    same: defaultdict[str, list[Surface]] = defaultdict(list)
    for surface in named:
        same[surface.key].append(surface)
    shares = _shares_of_agreed(same)
    agreed = frozenset(shares)
    for surface in distinct:
        others, asked = len(same) - (surface.key in same), agreed - surface.own
        told = [one.words & asked for one in surface.described]
        gain = {
            word: weight * _agreed(shares[word], surface.key) / others for word, weight in word_weights(told).items()
        }
        supported = [math.fsum(map(gain.__getitem__, words)) for words in told]
        surface.features["coherence"] = [total / (1 + total) for total in supported]
        if surface.proper and (longer := _shares_in_longer(surface, named)):
            surface.features["document"] = [
                max(value, longer.get(candidate.entity_id, 0.0))
                for value, candidate in zip(surface.features["document"], surface.candidates, strict=True)
            ]


def _agreed(shares: Mapping[str, float], key: str) -> float:
    """The sum of the shares of all names but `key` and but the one with the greatest."""
    if len(shares) - (key in shares) < 2:
        return 0.0
    others = [share for name, share in shares.items() if name != key]
    return math.fsum(others) - max(others)


def _shares_in_longer(surface: Surface, named: Sequence[Surface]) -> dict[str, float]:
    """How likely entities are for mentions with all words of this one and more."""
    found: dict[str, float] = {}
    for other in named:
        if surface.own < other.own:
            counts = introduced(other.place, surface.place)
            for candidate, share in zip(other.candidates, other.likely, strict=True):
                found[candidate.entity_id] = max(counts * share, found.get(candidate.entity_id, 0.0))
    return found


def _shares_of_agreed(same: Mapping[str, Sequence[Surface]]) -> dict[str, dict[str, float]]:
    """Per word that likely candidates of two names at least have, by name the mean share of those that have it.

    The mean is over the surfaces of a name.
    """
    likely = {
        key: [
            (one.words, share)
            for surface in those
            for one, share in zip(surface.described, surface.likely, strict=True)
            if share >= _LEAST
        ]
        for key, those in same.items()
    }
    seen, agreed = frozenset[str](), frozenset[str]()
    for some in likely.values():
        words = frozenset[str]().union(*(words for words, _ in some))
        agreed |= seen & words
        seen |= words
    if not agreed:
        return {}
    shares: dict[str, dict[str, float]] = {word: {} for word in agreed}
    for key, some in likely.items():
        parts: defaultdict[str, list[float]] = defaultdict(list)
        for words, share in some:
            for word in words & agreed:
                parts[word].append(share)
        for word, found in parts.items():
            shares[word][key] = math.fsum(found) / len(same[key])
    return shares
