"""`.spacy` files as input and output of `glinker link`."""

from __future__ import annotations

import pytest
import spacy
from attrs import evolve
from glinker_spacy.docbin import DocBinReader, DocBinWriter
from glinker_spacy.docs import linked_document, register
from spacy.tokens import Doc, DocBin
from typer.testing import CliRunner

from glinker_core.cli import app
from glinker_core.model import Document
from glinker_core.testing import ReaderContract, WriterContract

from .linking import ids, ruled, write_entities


def docbin(*docs, **how):
    return DocBin(docs=docs, **how).to_bytes()


def docs_in(written):
    register()
    return list(DocBin().from_bytes(written).get_docs(spacy.blank("xx").vocab))


def sample():
    nlp = spacy.blank("en")
    one, two = nlp("Zu\u0308rich 👩\u200d🚀 Paris "), nlp("nobody")
    start = one.text.index("Paris")
    one.set_ents([one.char_span(0, 7, label="GPE"), one.char_span(start, start + 5, label="LOC")])
    return one, two


class TestDocBinReader(ReaderContract):
    one, two = sample()
    document_file = docbin(one, two)
    documents = tuple(
        Document(doc.text, str(number), tuple(
            {"start": e.start_char, "end": e.end_char, "text": e.text, "label": e.label_} for e in doc.ents
        ))
        for number, doc in enumerate((one, two), 1)
    )  # fmt: skip
    lazy = resumes = "a file is packed as one"

    @pytest.fixture
    def component(self):
        return DocBinReader()


class TestDocBinWriter(WriterContract):
    streams = "a file is packed as one"
    surrogates = "spaCy takes Unicode only"

    def read(self, written):
        return [linked_document(doc) for doc in docs_in(written)]

    @pytest.fixture
    def component(self):
        return DocBinWriter()


def test_mentions_of_a_document_count_code_points():
    (row,) = DocBinReader().documents([docbin(sample()[0])])
    assert len(row.item.entities) == 2
    assert [row.item.text[m["start"] : m["end"]] for m in row.item.entities] == [m["text"] for m in row.item.entities]


def test_mentions_say_what_they_mean_where_a_document_is_linked():
    doc = spacy.blank("en")("Paris, Texas and Atlantis")
    ents = ((0, 5, "city-paris-fr"), (7, 12, ""), (17, 25, "NIL"))
    doc.set_ents([doc.char_span(start, end, label="GPE", kb_id=one) for start, end, one in ents])
    rows = list(DocBinReader().documents([docbin(doc, sample()[0])]))
    assert [m["entity_id"] for m in rows[0].item.entities] == ["city-paris-fr", None, None]
    assert all("entity_id" not in mention for mention in rows[1].item.entities)


def test_what_was_linked_to_nothing_at_all_is_nil():
    writer = DocBinWriter()
    (document,) = [d for d in TestDocBinWriter().documents if d.id == "both"]
    writer.write(evolve(document, entities=tuple(m for m in document.entities if not m.is_linked)))
    (row,) = DocBinReader().documents([writer.end()])
    assert [(m["text"], m["entity_id"]) for m in row.item.entities] == [("Atlantis", None)]


def test_a_document_that_is_damaged_is_told_by_its_number():
    packed = DocBin(docs=sample(), store_user_data=True)
    packed.user_data[1] = b"\xc1"
    rows = list(DocBinReader().documents([packed.to_bytes()]))
    assert [row.item is None for row in rows] == [False, True]
    assert rows[1].problem.startswith("document 2 cannot be read: ")


def test_what_is_no_docbin_is_a_problem():
    (row,) = DocBinReader().documents([b"text\n", b"more"])
    assert row.problem.startswith("is no DocBin of spaCy: ")


def test_words_without_spaces_are_a_text():
    doc = Doc(spacy.blank("en").vocab, words=["Paris", "here"])
    assert next(DocBinReader().documents([docbin(doc)])).item.text == "Paris here "


def test_half_a_surrogate_pair_becomes_a_replacement_character_and_nothing_moves():
    writer = DocBinWriter()
    (document,) = [d for d in TestDocBinWriter().documents if d.id == "both"]
    writer.write(evolve(document, text=document.text + " \ud800"))
    (doc,) = docs_in(writer.end())
    assert doc.text == "Paris and Atlantis \ufffd"
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("Paris", "city-paris-fr"), ("Atlantis", "")]


# -- the program ----------------------------------------------------------------------------------------------------


@pytest.fixture
def kb(tmp_path):
    return write_entities(tmp_path)


def glinker(*args):
    done = CliRunner().invoke(app, ["link", *map(str, args)], prog_name="glinker", catch_exceptions=False)
    assert done.exit_code == 0, done.stderr
    return done


def test_docbin_in_and_out(kb, tmp_path):
    nlp = spacy.blank("en")
    (tmp_path / "in.spacy").write_bytes(docbin(nlp("The Seine flows through Paris."), nlp("ranches of Paris, Texas")))
    glinker("--kb", kb, "-i", tmp_path / "in.spacy", "-o", tmp_path / "out.spacy")
    first, second = docs_in((tmp_path / "out.spacy").read_bytes())
    assert (ids(first), ids(second)) == ({"Seine": "seine", "Paris": "fr"}, {"Paris, Texas": "tx"})
    assert first.user_data["glinker"]["id"] == "1"
    assert [c.entity_id for c in first.ents[1]._.glinker.candidates] == ["fr"]
    again = glinker("--kb", kb, "-i", tmp_path / "out.spacy", "--format", "spacy", "--all-candidates")
    (mention,) = [e._.glinker for e in docs_in(again.stdout_bytes)[0].ents if e.text == "Paris"]
    assert [c.entity_id for c in mention.candidates] == ["fr", "tx"]


def test_entities_of_a_docbin_are_the_mentions_of_a_pipeline_that_takes_them(kb, tmp_path):
    path = tmp_path / "pipeline.yaml"
    path.write_text(
        "name: given\nnodes:\n- {id: l1, processor: l1_external}\n"
        "- {id: l2, processor: l2_chain, config: {layers: [{type: dict}]}}\n- {id: l3, processor: l3_lexical}\n"
        "- {id: l0, processor: l0_aggregator}\n"
    )
    nlp = ruled()
    (tmp_path / "in.spacy").write_bytes(docbin(nlp("Atlantis and the Seine"), nlp("nothing")))
    glinker("--kb", kb, "-p", path, "-i", tmp_path / "in.spacy", "-o", tmp_path / "out.spacy")
    found = docs_in((tmp_path / "out.spacy").read_bytes())
    assert [ids(doc) for doc in found] == [{"Atlantis": "", "Seine": "seine"}, {}]
    assert [ent.label_ for ent in found[0].ents] == ["GPE", "LOC"]
