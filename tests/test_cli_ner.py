"""`glinker link --ner-only`: mentions and their labels, no knowledge base."""

import re

import pytest
import yaml
from attrs import define

from glinker_core.cli.ner import MODEL
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.model import Mention
from tests.cli_runs import glinker, lines
from tests.fake_plugins import fakes, node, pipeline

TEXT = "Ada lived in London."


@define
class Capitals:
    """Words in capitals, each under every label, surer of the first."""

    model: str
    labels: tuple[str, ...]

    def recognize(self, texts):
        return [[Mention(*found.span(), found.group(), label, round(0.9 - 0.5 * rank, 1))
                 for found in re.finditer(r"[A-Z]\w+", text) for rank, label in enumerate(self.labels)]
                for text in texts]  # fmt: skip


class CapitalsPlugin:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_gliner", f"{__name__}:Capitals", "capitals")


@pytest.fixture
def plugins():
    return fakes(capitals=CapitalsPlugin())


@pytest.fixture
def run(plugins):
    def run(*args, **rest):
        return glinker("link", "--ner-only", *args, plugins=plugins, **rest)

    return run


@pytest.fixture
def file(tmp_path):
    def file(*nodes, **rest):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(pipeline(*nodes, **rest), sort_keys=False), encoding="utf-8")
        return path

    return file


def found(done):
    return [(m["text"], m["label"], m["mention_score"]) for record in lines(done.stdout) for m in record["entities"]]


def test_labels_alone_find_mentions_without_a_knowledge_base(run):
    done = run(TEXT, "--labels", "name")
    assert done.exit_code == 0
    (record,) = lines(done.stdout)
    assert record["entities"][1] == {
        "text": "London", "start": 13, "end": 19, "label": "name", "mention_score": 0.9,
        "entity_id": None, "entity_label": None, "entity_type": None, "score": None,
    }  # fmt: skip
    assert (record["id"], record["kb_revision"]) == ("text-1", "")


def test_summary_counts_mentions_and_speaks_of_no_links(run):
    said = run(TEXT, "--labels", "name").stderr
    assert re.match(r"1 document, 0\.0 kB of text: 2 mentions; \d", said), said


def test_table_shows_text_label_and_score(run):
    shown = run(TEXT, "Paris", "--labels", "person", "--format", "table").stdout
    assert [line.split() for line in shown.splitlines()] == [
        ["document", "mention", "label", "score"],
        ["text-1", "Ada", "=>", "person", "0.900"],
        ["London", "=>", "person", "0.900"],
        ["text-2", "Paris", "=>", "person", "0.900"],
    ]


def test_page_colours_mentions_by_label(run, tmp_path):
    path = tmp_path / "x.html"
    assert run(TEXT, "--labels", "name", "--html", path).exit_code == 0
    page = path.read_text(encoding="utf-8")
    assert re.search(r'<mark style="--h:205" tabindex="0">Ada<span[^>]*><span><b>name</b> 0\.900</span>', page)
    assert "1 document; 2 mentions; pipeline ner" in page
    assert '<mark style="--h:205">name</mark> 2' in page
    assert "NIL" not in page


def test_every_label_of_a_mention_is_shown(run):
    assert found(run("Ada", "--labels", "person, city")) == [("Ada", "city", 0.4), ("Ada", "person", 0.9)]


def test_files_are_read_as_they_are_for_linking(run, tmp_path):
    (tmp_path / "a.txt").write_text("Ada", encoding="utf-8")
    done = run("-i", tmp_path / "a.txt", "--labels", "x", "-o", tmp_path / "out.jsonl")
    assert (done.exit_code, done.stdout) == (0, "")
    assert '"text": "Ada", "start": 0' in (tmp_path / "out.jsonl").read_text(encoding="utf-8")


def test_smallest_model_is_the_default(plugins, monkeypatch):
    used = []
    monkeypatch.setattr(Capitals, "recognize", lambda self, texts: used.append(self.model) or [()] * len(texts))
    for model in ([], ["--model", "folder/model"]):
        glinker("link", TEXT, "--ner-only", "--labels", "x", *model, plugins=plugins)
    assert list(dict.fromkeys(used)) == [MODEL, "folder/model"]


def test_of_a_pipeline_only_recognisers_run(run, file):
    path = file(
        node("l1", "l1_gliner", model="m", labels=["name"]),
        node("l2", "l2_chain", layers=[{"store": "kb"}]),
        node("l3", "l3_of_a_plugin_that_is_not_installed"),
        node("l0", "l0_aggregator", include_unlinked=False, min_confidence=0.9),
        stores={"kb": {"type": "down"}},
    )
    assert found(run(TEXT, "--pipeline", path)) == [("Ada", "name", 0.9), ("London", "name", 0.9)]


def test_all_recognisers_of_a_pipeline_run_and_each_mention_comes_once(run, file):
    path = file(
        node("l2", "l2_chain", {"mentions": ["one", "two"]}, layers=[{"type": "fake"}]),
        node("one", "l1_gliner", model="m", labels=["name"]),
        node("two", "l1_fake", names=["London", "lived in"], label="name"),
        node("three", "l1_fake", names=["London."], label="end"),
    )
    assert found(run(TEXT, "--pipeline", path)) == [
        ("Ada", "name", 0.9), ("lived in", "name", 1.0), ("London", "name", 1.0), ("London.", "end", 1.0)
    ]  # fmt: skip


def test_problems_of_a_pipeline_are_told_at_their_places(run, file):
    path = file(node("l2", "l2_chain", layer=1), node("l1", "l1_gliner", model="m", labls=["x"]), "not a node")
    done = run(TEXT, "--pipeline", path)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.splitlines() == [
        f"{path}: 3 problems",
        f"  {path}:9:3: nodes[0].config: 'labels' is missing",
        f"  {path}:11:5: unknown key 'labls'; did you mean 'labels'?",
        f"  {path}:13:3: a node is a mapping with 'id' and 'processor', got 'not a node'",
    ]


@pytest.mark.parametrize("text", ["[]", "nodes: 3", "name: x"])
def test_file_that_is_no_pipeline_is_told(run, tmp_path, text):
    path = tmp_path / "x.yaml"
    path.write_text(text, encoding="utf-8")
    done = run(TEXT, "--pipeline", path)
    assert done.exit_code == 2
    assert "a pipeline is a mapping with a list 'nodes'" in done.stderr


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--ner-only"], "--ner-only needs something to look for; give --labels person,city or --pipeline FILE"),
        (["--ner-only", "--model", "m"], "--ner-only needs something to look for"),
        (["--ner-only", "--labels", "a,"], "--labels: 'a,' has an empty label; give names of types"),
        (["--ner-only", "--labels", "a", "--kb", "x"], "--kb: --ner-only links nothing; leave one out"),
        (["--ner-only", "--labels", "a", "--all-candidates"], "--all-candidates: --ner-only links nothing"),
        (["--labels", "a"], "--labels goes with --ner-only"),
        (["--model", "a"], "--model goes with --ner-only"),
    ],
)
def test_options_that_do_not_go_together_are_refused(plugins, args, message):
    done = glinker("link", TEXT, *args, plugins=plugins)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(message)


@pytest.mark.parametrize("option", ["--labels", "--model"])
def test_labels_beside_a_pipeline_are_refused(run, file, option):
    path = file()
    done = run(TEXT, "--pipeline", path, option, "x")
    assert done.exit_code == 2
    assert done.stderr == f"{option}: {path} names what its recognisers look for; leave one out\n"


def test_pipeline_without_recognisers_is_refused(run, file):
    path = file(node("l2", "l2_chain", layers=[{"type": "fake"}]), node("l0", "l0_aggregator"))
    done = run(TEXT, "--pipeline", path)
    assert done.exit_code == 2
    assert done.stderr.startswith(f"--ner-only: {path} has no L1 node; give --labels person,city")


def test_without_the_plugin_it_says_what_to_install():
    done = glinker("link", TEXT, "--ner-only", "--labels", "x", plugins=fakes())
    assert done.exit_code == 2
    assert "'l1_gliner' is not installed; run: pip install glinker-gliner" in done.stderr
