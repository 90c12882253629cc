"""Candidates from one or more stores, asked by priority, the fast ones remembering what the slow ones answered."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Literal

from attrs import Factory, define, field, frozen

from glinker_core.errors import StoreError
from glinker_core.layers import CandidateCache, Candidates, Mentions, Search, Store, StoreSpec, Texts
from glinker_core.model import WHOLE_TEXT, Candidate, Mention, MentionCandidates
from glinker_core.resources import Resources

log = logging.getLogger(__name__)

_MAX_EDITS = 2
_Answers = dict[str, tuple[Candidate, ...]]


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
    """Which model embeds the entities of the stores, for linkers that compare vectors."""

    enabled: bool = False
    model_name: str | None = None
    dim: int = 768
    precompute_on_load: bool = False
    batch_size: int = 32


@frozen
class ChainLayer:
    """One store of the chain: its `type` and `config`, or `store`, the name of one under the pipeline's `stores`.

    A higher `priority` is asked first. `on_error: degrade` goes on without a store that fails, with one warning and a
    counter; `raise` is right for whatever holds the knowledge base. `cache_policy` says what a store that can
    remember answers keeps of those of slower stores: `always` all, `miss` those with candidates, `hit` none.
    """

    type: str = ""
    store: str = ""
    name: str = ""
    priority: int = 0
    write: bool = True
    search_mode: tuple[str, ...] = ("exact", "fuzzy")
    ttl: int = 0
    cache_policy: Literal["always", "miss", "hit"] = "always"
    field_mapping: Mapping[str, str] = Factory(dict)
    fuzzy: Fuzzy = Fuzzy()
    config: Mapping[str, object] = Factory(dict)
    on_error: Literal["raise", "degrade"] = "raise"

    def __attrs_post_init__(self) -> None:
        if bool(self.type) == bool(self.store):
            raise ValueError("a layer has either a 'type' with its 'config', or a 'store' named under 'stores'")
        if not self.search_mode:
            raise ValueError("search_mode is empty; name at least one, such as exact")

    @property
    def spec(self) -> StoreSpec:
        if self.store:
            return StoreSpec(self.store, "")
        config = dict(self.config)
        if self.ttl and self.type == "redis":
            config.setdefault("ttl", self.ttl)
        return StoreSpec(self.name or self.type, self.type, config, self.field_mapping, self.write)


@define
class ChainRetriever:
    """Asks the stores of `layers` by priority; the first that has candidates for a name answers for it.

    At most `max_candidates` per mention, none with a popularity below `min_popularity`. One call per store and batch.
    """

    layers: tuple[ChainLayer, ...]
    max_candidates: int = 30
    min_popularity: float = 0
    embeddings: Embeddings | None = None
    _tiers: list[_Tier] = field(factory=list, init=False)
    _resources: Resources | None = field(default=None, init=False)

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
        """The stores of the layers, in the order in which they are written."""
        return [layer.spec for layer in self.layers]

    def open(self, resources: Resources) -> None:
        self._resources = resources
        ordered = sorted(self.layers, key=lambda layer: -layer.priority)
        self._tiers = [_Tier(layer, resources.store(layer.spec.name), self._search(layer)) for layer in ordered]
        for tier in self._tiers:
            known = getattr(type(tier.store), "modes", tier.search.modes)
            if unknown := [mode for mode in tier.search.modes if mode not in known]:
                raise StoreError(f"layer '{tier.layer.spec.name}': search_mode {unknown[0]!r} is not one of a "
                                 f"'{tier.layer.type}' store; it knows {', '.join(known)}")  # fmt: skip

    def _search(self, layer: ChainLayer) -> Search:
        fuzzy = layer.fuzzy
        return Search(
            modes=layer.search_mode,
            limit=self.max_candidates,
            max_distance=min(fuzzy.max_distance, _MAX_EDITS),
            min_similarity=fuzzy.min_similarity,
            prefix_length=fuzzy.prefix_length,
            min_popularity=self.min_popularity,
        )

    def retrieve(self, texts: Texts, mentions: Mentions | None = None) -> Candidates:
        """Candidates of each mention; without mentions, the first `max_candidates` entities for each text."""
        if mentions is None:
            return self._whole_texts(texts)
        answers = self.lookup(list(dict.fromkeys(m.text for items in mentions for m in items)))
        return [tuple(MentionCandidates(m, answers[m.text]) for m in items) for items in mentions]

    def lookup(self, names: Sequence[str]) -> _Answers:
        """The candidates of each name: the whole chain, once."""
        answers: _Answers = {}
        pending = list(names)
        missed: list[tuple[_Tier, str, list[str]]] = []
        for index, tier in enumerate(self._tiers):
            if not pending:
                break
            slower = self._tiers[index + 1 :]
            try:
                scope = tier.scope(slower)
                found = tier.recall(pending, scope)
                unknown = [name for name in pending if name not in found]
                if unknown:
                    results = tier.store.search(unknown, tier.search)
                    found |= {name: hits for name, hits in zip(unknown, results, strict=True) if hits}
            except StoreError as error:
                self._degrade(tier, error)
                continue
            answers |= found
            pending = [name for name in pending if name not in found]
            if slower:
                missed.append((tier, scope, pending))
        answers |= dict.fromkeys(pending, ())
        for tier, scope, unanswered in missed:
            try:
                tier.remember({name: answers[name] for name in unanswered}, scope)
            except StoreError as error:
                self._degrade(tier, error)
        return answers

    def _degrade(self, tier: _Tier, error: StoreError) -> None:
        if tier.layer.on_error == "raise" or self._resources is None:
            raise error
        counter = f"lookups without store '{tier.layer.spec.name}'"
        if not self._resources.counters[counter]:
            log.warning("store '%s' failed, going on without it: %s", tier.layer.spec.name, error)
        self._resources.count(counter)

    def _whole_texts(self, texts: Texts) -> Candidates:
        everything: list[Candidate] = []
        seen: set[str] = set()
        for tier in self._tiers:
            for entity in tier.store.entities():
                if entity.entity_id not in seen and entity.popularity >= self.min_popularity:
                    seen.add(entity.entity_id)
                    everything.append(Candidate(entity, entity.label, "all", {"l2": 1.0}))
        everything.sort(key=lambda c: (-c.entity.popularity, c.entity_id))
        chosen = tuple(everything[: self.max_candidates])
        return [(MentionCandidates(Mention(0, len(text), text, WHOLE_TEXT), chosen),) if text else () for text in texts]


@frozen
class _Tier:
    """A layer with its opened store and how it is searched."""

    layer: ChainLayer
    store: Store
    search: Search

    def scope(self, slower: Sequence[_Tier]) -> str:
        """What a remembered answer depends on: this store, the slower ones, and how they are searched."""
        return "|".join(f"{tier.store.revision} {tier.search}" for tier in (self, *slower)) if slower else ""

    @property
    def _cache(self) -> CandidateCache | None:
        """The store, if it can remember answers and is meant to."""
        meant = self.layer.write and self.layer.cache_policy != "hit"
        return self.store if meant and isinstance(self.store, CandidateCache) else None

    def recall(self, names: Sequence[str], scope: str) -> _Answers:
        """The answers kept under that scope; a store at the end of the chain has none."""
        if not scope or (cache := self._cache) is None:
            return {}
        known = zip(names, cache.recall(names, scope), strict=True)
        return {name: answer for name, answer in known if answer is not None}

    def remember(self, answers: _Answers, scope: str) -> None:
        """Keep the answers of slower stores."""
        if (cache := self._cache) is not None:
            kept = answers if self.layer.cache_policy == "always" else {n: a for n, a in answers.items() if a}
            if kept:
                cache.remember(kept, scope)
