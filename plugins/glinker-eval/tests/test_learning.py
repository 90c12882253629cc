import numpy as np
import pytest
from glinker_eval.choices import Choice, folds, table
from glinker_eval.learning import Alternatives, Weights, f1, foretold, held, learn, parts

TRUE = {"a": 3.0, "b": -1.5, "idle": 0.0}


def invented(documents, seed=0, nil=0.2, lacking=0.0, bias=0.5):
    """Mentions with five candidates, chosen by the softmax of true weights over them and NIL."""
    rng = np.random.default_rng(seed)
    found = []
    for document in range(documents):
        for _ in range(6):
            rows = [{name: float(rng.uniform()) for name in TRUE} for _ in range(5)]
            sums = np.array([sum(TRUE[n] * v for n, v in row.items()) + bias for row in rows] + [0.0])
            chosen = int(rng.choice(6, p=np.exp(sums) / np.exp(sums).sum()))
            rows = [{n: v for n, v in row.items() if n != "a" or rng.uniform() >= lacking} for row in rows]
            found.append(Choice(f"d{document}", tuple(rows), (0.5,) * 5, (chosen,) if chosen < 5 else (), chosen < 5))
    return found


def zero(count):
    return Weights(np.zeros(count), np.zeros(count), 0.0)


def test_likelihoods_are_those_of_the_softmax_over_candidates_and_nil():
    rows = ({"a": 1.0}, {"a": 0.0})
    made = table([Choice("d", rows, (), (0,), True), Choice("d", rows[:1], (), (), False)], ["a"], False)
    linked, nil = Alternatives.of(made.x, made).log_likelihoods(np.array([np.log(2.0)]))
    assert np.exp(linked) == pytest.approx(2 / (2 + 1 + 1))  # 2 against the other, whose sum is 0, and NIL
    assert np.exp(nil) == pytest.approx(1 / (2 + 1))


def test_a_fit_without_a_pull_makes_the_share_of_right_ones_the_probability():
    yes, no = Choice("d", ({},), (), (0,), True), Choice("d", ({},), (), (), False)
    made = table([yes, yes, yes, no], [], False)
    fitted = Alternatives.of(np.ones((4, 1)), made).fitted(np.zeros(1), 1e-9)
    assert fitted[0] == pytest.approx(np.log(3))


def test_the_harder_old_weights_draw_the_nearer_new_ones_stay():
    made = table(invented(20), list(TRUE), False)
    alternatives = Alternatives.of(made.x, made)
    far = [np.abs(alternatives.fitted(np.zeros(3), strength)).sum() for strength in (0.1, 10.0, 1e6)]
    assert far[0] > far[1] > far[2]
    assert far[2] == pytest.approx(0, abs=1e-3)


def test_the_true_weights_of_made_data_are_found():
    made = table(invented(500), list(TRUE), False)
    learnt = learn(made, zero(3), np.ones(500, bool))
    assert learnt.values == pytest.approx([3.0, -1.5, 0.0], abs=0.35)
    assert learnt.bias == pytest.approx(0.5, abs=0.35)


def test_fifty_documents_are_enough_to_come_near_them():
    learnt = learn(table(invented(50), list(TRUE), False), zero(3), np.ones(50, bool))
    test = table(invented(200, seed=9), list(TRUE), False)
    true = Weights(np.array(list(TRUE.values())), np.zeros(3), 0.5)
    best, reached = (held(weights.sums(test), test).right.sum() for weights in (true, learnt))
    assert reached > 0.97 * best


def test_a_value_that_is_missing_has_its_own_weight():
    made = table(invented(400, lacking=0.4), ["a", "b"], True)
    learnt = learn(made, zero(2), np.ones(400, bool))
    assert learnt.absent[0] == pytest.approx(1.6, abs=0.4)  # about what a value of 0.5 is worth
    assert learnt.absent[1] == 0.0


def test_weights_that_cannot_be_beaten_stay():
    made = table(invented(60), list(TRUE), False)
    true = Weights(np.array(list(TRUE.values())), np.zeros(3), 0.5)
    assert learn(made, true, np.ones(60, bool)).values is true.values


def test_old_weights_that_rank_well_get_another_bias_where_too_few_are_linked():
    made = table(invented(60), list(TRUE), False)
    shy = Weights(2 * np.array(list(TRUE.values())), np.zeros(3), -4.0)
    learnt = learn(made, shy, np.ones(60, bool))
    assert learnt.values is shy.values
    assert -1.0 < learnt.bias < 2.5


def test_the_scale_of_a_value_changes_nothing():
    found = invented(80)
    large = [
        Choice(c.document, tuple({**v, "a": 1000 * v["a"]} for v in c.values), c.scores, c.right, c.linkable)
        for c in found
    ]
    one = learn(table(found, list(TRUE), False), zero(3), np.ones(80, bool))
    other = learn(table(large, list(TRUE), False), zero(3), np.ones(80, bool))
    assert other.values[0] * 1000 == pytest.approx(one.values[0], rel=1e-4)


def test_what_is_foretold_of_a_document_was_not_learnt_from_it():
    found = invented(30)
    made = table(found, list(TRUE), False)
    everything = np.ones(30, bool)
    part = parts(everything)
    changed = [
        c if part[int(c.document[1:])] != 0 else Choice(c.document, c.values, c.scores, (4,), True) for c in found
    ]
    other = table(changed, list(TRUE), False)
    rows = np.repeat((part == 0)[made.documents], made.sizes)
    assert foretold(made, zero(3), everything)[rows] == pytest.approx(foretold(other, zero(3), everything)[rows])


def test_two_runs_learn_the_same():
    made = table(invented(40), list(TRUE), False)
    one, other = (learn(made, zero(3), np.ones(40, bool)) for _ in range(2))
    assert one.values.tolist() == other.values.tolist()


def test_counts_of_links_give_f1():
    rows = {"a": 1.0}, {"a": -1.0}
    found = [
        Choice("d", rows, (), (0,), True),  # linked, right
        Choice("d", rows, (), (1,), True),  # linked, wrong
        Choice("e", rows[1:], (), (0,), True),  # not linked
        Choice("e", (), (), (), True),  # no candidates
    ]
    made = table(found, ["a"], False)
    counted = held(Weights(np.ones(1), np.zeros(1), 0.0).sums(made), made)
    assert (counted.right.tolist(), counted.links.tolist(), counted.right_links.tolist()) == ([1, 1], [2, 0], [1, 0])
    assert f1(counted.right_links, counted.links, made.linkable) == pytest.approx(2 * 1 / (2 + 4))


def test_folds_are_of_equal_size_and_always_the_same():
    drawn = folds(50, 5, seed=1)
    assert np.bincount(drawn).tolist() == [10] * 5
    assert drawn.tolist() == folds(50, 5, seed=1).tolist() != folds(50, 5, seed=2).tolist()


def test_new_weights_link_as_many_mentions_as_the_old_unless_their_own_bias_is_clearly_better():
    made, every = table(invented(50), list(TRUE), False), np.ones(50, bool)

    def links(weights):
        sums = weights.sums(made)
        return int((sums[made.best(sums)] >= 0).sum())

    old = Weights(np.array([0.0, 0.0, 2.0]), np.zeros(3), 0.0)  # of no use; the threshold links all there is
    few = Weights(old.values, old.absent, -1.99)
    as_many, more = learn(made, old, every), learn(made, few, every)
    assert as_many.values[0] > 1
    assert links(as_many) == links(old) == len(made.sizes)
    assert links(few) < links(more)
