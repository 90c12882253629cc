from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import ray

ENTITIES = (
    {"entity_id": "fr", "label": "Paris", "description": "capital of France on the Seine", "popularity": 90},
    {"entity_id": "tx", "label": "Paris", "description": "town in Texas", "popularity": 20},
)


@pytest.fixture(scope="session")
def cluster() -> Iterator[None]:
    """Ray on this machine, for all tests."""
    ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()


@pytest.fixture
def entities(tmp_path: Path) -> Path:
    """A file of entities."""
    path = tmp_path / "entities.jsonl"
    path.write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES))
    return path


@pytest.fixture
def pipeline() -> dict[str, Any]:
    """The embedded default."""
    return {
        "nodes": [
            {"id": "l1", "processor": "l1_gazetteer"},
            {"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "dict"}]}},
            {"id": "l3", "processor": "l3_lexical"},
            {"id": "l0", "processor": "l0_aggregator"},
        ]
    }
