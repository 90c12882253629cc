"""Every promise of the contracts is broken by some liar, and each liar is caught by the right test."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

import glinker_core.testing
from tests.liars import caches, ends, outputs, plugins, readers, recognizers, scorers, stores, vectors, writers

ROOT = Path(__file__).parent.parent
CONTRACTS = [thing for name, thing in vars(glinker_core.testing).items() if name.endswith("Contract")]
LIARS = {
    (module.__name__, name): liar
    for module in (caches, ends, outputs, plugins, readers, recognizers, scorers, stores, vectors, writers)
    for name, liar in vars(module).items()
    if isinstance(liar, type) and hasattr(liar, "caught")
}
CAUGHT = {(*key, test): message for key, liar in LIARS.items() for test, message in liar.caught.items()}


@pytest.fixture(scope="module")
def failures(tmp_path_factory):
    """What the tests that should catch a liar said: (module, liar, test) to all messages of its failures."""
    folder = tmp_path_factory.mktemp("liars")
    plugins.install(folder)
    arguments, report = folder / "arguments", folder / "report.xml"
    files = {module: Path(sys.modules[module].__file__) for module, _ in LIARS}
    arguments.write_text("\n".join(f"{files[m]}::{liar}::{test}" for m, liar, test in CAUGHT), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "ignore", "-o", "python_classes=*",
         "-o", "junit_family=xunit1", "--tb=short", f"--junit-xml={report}", f"@{arguments}"],
        env={**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 1, done.stdout[-5000:] + done.stderr[-5000:]
    said: dict[tuple[str, str, str], str] = {}
    for case in ET.parse(report).iter("testcase"):
        module, _, liar = case.get("classname", "").rpartition(".")
        key = (module, liar, case.get("name", "").partition("[")[0])
        said[key] = said.get(key, "") + "".join(
            f"{f.get('message')}\n{f.text}" for f in case if f.tag in ("failure", "error")
        )
    return said


@pytest.mark.parametrize("key", CAUGHT, ids=lambda key: f"{key[1]}-{key[2]}")
def test_a_liar_is_caught(key, failures):
    assert CAUGHT[key] in failures[key], f"the test said: {failures[key] or 'nothing, it passed'}"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.__name__)
def test_every_promise_is_broken_by_a_liar(contract):
    promises = {name: getattr(contract, name) for name in dir(contract) if name.startswith("test_")}
    broken = {getattr(liar, test).__qualname__ for liar in LIARS.values() for test in liar.caught}
    assert [name for name, method in promises.items() if method.__qualname__ not in broken] == []
