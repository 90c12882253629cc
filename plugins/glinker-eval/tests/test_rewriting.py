import pytest
from glinker_eval.rewriting import with_settings

from glinker_core.source import parse

FILE = """\
# where it comes from
name: places
nodes:
  - {id: l1, processor: l1_external}   # short
  - id: l3
    processor: l3_lexical   # no config
  - id: l4
    processor: l4_combine
    config:
      weights:              # of the old days
        l3: 1.0
        bias: -1
      # between
      threshold: 0.5        # half
  - id: l0
    processor: l0_aggregator
    config: {min_confidence: 0.1}
"""


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (("nodes", 0, "config", "x"), 1, "  - {id: l1, processor: l1_external, config: {x: 1}}   # short\n"),
        (("nodes", 1, "config", "weights"), {"a": 1.5}, "    config: {weights: {a: 1.5}}\n"),
        (
            ("nodes", 2, "config", "weights"),
            {"l3": 2.0, "no": 1},
            "      weights: {l3: 2.0, 'no': 1}\n      # between\n",
        ),
        (("nodes", 2, "config", "threshold"), 0.25, "      threshold: 0.25        # half\n"),
        (("nodes", 2, "config", "missing"), {"l3": -1.0}, "# half\n      missing: {l3: -1.0}\n  - id: l0"),
        (("nodes", 3, "config", "calibration"), None, "    config: {min_confidence: 0.1, calibration: null}\n"),
    ],
)
def test_a_setting_is_written_and_all_else_stays(place, value, line):
    changed, commented = with_settings(FILE, {place: value})
    assert commented
    assert line in changed
    assert "# where it comes from\n" in changed
    data = parse(FILE).data
    where = data
    for step in place[:-1]:
        where = where.setdefault(step, {}) if isinstance(step, str) else where[step]
    where[place[-1]] = value
    assert parse(changed).data == data


def test_several_settings_are_written_one_after_the_other():
    places = ("nodes", 3, "config", "calibration"), ("nodes", 3, "config", "max_error")
    changed, commented = with_settings(FILE, {place: {"a": 1} for place in places})
    assert commented
    assert "config: {min_confidence: 0.1, calibration: {a: 1}, max_error: {a: 1}}" in changed


def test_a_file_without_an_end_of_line_and_an_empty_config_are_no_matter():
    for text in ("nodes:\n  - id: l0\n    config:", "nodes:\n  - id: l0\n    config: {}", "nodes: [{id: l0}]"):
        changed, _ = with_settings(text, {("nodes", 0, "config", "a"): [[0.1, 0.2]]})
        assert parse(changed).data == {"nodes": [{"id": "l0", "config": {"a": [[0.1, 0.2]]}}]}


def test_where_an_anchor_is_in_the_way_comments_are_lost_and_it_is_said():
    text = "# lost\nboth: &both {a: 1}\nnodes:\n  - {id: l3, config: *both}\n"
    changed, commented = with_settings(text, {("nodes", 0, "config", "a"): 2})
    assert not commented
    assert parse(changed).data == {"both": {"a": 1}, "nodes": [{"id": "l3", "config": {"a": 2}}]}
