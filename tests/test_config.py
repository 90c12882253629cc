import pytest

from glinker_core.config import TEMPLATE_FIELDS, InputSpec, SharedStoreSpec, read_spec, template_faults
from glinker_core.source import Source, parse


def draft(text):
    return read_spec(parse(text, "p.yaml"))


def problems(text):
    return [str(problem) for problem in draft(text).problems]


def node(text):
    """The specification of a single node, and the problems with it."""
    read = draft(f"nodes:\n- {text}\n")
    return (read.nodes[0].spec if read.nodes else None), [problem.message for problem in read.problems]


def test_the_long_form_is_read():
    read = draft("""
name: bio
description: with everything
stores:
  kb: {type: sqlite, config: {path: "${KB}"}, field_mapping: {label: title}, write: false}
nodes:
  - id: l2
    processor: l2_chain
    inputs:
      texts: {source: $input, fields: texts}
      mentions: [l1, {source: extra, fields: entities}]
    output: {key: found}
    requires: [warmup]
    schema: {template: "{label}: {description}"}
    config: {layers: [{type: redis}]}
""")
    assert read.problems == []
    assert (read.name, read.description) == ("bio", "with everything")
    assert read.stores == {"kb": SharedStoreSpec("sqlite", {"path": "${KB}"}, {"label": "title"}, False)}
    (placed,) = read.nodes
    spec = placed.spec
    assert (spec.id, spec.processor, spec.key, spec.requires) == ("l2", "l2_chain", "found", ("warmup",))
    assert spec.inputs["mentions"] == ("l1", InputSpec("extra", "entities"))
    assert spec.inputs["texts"] == InputSpec("$input", "texts")
    assert spec.schema.template == "{label}: {description}"
    assert spec.config == {"layers": [{"type": "redis"}]}
    assert placed.where == ("nodes", 0)


def test_the_short_form_leaves_out_what_has_a_default():
    spec, wrong = node("{id: l1, processor: l1_x}")
    assert wrong == []
    assert (spec.key, spec.inputs, spec.requires, spec.schema, spec.config) == ("l1_result", {}, (), None, {})


@pytest.mark.parametrize("key", ["inputs", "output", "requires", "schema", "config"])
def test_a_key_with_nothing_behind_it_is_as_if_left_out(key):
    assert node(f"{{id: l1, processor: l1_x, {key}: }}") == node("{id: l1, processor: l1_x}")


def test_stores_with_nothing_behind_them_are_none():
    assert draft("stores:\nnodes: [{id: a, processor: b}]").problems == []


@pytest.mark.parametrize("key", ["id", "processor", "condition", "foo", "reshape"])
def test_any_other_key_with_nothing_behind_it_is_refused(key):
    (wrong,) = node(f"{{{'' if key == 'id' else 'id: l1, '}{'' if key == 'processor' else 'processor: p, '}{key}: }}")[
        1
    ]
    assert key in wrong or "gate nodes" in wrong


@pytest.mark.parametrize("value", ["[]", "''", "0", "false", "[a]", "x"])
def test_a_config_that_is_no_mapping_is_refused_even_when_it_is_empty(value):
    assert node(f"{{id: l1, processor: p, config: {value}}}")[1][0].startswith("config: expected a mapping, got ")


@pytest.mark.parametrize("text", ["", "[]", "x", "name: y", "nodes:", "nodes: []", "nodes: {a: b}", "nodes: x", "3"])
def test_what_is_no_pipeline_is_said_to_be_none(text):
    assert problems(text) == ["p.yaml:1:1: a pipeline is a mapping with a list 'nodes'; see 'glinker init'"]


def test_the_rest_of_a_file_without_nodes_is_checked_too():
    assert [line.partition(": ")[2] for line in problems("nam: x\nnodes: []")] == [
        "a pipeline is a mapping with a list 'nodes'; see 'glinker init'",
        "unknown key 'nam'; did you mean 'name'?",
    ]


def test_everything_that_is_wrong_is_said_with_its_place():
    found = problems(
        "nmae: x\n"
        "stores: {kb: {typ: sqlite}}\n"
        "nodes:\n"
        "  - just text\n"
        "  - {id: a, processr: l1_x}\n"
        "  - {id: 5, processor: l1_x}\n"
        "  - {id: b, processor: p, inputs: {texts: {sorce: l1}}, output: l1, requires: l1}\n"
        "  - {id: c, processor: p, inputs: {texts: 5}}\n"
        "  - id: d\n"
        "    processor: p\n"
        "    condition: 'False'\n"
        "    schema: {template: '{labl}'}\n"
    )
    assert found == [
        "p.yaml:1:1: unknown key 'nmae'; did you mean 'name'?",
        "p.yaml:2:15: unknown key 'typ'; did you mean 'type'?",
        "p.yaml:2:10: stores.kb: 'type' is missing",
        "p.yaml:4:5: a node is a mapping with 'id' and 'processor', got 'just text'",
        "p.yaml:5:13: unknown key 'processr'; did you mean 'processor'?",
        "p.yaml:5:5: nodes[1]: 'processor' is missing",
        "p.yaml:6:6: id: expected a string, got 5",
        "p.yaml:7:44: unknown key 'sorce'; did you mean 'source'?",
        "p.yaml:7:36: nodes[3].inputs.texts: 'source' is missing",
        "p.yaml:7:57: output: expected a mapping or nothing, got 'l1'",
        "p.yaml:7:69: requires: expected a list, got 'l1'",
        "p.yaml:8:36: texts: expected a mapping or a string or a list, got 5",
        "p.yaml:11:5: conditions are gate nodes, not expressions; see 'glinker plugins' for the gates",
        "p.yaml:12:14: template '{labl}': no field 'labl'; did you mean 'label'?",
    ]


def test_defect_g_a_condition_is_refused_rather_than_ignored():
    for written in ("'False'", "false", "'{{ l1 }}'", "null"):
        spec, wrong = node(f"{{id: l1, processor: p, condition: {written}}}")
        assert wrong == ["conditions are gate nodes, not expressions; see 'glinker plugins' for the gates"]
        assert spec is not None


def test_defect_g_reshape_is_refused_rather_than_ignored():
    _, wrong = node("{id: l1, processor: p, inputs: {texts: {source: $input, reshape: flatten}}}")
    assert wrong == ["unknown key 'reshape'; known are fields, source"]


def test_nodes_that_could_be_read_in_part_are_kept_and_marked():
    read = draft("nodes: [{id: a, processor: p, requires: x}, {id: b, processor: p}]")
    assert [(placed.spec.id, placed.whole) for placed in read.nodes] == [("a", False), ("b", True)]


def test_the_names_of_nodes_that_could_not_be_read_are_known():
    read = draft("nodes: [{id: a}, {id: b, output: {key: c}}, {output: {key: d}}, {id: [x]}, 5, {id: e, output: x}]")
    assert read.nodes == ()
    assert read.lost >= {"a", "a_result", "b", "b_result", "c", "d", "e", "e_result"}
    assert all(isinstance(name, str) for name in read.lost)


def test_plain_data_are_placed_by_their_path():
    read = read_spec(Source({"nodes": [{"id": "a", "processor": "p", "conf": {}}]}))
    assert [str(problem) for problem in read.problems] == ["nodes[0].conf: unknown key 'conf'; did you mean 'config'?"]


# -- templates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template",
    ["{label}", "{label}: {description}", "", "plain", "{{literal}} {label}", "{label!r:>20}", "{popularity:.0f}",
     "{aliases}", "{entity_id}{entity_type}"],
)  # fmt: skip
def test_a_template_names_fields_of_an_entity(template):
    assert list(template_faults(template)) == []


def test_all_fields_but_metadata_may_be_named():
    assert set(TEMPLATE_FIELDS) == {"entity_id", "label", "aliases", "description", "entity_type", "popularity"}


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("{labl}", "no field 'labl'; did you mean 'label'?"),
        ("{}", "no field ''; known are aliases, "),
        ("{0}", "no field '0'; known are aliases, "),
        ("{label.__class__}", "no field 'label.__class__'"),
        ("{label[0]}", "no field 'label[0]'"),
        ("{metadata}", "no field 'metadata'"),
        ("{label", "expected '}'"),
        ("label}", "Single '}'"),
        ("{label!x}", "x"),
        ("{label:d}", "Unknown format code 'd'"),
        ("{aliases:>9}", "unsupported format string"),
        ("{label:{width}}", "width"),
    ],
)
def test_a_template_that_could_not_be_filled_is_refused(template, fault):
    (found,) = template_faults(template)
    assert fault in found


def test_every_unknown_field_of_a_template_is_told_once():
    assert len(list(template_faults("{a} {b} {a} {label}"))) == 2


# -- environment variables -----------------------------------------------------------------------------------------


def test_a_specification_may_read_the_environment_and_messages_do_not_show_it(monkeypatch):
    monkeypatch.setenv("SECRET", "hunter2")
    spec, wrong = node(
        "{id: '${SECRET}', processor: 'l3_${SECRET}', config: {a: '${SECRET}'}, schema: {template: '{${SECRET}}'}}"
    )
    assert (spec.id, spec.processor, spec.config) == ("hunter2", "l3_hunter2", {"a": "${SECRET}"})
    assert wrong == [
        "template '{${SECRET}}': no field '${SECRET}'; known are " + ", ".join(sorted(TEMPLATE_FIELDS)),
    ]


def test_the_settings_of_a_shared_store_stay_as_they_are_written(monkeypatch):
    monkeypatch.delenv("UNSET", raising=False)
    read = draft("stores: {kb: {type: x, config: {password: '${UNSET}'}}}\nnodes: [{id: a, processor: p}]")
    assert read.problems == []
    assert read.stores["kb"].config == {"password": "${UNSET}"}
