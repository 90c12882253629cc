"""`nlp.add_pipe("glinker")`: what it writes, from what mentions, and what it says of what it cannot take."""

from __future__ import annotations

import json

import pytest
import spacy
from glinker_spacy.docs import linked_document
from spacy import displacy
from spacy.tokens import Doc, Span

from glinker_core.errors import ConfigError, NodeError, StoreError
from glinker_core.model import LinkedMention

from .linking import TEXTS, ids, linking, shown, write_entities, write_lines


@pytest.fixture
def kb(tmp_path):
    return str(write_entities(tmp_path))


@pytest.fixture
def nlp(kb):
    return linking(kb=kb)


def pipeline(*nodes, **config):
    """A pipeline over the stores of fakes, as a mapping."""
    names = [{"id": f"n{number}", "processor": processor} for number, processor in enumerate(nodes)]
    names.append({"id": "l0", "processor": "l0_aggregator", "config": config})
    return {"name": "mine", "nodes": names}


def grouped(nlp, text, *spans, name="sc"):
    """A doc with a span group of (first token, last token + 1, label)."""
    doc = nlp.make_doc(text)
    doc.spans[name] = [Span(doc, start, end, label=label) for start, end, label in spans]
    return doc


# -- what is written ------------------------------------------------------------------------------------------------


def test_entities_get_the_id_of_what_they_mean(nlp):
    assert ids(nlp(TEXTS[0])) == {"Seine": "seine", "Paris": "fr"}
    assert ids(nlp("Paris lies among ranches in Texas.")) == {"Paris": "tx", "Texas": ""}


def test_a_span_has_a_record_of_what_was_decided(nlp):
    (ent,) = nlp("Cattle ranches surround the town of Paris.").ents
    found = ent._.glinker
    assert isinstance(found, LinkedMention)
    assert (found.mention_text, found.start, found.end, found.label) == ("Paris", 36, 41, "GPE")
    assert (found.linked_entity.label, found.linked_entity.entity_type) == ("Paris", "city")
    assert [candidate.entity_id for candidate in found.candidates] == ["tx", "fr"]
    scores = found.candidates[0].scores
    assert scores["l2"] == 1.0
    assert found.linked_entity.score == scores["l3"]


def test_nil_has_no_id_and_a_reason(nlp):
    (ent,) = nlp("They sought Atlantis.").ents
    assert (ent.kb_id_, ent._.glinker.is_linked, ent._.glinker.reason) == ("", False, "no candidates")


def test_an_id_of_before_is_gone_when_the_mention_is_nil(nlp):
    doc = nlp.make_doc("They sought Atlantis.")
    doc.set_ents([Span(doc, 2, 3, label="GPE", kb_id="old")])
    assert ids(nlp.get_pipe("glinker")(doc)) == {"Atlantis": ""}


def test_what_is_no_mention_has_no_record(nlp):
    doc = nlp(TEXTS[0])
    assert doc[0:1]._.glinker is None


def test_labels_and_ids_of_patterns_stay(kb):
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Paris", "id": "rule-7"}])
    nlp.add_pipe("glinker", config={"kb": kb})
    (ent,) = nlp("Paris").ents
    assert (ent.label_, ent.ent_id_, ent.kb_id_) == ("GPE", "rule-7", "fr")


def test_labels_can_give_way_to_the_types_of_entities(kb):
    doc = linking(kb=kb, overwrite_labels=True)("Paris and Atlantis")
    assert [(ent.label_, ent.kb_id_) for ent in doc.ents] == [("city", "fr"), ("GPE", "")]


def test_labels_can_be_said_in_the_types_of_the_knowledge_base_and_stay(kb):
    (plain,), (mapped,) = (linking(kb=kb, **how)("Paris").ents for how in ({}, {"labels": {"GPE": "city"}}))
    assert (mapped.label_, mapped._.glinker.label, mapped.kb_id_) == ("GPE", "GPE", "fr")
    assert [ent._.glinker.candidates[0].scores["type"] for ent in (plain, mapped)] == [0.0, 1.0]


def test_two_labels_of_a_span_may_mean_one_type(kb):
    nlp = linking(kb=kb, mentions="sc", labels={"GPE": "city", "LOC": "city"})
    doc = nlp.get_pipe("glinker")(grouped(nlp, "Paris", (0, 1, "GPE"), (0, 1, "LOC"), (0, 1, "city")))
    assert [(span.label_, span._.glinker.label, span.kb_id_) for span in doc.spans["sc"]] == [
        ("GPE", "GPE", "fr"), ("LOC", "LOC", "fr"), ("city", "city", "fr")
    ]  # fmt: skip


def test_offsets_count_code_points(nlp):
    doc = nlp("👩\u200d🚀 Zu\u0308rich 東京")
    for ent in doc.ents:
        found = ent._.glinker
        assert doc.text[found.start : found.end] == ent.text == found.mention_text
    assert [ent._.glinker.candidates[0].entity_id for ent in doc.ents if ent.text == "東京"] == ["q90/x"]


def test_displacy_shows_links(kb):
    nlp = linking(kb=kb, kb_url="https://kb.org/wiki/{entity_id}?x")
    html = displacy.render(nlp("Seine"), style="ent", options=nlp.get_pipe("glinker").displacy_options)
    assert 'href="https://kb.org/wiki/seine?x">seine</a>' in html
    assert linking(kb=kb).get_pipe("glinker").displacy_options == {}


def test_spacy_knows_what_is_assigned_and_required(kb, nlp):
    assert nlp.analyze_pipes()["problems"] == {"entity_ruler": [], "glinker": []}
    alone = spacy.blank("en")
    alone.add_pipe("glinker", config={"kb": kb})
    found = alone.analyze_pipes(keys=["requires", "assigns"])
    assert found["problems"] == {"glinker": ["doc.ents"]}
    assert {"doc.ents", "token.ent_kb_id", "span._.glinker"} <= set(found["summary"]["glinker"]["assigns"])


# -- where mentions come from ---------------------------------------------------------------------------------------


def test_span_groups_may_overlap(kb):
    nlp = linking(kb=kb, mentions="sc")
    doc = grouped(
        nlp, "ranches near Paris, Texas", (2, 5, "GPE"), (2, 3, "GPE"), (4, 5, "GPE"), (2, 3, "PER"), (1, 1, "X")
    )
    doc.spans["sc"].attrs["kept"] = 1
    nlp.get_pipe("glinker")(doc)
    group = doc.spans["sc"]
    assert [(s.text, s.label_, s.kb_id_) for s in group] == [
        ("Paris, Texas", "GPE", "tx"), ("Paris", "GPE", "tx"), ("Texas", "GPE", ""), ("Paris", "PER", "tx"),
        ("", "X", "")
    ]  # fmt: skip
    assert [s._.glinker and s._.glinker.label for s in group] == ["GPE", "GPE", "GPE", "PER", None]
    assert (group.name, group.attrs, doc.ents) == ("sc", {"kept": 1}, ())


def test_a_missing_span_group_is_an_error_that_names_those_there(kb):
    nlp = linking(kb=kb, mentions="sc")
    with pytest.raises(ValueError, match="glinker: the doc has no span group 'sc'; there are: 'other'"):
        nlp.get_pipe("glinker")(grouped(nlp, "Paris", (0, 1, "GPE"), name="other"))


def test_own_mentions_become_the_entities(kb):
    doc = linking(kb=kb, mentions="own")("Paris lies on the Seine, Atlantis nowhere.")
    assert [(e.text, e.label_, e.kb_id_) for e in doc.ents] == [("Paris", "city", "fr"), ("Seine", "river", "seine")]


def test_own_mentions_are_moved_to_the_borders_of_tokens_and_counted(kb):
    nlp = linking(kb=kb, mentions="own")
    pipe = nlp.get_pipe("glinker")
    doc = pipe(Doc(nlp.vocab, words=["near", "Seine/Paris", "and", "Seine"]))
    assert [(ent.text, ent.kb_id_) for ent in doc.ents] == [("Seine/Paris", "fr"), ("Seine", "seine")]
    assert [mention.mention_text for mention in linked_document(doc).entities] == ["Seine", "Paris", "Seine"]
    assert pipe.counters == {
        "mentions moved to the borders of tokens": 2, "mentions dropped that share a token with another": 1
    }  # fmt: skip


def test_own_mentions_without_a_label_or_type_are_entities(tmp_path):
    kb = write_lines(tmp_path / "kb.jsonl", [{"entity_id": "x", "label": "Erewhon"}])
    (ent,) = linking(kb=str(kb), mentions="own")("Erewhon").ents
    assert (ent.label_, ent.kb_id_, ent._.glinker.label) == ("ENTITY", "x", "")


def test_l1_of_a_pipeline_gives_way_to_the_entities(tmp_path, kb):
    path = tmp_path / "p.yaml"
    nodes = [
        {"id": "one", "processor": "l1_gazetteer", "output": {"key": "one"}},
        {"id": "two", "processor": "l1_gazetteer"},
        {"id": "l2", "processor": "l2_chain", "inputs": {"mentions": ["one", "two"]},
         "config": {"layers": [{"type": "dict"}]}},
        {"id": "l3", "processor": "l3_lexical"},
        {"id": "l0", "processor": "l0_aggregator", "inputs": {"mentions": ["one", "two"]}}]  # fmt: skip
    path.write_text(json.dumps({"name": "mine", "nodes": nodes}), encoding="utf-8")
    doc = linking(pipeline=str(path), kb=kb)("Paris, Texas and Atlantis")
    assert ids(doc) == {"Paris, Texas": "tx", "Atlantis": ""}
    assert ids(linking(pipeline=str(path), kb=kb, mentions="own")("the Seine")) == {"Seine": "seine"}


# -- batches --------------------------------------------------------------------------------------------------------


def test_batches_of_any_size_say_the_same(nlp):
    alone = [shown(nlp(text)) for text in TEXTS]
    for size in (1, 2, 64):
        assert [shown(doc) for doc in nlp.pipe(TEXTS, batch_size=size)] == alone
    assert sum(map(bool, alone)) == 4


def test_a_batch_of_spacy_is_a_batch_of_the_executor(kb, monkeypatch):
    nlp, seen = linking(kb=kb, batch_size=3), []
    executor = nlp.get_pipe("glinker").open()
    link = executor._run
    monkeypatch.setattr(executor, "_run", lambda docs, *rest: seen.append(len(docs)) or link(docs, *rest))
    list(nlp.pipe(["Paris"] * 7))
    list(nlp.pipe(["Paris", "nothing"] * 2, batch_size=2))
    assert seen == [3, 3, 1, 1, 1]


def test_a_doc_that_fails_does_not_lose_its_batch(kb):
    nlp, failed = linking(kb=kb, mentions="sc"), []
    good = [grouped(nlp, "Paris", (0, 1, "GPE")) for _ in range(4)]
    docs = [*good[:2], nlp.make_doc("no group"), *good[2:]]
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.extend((name, doc.text, str(error)) for doc in docs))
    assert list(nlp.pipe(docs)) == good
    assert [doc.spans["sc"][0].kb_id_ for doc in good] == ["fr"] * 4
    assert failed == [("glinker", "no group", "glinker: the doc has no span group 'sc'; there are: none")]
    nlp.set_error_handler(spacy.util.raise_error)
    with pytest.raises(ValueError, match="no span group"):
        list(nlp.pipe(docs))


def test_a_store_that_is_down_fails_a_batch_once(nlp, monkeypatch):
    pipe, failed = nlp.get_pipe("glinker"), []
    store = next(iter(pipe.open().resources.stores.values()))

    def down(*args):
        raise StoreError("connection refused")

    monkeypatch.setattr(type(store), "search", down)
    nlp.set_error_handler(lambda name, pipe, docs, error: failed.append((len(docs), type(error))))
    assert list(nlp.pipe(["Paris"] * 5)) == []
    assert failed == [(5, NodeError)]


def test_a_closed_pipe_opens_again(nlp):
    nlp("Paris")
    nlp.get_pipe("glinker").close()
    assert ids(nlp("Seine")) == {"Seine": "seine"}


# -- bad settings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"mentions": ""}, "mentions: is empty; give 'ents', 'own' or the name of a span group"),
        ({"mentions": "own", "labels": {"GPE": "city"}}, "labels: mentions of its 'own' have the types"),
        ({"batch_size": 0}, "batch_size: must be at least 1, got 0"),
        ({"kb_url": "https://x/{id}"}, "kb_url: has no '{entity_id}'"),
        ({"kb_in_model": "both"}, "kb_in_model"),
        ({"knowledge_base": "x"}, "knowledge_base"),
    ],
)
def test_bad_settings_are_refused_when_the_pipe_is_added(config, message):
    with pytest.raises(ValueError) as raised:  # noqa: PT011  # that of confection is one
        linking(**config)
    assert message in str(raised.value)


def test_what_is_not_there_is_named(tmp_path, kb):
    with pytest.raises(FileNotFoundError, match=r"glinker: can't find the knowledge base '.*none.db'"):
        linking(kb=str(tmp_path / "none.db"))("Paris")
    with pytest.raises(ConfigError, match=r"none.yaml: cannot be read: No such file"):
        linking(pipeline=str(tmp_path / "none.yaml"))("Paris")
    with pytest.raises(ValueError, match="glinker: has no knowledge base"):
        linking()("Paris")


def test_initialize_says_what_is_wrong_before_any_doc(tmp_path):
    with pytest.raises(FileNotFoundError, match="can't find the knowledge base"):
        linking(kb=str(tmp_path / "none.db")).initialize()


def test_a_pipeline_without_l1_takes_no_mentions():
    nodes = [{"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "dict"}]}},
             {"id": "l0", "processor": "l0_aggregator"}]  # fmt: skip
    with pytest.raises(ValueError, match="the pipeline has no L1 node to give mentions to; with mentions='own'"):
        linking(pipeline={"name": "mine", "nodes": nodes})("Paris")


def test_problems_of_an_inline_pipeline_are_all_told():
    with pytest.raises(ConfigError) as raised:
        linking(pipeline=pipeline("l1_gazetteer", "l2_chian", "l3_lexicall"))("Paris")
    assert len(raised.value.problems) == 2
