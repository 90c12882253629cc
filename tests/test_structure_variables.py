"""Environment variables in settings: where they are read, and that messages never show their values."""

from pathlib import Path

import pytest

from glinker_core.source import dotted
from glinker_core.structure import structure
from tests.settings_of_all_types import Part, Thing, made, refused


@pytest.fixture
def env(monkeypatch):
    monkeypatch.delenv("UNSET", raising=False)
    return monkeypatch.setenv


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("whole", "5432", 5432), ("number", "1e-3", 0.001), ("flag", "true", True), ("maybe", "null", None),
        ("maybe", "3", 3), ("text", "12", "12"), ("text", "0123", "0123"), ("text", "true", "true"), ("text", "", ""),
        ("text", "null", "null"), ("old_maybe", "12", "12"), ("path", "12", Path("12")), ("count", "2.5", 2.5),
        ("choice", "skip", "skip"), ("choice", "1", 1), ("anything", "12", 12), ("anything", "x", "x"),
        ("either", "12", "12"), ("nothing", "", None),
    ],
)  # fmt: skip
def test_a_variable_alone_is_whatever_the_setting_wants(env, name, value, meant):
    env("VALUE", value)
    found = getattr(made(**{name: "${VALUE}"}), name)
    assert found == meant
    assert type(found) is type(meant)


def test_variables_are_read_in_lists_mappings_and_records(env):
    env("VALUE", "7")
    thing = made(labels=["${VALUE}"], counts={"a": "${VALUE}"}, parts=[{"size": "${VALUE}"}], rest={"b": ["${VALUE}"]})
    assert thing == Thing(labels=("7",), counts={"a": 7}, parts=(Part(7),), rest={"b": [7]})


def test_a_variable_inside_a_string_makes_a_string(env):
    env("PORT", "5432")
    assert made(text="x:${PORT}").text == "x:5432"
    assert refused(whole="${PORT}0") == ["whole: whole: expected a whole number, got '${PORT}0'"]


@pytest.mark.parametrize(
    "data",
    [
        {"whole": "${SECRET}"}, {"number": "${SECRET}"}, {"flag": "${SECRET}"}, {"choice": "${SECRET}"},
        {"nothing": "${SECRET}"}, {"maybe": "${SECRET}"}, {"labels": "${SECRET}"}, {"counts": "${SECRET}"},
        {"counts": {"a": "${SECRET}"}}, {"numbers": ["x${SECRET}"]}, {"part": "${SECRET}"}, {"parts": ["${SECRET}"]},
        {"part": {"size": "${SECRET}"}}, {"part_or_parts": [{"size": "${SECRET}"}]}, {"text": ["${SECRET}"]},
        {"part_or_parts": "${SECRET}"}, {"zzz": "${SECRET}"}, {"whole": {"a": "${SECRET}"}},
    ],
)  # fmt: skip
def test_the_value_of_a_variable_is_never_in_a_message(env, data):
    env("SECRET", "hunter2")
    (problem,) = refused(**data)
    assert "hunter2" not in problem


def test_a_validator_that_shows_a_value_does_not_show_that_of_a_variable(env):
    env("SECRET", "-20517")
    assert refused(part={"size": "${SECRET}"}) == ["part.size: size must not be negative, got ${SECRET}"]


def test_a_variable_that_is_not_set_is_named(env):
    (problem,) = refused(whole="${UNSET}")
    assert problem.startswith("whole: whole: environment variable UNSET is not set; set it, or write ")
    assert "begins no variable" in refused(text="${UNSET")[0]


def test_a_mapping_for_another_class_stays_as_it_is_written(env):
    env("SECRET", "hunter2")
    raw = {"password": "${SECRET}", "hosts": ["${UNSET}"], "n": {"x": "${"}}
    assert made(raw=raw).raw == raw


def test_data_that_are_no_settings_have_no_variables():
    problems = []
    data = {"text": "${HOME}", "labels": ["${"], "parts": [{"size": 1, "name": "${UNSET}"}]}
    thing = structure(Thing, data, dotted, problems, variables=False)
    assert problems == []
    assert (thing.text, thing.labels, thing.parts[0].name) == ("${HOME}", ("${",), "${UNSET}")
