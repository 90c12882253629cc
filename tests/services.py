"""The servers that tests use, for the tests of all plugins: where they are, and skipping where none answers.

`make services` starts them. A variable that is set is meant: a server that does not answer there is then an error.
"""

from __future__ import annotations

import os
import socket
from urllib.parse import urlsplit

import pytest


def postgres() -> str:
    """The URL of a PostgreSQL database in which tests may make schemas of their own; skips where none answers."""
    return _answering("GLINKER_TEST_POSTGRES", "postgresql+psycopg://glinker:glinker@localhost:5432/glinker")


def redis() -> str:
    """The URL of a Redis in which tests may use namespaces of their own; skips where none answers."""
    return _answering("GLINKER_TEST_REDIS", "redis://localhost:6379/0")


def _answering(variable: str, usual: str) -> str:
    url = os.environ.get(variable) or usual
    place = urlsplit(url)
    try:
        socket.create_connection((place.hostname or "localhost", place.port or 0), timeout=2).close()
    except OSError as error:
        why = f"no server answers on {place.hostname}:{place.port} ({error}); run: make services"
        if os.environ.get(variable):
            pytest.fail(f"{variable}: {why}")
        pytest.skip(why)
    return url
