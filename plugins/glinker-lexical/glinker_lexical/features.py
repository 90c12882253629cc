"""What speaks for a candidate: its name, how well known it is, the words it shares with the document, its type."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from rapidfuzz.distance import OSA

from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention
from glinker_core.names import normalise, pieces
from glinker_lexical.words import FUNCTION_WORDS, ORDINARY_WORDS

_SMOOTHING = 0.001  # of the best known candidate, added to all: unknown popularity is low, not nothing
_DECADES = 3  # powers of ten between a prior of 1 and of 0
_UNKNOWN_TYPE = 0.5
_HALF = 3  # weight of shared words that makes an overlap of a half: two or three that few candidates have
_ORDINARY = 0.1  # how much of its weight an ordinary word keeps: "planet" says something, though it is everywhere


def content_words(text: str) -> frozenset[str]:
    """The folded words of a text but for words of grammar and single letters."""
    words = frozenset(pieces(normalise(text))) - FUNCTION_WORDS
    return frozenset(word for word in words if len(word) > 1 or not word.isascii())


def entity_words(description: str, entity_type: str) -> frozenset[str]:
    """What an entity is recognised by in a document: the content words of its description and type."""
    return content_words(f"{entity_type} {description}")


def name_similarities(mention: Mention, candidates: Sequence[Candidate]) -> list[float]:
    """The `l2` score of each candidate; without one, 1 - edits / length of the normalised names.

    A whole text is no name: 0 for all its candidates.
    """
    if mention.label == WHOLE_TEXT:
        return [0.0] * len(candidates)
    key = normalise(mention.text)
    return [
        score if (score := c.scores.get("l2")) is not None else OSA.normalized_similarity(key, normalise(c.name))
        for c in candidates
    ]


def priors(candidates: Sequence[Candidate]) -> list[float]:
    """How well known each candidate is among all: 1 for one that has all popularity, 0 for a thousandth or less.

    In between it falls with the logarithm of the share, so that only ratios of popularity count, not its unit.
    """
    popularity = [candidate.entity.popularity for candidate in candidates]
    extra = max(popularity, default=0) * _SMOOTHING or 1.0
    total = math.fsum(popularity) + extra * len(popularity)
    return [max(0.0, 1 + math.log10((one + extra) / total) / _DECADES) for one in popularity]


def shared_words(
    mention: Mention, context: Collection[str], described: Sequence[frozenset[str]]
) -> list[dict[str, float]]:
    """Per candidate the words it shares with the document, each with its weight, the words of the mention left out.

    `described` holds the words of each candidate. A word weighs the more, the fewer of the n candidates have it:
    log((n + 1) / how many have it), and a tenth of that if it is ordinary.
    """
    own = frozenset(pieces(normalise(mention.text)))
    shared = [words.intersection(context) - own for words in described]
    having = Counter(word for words in shared for word in words)
    weight = {
        word: math.log((len(described) + 1) / count) * (_ORDINARY if word in ORDINARY_WORDS else 1)
        for word, count in having.items()
    }
    return [{word: weight[word] for word in sorted(words)} for words in shared]


def overlap(shared: Mapping[str, float]) -> float:
    """The weights of shared words as one number in 0..1: their sum s as s / (3 + s)."""
    total = math.fsum(shared.values())
    return total / (_HALF + total)


def type_agreement(mention: Mention, entity: Entity) -> float:
    """1 where the mention's label is the entity's type, 0 where it is another, 0.5 where one is not given."""
    if not mention.label or not entity.entity_type or mention.label == WHOLE_TEXT:
        return _UNKNOWN_TYPE
    return float(normalise(mention.label) == normalise(entity.entity_type))


def features(
    mention: Mention, candidates: Sequence[Candidate], shared: Sequence[Mapping[str, float]]
) -> list[dict[str, float]]:
    """Per candidate `name`, `case`, `prior`, `overlap` and `type`, all in 0..1; see the functions above.

    `case` is 1 where the mention is written exactly like the name that matched.
    """
    names, prior = name_similarities(mention, candidates), priors(candidates)
    return [
        {
            "name": names[index],
            "case": float(mention.text == candidate.name),
            "prior": prior[index],
            "overlap": overlap(shared[index]),
            "type": type_agreement(mention, candidate.entity),
        }
        for index, candidate in enumerate(candidates)
    ]
