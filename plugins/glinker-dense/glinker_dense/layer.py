"""What all layers over a model share: which one it is, where it runs, and how entities are written; and encoders."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from attrs import define, field, validators

from glinker_core.vectors import render
from glinker_dense.loading import Dtype, ModelSpec

if TYPE_CHECKING:
    from glinker_core.model import Entity
    from glinker_core.resources import Resources
    from glinker_core.vectors import Progress
    from glinker_dense.encoder import Encoder
    from glinker_dense.vectors import EntityVectors


@define(kw_only=True)
class ModelLayer:
    """What is said of a model: its name on the hub or its folder, how it runs, and what it reads of an entity.

    Layers with the same `model`, `revision`, `device`, `dtype` and `max_length` (tokens) share it. `template` makes of
    an entity the text that is read, `batch_size` texts at once.
    """

    model: str
    revision: str | None = None
    device: str = "cpu"
    dtype: Dtype = "fp32"
    max_length: int | None = field(default=None, validator=validators.optional(validators.ge(1)))
    token: str | None = field(default=None, repr=False)
    local_files_only: bool = False
    batch_size: int = field(default=32, validator=validators.ge(1))
    template: str = "{label}: {description}"

    @property
    def spec(self) -> ModelSpec:
        """Which model, and where and how it runs."""
        return ModelSpec(
            self.model,
            self.revision,
            self.device,
            self.dtype,
            self.max_length,
            self.local_files_only,
            self.token or None,
        )


@define(kw_only=True)
class EncoderLayer(ModelLayer):
    """What is said of an encoder. Vectors of entities come from the stores where there are any; with
    `cache_embeddings` new ones are kept there."""

    cache_embeddings: bool = True
    _encoder: Encoder | None = field(default=None, init=False, repr=False, eq=False)
    _vectors: EntityVectors | None = field(default=None, init=False, repr=False, eq=False)

    def open(self, resources: Resources) -> None:
        """Load the encoder, unless another layer has."""
        from glinker_dense.encoder import shared_encoder

        self._encoder = shared_encoder(resources, self.spec)
        self._vectors = self._shared(resources, self.template, lambda entity: (render(self.template, entity),))

    def _shared(self, resources: Resources, what: str, read: Callable[[Entity], Sequence[str]]) -> EntityVectors:
        """The vectors of what is read of entities, which layers with the same settings share."""
        from glinker_dense.vectors import EntityVectors

        encoder, keep, size = self.encoder, self.cache_embeddings, self.batch_size
        key = ("dense vectors", self.spec, what, keep)
        return resources.shared(key, lambda: EntityVectors(encoder, what, read, resources, keep, size))

    def close(self) -> None:
        """Let go of the encoder and of all vectors."""
        self._encoder = self._vectors = None

    @property
    def encoder(self) -> Encoder:
        """The encoder; `open()` loads it."""
        if self._encoder is None:
            raise RuntimeError("call open() first")
        return self._encoder

    @property
    def vectors(self) -> EntityVectors:
        """The vectors of the texts of entities; `open()` makes them ready."""
        if self._vectors is None:
            raise RuntimeError("call open() first")
        return self._vectors

    def precompute_embeddings(
        self, stores: Sequence[str], batch_size: int, progress: Progress | None = None
    ) -> dict[str, int]:
        """Embed the entities of the stores that have no vector yet; `{store: how many}`."""
        return self.vectors.precompute(stores, batch_size, progress)
