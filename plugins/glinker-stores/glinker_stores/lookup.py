"""Search by name, the same for every store: modes, order and cuts, over a few questions to a backend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from attrs import define, field

from glinker_core.errors import InputError, near
from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise, pieces
from glinker_stores.batches import batched
from glinker_stores.index.modes import MODES as INDEXED
from glinker_stores.index.modes import Near
from glinker_stores.index.parts import Parts

EQUAL, NORMALISED, TEXT = 1.0, 0.99, 0.5
#: What a store knows; `exact` and `text` are asked of its tables, the others of its index.
MODES = ("exact", *INDEXED, "text")
_SLICE = 512  # names searched at once, which bounds memory

Ref = TypeVar("Ref")


class Record(NamedTuple):
    """What decides about an entity as a candidate, and what the entity is made from in the end."""

    entity_id: str
    label: str
    entity_type: str
    popularity: float
    source: Any


class Backend(Protocol[Ref]):
    """What a store answers, each question once for a whole batch; `Ref` is how it refers to an entity."""

    def named(self, keys: Sequence[str]) -> Iterable[tuple[str, str, Ref]]:
        """Key, surface and entity of each name that normalises to one of the keys."""

    def described(self, words: Sequence[str], search: Search) -> Iterable[Ref]:
        """The most popular entities whose descriptions have all words, at most `search.limit`."""

    def records(self, refs: Sequence[Ref]) -> Mapping[Ref, Record]: ...

    def parts(self) -> Parts:
        """The index over the keys of all names."""

    def entity(self, record: Record) -> Entity: ...


class _Hit(NamedTuple):
    quality: float
    match: str
    surface: str
    record: Record


_Answers = dict[str, tuple[Candidate, ...]]


@define
class Answers:
    """The last answers of one revision, as many as hold `size` candidates or twice that: names come again and again.

    What was not asked for since the younger half filled up is forgotten with the older half. Safe in several threads.
    """

    size: int = 5_000
    _revision: str = field(default="", init=False)
    _young: dict[Search, _Answers] = field(factory=dict, init=False, repr=False)
    _old: dict[Search, _Answers] = field(factory=dict, init=False, repr=False)
    _held: int = field(default=0, init=False)
    _lock: Any = field(factory=Lock, init=False, repr=False)

    def recall(self, names: Iterable[str], search: Search, revision: str) -> _Answers:
        """The answers that are known."""
        with self._lock:
            if revision != self._revision:
                self._revision, self._young, self._old, self._held = revision, {}, {}, 0
            young, old = self._young.setdefault(search, {}), self._old.get(search, {})
            found = {name: young[name] for name in names if name in young}
            again = {name: old[name] for name in names if name not in found and name in old} if old else {}
            if again:
                self._keep(young, again)
            return found | again

    def remember(self, answers: _Answers, search: Search, revision: str) -> None:
        """Keep answers, unless the store has moved on."""
        with self._lock:
            if revision == self._revision:
                self._keep(self._young.setdefault(search, {}), answers)
                if self._held > self.size:
                    self._old, self._young, self._held = self._young, {}, 0

    def _keep(self, young: _Answers, answers: _Answers) -> None:
        young |= answers
        self._held += len(answers) + sum(map(len, answers.values()))

    def search(
        self, names: Sequence[str], search: Search, revision: str, ask: Callable[[list[str]], _Answers]
    ) -> list[tuple[Candidate, ...]]:
        """Per name its answer; only names whose answers are not known are asked for, each once."""
        asked = dict.fromkeys(names)
        found = self.recall(asked, search, revision)
        if len(found) < len(asked):
            new = ask([name for name in asked if name not in found])
            self.remember(new, search, revision)
            found |= new
        return [found[name] for name in names]


def search(backend: Backend[Ref], names: Sequence[str], search: Search) -> dict[str, tuple[Candidate, ...]]:
    """Per name its candidates, best first; each name is looked up once, however often it is asked.

    Names without a key (blank ones, lone surrogates) find nothing.
    """
    if unknown := [mode for mode in search.modes if mode not in MODES]:
        raise InputError(f"search: unknown mode '{unknown[0]}'{near(unknown[0], MODES)}")
    keys = {name: key for name in names if (key := normalise(name))}
    found: dict[str, tuple[Candidate, ...]] = {}
    for part in batched(keys, _SLICE):
        found |= _Batch(backend, search, {name: keys[name] for name in part}).answers()
    return {name: found.get(name, ()) for name in names}


@define
class _Batch(Generic[Ref]):
    """Names with their keys, and what was found for each so far: the best hit of each entity."""

    backend: Backend[Ref]
    search: Search
    keys: Mapping[str, str]
    hits: dict[str, dict[Ref, _Hit]] = field(init=False)
    records: dict[Ref, Record] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.hits = {name: {} for name in self.keys}

    def answers(self) -> dict[str, tuple[Candidate, ...]]:
        wanted = self.search.limit if self.search.fill else 1
        for mode in self.search.modes:
            asked = {name: key for name, key in self.keys.items() if len(self.hits[name]) < wanted}
            if not asked:
                break
            if mode == "exact":
                self._exact(asked)
            elif mode == "text":
                self._text(asked)
            else:
                self._indexed(mode, asked)
        return {name: self._ranked(hits) for name, hits in self.hits.items()}

    def _exact(self, asked: Mapping[str, str]) -> None:
        """Names that are equal, or equal once normalised."""
        named = self._named(asked.values())
        for name, key in asked.items():
            for surface, ref in named.get(key, ()):
                if surface == name:
                    self._add(name, ref, EQUAL, "exact", surface)
                else:
                    self._add(name, ref, NORMALISED, "normalised", surface)

    def _text(self, asked: Mapping[str, str]) -> None:
        """Entities whose description has all words of the name; they are shown by their labels."""
        found = {name: list(self.backend.described(pieces(key), self.search)) for name, key in asked.items()}
        self._read(ref for refs in found.values() for ref in refs)
        for name, refs in found.items():
            for ref in refs:
                self._add(name, ref, TEXT, "text", self.records[ref].label)

    def _indexed(self, mode: str, asked: Mapping[str, str]) -> None:
        """Names whose keys the index finds near: as many keys as it takes to have the best `limit` entities."""
        parts, limit = self.backend.parts(), max(self.search.limit, 1)
        read, count = 0, 4 * limit
        while asked:
            near = dict(zip(asked, INDEXED[mode](parts, list(asked.values()), self.search, count), strict=True))
            for end in (count,) if read else (limit, count):
                some = {name: near[name][read:end] for name in asked}
                named = self._named(one.key for keys in some.values() for one in keys)
                for name, keys in some.items():
                    for one in keys:
                        for surface, ref in named.get(one.key, ()):
                            self._add(name, ref, one.quality, one.match, surface)
                asked = {name: key for name, key in asked.items() if self._short(name, near[name], end)}
                read = end
            count *= 8

    def _short(self, name: str, near: Sequence[Near], end: int) -> bool:
        """Whether keys that were not read yet may have an entity that belongs among the best."""
        if len(near) < end:
            return False
        worst = (near[end - 1].quality, near[end - 1].popularity)
        good = sum((hit.quality, hit.record.popularity) >= worst for hit in self.hits[name].values())
        return good < self.search.limit

    def _named(self, keys: Iterable[str]) -> dict[str, list[tuple[str, Ref]]]:
        """Surfaces and entities by key; the entities are read."""
        named: dict[str, list[tuple[str, Ref]]] = defaultdict(list)
        for key, surface, ref in self.backend.named(list(dict.fromkeys(keys))):
            named[key].append((surface, ref))
        self._read(ref for found in named.values() for _, ref in found)
        return named

    def _read(self, refs: Iterable[Ref]) -> None:
        if unread := [ref for ref in dict.fromkeys(refs) if ref not in self.records]:
            self.records |= self.backend.records(unread)

    def _add(self, name: str, ref: Ref, quality: float, match: str, surface: str) -> None:
        """Keep the hit unless there is a better one for its entity: of names as good, its label, then the first."""
        record, search = self.records[ref], self.search
        if record.popularity < search.min_popularity or (search.types and record.entity_type not in search.types):
            return
        hits = self.hits[name]
        hit = _Hit(quality, match, surface, record)
        if ref not in hits or _preference(hit) < _preference(hits[ref]):
            hits[ref] = hit

    def _ranked(self, hits: Mapping[Ref, _Hit]) -> tuple[Candidate, ...]:
        """One candidate per entity, best first."""
        best = sorted(hits.values(), key=_rank) if len(hits) > 1 else hits.values()
        return tuple(
            Candidate(self.backend.entity(hit.record), hit.surface, hit.match, {"l2": hit.quality})
            for hit in islice(best, max(self.search.limit, 0))
        )


def _rank(hit: _Hit) -> tuple[float, float, str]:
    return -hit.quality, -hit.record.popularity, hit.record.entity_id


def _preference(hit: _Hit) -> tuple[float, bool, str]:
    return -hit.quality, hit.surface != hit.record.label, hit.surface
