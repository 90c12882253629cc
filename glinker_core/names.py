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
from collections.abc import Iterable, Sequence
from typing import Literal

# letters that Unicode does not decompose but people type without their stroke
_STROKES = {
    "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ı": "i", "ŧ": "t", "ŀ": "l",
    "æ": "ae", "œ": "oe", "þ": "th", "ð": "d", "ĸ": "k", "ŋ": "n",
}  # fmt: skip
_APOSTROPHES = "\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8"  # letters to Unicode, apostrophes to people
#: soft hyphens, joiners and variation selectors: not seen by people; and the stroke that stretches Arabic words
_INVISIBLE = re.compile("[\u00ad\u034f\u0640\u180b-\u180f\u200d\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_KEPT_CLASSES = frozenset({0, 7, 8, 9})
_UNSPACED = "\u3005\u3007\u3040-\u3098\u309b-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_UNSPACED_CHAR = re.compile(f"[{_UNSPACED}]")
_PIECE = re.compile(f"[{_UNSPACED}][\u3099\u309a]*|[^\\s{_UNSPACED}]+")
_BORDERED_PIECE = re.compile("\u4e00(?:-*\u3099)*|[a\u3099](?:[-a\u3099]*[a\u3099])?")
_GLUE = re.compile(f"(?<=[{_UNSPACED}\u3099\u309a]) (?=[{_UNSPACED}])")


def _fold(char: str) -> str:
    """The key form of one code point; empty for an accent, with spaces where it separates words."""
    if char in _APOSTROPHES:
        return " "
    if _INVISIBLE.match(char):
        return ""
    plain = char.casefold()
    if plain in _STROKES:
        return _STROKES[plain]
    folded = "".join(map(_part, unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", char).casefold())))
    several = " " in folded or len(_PIECE.findall(folded)) > 1  # ½ is 1 2
    apart = several or unicodedata.category(char)[0] not in "LMN"  # ™ is a word of its own
    return f" {folded.strip()} ".replace("  ", " ") if apart else folded


def _part(part: str) -> str:
    kind = unicodedata.category(part)
    if _INVISIBLE.match(part):
        return ""
    if kind[0] == "M":
        return part if kind != "Me" and unicodedata.combining(part) in _KEPT_CLASSES else ""
    return _STROKES.get(part, part) if kind[0] in "LN" and part not in _APOSTROPHES else " "


class _FoldTable(dict[int, str]):
    """A `str.translate` table that fills itself; the folding of one code point never depends on its neighbours."""

    def __missing__(self, code: int) -> str:
        self[code] = folded = _fold(chr(code))
        return folded


class _BorderTable(dict[int, str]):
    """Writes a text as classes, one for one: space, word (`a`), a piece by itself (`\u4e00`), its voicing mark, or
    nothing to be seen (`-`)."""

    def __missing__(self, code: int) -> str:
        folded = _FOLDS[code]
        if folded == " ":
            kind = " "
        elif " " in folded or _UNSPACED_CHAR.match(folded):
            kind = "\u4e00"
        elif folded in ("\u3099", "\u309a"):
            kind = "\u3099"
        else:
            kind = "a" if folded or not _INVISIBLE.match(chr(code)) else "-"
        self[code] = kind
        return kind


_FOLDS = _FoldTable()
_BORDERS = _BorderTable()
_LINES = b"".join(b"\n" if code == 10 else _FOLDS[code].encode() for code in range(128)) + bytes(128)


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
    return key or _signs("NFKC", name) or _signs("NFC", name)  # NFKC makes spaces of accents that stand alone


def normalise_all(names: Sequence[str]) -> list[str]:
    """The key of each name: what `normalise` gives, in half the time where most names are ASCII.

    >>> normalise_all(["Saint-Denis", "São Paulo", "!!!"])
    ['saint denis', 'sao paulo', '!!!']
    """
    plain = [name for name in names if name.isascii()]
    lines = "\n".join(plain).encode().translate(_LINES).decode().split("\n")
    if len(lines) != len(plain):  # one of them has several lines itself, or there is none
        return list(map(normalise, names))
    folded = iter(lines)
    keys = (" ".join(next(folded).split()) if name.isascii() else "" for name in names)
    return [key or normalise(name) for key, name in zip(keys, names, strict=True)]


def _signs(form: Literal["NFC", "NFKC"], name: str) -> str:
    kept = (c if unicodedata.category(c)[0] not in "CM" else " " for c in unicodedata.normalize(form, name))
    return " ".join("".join(kept).casefold().split())


def tokens(text: str) -> list[tuple[str, int, int]]:
    """The folded words of a text with their offsets in code points: `(token, start, end)`, end-exclusive.

    >>> tokens("Zürich's 東京")
    [('zurich', 0, 6), ('s', 7, 8), ('東', 9, 10), ('京', 10, 11)]
    """
    found = []
    for match in _BORDERED_PIECE.finditer(text.translate(_BORDERS)):
        start, end = match.span()
        token = text[start:end].translate(_FOLDS)
        if token and token[0] != " ":
            found.append((token, start, end))
        else:  # an accent by itself is no token, and one character may be several: ½ is 1 2
            found.extend((part, start, end) for part in _PIECE.findall(token))
    return found


def pieces(key: str) -> list[str]:
    """The tokens a key is made of: the inverse of `join` on keys made by `normalise`."""
    return key.split() if key.isascii() else _PIECE.findall(key)
