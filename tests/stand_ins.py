"""Stand-ins for processors and stores whose plugins need models or servers: their settings, and fakes that work."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field

from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Candidates, Mentions, Texts
from glinker_core.resources import Resources
from glinker_core.testing.fakes import FakeLinker, FakeRecognizer, FakeReranker
from glinker_core.testing.store import FakeStore


@define
class _Finder:
    _fake: FakeRecognizer = field(factory=FakeRecognizer, init=False)

    def open(self, resources: Resources) -> None:
        self._fake.open(resources)

    def recognize(self, texts: Texts) -> Mentions:
        return self._fake.recognize(texts)


@define
class Spacy(_Finder):
    model: str
    device: str = "cpu"
    batch_size: int = 32
    max_right_context: int = 50
    max_left_context: int = 50
    min_entity_length: int = 2
    include_noun_chunks: bool = False


@define
class Gliner(_Finder):
    model: str
    labels: tuple[str, ...]
    token: str | None = None
    device: str = "cpu"
    threshold: float = 0.3
    flat_ner: bool = True
    multi_label: bool = False
    batch_size: int = 16
    max_right_context: int = 50
    max_left_context: int = 50
    min_entity_length: int = 2
    use_precomputed_embeddings: bool = False
    max_length: int | None = 512


@define
class Linker:
    model_name: str
    token: str | None = None
    device: str = "cpu"
    threshold: float = 0.5
    flat_ner: bool = True
    multi_label: bool = False
    batch_size: int = 1
    use_precomputed_embeddings: bool = False
    cache_embeddings: bool = False
    max_length: int | None = 512
    template: str = "{label}"

    def link(self, texts: Texts, candidates: Candidates) -> Candidates:
        return FakeLinker(0.0).link(texts, candidates)

    def precompute_embeddings(self, stores: list[str], batch_size: int, progress: object) -> dict[str, int]:
        return dict.fromkeys(stores, batch_size)


@define
class Reranker:
    model_name: str
    token: str | None = None
    device: str = "cpu"
    threshold: float = 0.5
    flat_ner: bool = True
    multi_label: bool = False
    max_labels: int = 20
    max_length: int | None = 512
    template: str = "{label}"

    def rerank(self, texts: Texts, candidates: Candidates) -> Candidates:
        return FakeReranker().rerank(texts, candidates)


@define
class Redis(FakeStore):
    host: str = "localhost"
    port: int = 6379
    db: int = 0
    password: str | None = None
    ttl: int = 0


@define
class Elasticsearch(FakeStore):
    hosts: tuple[str, ...] = ("http://localhost:9200",)
    index_name: str = "entities"
    api_key: str | None = None
    field_mapping: dict[str, str] = field(factory=dict)


@define
class Postgres(FakeStore):
    host: str = "localhost"
    port: int = 5432
    database: str = "entities"
    user: str = "postgres"
    password: str = ""


class StandIns:
    """Declares them all under the names that pipelines know."""

    @hookimpl
    def glinker_recognizers(self) -> Iterator[Component]:
        yield Component("l1_spacy", "tests.stand_ins:Spacy", "spaCy")
        yield Component("l1_gliner", "tests.stand_ins:Gliner", "GLiNER")

    @hookimpl
    def glinker_linkers(self) -> Iterator[Component]:
        yield Component("l3_batch", "tests.stand_ins:Linker", "GLiNER linker")

    @hookimpl
    def glinker_rerankers(self) -> Iterator[Component]:
        yield Component("l4_reranker", "tests.stand_ins:Reranker", "GLiNER reranker")

    @hookimpl
    def glinker_stores(self) -> Iterator[Component]:
        yield Component("dict", "glinker_core.testing.store:FakeStore", "in memory")
        yield Component("redis", "tests.stand_ins:Redis", "cache")
        yield Component("elasticsearch", "tests.stand_ins:Elasticsearch", "index")
        yield Component("postgres", "tests.stand_ins:Postgres", "database")
