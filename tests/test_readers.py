"""Readers of JSON lines and of plain text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.builtin.readers import JsonlReader, TextReader
from glinker_core.model import Document, Entity
from tests.readings import documents, entities

# -- JSON lines ----------------------------------------------------------------------------------------------------


def test_json_lines_have_their_numbers_and_blank_ones_are_passed_over():
    text = '{"id": "a", "label": "A"}\n\n  \r\n{"id": "b", "label": "Ä\u2028"}\r\n{"id": "c", "label": "C"}'.encode()
    rows = [(row.line, row.item.label) for row in JsonlReader().entities(text.split(b"\n"))]
    assert rows == [(1, "A"), (4, "Ä\u2028"), (5, "C")]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{", "not JSON: Expecting property name enclosed in double quotes, column "),
        (b"not json", "not JSON: Expecting value, column 1"),
        (b'{"id": "a"} x', "not JSON: Extra data, column 13"),
        (b'{"id": "a", "label": "A",}', "not JSON: "),
        (b'"Paris"', "expected an object with 'entity_id' and 'label', got 'Paris'"),
        (b"[1]", "expected an object with 'entity_id' and 'label', got [1]"),
        (b'{"id": "a", "label": "\xff"}', "not UTF-8: byte 22: invalid start byte"),
        (b'{"id": "a", "label": "\xed\xa0\x80"}', "not UTF-8: byte 22: "),
        ('{"id": "a"}'.encode("utf-16"), "not UTF-8: byte 0: invalid start byte"),
        (b'{"id": "a", "id": "b", "label": "A"}', "not JSON: key 'id' stands there twice"),
        (b'{"id": "a", "label": "A", "metadata": {"x": 1, "x": 2}}', "not JSON: key 'x' stands there twice"),
        (b'{"id": "a", "label": "A", "popularity": NaN}', "not JSON: NaN is no number"),
        (b'{"id": "a", "label": "A", "x": -Infinity}', "not JSON: -Infinity is no number"),
        (b'{"id": "a", "label": "A", "x": 1e999}', "'metadata' cannot be kept as JSON: "),
        (b'{"id": "a", "label": "A", "popularity": 1e999}', "'popularity' must be 0 or more and finite, got inf"),
        (b'{"id": "a", "label": "A", "popularity": ' + b"9" * 5000 + b"}", "not JSON: Exceeds the limit"),
        (b'{"id": "a", "label": "\\ud800"}', "'label' holds half of a surrogate pair: "),
        (b'{"id": "a", "label": "A", "x": "\\ud800"}', "'metadata' cannot be kept as JSON: "),
        (b"[" * 100_000, "not JSON: nested too deeply"),
        (b"\xef\xbb\xbf" + b'{"id": "a", "label": "A"}', "not JSON: "),
    ],
    ids=range(20),
)
def test_a_bad_line_is_told_with_its_number_and_costs_nothing_else(line, told):
    good = b'{"id": "z", "label": "Z"}\n'
    rows = list(JsonlReader().entities([good, line + b"\n", good]))
    assert [row.line for row in rows] == [1, 2, 3]
    assert [row.item for row in rows] == [Entity("z", "Z"), None, Entity("z", "Z")]
    assert rows[1].problem.startswith(told)


def test_nesting_within_reason_is_kept():
    deep = b'{"id": "a", "label": "A", "x": ' + b"[" * 50 + b"]" * 50 + b"}"
    ((line, item),) = entities(JsonlReader(), deep)
    assert (line, item.entity_id) == (1, "a")


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none()), max_size=3), st.text(min_size=1))
def test_what_json_holds_arrives(metadata, label):
    record = {"entity_id": "a", "label": label, "metadata": metadata}
    ((_, item),) = entities(JsonlReader(), json.dumps(record).encode() + b"\n")
    surrogate = any("\ud800" <= char <= "\udfff" for char in label)
    if label.strip() and not surrogate:
        assert (item.label, item.metadata) == (label, metadata)
    else:
        assert isinstance(item, str)


def test_documents_are_objects_or_strings():
    text = (
        '{"text": "one", "id": "x", "entities": [{"start": 0, "end": 3}]}\n"two"\n{"text": "three", "mentions": []}\n'
    )
    assert documents(JsonlReader(), text) == [
        (1, Document("one", "x", ({"start": 0, "end": 3},))),
        (2, Document("two")),
        (3, Document("three", "", ())),
    ]


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"txt": "x"}, "expected an object with a string 'text', got {'txt': 'x'}"),
        ({"text": 5}, "expected an object with a string 'text', got {'text': 5}"),
        (5, "expected an object with a string 'text', got 5"),
        ({"text": "x", "entities": "Paris"}, "'entities' must be a list of mentions, got 'Paris'"),
        ({"text": "x", "id": ["a"]}, "'id' must be a string, got ['a']"),
        ({"text": "x", "id": True}, "'id' must be a string, got True"),
    ],
)
def test_what_is_no_document_is_told(record, told):
    ((line, found),) = documents(JsonlReader(), json.dumps(record))
    assert (line, found) == (1, told)


# -- text ----------------------------------------------------------------------------------------------------------


def test_a_text_is_one_document():
    assert documents(TextReader(), "one\r\ntwo\n") == [(1, Document("one\r\ntwo\n"))]
    assert documents(TextReader(), "") == [(1, Document(""))]
    assert documents(TextReader(), b"ab\xff") == [(1, "not UTF-8: byte 2: invalid start byte")]
