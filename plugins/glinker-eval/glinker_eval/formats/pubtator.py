"""PubTator: title and abstract under the number of an article, then a line for each mention.

    100|t|Aspirin and ulcers
    100|a|Aspirin may cause ulcers.
    100	0	7	Aspirin	Chemical	D001241

https://ftp.ncbi.nlm.nih.gov/pub/lu/PubTator/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from attrs import define, field

from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_eval.formats.parts import concepts, decoded, mention

_TEXT = re.compile(r"([^|\t]+)\|([ta])\|(.*)")


@define
class PubtatorReader:
    """Title and abstract as one text, with a line break between them; any of several ids is right, -1 is NIL.

    An id with a prefix is right without it, too: `MESH:D001241`. Lines of relations are passed over.
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per article, and one for each line that is wrong."""
        draft: _Draft | None = None
        for number, line, problem in decoded(lines):
            if problem:
                yield Row(number, None, problem)
                continue
            text = _TEXT.fullmatch(line)
            if draft is not None and (not line.strip() or (text and text[1] != draft.name)):
                yield draft.row()
                draft = None
            if text:
                draft = draft or _Draft(number, text[1])
                draft.parts[text[2]] = text[3]
            elif line.strip() and (wrong := _add(draft, line.split("\t"))):
                yield Row(number, None, wrong)
        if draft is not None:
            yield draft.row()


@define
class _Draft:
    line: int
    name: str
    parts: dict[str, str] = field(factory=dict)
    mentions: list[dict[str, Any]] = field(factory=list)

    def row(self) -> Row:
        parts = [self.parts[part] for part in "ta" if part in self.parts]
        return Row(self.line, Document("\n".join(parts), self.name, tuple(self.mentions)))


def _add(draft: _Draft | None, cells: list[str]) -> str:
    """Add a mention to the draft; what is wrong with its line, if anything."""
    if len(cells) < 4:
        return f"is neither text nor a mention: {' '.join(cells)[:60]!r}"
    name, start, end, surface, kind, ids = [*cells, "", ""][:6]
    if draft is None or name != draft.name:
        return f"a mention of article '{name[:60]}', whose text does not go before it"
    if not (start.isdecimal() and end.isdecimal()):  # type of relation and two ids, or nonsense
        relation = len(cells) < 6 and not start.lstrip("-").isdecimal()
        return "" if relation else f"offsets must be whole numbers, got {start[:60]!r} and {end[:60]!r}"
    draft.mentions.append(mention(int(start), int(end), surface, concepts(ids), kind))
    return ""
