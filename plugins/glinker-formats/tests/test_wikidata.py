import gzip
import json
from itertools import count, islice

import pytest
from glinker_formats.wikidata import WikidataReader

from glinker_core.entities import entity_rows
from glinker_core.model import Entity
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract


def said(**texts):
    return {tag: {"language": tag, "value": value} for tag, value in texts.items()}


def statement(kind, rank="normal", snaktype="value"):
    snak = {"snaktype": snaktype, "property": "P31"}
    if snaktype == "value":
        snak["datavalue"] = {"type": "wikibase-entityid", "value": {"entity-type": "item", "id": kind}}
    return {"mainsnak": snak, "type": "statement", "rank": rank}


LAKE = {
    "type": "item",
    "id": "Q900001",
    "labels": said(en="Lake Glim", de="Glimmersee", fr="lac Glim"),
    "descriptions": said(en="invented lake", de="erfundener See"),
    "aliases": {
        "en": [{"language": "en", "value": "Glim"}, {"language": "en", "value": "Lake Glim"}],
        "de": [{"language": "de", "value": "Glimmer"}],
    },
    "claims": {
        "P31": [
            statement("Q1", "deprecated"), statement("Q2"), statement("Q3", "preferred"),
            statement("", snaktype="novalue"),
        ]
    },
    "sitelinks": {"enwiki": {"site": "enwiki", "title": "Lake Glim"}, "dewiki": {"site": "dewiki", "title": "Glim"}},
}  # fmt: skip
BARE = {"type": "item", "id": "Q900002", "labels": said(mul="Q-Tip"), "descriptions": [], "aliases": [], "claims": [],
        "sitelinks": []}  # fmt: skip
DUMP = b"[\n" + json.dumps(LAKE).encode() + b",\n" + json.dumps(BARE).encode() + b"\n]\n"
ENTITIES = (
    Entity("Q900001", "Lake Glim", ("Glim",), "invented lake", "", 2, {"instance_of": ["Q3", "Q2"]}),
    Entity("Q900002", "Q-Tip"),
)


class TestWikidataReaderKeepsTheContract(ReaderContract):
    entity_file = DUMP
    entities = ENTITIES

    @pytest.fixture
    def component(self):
        return WikidataReader()


class TestWikidataReaderOfLinesWithoutBrackets(ReaderContract):
    entity_file = json.dumps(BARE).encode() + b"\r\n\n" + json.dumps(LAKE, ensure_ascii=False).encode() + b" ,"
    entities = (Entity("Q900002", "Q-Tip"), Entity(
        "Q900001", "Glimmersee", ("Glimmer",), "erfundener See", "lake", 2, {"instance_of": ["Q3", "Q2"]}))  # fmt: skip

    @pytest.fixture
    def component(self):
        return WikidataReader(language="de-AT", types={"Q2": "lake"})

    def test_two_files_at_once_do_not_mix(self, component, kind):
        rows = list(component.entities(self.file(kind)))
        assert [row.item for row in rows] == list(self.entities)


def read(*items, **settings):
    return list(WikidataReader(**settings).entities(json.dumps(item).encode() + b"\n" for item in items))


def test_names_in_other_languages_become_aliases_on_demand():
    (row,) = read(LAKE, other_languages=("de",))
    assert row.item.aliases == ("Glimmersee", "Glim", "Glimmer")
    (row,) = read(LAKE, other_languages=("*",))
    assert row.item.aliases == ("Glimmersee", "lac Glim", "Glim", "Glimmer")


def test_the_first_class_that_has_a_name_is_the_type():
    (row,) = read(LAKE, types={"Q2": "lake", "Q3": "body of water", "Q1": "never"})
    assert row.item.entity_type == "body of water"


def test_a_label_in_any_language_is_better_than_none():
    (row,) = read({"id": "Q1", "labels": said(sw="Ziwa", fi="Järvi")})
    assert (row.item.label, row.item.aliases) == ("Järvi", ())


def test_what_is_no_item_is_left_out_and_counted(caplog):
    others = [
        {"type": "property", "id": "P1", "labels": said(en="part of")},
        {"type": "lexeme", "id": "L1"},
        {"entity": "Q7", "redirect": "Q8"},
        {"type": "item", "id": "Q9", "labels": []},
        {"type": "property", "id": "P2", "labels": said(en="has part")},
    ]
    assert [row.item.entity_id for row in read(*others, LAKE)] == ["Q900001"]
    assert caplog.messages == [
        "left out: entities of type 'lexeme': 1",
        "left out: items without a label in any language: 1",
        "left out: properties: 2",
        "left out: redirects: 1",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b'{"id": "Q1"', "not JSON: Expecting ',' delimiter, column 12"),
        (b'"Q1"', "expected an object with an 'id', got '\"Q1\"'"),
        (b'{"labels": {}}', "expected an object with an 'id', got '{\"labels\": {}}'"),
        (b'{"id": 7}', "expected an object with an 'id', got '{\"id\": 7}'"),
        (b"[" * 100_000, "not readable JSON: nested too deeply"),
        (b'{"id": "Q1", "labels": ["A"]}', "'labels' must be an object, got \"['A']\""),
        (b'{"id": "Q1", "labels": {"en": "A"}}', "'labels' must hold objects with 'language' and 'value', got 'A'"),
        (b'{"id": "Q1", "aliases": {"en": "A"}}', "'aliases' must be a list, got 'A'"),
        (b'{"id": "Q1", "claims": {"P31": [{}]}}', "a statement of P31 that cannot be read: {}"),
        (b'{"id": "Q1", "claims": {"P31": {"a": 1}}}', "'claims' must be a list, got \"{'a': 1}\""),
        (b'{"id": "Q1", "labels": {"en": {"language": "en", "value": "\\ud800"}}}',
         "'label' holds half of a surrogate pair: '\\ud800'"),
    ],
)  # fmt: skip
def test_bad_items_are_told_with_their_line(line, problem):
    rows = list(WikidataReader().entities([b"[\n", line + b",\n", json.dumps(BARE).encode() + b"\n", b"]"]))
    assert [(row.line, row.problem) for row in rows] == [(2, problem), (3, "")]


def test_a_dump_without_end_is_read_item_by_item():
    lines = (json.dumps({"id": f"Q{number}", "labels": said(en="N")}).encode() + b",\n" for number in count())
    assert [row.item.entity_id for row in islice(WikidataReader().entities(lines), 3)] == ["Q0", "Q1", "Q2"]


def test_a_packed_dump_is_chosen_by_its_longer_ending_or_by_name(tmp_path):
    plugins = Plugins.installed()
    for name, reader in (("all.wikidata.json.gz", ""), ("latest-all.json.gz", "wikidata")):
        (tmp_path / name).write_bytes(gzip.compress(DUMP))
        assert [row.item for row in entity_rows(tmp_path / name, plugins, reader)] == list(ENTITIES)
