import errno
import gzip
import json
import os
import pty
import re
from pathlib import Path

import pytest
import yaml
from attrs import define

from glinker_core import Plugins
from glinker_core.builtin.writers import JsonlWriter
from glinker_core.files import replacing
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Row
from glinker_core.model import Document
from tests.cli_runs import ENTITIES, glinker, lines, on_terminal, process, write_lines
from tests.fake_plugins import fakes, node, pipeline

TEXT = "The Seine flows through Paris."


@define
class Picky:
    """A recogniser that cannot stand a word."""

    def recognize(self, texts):
        if any("bad" in text for text in texts):
            raise ValueError("there is 'bad'")
        return [()] * len(texts)


class PickyPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_picky", "tests.test_cli_link:Picky", "fails")

    @hookimpl
    def glinker_stores(self):
        yield Component("dict", "glinker_core.testing.store:FakeStore", "in memory")


@pytest.fixture
def entities(tmp_path):
    return write_lines(tmp_path / "entities.jsonl", ENTITIES)


@pytest.fixture
def store(tmp_path, entities):
    path = tmp_path / "kb.db"
    assert glinker("kb", "import", entities, "--store", path).exit_code == 0
    return path


@pytest.fixture
def pipeline_file(tmp_path):
    """A function that writes a pipeline file."""

    def write(*nodes, **rest):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(pipeline(*nodes, **rest)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def picky(pipeline_file):
    return pipeline_file(node("l1", "l1_picky"), node("l0", "l0_aggregator"))


def ids(record):
    return {mention["text"]: mention["entity_id"] for mention in record["entities"]}


def test_text_is_linked_with_a_store(store):
    done = glinker("link", TEXT, "--kb", store)
    assert done.exit_code == 0
    (record,) = lines(done.stdout)
    assert ids(record) == {"Seine": "seine", "Paris": "fr"}
    assert record["id"] == "text-1"
    assert record["text"] == TEXT
    assert record["kb_revision"]


def test_text_is_linked_with_a_file_of_entities_as_with_a_store(store, entities):
    by_store = lines(glinker("link", TEXT, "--kb", store).stdout)[0]["entities"]
    by_file = lines(glinker("link", TEXT, "--kb", entities).stdout)[0]["entities"]
    assert by_file == by_store


def test_store_is_recognised_by_its_content(store):
    renamed = store.rename(store.with_name("places"))
    assert ids(lines(glinker("link", TEXT, "--kb", renamed).stdout)[0]) == {"Seine": "seine", "Paris": "fr"}


def test_store_is_only_read(store):
    before = store.read_bytes()
    glinker("link", TEXT, "--kb", store)
    assert store.read_bytes() == before


def test_a_mention_says_where_it_stands_what_it_is_and_how_sure(entities):
    (record,) = lines(glinker("link", TEXT, "--kb", entities).stdout)
    paris = record["entities"][1]
    assert TEXT[paris["start"] : paris["end"]] == paris["text"] == "Paris"
    assert (paris["entity_id"], paris["entity_label"], paris["entity_type"]) == ("fr", "Paris", "city")
    assert 0 < paris["score"] <= 1
    assert "candidates" not in paris


def test_nil_is_null_with_a_reason(pipeline_file):
    path = pipeline_file(node("l1", "l1_fake", names=["Qux"]), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator"))  # fmt: skip
    (record,) = lines(glinker("link", "Qux was here", "--pipeline", path, plugins=fakes()).stdout)
    assert record["entities"] == [
        {"text": "Qux", "start": 0, "end": 3, "label": "thing", "mention_score": 1.0, "entity_id": None,
         "entity_label": None, "entity_type": None, "score": None, "reason": "no candidates"}
    ]  # fmt: skip


def test_all_candidates_are_shown_on_demand_with_the_scores_of_each_stage(entities):
    (record,) = lines(glinker("link", TEXT, "--kb", entities, "--all-candidates").stdout)
    paris = record["entities"][1]["candidates"]
    assert [candidate["entity_id"] for candidate in paris] == ["fr", "tx"]
    assert {"l2", "l3"} <= set(paris[0]["scores"])
    assert paris[0]["score"] == paris[0]["scores"]["l3"]


def test_a_pipeline_that_shows_all_candidates_needs_no_option(pipeline_file, entities):
    path = pipeline_file(node("l1", "l1_fake"), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator", return_all_candidates=True))  # fmt: skip
    (record,) = lines(glinker("link", "Paris", "-p", path, "-k", entities, plugins=fakes()).stdout)
    assert len(record["entities"][0]["candidates"]) == 2


def test_a_page_shows_runners_up_and_the_lines_beside_it_do_not(entities, tmp_path):
    page = tmp_path / "links.html"
    (record,) = lines(glinker("link", TEXT, "--kb", entities, "--html", page).stdout)
    assert "candidates" not in record["entities"][1]
    assert "<code>tx</code>" in page.read_text(encoding="utf-8")


def test_all_candidates_of_an_aggregator_that_cannot_keep_them_is_refused(pipeline_file):
    class OtherPlugin:
        @hookimpl
        def glinker_aggregators(self):
            yield Component("l0_fake", "glinker_core.testing.fakes:FakeAggregator", "plain")

    path = pipeline_file(node("l1", "l1_fake", names=["x"]), node("l0", "l0_fake"))
    done = glinker("link", "x", "-p", path, "--all-candidates", plugins=fakes(other=OtherPlugin()))
    assert done.exit_code == 2
    assert "--all-candidates: no node of 'test' has a setting return_all_candidates" in done.stderr


def test_files_of_several_formats_are_read_in_order(entities, tmp_path):
    plain = tmp_path / "one.txt"
    plain.write_text("Paris", encoding="utf-8")
    rows = write_lines(tmp_path / "two.jsonl", [{"id": "a", "text": "Seine"}, {"text": "Paris"}])
    table = tmp_path / "three.csv"
    table.write_text("id,text\nc,Seine\n", encoding="utf-8")
    done = glinker("link", "Texas", "--kb", entities, "-i", plain, "-i", rows, "-i", table)
    found = [(record["id"], record["text"]) for record in lines(done.stdout)]
    assert found == [
        ("text-1", "Texas"),
        ("one.txt", "Paris"),
        ("a", "Seine"),
        ("two.jsonl:2", "Paris"),
        ("c", "Seine"),
    ]


def test_stdin_is_one_document(entities):
    (record,) = lines(glinker("link", "--kb", entities, stdin="Paris\nand the Seine\n").stdout)
    assert (record["id"], record["text"]) == ("stdin", "Paris\nand the Seine\n")
    assert ids(record) == {"Paris": "fr", "Seine": "seine"}


def test_stdin_can_be_json_lines(entities):
    given = '{"text": "Paris"}\n"Seine"\n'
    done = glinker("link", "--kb", entities, "--input", "-", "--input-format", "jsonl", stdin=given)
    assert [(record["id"], record["text"]) for record in lines(done.stdout)] == [
        ("stdin:1", "Paris"),
        ("stdin:2", "Seine"),
    ]


def test_reader_can_be_named_for_a_file_of_any_name(entities, tmp_path):
    path = tmp_path / "export.dat"
    path.write_text('{"text": "Paris"}\n', encoding="utf-8")
    assert glinker("link", "--kb", entities, "-i", path).exit_code == 2
    done = glinker("link", "--kb", entities, "-i", path, "--input-format", "jsonl")
    assert [record["text"] for record in lines(done.stdout)] == ["Paris"]


def test_mentions_of_the_caller_are_taken_by_a_pipeline_that_wants_them(pipeline_file, entities, tmp_path):
    path = pipeline_file(node("l1", "l1_external"), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                         node("l0", "l0_aggregator"))  # fmt: skip
    given = write_lines(tmp_path / "in.jsonl", [{"text": "in Paris", "entities": [{"start": 3, "end": 8}]}])
    (record,) = lines(glinker("link", "-p", path, "-k", entities, "-i", given, plugins=fakes()).stdout)
    assert ids(record) == {"Paris": "fr"}


def test_pipeline_that_wants_mentions_says_so(pipeline_file):
    path = pipeline_file(node("l1", "l1_external"), node("l0", "l0_aggregator"))
    done = glinker("link", "in Paris", "-p", path, plugins=fakes())
    assert done.exit_code == 2
    assert "give 'entities'" in done.stderr


def test_table_has_a_row_for_each_mention(entities):
    done = glinker("link", TEXT, "Texas is not Paris", "--kb", entities, "--format", "table")
    head, *rows = done.stdout.splitlines()
    assert head.split() == ["document", "mention", "entity", "label", "type", "score"]
    assert [row.split()[:2] for row in rows] == [["text-1", "Seine"], ["Paris", "fr"], ["text-2", "Paris"]]


def test_table_shows_nil_and_errors(picky, pipeline_file):
    shown = glinker(
        "link", "so bad", "-p", picky, "--format", "table", "--on-error", "skip", plugins=fakes(p=PickyPlugin())
    )
    assert "node 'l1'" in shown.stdout
    path = pipeline_file(node("l1", "l1_fake", names=["Qux"]), node("l0", "l0_aggregator"))
    row = glinker("link", "Qux", "-p", path, "--format", "table", plugins=fakes()).stdout.splitlines()[1]
    assert row.split() == ["text-1", "Qux", "NIL", "thing"]


def test_table_lets_nothing_of_a_text_steer_the_terminal(pipeline_file):
    path = pipeline_file(node("l1", "l1_fake", names=["\x1b[31mred[/bold]\nx"]), node("l0", "l0_aggregator"))
    shown = glinker("link", "\x1b[31mred[/bold]\nx", "-p", path, "--format", "table", plugins=fakes()).stdout
    assert "\x1b" not in shown
    assert "␛[31mred[/b" in shown


def test_terminal_gets_a_table_and_a_pipe_json_lines(entities):
    shown, said = on_terminal("link", TEXT, "--kb", entities)
    assert shown.split()[:6] == ["document", "mention", "entity", "label", "type", "score"]
    assert "Seine" in shown
    assert "2 mentions, 2 linked, 0 NIL" in said
    done = process("link", TEXT, "--kb", entities)
    assert [record["text"] for record in lines(done.stdout)] == [TEXT]


def test_terminal_gets_json_lines_on_demand(entities):
    shown, _ = on_terminal("link", TEXT, "--kb", entities, "--format", "jsonl", "--quiet")
    assert ids(json.loads(shown)) == {"Seine": "seine", "Paris": "fr"}


def test_output_file_gets_json_lines_and_stdout_nothing(entities, tmp_path):
    path = tmp_path / "out.jsonl"
    done = glinker("link", TEXT, "--kb", entities, "--output", path)
    assert done.stdout == ""
    assert ids(lines(path.read_text(encoding="utf-8"))[0]) == {"Seine": "seine", "Paris": "fr"}


@pytest.mark.parametrize("option", ["--output", "--html"])
def test_files_stay_as_they_were_when_a_run_fails(option, picky, tmp_path):
    path = tmp_path / "out"
    path.write_text("before", encoding="utf-8")
    done = glinker("link", "fine", "bad", "-p", picky, option, path, "--batch-size", 1, plugins=fakes(p=PickyPlugin()))
    assert done.exit_code == 1
    assert "node 'l1', batch 1 (texts text-2): ValueError: there is 'bad'" in done.stderr
    assert path.read_text(encoding="utf-8") == "before"
    assert [other.name for other in tmp_path.glob(".out*")] == []


def test_device_as_output_stays_a_device(picky):
    done = glinker("link", "fine", "-p", picky, "-o", "/dev/null", plugins=fakes(p=PickyPlugin()))
    assert done.exit_code == 0
    assert Path("/dev/null").is_char_device()


def test_failing_text_is_told_counted_and_passed_over_on_demand(picky):
    args = ("link", "fine", "bad", "good", "-p", picky, "--on-error", "skip")
    done = glinker(*args, plugins=fakes(p=PickyPlugin()))
    assert done.exit_code == 0
    errors = [record.get("error") for record in lines(done.stdout)]
    assert [bool(error) for error in errors] == [False, True, False]
    assert "there is 'bad'" in errors[1]
    assert "; texts that failed: 1" in done.stderr


def test_lone_surrogates_pass_as_escapes(entities, tmp_path):
    path = tmp_path / "in.jsonl"
    path.write_text('{"text": "Paris \\ud800 Seine"}\n{"text": "čáp"}\n', encoding="utf-8")
    done = process("link", "--kb", entities, "-i", path)
    assert done.returncode == 0
    assert "\\ud800" in done.stdout
    assert "čáp" in done.stdout
    assert lines(done.stdout)[0]["text"] == "Paris \ud800 Seine"
    shown = process("link", "--kb", entities, "-i", path, "--format", "table", "--html", tmp_path / "x.html")
    assert shown.returncode == 0


def test_empty_inputs_work(entities, tmp_path):
    empty = write_lines(tmp_path / "none.jsonl", [])
    done = glinker("link", "--kb", entities, "-i", empty)
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr.startswith("0 documents, 0.0 kB of text: 0 mentions")
    (record,) = lines(glinker("link", "--kb", entities, stdin="").stdout)
    assert record["entities"] == []


def test_batches_and_workers_change_nothing(store):
    texts = [f"Paris and the Seine, {number}" for number in range(7)]
    once = glinker("link", *texts, "--kb", store).stdout
    assert glinker("link", *texts, "--kb", store, "--batch-size", 2, "--workers", 3).stdout == once


def test_summary_counts_and_times(entities):
    said = glinker("link", TEXT, "čá", "--kb", entities).stderr
    found = r"2 documents, 0\.0 kB of text: 2 mentions, 2 linked, 0 NIL"
    pattern = rf"{found}; \d+\.\d\d s of processor time \([\d,]+ kB/s\), \d+\.\d\d s elapsed\n"
    assert re.fullmatch(pattern, said), said


def test_quiet_says_nothing(entities):
    assert glinker("link", TEXT, "--kb", entities, "--quiet").stderr == ""


def test_text_that_is_the_name_of_a_file_is_remarked(entities):
    done = glinker("link", entities, "--kb", entities)
    assert f"'{entities}' is linked as a text; to link the file of that name write --input {entities}" in done.stderr
    assert glinker("link", "x" * 5000, "a\0b", "--kb", entities, "-q").stderr == ""


# -- what is refused ---------------------------------------------------------------------------------------------


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


def test_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "out.jsonl"
    with pytest.raises(OSError, match="full") as raised, replacing(path):
        raise OSError(errno.ENOSPC, "full")
    assert raised.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_output_and_page_in_one_file_are_refused(entities, tmp_path):
    done = glinker("link", TEXT, "--kb", entities, "-o", tmp_path / "x", "--html", tmp_path / "x")
    assert done.exit_code == 2
    assert "--output and --html both name" in done.stderr


@pytest.mark.parametrize("option", ["--batch-size", "--workers"])
def test_sizes_below_one_are_refused(option, entities):
    done = glinker("link", TEXT, "--kb", entities, option, 0)
    assert done.exit_code == 2
    assert option in done.stderr


def test_documents_are_read_as_they_are_needed(entities, tmp_path, monkeypatch):
    read, seen = [], []

    def rows(path, plugins, reader="", **rest):
        for number in range(100):
            read.append(number)
            yield Row(number, Document("Paris", str(number)))

    monkeypatch.setattr("glinker_core.cli.documents.document_rows", rows)
    monkeypatch.setattr(JsonlWriter, "write", lambda writer, document: bytes(seen.append(len(read)) or 0))
    glinker("link", "--kb", entities, "-i", tmp_path / "x", "--batch-size", 10)
    assert [seen[0], seen[10], len(seen)] == [10, 20, 100]
