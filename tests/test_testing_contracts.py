"""The honest fakes keep every promise of their layer; `test_testing_liars.py` has those that do not."""

import pytest

from glinker_core.model import Document, Entity
from glinker_core.testing import (
    AggregatorContract,
    CacheContract,
    GateContract,
    LinkerContract,
    ReaderContract,
    RecognizerContract,
    RerankerContract,
    RetrieverContract,
    StoreContract,
)
from glinker_core.testing.fakes import (
    FakeAggregator,
    FakeCache,
    FakeGate,
    FakeLinker,
    FakeReader,
    FakeRecognizer,
    FakeReranker,
    FakeRetriever,
    FakeStore,
)


class TestFakeRecognizer(RecognizerContract):
    @pytest.fixture
    def component(self):
        return FakeRecognizer()


class TestFakeRetriever(RetrieverContract):
    @pytest.fixture
    def component(self):
        return FakeRetriever()


class TestFakeLinker(LinkerContract):
    @pytest.fixture
    def component(self):
        return FakeLinker()


class TestFakeReranker(RerankerContract):
    @pytest.fixture
    def component(self):
        return FakeReranker()


class TestFakeGate(GateContract):
    @pytest.fixture
    def component(self):
        return FakeGate()


class TestFakeAggregator(AggregatorContract):
    @pytest.fixture
    def component(self):
        return FakeAggregator()


class TestFakeReader(ReaderContract):
    entity_file = b"a=A=B\r\n\nb=\xc3\x84\n"
    entities = (Entity("a", "A", ("B",)), Entity("b", "Ä"))
    document_file = b"one\ntwo\n"
    documents = (Document("one", "1"), Document("two", "2"))

    @pytest.fixture
    def component(self):
        return FakeReader()


class TestFakeCache(CacheContract):
    @pytest.fixture
    def cache(self):
        return FakeCache()


class TestFakeStore(StoreContract):
    @pytest.fixture
    def store(self):
        return FakeStore()

    @pytest.fixture
    def reopen(self):
        def reopen(store):
            store.close()
            store.open()
            return store

        return reopen
