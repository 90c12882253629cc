"""What a document calls by a shorter name: abbreviations it explains, and mentions that are part of longer ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from glinker_core.model import Candidate, Mention
from glinker_core.names import normalise, pieces

_BRACKETS = re.compile(r"\s[(\[]\s?([^()\[\];,:]{1,60}?)\s?[)\];,:]")
_LONGEST = 10  # characters of an abbreviation
_BEFORE = 150  # characters in which its long form may stand
_PART = 0.9  # what is left of the quality of a match by a longer mention


def abbreviations(text: str) -> dict[str, str]:
    """The long form of each abbreviation that a text explains: "long form (LF)" or "LF (long form)".

    The letters of an abbreviation must come in the long form in their order, the first at the start of a word; of
    several long forms the first counts. A. Schwartz, M. Hearst: A simple algorithm for identifying abbreviation
    definitions in biomedical text, 2003.

    >>> abbreviations("the tumour necrosis factor (TNF)")
    {'TNF': 'tumour necrosis factor'}
    """
    found: dict[str, str] = {}
    for match in _BRACKETS.finditer(text):
        inner, words = match[1], text[max(0, match.start() - _BEFORE) : match.start()].split()
        if not words:
            continue
        if _is_short(inner):
            window = " ".join(words[-min(len(inner) + 5, 2 * len(inner)) :])
            start = _start(inner, window)
            if start is not None and len(window) - start > len(inner):
                found.setdefault(inner, window[start:])
        elif _is_short(words[-1]) and len(inner) > len(words[-1]) > 1 and _start(words[-1], inner) == 0:
            found.setdefault(words[-1], inner)
    return found


def longer_names(text: str, mentions: Sequence[Mention]) -> dict[str, tuple[str, ...]]:
    """Per mention string the names the document has for it in full: its long form, mentions with all its words."""
    explained = abbreviations(text)
    words = {mention.text: frozenset(pieces(normalise(mention.text))) for mention in mentions}
    found = {}
    for name, own in words.items():
        long = explained.get(name) or explained.get(name.removesuffix("s"))
        parts = (other for other, others in words.items() if own and own < others)
        if names := tuple(dict.fromkeys((*((long,) if long else ()), *parts))):
            found[name] = names
    return found


def joined(
    name: str, longer: Sequence[str], answers: Mapping[str, tuple[Candidate, ...]], limit: int
) -> tuple[Candidate, ...]:
    """The candidates of a name and of its longer names, each entity once by its best match, at most `limit`.

    Those of a longer name match as `abbreviation`, or as `part` at nine tenths of the quality.
    """
    best = {candidate.entity_id: candidate for candidate in answers[name]}
    own = frozenset(pieces(normalise(name)))
    for other in longer:
        part = own < frozenset(pieces(normalise(other)))
        for candidate in answers[other]:
            scores = {stage: score * (_PART if part else 1) for stage, score in candidate.scores.items()}
            again = Candidate(candidate.entity, candidate.name, "part" if part else "abbreviation", scores)
            known = best.get(candidate.entity_id)
            if known is None or again.score > known.score or (again.score == known.score and not part):
                best[candidate.entity_id] = again
    ranked = sorted(best.values(), key=lambda c: (-c.score, -c.entity.popularity, c.entity_id))
    return tuple(ranked[:limit])


def _is_short(name: str) -> bool:
    return len(name) <= _LONGEST and name[0].isalnum() and any(map(str.isupper, name)) and name.count(" ") <= 1


def _start(short: str, long: str) -> int | None:
    """Where the long form begins that has all letters of the abbreviation, matched from the last to the first."""
    place = len(long)
    for index in range(len(short) - 1, -1, -1):
        letter = short[index].lower()
        if not letter.isalnum():
            continue
        place -= 1
        while place >= 0 and not (
            long[place].lower() == letter and (index or not place or not long[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    return long.rfind(" ", 0, place) + 1
