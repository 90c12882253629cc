import io
import json
import sys

import pyarrow as pa
import pytest
from attrs import evolve
from glinker_formats.tables import ParquetWriter, schema
from pyarrow import parquet
from typer.testing import CliRunner

from glinker_core.builtin.writers import JsonlWriter
from glinker_core.cli import app
from glinker_core.entities import document_rows
from glinker_core.errors import PluginError
from glinker_core.model import Candidate, Document, Entity, LinkedDocument, LinkedEntity, LinkedMention
from glinker_core.plugins import Plugins
from glinker_core.testing import WriterContract

from .test_parquet import COLUMNS, DOCUMENTS, packed_documents


def rows(content):
    return parquet.read_table(io.BytesIO(content)).to_pylist(maps_as_pydicts="strict")


class TestParquetWriter(WriterContract):
    surrogates = "Parquet takes Unicode only"

    @pytest.fixture
    def component(self):
        return ParquetWriter()

    def read(self, written):
        return [
            LinkedDocument(
                row["text"],
                tuple(
                    LinkedMention(m["text"], m["start"], m["end"], m["label"], m["entity_id"] and LinkedEntity(
                        m["entity_id"], m["entity_label"], m["score"], m["start"], m["end"], ""))
                    for m in row["entities"]
                ),
                row["id"],
                error=row["error"],
            )
            for row in rows(written)
        ]  # fmt: skip


def linked():
    candidate = Candidate(Entity("q", "Paris", entity_type="city"), "Paris", "exact", {"l2": 1.0, "l3": 0.5})
    entity = LinkedEntity("q", "Paris", 0.5, 0, 5, "Paris", "", "city")
    mention = LinkedMention("Paris", 0, 5, "place", entity, (candidate,), 1)
    return LinkedDocument("Paris \ud800", (mention, evolve(mention, linked_entity=None, reason="below")), "a", "rev")


@pytest.mark.parametrize("candidates", [False, True])
def test_a_row_holds_what_a_line_of_json_holds(candidates):
    document = evolve(linked(), text="Paris!")
    line = json.loads(JsonlWriter(candidates).write(document))
    writer = ParquetWriter(candidates)
    (row,) = rows(writer.write(document) + writer.end())
    assert row == {**line, "error": None, "entities": [{"reason": None, **mention} for mention in line["entities"]]}


def test_half_a_pair_is_one_character_as_well():
    writer = ParquetWriter()
    (row,) = rows(writer.write(linked()) + writer.end())
    assert row["text"] == "Paris \ufffd"


def test_the_columns_are_declared_before_there_is_a_row():
    assert parquet.read_schema(io.BytesIO(ParquetWriter().end())) == schema()


def test_a_packed_file_and_one_without_rows_are_read(tmp_path):
    for name, content in (("none.parquet", b""), ("no-rows.parquet", packed_documents([]))):
        (tmp_path / name).write_bytes(content)
        assert list(document_rows(tmp_path / name, Plugins.installed())) == []


def test_a_column_that_is_not_there_is_told_once(tmp_path):
    (tmp_path / "d.parquet").write_bytes(packed_documents(DOCUMENTS))
    (row,) = document_rows(tmp_path / "d.parquet", Plugins.installed(), columns={"text": "txt"})
    assert row.problem == "no column 'txt'; did you mean 'text'?"


def test_null_and_what_is_no_text_are_told_with_their_row(tmp_path):
    columns = pa.schema([("id", pa.int64()), ("text", pa.string())])
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.Table.from_pylist([{"id": 1, "text": None}, {"id": 2, "text": "x"}], columns), sink)
    (tmp_path / "d.parquet").write_bytes(sink.getvalue().to_pybytes())
    first, second = document_rows(tmp_path / "d.parquet", Plugins.installed())
    assert (first.line, first.problem) == (1, "expected an object with a string 'text', got {'text': None, 'id': 1}")
    assert second.item == Document("x", "2")


def test_an_archive_goes_through_a_pipeline_and_back(tmp_path):
    (tmp_path / "d.parquet").write_bytes(packed_documents(DOCUMENTS, pa.schema([*COLUMNS][:2])))
    (tmp_path / "e.jsonl").write_text('{"entity_id": "q", "label": "Paris"}\n')
    options = ["--kb", tmp_path / "e.jsonl", "-i", tmp_path / "d.parquet", "--into", tmp_path / "out"]
    done = CliRunner().invoke(app, ["link", *map(str, options), "--format", "parquet", "--part-size", "2"])
    assert done.exit_code == 0, done.stderr
    table = parquet.read_table(sorted((tmp_path / "out").glob("part-*.parquet")))
    assert [row["id"] for row in table.to_pylist()] == ["a", "2", "c"]
    assert table.to_pylist()[2]["entities"][0]["entity_id"] == "q"


def test_without_pyarrow_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(PluginError, match=r'pip install "glinker-formats\[parquet\]"'):
        ParquetWriter().end()
