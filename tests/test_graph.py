"""A pipeline becomes a graph: how nodes are wired and ordered, what settings they get, what is warned of."""

from itertools import permutations

from tests.fake_plugins import node
from tests.graphs import FAKE, L0, L1, L2, L3, LONG, file, graph, reads, refused

# -- what is wired -------------------------------------------------------------------------------------------------


def test_the_short_form_is_the_long_form():
    short, long = graph(L1, L2, L3, L0), graph(*LONG)
    assert [(n.id, n.key, n.processor, n.inputs, n.component) for n in short.nodes] == [
        (n.id, n.key, n.processor, n.inputs, n.component) for n in long.nodes
    ]
    assert (short.store_specs, short.stores) == (long.store_specs, long.stores)
    assert short.warnings == long.warnings == ()


def test_order_is_irrelevant_when_inputs_are_written_out():
    expected = graph(*LONG)
    for nodes in permutations(LONG):
        found = graph(*nodes)
        assert [n.id for n in found.nodes] == ["l1", "l2", "l3", "l0"]
        assert {n.id: reads(found, n.id) for n in found.nodes} == {n.id: reads(expected, n.id) for n in expected.nodes}
        assert found.warnings == ()


def test_a_node_is_read_by_its_id_or_by_its_output_key():
    renamed = {**L1, "output": {"key": "found"}}
    for source in ("l1", "found"):
        made = graph(renamed, node("l2", "l2_chain", {"mentions": source}, layers=FAKE), L0)
        assert reads(made, "l2")["mentions"] == ["l1"]
        assert made.node("l1").key == "found"


def test_a_list_of_inputs_is_merged_and_each_is_read_once():
    nodes = (
        node("a", "l1_fake"), node("b", "l1_external"),
        node("l2", "l2_chain", {"mentions": ["a", {"source": "b_result"}, "a_result", "$input"]}, layers=FAKE),
        node("l0", "l0_aggregator", {"mentions": ["a", "b"], "candidates": ["l2"]}),
    )  # fmt: skip
    made = graph(*nodes)
    assert reads(made, "l2")["mentions"] == ["a", "b", "$input.entities"]
    assert reads(made, "l0") == {"texts": ["$input.texts"], "mentions": ["a", "b"], "candidates": ["l2"]}
    assert made.warnings == ()


def test_requires_orders_nodes_that_read_nothing_of_each_other():
    first, second = {**node("a", "l1_fake"), "requires": ["b_result"]}, node("b", "l1_external")
    last = node("l2", "l2_chain", {"mentions": ["a", "b"]}, layers=FAKE)
    assert [n.id for n in graph(first, second, last, L0).nodes][:2] == ["b", "a"]


def test_what_a_gate_holds_back_reaches_the_output_past_the_nodes_behind_it():
    made = graph(L1, L2, node("gate", "gate_uncertain"), L3, L0)
    assert reads(made, "gate")["candidates"] == ["l2"]
    assert reads(made, "l3")["candidates"] == ["gate"]
    assert reads(made, "l0")["candidates"] == ["l2", "l3"]
    assert made.warnings == ()


def test_a_gate_above_all_candidates_is_refused():
    assert refused(L1, node("gate", "gate_uncertain"), L2, L0) == [
        "nodes[1]: 'gate': nothing above makes candidates; add an l2 node before it"
    ]


def test_a_port_of_its_own_may_stay_unconnected():
    assert reads(graph(L1, L2, node("l3", "l3_odd"), L0), "l3") == {
        "texts": ["$input.texts"],
        "candidates": ["l2"],
        "language": [],
    }


def test_a_graph_knows_its_nodes_and_its_name():
    made = graph(name="mine")
    assert made.name == "mine"
    assert made.node("l3").processor == "l3_fake"
    assert [n.layer.name for n in made.nodes] == ["recognizer", "retriever", "linker", "aggregator"]


# -- settings and templates ----------------------------------------------------------------------------------------


def test_settings_may_have_the_names_of_the_other_dialect_and_keep_their_places():
    made = graph(node("l1", "l1_model", model="x", huggingface_token="t"), L2, L0)
    assert (made.node("l1").component.model_name, made.node("l1").component.token) == ("x", "t")
    assert refused(node("l1", "l1_model", model=5, model_name="x"), L2, L0) == [
        "nodes[0].config.model: model: expected a string, got 5",
        "nodes[0].config.model_name: 'model_name' and 'model' are the same setting; write one of them",
    ]


def test_a_template_of_the_schema_or_of_the_config_reaches_the_component():
    for written in ({"schema": {"template": "{label}!"}}, {"config": {"template": "{label}!"}},
                    {"schema": {"template": "{label}!"}, "config": {"template": "{label}!"}}):  # fmt: skip
        made = graph(L1, L2, {**node("l3", "l3_templated"), **written}, L0)
        assert made.node("l3").component.template == "{label}!"
    assert graph(L1, L2, {**L3, "schema": {"template": "{label}!"}}, L0).warnings == ()


# -- what is warned of ---------------------------------------------------------------------------------------------


def test_a_node_that_nothing_reads_is_a_warning():
    made = file("""\
nodes:
  - {id: lost, processor: l1_external}
  - {id: l1, processor: l1_fake}
  - {id: l2, processor: l2_chain, config: {layers: [{type: fake}]}}
  - {id: l0, processor: l0_aggregator}
  - {id: after, processor: l3_fake}
""")
    assert made.warnings[0] == "p.yaml:2:5: nothing reads node 'lost'; its work is lost"
    assert len(made.warnings) == (1 if made.nodes[-1].id == "after" else 2)


def test_the_last_node_of_a_pipeline_without_output_is_its_output():
    assert graph(L1, L2).warnings == ()
    assert graph(LONG[1], LONG[0]).warnings == ()


def test_mentions_that_the_candidates_do_not_have_are_a_warning():
    linker = node("l3", "l3_fake", {"candidates": "l2", "l1_entities": "l1"})
    assert graph(L1, L2, linker, L0).warnings == ()
    made = graph(L2, node("l3", "l3_fake", {"candidates": "l2", "entities": "$input"}), L0)
    assert made.warnings == (
        "nodes[1].inputs.entities: 'l3' takes its mentions from its candidates; 'entities' has no effect",
    )


def test_what_a_component_finds_odd_is_a_warning_without_values_of_variables(monkeypatch):
    monkeypatch.setenv("EDITS", "4711")
    layers = [{"type": "fake", "fuzzy": {"max_distance": "${EDITS}"}}]
    (warning,) = graph(L1, node("l2", "l2_chain", layers=layers), L0).warnings
    assert warning.startswith("nodes[1]: l2: layer 'fake': max_distance ${EDITS} is more than ")
