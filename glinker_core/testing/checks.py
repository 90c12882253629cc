"""The assertions the contracts share; each says in its message which text, mention or candidate breaks the promise."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from glinker_core.model import Candidate, Mention, MentionCandidates
from glinker_core.ranked import Ranked


def assert_mention(mention: Any, text: str) -> None:
    """A mention is a `Mention` whose offsets count code points of the text, with a score in 0..1."""
    assert isinstance(mention, Mention), f"{mention!r} is not a Mention"
    assert_mention_span(mention.start, mention.end, mention.text, text)
    assert_score(mention.score, f"{mention}")


def assert_mention_span(start: Any, end: Any, surface: str, text: str) -> None:
    """Offsets are ints that count code points of the text, and the surface is what stands there."""
    for offset in (start, end):
        assert type(offset) is int, f"offset {offset!r} of {surface!r} is a {type(offset).__name__}, not an int"
    assert 0 <= start < end <= len(text), f"{start}:{end} of {surface!r} is no span of {len(text)} code points"
    found = text[start:end]
    assert found == surface, f"text[{start}:{end}] is {found!r}, but the mention says {surface!r}"


def assert_score(score: Any, place: str) -> None:
    """A score is a finite float in 0..1."""
    assert isinstance(score, (int, float)), f"{place}: score {score!r} is a {type(score).__name__}, not a float"
    assert math.isfinite(score), f"{place}: score is {score}, which is not finite"
    assert 0 <= score <= 1, f"{place}: score is {score}, which is not in 0..1"


def assert_candidates(item: Any) -> None:
    """The candidates of a mention are `Candidate`s with scores in 0..1, none twice."""
    assert isinstance(item, MentionCandidates), f"{item!r} is not a MentionCandidates"
    kind = type(item.candidates)
    assert issubclass(kind, (tuple, Ranked)), f"candidates of {item.mention} are a {kind.__name__}"
    ids = []
    for candidate in item.candidates:
        assert isinstance(candidate, Candidate), f"{candidate!r} is not a Candidate"
        for stage, score in candidate.scores.items():
            assert_score(score, f"candidate '{candidate.entity_id}' of {item.mention.text!r}, scores[{stage!r}]")
        ids.append(candidate.entity_id)
    twice = [entity_id for entity_id in ids if ids.count(entity_id) > 1]
    assert not twice, f"candidates of {item.mention.text!r} are there twice: {twice}"


def assert_best_first(candidates: Sequence[Candidate], place: str) -> None:
    """Scores never rise from one candidate to the next."""
    scores = [candidate.score for candidate in candidates]
    assert scores == sorted(scores, reverse=True), f"candidates of {place} are not sorted best first: {scores}"


def missing(thing: Any, protocol: type) -> list[str]:
    """The members of a protocol that a class or object does not have."""
    wanted = [name for name in vars(protocol) if not name.startswith("_")]
    return [name for name in wanted if getattr(thing, name, None) is None]


def assert_same(got: Any, expected: Any, what: str, tolerance: float = 0.0) -> None:
    """Two results are equal but for scores that differ by `tolerance` at most."""
    different = next(differences(got, expected, tolerance), None)
    assert different is None, f"{what}: {different}"


def differences(one: Any, other: Any, tolerance: float = 0.0, place: str = "result") -> Iterator[str]:
    """Where two results differ: `result[1][0].start: 3 against 4`."""
    if attrs.has(type(one)) and type(one) is type(other):
        for name in attrs.fields_dict(type(one)):
            yield from differences(getattr(one, name), getattr(other, name), tolerance, f"{place}.{name}")
    elif isinstance(one, Mapping) and isinstance(other, Mapping):
        if list(one) != list(other):
            yield f"{place}: keys {list(one)} against {list(other)}"
        else:
            for key in one:
                yield from differences(one[key], other[key], tolerance, f"{place}[{key!r}]")
    elif isinstance(one, (list, tuple, Ranked)) and isinstance(other, (list, tuple, Ranked)):
        if len(one) != len(other):
            yield f"{place}: {len(one)} items against {len(other)}"
        for index, (mine, theirs) in enumerate(zip(one, other, strict=False)):
            yield from differences(mine, theirs, tolerance, f"{place}[{index}]")
    elif isinstance(one, float) and isinstance(other, float) and abs(one - other) <= tolerance:
        return
    elif one != other:
        yield f"{place}: {one!r} against {other!r}"
