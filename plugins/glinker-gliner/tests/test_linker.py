"""The linker: each mention with its own candidates only, all of them scored, whatever the mention is like."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest
from glinker_gliner.linker import GlinerLinker

from glinker_core.model import Candidate, Entity, Mention, MentionCandidates, evolve
from glinker_core.resources import Resources

from .cases import ENTITIES, MAIN_KINDS, MERCURY, ODD_TEXTS, QUEEN, TEXT, item, mention, rows, scores
from .conftest import TinyModel
from .reference import library_scores
from .tiny import LABELS

Opened = Callable[..., Any]


@pytest.fixture(params=MAIN_KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def linker(kind: str, tiny_model: TinyModel, opened: Opened) -> Any:
    return opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"))


def test_defect_e_each_mention_is_scored_against_its_own_candidates_only(linker: Any, kind: str, library: Any) -> None:
    first, second = ENTITIES[:3], ENTITIES[3:8]
    ((mercury, queen),) = linker.link([TEXT], [[item(TEXT, MERCURY, first), item(TEXT, QUEEN, second)]])
    for linked, span, own in ((mercury, MERCURY, first), (queen, QUEEN, second)):
        assert set(scores(linked)) == {entity.entity_id for entity in own}
        expected = library_scores(library(kind), TEXT, [span], [entity.label for entity in own])
        assert next(rows([linked], own)) == pytest.approx(expected[0], abs=1e-5)


def test_defect_b_homonyms_with_equal_texts_are_all_scored_alike_in_their_order(linker: Any) -> None:
    homonyms = [Entity(f"q{number}", "Paris", popularity=number) for number in range(4)]
    for order in list(permutations(homonyms))[::7]:
        ((linked,),) = linker.link([TEXT], [[item(TEXT, QUEEN, [*order, ENTITIES[0]])]])
        found = scores(linked)
        assert len(found) == 5
        assert len({found[entity.entity_id] for entity in homonyms}) == 1
        assert [one for one in found if one != "e0"] == [entity.entity_id for entity in order]


def test_candidates_come_best_first_with_the_threshold(linker: Any) -> None:
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY)]])
    values = [candidate.score for candidate in linked.candidates]
    assert values == sorted(values, reverse=True)
    assert len(set(values)) == len(ENTITIES)
    assert linked.threshold == 0.5
    assert all(list(candidate.scores) == ["l2", "l3"] for candidate in linked.candidates)


def test_no_mentions_and_no_candidates_are_answers(linker: Any) -> None:
    bare = MentionCandidates(mention(TEXT, *MERCURY))
    linked = linker.link([TEXT, "", TEXT], [[], [], [bare, item(TEXT, QUEEN, ENTITIES[:1])]])
    assert [[len(one.candidates) for one in items] for items in linked] == [[], [], [0, 1]]
    assert linker.link([TEXT], [[bare]]) == [(evolve(bare, threshold=0.5),)]  # and no note: nothing was scored


def test_hundreds_of_candidates_of_one_mention_are_all_scored(linker: Any) -> None:
    many = [Entity(f"q{number}", f"{label} {number}") for number in range(34) for label in LABELS][:500]
    many = [evolve(entity, entity_id=f"q{index}") for index, entity in enumerate(many)]
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY, many)]])
    assert set(scores(linked)) == {entity.entity_id for entity in many}
    assert all(0 < candidate.scores["l3"] < 1 for candidate in linked.candidates)
    assert [c.score for c in linked.candidates] == sorted((c.score for c in linked.candidates), reverse=True)


@pytest.mark.parametrize("name", ODD_TEXTS)
def test_texts_without_ordinary_words_are_scored(name: str, linker: Any) -> None:
    text = ODD_TEXTS[name]
    linked = linker.link([TEXT, text], [[item(TEXT, MERCURY)], [item(text, (0, len(text)))]])
    ((alone,),) = linker.link([TEXT], [[item(TEXT, MERCURY)]])
    assert set(scores(linked[1][0])) == {entity.entity_id for entity in ENTITIES}
    assert scores(linked[0][0]) == pytest.approx(scores(alone), abs=2e-5)


@pytest.mark.parametrize(
    ("start", "end", "note"),
    [
        (100, 110, "has no word: scored 0"),
        (len(TEXT), len(TEXT), "has no word: scored 0"),
        (-4, 0, "has no word: scored 0"),
        (7, 8, "has no word: scored 0"),
        (9, 12, "ends within a word: scored by whole words"),
        (8, 14, "ends within a word: scored by whole words"),
        (7, 16, "ends within a word: scored by whole words"),
        (40, 500, "ends within a word: scored by whole words"),
        (8, 15, ""),
        (0, 15, ""),
    ],
)
def test_a_mention_that_the_model_cannot_see_is_scored_with_a_note(
    start: int, end: int, note: str, tiny_model: TinyModel, opened: Opened
) -> None:
    for kind in MAIN_KINDS:
        resources = Resources()
        linker = opened(GlinerLinker(model=str(tiny_model(kind)), template="{label}"), resources)
        odd = MentionCandidates(Mention(start, end, "any"), item(TEXT, MERCURY).candidates)
        ((linked, other),) = linker.link([TEXT], [[odd, item(TEXT, QUEEN)]])
        assert linked.mention == odd.mention
        assert linked.note == note
        assert dict(resources.counters) == ({f"mentions: {note}": 1} if note else {})
        values = list(scores(linked).values())
        assert len(values) == len(ENTITIES)
        assert all(value == 0 for value in values) if "no word" in note else all(0 < value < 1 for value in values)
        ((alone,),) = linker.link([TEXT], [[item(TEXT, QUEEN)]])
        assert scores(other) == pytest.approx(scores(alone), abs=2e-5)


def test_a_mention_within_a_word_is_scored_as_the_word(linker: Any) -> None:
    ((inside, whole),) = linker.link([TEXT], [[item(TEXT, (9, 12)), item(TEXT, MERCURY)]])
    assert scores(inside) == pytest.approx(scores(whole), abs=1e-6)


@pytest.mark.parametrize("kind", ["bi", "bi_marker", "bi_context", "uni"], indirect=True)
def test_a_mention_wider_than_the_model_knows_is_scored_with_a_note(
    kind: str, tiny_model: TinyModel, opened: Opened
) -> None:
    resources = Resources()
    linker = opened(GlinerLinker(model=str(tiny_model(kind, max_width=2)), template="{label}"), resources)
    ((wide, narrow),) = linker.link([TEXT], [[item(TEXT, (0, 25)), item(TEXT, (0, 15))]])
    assert all(0 < value < 1 for value in scores(wide).values())
    assert wide.note == "wider than the 2 words the model knows"
    assert narrow.note == ""
    assert dict(resources.counters) == {"mentions: wider than the 2 words the model knows": 1}


def test_an_earlier_note_stays_where_there_is_no_other(tiny_model: TinyModel, opened: Opened) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    given = [evolve(item(TEXT, MERCURY), note="seen"), evolve(item(TEXT, (9, 12)), note="seen")]
    ((first, second),) = linker.link([TEXT], [given])
    assert first.note == "seen"
    assert "ends within a word" in second.note


def test_the_template_is_what_the_model_reads(tiny_model: TinyModel, opened: Opened, library: Any) -> None:
    entity = Entity("q1", "Paris", ("Lutetia", "Paname"), "the capital of France", "city", 9.5)
    template = "{label} ({aliases}), a {entity_type}: {description} [{entity_id} {popularity}]"
    text = "Paris (Lutetia, Paname), a city: the capital of France [q1 9.5]"
    linker = opened(GlinerLinker(model=str(tiny_model("bi")), template=template))
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY, [entity])]])
    assert linked.candidates[0].score == pytest.approx(
        library_scores(library("bi"), TEXT, [MERCURY], [text])[0][0], abs=1e-5
    )


def test_braces_in_an_entity_are_text(tiny_model: TinyModel, opened: Opened) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model("bi"))))
    odd = Entity("q1", "{description}", description="{0} {label!r:>9} }{")
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY, [odd])]])
    assert 0 < linked.candidates[0].score < 1


def test_a_layer_that_is_not_open_says_so() -> None:
    with pytest.raises(RuntimeError, match=r"call open\(\) first"):
        GlinerLinker(model="x").link([TEXT], [[item(TEXT, MERCURY)]])


def test_an_entity_text_longer_than_the_label_encoder_reads_is_counted(tiny_model: TinyModel, opened: Opened) -> None:
    resources = Resources()
    linker = opened(GlinerLinker(model=str(tiny_model("bi", label_window=16))), resources)
    long = Entity("long", "Paris", description="the capital of France " * 20)
    ((linked,),) = linker.link([TEXT], [[item(TEXT, MERCURY, [long, *ENTITIES[:2]])]])
    assert len(linked.candidates) == 3
    assert dict(resources.counters) == {"entity texts cut to what the label encoder reads": 1}


def test_scores_of_a_candidate_that_was_scored_before_are_replaced(tiny_model: TinyModel, opened: Opened) -> None:
    linker = opened(GlinerLinker(model=str(tiny_model("bi")), template="{label}"))
    again = MentionCandidates(
        mention(TEXT, *MERCURY), (Candidate(ENTITIES[0], "x", "exact", {"l2": 1.0, "l3": 0.123}),)
    )
    ((linked,),) = linker.link([TEXT], [[again]])
    assert linked.candidates[0].scores["l3"] != 0.123
