"""What goes through a model together: items of about equal size, and fewer of them where memory runs out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from math import inf
from typing import Any, TypeVar

import torch

from glinker_core.errors import InputError
from glinker_gliner.windows import groups

log = logging.getLogger(__name__)

_CACHED = 600  # words or tokens a thread of a processor takes at once: with more, layers hand on what left its caches

T = TypeVar("T")
R = TypeVar("R")


class Batches:
    """The batches of one model, which one thread at a time runs."""

    def __init__(self, name: str, device: torch.device) -> None:
        self._name, self._device = name, device
        self._at_most = 1 << 30  # items at once; less after memory ran out

    def groups(self, sizes: Sequence[int], batch_size: int) -> list[list[int]]:
        """Indices of windows or labels of these sizes, in groups that go through the model together."""
        room = _CACHED * torch.get_num_threads() if self._device.type == "cpu" else inf
        return list(groups(sizes, min(batch_size, self._at_most), room))

    def run(
        self, items: Sequence[T], size: Callable[[T], int], run: Callable[[list[T]], list[R]], batch_size: int
    ) -> list[R]:
        """Run items in groups of about equal size; where a device has no memory for a group, in smaller ones."""
        results: list[Any] = [None] * len(items)
        waiting = self.groups([size(item) for item in items], batch_size)
        while waiting:
            group = waiting.pop(0)
            if len(group) > self._at_most:
                waiting[:0] = [group[at : at + self._at_most] for at in range(0, len(group), self._at_most)]
                continue
            try:
                found = run([items[index] for index in group])
            except torch.OutOfMemoryError as error:
                if len(group) == 1:
                    raise InputError(
                        f"model '{self._name}': no memory on {self._device} for one text: {error}"
                    ) from error
                torch.cuda.empty_cache()
                self._at_most = len(group) // 2
                log.warning(
                    "model '%s': out of memory with %d at once; going on with %d",
                    self._name, len(group), self._at_most,
                )  # fmt: skip
                waiting.insert(0, group)
                continue
            for index, result in zip(group, found, strict=True):
                results[index] = result
        return results
