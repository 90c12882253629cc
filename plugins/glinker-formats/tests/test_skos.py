import gzip
import json
import sys

import pytest
from glinker_formats.skos import SkosReader

from glinker_core.entities import entity_rows
from glinker_core.errors import PluginError
from glinker_core.model import Entity
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract

TURTLE = """@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix toy: <http://toys.example/thesaurus#> .

toy:top a skos:Concept, toy:Toy ;
    skos:prefLabel "spinning top"@en, "Kreisel"@de, "toupie"@fr ;
    skos:altLabel "top"@en, "whirligig"@en, "Dilldopp"@de, "TOP" ;
    skos:hiddenLabel "spining top"@en ;
    skos:definition "Ein Spielzeug."@de, "A toy that spins."@en ;
    skos:scopeNote "Not for hats."@en ;
    skos:broader toy:toys ;
    skos:notation "T1" .

toy:toys a skos:Concept ;
    skos:prefLabel "toys"@en-GB .
"""
BASE = "http://toys.example/thesaurus#"
TOP = Entity(
    f"{BASE}top",
    "spinning top",
    ("TOP", "top", "whirligig", "spining top"),
    "A toy that spins.",
    "Toy",
    metadata={"broader": [f"{BASE}toys"], "notation": ["T1"], "scopeNote": ["Not for hats."]},
)
TOYS = Entity(f"{BASE}toys", "toys")
PREFIXES = "".join(TURTLE.splitlines(keepends=True)[:2])
SKOS = "http://www.w3.org/2004/02/skos/core#"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
TRIPLES = f"""<{BASE}b> <{RDF}type> <{SKOS}Concept> .
<{BASE}b> <{SKOS}prefLabel> "B" .
<{BASE}a> <{SKOS}prefLabel> "A"@fi .
<{BASE}a> <{RDF}type> <{SKOS}Concept> .
"""
XML = f"""<?xml version="1.0" encoding="iso-8859-1"?>
<rdf:RDF xmlns:rdf="{RDF}" xmlns:skos="{SKOS}">
  <skos:Concept rdf:about="{BASE}b"><skos:prefLabel>B</skos:prefLabel></skos:Concept>
  <skos:Concept rdf:about="{BASE}a">
    <skos:prefLabel xml:lang="fi">A</skos:prefLabel></skos:Concept>
</rdf:RDF>
"""
JSON_LD = json.dumps(
    {
        "@context": {"@vocab": SKOS, "t": BASE},
        "@graph": [
            {"@id": "t:b", "@type": "Concept", "prefLabel": "B"},
            {"@id": "t:a", "@type": "Concept", "prefLabel": {"@value": "A", "@language": "fi"}},
        ],
    },
    indent=1,
)
WHOLE = "a graph is read whole"


class TestTurtle(ReaderContract):
    entity_file = TURTLE.encode()
    entities = (TOP, TOYS)
    lazy = resumes = WHOLE

    @pytest.fixture
    def component(self):
        return SkosReader()


class TestNTriples(ReaderContract):
    entity_file = TRIPLES.encode()
    entities = (Entity(f"{BASE}b", "B"), Entity(f"{BASE}a", "A"))
    lazy = resumes = WHOLE

    @pytest.fixture
    def component(self):
        return SkosReader()


class TestRdfXml(TestNTriples):
    entity_file = XML.encode()


class TestJsonLd(TestNTriples):
    entity_file = JSON_LD.encode()


def read(text, **settings):
    return list(SkosReader(**settings).entities(text.encode().splitlines(keepends=True)))


def problems(rows):
    return [(row.line, row.problem) for row in rows if row.problem]


@pytest.mark.parametrize(
    ("name", "text"), [("a.ttl", TRIPLES), ("a.nt", TRIPLES), ("a.rdf", XML), ("a.jsonld", JSON_LD), ("a.xml", XML)]
)
def test_files_are_chosen_by_their_endings(tmp_path, name, text):
    (tmp_path / f"{name}.gz").write_bytes(gzip.compress(text.encode()))
    rows = list(entity_rows(tmp_path / f"{name}.gz", Plugins.installed(), "skos" if name == "a.xml" else ""))
    assert [(row.item.entity_id, row.item.label) for row in rows] == [(f"{BASE}b", "B"), (f"{BASE}a", "A")]


def test_another_language_falls_back_to_none_then_any():
    rows = read(TURTLE, language="de")
    assert rows[0].item.label == "Kreisel"
    assert rows[0].item.aliases == ("TOP", "Dilldopp")
    assert rows[0].item.description == "Ein Spielzeug."
    assert rows[1].item.label == "toys"


def test_names_of_other_languages_become_aliases_on_demand():
    assert read(TURTLE, other_languages=["fr"])[0].item.aliases == (
        "toupie", "TOP", "top", "whirligig", "spining top",
    )  # fmt: skip
    assert "Dilldopp" in read(TURTLE, other_languages=["*"])[0].item.aliases


def test_deprecated_concepts_are_left_out_and_counted_or_read(caplog):
    text = TURTLE + 'toy:old a skos:Concept ; skos:prefLabel "toys" ; <http://www.w3.org/2002/07/owl#deprecated> true .'
    assert [row.item.label for row in read(text)] == ["spinning top", "toys"]
    assert caplog.messages == ["left out: deprecated concepts (the setting 'obsolete' reads them): 1"]
    assert read(text, obsolete=True)[2].item.metadata == {"obsolete": True}


def test_a_concept_without_a_label_is_told_with_the_line_that_names_it():
    rows = read(TURTLE + 'toy:bare a skos:Concept .\ntoy:odd a skos:Concept; skos:altLabel "odd"@en .\n')
    assert problems(rows) == [
        (15, f"concept <{BASE}bare> has no skos:prefLabel"),
        (16, f"concept <{BASE}odd> has no skos:prefLabel"),
    ]


def test_rdfs_label_will_do_where_there_is_no_other():
    (row,) = read(PREFIXES + 'toy:a a skos:Concept; <http://www.w3.org/2000/01/rdf-schema#label> "A" .')
    assert row.item == Entity(f"{BASE}a", "A")


def test_concepts_without_an_address_are_told():
    assert problems(read(PREFIXES + '[] a skos:Concept ; skos:prefLabel "A" .')) == [
        (1, "concepts without an IRI to be their id: 1")
    ]


def test_a_file_of_something_else_is_told():
    assert problems(read('<http://a> <http://b> "c" .')) == [(1, "holds 1 statements and no skos:Concept")]


def test_relative_addresses_do_not_depend_on_where_the_reader_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (row,) = read(PREFIXES + '<a> a skos:Concept ; skos:prefLabel "A" ; skos:broader <b> .')
    assert row.item == Entity("a", "A", metadata={"broader": ["b"]})


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("@prefix a: <http://a/> .\na:b a:c\n a:d ;; ] .\n", 3, "not readable as Turtle or N-Triples: expected "),
        (TRIPLES + "<a> <b> 'open\n", 5, "not readable as Turtle or N-Triples: newline found in string literal"),
        (XML.replace("</rdf:RDF>", "</RDF>"), 6, "not readable as RDF/XML: mismatched tag"),
        (XML.replace("</skos:Concept>", "", 1), 4, "not readable as RDF/XML: Invalid "),
        (JSON_LD.replace(":", "", 1), 2, "not readable as JSON-LD: Expecting ':' delimiter"),
        ('{"@context": 7, "@id": "http://a"}', 1, "not readable as JSON-LD: "),
        ("[{" * 100_000, 1, "not readable as JSON-LD: "),
    ],
)
def test_a_fault_is_told_with_its_line(text, line, problem):
    (row,) = read(text)
    assert (row.line, row.problem[: len(problem)]) == (line, problem)


@pytest.mark.parametrize(
    "context",
    [
        "http://127.0.0.1:9/context",
        ["http://127.0.0.1:9/context"],
        {"a": {"@id": "b", "@context": "file:///etc/passwd"}},
    ],
)
def test_nothing_is_fetched(context):
    (row,) = read(json.dumps({"@context": context, "@id": "http://a", "@type": "http://b"}))
    assert "nothing is fetched; write the context into the file" in row.problem


def test_an_outer_entity_is_not_read(tmp_path):
    (tmp_path / "secret").write_text("secret")
    outer = f'<!DOCTYPE r [<!ENTITY s SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    text = XML.replace("?>\n", f"?>\n{outer}\n").replace(">B<", ">B&s;<")
    assert "secret" not in repr(read(text))


def test_without_rdflib_the_command_that_installs_it_is_told(monkeypatch, tmp_path):
    (tmp_path / "kb.ttl").write_text(TURTLE)
    monkeypatch.setitem(sys.modules, "rdflib", None)
    with pytest.raises(PluginError, match=r'need rdflib; run: pip install "glinker-formats\[rdf\]"'):
        list(entity_rows(tmp_path / "kb.ttl", Plugins.installed()))
