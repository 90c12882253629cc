"""Data become records of settings: what is taken, what is refused, and where the message says it stands."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.errors import InputError
from glinker_core.source import Source, dotted, parse
from glinker_core.structure import describe, fits, setting, settings, structure
from tests.settings_of_all_types import Part, Thing, made, refused


@pytest.mark.parametrize(
    ("name", "written", "meant"),
    [
        ("text", "", ""), ("whole", -3, -3), ("number", 1, 1.0), ("number", math.inf, math.inf), ("flag", True, True),
        ("path", "a/b", Path("a/b")), ("path", Path("c"), Path("c")), ("anything", [{"b": None}], [{"b": None}]),
        ("anything", ("x",), ["x"]), ("nothing", None, None), ("choice", "skip", "skip"), ("choice", 1, 1),
        ("maybe", None, None), ("maybe", 0, 0), ("old_maybe", None, None), ("old_maybe", "x", "x"),
        ("labels", ["gene", "disease"], ("gene", "disease")), ("labels", (), ()), ("numbers", [1], (1,)),
        ("words", ["ab"], ("ab",)), ("either", "ab", "ab"), ("either", ["ab"], ("ab",)), ("count", 1, 1),
        ("count", 1.5, 1.5), ("counts", {"a": 1}, {"a": 1}), ("rest", {"a": {"b": [1]}}, {"a": {"b": [1]}}),
        ("bare", [1, "a"], (1, "a")), ("bare_map", {"a": 1}, {"a": 1}), ("part", None, None),
        ("part", {"size": 1}, Part(1)), ("parts", [{"size": 1}, {"size": 2, "name": "x"}], (Part(1), Part(2, "x"))),
        ("by_name", {"a": {"size": 1}}, {"a": Part(1)}), ("part_or_text", "x", "x"),
        ("part_or_text", {"size": 1}, Part(1)), ("part_or_parts", {"size": 1}, Part(1)),
        ("part_or_parts", [{"size": 1}], (Part(1),)),
    ],
)  # fmt: skip
def test_what_a_setting_may_be_is_taken(name, written, meant):
    value = getattr(made(**{name: written}), name)
    assert value == meant
    assert type(value) is type(meant)


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("text", 1, "a string"), ("text", True, "a string"), ("text", None, "a string"), ("text", ["a"], "a string"),
        ("whole", "1", "a whole number"), ("whole", 5.9, "a whole number"), ("whole", 5.0, "a whole number"),
        ("whole", True, "a whole number"), ("whole", math.nan, "a whole number"), ("number", "1", "a number"),
        ("number", True, "a number"), ("number", math.nan, "a number"), ("flag", 1, "true or false"),
        ("flag", "true", "true or false"), ("flag", None, "true or false"), ("path", 1, "a path"),
        ("nothing", 0, "nothing"), ("maybe", "1", "a whole number or nothing"),
        ("old_maybe", 1, "a string or nothing"), ("labels", "gene", "a list"), ("labels", {"gene": 1}, "a list"),
        ("labels", None, "a list"), ("words", "gene", "a list"), ("bare", "gene", "a list"),
        ("either", 5, "a string or a list"), ("count", True, "a whole number or a number"),
        ("counts", [["a", 1]], "a mapping"), ("counts", "a", "a mapping"), ("rest", [], "a mapping"),
        ("raw", [], "a mapping"), ("part", 5, "a mapping or nothing"), ("part", [], "a mapping or nothing"),
        ("parts", {"size": 1}, "a list"), ("part_or_text", 4, "a mapping or a string"),
        ("part_or_parts", "x", "a mapping or a list"),
    ],
)  # fmt: skip
def test_nothing_is_coerced(name, written, expected):
    assert refused(**{name: written}) == [f"{name}: {name}: expected {expected}, got {written!r}"]


@pytest.mark.parametrize(
    ("data", "problems"),
    [
        ({"labels": ["a", 1, None]}, ["labels[1]: labels: expected a string, got 1",
                                      "labels[2]: labels: expected a string, got None"]),
        ({"numbers": [True]}, ["numbers[0]: numbers: expected a whole number, got True"]),
        ({"either": ["a", 1]}, ["either[1]: either: expected a string, got 1"]),
        ({"counts": {"a": "b"}}, ["counts.a: a: expected a whole number, got 'b'"]),
        ({"counts": {1: 2}}, ["counts: counts: keys must be strings, got 1"]),
        ({"rest": {"a": {None: 2}}}, ["rest.a: a: keys must be strings, got None"]),
        ({"part": {"size": "x"}}, ["part.size: size: expected a whole number, got 'x'"]),
        ({"part": {}}, ["part: part: 'size' is missing"]),
        ({"parts": [{"size": 1}, {"nam": "y"}]}, ["parts[1].nam: unknown key 'nam'; did you mean 'name'?",
                                                  "parts[1]: parts[1]: 'size' is missing"]),
        ({"by_name": {"k": {"size": 1.5}}}, ["by_name.k.size: size: expected a whole number, got 1.5"]),
        ({"part_or_text": {"size": None}}, ["part_or_text.size: size: expected a whole number, got None"]),
        ({"part_or_parts": [{"size": "x"}]}, ["part_or_parts[0].size: size: expected a whole number, got 'x'"]),
    ],
)  # fmt: skip
def test_what_is_wrong_inside_is_told_where_it_stands(data, problems):
    assert refused(**data) == problems


@pytest.mark.parametrize("written", ["skp", 1.0, True, None, [], {}])
def test_a_choice_is_one_of_those_listed_and_of_its_type(written):
    (problem,) = refused(choice=written)
    assert problem.startswith(f"choice: choice: {written!r} is not a choice; ")


def test_a_choice_that_is_nearly_right_gets_a_hint():
    assert refused(choice="skp")[0].endswith("; did you mean 'skip'?")


def test_everything_is_reported_at_once_in_the_order_written():
    problems = refused(whole="x", txet="y", zzz=1, part={"size": None, "nmae": 1}, labels="gene")
    assert [problem.partition(": ")[0] for problem in problems] == [
        "whole", "txet", "zzz", "part.size", "part.nmae", "labels",
    ]  # fmt: skip
    assert "unknown key 'txet'; did you mean 'text'?" in problems[1]
    assert "unknown key 'zzz'; known are anything, bare," in problems[2]


def test_private_and_internal_fields_are_no_settings():
    known = settings(Thing)
    assert {"_secret", "secret", "_cache", "cache", "renamed"}.isdisjoint(known)
    assert made(called=4).renamed == 4
    for name in ("secret", "_secret", "cache", "renamed"):
        assert "unknown key" in refused(**{name: 1})[0]


def test_keys_that_are_no_strings_are_unknown_keys():
    assert refused(data={1: 2})[0].startswith("[1]: unknown key '1'; known are ")


def test_data_that_is_no_mapping_is_refused():
    for data in ([1], "x", None, 5):
        problems = []
        assert structure(Part, data, dotted, problems) is None
        assert [str(problem) for problem in problems] == [f"expected a mapping, got {data!r}"]


def test_what_is_required_is_missed_with_the_place_that_should_hold_it():
    problems = []
    source = parse("nodes:\n  - {name: x}\n", "p.yaml")
    assert structure(Part, source.data["nodes"][0], source.place, problems, ("nodes", 0)) is None
    assert [str(problem) for problem in problems] == ["p.yaml:2:5: nodes[0]: 'size' is missing"]
    assert refused(Part) == ["'size' is missing"]


def test_what_has_a_default_is_left_out_when_it_is_wrong_so_that_the_rest_can_be_checked():
    problems = []
    thing = structure(Thing, {"whole": "x", "text": "kept", "zzz": 1}, dotted, problems)
    assert (thing.text, thing.whole) == ("kept", 0)
    assert len(problems) == 2
    assert structure(Part, {"size": "x"}, dotted, problems) is None


# -- what a class itself refuses -----------------------------------------------------------------------------------


def test_what_a_class_refuses_is_placed_at_the_setting_its_message_begins_with():
    assert refused(part={"name": "x", "size": -1}) == ["part.size: size must not be negative, got -1"]


@pytest.mark.parametrize("error", [ValueError("bad"), TypeError("bad"), InputError("bad"), ValueError("'name': bad")])
def test_errors_of_validators_are_problems_with_their_place(error):
    @define
    class Strict:
        name: str = ""

        def __attrs_post_init__(self):
            raise error

    place = "[0].name" if "name" in str(error) else "[0]"
    problems = []
    assert structure(Strict, {"name": "x"}, dotted, problems, (0,)) is None
    assert [str(problem) for problem in problems] == [f"{place}: {error}"]


def test_an_error_without_words_is_a_problem_all_the_same():
    @define
    class Strict:
        def __attrs_post_init__(self):
            raise ValueError

    problems = []
    assert structure(Strict, {}, dotted, problems) is None
    assert len(problems) == 1


def test_a_class_is_not_asked_about_what_was_refused_already():
    @define
    class Pair:
        low: int = 5
        high: int = 9

        def __attrs_post_init__(self):
            if self.low > self.high:
                raise ValueError("low must not be above high")

    problems = []
    assert structure(Pair, {"low": 20, "high": "30"}, dotted, problems) is None
    assert [str(problem) for problem in problems] == ["high: high: expected a whole number, got '30'"]


# -- other names ---------------------------------------------------------------------------------------------------


SYNONYMS = {"title": "name", "name": "title", "length": "size"}


def test_a_setting_may_be_written_by_another_name():
    problems = []
    assert structure(Part, {"title": "x", "length": 1}, dotted, problems, synonyms=SYNONYMS) == Part(1, "x")
    assert problems == []


def test_another_name_keeps_its_own_place_and_is_not_allowed_beside_the_first():
    problems = []
    data = {"title": 5, "length": -1, "name": "y", "size": 2}
    structure(Part, data, dotted, problems, synonyms=SYNONYMS)
    assert [str(problem) for problem in problems] == [
        "title: title: expected a string, got 5",
        "name: 'name' and 'title' are the same setting; write one of them",
        "size: 'size' and 'length' are the same setting; write one of them",
    ]
    problems.clear()
    structure(Part, {"length": -1}, dotted, problems, synonyms=SYNONYMS)
    assert [str(problem) for problem in problems] == ["length: size must not be negative, got -1"]


def test_another_name_is_for_the_record_itself_and_not_for_those_inside():
    problems = []
    structure(Thing, {"part": {"length": 1}}, dotted, problems, synonyms=SYNONYMS)
    assert "unknown key 'length'" in str(problems[0])


def test_the_name_a_class_has_comes_before_another():
    assert setting("name", {"name", "title"}, SYNONYMS) == "name"
    assert setting("name", {"title"}, SYNONYMS) == "title"
    assert setting("nam", {"title"}, SYNONYMS) is None


# -- types in words ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (str, "a string"), (list[str], "a list"), (tuple, "a list"), (Mapping[str, int], "a mapping"),
        (dict, "a mapping"), (Part, "a mapping"), (None, "nothing"), (type(None), "nothing"),
        (Literal["a", 1], "'a' or 1"),
        (bytes, "bytes"), (Path, "a path"),
    ],
)  # fmt: skip
def test_types_are_described_in_words(wanted, words):
    assert describe(wanted) == words


@given(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()))
def test_a_scalar_fits_one_type_but_for_whole_numbers_which_are_numbers(data):
    fitting = [wanted.__name__ for wanted in (str, bool, int, float, type(None)) if fits(wanted, data)]
    expected = {str: ["str"], bool: ["bool"], int: ["int", "float"], float: ["float"], type(None): ["NoneType"]}
    assert fitting == ([] if data != data else expected[type(data)])


def test_a_long_value_is_cut_in_messages():
    assert len(refused(whole="x" * 10_000)[0]) < 200


def test_places_of_a_file_stand_before_each_problem():
    source = parse("text: 1\nparts:\n  - size: 2\n    nam: x\n", "p.yaml")
    problems = []
    structure(Thing, source.data, source.place, problems)
    assert [str(problem).partition(" ")[0] for problem in problems] == ["p.yaml:1:1:", "p.yaml:4:5:"]
    assert Source({}).place(("a",)) == "a"


def test_private_fields_may_have_types_that_only_a_type_checker_knows():
    @define
    class Base:
        size: int = 1
        _model: "Unknown | None" = field(default=None, init=False)  # noqa: F821

    @define
    class Derived(Base):
        name: "str" = ""

    assert {key: hint for key, (_, hint) in settings(Derived).items()} == {"size": int, "name": str}
