"""Runs into a folder: parts hold what a run into one file writes; how far a run is; what it refuses."""

import re
from contextlib import contextmanager

import pytest

from glinker_core.bulk.parts import cut
from glinker_core.layers import Row
from glinker_core.model import Document
from tests.bulk_runs import written
from tests.cli_runs import glinker, lines


def test_parts_hold_what_a_run_into_one_file_holds(kb, documents, tmp_path):
    done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out", "--part-size", 7)
    assert done.exit_code == 0, done.stderr
    assert "50 documents in 8 parts" in done.stderr
    glinker("link", "-k", kb, "-i", documents, "-o", tmp_path / "all.jsonl")
    assert written(tmp_path / "out") == lines((tmp_path / "all.jsonl").read_text(encoding="utf-8"))


def test_a_record_says_by_which_pipeline_and_entities_it_was_linked(kb, documents, tmp_path):
    glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out")
    record = written(tmp_path / "out")[0]
    identity = lines((tmp_path / "out" / "manifest.jsonl").read_text())[0]["run"]
    assert (record["pipeline"], record["kb_revision"]) == (identity["pipeline"], identity["kb_revision"])
    assert record["version"] == identity["versions"]["glinker-core"]


@pytest.mark.parametrize(("engine", "workers"), [("threads", 3), ("processes", 2)])
def test_engines_and_workers_change_no_byte(kb, documents, tmp_path, engine, workers):
    for name, *options in [("one",), ("more", "--engine", engine, "--workers", workers)]:
        done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / name, "--part-size", 9, *options)
        assert done.exit_code == 0, done.stderr
    one, more = ({p.name: p.read_bytes() for p in (tmp_path / name).glob("part-*")} for name in ("one", "more"))
    assert one == more


def test_a_part_ends_where_its_texts_are_long():
    rows = [
        (str(n), Row(n, Document("x" * length))) for n, length in enumerate([5_000_000, 4_000_000, 1, 20_000_000, 1])
    ]
    assert [len(part.rows) for part in cut(rows, 10)] == [1, 2, 1, 1]


def test_the_time_of_nodes_is_told_and_drawn(kb, documents, tmp_path):
    done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out", "--profile", tmp_path / "p.svg")
    assert done.exit_code == 0, done.stderr
    rows = [line.split() for line in done.stderr.splitlines() if line.startswith("l")]
    assert [row[0] for row in rows] == ["l1", "l2", "l3", "l0"]
    assert {row[4] for row in rows} == {"50"}
    assert {row[7] for row in rows} == {"1"}  # at once
    assert (tmp_path / "p.svg").read_text().count("<rect") == 5


def test_a_run_into_a_folder_needs_a_knowledge_base(documents, tmp_path):
    done = glinker("link", "-i", documents, "--into", tmp_path / "out")
    assert done.exit_code == 2
    assert done.stderr.startswith("no knowledge base; give --kb FILE")
    assert not (tmp_path / "out").exists()


def test_options_of_runs_into_a_folder_need_one(kb, documents, tmp_path):
    done = glinker("link", "-k", kb, "-i", documents, "--resume")
    assert done.exit_code == 2
    assert "go with --into FOLDER" in done.stderr
    both = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out", "-o", tmp_path / "x.jsonl")
    assert both.exit_code == 2
    assert "leave out --output" in both.stderr
    unknown = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out", "--engine", "treads")
    assert unknown.exit_code == 2
    assert "did you mean 'threads'?" in unknown.stderr


def test_a_folder_that_is_something_else_is_left_alone(kb, documents, tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "part-7.jsonl").write_text("mine")
    for name, told in (("file", "is a file, not a folder"), ("folder", "holds 'part-7.jsonl' and no manifest.jsonl")):
        done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / name)
        assert done.exit_code == 2
        assert told in done.stderr
    assert (tmp_path / "file").read_text() == (tmp_path / "folder" / "part-7.jsonl").read_text() == "mine"


def test_how_far_a_run_is_shows_pace_failures_time_left_and_shares(moody, tmp_path, monkeypatch):
    told = []

    @contextmanager
    def noted(what, shown):
        yield told.append

    monkeypatch.setattr("glinker_core.cli.bulk.progress", noted)
    done = moody("-i", tmp_path / "m.jsonl", "--part-size", 10)
    assert done.exit_code == 0, done.stderr
    assert len(told) == 2
    assert re.fullmatch(r"16 documents, [\d,]+/s, [\d.]+ MB/s, 4 failed, \d+ s left, l1 \d+% l0 \d+%", told[1])
