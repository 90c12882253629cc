import csv
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.builtin.readers import CsvReader, JsonlReader, TextReader, TsvReader
from glinker_core.builtin.records import document_of, entity_of, entity_under
from glinker_core.model import Document, Entity


def lines(text):
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    return data.splitlines(keepends=True)


def entities(reader, text):
    """Line and record, or line and problem, of each row."""
    return [(row.line, row.problem or row.item) for row in reader.entities(iter(lines(text)))]


def documents(reader, text):
    return [(row.line, row.problem or row.item) for row in reader.documents(iter(lines(text)))]


def problem(record):
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # whose text is what is tested
        entity_of(record)
    return str(caught.value)


# -- records -------------------------------------------------------------------------------------------------------


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


def test_a_document_without_an_id_has_none():
    assert document_of("x") == document_of({"text": "x"}) == document_of({"text": "x", "id": None}) == Document("x")
    assert document_of({"text": "x", "id": 7}).id == "7"
    made = Document("x", "y")
    assert document_of(made) is made


# -- tables --------------------------------------------------------------------------------------------------------

TABLES = pytest.mark.parametrize(("reader", "tab"), [(CsvReader(), ","), (TsvReader(), "\t")], ids=["csv", "tsv"])


@TABLES
def test_tables_have_the_names_of_all_linkers(reader, tab):
    text = "concept_id,canonical_name,aliases,types,definition,popularity,url\na,A,B | C||B,T1|T2,what it is,1e3,u\n"
    assert entities(reader, text.replace(",", tab)) == [
        (2, Entity("a", "A", ("B", "C"), "what it is", "T1", 1000.0, {"url": "u", "types": ["T1", "T2"]}))
    ]


@TABLES
def test_cells_may_be_quoted_and_hold_separators_and_lines(reader, tab):
    text = f'\r\nid{tab}label{tab}description\r\na{tab}"A{tab} ""B"""{tab}"one\r\ntwo\n\nthree"\r\n\r\nb{tab}B{tab}\r\n'
    assert entities(reader, text) == [
        (3, Entity("a", f'A{tab} "B"', (), "one\r\ntwo\n\nthree")),
        (8, Entity("b", "B")),
    ]


@TABLES
def test_empty_cells_are_as_if_left_out(reader, tab):
    text = "id,label,aliases,entity_type,popularity,metadata,x\na,A,,,,,\n".replace(",", tab)
    assert entities(reader, text) == [(2, Entity("a", "A"))]


@TABLES
@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("a", "1 cells where the header has 3"),
        ("a,A,1,2", "4 cells where the header has 3"),
        (",A,1", "'entity_id' is empty"),
        ("a,,1", "'label' is empty"),
        ("a,A,many", "'popularity' must be a number, got 'many'"),
        ("a,A,-1", "'popularity' must be 0 or more, got -1"),
        ("a,A,nan", "'popularity' must be 0 or more and finite, got nan"),
        ("a,A,²", "'popularity' must be a number, got '²'"),
        ('a,"A"B,1', "not a table: "),
        ("a,A\rB,1", "not a table: new-line character seen in unquoted field"),
    ],
)
def test_a_bad_row_is_told_with_its_number_and_costs_nothing_else(reader, tab, row, told):
    text = f"id,label,popularity\nz,Z,1\n{row}\nz,Z,1\n".replace(",", tab)
    rows = [
        (row.line, row.item, row.problem) for row in reader.entities([x + b"\n" for x in text.encode().split(b"\n")])
    ]
    assert [item for _, item, _ in rows] == [Entity("z", "Z", popularity=1), None, Entity("z", "Z", popularity=1)]
    assert [line for line, _, _ in rows] == [2, 3, 4]
    assert rows[1][2].startswith(told)


@TABLES
def test_a_quote_that_is_never_closed_is_told_where_it_begins_and_how_far_it_reaches(reader, tab):
    text = 'id,label\na,A\nb,"B\nc,C\nd,D\n'.replace(",", tab)
    assert entities(reader, text) == [
        (2, Entity("a", "A")),
        (3, "not a table: unexpected end of data; the record reaches to line 5"),
    ]


@TABLES
def test_every_bad_line_is_told_also_behind_others(reader, tab):
    text = b'id,label\na,"A"x\n\xffb,B\nc,"C"x\nd,D\n\xff\ne,"\xff\nE'.replace(b",", tab.encode())
    rows = entities(reader, text)
    assert [line for line, _ in rows] == [2, 3, 4, 5, 6, 7, 8]
    assert [type(item) for _, item in rows] == [str, str, str, Entity, str, str, str]


@TABLES
@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("id,label,label", "not a table: two columns are called 'label' in the header"),
        ("id,label,", "not a table: a column has no name in the header"),
        ("id, ,label", "not a table: a column has no name in the header"),
    ],
)
def test_a_header_that_would_lose_columns_is_refused(reader, tab, header, told):
    assert entities(reader, f"\n{header}\na,A,x\nb,B,y\n".replace(",", tab)) == [(2, told)]


@TABLES
def test_a_table_without_the_columns_that_are_needed_says_so_for_every_row(reader, tab):
    assert entities(reader, "name,lable\na,A\nb,B\n".replace(",", tab)) == [
        (2, "'entity_id' is missing"),
        (3, "'entity_id' is missing"),
    ]


@TABLES
@pytest.mark.parametrize("text", ["", "\n\n", "id,label\n", "id,label"])
def test_a_table_without_rows_has_no_entities(reader, tab, text):
    assert entities(reader, text.replace(",", tab)) == []


@TABLES
def test_names_of_columns_may_have_spaces_around_them(reader, tab):
    assert entities(reader, f" id {tab} label\na{tab} A \n") == [(2, Entity("a", " A "))]


@TABLES
def test_a_line_that_is_not_utf_8_is_told_and_so_is_none_of_its_record(reader, tab):
    text = f'id{tab}label\na{tab}A\nb{tab}\udcff\nc{tab}"C\n\udcff\nC"\nd{tab}D\n'.encode("utf-8", "surrogateescape")
    assert entities(reader, text) == [
        (2, Entity("a", "A")),
        (3, "not UTF-8: byte 2: invalid start byte"),
        (5, "not UTF-8: byte 0: invalid start byte"),
        (7, Entity("d", "D")),
    ]


@TABLES
@pytest.mark.parametrize(("header", "told"), [(b"\xffid,label", "not UTF-8: "), (b'"id"x,label', "not a table: ")])
def test_a_line_is_not_taken_for_a_header_that_cannot_be_read(reader, tab, header, told):
    first, second = entities(reader, b"\n".join([header, b"a,A", b"b,B"]).replace(b",", tab.encode()))
    assert first[0] == 1
    assert first[1].startswith(told)
    assert second == (1, "not a table: the line that should name the columns cannot be read")


@TABLES
def test_a_cell_may_be_a_million_letters_long(reader, tab, monkeypatch):
    before = csv.field_size_limit(131_072)
    long = "x" * 1_000_000
    ((line, item),) = entities(reader, f"id{tab}label{tab}description\na{tab}A{tab}{long}\n")
    assert (line, item.description) == (2, long)
    assert csv.field_size_limit(before) > 1_000_000


@TABLES
def test_documents_of_a_table_have_a_text_and_perhaps_an_id(reader, tab):
    text = 'id,text,x\na,"one\ntwo",1\n,three,\n'.replace(",", tab)
    assert documents(reader, text) == [(2, Document("one\ntwo", "a")), (4, Document("three"))]
    assert documents(reader, "id,txt\na,b\n".replace(",", tab)) == [(1, "no column 'text'; did you mean 'txt'?")]


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)


@TABLES
@given(rows=st.lists(st.tuples(TEXTS.filter(str.strip), TEXTS), max_size=4))
def test_what_a_table_holds_arrives(reader, tab, rows):
    class Sink(list):
        write = list.append

    sink = Sink()
    writer = csv.writer(sink, delimiter=tab, quoting=csv.QUOTE_ALL)
    writer.writerows([("id", "label", "description"), *((str(n), *row) for n, row in enumerate(rows))])
    found = [item for _, item in entities(reader, "".join(sink).encode())]
    assert [(item.label, item.description) for item in found] == rows


# -- text ----------------------------------------------------------------------------------------------------------


def test_a_text_is_one_document():
    assert documents(TextReader(), "one\r\ntwo\n") == [(1, Document("one\r\ntwo\n"))]
    assert documents(TextReader(), "") == [(1, Document(""))]
    assert documents(TextReader(), b"ab\xff") == [(1, "not UTF-8: byte 2: invalid start byte")]
