"""L2: entities that mean what a mention means where it stands, however it is spelt."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, validators
from rapidfuzz.distance import OSA

from glinker_core.layers import Candidates, Mentions, Texts
from glinker_core.model import WHOLE_TEXT, Candidate, Entity, Mention, MentionCandidates
from glinker_core.names import normalise
from glinker_dense.context import Spoken, is_pronoun, spoken
from glinker_dense.layer import EncoderLayer

if TYPE_CHECKING:
    from glinker_core.resources import KnowledgeBase, Resources
    from glinker_core.vectors import Progress
    from glinker_dense.exact import Vectors
    from glinker_dense.index import DenseIndex
    from glinker_dense.vectors import TextAndNames

_SCORE = "l2_dense"
_OF_OTHERS = 3  # candidates that a pronoun takes over from each mention before it


@define(kw_only=True)
class DenseRetriever(EncoderLayer):
    """Gives each mention the `max_candidates` entities whose vectors are nearest, with the cosine as `l2_dense`.

    What is looked for is the vector of the mention plus `context_weight` times the mean of the sentences within 1,000
    characters of it, among the vectors of entities, each the mean of what its text and its names mean. Who is not as
    near as `min_score`, or not of one of `types` where types are given, is left out. A pronoun ("she") is looked for by
    the sentences alone, also among the best of the mentions before it. Entities that have no vector yet are embedded
    when they are first looked for, `embed_at_most` of them; more are work for `glinker embed`.

    Above `approximate_above` entities not all vectors are compared as they are: the likely nearest are found by a
    coarse picture of each (faiss, `pip install glinker-dense[ann]`) and scored by their vectors. With `index_folder`
    vectors and picture are kept in a file there, which is mapped into memory and made again when it does not fit.
    """

    max_candidates: int = field(default=30, validator=validators.ge(1))
    min_score: float = field(default=0.0, validator=[validators.ge(0), validators.le(1)])
    types: tuple[str, ...] = ()
    context_weight: float = field(default=0.5, validator=validators.ge(0))
    embed_at_most: int = field(default=20_000, validator=validators.ge(0))
    approximate_above: int = field(default=100_000, validator=validators.ge(0))
    index_folder: str | None = None
    _searched: TextAndNames | None = field(default=None, init=False, repr=False, eq=False)
    _index: DenseIndex | None = field(default=None, init=False, repr=False, eq=False)
    _kb: KnowledgeBase | None = field(default=None, init=False, repr=False, eq=False)

    def open(self, resources: Resources) -> None:
        """Load the encoder; the index is made when it is first asked."""
        from glinker_dense.index import DenseIndex
        from glinker_dense.vectors import TextAndNames

        super().open(resources)
        self._kb = resources.kb
        folder = Path(self.index_folder).expanduser() if self.index_folder else None
        self._searched = TextAndNames(self.vectors, self._shared(resources, "names", lambda entity: entity.names))
        self._index = DenseIndex(resources.kb, self._searched, self.embed_at_most, self.approximate_above, folder)

    def close(self) -> None:
        """Let go of the encoder and of the index."""
        super().close()
        self._index = self._kb = self._searched = None

    @property
    def searched(self) -> TextAndNames:
        """The vectors that entities are found by; `open()` makes them ready."""
        if self._searched is None:
            raise RuntimeError("call open() first")
        return self._searched

    def precompute_embeddings(
        self, stores: Sequence[str], batch_size: int, progress: Progress | None = None
    ) -> dict[str, int]:
        """Embed texts and names of the entities of the stores that have no vectors yet; `{store: how many}`."""
        return self.searched.precompute(stores, batch_size, progress)

    def retrieve(self, texts: Texts, mentions: Mentions | None = None) -> Candidates:
        """Candidates of each mention; without mentions, of each text as a whole."""
        if mentions is None:
            mentions = [(Mention(0, len(text), text, WHOLE_TEXT),) if text else () for text in texts]
        asked = [spoken(text, some) for text, some in zip(texts, mentions, strict=True)]
        vectors = self._queries(list(dict.fromkeys(chain.from_iterable(asked))))
        found = self._nearest(vectors)
        return [
            tuple(
                MentionCandidates(mention, tuple(self._candidates(one, vectors, found, ones[:place])))
                for place, (mention, one) in enumerate(zip(some, ones, strict=True))
            )
            for some, ones in zip(mentions, asked, strict=True)
        ]

    def _queries(self, asked: Sequence[Spoken]) -> dict[Spoken, Vectors]:
        """What is looked for, for each mention and what stands around it."""
        from glinker_dense.exact import unit

        names, around = self.encoder.spoken(asked, self.batch_size)
        for row, one in enumerate(asked):
            if is_pronoun(one.name):
                names[row] = 0
        return dict(zip(asked, unit(names + self.context_weight * around), strict=True))

    def _nearest(self, vectors: Mapping[Spoken, Vectors]) -> dict[Spoken, list[tuple[Entity, float]]]:
        """The nearest entities to each query with their cosines, the better known first where they are equal."""
        import numpy as np

        if self._index is None or self._kb is None:
            raise RuntimeError("call open() first")
        if not vectors:
            return {}
        hits = self._index.search(np.stack(list(vectors.values())), self.max_candidates, self.types)
        ids = list(dict.fromkeys(hit.entity_id for some in hits for hit in some))
        entities = dict(zip(ids, self._kb.get(ids), strict=True))
        known = [[(entities[hit.entity_id], hit.score) for hit in some] for some in hits]
        return {
            one: _sorted((entity, score) for entity, score in some if entity is not None)
            for one, some in zip(vectors, known, strict=True)
        }

    def _candidates(
        self,
        one: Spoken,
        vectors: Mapping[Spoken, Vectors],
        found: Mapping[Spoken, Sequence[tuple[Entity, float]]],
        before: Sequence[Spoken],
    ) -> Iterator[Candidate]:
        near = found[one]
        if is_pronoun(one.name):
            taken = {entity.entity_id for entity, _ in near}
            of_others = [entity for other in dict.fromkeys(before) if not is_pronoun(other.name)
                         for entity, _ in found[other][:_OF_OTHERS] if entity.entity_id not in taken]  # fmt: skip
            others = list({entity.entity_id: entity for entity in of_others}.values())
            cosines = self.searched.of(others) @ vectors[one] if others else ()
            more = ((entity, round(float(score), 5)) for entity, score in zip(others, cosines, strict=True))
            near = _sorted([*near, *more])
        for entity, cosine in near:
            score = min(max(cosine, 0.0), 1.0)
            if score >= self.min_score:
                yield Candidate(entity, nearest_name(one.name, entity), "dense", {_SCORE: score})


def _sorted(near: Iterable[tuple[Entity, float]]) -> list[tuple[Entity, float]]:
    return sorted(near, key=lambda one: (-one[1], -one[0].popularity, one[0].entity_id))


def nearest_name(text: str, entity: Entity) -> str:
    """The name of an entity that is spelt most like a text; of equals the first."""
    key = normalise(text)
    return max(entity.names, key=lambda name: OSA.normalized_similarity(key, normalise(name)))
