"""The names of a knowledge base by key, with how they are written and how well known they are."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Mapping
from string import punctuation

from attrs import frozen

from glinker_core.layers import Name
from glinker_core.names import normalise, pieces

PLAIN, CAPITAL, ACRONYM = 1, 2, 4  # how a name is written; added up where a key has several surfaces


@frozen
class NameInfo:
    """What is known of a key, from all names that have it.

    `label` is the type that all their entities share, or empty; `forms` adds up how they are written (`PLAIN`,
    `CAPITAL`, `ACRONYM`); `tail` is what a name ends with behind its last word, such as the full stop of "U.S.";
    `trusted` says that the best known of the entities is among the best known of all.
    """

    label: str
    forms: int
    tail: str
    trusted: bool


@frozen
class NameIndex:
    """Names by key, and how long the names are that begin with two given words.

    Bit n of `longer["new york"]` is set when a name of n words begins with these two (one space in any script).
    """

    names: Mapping[str, NameInfo]
    longer: Mapping[str, int]


def written(surface: str) -> int:
    """`PLAIN` without capitals (or without case), `ACRONYM` in capitals only, two at least, and `CAPITAL` otherwise."""
    if surface == surface.lower():
        return PLAIN
    return ACRONYM if surface == surface.upper() and sum(map(str.isupper, surface)) > 1 else CAPITAL


def build_index(names: Iterable[Name], min_length: int, trusted_share: float) -> NameIndex:
    """Index all names whose key has at least `min_length` letters and digits; their order makes no difference.

    A key is trusted when its best known entity ranks among the first `trusted_share` of all keys, ties excluded.
    """
    rows: dict[str, int] = {}  # key -> its row in the columns, which take a few bytes per key
    types, forms, popularity = array("l"), bytearray(), array("d")
    tails: dict[int, str] = {}
    type_ids = {"": 0}  # 0: no type, or more than one
    for name in names:
        key = normalise(name.surface)
        if len(key) - key.count(" ") < min_length:
            continue
        type_id = type_ids.setdefault(name.entity_type, len(type_ids))
        row = rows.setdefault(key, len(rows))
        if row == len(types):
            types.append(type_id)
            forms.append(written(name.surface))
            popularity.append(name.popularity)
        else:
            types[row] = type_id if types[row] == type_id else 0
            forms[row] |= written(name.surface)
            popularity[row] = max(popularity[row], name.popularity)
        if tail := name.surface[len(name.surface.rstrip(punctuation)) :]:
            tails[row] = max(tails.get(row, ""), tail, key=lambda t: (len(t), t))
    labels, cut = list(type_ids), _cut(popularity, trusted_share)
    shared: dict[NameInfo, NameInfo] = {}  # a handful of records stand for all keys
    infos: dict[str, NameInfo] = {}
    longer: dict[str, int] = {}
    for key, row in rows.items():
        info = NameInfo(labels[types[row]], forms[row], tails.get(row, ""), popularity[row] > cut)
        infos[key] = shared.setdefault(info, info)
        words = pieces(key)
        if len(words) > 1:
            pair = f"{words[0]} {words[1]}"
            longer[pair] = longer.get(pair, 0) | 1 << len(words)
    return NameIndex(infos, longer)


def _cut(popularity: Iterable[float], share: float) -> float:
    """The popularity to be above: where many are equally popular, none of them is."""
    ranked = sorted(popularity, reverse=True)
    place = int(len(ranked) * share)
    return ranked[place] if place < len(ranked) else -math.inf
