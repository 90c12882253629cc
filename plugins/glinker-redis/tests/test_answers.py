import attrs
import pytest
from glinker_redis.answers import FORMAT, decode, encode, keys
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.model import Candidate, Entity

KEY = b"glinker:1:00"
EVERYTHING = Entity("q1", "Zürich", ("Zurich", "\ud83d"), "largest city", "city", 200.5, {"tags": ["a", None], "n": 1})
ANSWER = (
    Candidate(EVERYTHING, "Zurich", "normalised", {"l2": 0.99, "fused": 1 / 3}),
    Candidate(Entity("", ""), "", ""),
)

words = st.text(st.characters(), max_size=8)  # lone surrogates among them
numbers = st.integers(0, 2**70) | st.floats(0, allow_infinity=False, allow_nan=False)
plain = st.recursive(st.none() | st.booleans() | numbers | words, lambda x: st.lists(x) | st.dictionaries(words, x))
entities = st.builds(
    Entity, words, words, st.lists(words).map(tuple), words, words, numbers, st.dictionaries(words, plain, max_size=3)
)
candidates = st.builds(Candidate, entities, words, words, st.dictionaries(words, numbers, max_size=3))


@given(st.lists(candidates, max_size=3).map(tuple))
def test_an_answer_comes_back_as_it_was(answer):
    assert decode(KEY, encode(KEY, answer)) == answer
    assert repr(decode(KEY, encode(KEY, answer))) == repr(answer)  # an int stays an int, scores keep their order


@given(st.binary(max_size=40))
def test_no_garbage_is_an_answer(garbage):
    with pytest.raises(ValueError, match="the checksum is wrong"):
        decode(KEY, garbage)


@pytest.mark.parametrize("answer", [ANSWER, ()])
def test_a_value_is_read_whole_and_under_its_own_key_only(answer):
    value = encode(KEY, answer)
    assert decode(KEY, value) == answer
    damaged = [value[:n] for n in range(len(value))] + [value + b" "]
    damaged += [value[:n] + bytes([value[n] ^ 1]) + value[n + 1 :] for n in range(len(value))]
    for wrong in damaged:
        with pytest.raises(ValueError, match="the checksum is wrong"):
            decode(KEY, wrong)
    with pytest.raises(ValueError, match="the checksum is wrong"):
        decode(b"glinker:1:01", value)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"metadata": {"years": (1, 2)}}, "metadata would come back changed"),
        ({"metadata": {1: "one"}}, "metadata would come back changed"),
        ({"metadata": {"deep": {2: "two"}}}, "metadata would come back changed"),
        ({"metadata": {"other": {1, 2}}}, "set is not JSON serializable"),
        ({"metadata": {"other": float("nan")}}, "not JSON compliant"),
        ({"popularity": float("inf")}, "not JSON compliant"),
        ({"popularity": 1j}, "complex is not JSON serializable"),
    ],
)
def test_what_json_would_change_is_refused(fields, reason):
    with pytest.raises(ValueError, match=reason):
        encode(KEY, [Candidate(Entity("a", "a", **fields), "a", "exact")])


def test_values_are_compact_and_readable():
    value = encode(KEY, [Candidate(Entity("q1", "Zürich", ("Zurich",), popularity=2), "Zurich", "exact", {"l2": 1.0})])
    assert value[4:].decode() == '[["Zurich","exact",{"l2":1.0},"q1","Zürich",["Zurich"],"","",2,{}]]'


def test_the_format_has_a_new_number_when_the_records_have_other_fields():
    """If this fails, add the fields to `answers.py` and raise `FORMAT`."""
    fields = {record: [field.name for field in attrs.fields(record)] for record in (Candidate, Entity)}
    assert FORMAT == 1
    assert fields == {
        Candidate: ["entity", "name", "match", "scores"],
        Entity: ["entity_id", "label", "aliases", "description", "entity_type", "popularity", "metadata"],
    }


@given(st.lists(st.tuples(words, words), unique=True, max_size=20))
def test_every_question_has_a_key_of_its_own_of_one_size(questions):
    made = [key for scope, name in questions for key in keys("ns", scope, [name])]
    assert len(set(made)) == len(questions)
    assert {len(key) for key in made} <= {len(f"ns:{FORMAT}:") + 32}


def test_keys_do_not_depend_on_the_batch_and_keep_names_to_themselves():
    names = ["", "\x00", "x" * 10_000, "a b\r\nSET c d", "\ud83d"]
    assert keys("ns", "s", names) == [keys("ns", "s", [name])[0] for name in names]
    assert keys("ns", "s", ["a"]) != keys("other", "s", ["a"])


def test_another_version_of_glinker_has_other_keys(monkeypatch):
    before = keys("ns", "scope", ["Paris"])
    monkeypatch.setattr("glinker_redis.answers.__version__", "99.0")
    assert keys("ns", "scope", ["Paris"]) != before
