"""Search by name, the same for every store: modes, order and cuts, over a few questions to a backend."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from threading import Lock
from typing import Any, Protocol, TypeVar

from attrs import define, field

from glinker_core.errors import InputError, near
from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity
from glinker_core.names import normalise, pieces
from glinker_stores.batches import batched
from glinker_stores.index.modes import FUZZY, Near
from glinker_stores.index.modes import MODES as INDEXED
from glinker_stores.index.parts import Parts

EQUAL, NORMALISED, TEXT = 1.0, 0.99, 0.5
#: What a store knows; `exact` and `text` are asked of its tables, the others of its index.
MODES = ("exact", *INDEXED, "text")
_SLICE = 128  # names searched at once, which bounds memory


class Backend(Protocol):
    """What a store answers, each question once for a whole batch."""

    def named(self, keys: Sequence[str]) -> Iterable[tuple[str, str, Entity]]:
        """Key, surface and entity of each name that normalises to one of the keys, which are different."""

    def described(self, words: Sequence[str], search: Search) -> Iterable[Entity]:
        """The most popular entities whose descriptions have all words, at most `search.limit`."""

    def parts(self) -> Parts:
        """The index over the keys of all names."""


_Answers = dict[str, tuple[Candidate, ...]]
T = TypeVar("T")


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
        """Per name its answer; names whose answers are not known are asked for, each once and `_SLICE` together."""
        asked = dict.fromkeys(names)
        found = self.recall(asked, search, revision)
        for some in batched([name for name in asked if name not in found], _SLICE):
            new = ask(some)
            self.remember(new, search, revision)
            found |= new
        return [found[name] for name in names]


def search(backend: Backend, names: Sequence[str], search: Search) -> dict[str, tuple[Candidate, ...]]:
    """Per name its candidates, best first; all names are looked up together.

    Names without a key (blank ones, lone surrogates) find nothing.
    """
    if unknown := [mode for mode in search.modes if mode not in MODES]:
        raise InputError(f"search: unknown mode '{unknown[0]}'{near(unknown[0], MODES)}")
    keys = {name: key for name in names if (key := normalise(name))}
    found = _Batch(backend, search, keys).answers()
    return {name: found.get(name, ()) for name in names}


@define
class _Batch:
    """Names with their keys, and what was found for each so far: by id of an entity the best way it was found."""

    backend: Backend
    search: Search
    keys: Mapping[str, str]
    found: dict[str, dict[str, Candidate]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.found = {name: {} for name in self.keys}

    def answers(self) -> dict[str, tuple[Candidate, ...]]:
        wanted = self.search.limit if self.search.fill else 1
        for mode in self.search.modes:
            asked = {name: key for name, key in self.keys.items() if len(self.found[name]) < wanted}
            if mode == "fuzzy":
                asked = {name: key for name, key in asked.items() if not self._known(name)}
            if not asked:
                continue
            if mode == "exact":
                self._exact(asked)
            elif mode == "text":
                self._text(asked)
            else:
                self._indexed(mode, asked)
        return {name: self._ranked(found) for name, found in self.found.items()}

    def _known(self, name: str) -> bool:
        """Whether the name was found better than a misspelt one can be."""
        return any(one.scores["l2"] > FUZZY for one in self.found[name].values())

    def _exact(self, asked: Mapping[str, str]) -> None:
        """Names that are equal, or equal once normalised."""
        askers = _grouped((key, name) for name, key in asked.items())
        for key, surface, entity in self.backend.named(list(askers)):
            for name in askers[key]:
                if surface == name:
                    self._add(name, entity, EQUAL, "exact", surface)
                else:
                    self._add(name, entity, NORMALISED, "normalised", surface)

    def _text(self, asked: Mapping[str, str]) -> None:
        """Entities whose description has all words of the name; they are shown by their labels."""
        for name, key in asked.items():
            for entity in self.backend.described(pieces(key), self.search):
                self._add(name, entity, TEXT, "text", entity.label)

    def _indexed(self, mode: str, asked: Mapping[str, str]) -> None:
        """Names whose keys the index finds near: as many keys as it takes to have the best `limit` entities."""
        parts, limit = self.backend.parts(), max(self.search.limit, 1)
        read, count = 0, 4 * limit
        while asked:
            near = dict(zip(asked, INDEXED[mode](parts, list(asked.values()), self.search, count), strict=True))
            for end in (count,) if read else (limit, count):
                askers = _grouped((one.key, (name, one)) for name in asked for one in near[name][read:end])
                for key, surface, entity in self.backend.named(list(askers)):
                    for name, one in askers[key]:
                        self._add(name, entity, one.quality, one.match, surface)
                asked = {name: key for name, key in asked.items() if self._short(name, near[name], end)}
                read = end
            count *= 8

    def _short(self, name: str, near: Sequence[Near], end: int) -> bool:
        """Whether keys that were not read yet may have an entity that belongs among the best."""
        if len(near) < end:
            return False
        worst = (near[end - 1].quality, near[end - 1].popularity)
        good = sum((one.scores["l2"], one.entity.popularity) >= worst for one in self.found[name].values())
        return good < self.search.limit

    def _add(self, name: str, entity: Entity, quality: float, match: str, surface: str) -> None:
        """Keep the candidate unless there is a better one; of names as good the label is, else the first in order."""
        search, found = self.search, self.found[name]
        if entity.popularity < search.min_popularity or (search.types and entity.entity_type not in search.types):
            return
        there = found.get(entity.entity_id)
        if there is None or _preference(quality, surface, entity) < _preference(there.scores["l2"], there.name, entity):
            found[entity.entity_id] = Candidate(entity, surface, match, {"l2": quality})

    def _ranked(self, found: Mapping[str, Candidate]) -> tuple[Candidate, ...]:
        """One candidate per entity, best first."""
        best = sorted(found.values(), key=_rank) if len(found) > 1 else found.values()
        return tuple(islice(best, max(self.search.limit, 0)))


def _grouped(pairs: Iterable[tuple[str, T]]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = defaultdict(list)
    for key, one in pairs:
        groups[key].append(one)
    return groups


def _rank(one: Candidate) -> tuple[float, float, str]:
    return -one.scores["l2"], -one.entity.popularity, one.entity.entity_id


def _preference(quality: float, surface: str, entity: Entity) -> tuple[float, bool, str]:
    return -quality, surface != entity.label, surface
