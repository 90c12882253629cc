"""What a document calls by a shorter name: abbreviations it explains, and mentions that are part of longer ones."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from glinker_core.model import Candidate, Mention
from glinker_core.names import normalise, pieces

_BRACKETS = re.compile(r"\s[(\[]{1,2}\s?([^()\[\];,:]{1,60}?)\s?[)\];,:]")
_WORD = re.compile(r"[^\s/-]+")
_LONGEST = 10  # characters of an abbreviation
_BEFORE = 150  # characters in which its long form may stand
_PART = 0.9  # what is left of the quality of a match by a longer mention


def abbreviations(text: str) -> dict[str, str]:
    """The long form of each abbreviation that a text explains: "long form (LF)" or "LF (long form)".

    The letters of an abbreviation must come in the long form in their order, the first at the start of a word; its
    digits need not, since they may be words there. A single letter has a single word. Of several long forms the first
    counts. A. Schwartz, M. Hearst: A simple algorithm for identifying abbreviation definitions in biomedical text,
    2003.

    >>> abbreviations("the tumour necrosis factor (TNF) and carbon dioxide (CO2)")
    {'TNF': 'tumour necrosis factor', 'CO2': 'carbon dioxide'}
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
    """Per mention string the names the document has for it in full: its long form, mentions with all its words.

    A mention that has an abbreviation among its words is written out: "TNF receptor" where TNF is explained.
    """
    explained = abbreviations(text)
    words = {mention.text: frozenset(pieces(normalise(mention.text))) for mention in mentions}
    found = {}
    for name, own in words.items():
        long = _written_out(name, explained) if explained else name
        parts = (other for other, others in words.items() if own and own < others)
        if names := tuple(dict.fromkeys((*((long,) if long != name else ()), *parts))):
            found[name] = names
    return found


def _written_out(name: str, explained: Mapping[str, str]) -> str:
    """A name without the abbreviations that are explained in the singular, the plural, or as they are."""

    def long(short: str) -> str:
        forms = (short, short.removesuffix("s"), f"{short}s")
        return next((explained[form] for form in forms if form in explained), "")

    return long(name) or _WORD.sub(lambda word: long(word[0]) or word[0], name)


def joined(
    name: str, longer: Sequence[str], answers: Mapping[str, tuple[Candidate, ...]], limit: int
) -> tuple[Candidate, ...]:
    """The candidates of a name and of its longer names, each entity once by its best match, at most `limit`.

    Those of a longer name match as `abbreviation`, or as `part` at nine tenths of the quality. Where the long form of
    an abbreviation has candidates, only those that have the abbreviation itself for a name are left of its own.
    """
    own = frozenset(pieces(normalise(name)))
    parts = {other: own < frozenset(pieces(normalise(other))) for other in longer}
    explained = any(answers[other] for other, part in parts.items() if not part)
    best = {c.entity_id: c for c in answers[name] if not explained or c.match in ("exact", "normalised")}
    for other, part in parts.items():
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
    letters = [letter for letter in short.lower() if letter.isalnum()]
    if any(letter.isdigit() and letter not in long for letter in letters):
        letters = [letter for letter in letters if not letter.isdigit()]
    place = len(long)
    for index, letter in reversed(list(enumerate(letters))):
        place -= 1
        while place >= 0 and not (
            long[place].lower() == letter and (index or not place or not long[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    start = long.rfind(" ", 0, place) + 1
    return None if len(letters) == 1 and " " in long[start:] else start
