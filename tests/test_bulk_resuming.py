"""Runs into a folder: stopped, killed or out of disk, they go on where they were; what changed meanwhile is told."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.bulk_runs import TEXTS, ids, written
from tests.cli_runs import glinker, write_lines


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
