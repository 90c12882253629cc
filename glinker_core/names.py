"""One way to write a name, shared by stores, gazetteers and linkers.

A name becomes a key: case folded, compatibility forms and diacritics taken off, punctuation turned into single
spaces. A text becomes tokens with offsets under the same rules, so that joining the tokens of a span gives the key
of that span: `join(t for t, _, _ in tokens(s)) == normalise(s)` for whatever people write (stray combining marks
behind letters of another script are the exception).

Marks are taken off only where they are accents: combining classes 0, 7, 8 and 9 (vowel signs, nuktas, the voicing
of kana, viramas) make another letter and stay. Scripts written without spaces between words (Han, kana) give one
token per character and keys without spaces.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# letters that Unicode does not decompose but people type without their stroke
_STROKES = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŀ": "l",
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ĸ": "k", "ŋ": "n",
}  # fmt: skip
_APOSTROPHES = "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8"  # letters to Unicode, apostrophes to people
_KEPT_CLASSES = frozenset({0, 7, 8, 9})
_UNSPACED = (
    "\u3005\u3007\u3040-\u3098\u309b-\u30fb\u30fd-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
)
_UNSPACED_CHAR = re.compile(f"[{_UNSPACED}]")
_PIECE = re.compile(f"[{_UNSPACED}][\u3099\u309a]?|[^\\s{_UNSPACED}]+")
_GLUE = re.compile(f"(?<=[{_UNSPACED}\u3099\u309a]) (?=[{_UNSPACED}])")


def _fold(char: str) -> str:
    """The key form of one code point; empty for an accent, a space for what separates words."""
    if char in _APOSTROPHES:
        return " "
    parts = [p for p in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold()) if _inside(p)]
    if not any(unicodedata.category(p)[0] in "LN" for p in parts) and unicodedata.category(char)[0] != "M":
        return " "
    return "".join(_STROKES.get(p, p) for p in parts)


def _inside(part: str) -> bool:
    kind = unicodedata.category(part)[0]
    return (kind in "LN" and part not in _APOSTROPHES) or (kind == "M" and unicodedata.combining(part) in _KEPT_CLASSES)


class _FoldTable(dict[int, str]):
    """A `str.translate` table that fills itself; the folding of one code point never depends on its neighbours."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


class _BorderTable(dict[int, str]):
    """Writes a text as classes, one for one: space, word (`a`), unspaced script (`\u4e00`) or its voicing mark."""

    def __missing__(self, code: int) -> str:
        folded = _FOLDS[code]
        if folded == " ":
            kind = " "
        elif _UNSPACED_CHAR.match(folded):
            kind = "\u4e00"
        else:
            kind = "\u3099" if folded in ("\u3099", "\u309a") else "a"
        self[code] = kind
        return kind


_FOLDS = _FoldTable()
_BORDERS = _BorderTable()


def join(pieces: Iterable[str]) -> str:
    """Tokens as one key: single spaces, none between characters of scripts that do not use them."""
    key = " ".join(pieces)
    return key if key.isascii() else _GLUE.sub("", key)


def normalise(name: str) -> str:
    """The key of a name; a name without letters or digits keeps its signs, so that no name has an empty key unless
    it is blank.

    >>> normalise("  Chișinău–Orhei (Raion) ")
    'chisinau orhei raion'
    >>> normalise("!!!")
    '!!!'
    """
    folded = name.translate(_FOLDS)
    key = " ".join(folded.split()) if folded.isascii() else join(_PIECE.findall(folded))
    return key or " ".join(_printable(name).casefold().split())


def _printable(name: str) -> str:
    return "".join(c if unicodedata.category(c)[0] not in "CM" else " " for c in unicodedata.normalize("NFKC", name))


def tokens(text: str) -> list[tuple[str, int, int]]:
    """The folded words of a text with their offsets in code points: `(token, start, end)`, end-exclusive.

    >>> tokens("Zürich's 東京")
    [('zurich', 0, 6), ('s', 7, 8), ('東', 9, 10), ('京', 10, 11)]
    """
    found = []
    for match in _PIECE.finditer(text.translate(_BORDERS)):
        token = text[match.start() : match.end()].translate(_FOLDS)
        if token:
            found.append((token, match.start(), match.end()))
    return found


def pieces(key: str) -> list[str]:
    """The tokens a key is made of: the inverse of `join` on keys made by `normalise`."""
    return key.split() if key.isascii() else _PIECE.findall(key)
