"""Gold standards in the formats of others: each reader keeps the contract, and its mentions stand where they say."""

import json

import pytest
from glinker_eval.formats.aida import AidaReader
from glinker_eval.formats.biocs import BiocReader
from glinker_eval.formats.lines import ElevantReader, ZeldaReader
from glinker_eval.formats.nif import NifReader
from glinker_eval.formats.parts import concepts, names_of
from glinker_eval.formats.pubtator import PubtatorReader
from glinker_eval.gold import JudgedDocument, gold_of, read_gold

from glinker_core.errors import DataError
from glinker_core.model import Document
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract

TEXT = "Zürich lies in Utopia."
WIKI = "http://en.wikipedia.org/wiki"


def m(start, end, text, *ids, **more):
    given = {"start": start, "end": end, **({} if text is None else {"text": text}), "entity_ids": list(ids)}
    return {**given, **more}


def rows(reader, *lines):
    return list(reader.documents([line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines]))


def problems(reader, *lines):
    return [(row.line, row.problem) for row in rows(reader, *lines) if row.problem]


class TestAida(ReaderContract):
    spans = "a document goes on to the next -DOCSTART-"
    document_file = "\n".join(
        [
            "-DOCSTART- (1 ALPS)",
            f"Bad\tB\tBad Ragaz\tBad_Ragaz\t{WIKI}/Bad_Ragaz\t12\t/m/0x",
            f"Ragaz\tI\tBad Ragaz\tBad_Ragaz\t{WIKI}/Bad_Ragaz\t12\t/m/0x",
            "beats",
            "Utopia\tB\tUtopia\t--NME--",
            ".",
            "",
            "Ulm\tB\tUlm\tUlm_\\u0028x\\u0029",
            "Ulm\tB\tUlm\tUlm",
            "City\tB\tCity\tnull",
            "",
            "-DOCSTART- (2 EMPTY)",
            "",
            "Nothing",
            "here",
        ]
    ).encode()
    documents = (
        Document(
            "Bad Ragaz beats Utopia .\nUlm Ulm City\n",
            "1 ALPS",
            (
                m(0, 9, "Bad Ragaz", "Bad_Ragaz", "Bad Ragaz", f"{WIKI}/Bad_Ragaz", "12", "/m/0x"),
                m(16, 22, "Utopia"),
                m(25, 28, "Ulm", "Ulm_(x)", "Ulm (x)"),
                m(29, 37, None, "Ulm"),
            ),
        ),
        Document("Nothing here", "2 EMPTY", ()),
    )

    @pytest.fixture
    def component(self):
        return AidaReader()


def test_aida_says_what_is_wrong_with_a_line():
    assert problems(AidaReader(), "Ulm", "-DOCSTART- (1)", "Ulm\tI\tUlm\tUlm", "Ulm\tX", "\tB") == [
        (1, "stands before the first -DOCSTART-: 'Ulm'"),
        (3, "'Ulm' is tagged I, but no mention goes before it"),
        (4, "'Ulm' is tagged 'X'; known are B, I, and O or nothing"),
        (5, "has no token in its first column"),
    ]


def test_tokens_that_are_not_the_mention_they_claim_are_found_out():
    with pytest.raises(DataError, match="span 0:3 is 'Bad' in the text, not 'Bad Ragaz'"):
        gold_of(rows(AidaReader(), "-DOCSTART- (1)", "Bad\tB\tBad Ragaz\tX"), "x")


class TestPubtator(ReaderContract):
    spans = "an article goes on to the empty line behind it"
    document_file = (
        b"100|t|Aspirin and ulcers\n"
        b"100|a|Aspirin, or ASA, may cause ulcers.\n"
        b"100\t0\t7\tAspirin\tChemical\tMESH:D001241\n"
        b"100\t12\t18\tulcers\tDisease\tD014456|D010437\n"
        b"100\t31\t34\tASA\tChemical\t-1\n"
        b"100\tCID\tD001241\tD014456\n"
        b"\n"
        b"200|t|No abstract\n"
    )
    documents = (
        Document(
            "Aspirin and ulcers\nAspirin, or ASA, may cause ulcers.",
            "100",
            (
                m(0, 7, "Aspirin", "MESH:D001241", "D001241", label="Chemical"),
                m(12, 18, "ulcers", "D014456", "D010437", label="Disease"),
                m(31, 34, "ASA", label="Chemical"),
            ),
        ),
        Document("No abstract", "200", ()),
    )

    @pytest.fixture
    def component(self):
        return PubtatorReader()


def test_pubtator_says_what_is_wrong_with_a_line():
    assert problems(
        PubtatorReader(), "1|t|Ulm", "rubbish", "2\t0\t3\tUlm\tCity\tx", "1\t0\tx\tUlm\tCity\tx", "1\t-1\t3\tUlm"
    ) == [
        (2, "is neither text nor a mention: 'rubbish'"),
        (3, "a mention of article '2', whose text does not go before it"),
        (4, "offsets must be whole numbers, got '0' and 'x'"),
        (5, "offsets must be whole numbers, got '-1' and '3'"),
    ]


def test_articles_that_follow_without_an_empty_line_are_told_apart():
    found = rows(PubtatorReader(), "1|t|Ulm", "1\t0\t3\tUlm\tCity\tulm", "2|t|Bonn")
    assert [(row.line, row.item.id, row.item.text) for row in found] == [(1, "1", "Ulm"), (3, "2", "Bonn")]


XML = """<?xml version="1.0" encoding="UTF-8"?>
<collection><source>s</source><date>d</date><key>k</key>
<document><id>100</id>
<passage><offset>0</offset><text>Aspirin and ulcers</text>
<annotation id="1"><infon key="type">Chemical</infon><infon key="identifier">MESH:D001241</infon>
<location offset="0" length="7"/><text>Aspirin</text></annotation></passage>
<passage><offset>20</offset><text>ASA heals.</text>
<annotation id="2"><infon key="type">Chemical</infon><infon key="MESH">-1</infon>
<location offset="20" length="3"/><text>ASA</text></annotation></passage>
</document>
<document><id>200</id>
<passage><offset>0</offset><sentence><offset>0</offset><text>Zürich.</text>
<annotation id="1"><infon key="concept_id">a;b</infon><location offset="0" length="6"/><text>Zürich</text></annotation>
</sentence><sentence><offset>8</offset><text>Ulm.</text></sentence></passage></document>
</collection>
"""
BIOC_DOCUMENTS = (
    Document(
        "Aspirin and ulcers \nASA heals.",
        "100",
        (
            m(0, 7, "Aspirin", "MESH:D001241", "D001241", label="Chemical"),
            m(20, 23, "ASA", label="Chemical"),
        ),
    ),
    Document("Zürich.\nUlm.", "200", (m(0, 6, "Zürich", "a", "b"),)),
)


class TestBiocXml(ReaderContract):
    lazy = "XML is read whole"
    resumes = "XML with a fault is none"
    document_file = XML.encode()
    documents = BIOC_DOCUMENTS

    @pytest.fixture
    def component(self):
        return BiocReader()


def annotation(text, start, **infons):
    return {"id": "1", "infons": infons, "text": text, "locations": [{"offset": start, "length": len(text)}]}


def passage(offset, text, *annotations, sentences=()):
    return {"offset": offset, "infons": {}, "text": text, "sentences": list(sentences),
            "annotations": list(annotations), "relations": []}  # fmt: skip


def collection(*documents):
    return {"source": "s", "date": "d", "key": "k", "infons": {}, "documents": [
        {"id": name, "infons": {}, "passages": list(passages), "relations": []} for name, *passages in documents
    ]}  # fmt: skip


class TestBiocJson(ReaderContract):
    lazy = "JSON is read whole"
    resumes = "JSON with a fault is none"
    document_file = json.dumps(
        collection(
            (
                "100",
                passage(0, "Aspirin and ulcers", annotation("Aspirin", 0, type="Chemical", identifier="MESH:D001241")),
                passage(20, "ASA heals.", annotation("ASA", 20, type="Chemical", MESH="-1")),
            ),
            ("200", passage(0, "Zürich.", annotation("Zürich", 0, concept_id="a;b")), passage(8, "Ulm.")),
        ),
        indent=1,
    ).encode()
    documents = BIOC_DOCUMENTS

    @pytest.fixture
    def component(self):
        return BiocReader()


def test_bioc_says_what_is_wrong():
    overlapping = json.dumps(collection(("7", passage(0, "Aspirin"), passage(3, "ASA"))))
    ((_, wrong),) = problems(BiocReader(), overlapping)
    assert wrong == "document '7': a text at offset 3 begins within the one before it, of 7 characters"
    nowhere = json.dumps(collection(("7", passage(0, "Aspirin", {**annotation("A", 0), "locations": []}))))
    assert problems(BiocReader(), nowhere) == [(1, "document '7': annotation '1' has no location")]
    assert problems(BiocReader(), '{"source": ""}') == [(1, "not readable as BioC: 'date' is missing")]
    ((line, wrong),) = problems(BiocReader(), "<collection>", "<document>", "</collection>")
    assert (line, wrong.startswith("not readable as BioC: Opening and ending tag mismatch")) == (3, True)


def test_an_annotation_in_two_pieces_does_not_pass_for_one():
    two = annotation("left leg", 0)
    two["locations"] = [{"offset": 0, "length": 4}, {"offset": 15, "length": 3}]
    made = json.dumps(collection(("7", passage(0, "left and right leg", two))))
    with pytest.raises(DataError, match="is 'left and right leg' in the text, not 'left leg'"):
        gold_of(rows(BiocReader(), made), "x")


class TestElevant(ReaderContract):
    document_file = (
        '{"id": 7, "title": "t", "text": "Zürich in 1291.", "evaluation_span": [0, 9], "labels": ['
        '{"id": 0, "span": [0, 6], "entity_id": "Q72", "name": "Zürich", "type": "Q515", "optional": false},'
        '{"id": 1, "span": [7, 9], "entity_id": "Unknown1", "optional": true},'
        '{"id": 2, "span": [10, 14], "entity_id": "Unknown2", "type": "DATETIME"},'
        '{"id": 3, "span": [0, 1], "entity_id": "Q9", "type": "OTHER"}]}\n'
        '{"text": "Ulm.", "labels": []}\n'
    ).encode()
    documents = (
        JudgedDocument(
            "Zürich in 1291.",
            "7",
            (
                m(0, 6, None, "Q72", label="Q515"),
                m(7, 9, None, optional=True),
                m(10, 14, None, label="DATETIME", optional=True),
                m(0, 1, None, "Q9"),
            ),
            judged=(0, 9),
        ),
        JudgedDocument("Ulm.", "", ()),
    )

    @pytest.fixture
    def component(self):
        return ElevantReader()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("[]", "expected an object with a string 'text', got []"),
        ('{"text": "", "labels": {}}', "'labels' must be a list, got {}"),
        ('{"text": "", "labels": [1]}', "a label must be an object with 'span' and 'entity_id', got 1"),
        ('{"text": "", "labels": [{"span": [1]}]}', "'span' must be a start and an end, got [1]"),
        (
            '{"text": "", "labels": [{"span": [1, true], "entity_id": ""}]}',
            "'span' must be a start and an end, got [1, True]",
        ),
        ('{"text": "", "labels": [{"span": [0, 1]}]}', "'entity_id' and 'type' must be strings, got None and ''"),
        ('{"text": "", "labels": [], "id": [1]}', "'id' must be a string or a number, got [1]"),
    ],
)
def test_elevant_says_what_is_wrong_with_a_line(line, problem):
    assert problems(ElevantReader(), line) == [(1, problem)]


def test_what_a_benchmark_leaves_out_of_its_judgement_is_carried_along():
    gold = gold_of(rows(ElevantReader(), *TestElevant.document_file.splitlines()), "x")
    assert gold.documents[0].judged == (0, 9)
    assert [mention.optional for mention in gold.documents[0].mentions] == [False, False, True, True]


class TestZelda(ReaderContract):
    document_file = (
        '{"id": "z", "text": "Zürich in Utopia.", "index": [[0, 6], [10, 16]],'
        ' "wikipedia_ids": [40334, 5], "wikipedia_titles": ["Zürich", "Utopia_(book)"]}\n'
        '{"text": "Ulm.", "index": [], "wikipedia_titles": []}\n'
    ).encode()
    documents = (
        Document(
            "Zürich in Utopia.",
            "z",
            (m(0, 6, None, "Zürich", "40334"), m(10, 16, None, "Utopia_(book)", "Utopia (book)", "5")),
        ),
        Document("Ulm.", "", ()),
    )

    @pytest.fixture
    def component(self):
        return ZeldaReader()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (
            '{"text": "", "index": [], "wikipedia_titles": ["a"]}',
            "'index', 'wikipedia_titles' and 'wikipedia_ids' must be as long, got 0, 1 and 1 items",
        ),
        (
            '{"text": "", "index": [[0, 1]], "wikipedia_titles": [7]}',
            "a title must be a string and an id a number, got 7 and None",
        ),
    ],
)
def test_zelda_says_what_is_wrong_with_a_line(line, problem):
    assert problems(ZeldaReader(), line) == [(1, problem)]


NIF = """@prefix nif: <http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#> .
@prefix its: <http://www.w3.org/2005/11/its/rdf#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<http://example.org/doc1#char=0,22> a nif:RFC5147String, nif:Context ;
  nif:isString "Zürich lies in Utopia." ; nif:beginIndex "0"^^xsd:nonNegativeInteger .
<http://example.org/doc1#char=0,6> a nif:Phrase ; nif:referenceContext <http://example.org/doc1#char=0,22> ;
  nif:anchorOf "Zürich" ; nif:beginIndex "0"^^xsd:nonNegativeInteger ; nif:endIndex "6"^^xsd:nonNegativeInteger ;
  its:taClassRef <http://example.org/ontology#City> ;
  its:taIdentRef <http://dbpedia.org/resource/Z%C3%BCrich_(city)> , <urn:zh> .
<http://example.org/doc1#char=15,21> a nif:RFC5147String ; nif:referenceContext <http://example.org/doc1#char=0,22> ;
  nif:anchorOf "Utopia" ; nif:beginIndex "15"^^xsd:nonNegativeInteger ; nif:endIndex "21"^^xsd:nonNegativeInteger ;
  its:taIdentRef <http://aksw.org/notInWiki/Utopia> .
<http://example.org/doc1#char=0,11> a nif:Sentence ; nif:referenceContext <http://example.org/doc1#char=0,22> .
<http://example.org/doc2#char=0,4> a nif:Context ; nif:isString "Ulm." .
"""


class TestNif(ReaderContract):
    lazy = "a graph is read whole"
    resumes = "Turtle with a fault is none"
    document_file = NIF.encode()
    documents = (
        Document(
            TEXT,
            "http://example.org/doc1",
            (
                m(
                    0, 6, "Zürich", "http://dbpedia.org/resource/Z%C3%BCrich_(city)", "Zürich_(city)", "Zürich (city)",
                    "urn:zh", label="City",
                ),
                m(15, 21, "Utopia"),
            ),
        ),
        Document("Ulm.", "http://example.org/doc2", ()),
    )  # fmt: skip

    @pytest.fixture
    def component(self):
        return NifReader()


def test_mentions_of_a_text_that_is_not_there_are_no_document():
    without = NIF.replace("nif:isString", "nif:isNot").splitlines()[:-1]
    ((line, problem),) = problems(NifReader(), *without)
    assert (line, problem) == (4, "<http://example.org/doc1> has 2 mentions and no nif:isString")


def test_offsets_that_are_missing_are_found_out():
    without = NIF.replace('nif:endIndex "6"', 'nif:other "6"').splitlines()
    with pytest.raises(DataError, match="span 0:-1 is empty"):
        gold_of(rows(NifReader(), *without), "x")


@pytest.mark.parametrize(
    ("name", "content", "texts"),
    [
        ("a.conll", TestAida.document_file, 2),
        ("a.aida.tsv", TestAida.document_file, 2),
        ("a.pubtator.txt", TestPubtator.document_file, 2),
        ("a.xml", XML.encode(), 2),
        ("a.bioc.json", TestBiocJson.document_file, 2),
        ("a.ttl", NIF.encode(), 2),
        ("a.benchmark.jsonl", TestElevant.document_file, 2),
        ("a.zelda.jsonl", TestZelda.document_file, 2),
    ],
)
def test_a_gold_standard_is_read_by_its_ending_and_every_mention_stands_where_it_says(tmp_path, name, content, texts):
    (tmp_path / name).write_bytes(content)
    gold = read_gold(tmp_path / name, Plugins.installed())
    assert len(gold.documents) == texts
    assert [finding for finding in gold.findings if not finding.kept] == []


@pytest.mark.parametrize(
    "ending", ["conll", "pubtator", "xml", "bioc.json", "ttl", "benchmark.jsonl", "zelda.jsonl", "jsonl"]
)
def test_an_empty_file_is_no_gold_standard_in_any_format(tmp_path, ending):
    (tmp_path / f"a.{ending}").write_bytes(b"")
    with pytest.raises(DataError, match="holds no documents"):
        read_gold(tmp_path / f"a.{ending}", Plugins.installed())


def test_a_bioc_file_says_its_encoding():
    latin = XML.replace("UTF-8", "ISO-8859-1").encode("latin-1")
    assert [row.item for row in rows(BiocReader(), *latin.splitlines(keepends=True))] == list(BIOC_DOCUMENTS)


def test_ids_and_titles_under_all_their_names():
    assert names_of(f"{WIKI}/New_York") == [f"{WIKI}/New_York", "New_York", "New York"]
    assert concepts("MESH:D1|D2") == ["MESH:D1", "D1", "D2"]
