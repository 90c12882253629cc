from __future__ import annotations

from pathlib import Path

import pytest
from glinker_spacy.recognizer import SpacyRecognizer

from glinker_core.testing import PluginContract, RecognizerContract

from . import pipelines


class TestPlugin(PluginContract):
    plugin = "spacy"


class TestWithRuler(RecognizerContract):
    @pytest.fixture
    def component(self, ruler: str) -> SpacyRecognizer:
        return SpacyRecognizer(model=ruler, batch_size=3)


class TestWithTrainedPipeline(RecognizerContract):
    @pytest.fixture
    def component(self, trained: str) -> SpacyRecognizer:
        return SpacyRecognizer(model=trained, include_noun_chunks=True, labels={"GPE": "place"})


class TestWithPatternsOnly(RecognizerContract):
    @pytest.fixture
    def component(self, tmp_path: Path) -> SpacyRecognizer:
        return SpacyRecognizer(model="blank:en", patterns=pipelines.PATTERNS, max_length=100)
