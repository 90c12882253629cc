"""Readers of tables, by commas and by tabs."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.builtin.readers import CsvReader, TsvReader
from glinker_core.model import Document, Entity
from tests.readings import documents, entities

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
