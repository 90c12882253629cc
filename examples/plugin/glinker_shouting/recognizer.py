"""L1: finds words in capitals."""

import re

from attrs import define, field, validators

from glinker_core.layers import Mentions, Texts
from glinker_core.model import Mention

_WORD = re.compile(r"\w+")


@define
class ShoutingRecognizer:
    """Finds words in capitals of at least `min_length` characters, and calls them all `label`."""

    min_length: int = field(default=2, validator=validators.ge(1))
    label: str = ""

    def recognize(self, texts: Texts) -> Mentions:
        """Per text its shouted words, in order of position."""
        return [[self._mention(word) for word in _WORD.finditer(text) if self._shouted(word)] for text in texts]

    def _shouted(self, word: re.Match[str]) -> bool:
        return word.group().isupper() and len(word.group()) >= self.min_length

    def _mention(self, word: re.Match[str]) -> Mention:
        return Mention(word.start(), word.end(), word.group(), self.label)
