"""Linked documents in the formats of others: each writer keeps the contract, read back by the reader beside it."""

import pytest
from glinker_eval.formats.biocs import BiocReader
from glinker_eval.formats.lines import ElevantReader
from glinker_eval.formats.nif import NifReader
from glinker_eval.formats.writers import BiocWriter, ElevantWriter, NifWriter
from glinker_eval.gold import gold_of

from glinker_core.errors import DataError
from glinker_core.model import LinkedDocument, LinkedEntity, LinkedMention
from glinker_core.testing import WriterContract


class Written(WriterContract):
    """What the reader of the format says of what was written; that a document failed is no part of gold."""

    reader = BiocReader

    def read(self, written):
        rows = list(self.reader().documents(written.splitlines(keepends=True)))
        assert [row.problem for row in rows if row.problem] == []
        errors = {"failed": "node 'l1': it failed"} if b"node 'l1': it failed" in written else {}
        return [_linked(document, errors) for document in gold_of(rows, "x").documents] if rows else []


def _linked(document, errors):
    mentions = [
        LinkedMention(m.text, m.start, m.end, m.label, _entity(m) if m.entity_ids else None) for m in document.mentions
    ]
    return LinkedDocument(document.text, tuple(mentions), document.id, error=errors.get(document.id))


def _entity(mention):
    return LinkedEntity(mention.entity_id, "", 0, mention.start, mention.end, "")


class TestBioc(Written):
    @pytest.fixture
    def component(self):
        return BiocWriter()


class TestElevant(Written):
    reader = ElevantReader

    @pytest.fixture
    def component(self):
        return ElevantWriter()


class TestNif(Written):
    surrogates = "RDF is Unicode"
    reader = NifReader

    @pytest.fixture
    def component(self):
        return NifWriter()


def test_names_that_are_no_addresses_come_back_as_they_were():
    entity = LinkedEntity("MESH:D1 <x>/é", "D", 0.5, 0, 3, "Ulm")
    other = LinkedEntity("http://dbpedia.org/resource/Ulm", "Ulm", 0.5, 4, 7, "Ulm")
    said = (LinkedMention("Ulm", 0, 3, "a city", entity), LinkedMention("Ulm", 4, 7, "x/y#z", other))
    written = NifWriter().write(LinkedDocument("Ulm Ulm", said, "letters/1 & 2"))
    (row,) = NifReader().documents(written.splitlines(keepends=True))
    assert row.item.id == "letters/1 & 2"
    assert [(m["entity_ids"][0], m["label"]) for m in row.item.entities] == [
        ("MESH:D1 <x>/é", "a city"),
        ("http://dbpedia.org/resource/Ulm", "x/y#z"),
    ]


def test_what_rdf_cannot_hold_is_said():
    with pytest.raises(DataError, match="document 'd': holds half of a surrogate pair"):
        NifWriter().write(LinkedDocument("\ud800", id="d"))
