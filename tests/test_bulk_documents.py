"""Runs into a folder: of which files documents are read, and what becomes of those that fail."""

import gzip
import sys

import pytest

from tests.bulk_runs import ids, written
from tests.cli_runs import glinker, lines, write_lines


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
    assert done.exit_code == 0
    assert written(tmp_path / "out") == []
    (failed,) = written(tmp_path / "out", "failed-*")
    assert failed["error"].endswith("d.csv:1: no column 'text'; known are body, id")
    assert "1 failed" in done.stderr
