"""Queries drawn from the names of a knowledge base, each with the entity that is meant, by a seed.

A name is drawn evenly from all different ones. Where several entities have it, written the same, the one that is meant
is drawn in proportion to popularity + 1: a store that puts the better known first is right as often as one can be.
"""

from __future__ import annotations

import random
import string
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from attrs import define, frozen
from rapidfuzz.distance import OSA

from glinker_core.model import Entity
from glinker_core.names import normalise, pieces

_SPACE = str.maketrans({" ": "  "})
_TRIES = 1_000_000  # a knowledge base without any name of a class ends the search for one


class Query(NamedTuple):
    """What is looked up and the entity that is meant; an empty id means none."""

    text: str
    entity_id: str


@define
class Names:
    """The names of a knowledge base, ready to draw from."""

    ids: list[str]
    weights: list[float]
    surfaces: list[str]
    owners: dict[str, list[int]]  # the entities of a surface
    sharers: dict[str, list[int]]  # the entities of a key

    @classmethod
    def of(cls, entities: Iterable[Entity]) -> Names:
        """Gather the names of a stream of entities."""
        ids, weights = [], []
        owners: dict[str, list[int]] = {}
        sharers: dict[str, list[int]] = {}
        for row, entity in enumerate(entities):
            ids.append(entity.entity_id)
            weights.append(entity.popularity + 1)
            for surface in entity.names:
                owners.setdefault(surface, []).append(row)
                of_key = sharers.setdefault(normalise(surface), [])
                if of_key[-1:] != [row]:
                    of_key.append(row)
        return cls(ids, weights, list(owners), owners, sharers)

    def one_of(self, rows: Sequence[int], draw: random.Random) -> str:
        """The id of one of the entities, by popularity + 1."""
        return self.ids[draw.choices(rows, [self.weights[row] for row in rows])[0]]


#: Gives the text asked for a name, or None when the name has no such text.
Change = Callable[[str, random.Random], str | None]


@frozen
class Class:
    """A kind of query: how a name is changed, and which names are fit for it."""

    change: Change = lambda name, _: name
    fit: Callable[[Names, str], bool] = lambda _names, _name: True


def _case(name: str, draw: random.Random) -> str:
    return draw.choice((name.upper(), name.lower(), name.title(), name.swapcase()))


def _plain(name: str, _: random.Random) -> str:
    marks = (char for char in unicodedata.normalize("NFD", name) if unicodedata.category(char) != "Mn")
    return unicodedata.normalize("NFC", "".join(marks))


def _punctuation(name: str, draw: random.Random) -> str:
    signs = {ord(char) for char in name if unicodedata.category(char)[0] == "P"}
    without, apart = name.translate(dict.fromkeys(signs)), name.translate(dict.fromkeys(signs, " "))
    return draw.choice((without, apart, name.replace(" ", "-"), f'"{name}"', f"{name}."))


def _spaces(name: str, draw: random.Random) -> str:
    return draw.choice((name.replace(" ", ""), f" {name.translate(_SPACE)} "))


def _plural(name: str, _: random.Random) -> str | None:
    if not name[-1:].isascii() or not name[-1:].isalpha():
        return None
    ending = "S" if name[-1].isupper() else "s"
    return name[:-1] if name.endswith(ending) and not name.endswith(2 * ending) else name + ending


def _variant(name: str, draw: random.Random) -> str | None:
    return draw.choice((_case, _plain, _punctuation, _spaces, _plural))(name, draw)


def _reworded(name: str, draw: random.Random) -> str | None:
    """The words in another order, one of three or more left out, one of them with another ending."""
    words = name.replace(",", " ").split()
    if len(words) < 2:
        return None
    draw.shuffle(words)
    words = words[: max(2, len(words) - 1)]
    at = draw.randrange(len(words))
    if len(words[at]) > 5:
        words[at] = words[at][:-2] + draw.choice(("al", "ic", "ed", "ing", "ous"))
    return " ".join(words)


def _typos(*counts: int, short: tuple[int, ...] = ()) -> Change:
    """So many edits, no fewer by chance; signs and spaces are left alone, but may swap with their neighbours.

    Names of less than eight letters have as many as `short` says.
    """

    def change(name: str, draw: random.Random) -> str | None:
        edits = draw.choice(short if short and len(name) < 8 else counts)
        mistyped = name
        for _ in range(edits):
            mistyped = _mistyped(mistyped, draw)
        return mistyped if OSA.distance(name.lower(), mistyped.lower()) == edits else None

    return change


def _mistyped(name: str, draw: random.Random) -> str:
    places = [place for place, char in enumerate(name) if char.isalnum()]
    if not places:
        return name
    at = draw.choice(places)
    new = draw.choice(string.ascii_lowercase if name.isascii() else [char for char in name if char.isalnum()])
    before, here, after = name[:at], name[at], name[at + 1 :]
    return before + draw.choice((new + after, after, new + here + after, after[:1] + here + after[1:]))


def _of_length(least: int, most: int = 10**9) -> Callable[[Names, str], bool]:
    return lambda _, name: least <= len(name) <= most


CLASSES = {
    "exact": Class(),
    "variants": Class(_variant),
    "  case": Class(_case),
    "  diacritics": Class(_plain),
    "  punctuation": Class(_punctuation),
    "  spaces": Class(_spaces),
    "  plural": Class(_plural),
    "typos, 1 or 2": Class(_typos(1, 2), _of_length(4)),
    "  1 or 2, 1 in 4-7 letters": Class(_typos(1, 2, short=(1,)), _of_length(4)),
    "  1 edit": Class(_typos(1), _of_length(4)),
    "  2 edits, 4-7 letters": Class(_typos(2), _of_length(4, 7)),
    "  2 edits, 8 letters up": Class(_typos(2), _of_length(8)),
    "reworded": Class(_reworded),
    "homonyms": Class(fit=lambda names, name: len(names.owners[name]) > 1),
}


def draw_queries(names: Names, kind: str, count: int, seed: str) -> list[Query]:
    """So many queries of one of `KINDS`; fewer where the names do not give them."""
    draw = random.Random(f"{seed} {kind}")
    if kind == "partial names":
        return _partial(names, count, draw)
    if kind == "absent names":
        return [Query(_absent(names, draw), "") for _ in range(count)]
    of_kind = CLASSES[kind]
    queries: list[Query] = []
    for _ in range(_TRIES):
        if len(queries) == count:
            break
        name = draw.choice(names.surfaces)
        if of_kind.fit(names, name):
            text = of_kind.change(name, draw)
            if text and text.strip() and (text != name or kind in ("exact", "homonyms")):
                queries.append(Query(text, names.one_of(names.owners[name], draw)))
    return queries


KINDS = (*CLASSES, "partial names", "absent names")


def taken(names: Names, queries: Sequence[Query]) -> float:
    """The share of queries that are, once normalised, the name of other entities and not of the one that is meant."""
    others = [{names.ids[row] for row in names.sharers.get(normalise(query.text), ())} for query in queries]
    return sum(bool(ids) and query.entity_id not in ids for query, ids in zip(queries, others, strict=True)) / (
        len(queries) or 1
    )


def _partial(names: Names, count: int, draw: random.Random) -> list[Query]:
    """Words of longer names that are no name themselves, each different word as likely as any other."""
    several = {key: tokens for key in names.sharers if len(tokens := pieces(key)) > 1}
    words = sorted({token for tokens in several.values() for token in tokens if len(token) >= 4} - set(names.sharers))
    owners: dict[str, set[int]] = {word: set() for word in draw.sample(words, min(count, len(words)))}
    for key, tokens in several.items():
        for token in owners.keys() & tokens:
            owners[token].update(names.sharers[key])
    return [Query(word, names.one_of(sorted(rows), draw)) for word, rows in owners.items()]


def _absent(names: Names, draw: random.Random) -> str:
    """The first half of one name and the second half of another, which is no name."""
    while True:
        one, other = draw.choice(names.surfaces), draw.choice(names.surfaces)
        text = one[: (len(one) + 1) // 2] + other[len(other) // 2 :]
        if normalise(text) not in names.sharers:
            return text
