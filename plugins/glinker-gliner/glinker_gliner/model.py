"""A GLiNER model as the layers use it: texts to vectors of words, labels to vectors, in batches that waste little.

`Model.encode` is for models whose text encoder does not see the labels (bi-encoders): one pass serves all labels, and
all layers that share the model. `Model.prompt` is for the others, whose vectors depend on the labels beside them.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from threading import RLock
from typing import Any, NamedTuple

import torch
from torch import Tensor

from glinker_core.errors import InputError
from glinker_core.resources import Resources
from glinker_gliner.batches import Batches
from glinker_gliner.heads import Head, head_of
from glinker_gliner.loading import ModelSpec, load
from glinker_gliner.windows import Limits, Window, Words

log = logging.getLogger(__name__)

_KEPT = 30_000  # words whose vectors are kept for another layer: 46 MB at 384 numbers a word
_SPECIAL = 4  # tokens that a tokenizer may put around a text and its prompt
_LABELS_AT_ONCE = 4_096  # are sorted by length together


class Prompted(NamedTuple):
    """Vectors of the words (W, D) of a window, and of the labels (N, D) that stood beside it."""

    words: Tensor
    labels: Tensor


def shared_model(resources: Resources, spec: ModelSpec) -> Model:
    """The model of a spec, loaded by whoever asks first."""
    model = resources.shared(("gliner", spec), lambda: Model(spec, load(spec)))
    model.users += 1
    return model


class Model:
    """One loaded model; threads may share it, one at a time computes."""

    def __init__(self, spec: ModelSpec, gliner: Any) -> None:
        self.name = spec.model.rstrip("/").rpartition("/")[2]
        self.users = 0
        self._gliner, self._core, self._processor = gliner, gliner.model, gliner.data_processor
        self._config = gliner.config
        self._bi = getattr(self._config, "labels_encoder", None) is not None
        #: whether what the model says of a text does not depend on the labels
        self.independent = self._bi and not hasattr(self._core, "cross_fuser")
        self.head: Head = head_of(self._core)
        self.max_width = int(self._config.max_width) if self._config.span_mode != "token_level" else 0
        self._kept: OrderedDict[tuple[str, int, int], Tensor] = OrderedDict()
        self._kept_words = 0
        self.batches = Batches(self.name, self.device)
        self._lock = RLock()

    @property
    def device(self) -> torch.device:
        device: torch.device = next(self._core.parameters()).device
        return device

    @property
    def fingerprint(self) -> str:
        """What the vectors of labels depend on: the weights that make them. The same in every process and folder."""
        digest = blake2b(digest_size=8)
        labels = ("token_rep_layer.labels_encoder", "token_rep_layer.labels_projection", "prompt_rep_layer")
        for name, weights in sorted(self._core.state_dict().items()):
            if name.startswith(labels):
                digest.update(f"{name} {weights.dtype}".encode())
                digest.update(weights.detach().cpu().contiguous().view(torch.uint8).numpy().data)
        return f"{self.name}@{digest.hexdigest()}"

    def words(self, text: str) -> Words:
        """The words of a text as the model splits them."""
        return Words.of(text, self._processor.words_splitter)

    def limits(self, words: int | None, overlap: int, labels: Sequence[str] = ()) -> Limits:
        """How much a window holds beside a prompt of labels, with at most `words` words if that is less.

        InputError if the labels leave no room for a text.
        """
        prompt = 0 if self._bi else sum(self.sizes(labels)) + 2 * len(labels) + 1
        room = self._room(self._processor.transformer_tokenizer, self._encoder_config) - _SPECIAL - prompt
        if room < 1:
            raise InputError(
                f"model '{self.name}': {len(labels)} labels take {prompt} tokens and leave no room for a text; "
                "give fewer or shorter ones at once"
            )
        most = int(self._config.max_len)
        return Limits(min(words or most, most), room, overlap)

    def prompt_sizes(self, labels: Sequence[str]) -> tuple[dict[str, int], int]:
        """How many tokens each label takes in a prompt, and how many all may take, to leave a text half of a window."""
        sizes = [0] * len(labels) if self._bi else [size + 2 for size in self.sizes(labels)]
        return dict(zip(labels, sizes, strict=True)), self.limits(None, 0).tokens // 2

    def fitting(self, labels: Sequence[str]) -> tuple[list[str], int]:
        """Labels that stand beside a text, each cut to the half of a window that is left to them; how many were cut."""
        if self._bi:
            return list(labels), self.cut(labels)  # has an encoder of its own, which cuts them itself
        sizes, room = self.prompt_sizes(labels)
        long = [label for label in dict.fromkeys(labels) if sizes[label] > room]
        cut = {label: self._beginning(label, max(room - 2, 1)) for label in long}
        return [cut.get(label, label) for label in labels], len(cut)

    def _beginning(self, label: str, tokens: int) -> str:
        """What the first tokens of a label stand for."""
        with self._lock:
            found = self._processor.transformer_tokenizer(
                [label], is_split_into_words=True, add_special_tokens=False, verbose=False, return_offsets_mapping=True
            )
        return label[: found["offset_mapping"][tokens - 1][1]]

    def sizes(self, words: Sequence[str]) -> list[int]:
        """How many tokens each word makes."""
        if not words:
            return []
        with self._lock:
            tokens = self._processor.transformer_tokenizer(
                list(words), is_split_into_words=True, add_special_tokens=False, truncation=False, verbose=False
            )
        counts = [0] * len(words)
        for index in tokens.word_ids(0):
            if index is not None:
                counts[index] += 1
        return counts

    @torch.inference_mode()
    def encode(self, windows: Sequence[Window], batch_size: int) -> list[Tensor]:
        """Per window the vectors of its words (W, D); only of `independent` models."""
        keys = [(window.words.text, window.first, window.last) for window in windows]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
            missing = [index for index, key in enumerate(keys) if key not in found]
            new = self.batches.run([windows[index] for index in missing], len, self._encode, batch_size)
            for index, vectors in zip(missing, new, strict=True):
                found[keys[index]] = vectors
                if self.users > 1:
                    self._keep(keys[index], vectors)
        return [found[key] for key in keys]

    @torch.inference_mode()
    def prompt(self, windows: Sequence[Window], labels: Sequence[Sequence[str]], batch_size: int) -> list[Prompted]:
        """Per window the vectors of its words and of its own labels, projected by the head."""
        pairs = list(zip(windows, labels, strict=True))

        def size(pair: tuple[Window, Sequence[str]]) -> int:
            window, prompt = pair
            return len(window) + (0 if self._bi else sum(len(label) // 4 + 2 for label in prompt))

        with self._lock:
            return self.batches.run(pairs, size, self._prompt, batch_size)

    @torch.inference_mode()
    def labels(self, texts: Sequence[str], batch_size: int, told: Callable[[int], None] | None = None) -> Tensor:
        """Vectors (N, D) of labels by themselves, projected by the head; each text is encoded once.

        `told` is called with how many were done. Only of bi-encoders.
        """
        return self.head.project(self._label_vectors(texts, batch_size, told))

    def cut(self, labels: Iterable[str]) -> int:
        """How many of the labels are longer than their encoder reads."""
        tokenizer = self._processor.labels_tokenizer
        most = self._room(tokenizer, self._config.labels_encoder_config)
        long = [label for label in labels if len(label.encode()) > most - _SPECIAL]  # a token has a byte at least
        if not long:
            return 0
        with self._lock:
            return sum(len(ids) > most for ids in tokenizer(long, truncation=False, verbose=False)["input_ids"])

    @contextmanager
    def keeping(self) -> Iterator[None]:
        """Within it a text that is looked at twice is encoded once, as where several layers share the model."""
        with self._lock:
            self.users += 1
        try:
            yield
        finally:
            with self._lock:
                self.users -= 1
                if self.users < 2:
                    self.close()

    def close(self) -> None:
        """Let go of what was kept."""
        with self._lock:
            self._kept.clear()
            self._kept_words = 0

    @property
    def _encoder_config(self) -> Any:
        return self._config.encoder_config

    @staticmethod
    def _room(tokenizer: Any, config: Any) -> int:
        """How many tokens an encoder reads; some tokenizers know no bound, and then the positions are one."""
        positions = getattr(config, "max_position_embeddings", None) or tokenizer.model_max_length
        if getattr(config, "model_type", "") in ("deberta-v2", "t5", "mt5"):  # positions are relative, without an end
            positions = tokenizer.model_max_length
        return min(int(tokenizer.model_max_length), int(positions))

    def _encode(self, windows: list[Window]) -> list[Tensor]:
        inputs = self._processor.tokenize_inputs([window.tokens for window in windows], None)
        nothing = torch.zeros(1, 1, device=self.device)  # labels that are not looked at
        return self._represented(windows, inputs, labels_embeds=nothing)[0]

    def _prompt(self, pairs: list[tuple[Window, Sequence[str]]]) -> list[Prompted]:
        # a label must not bring the mark by which labels are told apart in a prompt
        windows, labels = (
            [window for window, _ in pairs],
            [[one.replace("<<", "< <") for one in own] for _, own in pairs],
        )
        texts = [window.tokens for window in windows]
        if self._bi:
            beside = self._beside(labels)
            words, prompts = self._represented(windows, self._processor.tokenize_inputs(texts, None), **beside)
        else:
            words, prompts = self._represented(windows, self._processor.tokenize_inputs(texts, labels))
        projected = self.head.project(prompts)
        return [
            Prompted(*one)
            for one in zip(words, (p[: len(own)] for p, own in zip(projected, labels, strict=True)), strict=True)
        ]

    def _beside(self, labels: list[list[str]]) -> dict[str, Tensor]:
        """Vectors of each window's own labels, padded."""
        every = list(dict.fromkeys(label for own in labels for label in own))
        vectors, place = self._label_vectors(every, len(every), None), {label: i for i, label in enumerate(every)}
        widest = max(map(len, labels))
        numbers = torch.zeros(len(labels), widest, dtype=torch.long, device=self.device)
        mask = torch.zeros(len(labels), widest, dtype=torch.long, device=self.device)
        for row, own in enumerate(labels):
            numbers[row, : len(own)] = torch.tensor([place[label] for label in own])
            mask[row, : len(own)] = 1
        return {"labels_embeds": vectors[numbers], "prompts_embedding_mask": mask}

    def _represented(self, windows: Sequence[Window], inputs: Any, **more: Tensor) -> tuple[list[Tensor], Tensor]:
        """Vectors of the words of each window, and of its labels (B, N, D)."""
        reached = inputs["words_mask"].amax(1).tolist()
        for window, last in zip(windows, reached, strict=True):
            if last < len(window) and any(self.sizes(window.tokens[last:])):  # control characters have no tokens
                log.warning(
                    "model '%s': words after %r have no tokens left", self.name, window.tokens[max(last - 1, 0)]
                )
        lengths = torch.tensor([[len(window)] for window in windows])
        found = self._core.get_representations(
            input_ids=inputs["input_ids"].to(self.device),
            attention_mask=inputs["attention_mask"].to(self.device),
            words_mask=inputs["words_mask"].to(self.device),
            text_lengths=lengths.to(self.device),
            **more,
        )
        words = found.words_embedding
        return [words[row, : len(window)] for row, window in enumerate(windows)], found.prompts_embedding

    def _label_vectors(self, texts: Sequence[str], batch_size: int, told: Callable[[int], None] | None) -> Tensor:
        """Vectors (N, D) of labels as their encoder gives them."""
        once = list(dict.fromkeys(texts))
        tokenizer, encoder = self._processor.labels_tokenizer, self._core.token_rep_layer
        rows: dict[str, Tensor] = {}

        def encoded(some: list[tuple[str, list[int]]]) -> list[Tensor]:
            padded = tokenizer.pad({"input_ids": [ids for _, ids in some]}, padding=True, return_tensors="pt")
            inputs = padded["input_ids"].to(self.device), padded["attention_mask"].to(self.device)
            # a mean of 16 bit numbers comes as one of 32 bits, which the layers behind it would not take
            return list(encoder.encode_labels(*inputs).to(next(self._core.parameters()).dtype))

        with self._lock:
            for at in range(0, len(once), _LABELS_AT_ONCE):
                some = once[at : at + _LABELS_AT_ONCE]
                most = self._room(tokenizer, self._config.labels_encoder_config)
                ids = tokenizer(some, truncation=True, max_length=most, verbose=False)["input_ids"]
                rows |= zip(
                    some,
                    self.batches.run(list(zip(some, ids, strict=True)), lambda one: len(one[1]), encoded, batch_size),
                    strict=True,
                )
                if told is not None:
                    told(len(some))
        return torch.stack([rows[text] for text in texts])

    def _keep(self, key: tuple[str, int, int], vectors: Tensor) -> None:
        self._kept[key] = vectors
        self._kept_words += len(vectors)
        while self._kept_words > _KEPT and len(self._kept) > 1:
            self._kept_words -= len(self._kept.popitem(last=False)[1])
