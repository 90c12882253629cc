import pytest

from glinker_core.testing import LinkerContract, RecognizerContract, StoreContract
from glinker_core.testing.fakes import FakeLinker, FakeRecognizer, FakeStore


class TestFakeRecognizer(RecognizerContract):
    @pytest.fixture
    def component(self):
        return FakeRecognizer()


class TestFakeLinker(LinkerContract):
    @pytest.fixture
    def component(self):
        return FakeLinker()


class TestFakeStore(StoreContract):
    @pytest.fixture
    def store(self):
        return FakeStore()
