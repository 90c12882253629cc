from itertools import pairwise, permutations

import pytest
from attrs import define

from glinker_core import ConfigError
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.source import Source, parse
from glinker_core.testing.fakes import FakeLinker, FakeRecognizer
from tests.fake_plugins import fakes, node, pipeline


@define
class Templated(FakeLinker):
    template: str = "{label}"


@define
class Modelled(FakeRecognizer):
    model_name: str = "none"
    token: str | None = None


@define
class Odd:
    """Has a port of its own that may stay unconnected."""

    def link(self, texts, candidates, language="en"):
        return candidates


@define
class Declared:
    """A component whose class breaks the rules."""

    def recognise(self, texts):
        return [() for _ in texts]


@define
class Wants:
    def link(self, texts, candidates, language):
        return candidates


def function(texts):
    return texts


class More:
    @hookimpl
    def glinker_recognizers(self):
        yield Component("l1_model", f"{__name__}:Modelled", "has a model")
        yield Component("l1_misspelt", f"{__name__}:Declared", "has no recognize")
        yield Component("l1_function", f"{__name__}:function", "is no class")

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_templated", f"{__name__}:Templated", "has a template")
        yield Component("l3_odd", f"{__name__}:Odd", "has a port of its own")
        yield Component("l3_wants", f"{__name__}:Wants", "wants what nobody gives")


class Rival:
    """Offers a name that another plugin offers too."""

    @hookimpl
    def glinker_linkers(self):
        yield Component("l3_fake", f"{__name__}:Templated", "the same name")


KNOWN_PROCESSORS = [
    "gate_uncertain", "l0_aggregator", "l1_external", "l1_fake", "l1_function", "l1_misspelt", "l1_model", "l2_chain",
    "l3_fake", "l3_odd", "l3_templated", "l3_wants", "l4_fake",
]  # fmt: skip

FAKE = [{"type": "fake"}]


def graph(*nodes, plugins=None, **rest):
    return build(Source(pipeline(*nodes, **rest)), plugins or fakes(more=More()))


def refused(*nodes, plugins=None, **rest):
    with pytest.raises(ConfigError) as caught:
        graph(*nodes, plugins=plugins, **rest)
    return [str(problem) for problem in caught.value.problems]


def file(text):
    return build(parse(text, "p.yaml"), fakes(more=More()))


def refused_file(text):
    with pytest.raises(ConfigError) as caught:
        file(text)
    return [str(problem) for problem in caught.value.problems]


def reads(graph, node_id):
    inputs = graph.node(node_id).inputs
    return {port: [ref.node or f"$input.{ref.kind}" for ref in refs] for port, refs in inputs.items()}


L1, L2, L3, L0 = (
    node("l1", "l1_fake"),
    node("l2", "l2_chain", layers=FAKE),
    node("l3", "l3_fake"),
    node("l0", "l0_aggregator"),
)
LONG = (
    node("l1", "l1_fake", {"texts": {"source": "$input", "fields": "texts"}}),
    node(
        "l2",
        "l2_chain",
        {"texts": "$input", "mentions": {"source": "l1_result", "fields": "entities"}},
        layers=FAKE,
    ),
    node("l3", "l3_fake", {"texts": "$input", "candidates": {"source": "l2_result", "fields": "candidates"}}),
    node("l0", "l0_aggregator", {"texts": "$input", "mentions": "l1_result", "candidates": {"source": "l3_result"}}),
)


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


# -- what is refused -----------------------------------------------------------------------------------------------


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


# -- settings, templates, stores -----------------------------------------------------------------------------------


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


def test_templates_are_checked_wherever_they_stand():
    linker = {**node("l3", "l3_templated", template="{labl}"), "schema": {"template": "{descripton}"}}
    assert refused(L1, L2, linker, L0) == [
        "nodes[2].schema.template: template '{descripton}': no field 'descripton'; did you mean 'description'?",
        "nodes[2].config.template: 'template' stands here and in 'schema', and is not the same; write one of them",
        "nodes[2].config.template: template '{labl}': no field 'labl'; did you mean 'label'?",
    ]
    assert "expected a string, got 5" in refused(L1, L2, node("l3", "l3_templated", template=5), L0)[0]


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
