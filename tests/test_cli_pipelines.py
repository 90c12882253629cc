import json

import pytest
import yaml
from jsonschema import Draft202012Validator

from glinker_core.cli.defaults import default_pipeline, template
from glinker_core.source import parse
from tests.cli_runs import glinker
from tests.fake_plugins import fakes, node, pipeline


@pytest.fixture
def write(tmp_path):
    def write(data):
        path = tmp_path / "pipeline.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


def test_init_writes_a_file_that_passes_check(tmp_path):
    path = tmp_path / "mine.yaml"
    done = glinker("init", path)
    assert (done.exit_code, done.stdout) == (0, f"{path} written; next: glinker check {path}\n")
    assert path.read_text(encoding="utf-8").startswith("# ")
    done = glinker("check", path)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == "ok: l1 (l1_gazetteer) -> l2 (l2_chain) -> l3 (l3_lexical) -> l0 (l0_aggregator)\n"


def test_init_names_its_file_itself(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    glinker("init")
    assert (tmp_path / "pipeline.yaml").is_file()


def test_init_overwrites_nothing(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("mine", encoding="utf-8")
    done = glinker("init", path)
    assert (done.exit_code, done.stderr) == (2, f"{path}: is there already; name another file, or remove it\n")
    assert path.read_text(encoding="utf-8") == "mine"


def test_init_into_a_folder_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "none" / "mine.yaml"
    done = glinker("init", path)
    assert (done.exit_code, done.stderr) == (2, f"{path}: there is no folder '{path.parent}'\n")


def test_the_default_of_link_is_what_init_writes_over_another_store():
    written, default = parse(template()).data, default_pipeline({"type": "dict"}).data
    assert default["nodes"][1]["config"]["layers"] == [{"type": "dict"}]
    written["name"], default["name"] = "", ""
    written["nodes"][1]["config"]["layers"] = default["nodes"][1]["config"]["layers"] = []
    assert default == written


def test_check_tells_all_problems_with_their_places(write):
    path = write(pipeline(node("l1", "l1_fak"), node("l2", "l2_chain", layers=[], max_candidate=3)))
    done = glinker("check", path, plugins=fakes())
    assert (done.exit_code, done.stdout) == (2, "")
    head, *problems = done.stderr.splitlines()
    assert head == f"{path}: {len(problems)} problems"
    assert len(problems) >= 3
    assert all(problem.startswith(f"  {path}:") for problem in problems)
    assert any("did you mean 'l1_fake'?" in problem for problem in problems)


def test_check_tells_warnings_and_is_content(write):
    idle = node("idle", "l1_fake")
    path = write(pipeline(idle, node("l1", "l1_fake"), node("l2", "l2_chain", layers=[{"type": "fake"}]),
                          node("l0", "l0_aggregator")))  # fmt: skip
    done = glinker("check", path, plugins=fakes())
    assert done.exit_code == 0
    assert done.stderr == f"warning: {path}:3:3: nothing reads node 'idle'; its work is lost\n"
    assert done.stdout.startswith("ok: ")


def test_check_of_a_file_that_is_not_there_is_refused(tmp_path):
    done = glinker("check", tmp_path / "none.yaml")
    assert done.exit_code == 2
    assert "cannot be read: No such file or directory" in done.stderr


def test_graph_shows_what_each_node_reads(write):
    shown = glinker("graph", write(pipeline()), plugins=fakes())
    assert (shown.exit_code, shown.stderr) == (0, "")
    assert shown.stdout.splitlines() == [
        "test",
        "  l1  l1_fake        texts from $input",
        "  l2  l2_chain       texts from $input; mentions from l1",
        "  l3  l3_fake        texts from $input; candidates from l2",
        "  l0  l0_aggregator  texts from $input; mentions from l1; candidates from l3",
        "  store fake (fake) of l2",
    ]


def test_graph_tells_caches_from_stores(write):
    layers = [{"type": "fake_cache", "priority": 1}, {"type": "fake"}]
    nodes = node("l1", "l1_fake"), node("l2", "l2_chain", layers=layers), node("l0", "l0_aggregator")
    shown = glinker("graph", write(pipeline(*nodes)), plugins=fakes())
    assert shown.stdout.splitlines()[-2:] == ["  cache fake_cache (fake_cache) of l2", "  store fake (fake) of l2"]


def test_graph_is_a_mermaid_flowchart_on_demand(write):
    assert glinker("graph", "--mermaid", write(pipeline()), plugins=fakes()).stdout.splitlines() == [
        "flowchart LR",
        "    input([input])",
        '    n0["l1<br>l1_fake"]',
        '    n1["l2<br>l2_chain"]',
        '    n2["l3<br>l3_fake"]',
        '    n3["l0<br>l0_aggregator"]',
        '    s0[("fake<br>fake")]',
        "    input -- texts --> n0",
        "    input -- texts --> n1",
        "    n0 -- mentions --> n1",
        "    s0 --- n1",
        "    input -- texts --> n2",
        "    n1 -- candidates --> n2",
        "    input -- texts --> n3",
        "    n0 -- mentions --> n3",
        "    n2 -- candidates --> n3",
    ]


def test_names_cannot_break_out_of_a_flowchart(write):
    path = write(pipeline(node('a"]; click n0 "x', "l1_fake"), node("<l0>", "l0_aggregator")))
    shown = glinker("graph", "--mermaid", path, plugins=fakes()).stdout
    assert 'n0["a#quot;]; click n0 #quot;x<br>l1_fake"]' in shown
    assert "#lt;l0#gt;" in shown


def test_graph_of_a_broken_pipeline_is_refused(write):
    done = glinker("graph", write(pipeline(node("l1", "l1_fak"))), plugins=fakes())
    assert (done.exit_code, done.stdout) == (2, "")


def test_schema_accepts_what_init_writes_and_refuses_a_misspelt_setting(tmp_path):
    path = tmp_path / "schema.json"
    assert glinker("schema", "-o", path).stdout == ""
    assert path.read_text(encoding="utf-8") == glinker("schema").stdout
    validator = Draft202012Validator(json.loads(path.read_text(encoding="utf-8")))
    data = parse(template()).data
    assert list(validator.iter_errors(data)) == []
    data["nodes"][3]["config"]["min_confidenc"] = 1
    assert len(list(validator.iter_errors(data))) == 1
