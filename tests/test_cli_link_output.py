"""`glinker link`: where what is linked goes, how it is shown there, and what is said beside it."""

import errno
import json
import re
from pathlib import Path

import pytest
from attrs import define

from glinker_core.files import replacing
from glinker_core.hookspecs import Component, hookimpl
from tests.cli_runs import TEXT, glinker, ids, lines, on_terminal, process
from tests.fake_plugins import fakes, node


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
        yield Component("l1_picky", "tests.test_cli_link_output:Picky", "fails")


@pytest.fixture
def picky(pipeline_file):
    return pipeline_file(node("l1", "l1_picky"), node("l0", "l0_aggregator"))


def test_a_page_shows_runners_up_and_the_lines_beside_it_do_not(entities, tmp_path):
    page = tmp_path / "links.html"
    (record,) = lines(glinker("link", TEXT, "--kb", entities, "--html", page).stdout)
    assert "candidates" not in record["entities"][1]
    assert "<code>tx</code>" in page.read_text(encoding="utf-8")


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


def test_summary_counts_and_times(entities):
    said = glinker("link", TEXT, "čá", "--kb", entities).stderr
    found = r"2 documents, 0\.0 kB of text: 2 mentions, 2 linked, 0 NIL"
    pattern = rf"{found}; \d+\.\d\d s of processor time \([\d,]+ kB/s\), \d+\.\d\d s elapsed\n"
    assert re.fullmatch(pattern, said), said


def test_quiet_says_nothing(entities):
    assert glinker("link", TEXT, "--kb", entities, "--quiet").stderr == ""


def test_full_disk_is_told_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "out.jsonl"
    with pytest.raises(OSError, match="full") as raised, replacing(path):
        raise OSError(errno.ENOSPC, "full")
    assert raised.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []
