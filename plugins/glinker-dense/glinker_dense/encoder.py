"""A sentence encoder as the layers use it: texts to unit vectors, in batches that waste little."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from threading import RLock
from typing import TYPE_CHECKING, Any

import numpy as np

from glinker_core.errors import InputError
from glinker_dense.exact import Vectors, unit
from glinker_dense.loading import ModelSpec, fingerprint, load

if TYPE_CHECKING:
    from glinker_core.resources import Resources
    from glinker_dense.context import Spoken

_TOKENS = 1_024  # that go through a processor at once
_REMEMBERED = 20_000  # vectors of mentions and sentences that another layer may ask for: 31 MB at 384 numbers
_TOKEN = 4  # characters, where the tokenizer cannot be asked

_QUERY, _DOCUMENT = ("query",), ("document", "passage", "corpus")  # what models call their prompts


def shared_encoder(resources: Resources, spec: ModelSpec) -> Encoder:
    """The encoder of a spec, loaded by whoever asks first."""
    return resources.shared(("dense", spec), lambda: Encoder.load(spec))


class Encoder:
    """One loaded encoder; threads may share it, one at a time computes."""

    def __init__(self, spec: ModelSpec, model: Any) -> None:
        self.name = spec.model
        self._model = model
        if spec.max_length is not None:
            model.max_seq_length = min(spec.max_length, model.max_seq_length or spec.max_length)
        self._prompts: dict[str, str] = dict(model.prompts or {})
        self._remembered: dict[str, Vectors] = {}
        self._lock = RLock()
        self.dimension: int = self._numbers(["x"], _DOCUMENT).shape[1]
        parts = [type(part).__name__ for part in model]
        document = next((self._prompts[name] for name in _DOCUMENT if self._prompts.get(name)), "")
        #: what the vectors of entities depend on beside their texts
        self.fingerprint = fingerprint(spec, model.state_dict(), parts, model.max_seq_length, document)

    @classmethod
    def load(cls, spec: ModelSpec) -> Encoder:
        """Load the weights."""
        from sentence_transformers import SentenceTransformer

        return cls(spec, load(spec, SentenceTransformer))

    def entities(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """Unit vectors (N, D) of what is written of entities."""
        return self._encoded(texts, batch_size, _DOCUMENT)

    def queries(self, texts: Sequence[str], batch_size: int) -> Vectors:
        """Unit vectors (N, D) of mentions and sentences; the last are remembered, for layers that share the encoder."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        with self._lock:
            new = [text for text in dict.fromkeys(texts) if text not in self._remembered]
            if len(self._remembered) + len(new) > _REMEMBERED:
                self._remembered, new = {}, list(dict.fromkeys(texts))
            self._remembered |= zip(new, self._encoded(new, batch_size, _QUERY), strict=True)
            return np.stack([self._remembered[text] for text in texts])

    def spoken(self, asked: Sequence[Spoken], batch_size: int) -> tuple[Vectors, Vectors]:
        """Unit vectors (N, D) of mentions, and of the mean of the sentences that stand around each."""
        if not asked:
            return self.queries([], batch_size), self.queries([], batch_size)
        texts = dict.fromkeys([*(one.name for one in asked), *chain.from_iterable(one.around for one in asked)])
        place = {text: row for row, text in enumerate(texts)}
        vectors = self.queries(list(texts), batch_size)
        around = np.stack([vectors[[place[text] for text in one.around]].sum(axis=0) for one in asked])
        return vectors[[place[one.name] for one in asked]], unit(around)

    def _encoded(self, texts: Sequence[str], batch_size: int, prompts: Sequence[str]) -> Vectors:
        """Each text is encoded once, among those of about its length, whatever came with it."""
        with self._lock:
            lengths = self._lengths(list(dict.fromkeys(texts)))
            once = sorted(lengths, key=lambda text: (lengths[text], text))
            found = np.zeros((len(once), self.dimension), np.float32)
            start = 0
            while start < len(once):
                size = self._at_once(lengths[once[start]], batch_size)
                found[start : start + size] = self._numbers(once[start : start + size], prompts)
                start += size
        self._check(once, found)
        place = {text: row for row, text in enumerate(once)}
        return unit(found[[place[text] for text in texts]])

    def _lengths(self, texts: list[str]) -> dict[str, int]:
        """How many tokens each text has, near enough to put equals together."""
        tokenizer = self._model.tokenizer
        if not texts or not hasattr(tokenizer, "batch_decode"):  # one that is not from transformers
            return {text: 1 + len(text) // _TOKEN for text in texts}
        most = self._model.max_seq_length
        ids = tokenizer([readable(text) for text in texts], truncation=most is not None, max_length=most)["input_ids"]
        return {text: len(one) for text, one in zip(texts, ids, strict=True)}

    def _at_once(self, length: int, batch_size: int) -> int:
        """How many texts of a length go through at once: on a processor what its caches hold."""
        if self._model.device.type != "cpu":
            return batch_size
        return max(1, min(batch_size, _TOKENS // max(length, 1)))

    def _numbers(self, texts: list[str], prompts: Sequence[str]) -> Vectors:
        prompt = next((name for name in prompts if self._prompts.get(name)), None)
        found: Vectors = self._model.encode(
            [readable(text) for text in texts],
            prompt_name=prompt,
            batch_size=len(texts),
            show_progress_bar=False,
            convert_to_numpy=True,
        )
        return found.astype(np.float32, copy=False)

    def _check(self, texts: Sequence[str], vectors: Vectors) -> None:
        bad = np.flatnonzero(~np.isfinite(vectors).all(axis=1))
        if len(bad):
            raise InputError(
                f"model '{self.name}': gives vectors with numbers that are not finite for {len(bad)} texts, such as "
                f"{texts[int(bad[0])][:60]!r}; use dtype: fp32, or another model"
            )


def readable(text: str) -> str:
    """A text as tokenizers take it: halves of characters (lone surrogates) are question marks to them."""
    return text.encode("utf-8", "replace").decode("utf-8")
