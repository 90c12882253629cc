"""The same test in another process under another hash seed, to find what depends on the order of a set."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

_VARIABLE = "GLINKER_TESTING_ANSWER"
_TIMEOUT = 300
_PYTEST = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore")


def assert_same_under_another_hash_seed(answer: str, request: pytest.FixtureRequest) -> None:
    """Run the requesting test once more in a fresh process with another `PYTHONHASHSEED`; its answer must be equal."""
    if _VARIABLE in os.environ:  # this is the other process
        Path(os.environ[_VARIABLE]).write_bytes(answer.encode("utf-8", "surrogatepass"))
        return
    seed = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "answer")
        done = subprocess.run(  # noqa: S603  # this interpreter on the test that is running
            [sys.executable, *_PYTEST, *_options(request.config), _node(request)],
            env={**os.environ, _VARIABLE: str(path), "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=request.config.rootpath,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        if not path.exists():
            pytest.fail(f"the test did not run in another process:\n{done.stdout}{done.stderr}")
        other = path.read_bytes().decode("utf-8", "surrogatepass")
    if other != answer:
        at = next((i for i, (a, b) in enumerate(zip(answer, other, strict=False)) if a != b), 0)
        here, there = (text[max(0, at - 60) : at + 60] for text in (answer, other))
        pytest.fail(f"PYTHONHASHSEED changes the answer, so some set decides an order:\n  {here}\n  {there}")


def _options(config: pytest.Config) -> list[str]:
    """The configuration file and settings of this run, so that the other finds the test the same way."""
    file = ["-c", str(config.inipath), "--rootdir", str(config.rootpath)] if config.inipath else []
    return [*file, *(word for setting in config.getoption("override_ini") or () for word in ("-o", setting))]


def _node(request: pytest.FixtureRequest) -> str:
    steps = request.node.nodeid.split("::")[1:]
    return "::".join([str(request.node.path), *steps])
