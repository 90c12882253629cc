"""Candidates from one or more stores, by priority or all of them fused, with caches that remember the answers."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from heapq import nsmallest
from typing import Literal

from attrs import Factory, define, evolve, field, frozen

from glinker_core.builtin.shortened import joined, longer_names
from glinker_core.builtin.tiers import Answers, Attempt, Tier
from glinker_core.errors import StoreError
from glinker_core.fuse import fuse
from glinker_core.layers import CandidateCache, Candidates, Mentions, Search, StoreSpec, Texts
from glinker_core.model import WHOLE_TEXT, Candidate, Mention, MentionCandidates
from glinker_core.resources import KnowledgeBase, Resources

log = logging.getLogger(__name__)

_MAX_EDITS = 2
_MANY = 1_000  # candidates nobody reads to the end: what stands behind them is not found
_KEEPS = {"always": "all", "miss": "found", "hit": "none"}
_DECLARED = ("name", "config", "field_mapping", "ttl")  # what a layer says of a store that it declares itself


@frozen
class Fuzzy:
    """How far a name may be from the mention: edits (at most 2), similarity, and leading letters that must agree."""

    max_distance: int = 2
    min_similarity: float = 0.75
    n_gram_size: int = 3
    prefix_length: int = 0

    def __attrs_post_init__(self) -> None:
        if not 0 <= self.min_similarity <= 1:
            raise ValueError(f"min_similarity must be from 0 to 1, got {self.min_similarity}")
        for name in ("max_distance", "prefix_length"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")


@frozen
class Embeddings:
    """Whether the entities of the stores are embedded when they are loaded, by the nodes that compare vectors.

    Those nodes name model and batch size, and the model says the dimension; here both are read for GLiNKER's files.
    """

    enabled: bool = False
    model_name: str | None = None
    dim: int = 768
    precompute_on_load: bool = False
    batch_size: int = 32


@frozen
class ChainLayer:
    """One store or cache of the chain: its `type` and `config`, or `store`, the name of one under `stores`.

    A higher `priority` is asked first. `search_mode` names the modes (`layers.Search`) in the order they are tried:
    each for the names that have no candidate yet, with `fill` for those that have less than `limit`. `types` leaves all
    but entities of these types out. `limit` is how many candidates it gives per name, `max_candidates` unless it is
    said. `cache_policy` says what is remembered of the answers of slower stores, by a cache or a store that is one as
    well: `always` all, `miss` those with candidates, `hit` none; with `write: false` none either. `ttl` is how many
    seconds a cache remembers them. `on_error: degrade` goes on without what fails, with one warning and a counter;
    `raise` is right for whatever holds the knowledge base. Unless it is said, caches degrade and stores raise.
    """

    type: str = ""
    store: str = ""
    name: str = ""
    priority: int = 0
    write: bool = True
    search_mode: tuple[str, ...] = ("exact", "fuzzy")
    fill: bool = False
    types: tuple[str, ...] = ()
    min_cosine: float = 0.35
    limit: int | None = None
    ttl: int | None = None
    cache_policy: Literal["always", "miss", "hit"] = "always"
    field_mapping: Mapping[str, str] = Factory(dict)
    fuzzy: Fuzzy = Fuzzy()
    config: Mapping[str, object] = Factory(dict)
    on_error: Literal["raise", "degrade"] | None = None

    def __attrs_post_init__(self) -> None:
        if bool(self.type) == bool(self.store):
            raise ValueError("a layer has either a 'type' with its 'config', or a 'store' named under 'stores'")
        if self.store and (given := [name for name in _DECLARED if getattr(self, name)]):
            raise ValueError(f"{given[0]} is for a layer with a 'type'; write it under 'stores', at '{self.store}'")
        if not self.search_mode:
            raise ValueError("search_mode is empty; name at least one, such as exact")
        if self.ttl is not None and self.ttl < 0:
            raise ValueError(f"ttl must not be negative, got {self.ttl}")
        if not 0 < self.min_cosine <= 1:
            raise ValueError(f"min_cosine must be above 0 and at most 1, got {self.min_cosine}")
        if self.limit is not None and self.limit < 1:
            raise ValueError(f"limit must be at least 1, got {self.limit}")

    @property
    def spec(self) -> StoreSpec:
        if self.store:
            return StoreSpec(self.store, "", priority=self.priority)
        return StoreSpec(
            self.name or self.type, self.type, self.config, self.field_mapping, self.write, self.ttl, self.priority
        )


@define
class ChainRetriever:
    """Asks the stores of `layers`, each once per batch, and gives each mention `max_candidates` of its own at most.

    `combine: first` asks by priority, and the first store that has candidates for a name answers for it. `union` asks
    every store for every name and fuses what they say (reciprocal-rank fusion): an entity stands the higher, the more
    stores give it and the higher it stands there. Entities with a popularity below `min_popularity` are left out.

    With `longer_names` a mention is also looked up by what its text calls it in full: the long form of an abbreviation
    ("tumour necrosis factor (TNF) ... TNF"), and mentions with all its words and more ("Barack Obama ... Obama").
    """

    layers: tuple[ChainLayer, ...]
    combine: Literal["first", "union"] = "first"
    max_candidates: int = 30
    min_popularity: float = 0
    longer_names: bool = False
    embeddings: Embeddings | None = None
    _tiers: list[Tier] = field(factory=list, init=False)
    _caches: list[Tier] = field(factory=list, init=False)  # those that can remember what a slower store answers
    _resources: Resources | None = field(default=None, init=False)
    _known: tuple[str, tuple[Candidate, ...]] | None = field(default=None, init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if not self.layers:
            raise ValueError("layers is empty; name at least one store, such as {type: dict}")
        if self.max_candidates < 1:
            raise ValueError(f"max_candidates must be at least 1, got {self.max_candidates}")
        if self.min_popularity < 0:
            raise ValueError(f"min_popularity must not be negative, got {self.min_popularity}")

    @property
    def warnings(self) -> list[str]:
        """What looks odd in the settings but runs."""
        return [
            f"layer '{layer.spec.name}': max_distance {layer.fuzzy.max_distance} is more than the {_MAX_EDITS} edits "
            f"that are searched; {_MAX_EDITS} are used"
            for layer in self.layers
            if layer.fuzzy.max_distance > _MAX_EDITS
        ]

    def declared_stores(self) -> Sequence[StoreSpec]:
        """The stores and caches of the layers, in the order in which they are written."""
        return [layer.spec for layer in self.layers]

    def unlimited(self) -> ChainRetriever:
        """The same chain with room for all candidates, as good as without a limit; it leaves no answers in caches."""
        layers = tuple(evolve(layer, limit=None, write=False) for layer in self.layers)
        return evolve(self, layers=layers, max_candidates=max(_MANY, self.max_candidates))

    def open(self, resources: Resources) -> None:
        self._resources = resources
        ordered = sorted(self.layers, key=lambda layer: -layer.priority)
        self._tiers = [self._tier(layer, resources) for layer in ordered]
        slowest = max((index for index, tier in enumerate(self._tiers) if tier.store is not None), default=0)
        self._caches = [tier for tier in self._tiers[:slowest] if tier.cache is not None]
        self._known = None

    def _tier(self, layer: ChainLayer, resources: Resources) -> Tier:
        name, search = layer.spec.name, self._search(layer)
        keeps = _KEEPS[layer.cache_policy] if layer.write else "none"
        if (cache := resources.caches.get(name)) is not None:
            return Tier(name, search, None, cache, keeps, layer.on_error != "raise")
        store = resources.store(name)
        known = getattr(type(store), "modes", search.modes)
        if unknown := [mode for mode in search.modes if mode not in known]:
            raise StoreError(f"layer '{name}': search_mode {unknown[0]!r} is not one of a '{layer.type}' store; "
                             f"it knows {', '.join(known)}")  # fmt: skip
        remembers = store if keeps != "none" and isinstance(store, CandidateCache) else None
        return Tier(name, search, store, remembers, keeps, layer.on_error == "degrade")

    def _search(self, layer: ChainLayer) -> Search:
        fuzzy = layer.fuzzy
        return Search(
            modes=layer.search_mode,
            limit=layer.limit or self.max_candidates,
            max_distance=min(fuzzy.max_distance, _MAX_EDITS),
            min_similarity=fuzzy.min_similarity,
            prefix_length=fuzzy.prefix_length,
            min_popularity=self.min_popularity,
            min_cosine=layer.min_cosine,
            types=layer.types,
            fill=layer.fill,
        )

    def retrieve(self, texts: Texts, mentions: Mentions | None = None) -> Candidates:
        """Candidates of each mention; without mentions, the first `max_candidates` entities for each text."""
        if mentions is None:
            return self._whole_texts(texts)
        longer = [
            longer_names(text, items) if self.longer_names else {} for text, items in zip(texts, mentions, strict=True)
        ]
        names = dict.fromkeys(m.text for items in mentions for m in items)
        names |= dict.fromkeys(name for full in longer for others in full.values() for name in others)
        answers = self.lookup(list(names))
        found = []
        for items, full in zip(mentions, longer, strict=True):
            more = {name: joined(name, others, answers, self.max_candidates) for name, others in full.items()}
            found.append(tuple(MentionCandidates(m, more.get(m.text) or answers[m.text]) for m in items))
        return found

    def lookup(self, names: Sequence[str]) -> Answers:
        """The candidates of each name: the whole chain, once."""
        attempt = Attempt(self._tiers, self._degrade)
        answers = self._first(names, attempt) if self.combine == "first" else self._union(names, attempt)
        attempt.check()
        return answers

    def _first(self, names: Sequence[str], attempt: Attempt) -> Answers:
        answers: Answers = {}
        pending, doubtful = list(names), set[str]()  # doubtful: a store that failed might have answered
        missed: list[tuple[Tier, str, list[str]]] = []
        for index, tier in enumerate(self._tiers):
            if not pending:
                break
            scope = attempt.scope(self._tiers[index:], self._combined) if tier in self._caches else ""
            found = attempt.call(tier, partial(self._answered, tier, pending, scope)) or {}
            if tier.store is not None and tier.name in attempt.failed:
                doubtful.update(pending)
            answers |= found
            pending = [name for name in pending if name not in found]
            missed.append((tier, scope, pending))
        answers |= dict.fromkeys(pending, ())
        for tier, scope, unanswered in missed:
            kept = {name: answers[name] for name in unanswered if name not in doubtful}
            attempt.call(tier, partial(tier.remember, kept, scope))
        return answers

    def _answered(self, tier: Tier, names: Sequence[str], scope: str) -> Answers:
        """What a tier remembers, and what it has for the other names."""
        known = tier.recall(names, scope)
        found = tier.find([name for name in names if name not in known])
        return known | {name: hits[: self.max_candidates] for name, hits in found.items() if hits}

    def _union(self, names: Sequence[str], attempt: Attempt) -> Answers:
        answers: Answers = {}
        pending = list(names)
        missed: list[tuple[Tier, list[str]]] = []
        scope = attempt.scope(self._tiers, self._combined) if self._caches else ""
        for tier in self._caches:
            known = attempt.call(tier, partial(tier.recall, pending, scope)) or {}
            answers |= known
            pending = [name for name in pending if name not in known]
            missed.append((tier, pending))
        stores = [tier for tier in self._tiers if tier.store is not None]
        found = [attempt.call(tier, partial(tier.find, pending)) or {} for tier in stores]
        for name in pending:
            rankings = [hits.get(name, ()) for hits in found]
            answers[name] = fuse(rankings, len(stores), self.max_candidates)
        if not any(tier.name in attempt.failed for tier in stores):
            for tier, unanswered in missed:
                kept = {name: answers[name] for name in unanswered}
                attempt.call(tier, partial(tier.remember, kept, scope))
        return answers

    @property
    def _combined(self) -> str:
        return f"{self.combine} {self.max_candidates}"

    def _degrade(self, tier: Tier, error: StoreError) -> None:
        if not tier.degrades or self._resources is None:
            raise error
        counter = f"lookups without {tier.kind} '{tier.name}'"
        if not self._resources.counters[counter]:
            log.warning("%s '%s' failed, going on without it: %s", tier.kind, tier.name, error)
        self._resources.count(counter)

    def _whole_texts(self, texts: Texts) -> Candidates:
        kb = KnowledgeBase({tier.name: tier.store for tier in self._tiers if tier.store is not None})
        revision, known = kb.revision, self._known
        if known is None or known[0] != revision:
            known = self._known = (revision, self._best_known(kb))
        chosen = known[1]
        return [(MentionCandidates(Mention(0, len(text), text, WHOLE_TEXT), chosen),) if text else () for text in texts]

    def _best_known(self, kb: KnowledgeBase) -> tuple[Candidate, ...]:
        popular = (entity for entity in kb.entities() if entity.popularity >= self.min_popularity)
        best = nsmallest(self.max_candidates, popular, key=lambda entity: (-entity.popularity, entity.entity_id))
        return tuple(Candidate(entity, entity.label, "all", {"l2": 1.0}) for entity in best)
