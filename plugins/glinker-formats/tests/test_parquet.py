import gzip
import sys
from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from glinker_formats.parquet import ParquetReader
from pyarrow import parquet

from glinker_core.entities import entity_rows
from glinker_core.errors import PluginError
from glinker_core.model import Document, Entity
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract

RECORDS = [
    {"id": "a", "title": "Alpha", "aliases": ["A", "Al"], "description": "first\nof\nall", "popularity": 2.5,
     "metadata": [("source", "test")]},
    {"id": "b", "title": "Beta", "aliases": None, "description": None, "popularity": None, "metadata": None},
    {"id": "c", "title": "Gämma", "aliases": [], "description": "third\none\n", "popularity": 1.0, "metadata": []},
]  # fmt: skip
TYPES = pa.schema(
    [
        ("id", pa.string()),
        ("title", pa.string()),
        ("aliases", pa.list_(pa.string())),
        ("description", pa.string()),
        ("popularity", pa.float64()),
        ("metadata", pa.map_(pa.string(), pa.string())),
    ]
)
ENTITIES = (
    Entity("a", "Alpha", ("A", "Al"), "first\nof\nall", popularity=2.5, metadata={"source": "test"}),
    Entity("b", "Beta"),
    Entity("c", "Gämma", (), "third\none\n", popularity=1.0),
)


def packed(records, schema=None, **options):
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist(records, schema), sink, write_page_checksum=True, **options)
    return sink.getvalue().to_pybytes()


DOCUMENTS = (Document("one\ntext", "a"), Document("another", "2"), Document("Paris", "c", ({"start": 0, "end": 5},)))
COLUMNS = pa.schema([("id", pa.string()), ("text", pa.string()),
                     ("entities", pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64())]))),
                     ("blob", pa.binary())])  # fmt: skip


def packed_documents(documents, columns=COLUMNS, **options):
    rows = [{"id": d.id, "text": d.text, "entities": d.entities, "blob": b"x"} for d in documents]
    return packed(rows, columns, **options)


def read(*records, schema=None, **options):
    rows = list(ParquetReader().entities([packed(list(records), schema, **options)]))
    return [row.item for row in rows if row.item], [(row.line, row.problem) for row in rows if row.problem]


class TestParquetReaderKeepsTheContract(ReaderContract):
    entity_file = packed(RECORDS, TYPES, compression="none")
    entities = ENTITIES
    document_file = packed_documents(DOCUMENTS, compression="none")
    documents = DOCUMENTS
    lazy = "what is where stands at the end of the file"
    resumes = "a broken file is not a file"

    @pytest.fixture
    def component(self):
        return ParquetReader(batch_size=2)


@pytest.mark.parametrize("name", ["kb.parquet", "kb.parquet.gz"])
def test_files_are_read_row_group_by_row_group(tmp_path, name):
    content = packed(RECORDS, TYPES, row_group_size=1)
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    rows = list(entity_rows(tmp_path / name, Plugins.installed()))
    assert [(row.line, row.item) for row in rows] == list(enumerate(ENTITIES, 1))


def test_the_first_row_comes_before_the_second_row_group_is_read(tmp_path):
    content = bytearray(packed([{"id": str(number), "title": "T" * 5000} for number in range(8)], row_group_size=4,
                               use_dictionary=False, compression="none"))  # fmt: skip
    content[30_000] ^= 0xFF  # in the second row group
    (tmp_path / "kb.parquet").write_bytes(content)
    rows = list(ParquetReader(batch_size=4).entities_from(tmp_path / "kb.parquet"))
    assert [row.item.entity_id for row in rows[:-1]] == ["0", "1", "2", "3"]
    assert rows[-1].line == 5
    assert "not readable as Parquet" in rows[-1].problem
    assert "CRC" in rows[-1].problem


def test_other_columns_are_kept_in_metadata_as_json_has_them():
    record = {"born": date(1999, 1, 2), "seen": datetime(2020, 1, 2, 3), "price": Decimal("1.50"), "flag": True,
              "nested": {"when": date(2000, 1, 1), "none": None}, "nothing": None}  # fmt: skip
    (entity,), problems = read({"id": "a", "title": "A", **record})
    assert not problems
    assert entity.metadata == {
        "born": "1999-01-02", "seen": "2020-01-02T03:00:00", "price": 1.5, "flag": True,
        "nested": {"when": "2000-01-01", "none": None},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("record", "problem"),
    [
        ({"id": "x"}, "'label' is missing"),
        ({"id": "x", "title": " "}, "'label' is empty"),
        ({"id": "x", "title": "X", "aliases": "A|B"}, "'aliases' must be a list of strings, got 'A|B'"),
        ({"id": "x", "title": "X", "aliases": [None]}, "'aliases' must be a string, got None"),
        ({"id": "x", "title": "X", "popularity": "much"}, "'popularity' must be a number, got 'much'"),
        ({"id": "x", "title": "X", "blob": b"\x00"}, "'blob' holds bytes, which no text can be; cast the column"),
        ({"id": "x", "title": "X", "label": "Y"}, "'label' says 'label' a second time"),
    ],
)
def test_bad_rows_are_told_with_their_number(record, problem):
    columns = pa.Table.from_pylist([{"id": "x", "title": "X"} | record]).schema
    entities, problems = read({"id": "a", "title": "A"}, record, schema=columns)
    assert [entity.entity_id for entity in entities] == ["a"]
    assert problems == [(2, problem)]


def test_a_map_with_a_key_twice_is_told_not_cut():
    maps = pa.schema([("id", pa.string()), ("title", pa.string()), ("metadata", pa.map_(pa.string(), pa.string()))])
    entities, problems = read({"id": "x", "title": "X", "metadata": [("k", "1"), ("k", "2")]}, schema=maps)
    assert not entities
    assert [line for line, _ in problems] == [1]


@pytest.mark.parametrize("content", [b"PAR1", b"not Parquet at all\n", b"PAR1\x00\x00\x00\x00PAR1"])
def test_what_is_no_parquet_is_told(content):
    (row,) = ParquetReader().entities([content])
    assert (row.line, row.item) == (1, None)
    assert row.problem.startswith("not readable as Parquet: ")


def test_without_pyarrow_the_command_that_installs_it_is_told(monkeypatch, tmp_path):
    (tmp_path / "kb.parquet").write_bytes(packed(RECORDS))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PluginError, match=r'need pyarrow; run: pip install "glinker-formats\[parquet\]"'):
        list(entity_rows(tmp_path / "kb.parquet", Plugins.installed()))
