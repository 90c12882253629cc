"""Pipelines that no graph is made of: everything wrong is said at once, with its place, and shows no secret."""

from itertools import pairwise

import pytest

from tests.fake_plugins import fakes, node
from tests.graphs import FAKE, L0, L1, L2, L3, Rival, Templated, graph, refused, refused_file

KNOWN_PROCESSORS = [
    "gate_uncertain", "l0_aggregator", "l1_external", "l1_fake", "l1_function", "l1_misspelt", "l1_model", "l2_chain",
    "l3_fake", "l3_odd", "l3_templated", "l3_wants", "l4_fake",
]  # fmt: skip


def test_everything_is_said_at_once_and_with_its_place_in_order_of_lines():
    assert refused_file("""\
nodes:
  - {id: l1, processor: l1_fak}
  - {id: l1, processor: l1_fake}
  - id: l2
    processor: l2_chain
    inputs: {mentionz: l1}
    config:
      max_candidate: 5
      min_popularity: low
      layers:
        - {type: redis}
        - {type: fake, config: {hosst: x}}
        - {store: nowhere}
  - id: l3
    processor: l3_batch
    inputs: {candidates: {source: l2_resul}}
    requires: [l9]
  - {id: l0, processor: l0_aggregator, config: {min_confidense: 0.3}}
""") == [
        "p.yaml:2:14: 'l1_fak' is not offered by any installed plugin; did you mean 'l1_fake'?",
        "p.yaml:3:6: 'l1' is already the name of the node at p.yaml:2:5",
        "p.yaml:6:14: unknown port 'mentionz'; did you mean 'mentions'?",
        "p.yaml:8:7: unknown key 'max_candidate'; did you mean 'max_candidates'?",
        "p.yaml:9:7: min_popularity: expected a number, got 'low'",
        "p.yaml:11:12: 'redis' is not installed; run: pip install glinker-redis",
        "p.yaml:12:33: unknown key 'hosst'",
        "p.yaml:13:11: no store 'nowhere' under 'stores'",
        "p.yaml:15:5: 'l3_batch' is not installed; run: pip install glinker-gliner",
        "p.yaml:16:27: no node and no output key 'l2_resul'; did you mean 'l2_result'?",
        "p.yaml:17:16: no node 'l9'; known are l0, l1, l2, l3",
        "p.yaml:18:49: unknown key 'min_confidense'; did you mean 'min_confidence'?",
    ]


def test_defect_h_a_typo_in_a_setting_of_the_output_is_refused():
    assert refused(L1, L2, node("l0", "l0_aggregator", strict_matchin=True)) == [
        "nodes[2].config.strict_matchin: unknown key 'strict_matchin'; did you mean 'strict_matching'?"
    ]


def test_defect_h_a_typo_in_a_source_names_what_there_is():
    assert refused(L1, node("l2", "l2_chain", {"mentions": {"source": "l1_rsult"}}, layers=FAKE), L0) == [
        "nodes[1].inputs.mentions.source: no node and no output key 'l1_rsult'; did you mean 'l1_result'?"
    ]


@pytest.mark.parametrize(
    ("port", "source", "message"),
    [
        ("candidates", "l1", "'l1' makes mentions, not candidates, which 'candidates' needs"),
        ("candidates", "$input", "'$input' has texts and entities, not candidates"),
        ("candidates", {"source": "l2", "fields": "mentions"},
         "'l2' makes candidates, not mentions, which 'candidates' needs"),
        ("candidates", "l3", "nodes wait for each other: l3 -> l3; break the circle"),
        ("candidates", [], "port 'candidates' takes one source or more, got 0"),
        ("texts", {"source": "$input", "fields": "entities"}, "'$input' has texts and entities, not entities"),
        ("texts", "l1", "'l1' makes mentions, not texts, which 'texts' needs"),
        ("texts", ["$input", "$input"], "port 'texts' takes one source, got 2"),
        ("l1_entities", "l2", "'l2' makes candidates, not mentions, which 'mentions' needs"),
        ("l1_entities", "l1_resul", "no node and no output key 'l1_resul'; did you mean 'l1_result'?"),
    ],
)  # fmt: skip
def test_a_port_that_reads_the_wrong_thing_is_refused(port, source, message):
    (problem,) = refused(L1, L2, node("l3", "l3_fake", {port: source}), L0)
    assert problem.partition(": ")[2] == message


def test_each_item_of_a_list_of_inputs_has_its_place():
    assert refused_file("""\
nodes:
  - {id: l1, processor: l1_fake}
  - {id: l2, processor: l2_chain, config: {layers: [{type: fake}]}}
  - id: l3
    processor: l3_fake
    inputs:
      candidates: [l2, l1, {source: l2_resul}]
  - {id: l0, processor: l0_aggregator}
""") == [
        "p.yaml:7:24: 'l1' makes mentions, not candidates, which 'candidates' needs",
        "p.yaml:7:29: no node and no output key 'l2_resul'; did you mean 'l2_result'?",
    ]


def test_cycles_are_refused_with_the_nodes_that_wait():
    nodes = (
        L1,
        L2,
        node("a", "l3_fake", {"candidates": "b"}),
        node("b", "l3_fake", {"candidates": "c"}),
        node("c", "l3_fake", {"candidates": "a"}),
        L0,
    )
    (problem,) = refused(*nodes)
    place, _, message = problem.partition(": ")
    circle = message.removeprefix("nodes wait for each other: ").removesuffix("; break the circle").split(" -> ")
    assert place in ("nodes[2]", "nodes[3]", "nodes[4]")
    assert set(pairwise(circle)) == {("a", "b"), ("b", "c"), ("c", "a")}


def test_a_cycle_through_requires_is_one_too():
    assert "nodes wait for each other" in refused({**L1, "requires": ["l2"]}, L2, L0)[0]


@pytest.mark.parametrize(
    ("nodes", "problems"),
    [
        ((L1, L1, L2, L0), ["nodes[1].id: 'l1' is already the name of the node at nodes[0]"]),
        ((L1, {**L2, "output": {"key": "l1_result"}}, L0),
         ["nodes[1].output: 'l1_result' is already the name of the node at nodes[0]"]),
        ((L1, {**L2, "output": {"key": "l1"}}, L0),
         ["nodes[1].output: 'l1' is already the name of the node at nodes[0]"]),
        (({**L1, "output": {"key": "l2"}}, L2, L0), ["nodes[1].id: 'l2' is already the name of the node at nodes[0]"]),
        ((node("$input", "l1_fake"), L2, L0), ["nodes[0].id: '$input' is the caller's input and cannot be a node"]),
        (({**L1, "output": {"key": "$input"}}, L2, L0),
         ["nodes[0].output: '$input' is the caller's input and cannot be a node"]),
        ((node(" ", "l1_fake"), L2, L0), ["nodes[0].id: the name of a node is empty"]),
        (({**L1, "output": {"key": ""}}, L2, L0), ["nodes[0].output: the name of a node is empty"]),
    ],
)  # fmt: skip
def test_every_name_is_that_of_one_node(nodes, problems):
    assert refused(*nodes) == problems


def test_a_node_may_keep_its_result_under_its_own_id():
    assert graph({**L1, "output": {"key": "l1"}}, L2, L3, L0).node("l1").key == "l1"


def test_what_is_missing_above_is_said():
    assert refused(L1, L3, L0) == ["nodes[1]: 'l3': nothing above makes candidates; add an l2 node before it"]


def test_nodes_of_unknown_kind_are_not_blamed_on_others():
    assert refused(L1, node("l2", "magic"), L3, L0) == [
        "nodes[1].processor: 'magic' is not offered by any installed plugin; known are "
        + ", ".join(sorted(KNOWN_PROCESSORS))
    ]
    assert len(refused(L1, node("l2", "magic"), node("l3", "l3_fake", {"candidates": "l2"}), L0)) == 1


def test_nodes_that_could_not_be_read_are_not_blamed_on_others():
    broken = {"id": "l2", "output": {"key": "found"}}
    after = node("l3", "l3_fake", {"candidates": "found"}), node("l4", "l4_fake", {"candidates": "l2"})
    assert refused(L1, broken, *after, {**L0, "requires": ["l2"]}) == ["nodes[1]: nodes[1]: 'processor' is missing"]
    assert refused(L1, {"id": "l2"}, L3, L0) == ["nodes[1]: nodes[1]: 'processor' is missing"]


def test_inputs_that_could_not_be_read_are_reported_once():
    assert refused(L1, L2, node("l3", "l3_fake", {"candidates": 5}), L0) == [
        "nodes[2].inputs.candidates: candidates: expected a mapping or a string or a list, got 5"
    ]


def test_a_processor_that_is_not_installed_may_have_ports_of_its_own_but_no_others():
    missing = node("l1", "l1_spacy", {"entities": "$input", "txets": "$input"})
    assert refused(missing, L2, L0) == [
        "nodes[0].processor: 'l1_spacy' is not installed; run: pip install glinker-spacy",
        "nodes[0].inputs.txets: unknown port 'txets'; did you mean 'texts'?",
    ]


def test_two_plugins_with_one_name_are_told_apart_by_plugin_and_name():
    plugins = fakes(rival=Rival())
    assert refused(plugins=plugins) == [
        "nodes[2].processor: 'l3_fake' is offered by several plugins, 'fakes' and 'rival'; "
        "write 'fakes:l3_fake' or 'rival:l3_fake', or disable all but one with GLINKER_DISABLE_PLUGINS"
    ]
    made = graph(L1, L2, node("l3", "rival:l3_fake"), L0, plugins=plugins)
    assert isinstance(made.node("l3").component, Templated)
    assert made.node("l3").offer.plugin == "rival"


@pytest.mark.parametrize(
    ("processor", "message"),
    [
        ("l1_misspelt", "'l1_misspelt' of plugin 'more' is broken: Declared has no method 'recognize'"),
        ("l1_function", "'l1_function' of plugin 'more' is broken: function is not an attrs class"),
        (
            "l3_wants",
            "'l3_wants' of plugin 'more' is broken: Wants wants arguments of 'link' that are no ports: language",
        ),
    ],
)
def test_a_component_that_cannot_be_what_it_says_is_a_problem_of_the_node(processor, message):
    assert refused(L1, L2, node("x", processor), L3, L0) == [f"nodes[2].processor: {message}"]


def test_templates_are_checked_wherever_they_stand():
    linker = {**node("l3", "l3_templated", template="{labl}"), "schema": {"template": "{descripton}"}}
    assert refused(L1, L2, linker, L0) == [
        "nodes[2].schema.template: template '{descripton}': no field 'descripton'; did you mean 'description'?",
        "nodes[2].config.template: 'template' stands here and in 'schema', and is not the same; write one of them",
        "nodes[2].config.template: template '{labl}': no field 'labl'; did you mean 'label'?",
    ]
    assert "expected a string, got 5" in refused(L1, L2, node("l3", "l3_templated", template=5), L0)[0]


# -- environment variables -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nodes",
    [
        (node("${SECRET}", "l1_fake"), node("${SECRET}", "l1_fake")),
        (node("l1", "${SECRET}"),),
        (node("l1", "l1_${SECRET}"),),
        (L1, node("l2", "l2_chain", layers=[{"type": "${SECRET}"}])),
        (L1, node("l2", "l2_chain", layers=[{"store": "${SECRET}"}])),
        (L1, node("l2", "l2_chain", layers=[{"type": "mapped", "config": {"port": "${SECRET}"}}])),
        (L1, node("l2", "l2_chain", layers=[{"type": "fake", "priority": "${SECRET}"}])),
        (L1, node("l2", "l2_chain", layers=[{"type": "mapped", "config": {"field_mapping": "${SECRET}"}}])),
        (L1, node("l2", "l2_chain", layers=FAKE, max_candidates="${MINUS}")),
        (L1, {**L2, "inputs": {"mentions": "${SECRET}"}}),
        (L1, {**L2, "inputs": {"mentions": {"source": "l1", "fields": "${SECRET}"}}}),
        (L1, {**L2, "requires": ["${SECRET}"]}),
        (L1, {**L2, "schema": {"template": "{${SECRET}}"}}),
        (L1, L2, node("l3", "l3_templated", template="{label} {${SECRET}}"), L0),
    ],
)
def test_no_problem_shows_the_value_of_a_variable(nodes, monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.setenv("MINUS", "-90210")
    problems = "\n".join(refused(*nodes))
    assert "hunter2" not in problems
    assert "90210" not in problems
    assert "${SECRET}" in problems or "${MINUS}" in problems


def test_every_value_that_a_component_refuses_is_said():
    assert refused_file("""\
nodes:
  - {id: l1, processor: l1_fake}
  - {id: l2, processor: l2_chain, config: {max_candidates: 0, min_popularity: -1, layers: [{type: fake}]}}
  - {id: l0, processor: l0_aggregator, config: {position_tolerance: -2, min_confidence: 7}}
""") == [
        "p.yaml:3:44: max_candidates must be at least 1, got 0",
        "p.yaml:3:63: min_popularity must not be negative, got -1.0",
        "p.yaml:4:49: position_tolerance must not be negative, got -2",
        "p.yaml:4:73: min_confidence must be from 0 to 1, got 7.0",
    ]
