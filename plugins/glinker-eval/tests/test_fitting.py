import json
from pathlib import Path

import numpy as np
import pytest
from glinker_eval.choices import Choice
from glinker_eval.fitting import fit_choices
from glinker_eval.observing import Weighting, weighted_node, weighting
from typer.testing import CliRunner

from glinker_core.builtin.aggregator import ThresholdAggregator
from glinker_core.cli import app
from glinker_core.errors import DataError, InputError
from glinker_core.source import parse

KINDS = {"river": ("flood", "boat"), "city": ("mayor", "tram"), "team": ("coach", "goal")}
NODES = """\
  - {id: l1, processor: l1_gazetteer}
  - {id: l2, processor: l2_chain, config: {layers: [{type: dict}]}}
"""
COMBINING = f"""\
# names and sense
nodes:
{NODES}\
  - {{id: l3, processor: l3_lexical}}
  - id: l4
    processor: l4_combine
    config:
      weights: {{prior: 1.0, overlap: 0.0, bias: 0.0}}   # to be learnt
  - {{id: l0, processor: l0_aggregator, config: {{calibration: {{temperature: 2.0}}}}}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Names that a river, a city and a team share; texts in which one word says which is meant."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(4)
    with Path("kb.jsonl").open("w") as kb, Path("gold.jsonl").open("w") as gold:
        for number in range(8):
            for rank, (kind, words) in enumerate(KINDS.items()):
                entity = {"entity_id": f"{kind}{number}", "label": f"Axo{number}", "popularity": 10**rank}
                kb.write(json.dumps({**entity, "description": f"with {' '.join(words)}", "entity_type": kind}) + "\n")
        for number in range(50):
            which, kind = int(rng.integers(8)), str(rng.choice(list(KINDS)))
            text = f"Axo{which}, {rng.choice(KINDS[kind])} and all"
            mention = {"start": 0, "end": 4, "text": text[:4], "entity_id": f"{kind}{which}"}
            gold.write(json.dumps({"id": f"d{number}", "text": text, "mentions": [mention]}) + "\n")
    (tmp_path / "pipe.yaml").write_text(COMBINING)
    return tmp_path


def glinker(*args):
    return CliRunner().invoke(app, list(args), prog_name="glinker", catch_exceptions=False)


def test_fit_writes_weights_that_are_better_and_leaves_the_rest(place):
    done = glinker("fit", "pipe.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "-o", "new.yaml")
    assert done.exit_code == 0
    assert "50 documents, 50 mentions, 50 with an entity of the knowledge base" in done.stdout
    assert "calibration removed" in done.stderr
    text = (place / "new.yaml").read_text()
    old, new = parse(COMBINING).data, parse(text).data
    weights = new["nodes"][3]["config"]["weights"]
    assert weights["overlap"] > 3
    assert list(weights) == ["prior", "overlap", "bias"]
    assert "# names and sense" in text
    assert "   # to be learnt" in text
    assert (new["nodes"][:3], new["nodes"][4]["config"]) == (old["nodes"][:3], {"calibration": None})
    assert (place / "pipe.yaml").read_text() == COMBINING
    right = glinker("eval", "new.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--task", "ed", "--json", "e.json")
    assert right.exit_code == 0


def test_fit_refuses_weights_that_do_not_beat_the_old_ones(place):
    written = COMBINING
    for _ in range(6):  # each time from where the last one came to
        done = glinker("fit", "pipe.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl")
        if done.exit_code:
            break
        written = (place / "pipe.yaml").read_text()
    assert done.exit_code == 1
    assert "the weights of node 'l4' are not beaten; nothing is written" in done.stderr
    assert (place / "pipe.yaml").read_text() == written


def test_fit_learns_the_weights_of_the_lexical_linker_where_nothing_combines(place):
    linker = "  - {id: l3, processor: l3_lexical, config: {weights: {prior: 9}}}\n"
    nodes = f"nodes:\n{NODES}{linker}  - {{id: l0, processor: l0_aggregator}}\n"
    (place / "pipe.yaml").write_text(nodes)
    done = glinker("fit", "pipe.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl")
    assert done.exit_code == 0, done.stderr
    weights = parse((place / "pipe.yaml").read_text()).data["nodes"][2]["config"]["weights"]
    assert weights["prior"] < 9
    assert "bias" in weights


def test_calibrate_writes_a_curve_and_the_threshold_of_an_error(place):
    config = ("--gold", "gold.jsonl", "--kb", "kb.jsonl")
    assert glinker("fit", "pipe.yaml", *config).exit_code == 0
    done = glinker("calibrate", "pipe.yaml", *config, "--max-error", "0.5", "-o", "new.yaml")
    assert done.exit_code == 0, done.stderr
    assert "15 bins of equal width" in done.stdout
    config = parse((place / "new.yaml").read_text()).data["nodes"][4]["config"]
    assert config["max_error"]["error"] == 0.5
    assert config["max_error"]["documents"] == 50
    assert 0 < config["max_error"]["threshold"] < 1
    assert glinker("check", "new.yaml").exit_code == 0


def test_an_error_that_no_threshold_keeps_is_refused_and_nothing_written(place):
    done = glinker("calibrate", "pipe.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--max-error", "0.01")
    assert done.exit_code == 1
    assert "no score keeps the share of wrong links below 0.01" in done.stderr
    assert (place / "pipe.yaml").read_text() == COMBINING


def test_a_pipeline_without_weights_is_told_what_to_add(place):
    (place / "pipe.yaml").write_text(f"nodes:\n{NODES}  - {{id: l0, processor: l0_aggregator}}\n")
    done = glinker("fit", "pipe.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl")
    assert done.exit_code == 2
    assert "no node of this pipeline has weights; add one with processor l4_combine before l0" in done.stderr


def chosen(count, right, seed=1):
    rng = np.random.default_rng(seed)
    rows = [tuple({"a": float(rng.uniform())} for _ in range(4)) for _ in range(count)]
    return [Choice(f"d{at // 4}", values, (0.5,) * 4, right(values, rng), True) for at, values in enumerate(rows)]


def test_labels_by_chance_teach_nothing_but_by_rare_luck():
    taken = 0
    for seed in range(10):
        found = chosen(80, lambda values, rng: (int(rng.integers(4)),), seed)
        taken += fit_choices(found, Weighting({}, {}, 0.5)).better
    assert taken <= 1  # one in twenty is expected


def test_all_values_are_weighed_where_no_weight_is_given_and_idle_ones_left_out():
    found = [
        Choice(c.document, tuple({**v, "same": 1.0} for v in c.values), c.scores, c.right, True)
        for c in chosen(240, lambda values, rng: (max(range(4), key=lambda at: values[at]["a"]),))
    ]
    made = fit_choices(found, Weighting({}, {}, 0.5))
    assert made.better
    assert list(made.new.weights) == ["a", "bias"]
    assert made.accuracy.after > 0.9 > 0.5 > made.accuracy.before
    assert made.accuracy.low > 0.4
    assert made.facts.unreachable == 0


def test_scores_that_are_not_the_weighted_sum_are_refused():
    found = chosen(8, lambda values, rng: (0,))
    with pytest.raises(InputError, match="its scores are not the logistic sum of a and bias"):
        fit_choices(found, Weighting({"a": 1.0, "bias": 0.0}, None, 0.5))


def test_gold_from_which_nothing_can_be_learnt_is_an_error():
    with pytest.raises(DataError, match="2 documents, 0 mentions with a right candidate"):
        fit_choices(chosen(8, lambda values, rng: ()), Weighting({}, {}, 0.5))


def test_the_threshold_of_the_component_is_where_its_links_begin():
    found = chosen(240, lambda values, rng: (max(range(4), key=lambda at: values[at]["a"]),))
    low, high = (fit_choices(found, Weighting({}, {}, threshold)) for threshold in (0.5, 0.9))
    assert low.better
    apart = high.new.weights["bias"] - low.new.weights["bias"]
    assert apart == pytest.approx(np.log(9), abs=0.5)  # it is drawn to the old bias


def test_what_has_weights_is_told_by_its_settings():
    assert weighting(ThresholdAggregator()) is None
    with pytest.raises(InputError):
        weighted_node([])
