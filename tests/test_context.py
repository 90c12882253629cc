import json
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core import Context, DAGExecutor, InputError
from glinker_core.model import (
    Candidate,
    CandidatesResult,
    Entity,
    L0Result,
    L1Result,
    LinkedDocument,
    LinkedEntity,
    LinkedMention,
    Mention,
    MentionCandidates,
)
from tests.fake_plugins import PARIS, fakes, pipeline


@pytest.fixture
def context():
    made = Context({"texts": ["a", "b"]})
    made.put("l1_result", "first")
    made.put("l2_result", "second")
    return made


@pytest.fixture(scope="module")
def ran():
    """The context of a real run."""
    with DAGExecutor(pipeline(), plugins=fakes()) as executor:
        executor.load_entities(PARIS)
        return executor.execute({"texts": ["Paris lies on the Seine", ""]})


def test_results_are_got_by_their_keys(context):
    assert context.get("l1_result") == "first"
    assert context.get("$input") == {"texts": ["a", "b"]}
    assert context.get("l3_result") is None
    assert context.get("l3_result", "none") == "none"
    assert context.get_all_outputs() == {"l1_result": "first", "l2_result": "second"}


@pytest.mark.parametrize(
    ("key", "result"),
    [("outputs[-1]", "second"), ("outputs[-2]", "first"), ("outputs[0]", "first"), ("outputs[1]", "second"),
     ("outputs[2]", None), ("outputs[-3]", None), ("outputs[x]", None), ("outputs", None)],
)  # fmt: skip
def test_results_are_got_by_their_order(context, key, result):
    assert context.get(key) == result
    assert context.has(key) == (result is not None)


def test_a_context_knows_what_it_has(context):
    assert context.has("l1_result")
    assert context.has("$input")
    assert not context.has("l3_result")
    context.put("l3_result", None)
    assert context.has("l3_result")
    assert not Context().has("outputs[-1]")
    assert Context().get("$input") == {}


def test_what_is_got_can_be_changed_without_harm(context):
    context.get_all_outputs().clear()
    assert context.has("l1_result")
    data = {"texts": ["a"]}
    kept = Context(data)
    data["texts"] = []
    assert kept.get("$input") == {"texts": ["a"]}


def test_a_run_is_saved_and_read_back_the_same(ran, tmp_path):
    path = tmp_path / "run.json"
    text = ran.to_json(path)
    assert path.read_text(encoding="utf-8") == text
    for source in (path, str(path), text, f"\n{text}"):
        again = Context.from_json(source)
        assert again.get_all_outputs() == ran.get_all_outputs()
        assert list(again.get_all_outputs()) == ["l1_result", "l2_result", "l3_result", "l0_result"]
        assert again.get("$input") == ran.get("$input")
    assert again.get("l0_result").entities[0].linked_entity.label == "Paris"
    assert Context.from_json(text).to_json() == Context.from_json(Context.from_json(text).to_json()).to_json()


def test_everything_a_result_may_hold_is_saved(tmp_path):
    entity = Entity("a", "Ä\ud800", ("b",), "d", "t", 0.5, MappingProxyType({"x": [1, {"y": None}]}))
    candidate = Candidate(entity, "Ä", "exact", {"l2": 1.0, "l3": 0.25})
    mention = Mention(0, 1, "Ä", "x", 0.5)
    linked = LinkedEntity("a", "Ä", 0.5, 0, 1, "Ä")
    document = LinkedDocument(
        "Ä ${HOME}", (LinkedMention("Ä", 0, 1, "x", linked, (candidate,), 1), LinkedMention("Ä", 0, 1)), "1", "r", "e"
    )
    made = Context({"texts": ("Ä",), "entities": [[mention]]})
    made.put("one", L1Result(((mention,), ())))
    made.put("two", CandidatesResult(((MentionCandidates(mention, (candidate,), 0.3),),)))
    made.put("three", L0Result((document,), {"total_mentions": 2}))
    again = Context.from_json(made.to_json())
    assert again.get_all_outputs() == made.get_all_outputs()
    assert list(again.get("two").candidates[0][0].candidates[0].scores) == ["l2", "l3"]
    assert again.get("$input")["entities"][0][0]["start"] == 0


@given(st.text())
def test_texts_are_never_taken_for_variables(text):
    made = Context({"texts": [text]})
    made.put("l0_result", L0Result((LinkedDocument(f"${{HOME}} ${{ {text}", id="${NOPE}"),)))
    assert Context.from_json(made.to_json()).get_all_outputs() == made.get_all_outputs()


def test_a_file_is_written_whole_or_not_at_all(ran, tmp_path):
    path = tmp_path / "run.json"
    path.write_text("before")
    bad = Context({"texts": [{1, 2}]})
    with pytest.raises(TypeError):
        bad.to_json(path)
    assert path.read_text() == "before"
    assert [part.name for part in tmp_path.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("saved", "told"),
    [
        ("{", "the text given: is no saved context: Expecting property name"),
        ("{}", "'input' is missing; 'outputs' is missing"),
        ('{"input": {}, "outputs": []}', "outputs: outputs: expected a mapping, got []"),
        ('{"input": {}, "outputs": {"a": 5}}', "outputs.a: a: expected a mapping, got 5"),
        ('{"input": {}, "outputs": {"a": {"type": "L1Reslt"}}}',
         "outputs.a.type: unknown result 'L1Reslt'; did you mean 'L1Result'?"),
        ('{"input": {}, "outputs": {"a": {}}}', "outputs.a.type: unknown result ''; known are "),
        ('{"input": {}, "outputs": {"a": {"type": "CandidatesResult", "candidates": 5, "x": 1}}}',
         "outputs.a.candidates: candidates: expected a list, got 5; outputs.a.x: unknown key 'x'"),
        ('{"input": {}, "outputs": {"a": {"type": "CandidatesResult", "candidates": [[{"mention": 1}]]}}}',
         "outputs.a.candidates[0][0].mention: mention: expected a mapping, got 1"),
    ],
)  # fmt: skip
def test_what_is_no_saved_context_is_said(saved, told):
    with pytest.raises(InputError) as caught:
        Context.from_json(saved)
    assert told in str(caught.value)


def test_a_file_that_is_no_saved_context_is_named(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[]")
    with pytest.raises(InputError, match=r"x\.json: is no saved context: expected a mapping, got \[\]"):
        Context.from_json(path)
    with pytest.raises(FileNotFoundError):
        Context.from_json(tmp_path / "nope.json")


def test_what_is_saved_says_which_record_each_result_is(ran):
    saved = json.loads(ran.to_json())
    assert {key: output["type"] for key, output in saved["outputs"].items()} == {
        "l1_result": "L1Result",
        "l2_result": "CandidatesResult",
        "l3_result": "CandidatesResult",
        "l0_result": "L0Result",
    }
