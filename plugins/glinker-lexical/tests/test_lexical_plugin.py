import pytest
from glinker_lexical.gazetteer import GazetteerRecognizer
from glinker_lexical.linker import LexicalLinker, Weights

from glinker_core.testing import LinkerContract, PluginContract, RecognizerContract


class TestPlugin(PluginContract):
    plugin = "lexical"


class TestGazetteerKeepsTheContract(RecognizerContract):
    @pytest.fixture
    def component(self):
        return GazetteerRecognizer(ordinary_words=("train", "Zug"), trusted_share=0.1)


class TestGazetteerWithoutGuardKeepsTheContract(RecognizerContract):
    @pytest.fixture
    def component(self):
        return GazetteerRecognizer(min_length=1, guard="off")


class TestLexicalLinkerKeepsTheContract(LinkerContract):
    @pytest.fixture
    def component(self):
        return LexicalLinker(threshold=0.6, weights=Weights(overlap=2))
