"""L1: finds the names of the knowledge base in texts."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from threading import Lock
from typing import Any, Literal

import attrs
from attrs import define, field, validators

from glinker_core.errors import InputError
from glinker_core.layers import Mentions, Texts
from glinker_core.model import Mention
from glinker_core.names import join, normalise, tokens
from glinker_core.resources import KnowledgeBase, Resources
from glinker_lexical.guard import REFUSED, SURE, Guard
from glinker_lexical.index import NameIndex, build_index
from glinker_lexical.words import ORDINARY_WORDS

log = logging.getLogger(__name__)


def _single_words(_: Any, attribute: attrs.Attribute[Any], words: tuple[str, ...]) -> None:
    for word in words:
        if len(tokens(word)) != 1:
            raise ValueError(f"{attribute.name}: {word!r} is not one word; give single words")


@define
class GazetteerRecognizer:
    """Finds the names of the knowledge base, the leftmost first, and of those the longest.

    Case, diacritics and punctuation are folded by `glinker_core.names`, as the stores do; a mention begins and ends
    where a word does. Keys shorter than `min_length` letters and digits are not looked for.

    `guard` decides on names that are ordinary words: `case` lets capitals speak ("Reading" but not "reading"), `words`
    ignores case and refuses ordinary words, which is right for vocabularies whose names all have capitals for no
    reason, and `off` takes every name. `ordinary_words` adds to the words of the list; names whose best known entity
    ranks among the first `trusted_share` of all names are taken where case says nothing.

    The label of a mention is the type of its entities if they share one. Its score is 1.0, or 0.5 where only a high
    prior speaks for an ordinary word, or the text has no capitals to go by.
    """

    min_length: int = field(default=2, validator=validators.ge(1))
    guard: Literal["case", "words", "off"] = field(default="case", validator=validators.in_(("case", "words", "off")))
    ordinary_words: tuple[str, ...] = field(default=(), validator=_single_words)
    trusted_share: float = field(default=0.01, validator=[validators.ge(0), validators.le(1)])
    _kb: KnowledgeBase | None = field(default=None, init=False)
    _built: tuple[str, NameIndex] | None = field(default=None, init=False)
    _lock: Lock = field(factory=Lock, init=False, eq=False, repr=False)

    def open(self, resources: Resources) -> None:
        self._kb = resources.kb

    def close(self) -> None:
        self._kb = self._built = None

    def recognize(self, texts: Texts) -> Mentions:
        """Per text its mentions in order of position, without overlap."""
        index = self._index()
        ordinary = ORDINARY_WORDS.union(map(normalise, self.ordinary_words))
        return [tuple(self._mentions(text, index, ordinary)) for text in texts]

    def _index(self) -> NameIndex:
        """The index of the names as they are now, built again when the knowledge base has moved."""
        kb = self._kb
        if kb is None:
            raise InputError("l1_gazetteer: it has no knowledge base yet; call open(resources) first")
        with self._lock:
            revision = kb.revision
            if self._built is None or self._built[0] != revision:
                index = build_index(kb.names(), self.min_length, self.trusted_share)
                if not index.names:
                    log.warning("l1_gazetteer: the knowledge base has no names to look for; load entities first")
                self._built = (revision, index)
            return self._built[1]

    def _mentions(self, text: str, index: NameIndex, ordinary: Collection[str]) -> Iterator[Mention]:
        found = tokens(text)
        words = [word for word, _, _ in found]
        guard = Guard(text, found, ordinary, self.guard == "case") if self.guard != "off" else None
        names, longer = index.names, index.longer
        position, count = 0, len(words)
        while position < count:
            word = words[position]
            sizes = longer.get(f"{word} {words[position + 1]}", 0) if position + 1 < count else 0
            sizes |= (word in names) << 1
            position += 1
            while sizes:  # from the longest to the shortest
                size = sizes.bit_length() - 1
                sizes ^= 1 << size
                first, behind = position - 1, position - 1 + size
                if behind > count:
                    continue
                info = names.get(join(words[first:behind]))
                if info is None:
                    continue
                score = guard.judge(first, behind - 1, info) if guard else SURE
                if score != REFUSED:
                    start, end = found[first][1], found[behind - 1][2]
                    if text.startswith(info.tail, end):
                        end += len(info.tail)
                    yield Mention(start, end, text[start:end], info.label, score)
                    position = behind
                    break
