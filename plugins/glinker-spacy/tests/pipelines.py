"""spaCy pipelines made in code, as folders: one of patterns, and one trained on a few dozen sentences in seconds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.util import fix_random_seed

#: word/tag/head/dependency; a slot such as {person} is a name of several words, the last one its head
SHAPES = (
    "{person}/1/nsubj visited/VBD/1/ROOT {city}/1/dobj ././1/punct",
    "{person}/1/nsubj was/VBD/1/ROOT born/VBN/1/acomp in/IN/2/prep {city}/3/pobj ././1/punct",
    "{company}/1/nsubj opened/VBD/1/ROOT a/DT/3/det office/NN/1/dobj in/IN/3/prep {city}/4/pobj ././1/punct",
    "the/DT/1/det train/NN/4/nsubj from/IN/1/prep {city}/2/pobj was/VBD/4/ROOT late/JJ/4/acomp ././4/punct",
    "{person}/1/nsubj works/VBZ/1/ROOT for/IN/1/prep {company}/2/pobj ././1/punct",
    "{company}/1/nsubj hired/VBD/1/ROOT {person}/1/dobj last/JJ/4/amod year/NN/1/npadvmod ././1/punct",
    "an/DT/2/det old/JJ/2/amod bridge/NN/3/nsubj crosses/VBZ/3/ROOT the/DT/5/det river/NN/3/dobj ././3/punct",
    "{city}/1/nsubj is/VBZ/1/ROOT the/DT/3/det capital/NN/1/attr of/IN/3/prep {country}/4/pobj ././1/punct",
    "the/DT/1/det sister/NN/4/nsubj of/IN/1/prep {person}/2/pobj left/VBD/4/ROOT {country}/4/dobj ././4/punct",
    "nobody/NN/1/nsubj knows/VBZ/1/ROOT why/WRB/1/advmod ././1/punct",
)
NAMES = {
    "person": ("Paris Hilton", "Michael Jordan", "Ada Lovelace", "Marie Curie", "Helen", "Niels Bohr", "Emmy Noether"),
    "city": ("Paris", "Amman", "New York", "Springfield", "Zürich", "Troy", "Rome", "Buenos Aires", "Lima"),
    "company": ("Jaguar", "Amazon", "Acme Steel", "General Motors", "NASA", "Apple"),
    "country": ("Jordan", "France", "Peru", "Costa Rica", "United States", "Kenya"),
}
ENTITY_LABELS = {"person": "PERSON", "city": "GPE", "company": "ORG", "country": "GPE"}
POS = {
    "NNP": "PROPN", "NN": "NOUN", "VBD": "VERB", "VBN": "VERB", "VBZ": "VERB", "DT": "DET", "JJ": "ADJ", "IN": "ADP",
    "WRB": "ADV", ".": "PUNCT",
}  # fmt: skip
PATTERNS = [
    {"label": "PERSON", "pattern": [{"LOWER": "paris"}, {"LOWER": "hilton"}]},
    {"label": "PERSON", "pattern": "Michael Jordan"},
    {"label": "GPE", "pattern": "Paris"},
    {"label": "GPE", "pattern": "Springfield"},
    {"label": "ORG", "pattern": [{"ORTH": "NASA"}]},
]


def ruler(folder: Path) -> Path:
    """A blank English pipeline with an entity ruler."""
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler").add_patterns(PATTERNS)  # type: ignore[attr-defined]
    nlp.to_disk(folder)
    return folder


def trained(folder: Path, *, width: int = 32, epochs: int = 25) -> Path:
    """A pipeline of the shape of spaCy's small English ones, the same for the same settings.

    Tagger and parser listen to one `tok2vec`, `ner` has vectors of its own.
    """
    nlp = untrained(width)
    fix_random_seed(0)
    examples = [Example(nlp.make_doc(doc.text), doc) for doc in sentences(nlp, 60)]
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(epochs):
        for at in range(0, len(examples), 20):
            nlp.update(examples[at : at + 20], sgd=optimizer)
    rules: Any = nlp.get_pipe("attribute_ruler")
    for tag, pos in POS.items():
        rules.add([[{"TAG": tag}]], {"POS": pos})
    nlp.to_disk(folder)
    return folder


def untrained(width: int) -> Language:
    """The pipeline before it has learnt anything."""
    nlp = spacy.blank("en")
    embed = {
        "width": width,
        "depth": 4,
        "embed_size": 2000,
        "window_size": 1,
        "maxout_pieces": 3,
        "subword_features": True,
    }
    own: dict[str, Any] = {"@architectures": "spacy.HashEmbedCNN.v2", "pretrained_vectors": None, **embed}
    listener = {"@architectures": "spacy.Tok2VecListener.v1", "width": width, "upstream": "*"}
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2", "extra_state_tokens": False, "hidden_width": 64,
        "maxout_pieces": 2, "use_upper": True, "nO": None,
    }  # fmt: skip
    nlp.add_pipe("tok2vec", config={"model": own})
    nlp.add_pipe("tagger", config={"model": {"@architectures": "spacy.Tagger.v2", "tok2vec": listener}})
    nlp.add_pipe("parser", config={"model": {**parser, "state_type": "parser", "tok2vec": listener}})
    nlp.add_pipe("attribute_ruler")
    nlp.add_pipe("ner", config={"model": {**parser, "state_type": "ner", "tok2vec": own}})
    return nlp


def sentences(nlp: Language, count: int) -> Iterator[Doc]:
    """Sentences of all shapes with all names, annotated."""
    names = {slot: cycle(of_slot) for slot, of_slot in NAMES.items()}
    for shape, _ in zip(cycle(SHAPES), range(count), strict=False):
        yield _sentence(nlp, shape, names)


def _sentence(nlp: Language, shape: str, names: dict[str, Any]) -> Doc:
    words: list[str] = []
    rows: list[tuple[str, int, str]] = []  # tag, head as a place in the shape, dependency
    places: list[int] = []  # where the last word of each place of the shape is
    entities = []
    for part in shape.split(" "):
        if part.startswith("{"):
            slot, head, dep = part[1:].replace("}", "").split("/")
            name = next(names[slot]).split()
            entities.append((len(words), len(words) + len(name), ENTITY_LABELS[slot]))
            rows += [("NNP", -1, "compound")] * (len(name) - 1) + [("NNP", int(head), dep)]
            words += name
        else:
            word, tag, head, dep = part.rsplit("/", 3)
            words.append(word)
            rows.append((tag, int(head), dep))
        places.append(len(words) - 1)
    last = {at: next(place for place in places if place >= at) for at in range(len(words))}
    spaces = [word != "." for word in words[1:]] + [False]
    doc = Doc(
        nlp.vocab,
        words,
        spaces,
        tags=[tag for tag, _, _ in rows],
        pos=[POS[tag] for tag, _, _ in rows],
        heads=[last[at] if head < 0 else places[head] for at, (_, head, _) in enumerate(rows)],
        deps=[dep for _, _, dep in rows],
    )
    doc.ents = [Span(doc, start, end, label) for start, end, label in entities]
    return doc
