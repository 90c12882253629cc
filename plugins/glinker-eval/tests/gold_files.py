"""A file in each format of a gold standard, with the documents it stands for."""

import json

from glinker_eval.gold import JudgedDocument

from glinker_core.model import Document

WIKI = "http://en.wikipedia.org/wiki"


def m(start, end, text, *ids, **more):
    """A mention, with every id it may be told by."""
    given = {"start": start, "end": end, **({} if text is None else {"text": text}), "entity_ids": list(ids)}
    return {**given, **more}


# -- AIDA ----------------------------------------------------------------------------------------------------------

AIDA = "\n".join(
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
AIDA_DOCUMENTS = (
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


# -- PubTator ------------------------------------------------------------------------------------------------------

PUBTATOR = (
    b"100|t|Aspirin and ulcers\n"
    b"100|a|Aspirin, or ASA, may cause ulcers.\n"
    b"100\t0\t7\tAspirin\tChemical\tMESH:D001241\n"
    b"100\t12\t18\tulcers\tDisease\tD014456|D010437\n"
    b"100\t31\t34\tASA\tChemical\t-1\n"
    b"100\tCID\tD001241\tD014456\n"
    b"\n"
    b"200|t|No abstract\n"
)
PUBTATOR_DOCUMENTS = (
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


# -- BioC ----------------------------------------------------------------------------------------------------------

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


def annotation(text, start, **infons):
    return {"id": "1", "infons": infons, "text": text, "locations": [{"offset": start, "length": len(text)}]}


def passage(offset, text, *annotations, sentences=()):
    return {"offset": offset, "infons": {}, "text": text, "sentences": list(sentences),
            "annotations": list(annotations), "relations": []}  # fmt: skip


def collection(*documents):
    return {"source": "s", "date": "d", "key": "k", "infons": {}, "documents": [
        {"id": name, "infons": {}, "passages": list(passages), "relations": []} for name, *passages in documents
    ]}  # fmt: skip


BIOC_JSON = json.dumps(
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


# -- ELEVANT -------------------------------------------------------------------------------------------------------

ELEVANT = (
    '{"id": 7, "title": "t", "text": "Zürich in 1291.", "evaluation_span": [0, 9], "labels": ['
    '{"id": 0, "span": [0, 6], "entity_id": "Q72", "name": "Zürich", "type": "Q515", "optional": false},'
    '{"id": 1, "span": [7, 9], "entity_id": "Unknown1", "optional": true},'
    '{"id": 2, "span": [10, 14], "entity_id": "Unknown2", "type": "DATETIME"},'
    '{"id": 3, "span": [0, 1], "entity_id": "Q9", "type": "OTHER"}]}\n'
    '{"text": "Ulm.", "labels": []}\n'
).encode()
ELEVANT_DOCUMENTS = (
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


# -- ZELDA ---------------------------------------------------------------------------------------------------------

ZELDA = (
    '{"id": "z", "text": "Zürich in Utopia.", "index": [[0, 6], [10, 16]],'
    ' "wikipedia_ids": [40334, 5], "wikipedia_titles": ["Zürich", "Utopia_(book)"]}\n'
    '{"text": "Ulm.", "index": [], "wikipedia_titles": []}\n'
).encode()
ZELDA_DOCUMENTS = (
    Document(
        "Zürich in Utopia.",
        "z",
        (m(0, 6, None, "Zürich", "40334"), m(10, 16, None, "Utopia_(book)", "Utopia (book)", "5")),
    ),
    Document("Ulm.", "", ()),
)


# -- NIF -----------------------------------------------------------------------------------------------------------

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
NIF_DOCUMENTS = (
    Document(
        "Zürich lies in Utopia.",
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
