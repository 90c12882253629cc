"""Gold standards are checked before anything is scored: every fault is named, and nothing is lost in silence."""

import gzip
import json

import pytest
import spacy
from glinker_eval.gold import GoldMention, gold_of, read_gold
from spacy.tokens import DocBin

from glinker_core.errors import DataError
from glinker_core.layers import Row
from glinker_core.model import Document, Entity
from glinker_core.plugins import Plugins
from glinker_core.resources import KnowledgeBase

TEXT = "Ulm lies on the Danube."
ULM = {"start": 0, "end": 3, "text": "Ulm", "entity_id": "ulm"}
DANUBE = {"start": 16, "end": 22, "text": "Danube", "entity_id": None}


class OneEntity:
    """All of a store that is asked for here."""

    def get(self, ids):
        return [Entity("ulm", "Ulm", entity_type="city") if one == "ulm" else None for one in ids]


@pytest.fixture(scope="module")
def plugins():
    return Plugins.installed()


def rows(*entities, text=TEXT):
    return [Row(1, Document(text, "d", tuple(entities)))]


def problems(given, **options):
    with pytest.raises(DataError) as raised:
        gold_of(given, "gold.jsonl", **options)
    return [str(problem) for problem in raised.value.problems]


def test_mentions_of_our_own_lines_are_read_packed_or_not(tmp_path, plugins):
    line = json.dumps({"id": "d", "text": TEXT, "mentions": [DANUBE, ULM]}).encode()
    (tmp_path / "gold.jsonl").write_bytes(line)
    (tmp_path / "gold.jsonl.gz").write_bytes(gzip.compress(b"\xef\xbb\xbf" + line))
    for name in ("gold.jsonl", "gold.jsonl.gz"):
        gold = read_gold(tmp_path / name, plugins)
        (document,) = gold.documents
        assert document.mentions == (GoldMention(0, 3, "Ulm", ("ulm",)), GoldMention(16, 22, "Danube"))
        assert [mention.entity_id for mention in document.mentions] == ["ulm", None]
        assert gold.findings == ()


def test_offsets_count_code_points():
    given = {"start": 2, "end": 5, "text": "Ulm", "entity_id": "ulm"}
    assert gold_of(rows(given, text="𝒜 Ulm"), "x").documents[0].mentions[0].text == "Ulm"


def test_all_that_is_wrong_is_said_at_once():
    given = [
        Row(1, None, "not JSON: Expecting value, column 1"),
        Row(2, Document(TEXT, "a", (ULM, {**ULM, "text": "Bonn"}, ULM, {**ULM, "end": 99}, {"start": 0, "end": 3}))),
        Row(3, Document(TEXT, "a", (ULM,))),
        Row(4, Document(TEXT, "b", None)),
        Row(5, Document(TEXT, "c", ("Ulm", {**ULM, "start": "0"}, {**ULM, "entity_id": 1.5}, {**ULM, "end": 0}))),
    ]
    assert problems(given) == [
        "gold.jsonl:1: not JSON: Expecting value, column 1",
        "gold.jsonl:3: id 'a' stands in gold.jsonl:2 as well",
        "gold.jsonl:4: document 'b' has neither 'mentions' nor 'entities'; give a list, an empty one if there are "
        "none, or name another format",
        "gold.jsonl:2, document 'a', mention 1: span 0:3 is 'Ulm' in the text, not 'Bonn'; offsets count code points",
        "gold.jsonl:2, document 'a', mention 3: span 0:99 lies outside the text of 23 characters",
        "gold.jsonl:2, document 'a', mention 4: says nothing of what is meant; give 'entity_id', null for NIL",
        "gold.jsonl:5, document 'c', mention 0: expected a mapping with 'start', 'end' and 'entity_id', got 'Ulm'",
        "gold.jsonl:5, document 'c', mention 1: 'start' and 'end' must be whole numbers, got '0' and 3",
        "gold.jsonl:5, document 'c', mention 2: 'entity_id' must be a string, or null for NIL, got 1.5",
        "gold.jsonl:5, document 'c', mention 3: span 0:0 is empty; 'end' is exclusive",
        "gold.jsonl:2, document 'a', mention 2: 0:3 'Ulm' stands there already",
    ]


def test_what_is_skipped_is_counted_and_named():
    given = [
        Row(1, None, "not UTF-8: byte 3: invalid start byte"),
        Row(2, Document(TEXT, "a", (ULM, {**ULM, "end": 4}))),
    ]
    gold = gold_of(given, "x", "skip")
    assert [len(document.mentions) for document in gold.documents] == [1]
    assert [(finding.what, finding.count, finding.kept) for finding in gold.findings] == [
        ("records that cannot be read", 1, False),
        ("mentions that are none", 1, False),
    ]


def test_overlaps_and_texts_that_come_twice_are_kept_and_named():
    lies = {"start": 0, "end": 8, "text": "Ulm lies", "entity_id": "x"}
    given = [Row(1, Document(TEXT, "a", (ULM, lies))), Row(2, Document(TEXT, "b", (DANUBE,)))]
    gold = gold_of(given, "x")
    assert [len(document.mentions) for document in gold.documents] == [2, 1]
    assert [(finding.what, finding.kept, list(map(str, finding.problems))) for finding in gold.findings] == [
        ("mentions that overlap another", True, ["x:1, document 'a': 0:8 'Ulm lies' overlaps 0:3 'Ulm'"]),
        ("documents with the text of another", True, ["x:2: document 'b' has the text of 'a'"]),
    ]


def test_a_mention_within_an_earlier_long_one_overlaps_it():
    items = [{"start": a, "end": b, "entity_id": "x"} for a, b in ((0, 20), (1, 3), (5, 9), (20, 22))]
    (finding,) = gold_of(rows(*items), "x").findings
    assert finding.count == 2


@pytest.mark.parametrize("policy", ["raise", "skip"])
@pytest.mark.parametrize("given", [[], [Row(1, None, "not JSON")]])
def test_a_gold_standard_of_nothing_is_an_error(policy, given):
    assert problems(given, on_error=policy)[-1].startswith("gold.jsonl: holds no documents")


def test_mixed_encodings_are_told_by_line(tmp_path, plugins):
    path = tmp_path / "gold.jsonl"
    path.write_bytes(
        json.dumps({"text": TEXT, "mentions": [ULM]}).encode() + b'\n{"text": "Z\xfcrich", "mentions": []}\n'
    )
    with pytest.raises(DataError) as raised:
        read_gold(path, plugins)
    assert "gold.jsonl:2: not UTF-8: byte 11" in str(raised.value)


def test_any_of_several_ids_is_right_and_numbers_are_ids():
    several = {"start": 0, "end": 3, "entity_ids": ["ulm", 7, "ulm"]}
    (document,) = gold_of(rows(several), "x").documents
    assert document.mentions[0].entity_ids == ("ulm", "7")


def test_ids_that_the_knowledge_base_has_not_are_a_class_of_their_own():
    lies = {"start": 4, "end": 8, "text": "lies", "entity_ids": ["no", "neither"]}
    gold = gold_of(rows({**ULM, "entity_ids": ["other", "ulm"]}, lies, DANUBE), "x").against(
        KnowledgeBase({"one": OneEntity()})
    )
    ulm, absent, nil = gold.documents[0].mentions
    assert (ulm.in_kb, ulm.entity_ids, ulm.entity_type) == (True, ("ulm",), "city")
    assert (absent.in_kb, absent.absent, absent.entity_id) == (False, True, "no")
    assert (nil.in_kb, nil.absent, nil.entity_id) == (False, False, None)
    (finding,) = gold.findings
    assert finding.kept
    assert list(map(str, finding.problems)) == ["document d: 4:8 'lies' means no or neither"]


def test_a_docbin_of_spacy_is_a_gold_standard(tmp_path, plugins):
    doc = spacy.blank("en")(TEXT)
    doc.set_ents([doc.char_span(0, 3, "city", kb_id="ulm"), doc.char_span(16, 22, "river", kb_id="NIL")])
    DocBin(docs=[doc]).to_disk(tmp_path / "gold.spacy")
    (document,) = read_gold(tmp_path / "gold.spacy", plugins).documents
    assert document.mentions == (GoldMention(0, 3, "Ulm", ("ulm",), "city"), GoldMention(16, 22, "Danube", (), "river"))
    doc.set_ents([doc.char_span(0, 3, "city")])
    DocBin(docs=[doc]).to_disk(tmp_path / "bare.spacy")
    with pytest.raises(DataError, match="document '1', mention 0: says nothing of what is meant"):
        read_gold(tmp_path / "bare.spacy", plugins)


def test_a_digest_is_that_of_what_is_scored():
    digest = gold_of(rows(ULM, DANUBE), "a").digest
    assert gold_of(rows(DANUBE, ULM), "b").digest == digest
    others = [rows(ULM), rows(ULM, {**DANUBE, "entity_id": "x"}), rows(ULM, {**DANUBE, "label": "river"})]
    others += [rows(ULM, {**DANUBE, "optional": True}), rows(ULM, DANUBE, text=TEXT + " ")]
    assert len({digest, *(gold_of(other, "a").digest for other in others)}) == 6
    assert gold_of(rows(text="\ud800"), "a").digest
