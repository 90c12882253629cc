from __future__ import annotations

import pytest

from glinker_core.testing.fixtures import opened as opened

from . import pipelines


@pytest.fixture(scope="session")
def ruler(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a pipeline with an entity ruler."""
    return str(pipelines.ruler(tmp_path_factory.mktemp("ruler")))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The folder of a pipeline with tagger, parser and NER."""
    return str(pipelines.trained(tmp_path_factory.mktemp("trained")))
