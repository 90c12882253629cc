"""For plugin authors: what a component promises, as test classes to inherit; components without weights; nasty texts.

    from glinker_core.testing import PluginContract, RecognizerContract

    class TestPlugin(PluginContract):
        plugin = "shouting"

    class TestShoutingRecognizer(RecognizerContract):
        @pytest.fixture
        def component(self):
            return ShoutingRecognizer()

Needs the extra `testing` (pytest and hypothesis); nothing else in glinker imports them.
"""

import pytest

# before the import of what asserts, or failures would say AssertionError and nothing more
pytest.register_assert_rewrite("glinker_core.testing.checks", "glinker_core.testing.contracts")

from glinker_core.testing import entities, fakes, texts  # noqa: E402
from glinker_core.testing.contracts.aggregator import AggregatorContract  # noqa: E402
from glinker_core.testing.contracts.gate import GateContract  # noqa: E402
from glinker_core.testing.contracts.linker import LinkerContract, RerankerContract  # noqa: E402
from glinker_core.testing.contracts.plugin import PluginContract  # noqa: E402
from glinker_core.testing.contracts.reader import ReaderContract  # noqa: E402
from glinker_core.testing.contracts.recognizer import RecognizerContract  # noqa: E402
from glinker_core.testing.contracts.retriever import RetrieverContract  # noqa: E402
from glinker_core.testing.contracts.store import StoreContract  # noqa: E402
from glinker_core.testing.contracts.store_cache import CacheContract  # noqa: E402
from glinker_core.testing.contracts.store_vectors import VectorStoreContract  # noqa: E402
from glinker_core.testing.contracts.writer import WriterContract  # noqa: E402

__all__ = [
    "AggregatorContract",
    "CacheContract",
    "GateContract",
    "LinkerContract",
    "PluginContract",
    "ReaderContract",
    "RecognizerContract",
    "RerankerContract",
    "RetrieverContract",
    "StoreContract",
    "VectorStoreContract",
    "WriterContract",
    "entities",
    "fakes",
    "texts",
]
