"""What `glinker link` writes is a writer's, chosen by the ending of the output or by name."""

import os

import pytest
import yaml
from attrs import define

from glinker_core.hookspecs import Component, hookimpl
from tests.cli_runs import ENTITIES, glinker, lines, process, write_lines
from tests.fake_plugins import fakes, node, pipeline

TEXTS = ("Foo met Bar.", "Bar met Foo.")


@define
class Totals:
    """A writer that must see all documents first, and says whether it was to show all candidates."""

    all_candidates: bool = False
    mentions: int = 0

    def write(self, document):
        self.mentions += len(document.entities)
        return b""

    def end(self):
        return f"{self.mentions}\xe9 {self.all_candidates}".encode("latin-1")


class TotalsPlugin:
    @hookimpl
    def glinker_writers(self):
        yield Component("totals", "tests.test_cli_writers:Totals", "how many mentions", (".sum", ".all.sum"))


@pytest.fixture
def given(tmp_path):
    path = tmp_path / "pipeline.yaml"
    nodes = [node("l1", "l1_fake", names=["Foo", "Bar"]), node("l0", "l0_aggregator")]
    path.write_text(yaml.safe_dump(pipeline(*nodes)), encoding="utf-8")
    return ("link", *TEXTS, "-p", path)


def run(*args):
    return glinker(*args, plugins=fakes(totals=TotalsPlugin()))


@pytest.mark.parametrize("name", ["a.sum", "a.b.SUM", "a.all.sum"])
def test_the_ending_of_the_output_chooses_the_writer(name, given, tmp_path):
    assert run(*given, "-o", tmp_path / name).exit_code == 0
    assert (tmp_path / name).read_bytes() == b"4\xe9 False"


def test_a_name_chooses_the_writer_whatever_the_ending(given, tmp_path):
    assert run(*given, "-o", tmp_path / "a.jsonl", "--format", "totals", "--all-candidates").exit_code == 0
    assert (tmp_path / "a.jsonl").read_bytes() == b"4\xe9 True"
    assert run(*given, "-o", tmp_path / "a.sum", "--format", "jsonl").exit_code == 0
    assert len(lines((tmp_path / "a.sum").read_text(encoding="utf-8"))) == 2


def test_bytes_reach_stdout_as_they_are(given):
    assert run(*given, "--format", "totals").stdout_bytes == b"4\xe9 False"


def test_an_output_without_an_ending_gets_json_lines(given, tmp_path):
    assert run(*given, "-o", tmp_path / "out").exit_code == 0
    assert len(lines((tmp_path / "out").read_text(encoding="utf-8"))) == 2


def test_an_ending_that_nobody_writes_is_refused_and_nothing_written(given, tmp_path):
    done = run(*given, "-o", tmp_path / "out.jsnl")
    assert (done.exit_code, done.stderr) == (
        2,
        f"{tmp_path / 'out.jsnl'}: no installed plugin writes '.jsnl' files; give --format jsonl; "
        "did you mean '.jsonl'?\n",
    )
    done = run(*given, "-o", tmp_path / "out.spacy")
    assert (done.exit_code, done.stderr.rpartition("; ")[2]) == (2, "run: pip install glinker-spacy\n")
    assert [path.name for path in tmp_path.iterdir()] == ["pipeline.yaml"]


def test_a_format_that_nobody_writes_is_refused(given):
    done = run(*given, "--format", "totalz")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "'totalz' is not offered by any installed plugin; did you mean 'totals'?\n"


def test_nothing_is_ended_after_an_error(given, tmp_path):
    bad = tmp_path / "bad.jsonl"
    bad.write_text("no record", encoding="utf-8")
    done = run(*given, "-i", bad, "--format", "totals")
    assert (done.exit_code, done.stdout_bytes) == (1, b"")


def test_json_lines_are_utf8_whatever_the_locale(tmp_path):
    entities = write_lines(tmp_path / "entities.jsonl", ENTITIES)
    env = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = process("link", "Paris, čáp", "--kb", entities, env=env, encoding="utf-8")
    assert (done.returncode, lines(done.stdout)[0]["text"]) == (0, "Paris, čáp")
