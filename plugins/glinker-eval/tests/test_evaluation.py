"""One evaluation from end to end, every figure done by hand."""

import json
import sys

import pytest
from glinker_eval.counting import Counts, Scores
from glinker_eval.evaluation import Setup, evaluate
from glinker_eval.measures import Accuracy, Group
from glinker_eval.records import plain

from glinker_core.errors import InputError
from glinker_core.source import Source
from tests.fake_plugins import pipeline


def test_linking_end_to_end(measured):
    done = measured("el", "strong", "own")
    assert done.documents["d1"] == {
        "all": Counts(2, 0, 1), "in_kb": Counts(2, 0, 0), "nil": Counts(0, 0, 1), "gs_in_kb": Counts(2, 0, 0)
    }  # fmt: skip
    assert {scope: scores.counts for scope, scores in done.scores.items()} == {
        "all": Counts(3, 1, 3),
        "in_kb": Counts(3, 1, 1),
        "nil": Counts(0, 0, 2),
        "gs_in_kb": Counts(3, 1, 1),
    }
    assert done.scores["all"].micro == Scores(0.75, 0.5, 0.6)
    macro = done.scores["all"].macro
    assert macro.f1 == pytest.approx((0.8 + 2 / 3 + 0 + 1) / 4)
    assert (macro.precision, macro.recall) == (pytest.approx(3 / 4), pytest.approx((2 / 3 + 1 / 2 + 0 + 1) / 4))


def test_candidates_and_links_of_mentions(measured):
    done = measured("el", "strong", "own")
    assert done.recall == {
        "l2": {"1": 0.5, "5": 1.0, "10": 1.0, "30": 1.0, "all": 1.0},
        "final": {"1": 0.75, "5": 1.0, "10": 1.0, "30": 1.0, "all": 1.0},
    }
    assert done.found_by == {"l2": {"exact": 4}}
    assert done.accuracy == Accuracy(correct=3, retrieved=4, in_kb=4, linked=5)
    assert (done.accuracy.normalised, done.accuracy.unnormalised, done.accuracy.of_all) == (0.75, 0.75, 0.6)
    assert done.by_type == {"city": Group(3, 3, 3, 2), "town": Group(1, 1, 1, 1)}
    assert done.by_ambiguity == {"1": Group(1, 1, 1, 1), "2-5": Group(3, 3, 3, 2)}
    assert [(one.document, one.gold.text, one.answered) for one in done.found] == [
        ("d1", "Paris", True), ("d1", "Ulm", True), ("d1", "Bonn", False),
        ("d2", "Paris", True), ("d2", "Texas", False), ("d3", "Paris", False),
    ]  # fmt: skip


def test_errors_by_cause_and_what_each_stage_costs(measured):
    done = measured("el", "strong", "own")
    assert [(one.document, one.kind, one.text, one.wanted, one.given, one.cause, one.node) for one in done.errors] == [
        ("d1", "missed", "Bonn", (), None, "not_detected", "l1"),
        ("d2", "missed", "Texas", ("texas",), None, "not_detected", "l1"),
        ("d3", "missed", "Paris", ("tx",), "fr", "ranked_l3", "l3"),
        ("d3", "extra", "Paris", ("tx",), "fr", "ranked_l3", "l3"),
    ]
    assert done.causes == {
        "all": {"not_detected": Counts(fn=2), "ranked_l3": Counts(fp=1, fn=1)},
        "in_kb": {"ranked_l3": Counts(fp=1, fn=1)},
        "nil": {"not_detected": Counts(fn=2)},
    }
    assert [(step.stage, step.figures["all"], step.figures["accuracy"]) for step in done.ladder] == [
        ("own", 0.6, 0.6), ("l1", 5 / 6, 0.6), ("l2", 5 / 6, 0.6), ("l3", 1.0, 0.8), ("l0", 1.0, 0.8), ("kb", 1.0, 1.0),
    ]  # fmt: skip
    assert [step.gaps["all"] for step in done.ladder] == pytest.approx([0, 5 / 6 - 0.6, 0, 1 / 6, 0, 0])


def test_gaps_can_be_left_out(measured):
    assert measured("el", "strong", "own", gaps=False).ladder == ()


def test_what_is_replayed_is_no_part_of_what_was_measured_and_leaves_the_pipeline_as_it_was(loaded, standard):
    before = vars_of(loaded)
    plain_run, replayed = evaluate(loaded, standard, gaps=False), evaluate(loaded, standard)
    assert vars_of(loaded) == before
    assert (plain_run.scores, plain_run.counters) == (replayed.scores, replayed.counters)


def vars_of(executor):
    shown = executor.graph.node("l0").component
    return shown.return_all_candidates, shown.include_unlinked, shown.overlaps


def test_given_mentions(measured):
    done = measured("ed", "strong", "gold")
    assert {scope: scores.counts for scope, scores in done.scores.items()} == {
        "all": Counts(5, 1, 1),
        "in_kb": Counts(3, 1, 1),
        "nil": Counts(2, 0, 0),
        "gs_in_kb": Counts(3, 1, 1),
    }
    assert done.accuracy == Accuracy(3, 4, 4, 5)


def test_finding_mentions(measured):
    done = measured("md", "strong", "own")
    assert {scope: scores.counts for scope, scores in done.scores.items()} == {"all": Counts(4, 0, 2)}
    assert (done.accuracy, done.recall, done.by_ambiguity) == (None, {}, {})


def test_a_record_says_what_its_figures_depend_on(measured):
    done = measured("ed", "strong", "gold", pipeline_hash="abc", batch_size=2)
    record = json.loads(json.dumps(plain(done)))
    settings = record["settings"]
    assert (settings["task"], settings["match"], settings["mentions"]) == ("ed", "strong", "gold")
    assert (settings["pipeline"], settings["pipeline_hash"], settings["batch_size"]) == ("test", "abc", 2)
    assert settings["nodes"] == {"l1": "l1_external", "l2": "l2_chain", "l3": "l3_fake", "l0": "l0_aggregator"}
    assert (settings["kb_entities"], settings["gold"]) == (3, "gold.jsonl")
    assert settings["kb_revision"]
    assert settings["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["gold"] == {"documents": 4, "mentions": 6, "in_kb": 4, "absent": 1, "nil": 1, "optional": 0}
    assert record["scores"]["in_kb"]["counts"] == {"tp": 3, "fp": 1, "fn": 1}
    assert record["documents"]["d3"]["all"] == {"tp": 0, "fp": 1, "fn": 1}
    assert record["accuracy"]["of_all"] == 0.6
    assert record["speed"]["documents_per_second"] > 0
    assert record["findings"] == [
        {"what": "mentions of entities that the knowledge base has not", "count": 1, "kept": True,
         "places": ["document d2: 9:14 'Texas' means texas"]}
    ]  # fmt: skip
    assert record["failed"] == []


@pytest.mark.parametrize("setup", [("ed", "weak"), ("md", "strong", "gold")])
def test_what_does_not_go_together_is_refused(setup):
    with pytest.raises(InputError):
        Setup(*setup)


# -- the command ----------------------------------------------------------------------------------------------------


def test_the_command_prints_tables_and_writes_a_record(place, call):
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--json", "out.json")
    assert done.exit_code == 0, done.stderr
    assert "task el, strong match, own mentions" in done.stdout
    assert "4 documents, 6 mentions: 4 in the KB, 1 absent from it, 1 NIL" in done.stdout
    assert "InKB    0.750  0.750  0.750" in done.stdout
    assert "accuracy of links: 0.750 of 4 in the KB, 0.750 of 4 with the right candidate, 0.600 of 5" in done.stdout
    assert "mentions of entities that the knowledge base has not: 1\n  document d2: 9:14 'Texas'" in done.stderr
    assert "not detected          2       0        0        0  no mention was found there" in done.stdout
    assert "L1 finds the mentions            0.833  +0.233    0.750  +0.000     0.600  +0.000" in done.stdout
    record = json.loads((place / "out.json").read_text())
    assert record["scores"]["all"]["micro"]["f1"] == 0.6
    assert record["causes"]["in_kb"] == {"ranked_l3": {"tp": 0, "fp": 1, "fn": 1}}
    assert record["ladder"][1]["gaps"]["accuracy"] == 0.0
    assert record["errors"][3] == {
        "document": "d3", "kind": "extra", "start": 0, "end": 5, "text": "Paris", "wanted": ["tx"], "given": "fr",
        "cause": "ranked_l3", "node": "l3", "scopes": ["all", "in_kb"],
    }  # fmt: skip
    assert record["settings"]["pipeline_hash"] == Source(pipeline()).digest


def test_disambiguation_is_given_the_gold_mentions(place, call):
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--task", "ed")
    assert "task ed, strong match, gold mentions" in done.stdout
    assert "NIL     1.000  1.000  1.000" in done.stdout


def test_the_command_does_not_replay_where_no_gaps_are_wanted(place, call):
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--no-gaps")
    assert ("errors by cause" in done.stdout, "L1 finds the mentions" in done.stdout) == (True, False)


def test_everything_wrong_is_told_before_anything_is_scored(place, call):
    with (place / "gold.jsonl").open("ab") as stream:
        stream.write(b'{"id": "d1", "text": "", "mentions": []}\n{"text": "\xff"}\n')
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "missing.jsonl")
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "gold standard: 2 problems" in done.stderr
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--on-error", "skip")
    assert done.exit_code == 0
    assert "documents whose id stands there twice, left out: 1" in done.stderr
    assert "InKB    0.750  0.750  0.750" in done.stdout


def test_a_call_that_makes_no_sense_is_refused(place, call):
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--task", "md", "--mentions", "gold")
    assert (done.exit_code, "task md" in done.stderr) == (2, True)
    done = call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--json", "gold.jsonl")
    assert (done.exit_code, "is read here" in done.stderr) == (2, True)


def test_a_gold_standard_without_mentions_is_measured_by_what_is_found_too_much(place, call):
    (place / "none.jsonl").write_text('{"id": "d1", "text": "Paris and Ulm.", "mentions": []}\n')
    done = call("p.yaml", "--gold", "none.jsonl", "--kb", "kb.jsonl")
    assert done.exit_code == 0, done.stderr
    assert "InKB  0.000  0.000  0.000" in done.stdout
    assert "recall" not in done.stdout
    (place / "none.jsonl").write_text('{"id": "d1", "text": "Nothing.", "mentions": []}\n')
    assert "all  1.000  1.000  1.000" in call("p.yaml", "--gold", "none.jsonl", "--kb", "kb.jsonl").stdout
