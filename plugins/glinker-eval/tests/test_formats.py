"""Gold standards in the formats of others: each reader keeps the contract, and its mentions stand where they say."""

import json

import pytest
from glinker_eval.formats.aida import AidaReader
from glinker_eval.formats.biocs import BiocReader
from glinker_eval.formats.lines import ElevantReader, ZeldaReader
from glinker_eval.formats.nif import NifReader
from glinker_eval.formats.parts import concepts, names_of
from glinker_eval.formats.pubtator import PubtatorReader
from glinker_eval.gold import gold_of, read_gold

from glinker_core.errors import DataError
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract

from .gold_files import (
    AIDA,
    AIDA_DOCUMENTS,
    BIOC_DOCUMENTS,
    BIOC_JSON,
    ELEVANT,
    ELEVANT_DOCUMENTS,
    NIF,
    NIF_DOCUMENTS,
    PUBTATOR,
    PUBTATOR_DOCUMENTS,
    WIKI,
    XML,
    ZELDA,
    ZELDA_DOCUMENTS,
    annotation,
    collection,
    passage,
)


def rows(reader, *lines):
    return list(reader.documents([line if isinstance(line, bytes) else f"{line}\n".encode() for line in lines]))


def problems(reader, *lines):
    return [(row.line, row.problem) for row in rows(reader, *lines) if row.problem]


class TestAida(ReaderContract):
    spans = "a document goes on to the next -DOCSTART-"
    document_file = AIDA
    documents = AIDA_DOCUMENTS

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
    document_file = PUBTATOR
    documents = PUBTATOR_DOCUMENTS

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


class TestBiocXml(ReaderContract):
    lazy = "XML is read whole"
    resumes = "XML with a fault is none"
    document_file = XML.encode()
    documents = BIOC_DOCUMENTS

    @pytest.fixture
    def component(self):
        return BiocReader()


class TestBiocJson(ReaderContract):
    lazy = "JSON is read whole"
    resumes = "JSON with a fault is none"
    document_file = BIOC_JSON
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
    document_file = ELEVANT
    documents = ELEVANT_DOCUMENTS

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
    document_file = ZELDA
    documents = ZELDA_DOCUMENTS

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


class TestNif(ReaderContract):
    lazy = "a graph is read whole"
    resumes = "Turtle with a fault is none"
    document_file = NIF.encode()
    documents = NIF_DOCUMENTS

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
