"""AIDA-CoNLL: a token a line, with the mention it is part of and the entity that is meant.

`-DOCSTART- (1 EU)` begins a document, an empty line ends a sentence. The columns are the token, B or I, the mention,
the YAGO name (`--NME--` is NIL), the Wikipedia page, its id, and the Freebase id; the last three may be missing.
https://www.mpi-inf.mpg.de/departments/databases-and-information-systems/research/ambiverse-nlu/aida/downloads
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import define, field

from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_eval.formats.parts import decoded, mention, names_of, titles

_START = re.compile(r"-DOCSTART-(?:\s+\(?(.*?)\)?)?\s*")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_NIL = "--NME--"
_GOES_ON = "null"  # the name on a B that goes on with the mention before it, in some rows


@define
class AidaReader:
    """Documents of tokens: one space between two, one line a sentence. An entity is right under any of its names."""

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per document, and one for each line that is wrong."""
        document: _Draft | None = None
        for number, line, problem in decoded(lines):
            if start := _START.fullmatch(line):
                if document is not None:
                    yield document.row()
                document = _Draft(number, start[1] or "")
            elif problem or (document is None and line.strip()):
                yield Row(number, None, problem or f"stands before the first -DOCSTART-: {line[:60]!r}")
            elif document is not None and (wrong := document.add(line.split("\t") if line.strip() else [])):
                yield Row(number, None, wrong)
        if document is not None:
            yield document.row()


@define
class _Draft:
    """A document on its way: the pieces of its text, and its mentions with the last one still growing."""

    line: int
    name: str
    pieces: list[str] = field(factory=list)
    size: int = 0
    mentions: list[dict[str, Any]] = field(factory=list)
    open: bool = False

    def add(self, cells: Sequence[str]) -> str:
        """Add a token, or the end of a sentence where there are no cells; what is wrong with it, if anything."""
        if not cells:
            self._append("" if self._begins else "\n")
            self.open = False
            return ""
        token, tag, surface, *names = [*map(str.strip, cells), *[""] * 3][: max(3, len(cells))]
        if not token:
            return "has no token in its first column"
        self._append("" if self._begins else " ")
        start = self.size
        self._append(token)
        if tag == "I" and not self.open:
            return f"'{token}' is tagged I, but no mention goes before it"
        if tag not in ("", "B", "I", "O"):
            return f"'{token}' is tagged {tag!r}; known are B, I, and O or nothing"
        if tag == "B" and names[:1] == [_GOES_ON] and self.open:
            self.mentions[-1]["end"] = self.size
            self.mentions[-1].pop("text", None)  # it says what the first of its tokens are
        elif tag == "B":
            self.mentions.append(mention(start, self.size, surface or None, _ids(names)))
        elif tag == "I":
            self.mentions[-1]["end"] = self.size
        self.open = tag in ("B", "I")
        return ""

    @property
    def _begins(self) -> bool:
        """Whether the text, or a line of it, is about to begin."""
        return not self.pieces or self.pieces[-1] == "\n"

    def _append(self, piece: str) -> None:
        if piece:
            self.pieces.append(piece)
            self.size += len(piece)

    def row(self) -> Row:
        return Row(self.line, Document("".join(self.pieces), self.name, tuple(self.mentions)))


def _ids(cells: Sequence[str]) -> list[str]:
    """The names of the entity in all columns behind the mention."""
    given = [_ESCAPED.sub(lambda match: chr(int(match[1], 16)), cell) for cell in cells if cell]
    if not given or given[0] == _NIL:
        return []
    return [*titles(given[0]), *(name for cell in given[1:] for name in names_of(cell))]
