"""`glinker link`: what is refused: documents, inputs, entities, pipelines and outputs."""

import gzip
import os
import pty
from pathlib import Path

import pytest

from glinker_core import Plugins
from tests.cli_runs import ENTITIES, TEXT, glinker, lines, process, write_lines
from tests.fake_plugins import fakes, node


def test_bad_documents_are_all_told(entities, tmp_path):
    path = write_lines(tmp_path / "in.jsonl", ['{"text": "Paris"}', "nope", '{"text": 3}', '{"text": "Seine"}'])
    done = glinker("link", "--kb", entities, "-i", path)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.splitlines() == [
        "documents that cannot be read: 2 problems",
        f"  {path}:2: not JSON: Expecting value, column 1",
        f"  {path}:3: expected an object with a string 'text', got {{'text': 3}}",
    ]


def test_bad_documents_are_listed_counted_and_passed_over_on_demand(entities, tmp_path):
    path = write_lines(tmp_path / "in.jsonl", ['{"text": "Paris"}', "{", '{"text": "Seine"}'])
    done = glinker("link", "--kb", entities, "-i", path, "--on-error", "skip")
    assert done.exit_code == 0
    assert [record["text"] for record in lines(done.stdout)] == ["Paris", "Seine"]
    assert f"{path}:2: not JSON" in done.stderr
    assert "; documents skipped: 1" in done.stderr


def test_text_file_that_is_not_utf8_is_refused(entities, tmp_path):
    path = tmp_path / "latin.txt"
    path.write_bytes(b"caf\xe9")
    done = glinker("link", "--kb", entities, "-i", path)
    assert done.exit_code == 1
    assert f"{path}:1: not UTF-8: byte 3" in done.stderr


def test_broken_archive_is_refused(entities, tmp_path):
    path = tmp_path / "in.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"text": "Paris"}\n' * 1000)[:-20])
    done = glinker("link", "--kb", entities, "-i", path)
    assert done.exit_code == 1
    assert f"{path}: is not a whole gzip file" in done.stderr


def test_inputs_that_are_not_there_are_all_told_before_anything_is_linked(entities, tmp_path):
    given = [option for name in ("a.txt", "none-*.txt", "b.pdf") for option in ("-i", tmp_path / name)]
    done = glinker("link", "Paris", "--kb", entities, *given)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"{tmp_path}/a.txt: there is no such file",
        f"{tmp_path}/none-*.txt: no file matches",
        f"{tmp_path}/b.pdf: there is no such file",
    ]


def test_format_that_nobody_reads_is_refused(entities, tmp_path):
    path = tmp_path / "in.jsnl"
    path.write_text("x", encoding="utf-8")
    done = glinker("link", "--kb", entities, "-i", path)
    assert done.exit_code == 2
    assert "no installed plugin reads documents from '.jsnl' files; did you mean '.jsonl'?" in done.stderr
    done = glinker("link", "--kb", entities, "-i", path, "--input-format", "jsonlines")
    assert done.exit_code == 2
    assert "'jsonlines' is not offered by any installed plugin; did you mean 'jsonl'?" in done.stderr


def test_stdin_is_read_once(entities):
    done = glinker("link", "--kb", entities, "-i", "-", "-i", "-", stdin="x")
    assert (done.exit_code, done.stderr) == (2, "stdin can be read once; give --input - once\n")


def test_nothing_to_link_is_told(entities):
    ours, terminal = pty.openpty()
    done = process("link", "--kb", entities, stdin=terminal)
    os.close(terminal)
    os.close(ours)
    told = "nothing to link; give texts, --input FILE, or something on stdin\n"
    assert (done.returncode, done.stderr) == (2, told)


def test_without_a_knowledge_base_it_says_what_to_give():
    done = glinker("link", "Paris")
    assert done.exit_code == 2
    assert done.stderr.startswith("no knowledge base; give --kb FILE")


def test_without_the_default_plugins_it_says_what_to_install():
    done = glinker("link", "Paris", plugins=Plugins({"builtin": "glinker_core.builtin"}))
    assert done.exit_code == 2
    assert "'l1_gazetteer' is not installed; run: pip install glinker-lexical" in done.stderr
    assert "'dict' is not installed; run: pip install glinker-stores" in done.stderr


def test_store_that_is_not_there_says_how_to_make_it(tmp_path):
    path = tmp_path / "kb.db"
    done = glinker("link", "Paris", "--kb", path)
    assert done.exit_code == 2
    assert done.stderr == f"{path}: there is no such file; run: glinker kb import ENTITIES --store {path}\n"
    assert not path.exists()


def test_file_of_entities_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "none.jsonl"
    done = glinker("link", "Paris", "--kb", path)
    assert (done.exit_code, done.stderr) == (2, f"{path}: there is no such file\n")


def test_store_that_is_none_is_refused(tmp_path):
    path = tmp_path / "kb.db"
    path.write_text("not a database, but long enough to look like a file", encoding="utf-8")
    done = glinker("link", "Paris", "--kb", path)
    assert done.exit_code == 1
    assert str(path) in done.stderr


def test_bad_entities_refuse_the_run_or_are_counted(tmp_path):
    path = write_lines(tmp_path / "kb.jsonl", [*ENTITIES, {"label": "nobody"}])
    done = glinker("link", TEXT, "--kb", path)
    assert done.exit_code == 1
    assert f"{path}:4: 'entity_id' is missing" in done.stderr
    done = glinker("link", TEXT, "--kb", path, "--on-error", "skip")
    assert done.exit_code == 0
    assert "; entities skipped: 1" in done.stderr


def test_store_beside_a_pipeline_is_refused(pipeline_file, store):
    path = pipeline_file()
    done = glinker("link", "Paris", "-p", path, "-k", store, plugins=fakes())
    assert done.exit_code == 2
    assert done.stderr == f"--kb {store} is a store, but {path} names its own; leave one out, or give entities\n"


def test_pipeline_with_problems_is_refused_with_all_of_them(pipeline_file):
    path = pipeline_file(node("l1", "l1_fak"), node("l0", "l0_aggregator", min_confidenc=1))
    done = glinker("link", "Paris", "-p", path, plugins=fakes())
    assert done.exit_code == 2
    assert f"{path}: 2 problems" in done.stderr


def test_output_into_a_folder_that_is_not_there_is_refused(entities, tmp_path):
    path = tmp_path / "none" / "out.jsonl"
    done = glinker("link", TEXT, "--kb", entities, "-o", path)
    assert (done.exit_code, done.stderr) == (2, f"{path}: there is no folder '{path.parent}'\n")


@pytest.mark.parametrize("option", ["--output", "--html"])
@pytest.mark.parametrize("read", ["--kb", "--input"])
def test_output_never_replaces_what_is_read(option, read, entities, tmp_path):
    text = tmp_path / "text.txt"
    text.write_text(TEXT, encoding="utf-8")
    target = {"--kb": entities, "--input": text}[read]
    before = Path(target).read_bytes()
    done = glinker("link", "--kb", entities, "--input", text, option, target)
    assert done.exit_code == 2
    assert "is read here, and would be replaced by the output" in done.stderr
    assert Path(target).read_bytes() == before


def test_output_never_replaces_a_store(entities, tmp_path):
    store = tmp_path / "kb.db"
    store.write_bytes(b"SQLite format 3\x00 and more")
    done = glinker("link", TEXT, "--kb", entities, "--output", store)
    assert (done.exit_code, store.read_bytes()) == (2, b"SQLite format 3\x00 and more")
    assert f"{store}: is a SQLite file, and would be replaced by the output" in done.stderr


def test_output_and_page_in_one_file_are_refused(entities, tmp_path):
    done = glinker("link", TEXT, "--kb", entities, "-o", tmp_path / "x", "--html", tmp_path / "x")
    assert done.exit_code == 2
    assert "--output and --html both name" in done.stderr


@pytest.mark.parametrize("option", ["--batch-size", "--workers"])
def test_sizes_below_one_are_refused(option, entities):
    done = glinker("link", TEXT, "--kb", entities, option, 0)
    assert done.exit_code == 2
    assert option in done.stderr
