"""Runs into a folder: parts, what is done of them, what failed, and what a run refuses."""

import errno
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from attrs import define

from glinker_core import Plugins
from glinker_core.bulk.parts import cut
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Row
from glinker_core.model import Document
from tests.cli_runs import ENTITIES, glinker, lines, write_lines

TEXTS = ["The Seine flows through Paris.", "Paris, Texas has ranches.", "Nothing here.", ""]


@define
class Moody:
    """A recogniser that cannot stand a word while a file is not there."""

    friend: str = ""

    def recognize(self, texts):
        if any("bad" in text for text in texts) and not Path(self.friend).exists():
            raise ValueError("there is 'bad'")
        return [()] * len(texts)


class MoodyPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_moody", "tests.test_bulk:Moody", "fails")


@pytest.fixture
def kb(tmp_path):
    path = tmp_path / "kb.db"
    assert glinker("kb", "import", write_lines(tmp_path / "e.jsonl", ENTITIES), "--store", path).exit_code == 0
    return path


@pytest.fixture
def documents(tmp_path):
    return write_lines(tmp_path / "docs.jsonl", [{"id": f"d{n}", "text": TEXTS[n % 4]} for n in range(50)])


@pytest.fixture
def moody(tmp_path):
    """A pipeline that fails on a word until the file `friend` is there; a call that runs it over documents."""
    source = {"nodes": [{"id": "l1", "processor": "l1_moody", "config": {"friend": str(tmp_path / "friend")}},
                        {"id": "l0", "processor": "l0_aggregator"}]}  # fmt: skip
    pipeline = tmp_path / "moody.yaml"
    pipeline.write_text(json.dumps(source))
    write_lines(tmp_path / "m.jsonl", [{"id": str(n), "text": "bad" if n % 5 == 1 else "good"} for n in range(20)])

    def run(*options):
        plugins = Plugins.installed()
        plugins.register("moody", MoodyPlugin())
        return glinker("link", "-p", pipeline, *options, "--into", tmp_path / "out", plugins=plugins)

    return run


def written(folder, pattern="part-*"):
    """All records in the files of a folder, in their order."""
    return [record for path in sorted(folder.glob(pattern)) for record in lines(path.read_text(encoding="utf-8"))]


def ids(folder):
    return [record["id"] for record in written(folder)]


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


def test_a_run_goes_on_where_it_was_stopped(kb, documents, tmp_path):
    whole, out = tmp_path / "whole", tmp_path / "out"
    for folder in (whole, out):
        glinker("link", "-k", kb, "-i", documents, "--into", folder, "--part-size", 10)
    manifest = out / "manifest.jsonl"
    kept = manifest.read_bytes().splitlines(keepends=True)[:3]  # the run, and two of five parts
    manifest.write_bytes(b"".join(kept) + b'{"part": 2, "fi')  # the power went
    (out / ".part-000009.jsonl.x.part").write_text("left behind")
    done = glinker("link", "-k", kb, "-i", documents, "--into", out, "--part-size", 10, "--resume")
    assert done.exit_code == 0, done.stderr
    assert "50 documents in 5 parts" in done.stderr
    assert "30 of them now" in done.stderr
    assert {p.name: p.read_bytes() for p in out.glob("*part-*")} == {
        p.name: p.read_bytes() for p in whole.glob("part-*")
    }
    again = glinker("link", "-k", kb, "-i", documents, "--into", out, "--part-size", 10, "--resume")
    assert "0 of them now" in again.stderr


def test_a_part_whose_file_is_gone_is_written_again(kb, documents, tmp_path):
    out = tmp_path / "out"
    glinker("link", "-k", kb, "-i", documents, "--into", out, "--part-size", 10)
    before = ids(out)
    (out / "part-000001.jsonl").unlink()
    (out / "part-000003.jsonl").write_text("half")
    done = glinker("link", "-k", kb, "-i", documents, "--into", out, "--part-size", 10, "--resume")
    assert "20 of them now" in done.stderr
    assert ids(out) == before


def test_a_folder_with_a_run_in_it_is_not_written_into(kb, documents, tmp_path):
    for _ in range(2):
        done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out")
    assert done.exit_code == 2
    assert "has a run in it already; go on with it by --resume" in done.stderr


def test_there_must_be_something_to_go_on_with(kb, documents, tmp_path):
    done = glinker("link", "-k", kb, "-i", documents, "--into", tmp_path / "out", "--resume")
    assert done.exit_code == 2
    assert "has no run to go on with" in done.stderr


def test_what_changed_is_told_and_refused_unless_it_is_accepted(kb, documents, tmp_path):
    out, options = tmp_path / "out", ("-k", kb, "-i", documents, "--into", tmp_path / "out", "--part-size", 10)
    glinker("link", *options)
    glinker("kb", "add", "--store", kb, "--id", "x", "--label", "Xanadu")
    (out / "part-000001.jsonl").unlink()
    done = glinker("link", *options, "--resume")
    assert done.exit_code == 2
    assert "kb revision was" in done.stderr
    assert "--accept-changes" in done.stderr
    accepted = glinker("link", *options, "--resume", "--accept-changes")
    assert accepted.exit_code == 0, accepted.stderr
    revisions = {record["kb_revision"] for record in written(out)}
    assert len(revisions) == 2
    documents.write_text(documents.read_text() + '{"text": "one more"}\n')
    other = glinker("link", *options, "--resume", "--accept-changes")
    assert other.exit_code == 2
    assert "other inputs and other sizes of parts make other parts" in other.stderr


def test_a_knowledge_base_that_changes_during_the_run_stops_it(kb, documents, tmp_path, monkeypatch):
    out, options = tmp_path / "out", ("-k", kb, "-i", documents, "--into", tmp_path / "out", "--part-size", 10)
    from glinker_core.bulk.manifest import Manifest

    add, parts = Manifest.add, []

    def and_change(manifest, done):
        add(manifest, done)
        parts.append(done.part)
        if len(parts) == 2:
            assert glinker("kb", "add", "--store", kb, "--id", "x", "--label", "Xanadu").exit_code == 0

    monkeypatch.setattr(Manifest, "add", and_change)
    done = glinker("link", *options)
    assert done.exit_code == 2
    assert "the run was begun with" in done.stderr
    assert 2 <= len(parts) < 5
    assert len({record["kb_revision"] for record in written(out)}) == 1


def test_documents_that_fail_stand_apart_and_can_be_tried_again(moody, tmp_path):
    out = tmp_path / "out"
    done = moody("-i", tmp_path / "m.jsonl", "--part-size", 10, "-q")
    assert done.exit_code == 0, done.stderr
    assert len(ids(out)) == 16
    failed = written(out, "failed-*")
    assert [record["document"]["id"] for record in failed] == ["1", "6", "11", "16"]
    assert all("there is 'bad'" in record["error"] for record in failed)
    still = moody("-i", tmp_path / "m.jsonl", "--part-size", 10, "--retry-failed")
    assert "4 failed" in still.stderr
    (tmp_path / "friend").touch()
    last = moody("-i", tmp_path / "m.jsonl", "--part-size", 10, "--retry-failed")
    assert "failed" not in last.stderr
    assert sorted(map(int, ids(out))) == list(range(20))
    moody("-i", tmp_path / "m.jsonl", "--part-size", 10, "--resume")
    assert sorted(map(int, ids(out))) == list(range(20))


def test_a_run_that_shall_not_skip_stops_at_the_first_failure_and_keeps_what_is_done(moody, tmp_path):
    write_lines(tmp_path / "m.jsonl", [{"text": text} for text in ["good"] * 10 + ["bad"]])
    options = "-i", tmp_path / "m.jsonl", "--part-size", 5, "--on-error", "raise"
    done = moody(*options)
    assert done.exit_code == 1
    assert "there is 'bad'" in done.stderr
    assert len(written(tmp_path / "out")) == 10
    (tmp_path / "friend").touch()
    assert moody(*options, "--resume").exit_code == 0
    assert len(written(tmp_path / "out")) == 11


def test_rows_that_are_no_documents_are_kept_with_their_place_and_stop_nothing(kb, tmp_path):
    rows = b'{"text": "Paris"}\n{"id": "x"}\n{"text": null}\n\xff\xfe\n' + b'{"id": "a", "text": "twice"}\n' * 2
    (tmp_path / "d.jsonl").write_bytes(rows)
    done = glinker("link", "-k", kb, "-i", tmp_path / "d.jsonl", "--into", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    assert ids(tmp_path / "out") == ["d.jsonl:1", "a", "a"]  # nothing is keyed by ids
    failed = written(tmp_path / "out", "failed-*")
    assert [record["error"].partition(" ")[0] for record in failed] == [f"{tmp_path}/d.jsonl:{n}:" for n in (2, 3, 4)]
    assert {record["document"] for record in failed} == {None}
    again = glinker("link", "-k", kb, "-i", tmp_path / "d.jsonl", "--into", tmp_path / "out", "--retry-failed")
    assert "3 failed" in again.stderr


def test_columns_have_the_names_that_are_said(kb, tmp_path):
    (tmp_path / "d.csv").write_text("key,body\nk1,Paris\n")
    options = "link", "-k", kb, "-i", tmp_path / "d.csv"
    done = glinker(*options, "--text-column", "body", "--id-column", "key")
    assert [(record["id"], record["text"]) for record in lines(done.stdout)] == [("k1", "Paris")]
    wrong = glinker(*options, "--text-column", "boddy")
    assert wrong.exit_code == 1
    assert "no column 'boddy'; did you mean 'body'?" in wrong.stderr
    (tmp_path / "d.txt").write_text("Paris")
    other = glinker("link", "-k", kb, "-i", tmp_path / "d.txt", "--text-column", "body")
    assert other.exit_code == 2
    assert "its reader has no setting 'text'" in other.stderr


def test_folders_and_patterns_stand_for_the_files_in_them(kb, tmp_path):
    folder = tmp_path / "texts"
    (folder / "deep").mkdir(parents=True)
    for name in ("b.txt", "a.txt", "deep/c.txt", ".hidden.txt", "image.png"):
        (folder / name).write_text(f"Paris {name}")
    found = lines(glinker("link", "-k", kb, "-i", folder).stdout)
    assert [record["id"] for record in found] == ["a.txt", "b.txt", "c.txt"]
    some = lines(glinker("link", "-k", kb, "-i", folder / "[ab].txt", "-i", folder / "a.txt").stdout)
    assert [record["id"] for record in some] == ["a.txt", "b.txt"]


def test_packed_files_are_read_and_a_truncated_one_stops_the_run(kb, documents, tmp_path):
    zstd = pytest.importorskip("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    content = documents.read_bytes()
    for name, packed in (("d.jsonl.gz", gzip.compress(content)), ("d.jsonl.zst", zstd.compress(content))):
        (tmp_path / name).write_bytes(packed)
        done = glinker("link", "-k", kb, "-i", tmp_path / name, "--into", tmp_path / f"out-{name}", "--part-size", 10)
        assert done.exit_code == 0, done.stderr
        assert ids(tmp_path / f"out-{name}") == [f"d{n}" for n in range(50)]
        (tmp_path / f"cut-{name}").write_bytes(packed[:-9])
        done = glinker("link", "-k", kb, "-i", tmp_path / f"cut-{name}", "--into", tmp_path / f"out-cut-{name}")
        assert done.exit_code == 1
        assert "is not a whole" in done.stderr


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


def test_a_worker_that_is_killed_is_told_and_the_run_goes_on_after(kb, tmp_path):
    documents = write_lines(tmp_path / "many.jsonl", [{"id": str(n), "text": TEXTS[n % 4] * 20} for n in range(2000)])
    command = [sys.executable, "-c", "from glinker_core.cli import main; main()", "link", "-k", str(kb), "-i",
               str(documents), "--into", str(tmp_path / "out"), "--part-size", "20"]  # fmt: skip
    run = subprocess.Popen([*command, "--engine", "processes", "--workers", "1"], stderr=subprocess.PIPE, text=True)
    while len(list((tmp_path / "out").glob("part-*"))) < 3 and run.poll() is None:
        time.sleep(0.01)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    workers = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    os.kill(int(workers[0]), signal.SIGKILL)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 1
    assert "a worker process is gone" in said
    subprocess.run([*command, "--resume"], check=True, capture_output=True)
    assert sorted(map(int, ids(tmp_path / "out"))) == list(range(2000))


def test_a_disk_that_is_full_stops_the_run_and_loses_nothing(kb, documents, tmp_path, monkeypatch):
    out, options = tmp_path / "out", ("-k", kb, "-i", documents, "--into", tmp_path / "out", "--part-size", 10)
    sync, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) > 8:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(handle)

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        done = glinker("link", *options)
    assert done.exit_code == 1
    assert "No space left on device" in done.stderr
    assert 0 < len(ids(out)) < 50
    assert glinker("link", *options, "--resume").exit_code == 0
    assert ids(out) == [f"d{n}" for n in range(50)]


def test_a_text_of_fifty_megabytes_is_one_document(moody, tmp_path):
    (tmp_path / "d.csv").write_text("id,text\n1,short\n2," + "long " * 10_000_000 + "\n3,short\n")
    done = moody("-i", tmp_path / "d.csv", "-q")
    assert done.exit_code == 0, done.stderr
    assert [len(path.read_bytes()) > 50_000_000 for path in sorted((tmp_path / "out").glob("part-*"))] == [
        False,
        True,
        False,
    ]
    assert ids(tmp_path / "out") == ["1", "2", "3"]


def test_a_parquet_file_that_is_none_is_told(kb, tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "d.parquet").write_bytes(b"no Parquet at all")
    done = glinker("link", "-k", kb, "-i", tmp_path / "d.parquet", "--into", tmp_path / "out")
    assert done.exit_code == 0, done.stderr
    (failed,) = written(tmp_path / "out", "failed-*")
    assert "not readable as Parquet" in failed["error"]


@pytest.mark.parametrize(
    ("engine", "stop"), [("threads", signal.SIGKILL), ("processes", signal.SIGKILL), ("processes", signal.SIGINT)]
)
def test_a_run_that_is_stopped_at_any_moment_goes_on_to_the_same_bytes(kb, tmp_path, engine, stop):
    documents = write_lines(tmp_path / "many.jsonl", [{"id": str(n), "text": TEXTS[n % 4] * 20} for n in range(1500)])
    options = "link", "-k", kb, "-i", documents, "--part-size", "20", "--into"
    assert glinker(*options, tmp_path / "whole").exit_code == 0
    out = tmp_path / "out"
    command = [sys.executable, "-c", "from glinker_core.cli import main; main()", *map(str, (*options, out)),
               "--engine", engine, "--workers", "2"]  # fmt: skip
    for parts, *resume in ([12], [36, "--resume"]):
        run = subprocess.Popen([*command, *resume], stderr=subprocess.PIPE, text=True, start_new_session=True)
        while len(list(out.glob("part-*"))) < parts and run.poll() is None:
            time.sleep(0.001)
        os.killpg(run.pid, stop)
        _, said = run.communicate(timeout=60)
        assert run.returncode == (-9 if stop == signal.SIGKILL else 130)
        if stop == signal.SIGINT:
            assert said.startswith("stopped; ")  # and no worker says anything
            assert "go on with --resume" in said
    done = glinker(*options, out, "--resume")
    assert done.exit_code == 0, done.stderr
    assert {p.name: p.read_bytes() for p in out.glob("*part-*")} == {
        p.name: p.read_bytes() for p in (tmp_path / "whole").glob("part-*")
    }


def test_documents_of_stdin_go_into_a_folder(kb, tmp_path):
    said = '{"id": "a", "text": "Paris"}\n{"id": "b"}\n'
    done = glinker("link", "-k", kb, "-i", "-", "--input-format", "jsonl", "--into", tmp_path / "out", stdin=said)
    assert done.exit_code == 0, done.stderr
    assert ids(tmp_path / "out") == ["a"]
    (failed,) = written(tmp_path / "out", "failed-*")
    assert failed["error"].startswith("stdin:2:")


def test_a_table_without_the_column_of_the_text_has_no_documents(kb, tmp_path):
    (tmp_path / "d.csv").write_text("id,body\n1,Paris\n2,Rome\n")
    done = glinker("link", "-k", kb, "-i", tmp_path / "d.csv", "--into", tmp_path / "out")
    assert written(tmp_path / "out") == []
    (failed,) = written(tmp_path / "out", "failed-*")
    assert failed["error"].endswith("d.csv:1: no column 'text'; known are body, id")
    assert "1 failed" in done.stderr


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
