import re
from pathlib import Path

import pytest

import glinker_core.builtin
from glinker_core import ConfigError, DAGExecutor, Plugins
from glinker_core.dialect import SETTINGS, carried, port_names
from glinker_core.graph import build
from glinker_core.source import load_source
from tests.fake_plugins import PARIS
from tests.stand_ins import StandIns

FILES = sorted((Path(__file__).parent / "dialect").glob("*.yaml"))
TEXT = "Paris lies on the Seine in France; Paris of Troy does not."


def graph(name, plugins=None):
    path = Path(__file__).parent / "dialect" / f"{name}.yaml"
    return build(load_source(path), plugins or everything())


def everything():
    return Plugins({"builtin": glinker_core.builtin, "stand-ins": StandIns()})


def reads(graph, node_id):
    """Port -> the nodes it reads, `$input` for the caller."""
    inputs = graph.node(node_id).inputs
    return {port: [ref.node or "$input" for ref in refs] for port, refs in inputs.items() if refs}


@pytest.fixture(autouse=True)
def no_variables(monkeypatch):
    for name in ("HF_TOKEN", "REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "ES_KEY", "PG_PASSWORD"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_runs_unchanged_once_its_plugins_are_there(path):
    with DAGExecutor(path, plugins=everything()) as executor:
        executor.load_entities(PARIS)
        result = executor.execute({"texts": [TEXT, ""]})
    assert [len(document.entities) > 0 for document in result.get("l0_result").documents] == [True, False]
    assert set(result.get_all_outputs()) == {f"{node.id}_result" for node in executor.graph.nodes}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_without_its_plugins_a_file_has_no_other_fault_than_what_to_install(path):
    with pytest.raises(ConfigError) as caught:
        build(load_source(path), Plugins({"builtin": glinker_core.builtin}))
    said = [str(problem).removeprefix(str(path)) for problem in caught.value.problems]
    install = r":\d+:\d+: '\w+' is not installed; run: pip install glinker-\w+(\[postgres\])?"
    nobody = r":\d+:\d+: 'elasticsearch' is not offered by any installed plugin"
    assert [line for line in said if not re.fullmatch(f"{install}|{nobody}", line)] == []
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"(?<!\w)(?:processor|type): \"?(\w+)", text)) - {"l2_chain", "l0_aggregator"}
    assert {re.search(r"'(\w+)'", line).group(1) for line in said} == named


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_defect_i_the_loop_that_the_documentation_prints_runs(path):
    with DAGExecutor(path, plugins=everything()) as executor:
        executor.load_entities(PARIS)
        result = executor.execute({"texts": [TEXT]}).get("l0_result")
    linked = [entity.linked_entity for entity in result.entities if entity.linked_entity]
    assert linked
    assert all(entity.label and 0 <= entity.score == entity.confidence <= 1 for entity in linked)


def test_defect_i_pipelines_that_the_documentation_names_are_there():
    root = Path(__file__).parent.parent
    pages = [root / "README.md", *sorted((root / "docs").rglob("*.md"))]
    named = {
        name for page in pages for name in re.findall(r"examples/[\w/.-]+\.ya?ml", page.read_text(encoding="utf-8"))
    }
    assert "examples/pipelines/lexical.yaml" in named
    assert [name for name in sorted(named) if not (root / name).is_file()] == []


def test_without_recogniser_the_linker_gets_whole_texts():
    assert reads(graph("simple"), "l2") == {"texts": ["$input"]}
    assert reads(graph("simple"), "l0") == {"texts": ["$input"], "candidates": ["l3"]}


def test_the_output_reads_the_last_stage_whatever_its_ports_are_called():
    full = graph("spacy_full")
    assert reads(full, "l3") == {"texts": ["$input"], "candidates": ["l2"]}
    assert reads(full, "l0") == {"texts": ["$input"], "mentions": ["l1"], "candidates": ["l3"]}


def test_defect_q_more_edits_than_are_searched_are_a_warning():
    (warning,) = graph("spacy_full").warnings
    assert warning.endswith("l2: layer 'dict': max_distance 64 is more than the 2 edits that are searched; 2 are used")


def test_defect_q_a_higher_priority_is_asked_first():
    chain = graph("stores").node("l2").component
    assert [layer.type for layer in sorted(chain.layers, key=lambda layer: -layer.priority)] == [
        "redis", "elasticsearch", "postgres",
    ]  # fmt: skip
    assert [layer.priority for layer in chain.layers] == [2, 1, 0]


def test_defect_j_a_linker_behind_which_the_reranker_reads_is_followed_and_warned_of():
    reranked = graph("reranked")
    assert reads(reranked, "l4") == {"texts": ["$input"], "candidates": ["l2"]}
    assert reads(reranked, "l0")["candidates"] == ["l4"]
    (warning,) = reranked.warnings
    assert warning.endswith("reranked.yaml:36:5: nothing reads node 'l3'; its work is lost")


def test_settings_and_templates_reach_the_components():
    linker = graph("spacy_full").node("l3").component
    assert (linker.template, linker.token, linker.threshold) == ("{label}", None, 0.5)
    assert graph("simple").node("l3").component.template == "{label}: {description}"
    chain = graph("spacy_full").node("l2").component
    assert chain.layers[0].fuzzy.n_gram_size == 3
    assert chain.embeddings.dim == 768


def test_stores_get_their_settings_and_the_fields_they_map(monkeypatch):
    monkeypatch.setenv("REDIS_PORT", "7000")
    monkeypatch.setenv("REDIS_PASSWORD", "0123")
    stores = graph("stores").stores
    assert list(stores) == ["redis", "elasticsearch", "postgres"]
    assert (stores["redis"].port, stores["redis"].password, stores["redis"].ttl) == (7000, "0123", 3600)
    assert stores["elasticsearch"].field_mapping["label"] == "name"
    assert stores["elasticsearch"].hosts == ("http://localhost:9200",)


def test_passwords_of_the_environment_stay_out_of_every_message(monkeypatch):
    for name in ("REDIS_PORT", "REDIS_PASSWORD", "ES_KEY", "PG_PASSWORD", "HF_TOKEN"):
        monkeypatch.setenv(name, "hunter2")
    with pytest.raises(ConfigError) as caught:
        graph("stores")
    assert str(caught.value).endswith("port: expected a whole number, got '${REDIS_PORT:-6379}'")
    assert "hunter2" not in str(caught.value)


def test_without_inputs_each_node_reads_the_last_one_above_that_makes_what_it_needs():
    short = graph("stores")
    assert reads(short, "l2") == {"texts": ["$input"], "mentions": ["l1"]}
    assert reads(short, "l3") == {"texts": ["$input"], "candidates": ["l2"]}
    assert reads(short, "l0") == {"texts": ["$input"], "mentions": ["l1"], "candidates": ["l3"]}
    (warning,) = short.warnings
    assert warning.endswith("stores.yaml:27:11: ttl has no effect on a 'elasticsearch' store")


@pytest.mark.parametrize(
    ("ports", "names"),
    [
        (("texts",), {"texts": ("texts",)}),
        (("texts", "entities"), {"texts": ("texts",), "entities": ("entities",)}),
        (("mentions",), {"mentions": ("mentions", "l1_entities", "entities", "l1_mentions")}),
        (("entities", "mentions"), {"entities": ("entities",), "mentions": ("mentions", "l1_entities", "l1_mentions")}),
        (("candidates",), {"candidates": ("candidates", "l4_entities", "l3_entities", "l2_candidates")}),
    ],
)
def test_a_port_has_the_names_of_both_dialects_the_strongest_first(ports, names):
    assert port_names(ports) == names


def test_only_a_node_with_candidates_and_without_mentions_is_given_mentions_it_has_already():
    assert "l1_entities" in carried(("texts", "candidates"))
    assert carried(("texts", "mentions", "candidates")) == ()
    assert carried(("texts",)) == ()


def test_settings_have_the_names_of_both_dialects():
    assert SETTINGS["huggingface_token"] == "token"  # a name, no token
    assert SETTINGS["model"] == "model_name"
    assert SETTINGS["model_name"] == "model"
