import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

from tests.cli_runs import glinker, write_lines

TEXTS = ["Paris lies on the Seine.", "Nothing here.", "Paris, a town in Texas."]


@pytest.fixture
def store(tmp_path, entities):
    path = tmp_path / "kb.db"
    assert glinker("kb", "import", entities, "--store", path).exit_code == 0
    return path


def parts(folder):
    return {path.name: path.read_bytes() for path in folder.glob("part-*")}


def test_actors_write_what_threads_write(cluster, store, tmp_path):
    documents = write_lines(tmp_path / "d.jsonl", [{"id": str(n), "text": TEXTS[n % 3]} for n in range(60)])
    for engine, workers in (("threads", 1), ("ray", 2)):
        options = "-i", documents, "--into", tmp_path / engine, "--part-size", 7
        done = glinker("link", "-k", store, *options, "--engine", engine, "--workers", workers)
        assert done.exit_code == 0, done.stderr
    assert parts(tmp_path / "ray") == parts(tmp_path / "threads")
    assert len(parts(tmp_path / "ray")) == 9


def test_an_actor_that_is_killed_loses_and_doubles_nothing(cluster, store, tmp_path):
    documents = write_lines(tmp_path / "d.jsonl", [{"id": str(n), "text": TEXTS[n % 3] * 30} for n in range(3000)])
    killed = []

    def kill():
        while not list((tmp_path / "out").glob("part-*")):
            time.sleep(0.01)
        killed.extend(int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit() and _is_linker(one))
        os.kill(killed[0], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    options = "-i", documents, "--into", tmp_path / "out", "--part-size", 50
    done = glinker("link", "-k", store, *options, "--engine", "ray", "--workers", 2)
    thread.join()
    assert killed
    assert done.exit_code == 0, done.stderr
    lines = b"".join(content for _, content in sorted(parts(tmp_path / "out").items())).splitlines()
    records = [json.loads(line) for line in lines]
    assert [record["id"] for record in records] == [str(n) for n in range(3000)]
    manifest = [json.loads(line) for line in (tmp_path / "out" / "manifest.jsonl").read_text().splitlines()]
    assert sorted(line["part"] for line in manifest if "part" in line) == list(range(60))


def _is_linker(process):
    try:
        return b"_Linker" in (process / "cmdline").read_bytes()
    except OSError:
        return False


def test_what_a_pipeline_raises_is_told_as_without_ray(cluster, tmp_path):
    documents = write_lines(tmp_path / "d.jsonl", [{"id": "x", "text": "Paris"}])
    (tmp_path / "kb.db").write_bytes(b"SQLite format 3\x00 and no more")
    done = glinker("link", "-k", tmp_path / "kb.db", "-i", documents, "--into", tmp_path / "out", "--engine", "ray")
    assert done.exit_code == 1
    assert "kb.db" in done.stderr
