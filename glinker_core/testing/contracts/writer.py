"""What a writer of linked documents promises."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from glinker_core.layers import DocumentWriter
from glinker_core.model import Candidate, Entity, LinkedDocument, LinkedEntity, LinkedMention
from glinker_core.testing.contracts.config import ConfigContract
from glinker_core.testing.texts import NASTY

_PARIS = Entity("city-paris-fr", "Paris", ("Lutetia",), "capital of France", "city", 900.5)
_NAME = re.compile(r"(?<!\S)Paris(?!\S)")  # apart from other words, however a format cuts texts into them
_MANY = 2_000  # documents, far more than a writer that streams may keep


class WriterContract(ConfigContract):
    """A writer: bytes from linked documents, one after the other, that can be read back.

    Override `component`, and `read`, which gives the documents of a file back with what your format keeps of them:
    ids, texts and, per mention, its span, label and entity. Gaps: `streams` for formats that must see all documents
    before they write; `surrogates` for those whose texts must be Unicode.
    """

    streams: ClassVar[str] = ""
    surrogates: ClassVar[str] = ""

    def read(self, written: bytes) -> Sequence[LinkedDocument]:
        """The documents in the bytes a writer wrote."""
        raise NotImplementedError("override 'read' to say what is in a file of your format")

    @property
    def documents(self) -> list[LinkedDocument]:
        """A link, a NIL, a document without mentions, one that failed, and the nasty texts."""
        nasty = [text for name, text in NASTY.items() if not (self.surrogates and "surrogates" in name)]
        return [_linked("Paris and Atlantis", "both"), LinkedDocument("No name.", id="none"),
                LinkedDocument("It failed.", id="failed", error="node 'l1': it failed"),
                *(_linked(text, f"nasty-{number}") for number, text in enumerate(nasty))]  # fmt: skip

    def write(self, component: Any, documents: Sequence[LinkedDocument]) -> bytes:
        """All bytes of a file with the documents."""
        parts = [*(component.write(document) for document in documents), component.end()]
        wrong = [type(part).__name__ for part in parts if not isinstance(part, bytes)]
        assert not wrong, f"wrote {wrong[0]}, not bytes"
        return b"".join(parts)

    def fresh(self, component: Any) -> Any:
        """Another writer of the same settings: one object writes one file."""
        return type(component)()

    def test_fits_the_protocol_of_writers(self, component: Any) -> None:
        """Has `write` and `end`, and is made without arguments, as a file's suffix makes it."""
        assert isinstance(component, DocumentWriter), "'write' or 'end' is not there"
        assert isinstance(type(component)(), type(component))

    def test_what_is_written_can_be_read(self, component: Any) -> None:
        """All documents in order, with the mentions where they stand, their labels and entities, NIL among them."""
        documents = self.documents
        assert list(map(_kept, self.read(self.write(component, documents)))) == list(map(_kept, documents))

    def test_nothing_is_a_file_as_well(self, component: Any) -> None:
        """No documents give a file that can be read, with none in it."""
        assert list(self.read(self.write(component, []))) == []

    def test_two_files_at_once_do_not_mix(self, component: Any) -> None:
        """A second writer of the class knows nothing of the first."""
        one, other = component, self.fresh(component)
        documents = self.documents
        turns = [(one.write(document), other.write(document)) for document in reversed(documents)]
        ends = one.end(), other.end()
        for first, end in ((b"".join(turn[n] for turn in turns), ends[n]) for n in (0, 1)):
            assert [document.id for document in self.read(first + end)] == [d.id for d in reversed(documents)]

    def test_the_same_documents_are_the_same_bytes(self, component: Any) -> None:
        """Bytes depend on nothing but the documents."""
        documents = self.documents
        assert self.write(component, documents) == self.write(self.fresh(component), documents)

    def test_writes_as_documents_come(self, component: Any) -> None:
        """What is kept back does not grow with the documents: files may be larger than memory."""
        self.needs("streams")
        sizes = [len(component.write(_linked("Paris and Atlantis", str(number)))) for number in range(_MANY)]
        assert sum(sizes[_MANY // 2 :]) > sum(sizes) // 4, "documents are kept until the end"


def _linked(text: str, name: str) -> LinkedDocument:
    """A document whose first Paris is linked and whose Atlantis is NIL."""
    mentions = []
    if found := _NAME.search(text):
        start, end, score = found.start(), found.end(), 0.75
        candidates = (Candidate(_PARIS, "Paris", "exact", {"l2": 1.0, "l3": score}),)
        entity = LinkedEntity(_PARIS.entity_id, _PARIS.label, score, start, end, "Paris", _PARIS.description, "city")
        mentions.append(LinkedMention("Paris", start, end, "place", entity, candidates, 4, mention_score=0.5))
    if (start := text.find("Atlantis")) >= 0:
        mentions.append(LinkedMention("Atlantis", start, start + 8, reason="no candidates"))
    return LinkedDocument(text, tuple(mentions), name, "revision-1")


def _kept(document: LinkedDocument) -> tuple[object, ...]:
    """What every format keeps of a document."""
    mentions = [(m.start, m.end, m.mention_text, m.label, m.linked_entity and m.linked_entity.entity_id)
                for m in document.entities]  # fmt: skip
    return document.id, document.text, document.error, mentions
