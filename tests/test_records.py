"""Records of entities and documents, of our own and of other linkers: what is understood, and what is refused."""

import pytest

from glinker_core.builtin.records import document_of, entity_of, entity_under
from glinker_core.model import Document, Entity


def problem(record):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # whose text is what is tested
        entity_of(record)
    return str(caught.value)


def test_a_record_of_our_own_has_all_fields():
    record = {
        "entity_id": "Q90", "label": "Paris", "aliases": ["Ville Lumière", "Paname"], "description": "capital",
        "entity_type": "city", "popularity": 9.5, "metadata": {"population": 2_100_000},
    }  # fmt: skip
    made = Entity("Q90", "Paris", ("Ville Lumière", "Paname"), "capital", "city", 9.5, {"population": 2_100_000})
    assert entity_of(record) == made
    assert entity_of(made) is made


@pytest.mark.parametrize(
    "record",
    [
        {"entity_id": "Q90", "label": "Paris", "description": "capital", "entity_type": "city"},
        {"id": "Q90", "title": "Paris", "description": "capital", "type": "city"},
        {"concept_id": "Q90", "canonical_name": "Paris", "definition": "capital", "types": ["city"], "aliases": []},
    ],
    ids=["glinker", "lela", "scispacy"],
)
def test_the_names_of_other_linkers_are_understood(record):
    assert entity_of(record) == Entity("Q90", "Paris", (), "capital", "city")


def test_embeddings_of_other_systems_are_left_out_and_other_keys_kept_as_metadata():
    record = {"id": "a", "label": "A", "embedding": [0.1], "embedding_model_id": "x", "url": "u", "metadata": {"n": 1}}
    assert entity_of(record).metadata == {"url": "u", "n": 1}


def test_of_several_types_the_first_is_the_type_and_all_are_kept():
    made = entity_of({"id": "a", "label": "A", "types": ["T1", "T2"]})
    assert (made.entity_type, made.metadata) == ("T1", {"types": ["T1", "T2"]})
    assert entity_of({"id": "a", "label": "A", "types": []}).entity_type == ""
    assert entity_of({"id": "a", "label": "A", "types": ("T1",)}).entity_type == "T1"


def test_nothing_is_as_if_left_out():
    empty = dict.fromkeys(("aliases", "description", "entity_type", "popularity", "metadata"))
    assert entity_of({"entity_id": "a", "label": "A", **empty}) == Entity("a", "A")


def test_an_id_that_is_a_number_is_its_digits():
    assert entity_of({"id": 90, "label": "A"}).entity_id == "90"


def test_aliases_are_kept_once_and_in_order_and_blank_ones_are_none():
    assert entity_of({"id": "a", "label": "A", "aliases": ["b", "", "c", "b", " "]}).aliases == ("b", "c")


def test_a_popularity_too_large_for_stores_is_a_float():
    assert type(entity_of({"id": "a", "label": "A", "popularity": 10**18}).popularity) is float
    assert entity_of({"id": "a", "label": "A", "popularity": 10**6}).popularity == 10**6


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ("Paris", "expected an object with 'entity_id' and 'label', got 'Paris'"),
        ([1], "expected an object with 'entity_id' and 'label', got [1]"),
        (None, "expected an object with 'entity_id' and 'label', got None"),
        ({}, "'entity_id' is missing"),
        ({"id": "a"}, "'label' is missing"),
        ({"id": "a", "lable": "A"}, "'label' is missing; there is 'lable'"),
        ({"entity-id": "a", "label": "A"}, "'entity_id' is missing; there is 'entity-id'"),
        ({"id": None, "label": "A"}, "'entity_id' is missing"),
        ({"id": "", "label": "A"}, "'entity_id' is empty"),
        ({"id": "a", "label": " \t"}, "'label' is empty"),
        ({"id": "a", "label": 5}, "'label' must be a string, got 5"),
        ({"id": True, "label": "A"}, "'entity_id' must be a string, got True"),
        ({"id": 1.5, "label": "A"}, "'entity_id' must be a string, got 1.5"),
        ({"id": "a", "label": "A", "aliases": "B|C"}, "'aliases' must be a list of strings, got 'B|C'"),
        ({"id": "a", "label": "A", "aliases": {"B": 1}}, "'aliases' must be a list of strings, got {'B': 1}"),
        ({"id": "a", "label": "A", "aliases": ["B", None]}, "'aliases' must be a string, got None"),
        ({"id": "a", "label": "A", "description": ["x"]}, "'description' must be a string, got ['x']"),
        ({"id": "a", "label": "A", "types": [5]}, "'entity_type' must be a string, got 5"),
        ({"id": "a", "label": "A", "types": ["T1", 5]}, "'types' must be a string, got 5"),
        ({"id": "a", "label": "A", "popularity": "9"}, "'popularity' must be a number, got '9'"),
        ({"id": "a", "label": "A", "popularity": True}, "'popularity' must be a number, got True"),
        ({"id": "a", "label": "A", "popularity": -1}, "'popularity' must be 0 or more, got -1"),
        ({"id": "a", "label": "A", "popularity": float("nan")}, "'popularity' must be 0 or more and finite, got nan"),
        ({"id": "a", "label": "A", "popularity": float("inf")}, "'popularity' must be 0 or more and finite, got inf"),
        ({"id": "a", "label": "A", "metadata": "x"}, "'metadata' must be an object, got 'x'"),
        ({"id": "a", "title": "A", "label": "B"}, "'label' says 'label' a second time"),
        ({"id": "a", "entity_id": "b", "label": "B"}, "'entity_id' says 'entity_id' a second time"),
        ({"id": "a", "label": "A", "x": 1, "metadata": {"x": 2}},
         "'x' stands in the record and in its 'metadata', and is not the same"),
        ({"id": "a", "label": "A\ud800"}, "'label' holds half of a surrogate pair: 'A\\ud800'"),
        ({"id": "a", "label": "A", "aliases": ["\udfff"]}, "'aliases' holds half of a surrogate pair: '\\udfff'"),
        ({"id": "a", "label": "A", "x": "\ud800"}, "'metadata' cannot be kept as JSON: "),
        ({"id": "a", "label": "A", "x": float("nan")}, "'metadata' cannot be kept as JSON: "),
        ({"id": "a", "label": "A", "x": {1, 2}}, "'metadata' cannot be kept as JSON: "),
        ({"id": "a", "label": "A", "aliases": "x" * 1000}, "'aliases' must be a list of strings, got 'xxx"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_record_is_said_with_its_value(record, told):
    assert problem(record).startswith(told)
    assert len(problem(record)) < 200


def test_a_popularity_beyond_all_floats_is_refused():
    assert problem({"id": "a", "label": "A", "popularity": 10**400}).startswith(
        "'popularity' must be 0 or more and finite"
    )


def test_a_key_that_says_the_same_in_metadata_is_fine():
    assert entity_of({"id": "a", "label": "A", "x": 1, "metadata": {"x": 1}}).metadata == {"x": 1}


def test_a_record_under_its_id_may_leave_it_out_or_repeat_it():
    assert entity_under("a", {"label": "A"}) == Entity("a", "A")
    assert entity_under("a", {"id": "a", "title": "A"}) == Entity("a", "A")
    assert entity_under(7, {"label": "A"}).entity_id == "7"
    assert entity_under("a", Entity("a", "A")) == Entity("a", "A")
    for record in ({"entity_id": "b", "label": "A"}, Entity("b", "A")):
        with pytest.raises(ValueError, match=r"^stands under 'a', but its 'entity_id' is 'b'$"):
            entity_under("a", record)
    with pytest.raises(ValueError, match="expected an object"):
        entity_under("a", "A")


def test_a_document_without_an_id_has_none():
    assert document_of("x") == document_of({"text": "x"}) == document_of({"text": "x", "id": None}) == Document("x")
    assert document_of({"text": "x", "id": 7}).id == "7"
    made = Document("x", "y")
    assert document_of(made) is made
