import pytest
from glinker_shouting.recognizer import ShoutingRecognizer

from glinker_core.testing import PluginContract, RecognizerContract


class TestPlugin(PluginContract):
    plugin = "shouting"


class TestShoutingRecognizer(RecognizerContract):
    @pytest.fixture
    def component(self):
        return ShoutingRecognizer()


def test_only_words_in_capitals_are_mentions():
    [mentions] = ShoutingRecognizer(min_length=3).recognize(["Who asked the WHO, and not the UN?"])
    assert [mention.text for mention in mentions] == ["WHO"]
