"""What the core itself offers keeps the contracts it asks plugins to keep."""

import pytest

from glinker_core.builtin.aggregator import ThresholdAggregator
from glinker_core.builtin.chain import ChainLayer, ChainRetriever
from glinker_core.builtin.external import ExternalRecognizer
from glinker_core.builtin.gates import UncertainGate
from glinker_core.builtin.readers import CsvReader, JsonlReader, TextReader, TsvReader
from glinker_core.builtin.writers import JsonlWriter
from glinker_core.model import Document, Entity
from glinker_core.resources import Resources
from glinker_core.testing import (
    AggregatorContract,
    GateContract,
    PluginContract,
    ReaderContract,
    RecognizerContract,
    RetrieverContract,
    WriterContract,
)
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.fakes import FakeCache, FakeStore, store_of
from tests.liars.outputs import documents


class TestBuiltin(PluginContract):
    plugin = "builtin"


class TestExternalRecognizer(RecognizerContract):
    @pytest.fixture
    def component(self):
        return ExternalRecognizer()


class TestChainRetriever(RetrieverContract):
    @pytest.fixture
    def component(self):
        return ChainRetriever((ChainLayer(type="fake"),))

    @pytest.fixture
    def resources(self):
        return Resources({"fake": store_of(ENTITIES)})


class TestChainOfTwoStores(RetrieverContract):
    """The first store remembers what the second answers."""

    @pytest.fixture
    def component(self):
        slow = ChainLayer(store="slow", priority=0)
        return ChainRetriever((ChainLayer(store="quick", priority=1, cache_policy="always"), slow))

    @pytest.fixture
    def resources(self):
        return Resources({"quick": FakeStore(), "slow": store_of(ENTITIES)})


class TestChainThatFuses(RetrieverContract):
    """Two stores share some entities, and a cache remembers what they say together."""

    @pytest.fixture
    def component(self):
        layers = [ChainLayer(store=name, priority=-n) for n, name in enumerate(("cache", "one", "other"))]
        return ChainRetriever(tuple(layers), combine="union")

    @pytest.fixture
    def resources(self):
        half = len(ENTITIES) // 2
        stores = {"one": store_of(ENTITIES[: half + 3]), "other": store_of(ENTITIES[half:])}
        return Resources(stores, {"cache": FakeCache()})


class TestUncertainGate(GateContract):
    @pytest.fixture
    def component(self):
        return UncertainGate()


class TestThresholdAggregator(AggregatorContract):
    @pytest.fixture
    def component(self):
        return ThresholdAggregator()


class TestAggregatorThatShowsEverything(AggregatorContract):
    @pytest.fixture
    def component(self):
        return ThresholdAggregator(return_all_candidates=True, strict_matching=False, overlaps="keep")


class TestJsonlReader(ReaderContract):
    entity_file = b'{"entity_id": "a", "label": "A", "aliases": ["B"]}\n\n{"entity_id": "b", "label": "\xc3\x84"}\n'
    entities = (Entity("a", "A", ("B",)), Entity("b", "Ä"))
    document_file = b'{"text": "one", "id": "x"}\n{"text": "two\\n", "id": "y"}\n'
    documents = (Document("one", "x"), Document("two\n", "y"))

    @pytest.fixture
    def component(self):
        return JsonlReader()


class TestJsonlWriter(WriterContract):
    def read(self, written):
        return documents(written)

    @pytest.fixture
    def component(self):
        return JsonlWriter()


class TestCsvReader(ReaderContract):
    entity_file = b'entity_id,label,aliases\r\na,"A, or B",B|C\r\nb,\xc3\x84,\r\nc,C,\r\n'
    entities = (Entity("a", "A, or B", ("B", "C")), Entity("b", "Ä"), Entity("c", "C"))
    document_file = b"text,id\none,x\ntwo,y\n"
    documents = (Document("one", "x"), Document("two", "y"))

    @pytest.fixture
    def component(self):
        return CsvReader()


class TestTsvReader(ReaderContract):
    entity_file = b"entity_id\tlabel\tpopularity\na\tA, or B\t1.5\nb\t\xc3\x84\t\n"
    entities = (Entity("a", "A, or B", popularity=1.5), Entity("b", "Ä"))
    document_file = b"id\ttext\nx\tone\ny\ttwo\n"
    documents = (Document("one", "x"), Document("two", "y"))

    @pytest.fixture
    def component(self):
        return TsvReader()


class TestTextReader(ReaderContract):
    document_file = b"one\ntwo\n"
    documents = (Document("one\ntwo\n"),)
    lazy = "a file is one document"
    resumes = "a file is one document"

    @pytest.fixture
    def component(self):
        return TextReader()
