"""Counts by hand, and against a second implementation that shares nothing with the first."""

import pytest
from glinker_eval.counting import SCOPES, Annotation, Counts, Scores, answers, count, macro, micro
from glinker_eval.gold import GoldDocument, GoldMention
from hypothesis import given, settings
from hypothesis import strategies as st

from glinker_core.model import LinkedEntity, LinkedMention


def gold(start, end, *ids, **options):
    return GoldMention(start, end, "x" * (end - start), ids, **options)


def absent(start, end, *ids):
    return gold(start, end, *ids, absent=True)


# The document of the table: 0:5 is A and found; 10:15 is B and said to be C; 20:25 is D and found one character short;
# 30:35 is NIL and said to be NIL; 40:45 is NIL and linked to E; 50:55 is absent from the KB and said to be NIL; 60:65
# is F and not found; 70:75 is A again where no gold is; 80:85 is NIL where no gold is.
GOLD = [
    gold(0, 5, "A"),
    gold(10, 15, "B"),
    gold(20, 25, "D"),
    gold(30, 35),
    gold(40, 45),
    absent(50, 55, "Z"),
    gold(60, 65, "F"),
]
SYSTEM = [
    Annotation(0, 5, "A"),
    Annotation(10, 15, "C"),
    Annotation(20, 24, "D"),
    Annotation(30, 35),
    Annotation(40, 45, "E"),
    Annotation(50, 55),
    Annotation(70, 75, "A"),
    Annotation(80, 85),
]


@pytest.mark.parametrize(
    ("task", "match", "scope", "expected"),
    [
        ("md", "strong", "all", Counts(5, 3, 2)),  # not found: 20:25 by one character, 60:65; extra: 20:24, 70, 80
        ("md", "weak", "all", Counts(6, 2, 1)),
        ("el", "strong", "all", Counts(3, 5, 4)),  # A, NIL, absent as NIL
        ("el", "weak", "all", Counts(4, 4, 3)),  # and D
        ("el", "strong", "in_kb", Counts(1, 4, 3)),  # links: A, C, D, E, A; gold: A, B, D, F
        ("el", "weak", "in_kb", Counts(2, 3, 2)),
        ("el", "strong", "nil", Counts(2, 1, 1)),  # NIL said: 30, 50, 80; gold: 30, 40, 50
        ("el", "weak", "nil", Counts(2, 1, 1)),
        ("el", "strong", "gs_in_kb", Counts(1, 1, 3)),  # said of gold in the KB: A, C
        ("el", "weak", "gs_in_kb", Counts(2, 1, 2)),  # A, C, D
        ("ed", "strong", "all", Counts(3, 2, 4)),  # spans of gold alone: 0, 10, 30, 40, 50
        ("ed", "strong", "in_kb", Counts(1, 2, 3)),  # links A, C, E
        ("ed", "strong", "nil", Counts(2, 0, 1)),
        ("ed", "strong", "gs_in_kb", Counts(1, 1, 3)),
    ],
)
def test_counts_are_those_done_by_hand(task, match, scope, expected):
    assert count(GOLD, SYSTEM, task, match, scope) == expected


def test_a_wrong_entity_on_the_right_span_is_wrong_twice():
    assert count([gold(0, 5, "A")], [Annotation(0, 5, "B")], "el", "strong") == Counts(0, 1, 1)


def test_the_first_match_is_taken_and_each_annotation_once():
    twice = [Annotation(0, 5, "A"), Annotation(3, 8, "A")]
    assert count([gold(0, 8, "A")], twice, "el", "weak") == Counts(1, 1, 0)
    assert count([gold(0, 4, "A"), gold(4, 8, "A")], [Annotation(0, 8, "A")], "el", "weak") == Counts(1, 0, 1)
    # greedy as GERBIL is: 0:5 takes the annotation that alone would fit 0:2
    greedy = [Annotation(0, 3, "A"), Annotation(3, 5, "A")]
    assert count([gold(0, 5, "A"), gold(0, 2, "A")], greedy, "el", "weak") == Counts(1, 1, 1)


def test_spans_that_touch_do_not_overlap():
    assert count([gold(0, 5, "A")], [Annotation(5, 9, "A")], "md", "weak") == Counts(0, 1, 1)


def test_any_of_the_gold_ids_is_right():
    assert count([gold(0, 5, "A", "B")], [Annotation(0, 5, "B")], "el", "strong") == Counts(1, 0, 0)


def test_an_id_that_the_knowledge_base_has_not_wants_nil():
    assert count([absent(0, 5, "Z")], [Annotation(0, 5, "A")], "el", "strong") == Counts(0, 1, 1)


def test_optional_gold_counts_neither_way():
    wanted = [gold(0, 5, "A", optional=True), gold(6, 9, "B")]
    assert count(wanted, [], "el", "strong") == Counts(0, 0, 1)
    assert count(wanted, [Annotation(0, 5, "A"), Annotation(6, 9, "B")], "el", "strong") == Counts(1, 0, 0)
    assert count(wanted, [Annotation(0, 5, "C")], "el", "strong") == Counts(0, 1, 1)


def test_measures_of_counts():
    counts = Counts(2, 1, 3)
    assert (counts.precision, counts.recall) == (2 / 3, 2 / 5)
    assert counts.f1 == pytest.approx(2 * (2 / 3) * (2 / 5) / (2 / 3 + 2 / 5))


def test_nothing_to_find_and_nothing_found_is_perfect_and_no_true_positive_is_nothing():
    assert (Counts().precision, Counts().recall, Counts().f1) == (1, 1, 1)
    assert all((c.precision, c.recall, c.f1) == (0, 0, 0) for c in (Counts(0, 1, 0), Counts(0, 0, 1), Counts(0, 1, 1)))


def test_micro_is_of_sums_and_macro_is_a_mean_of_documents():
    documents = [Counts(2, 1, 3), Counts(0, 0, 0), Counts(0, 4, 0), Counts(1, 0, 1)]
    assert micro(documents) == Scores(3 / 8, 3 / 7, 6 / 15)
    f1 = (0.5 + 1 + 0 + 2 / 3) / 4
    assert macro(documents) == Scores(
        pytest.approx((2 / 3 + 1 + 0 + 1) / 4), pytest.approx((0.4 + 1 + 0 + 0.5) / 4), f1
    )
    assert macro(documents).f1 != pytest.approx(
        2
        * macro(documents).precision
        * macro(documents).recall
        / (macro(documents).precision + macro(documents).recall)
    )


def test_answers_lie_in_the_judged_part_and_nil_is_one_only_if_the_pipeline_says_it():
    link = LinkedEntity("A", "A", 1.0, 4, 6, "A")
    said = [LinkedMention("aa", 0, 2, linked_entity=link), LinkedMention("bb", 4, 6, linked_entity=link)]
    said += [LinkedMention("cc", 6, 8), LinkedMention("dd", 9, 11)]
    document = GoldDocument("d", "aa  bbcc dd", judged=(3, 10))
    assert answers(document, said) == [Annotation(4, 6, "A"), Annotation(6, 8)]
    assert answers(document, said, nil=False) == [Annotation(4, 6, "A")]
    assert len(answers(GoldDocument("d", "aa  bbcc dd"), said)) == 4


# -- a second implementation: a matrix of matches, rows struck one by one -------------------------------------------


def by_matrix(golds, systems, task, match, scope):
    def meets(g, s):
        if match == "strong" or task == "ed":
            return g.start == s.start and g.end == s.end
        return len(set(range(g.start, g.end)) & set(range(s.start, s.end))) > 0

    def agree(g, s):
        if not meets(g, s):
            return False
        if task == "md":
            return True
        wanted = set() if g.absent else set(g.entity_ids)
        said = set() if s.entity_id is None else {s.entity_id}
        return not said if not wanted else bool(wanted & said)

    known = [bool(g.entity_ids) and not g.absent for g in golds]
    if task == "ed":
        systems = [s for s in systems if any(g.start == s.start and g.end == s.end for g in golds)]
    rows = [i for i in range(len(golds)) if {"all": True, "nil": not known[i]}.get(scope, known[i])]
    columns = {
        "all": lambda s: True,
        "nil": lambda s: s.entity_id is None,
        "in_kb": lambda s: s.entity_id is not None,
        "gs_in_kb": lambda s: any(meets(golds[i], s) for i in range(len(golds)) if known[i]),
    }
    cells = [[agree(golds[i], s) for s in systems if columns[scope](s)] for i in rows]
    width = sum(map(columns[scope], systems))
    hits = 0
    for number, row in enumerate(cells):
        if True in row:
            hits += 1
            column = row.index(True)
            for later in cells[number:]:
                later[column] = False
    return Counts(hits, width - hits, len(rows) - hits)


SPANS = st.tuples(st.integers(0, 8), st.integers(1, 4)).map(lambda pair: (pair[0], pair[0] + pair[1]))
IDS = st.sampled_from("ABC")
GOLDS = st.lists(
    st.builds(lambda span, ids, away: gold(*span, *ids, absent=away), SPANS, st.lists(IDS, max_size=2), st.booleans()),
    max_size=6,
)
SYSTEMS = st.lists(st.builds(lambda span, one: Annotation(*span, one), SPANS, st.none() | IDS), max_size=6)


HOW = [("md", "strong"), ("md", "weak"), ("ed", "strong"), ("el", "strong"), ("el", "weak")]


@settings(max_examples=40)
@pytest.mark.parametrize(("task", "match"), HOW)
@given(golds=GOLDS, systems=SYSTEMS)
def test_counts_equal_those_of_a_second_implementation(task, match, golds, systems):
    for scope in SCOPES:
        assert count(golds, systems, task, match, scope) == by_matrix(golds, systems, task, match, scope)


@given(golds=GOLDS, systems=SYSTEMS)
def test_every_annotation_is_counted_once(golds, systems):
    counts = count(golds, systems, "el", "weak")
    assert counts.tp + counts.fn == len(golds)
    assert counts.tp + counts.fp == len(systems)
