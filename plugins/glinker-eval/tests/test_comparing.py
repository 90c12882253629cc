"""Two evaluations side by side: paired intervals, what is refused, and the command."""

import json
from collections import Counter

import numpy as np
import pytest
from attrs import evolve
from glinker_eval.comparing import Changed, Tally, compare
from glinker_eval.counting import Counts
from glinker_eval.records import Answer, Record, read_record, record_of
from glinker_eval.resampling import DRAWS, Interval, Quotient, draws, interval, intervals, quotients

from glinker_core.errors import DataError

SETTINGS = {"task": "el", "match": "strong", "gold_hash": "abc", "nodes": {"l3": "l3_lexical"}, "batch_size": 32}


def record(name, *counts, answers=(), **settings):
    documents = {f"d{n}": {"all": one} for n, one in enumerate(counts)}
    return Record(name, {**SETTINGS, **settings}, documents, tuple(answers))


def answer(document, right, ranks=(1,), in_kb=True):
    sources = dict(zip(("l2", "final"), ranks, strict=False))
    return Answer(document, 0, 3, "Ulm", ("ulm",), in_kb, True, "ulm", right, sources)


def test_measures_are_quotients_of_sums_over_documents():
    answers = [answer("d0", True, (2, 1)), answer("d0", False, (40, None)), answer("d1", False, (None, None))]
    answers += [answer("d1", True, (None, None), in_kb=False)]
    made = quotients(record("a", Counts(2, 1, 1), Counts(0, 0, 2), answers=answers))
    assert {name: round(one.value, 4) for name, one in made.items()} == {
        "micro F1, all": round(4 / 8, 4),
        "macro F1, all": round(4 / 6 / 2, 4),
        "accuracy": round(1 / 3, 4),
        "accuracy, normalised": 0.5,
        "recall@1, l2": 0.0,
        "recall@5, l2": round(1 / 3, 4),
        "recall@10, l2": round(1 / 3, 4),
        "recall@30, l2": round(1 / 3, 4),
        "recall@all, l2": round(2 / 3, 4),
        **{f"recall@{depth}, final": round(1 / 3, 4) for depth in ("1", "5", "10", "30", "all")},
    }


def test_what_is_measured_anew_is_what_was_measured(measured):
    done = measured("el", "strong", "own")
    made = {name: one.value for name, one in quotients(record_of(done)).items()}
    assert made["micro F1, InKB"] == pytest.approx(done.scores["in_kb"].micro.f1)
    assert made["macro F1, NIL"] == pytest.approx(done.scores["nil"].macro.f1)
    assert made["accuracy"] == done.accuracy.unnormalised
    assert made["accuracy, normalised"] == done.accuracy.normalised
    shares = {(source, at): share for source, by in done.recall.items() for at, share in by.items()}
    assert shares == {(source, at): made[f"recall@{at}, {source}"] for source, at in shares}


def test_draws_of_two_documents_are_those_of_two_coins():
    made = quotients(record("a", Counts(1, 0, 0), Counts(0, 1, 1)))
    seen = Counter(draws([made["micro F1, all"]])[:, 0].tolist())
    assert seen.keys() == {0.0, 0.5, 1.0}
    assert abs(seen[0.5] / DRAWS - 0.5) < 0.05
    assert abs(seen[1.0] / DRAWS - 0.25) < 0.05
    assert intervals(made)["micro F1, all"] == Interval(0.0, 1.0)


def test_an_interval_leaves_out_the_same_share_on_either_side():
    assert interval(np.arange(1001.0)) == Interval(pytest.approx(25), pytest.approx(975))
    assert interval(np.array([np.nan, 0.5])) == Interval(0.5, 0.5)
    assert interval(np.array([np.nan])) is None


def test_a_draw_without_anything_to_divide_by_is_not_defined_or_perfect():
    parts = np.array([1.0, 0.0])
    shares = draws([Quotient(parts, parts), Quotient(parts, parts, 1.0)])
    assert np.isnan(shares[:, 0]).any()
    assert set(shares[:, 1]) == {1.0}


def test_documents_are_drawn_for_both_at_once():
    """Alone each F1 may be anything; their difference is always the same."""
    first = [Counts(0, 10, 10), Counts(8, 2, 2)] * 10
    second = [Counts(1, 9, 9), Counts(9, 1, 1)] * 10
    alone = intervals(quotients(record("a", *first)))["micro F1, all"]
    assert alone.high - alone.low > 0.2
    found = compare(record("a", *first), record("b", *second)).measures["micro F1, all"]
    assert (found.first, found.second, found.better, found.equal) == (0.4, 0.5, 1.0, 0.0)
    assert found.difference == pytest.approx(0.1)
    assert (found.interval.low, found.interval.high) == (pytest.approx(0.1), pytest.approx(0.1))


def test_an_evaluation_is_like_itself():
    same = record("a", Counts(1, 2, 3), Counts(3, 0, 0))
    done = compare(same, evolve(same, name="b"))
    assert {(one.difference, one.interval, one.better, one.equal) for one in done.measures.values()} == {
        (0.0, Interval(0.0, 0.0), 0.0, 1.0)
    }
    assert (done.settings, done.changed, done.differing) == ({}, (), 0)


def test_what_differs_is_told():
    first = record("a", Counts(1, 0, 1), Counts(1, 1, 1), Counts(2, 0, 0), batch_size=32)
    second = record("b", Counts(2, 0, 0), Counts(0, 3, 3), Counts(2, 0, 0), batch_size=8, nodes={"l4": "l4_combine"})
    right = [(True, True), (True, False), (False, True), (False, True), (False, False)]
    first, second = (
        evolve(one, answers=tuple(answer("d0", pair[at]) for pair in right)) for at, one in enumerate((first, second))
    )
    done = compare(first, second)
    assert done.settings == {
        "nodes.l3": ("l3_lexical", None),
        "nodes.l4": (None, "l4_combine"),
        "batch_size": (32, 8),
    }
    assert done.mentions == Tally(1, 1, 2, 1)
    assert done.changed == (Changed("d1", Counts(1, 1, 1), Counts(0, 3, 3)), Changed("d0", Counts(1, 0, 1), Counts(2)))


def test_everything_that_cannot_be_compared_is_said_at_once():
    first = record("a.json", Counts(1), Counts(1), Counts(1), Counts(1), Counts(1))
    second = record("b.json", Counts(1), task="ed", match="weak", gold_hash="xyz", answers=[answer("d0", True)])
    with pytest.raises(DataError) as raised:
        compare(first, second)
    assert [str(problem) for problem in raised.value.problems] == [
        "b.json: task is 'ed', in a.json 'el'; give both the same --task",
        "b.json: match is 'weak', in a.json 'strong'; give both the same --match",
        "b.json: digest of the gold standard is 'xyz', in a.json 'abc'; measure both against the same --gold",
        "b.json: has no document 'd1', 'd2', 'd3' and 1 more, which a.json has",
        "b.json: has 1 mentions, a.json 0",
    ]


def test_mentions_must_be_in_both_knowledge_bases_or_in_none():
    first = record("a.json", Counts(1), answers=[answer("d0", True)])
    second = record("b.json", Counts(1), answers=[answer("d0", True, in_kb=False)])
    with pytest.raises(DataError, match="only one of the knowledge bases has the entities of 1 mention, such as 'Ulm'"):
        compare(first, second)


# -- the command ----------------------------------------------------------------------------------------------------


@pytest.fixture
def both(place, call):
    """Records of a run that finds its mentions, and of one that is given them."""
    call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--json", "own.json")
    call("p.yaml", "--gold", "gold.jsonl", "--kb", "kb.jsonl", "--mentions", "gold", "--json", "gold.json")
    return place


def test_a_record_is_read_as_it_was_written(both, measured):
    found = read_record(both / "own.json")
    done = record_of(measured("el", "strong", "own"))
    assert (found.documents, found.answers) == (done.documents, done.answers)
    assert found.settings["gold_hash"] == done.settings["gold_hash"]


def test_the_command_compares_on_the_terminal_in_json_and_as_a_page(both, call):
    done = call("--compare", "own.json", "gold.json", "--json", "out.json", "--html", "out.html")
    assert done.exit_code == 0, done.stderr
    assert "A own.json\nB gold.json\n  mentions: own -> gold\n  nodes.l1: l1_fake -> l1_external" in done.stdout
    assert "micro F1, all         0.600  0.833  +0.233" in done.stdout
    assert "micro F1, InKB        0.750  0.750  +0.000  +0.000 to +0.000         0.0%" in done.stdout
    assert "1,000 draws of 4 documents with replacement, the same for both; percentiles, seed 11" in done.stdout
    assert "answered rightly: by both 3, by A alone 0, by B alone 2, by none 1" in done.stdout
    plain = json.loads((both / "out.json").read_text())
    assert plain["measures"]["micro F1, all"]["difference"] == pytest.approx(10 / 12 - 0.6)
    assert plain["settings"]["mentions"] == ["own", "gold"]
    page = (both / "out.html").read_text()
    assert "<td>micro F1, all</td><td>0.600</td><td>0.833</td>" in page
    assert "own → gold" in page


def test_what_says_nothing_beside_a_comparison_is_refused(both, call):
    done = call("p.yaml", "--compare", "own.json", "gold.json", "--task", "ed", "-q")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--compare takes what is measured already; leave out pipeline, --task, --quiet" in done.stderr
    done = call("--compare", "own.json", "gold.json", "--json", "own.json")
    assert (done.exit_code, "is read here" in done.stderr) == (2, True)
    done = call("p.yaml")
    assert (done.exit_code, "give --gold FILE" in done.stderr) == (2, True)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"settings": {}, "documents": {}, "answers": []}', "\udcff"])
def test_what_is_no_record_is_refused(both, call, content):
    (both / "bad.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    done = call("--compare", "own.json", "bad.json")
    assert done.exit_code == 1
    assert "bad.json: is no record of an evaluation" in done.stderr


def test_a_record_with_mentions_of_no_document_or_without_task_is_refused(both, call):
    whole = json.loads((both / "own.json").read_text())
    broken = [{**whole, "documents": {"other": whole["documents"]["d1"]}}, {**whole, "settings": {"match": "strong"}}]
    for one in broken:
        (both / "bad.json").write_text(json.dumps(one))
        assert "is no record of an evaluation" in call("--compare", "own.json", "bad.json").stderr
