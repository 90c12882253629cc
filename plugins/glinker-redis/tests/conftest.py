from __future__ import annotations

import contextlib
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from glinker_redis.cache import RedisCache

from tests import services


@pytest.fixture
def caches() -> Iterator[Callable[..., RedisCache]]:
    """Opens caches, and closes them in the end."""
    made = []

    def opened(**settings: Any) -> RedisCache:
        cache = RedisCache(**settings)
        made.append(cache)
        cache.open()
        return cache

    yield opened
    for cache in made:
        cache.close()


@pytest.fixture
def namespace() -> Iterator[str]:
    """A namespace nobody else has, on the server that all tests share; emptied in the end."""
    name = f"glinker-test-{secrets.token_hex(8)}"
    yield name
    with redis.Redis.from_url(services.redis()) as client:
        for key in client.scan_iter(f"{name}*", count=1000):
            client.delete(key)


@pytest.fixture
def cache(caches: Callable[..., RedisCache], namespace: str) -> RedisCache:
    """An opened and empty cache on the server that all tests share."""
    return caches(url=services.redis(), namespace=namespace)


class Server:
    """A Redis process of one test, to be killed, stopped and filled."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder, self.options = folder, options
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--dir", self.folder]
        self.process = subprocess.Popen([*command, *self.options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.02)
        raise RuntimeError(f"redis-server does not start on port {self.port}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def stall(self) -> None:
        """Accepts and never answers, until `wake`."""
        self.process.send_signal(signal.SIGSTOP)

    def wake(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def client(self, **options: Any) -> redis.Redis:
        return redis.Redis(port=self.port, **options)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts Redis processes of this test; skips where there is no program to start."""
    if shutil.which("redis-server") is None:
        pytest.skip("there is no redis-server; run: make services")
    started = []

    def start(*options: str) -> Server:
        server = Server(tmp_path, *options)
        started.append(server)
        return server

    yield start
    for server in started:
        server.kill()


class Clock:
    """Time that passes when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock by which a cache leaves a failing server alone."""
    clock = Clock()
    monkeypatch.setattr("glinker_redis.cache.monotonic", clock)
    return clock
