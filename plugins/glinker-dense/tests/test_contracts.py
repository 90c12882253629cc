"""What the plugin and its components promise to the core."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from glinker_dense.cross import CrossEncoderReranker
from glinker_dense.linker import EncoderLinker
from glinker_dense.retriever import DenseRetriever

from glinker_core.resources import Resources
from glinker_core.testing import LinkerContract, PluginContract, RerankerContract, RetrieverContract
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.store import store_of

from .conftest import TinyModel

_IMPORT = """
import json, sys
before = set(sys.modules)
import glinker_dense, glinker_dense.cross, glinker_dense.linker, glinker_dense.retriever
glinker_dense.linker.EncoderLinker(model="x"), glinker_dense.retriever.DenseRetriever(model="x")
print(json.dumps(sorted({name.partition(".")[0] for name in set(sys.modules) - before})))
"""

_ANSWERS = """
import sys
from glinker_core.model import Mention
from glinker_core.resources import Resources
from glinker_core.testing.entities import ENTITIES
from glinker_core.testing.store import store_of
from glinker_dense.linker import EncoderLinker
from glinker_dense.retriever import DenseRetriever
resources = Resources({"kb": store_of(ENTITIES)})
text = "Paris and Jordan. She saw Paris."
mentions = [[Mention(0, 5, "Paris"), Mention(10, 16, "Jordan"), Mention(18, 21, "She")]]
retriever, linker = DenseRetriever(model=sys.argv[1]), EncoderLinker(model=sys.argv[1])
for layer in (retriever, linker):
    layer.open(resources)
for item in linker.link([text], retriever.retrieve([text], mentions))[0]:
    print([(one.entity_id, one.match, round(one.score, 4)) for one in item.candidates])
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
    plugin = "dense"


class TestRetrieverKeepsTheContract(Opened, RetrieverContract):
    approximate = "the nearest entities are given whatever is asked"
    depends_on_neighbours = "a pronoun may mean what the mentions before it mean"

    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return DenseRetriever(model=str(tiny_model()), max_candidates=len(ENTITIES), context_weight=0.2)


class TestLinkerKeepsTheContract(Opened, LinkerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return EncoderLinker(model=str(tiny_model()), threshold=0.4)


class TestCrossEncoderKeepsTheContract(Opened, RerankerContract):
    @staticmethod
    def made(tiny_model: TinyModel) -> Any:
        return CrossEncoderReranker(model=str(tiny_model(cross=True)), max_candidates=2)


def test_importing_the_plugin_and_its_components_imports_nothing_heavy() -> None:
    """Nor does making one: a pipeline is checked without waiting for the libraries of its models."""
    printed = other_process(_IMPORT)
    heavy = {"torch", "sentence_transformers", "transformers", "numpy", "tokenizers", "huggingface_hub", "faiss"}
    assert not heavy & set(json.loads(printed[-1]))


def test_the_hash_seed_changes_nothing(tiny_model: TinyModel) -> None:
    """No set decides an order, in any of the components."""
    first, second = (other_process(_ANSWERS, str(tiny_model()), PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert first == second
    assert len(first) == 3


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
