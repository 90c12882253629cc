"""Runs into a folder whose workers share a knowledge base in PostgreSQL."""

import json
import uuid

import pytest

from glinker_core.bulk.manifest import Manifest
from tests import services
from tests.cli_runs import ENTITIES, glinker, lines, write_lines

TEXTS = ["The Seine flows through Paris.", "Paris, Texas has ranches.", "Nothing here."]


@pytest.fixture
def shared(tmp_path):
    """The address of a store with the entities, gone after the test."""
    psycopg = pytest.importorskip("psycopg")
    url, schema = services.postgres(), f"bulk_{uuid.uuid4().hex}"
    store = f"{url}?schema={schema}"
    assert glinker("kb", "import", write_lines(tmp_path / "e.jsonl", ENTITIES), "--store", store).exit_code == 0
    yield store
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(f"DROP SCHEMA {schema} CASCADE")


@pytest.fixture
def run(tmp_path):
    """Links documents into a folder with the store of a layer."""
    documents = write_lines(tmp_path / "d.jsonl", [{"id": str(n), "text": TEXTS[n % 3]} for n in range(60)])

    def run(folder, layer, *options):
        nodes = [
            {"id": one[:2], "processor": one} for one in ("l1_gazetteer", "l2_chain", "l3_lexical", "l0_aggregator")
        ]
        nodes[1]["config"] = {"layers": [{**layer, "write": False}]}
        pipeline = tmp_path / f"{folder}.json"
        pipeline.write_text(json.dumps({"nodes": nodes}))
        return glinker(
            "link", "-p", pipeline, "-i", documents, "--part-size", 10, "--into", tmp_path / folder, *options
        )

    return run


def linked(folder):
    """By id what was linked to what, of all parts."""
    records = [record for path in sorted(folder.glob("part-*")) for record in lines(path.read_text())]
    return [(record["id"], [one["entity_id"] for one in record["entities"]]) for record in records]


def test_processes_that_share_it_link_what_one_with_a_file_of_its_own_does(run, shared, tmp_path):
    done = run("shared", {"type": "postgres", "config": {"url": shared, "read_only": True}},
               "--engine", "processes", "--workers", 2)  # fmt: skip
    assert done.exit_code == 0, done.stderr
    assert glinker("kb", "import", tmp_path / "e.jsonl", "--store", tmp_path / "kb.db").exit_code == 0
    assert run("own", {"type": "sqlite", "config": {"path": str(tmp_path / "kb.db")}}).exit_code == 0
    assert linked(tmp_path / "shared") == linked(tmp_path / "own")
    assert len(linked(tmp_path / "own")) == 60


def test_a_write_of_somebody_else_stops_the_run(run, shared, tmp_path, monkeypatch):
    add = Manifest.add

    def and_change(manifest, done):
        add(manifest, done)
        if len(manifest.done) == 1:
            assert glinker("kb", "add", "--store", shared, "--id", "x", "--label", "Xanadu").exit_code == 0

    monkeypatch.setattr(Manifest, "add", and_change)
    done = run("out", {"type": "postgres", "config": {"url": shared, "read_only": True}})
    assert done.exit_code == 2
    assert "the run was begun with" in done.stderr
    assert 0 < len(linked(tmp_path / "out")) < 60
