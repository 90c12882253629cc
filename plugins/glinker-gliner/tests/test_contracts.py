"""What the plugin and its components promise to the core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker

from glinker_core.resources import Resources
from glinker_core.testing import LinkerContract, PluginContract, RecognizerContract, RerankerContract
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.store import store_of

from . import seeded
from .conftest import TinyModel
from .tiny import LABELS

_IMPORT = """
import json, sys
before = set(sys.modules)
import glinker_gliner
import glinker_gliner.catalog, glinker_gliner.greedy, glinker_gliner.layer, glinker_gliner.linker
import glinker_gliner.loading, glinker_gliner.recognizer, glinker_gliner.reranker, glinker_gliner.windows
glinker_gliner.linker.GlinerLinker(model="x"), glinker_gliner.recognizer.GlinerRecognizer(model="x", labels=["y"])
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""


class Opened:
    """Opens a component once for all tests of its contract; each of them leaves it as it was."""

    tolerance = 1e-4
    test_the_hash_seed_changes_nothing = None  # once for all below: each process imports torch again

    @pytest.fixture
    def component(self, tiny_model: TinyModel) -> Any:
        return self.made(tiny_model)

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls, tiny_model: TinyModel) -> Iterator[Any]:
        component = cls.made(tiny_model)
        component.open(Resources({"kb": store_of(ENTITIES)}))
        yield component
        component.close()

    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        raise NotImplementedError


class TestPlugin(PluginContract):
    plugin = "gliner"


class TestRecogniserOfABiEncoderKeepsTheContract(Opened, RecognizerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return GlinerRecognizer(
            model=str(tiny_model("bi")), labels=list(LABELS[:4]), thresholds={"city": 0.5}, threshold=0.6
        )


class TestRecogniserOfAUniEncoderKeepsTheContract(Opened, RecognizerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        labels = {"city": "a large town", "person": "a human being"}
        return GlinerRecognizer(
            model=str(tiny_model("uni_token")), labels=labels, threshold=0.6, flat_ner=False, multi_label=True
        )


class TestLinkerOfABiEncoderKeepsTheContract(Opened, LinkerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return GlinerLinker(model=str(tiny_model("bi")), template="{label}: {description}", threshold=0.4)


class TestLinkerOfAUniEncoderKeepsTheContract(Opened, LinkerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return GlinerLinker(model=str(tiny_model("uni")), max_labels=3)


class TestRerankerKeepsTheContract(Opened, RerankerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return GlinerReranker(model=str(tiny_model("uni")), max_candidates=2, max_labels=1)


def test_importing_the_plugin_and_its_components_imports_nothing_heavy() -> None:
    """Nor does making one: a pipeline is checked without waiting for the libraries of its models."""
    printed = other_process(_IMPORT)
    heavy = {"torch", "gliner", "transformers", "numpy", "tokenizers", "huggingface_hub", "safetensors"}
    assert not heavy & set(json.loads(printed[-1]))


def test_the_hash_seed_changes_nothing(tiny_model: TinyModel) -> None:
    """No set decides an order, in any of the components."""
    models = str(tiny_model("bi")), str(tiny_model("uni"))
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    there = other_process(Path(seeded.__file__).read_text(encoding="utf-8"), *models, PYTHONHASHSEED=seed)
    assert there == list(seeded.answers(*models))
    assert len(there) == 4


def other_process(program: str, *arguments: str, **environment: str) -> list[str]:
    """The lines that a program prints."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
