"""Documents from `.spacy` files, and linked documents into them: spaCy's `DocBin`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

import spacy
from attrs import define, evolve, field
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from glinker_core.layers import Row
from glinker_core.model import Document, LinkedDocument, LinkedMention
from glinker_spacy.docs import NAME, place

_NIL = ("", "NIL")  # what spaCy's own entity linker says where no entity is meant
_SURROGATE = re.compile("[\ud800-\udfff]")


@define
class DocBinReader:
    """The documents of a `DocBin` with their entities as mentions; called by their number, or the id they were given.

    Where a document is linked, by us or because any of its entities has a `kb_id_`, its mentions say what they mean,
    for `glinker eval`: an empty `kb_id_` and spaCy's `NIL` are null. Such a file has no lines, so all its documents
    stand in the first.
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """Documents, in order."""
        number = 0
        try:
            for doc in DocBin().from_bytes(b"".join(lines)).get_docs(Vocab()):
                number += 1
                yield Row(1, _document(doc, number))
        except Exception as error:  # noqa: BLE001  # whatever spaCy and its parts raise for such bytes; it is told
            where = f"document {number + 1} cannot be read" if number else "is no DocBin of spaCy"
            yield Row(1, None, f"{where}: {type(error).__name__}: {error}")


def _document(doc: Doc, number: int) -> Document:
    said = doc.user_data.get(NAME)
    name = said.get("id") if isinstance(said, dict) else None
    linked = said is not None or any(ent.kb_id_ for ent in doc.ents)
    mentions = tuple(
        {"start": ent.start_char, "end": ent.end_char, "text": ent.text, "label": ent.label_}
        | ({"entity_id": None if ent.kb_id_ in _NIL else ent.kb_id_} if linked else {})
        for ent in doc.ents
    )
    return Document(doc.text, str(name or number), mentions)


def _tokenizer() -> Language:
    return spacy.blank("xx")


@define
class DocBinWriter:
    """A `DocBin` with `kb_id_` on the entities and `span._.glinker` on all mentions, cut into tokens for any language.

    Mentions get the tokens they touch; half a surrogate pair, which spaCy refuses, becomes U+FFFD. The id of a
    document, the revision of the knowledge base and what failed stand in `doc.user_data["glinker"]`.
    """

    all_candidates: bool = False
    _bin: DocBin = field(init=False, eq=False, factory=lambda: DocBin(store_user_data=True))
    _nlp: Language = field(init=False, eq=False, factory=_tokenizer)

    def write(self, document: LinkedDocument) -> bytes:
        doc = self._nlp.tokenizer(_SURROGATE.sub("\ufffd", document.text))
        said: dict[str, Any] = {"id": document.id, "kb_revision": document.kb_revision}
        doc.user_data[NAME] = said if document.error is None else {**said, "error": document.error}
        place(doc, document.entities if self.all_candidates else list(map(_with_its_link, document.entities)))
        self._bin.add(doc)
        return b""

    def end(self) -> bytes:
        return bytes(self._bin.to_bytes())


def _with_its_link(mention: LinkedMention) -> LinkedMention:
    entity = mention.linked_entity
    linked = [c for c in mention.candidates if entity is not None and c.entity_id == entity.entity_id]
    return evolve(mention, candidates=tuple(linked))
