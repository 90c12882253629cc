"""How often a name meant which entity, learnt from a gold standard and kept in the store: p(entity | name).

It stands in the metadata of an entity, `{"priors": {"normalised name": 12}}`, where `l3_lexical` reads it as `usage`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, frozen

from glinker_core.errors import DataError, Problem
from glinker_core.layers import Store
from glinker_core.model import Entity
from glinker_core.names import normalise
from glinker_core.resources import KnowledgeBase
from glinker_core.source import shown
from glinker_eval.gold import Finding, Gold

PRIORS = "priors"


@frozen
class Learnt:
    """What was learnt from the `mentions` of entities that the store has: `priors` of names of `entities`.

    `names` were not known for their entity and are added to it, `forgotten` are entities that had priors and have none
    now; `absent` are the ids the store does not have, with their mentions. `findings` are those of the gold standard.
    """

    documents: int
    mentions: int
    priors: int
    entities: int
    names: int
    forgotten: int
    absent: Mapping[str, int]
    findings: tuple[Finding, ...]


def learn_priors(store: Store, gold: Gold, add: bool = False, names: bool = False) -> Learnt:
    """Write into the store how often each name of the gold standard meant which entity, in one transaction.

    Priors that the store has are replaced, all of them, so that learning again changes nothing; with `add` the new
    counts are added to them. With `names`, what an entity was called becomes a name of it. A mention that means several
    entities counts for each.
    """
    absent = Counter(one for mention in gold.mentions for one in mention.entity_ids)
    gold = gold.against(KnowledgeBase({"": store}))
    meant = [(mention.text, one) for mention in gold.mentions if mention.in_kb for one in mention.entity_ids]
    absent.subtract(Counter(one for _, one in meant))
    surfaces: defaultdict[str, defaultdict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for surface, entity_id in meant:
        surfaces[entity_id][normalise(surface)][surface] += 1
    there = [entity for entity in store.get(list(surfaces)) if entity is not None]
    others = (
        [] if add else [one for one in store.entities() if PRIORS in one.metadata and one.entity_id not in surfaces]
    )
    changed = [*_taught(there, surfaces, add, names), *(_with(entity, {}) for entity in others)]
    store.upsert(changed, on_duplicate="replace")
    return Learnt(
        len(gold.documents),
        sum(mention.in_kb for mention in gold.mentions),
        sum(map(len, surfaces.values())),
        len(surfaces),
        sum(len(after.names) for after in changed[: len(there)]) - sum(len(before.names) for before in there),
        len(others),
        {one: count for one, count in sorted(absent.items()) if count},
        gold.findings,
    )


def _taught(
    entities: Sequence[Entity], surfaces: Mapping[str, Mapping[str, Counter[str]]], add: bool, names: bool
) -> Iterator[Entity]:
    problems: list[Problem] = []
    for entity in entities:
        learnt = surfaces[entity.entity_id]
        priors: dict[str, float] = _priors(entity, problems) if add else {}
        for key, written in sorted(learnt.items()):
            priors[key] = priors.get(key, 0) + written.total()
        if names:
            known = {normalise(name) for name in entity.names}
            new = (
                min(written, key=lambda one: (-written[one], one))
                for key, written in learnt.items()
                if key not in known
            )
            entity = evolve(entity, aliases=(*entity.aliases, *sorted(new)))
        yield _with(entity, priors)
    if problems:
        raise DataError("nothing was learnt", problems)


def _priors(entity: Entity, problems: list[Problem]) -> dict[str, float]:
    """Those an entity has; what is no number of uses is a problem, since nothing can be added to it."""
    given = entity.metadata.get(PRIORS, {})
    if isinstance(given, Mapping) and all(isinstance(uses, (int, float)) for uses in given.values()):
        return dict(given)
    found = f"its {PRIORS} are {shown(given)}, not numbers by name; learn without adding to them"
    problems.append(Problem(f"entity '{entity.entity_id}'", found))
    return {}


def _with(entity: Entity, priors: Mapping[str, float]) -> Entity:
    rest = {key: value for key, value in entity.metadata.items() if key != PRIORS}
    return evolve(entity, metadata={**rest, PRIORS: dict(priors)} if priors else rest)
