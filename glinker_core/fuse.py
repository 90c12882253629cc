"""Reciprocal-rank fusion: what several stores or retrievers answer becomes one ranking."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum

from glinker_core.model import Candidate

#: How much the first ranks count over later ones; the value of Cormack, Clarke and Buettcher (SIGIR 2009).
RANK_CONSTANT = 60


def fuse(rankings: Sequence[Sequence[Candidate]], stores: int, limit: int | None = None) -> tuple[Candidate, ...]:
    """The best `limit` entities of the rankings of up to `stores` sources, which stand in order of priority.

    The score of an entity, `l2_rrf`, is the sum of 1 / (60 + rank) over the sources that give it, as a share of what it
    would be if all gave it first, so in 0..1. Its record is that of the first source which gives it; the name, the kind
    of match and `l2` are those of its best match, other scores come with it. Ties go to
    the higher popularity, then to the lower id.
    """
    hits: dict[str, list[tuple[int, Candidate]]] = {}
    for ranking in rankings:
        for rank, candidate in enumerate(ranking):
            hits.setdefault(candidate.entity_id, []).append((rank, candidate))
    fused = [_fused(found, stores) for found in hits.values()]
    return tuple(sorted(fused, key=lambda c: (-c.score, -c.entity.popularity, c.entity_id))[:limit])


def _fused(found: Sequence[tuple[int, Candidate]], stores: int) -> Candidate:
    _, best = min(found, key=lambda hit: (-hit[1].scores.get("l2", 0.0), hit[0]))  # of equals, that of the first store
    shares = ((RANK_CONSTANT + 1) / (RANK_CONSTANT + 1 + rank) for rank, _ in found)
    entity = found[0][1].entity
    scores = {name: score for _, candidate in found for name, score in candidate.scores.items()} | dict(best.scores)
    return Candidate(entity, best.name, best.match, scores).scored(l2_rrf=fsum(shares) / stores)
