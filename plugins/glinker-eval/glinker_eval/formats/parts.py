"""What the readers share: lines as text, the names of an entity, and mentions as documents hold them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import unquote

_PAGE = re.compile(r"https?://(?:[\w-]+\.)*(?:dbpedia|wikipedia|wikidata|yago-knowledge)\.org/(?:\w+/)*(.+)")
_SEPARATORS = re.compile(r"[|,;+]")
_NIL = ("", "-", "-1")


def decoded(lines: Iterable[bytes]) -> Iterator[tuple[int, str, str]]:
    """Number and text of each line without its end, and the problem with it if it is not UTF-8."""
    for number, line in enumerate(lines, 1):
        try:
            yield number, line.decode("utf-8").rstrip("\r\n"), ""
        except UnicodeDecodeError as error:
            yield number, "", f"not UTF-8: byte {error.start}: {error.reason}"


def names_of(address: str) -> list[str]:
    """What a knowledge base may call the entity of an address: the address, its title with `_` and with spaces.

    >>> names_of("http://dbpedia.org/resource/New_York")
    ['http://dbpedia.org/resource/New_York', 'New_York', 'New York']
    >>> names_of("urn:x")
    ['urn:x']
    """
    page = _PAGE.fullmatch(address)
    return [address, *titles(unquote(page[1]))] if page else [address]


def titles(title: str) -> list[str]:
    """A title of a page as addresses have it and as people write it."""
    return list(dict.fromkeys((title, title.replace("_", " "))))


def concepts(given: str) -> list[str]:
    """The ids of a biomedical corpus, with their prefix and without it; -1 and nothing are NIL.

    >>> concepts("MESH:D001241|D014456"), concepts("-1")
    (['MESH:D001241', 'D001241', 'D014456'], [])
    """
    ids = [one.strip() for one in _SEPARATORS.split(given)]
    named = [(one, one.partition(":")[2]) for one in ids if one not in _NIL]
    return [name for names in named for name in names if name]


def mention(start: int, end: int, text: str | None, ids: Sequence[str], label: str = "") -> dict[str, Any]:
    """A mention as documents hold it; of the ids any is right, none means NIL. Without text nothing is checked."""
    made: dict[str, Any] = {"start": start, "end": end}
    if text is not None:
        made["text"] = text
    made["entity_ids"] = list(dict.fromkeys(ids))
    return {**made, "label": label} if label else made
