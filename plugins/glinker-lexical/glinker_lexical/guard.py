"""Whether a span that has the name of an entity is a name at all, by its case, its words and its prior.

A span is *ordinary* when all its words are: words of the list and numbers, and so is a single word that the same text
also writes in lower case, unless the name itself is written so. An ordinary span is a name only if its case says so:
capitals like those of the name, where its surroundings do not ask for them, as the start of a sentence does, a title,
or a longer name. Otherwise only a high prior speaks for it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from attrs import define, field

from glinker_lexical.index import ACRONYM, CAPITAL, PLAIN, NameInfo, written
from glinker_lexical.words import CAPITALISED_WORDS, FUNCTION_WORDS

Token = tuple[str, int, int]

#: What `Guard.judge` answers: a name; a name for its prior, or in a text without capitals; no name.
SURE, GUESSED, REFUSED = 1.0, 0.5, 0.0

_SENTENCE_START = re.compile(r"(?:\A|[.!?:;…。！？\n\r•|])[\s\"'‘-‟«»()\[\]*_-]*\Z")
_LOOKBACK = 12  # characters before a span in which a sentence may end
_NEIGHBOURS = 4  # words on either side that tell a title
_LONG = 4  # words of a title have capitals from this length on


@define
class Guard:
    """Judges the spans of one text; without `case` capitals mean nothing."""

    text: str
    tokens: Sequence[Token]
    ordinary: Collection[str]
    case: bool = True
    _caseless: bool | None = field(default=None, init=False)
    _lower_words: frozenset[str] | None = field(default=None, init=False)

    def judge(self, first: int, last: int, info: NameInfo) -> float:
        """`SURE`, `GUESSED` or `REFUSED` for the tokens from `first` to `last`, inclusive."""
        span = self.text[self.tokens[first][1] : self.tokens[last][2]]
        plain = not self.case or bool(info.forms & PLAIN)
        lower = span == span.lower()
        if lower and not plain and first == last and not self._is_caseless():
            return REFUSED
        if not self._is_ordinary(first, last, plain):
            if plain:
                return SURE
            if lower:
                return GUESSED
            part = first == last and not info.trusted and written(span) == CAPITAL and self._ends_a_longer_name(first)
            return REFUSED if part else SURE
        if not plain and not lower and self._case_speaks(first, last, written(span), info.forms):
            return SURE
        fits = plain or bool(info.forms & written(span))
        return GUESSED if info.trusted and fits and not self._is_grammar(first, last) else REFUSED

    def _is_ordinary(self, first: int, last: int, plain: bool) -> bool:
        if all(word in self.ordinary or word.isdecimal() for word, _, _ in self.tokens[first : last + 1]):
            return True
        return (
            first == last and not plain and not self._is_caseless() and self.tokens[first][0] in self._in_lower_case()
        )

    def _is_grammar(self, first: int, last: int) -> bool:
        return all(word in FUNCTION_WORDS for word, _, _ in self.tokens[first : last + 1])

    def _in_lower_case(self) -> frozenset[str]:
        """The words that the text writes in lower case somewhere."""
        if self._lower_words is None:
            self._lower_words = frozenset(word for word, start, _ in self.tokens if self.text[start].islower())
        return self._lower_words

    def _is_caseless(self) -> bool:
        """Whether the text has no capitals at all, so that their absence means nothing."""
        if self._caseless is None:
            self._caseless = self.text == self.text.lower()
        return self._caseless

    def _case_speaks(self, first: int, last: int, form: int, forms: int) -> bool:
        """Whether the capitals of a span are those of the name and not those of its surroundings."""
        if not form & forms:
            return False
        around = self._neighbours(first, last)
        if form == ACRONYM:
            return any(word != word.upper() for word in around)
        if self._starts_a_sentence(first):
            return False
        if first == last:
            word = self.tokens[first][0]
            if word in CAPITALISED_WORDS or self._follows_a_capital(first) or self._precedes_a_capital(first):
                return False
        long = [word for word in around if len(word) >= _LONG and word[0].isalpha()]
        return not long or any(word[0].islower() for word in long)

    def _neighbours(self, first: int, last: int) -> list[str]:
        """The words around a span, as written, in the same line."""
        text, start, end = self.text, self.tokens[first][1], self.tokens[last][2]
        before = self.tokens[max(0, first - _NEIGHBOURS) : first]
        after = self.tokens[last + 1 : last + 1 + _NEIGHBOURS]
        return [text[left:right] for _, left, right in before if "\n" not in text[left:start]] + [
            text[left:right] for _, left, right in after if "\n" not in text[end:right]
        ]

    def _starts_a_sentence(self, first: int) -> bool:
        start = self.tokens[first][1]
        return _SENTENCE_START.search(self.text[max(0, start - _LOOKBACK) : start]) is not None

    def _follows_a_capital(self, index: int) -> bool:
        """Whether the word before, one space away, begins with a capital."""
        return index > 0 and self._is_pair(index - 1) and self.text[self.tokens[index - 1][1]].isupper()

    def _precedes_a_capital(self, index: int) -> bool:
        """Whether the word behind, one space away, begins with a capital."""
        last = len(self.tokens) - 1
        return index < last and self._is_pair(index) and self.text[self.tokens[index + 1][1]].isupper()

    def _is_pair(self, index: int) -> bool:
        """Whether nothing but a space stands between a word and the next."""
        return self.text[self.tokens[index][2] : self.tokens[index + 1][1]] == " "

    def _ends_a_longer_name(self, first: int) -> bool:
        """Whether the word before has a capital and is not ordinary, as in the name of a person."""
        return self._follows_a_capital(first) and not self._is_ordinary(first - 1, first - 1, plain=False)
