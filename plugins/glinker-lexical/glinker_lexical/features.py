"""What speaks for a candidate: its names, how well known it is, what the document says of it, its type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import partial_ratio

from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention
from glinker_core.names import normalise, pieces
from glinker_lexical.described import Described
from glinker_lexical.words import ORDINARY_WORDS

_UNKNOWN_TYPE = 0.5
_HALF = 3  # weight of shared words that makes an overlap of a half: two or three that few candidates have
_ORDINARY = 0.1  # how much of its weight an ordinary word keeps: "planet" says something, though it is everywhere
LATER = 0.3  # of a longer name is left where the shorter one comes first, as in headlines
_SHORT = 3  # keys below this length stand in too many descriptions by chance


def name_similarities(
    mention: Mention, key: str, candidates: Sequence[Candidate], matched: Sequence[str]
) -> list[float]:
    """The `l2` score of each candidate; without one, 1 - edits / length of the keys of mention and `matched` name.

    A whole text is no name: 0 for all its candidates.
    """
    if mention.label == WHOLE_TEXT:
        return [0.0] * len(candidates)
    return [
        score if (score := candidate.scores.get("l2")) is not None else OSA.normalized_similarity(key, name)
        for candidate, name in zip(candidates, matched, strict=True)
    ]


def label_similarities(key: str, own: frozenset[str], described: Sequence[Described]) -> list[float]:
    """How near the mention is to the label of each candidate, as a share of the nearest.

    Two thirds are how well the shorter of both stands within the longer, or that the mention is the initials of the
    label or all its words are in the label; one third is for a label that is equal.
    """
    near: dict[tuple[str, str], float] = {}  # namesakes have one label
    for one in described:
        if (one.label, one.bare) not in near:
            whole = key in one.initials or own.issubset(pieces(one.bare))
            within = 1 if whole else partial_ratio(key, one.bare) / 100
            near[one.label, one.bare] = (within * 2 + (one.label == key)) / 3
    nearest = max(near.values(), default=0.0) or 1.0
    return [near[one.label, one.bare] / nearest for one in described]


def usages(key: str, candidates: Sequence[Candidate]) -> list[float]:
    """The root of the share of each candidate in the uses of the name, p(entity | name), where any is known.

    An entity says in its metadata how often a name meant it: `{"priors": {"normalised name": 12}}`, in any unit.
    """
    uses = [_uses(candidate.entity, key) for candidate in candidates]
    total = math.fsum(uses) or 1.0
    return [math.sqrt(one / total) for one in uses]


def _uses(entity: Entity, key: str) -> float:
    known = entity.metadata.get("priors")
    if not isinstance(known, Mapping):
        return 0.0
    uses = known.get(key, 0)
    return float(uses) if isinstance(uses, (int, float)) and 0 <= uses < math.inf else 0.0


def shared_words(
    own: Collection[str], context: Collection[str], described: Sequence[frozenset[str]]
) -> list[dict[str, float]]:
    """Per candidate the words it shares with the document, each with its weight, the words of the mention left out.

    `described` holds the words of each candidate. A word weighs the more, the fewer of the n candidates have it:
    log((n + 1) / how many have it), and a tenth of that if it is ordinary.
    """
    shared = [words.intersection(context).difference(own) for words in described]
    weight = word_weights(shared)
    return [{word: weight[word] for word in sorted(words)} for words in shared]


def word_weights(described: Sequence[Collection[str]]) -> dict[str, float]:
    """The weight of each word of the candidates, see `shared_words`."""
    if not any(described):
        return {}
    having = Counter(chain.from_iterable(described))
    return {
        word: math.log((len(described) + 1) / count) * (_ORDINARY if word in ORDINARY_WORDS else 1)
        for word, count in having.items()
    }


def overlap(shared: Mapping[str, float]) -> float:
    """The weights of shared words as one number in 0..1: their sum s as s / (3 + s)."""
    total = math.fsum(shared.values())
    return total / (_HALF + total)


def framed_names(keys: Iterable[str]) -> list[str]:
    """The keys that `mentions_described` looks for, with a space at both ends."""
    return [f" {key} " for key in keys if len(key) >= _SHORT]


def mentions_described(key: str, names: Sequence[str], described: Sequence[Described]) -> list[float]:
    """How much each description says of the document's other mentions: of `names` all but the key of this one.

    A name that stands in it weighs log((n + 1) / in how many of the n it does); their sum s makes s / (3 + s).
    """
    own = f" {key} "
    told = [[name for name in names if name in one.description and name != own] for one in described]
    if not any(told):
        return [0.0] * len(described)
    having = Counter(chain.from_iterable(told))
    return [overlap({name: math.log((len(described) + 1) / having[name]) for name in some}) for some in told]


def full_name(
    key: str, place: int, own: frozenset[str], match: str, matched: str, one: Described, document: str
) -> float:
    """1 if the document, a key with a space at both ends, has a longer name of the candidate before its `place`.

    That is its label or the name that `matched`, if it has all words of the mention, or the mention for its initials.
    Behind that place, the first one of the mention, it counts as `LATER`.
    """
    if matched == one.label == one.bare == key:  # as namesakes are
        return 0.0
    if match == "initials":
        longer = {matched} - {key}
    else:
        longer = {n for n in (matched, one.label, one.bare) if len(n) > len(key) and own.issubset(pieces(n))}
    places = [at for name in longer if (at := document.find(f" {name} ")) >= 0]
    return introduced(min(places), place) if places else 0.0


def introduced(longer: int, shorter: int) -> float:
    """What a longer name says of a shorter one by their first places: all if it comes first, else `LATER`."""
    return 1.0 if longer <= shorter else LATER


def type_agreements(mention: Mention, described: Sequence[Described]) -> list[float]:
    """1 where the mention's label is the type of a candidate, 0 where it is another, 0.5 where one is not given."""
    if not mention.label or mention.label == WHOLE_TEXT:
        return [_UNKNOWN_TYPE] * len(described)
    label = normalise(mention.label)
    return [float(one.type == label) if one.type else _UNKNOWN_TYPE for one in described]
