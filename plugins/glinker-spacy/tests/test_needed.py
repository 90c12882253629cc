from __future__ import annotations

from typing import Any

import pytest
import spacy
from glinker_spacy.needed import labels_of, needed
from spacy.language import Language
from spacy.tokens import Doc

from glinker_core.errors import InputError


@Language.component("test_silent")
def silent(doc: Doc) -> Doc:
    """Says nothing of what it does."""
    return doc


@Language.component("test_lemmas_to_entities", requires=["token.lemma"], assigns=["doc.ents"])
def lemmas_to_entities(doc: Doc) -> Doc:
    """Says what it does."""
    return doc


def pipeline(*names: str, **config: Any) -> Language:
    nlp = spacy.blank("en")
    for name in names:
        nlp.add_pipe(name, config=config.get(name, {}))
    return nlp


def add(nlp: Language, ruler: str, *patterns: dict[str, Any]) -> None:
    with nlp.select_pipes(enable=[ruler]):  # the others are not trained, and phrases go through those before
        nlp.get_pipe(ruler).add_patterns(list(patterns))  # type: ignore[attr-defined]


def kept(nlp: Language, *, keep: tuple[str, ...] = (), chunks: bool = False, spans: bool = False) -> list[str]:
    return needed(nlp, "it", keep=keep, chunks=chunks, spans=spans)


FULL = ("sentencizer", "tagger", "parser", "attribute_ruler", "lemmatizer", "ner", "textcat", "doc_cleaner")


def test_only_the_ner_runs_for_entities() -> None:
    assert kept(pipeline(*FULL)) == ["ner"]


def test_what_noun_chunks_are_made_of_runs_for_them() -> None:
    assert kept(pipeline(*FULL), chunks=True) == ["tagger", "parser", "attribute_ruler", "ner"]
    assert kept(pipeline("morphologizer", "parser"), chunks=True) == ["morphologizer", "parser"]


def test_what_the_user_names_is_kept() -> None:
    assert kept(pipeline(*FULL), keep=("parser", "textcat")) == ["parser", "ner", "textcat"]


def test_vectors_are_made_for_those_who_listen(trained: str) -> None:
    nlp = spacy.load(trained)
    assert nlp.pipe_names == ["tok2vec", "tagger", "parser", "attribute_ruler", "ner"]
    assert kept(nlp) == ["ner"]
    assert kept(nlp, keep=("tagger",)) == ["tok2vec", "tagger", "ner"]
    assert kept(nlp, chunks=True) == ["tok2vec", "tagger", "parser", "attribute_ruler", "ner"]


def test_a_pipe_that_says_nothing_is_kept_with_all_before_it() -> None:
    assert kept(pipeline("tagger", "ner", "test_silent", "textcat")) == ["tagger", "ner", "test_silent"]
    assert kept(pipeline("tagger", "test_silent")) == ["tagger", "test_silent"]


def test_a_pipe_that_says_what_it_requires_gets_it() -> None:
    nlp = pipeline("sentencizer", "tagger", "attribute_ruler", "lemmatizer", "test_lemmas_to_entities")
    assert kept(nlp) == ["tagger", "attribute_ruler", "lemmatizer", "test_lemmas_to_entities"]
    nlp = pipeline("sentencizer", "ner", "tagger", "attribute_ruler", "lemmatizer")
    assert kept(nlp) == ["ner"]


def test_pipes_that_split_tokens_run_before_what_reads_them() -> None:
    assert kept(pipeline("token_splitter", "tagger", "ner", "merge_entities")) == ["token_splitter", "ner"]


@pytest.mark.parametrize("ruler", ["entity_ruler", "future_entity_ruler"])
def test_patterns_get_what_they_read(ruler: str) -> None:
    nlp = pipeline("tagger", "attribute_ruler", "parser", ruler)
    assert kept(nlp) == [ruler]
    add(nlp, ruler, {"label": "A", "pattern": "ab"}, {"label": "A", "pattern": [{"LOWER": "b"}]})
    assert kept(nlp) == [ruler]
    add(nlp, ruler, {"label": "A", "pattern": [{"LOWER": "b"}, {"DEP": "ROOT"}]})
    assert kept(nlp) == ["parser", ruler]
    add(nlp, ruler, {"label": "A", "pattern": [{"_": {"anything": True}}]})
    assert kept(nlp) == ["tagger", "attribute_ruler", "parser", ruler]


def test_phrases_are_matched_by_what_a_pipe_says_of_them() -> None:
    nlp = pipeline("tagger", "entity_ruler", entity_ruler={"phrase_matcher_attr": "TAG"})
    assert kept(nlp) == ["tagger", "entity_ruler"]


def test_a_span_ruler_finds_entities_where_it_was_told_to() -> None:
    assert kept(pipeline("ner", "span_ruler")) == ["ner"]
    nlp = pipeline("ner", "span_ruler", span_ruler={"annotate_ents": True})
    assert kept(nlp) == ["ner", "span_ruler"]
    assert kept(pipeline("ner", "spancat", "span_ruler"), spans=True) == ["spancat", "span_ruler"]


def test_what_links_does_not_run_where_names_are_found() -> None:
    assert kept(pipeline("ner", "glinker")) == ["ner"]
    assert kept(pipeline("ner", "test_silent", "glinker"), keep=("glinker",)) == ["ner", "test_silent", "glinker"]


def test_disabled_pipes_stay_disabled(trained: str) -> None:
    with pytest.raises(InputError, match="has tok2vec, tagger, parser, attribute_ruler, none of which find entities"):
        kept(spacy.load(trained, disable=["ner"]))


def test_labels_are_known_unless_a_pipe_does_not_say_them(trained: str) -> None:
    nlp = spacy.load(trained)
    assert labels_of(nlp, ["ner"]) == ["GPE", "ORG", "PERSON"]
    nlp.add_pipe("test_silent")
    assert labels_of(nlp, ["ner"]) == ["GPE", "ORG", "PERSON"]
    assert labels_of(nlp, ["ner", "test_silent"]) is None
