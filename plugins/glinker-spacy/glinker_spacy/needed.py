"""Which pipes of a spaCy pipeline have a part in what it finds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from glinker_core.errors import InputError, near

if TYPE_CHECKING:
    from spacy.language import Language

ENTITIES, SPANS = "doc.ents", "doc.spans"
_CHUNKS = ("token.dep", "token.head", "token.pos")
_EVERYTHING = "everything"  # what a pipe needs that does not say what it needs
_LINKS = "glinker"  # our own pipe, which has no place in a pipeline that recognises for another

#: What spaCy's own pipes read and write without saying so
_READS = {"attribute_ruler": ("token.tag", "token.morph", "token.pos"), "lemmatizer": ("token.pos", "token.tag")}
_WRITES = {"attribute_ruler": ("token.tag", "token.morph", "token.pos", "token.lemma"), "doc_cleaner": ("doc.tensor",)}

#: What patterns of rulers read that a pipe must have written before; the rest is in the text
_PATTERN_READS = {
    "POS": "token.pos",
    "TAG": "token.tag",
    "MORPH": "token.morph",
    "LEMMA": "token.lemma",
    "DEP": "token.dep",
    "SENT_START": "token.is_sent_start",
    "IS_SENT_START": "token.is_sent_start",
    "ENT_TYPE": ENTITIES,
    "ENT_IOB": ENTITIES,
    "ENT_ID": ENTITIES,
    "ENT_KB_ID": _EVERYTHING,
    "_": _EVERYTHING,
}


def needed(nlp: Language, model: str, *, keep: Sequence[str], chunks: bool, spans: bool) -> list[str]:
    """The names of the pipes that must run for entities (or groups of `spans`) and noun `chunks`, in their order.

    A pipe says in its metadata what it requires and assigns; one that says nothing is kept, with all before it.
    InputError if there are none that find anything.
    """
    names = list(nlp.pipe_names)
    for name in keep:
        if name not in names:
            raise InputError(f"keep: model '{model}' has no pipe '{name}'{near(name, names)}")
    wanted = {SPANS if spans else ENTITIES, *(_CHUNKS if chunks else ())}
    kept: list[str] = []
    for name, pipe in reversed(nlp.pipeline):
        if nlp.get_pipe_meta(name).factory == _LINKS and name not in keep:
            continue
        reads, writes = _ports(nlp, name, pipe)
        listeners = getattr(pipe, "listening_components", ())  # who take the vectors of a tok2vec or transformer
        retokenizes = bool(kept) and nlp.get_pipe_meta(name).retokenizes
        if name in keep or retokenizes or _EVERYTHING in wanted or wanted & {*writes} or {*listeners} & {*kept}:
            kept.append(name)
            wanted.update(reads)
    _check(nlp, model, kept, chunks, spans)
    return kept[::-1]


def labels_of(nlp: Language, names: Collection[str]) -> list[str] | None:
    """The labels that entities and spans may have, or None where a pipe does not say which it gives."""
    labels: list[str] = []
    for name, pipe in nlp.pipeline:
        _, writes = _ports(nlp, name, pipe)
        if name in names and {ENTITIES, SPANS, _EVERYTHING} & {*writes}:
            if not hasattr(pipe, "labels"):
                return None
            labels += pipe.labels
    return labels


def _ports(nlp: Language, name: str, pipe: Any) -> tuple[list[str], list[str]]:
    """What a pipe reads and what it writes."""
    meta = nlp.get_pipe_meta(name)
    reads = [*meta.requires, *_READS.get(meta.factory, ()), *_pattern_reads(pipe)]
    writes = [*meta.assigns, *_WRITES.get(meta.factory, ())]
    if getattr(pipe, "annotate_ents", False):  # a span ruler that was told to
        writes.append(ENTITIES)
    if not reads and not writes and not meta.retokenizes:
        return [_EVERYTHING], [ENTITIES, SPANS, _EVERYTHING]
    return reads, writes


def _pattern_reads(pipe: Any) -> Iterator[str]:
    if not hasattr(pipe, "phrase_matcher_attr"):  # no ruler
        return
    keys = {pipe.phrase_matcher_attr or "ORTH"}
    for pattern in pipe.patterns:
        if not isinstance(pattern["pattern"], str):
            keys.update(key for token in pattern["pattern"] if isinstance(token, Mapping) for key in token)
    for key in sorted(map(str, keys)):
        if key.upper() in _PATTERN_READS:
            yield _PATTERN_READS[key.upper()]


def _check(nlp: Language, model: str, kept: Collection[str], chunks: bool, spans: bool) -> None:
    ports = {name: _ports(nlp, name, pipe) for name, pipe in nlp.pipeline if name in kept}
    written = {port for _, writes in ports.values() for port in writes}
    pipes = f"model '{model}' has {', '.join(nlp.pipe_names) or 'no pipes'}"
    if chunks and _EVERYTHING not in written:
        if "noun_chunks" not in nlp.Defaults.syntax_iterators:
            raise InputError(f"include_noun_chunks: spaCy knows no noun chunks of '{nlp.lang}'; leave it out")
        if missing := sorted({"token.dep", "token.pos"} - written):
            raise InputError(f"include_noun_chunks: {pipes}, which set no {', '.join(missing)}; name one with a parser")
    if not chunks and not written & {SPANS if spans else ENTITIES}:
        what = (
            "fill span groups; leave out spans_key" if spans else "find entities; name one with 'ner', or give patterns"
        )
        raise InputError(f"{pipes}, none of which {what}" if nlp.pipe_names else f"{pipes}, so it cannot {what}")
