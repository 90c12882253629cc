"""Writers of linked documents that break promises."""

from __future__ import annotations

import json

from attrs import define

from glinker_core.builtin.writers import JsonlWriter, record
from glinker_core.model import LinkedDocument, LinkedEntity, LinkedMention, evolve
from glinker_core.testing import WriterContract
from tests.liars.making import lies


def documents(written):
    """The documents in JSON lines."""
    return [_document(json.loads(line)) for line in written.splitlines()]


def _document(plain):
    mentions = tuple(map(_mention, plain["entities"]))
    return LinkedDocument(plain["text"], mentions, plain["id"], plain["kb_revision"], plain.get("error"))


def _mention(plain):
    start, end, name = plain["start"], plain["end"], plain["entity_id"]
    entity = name and LinkedEntity(name, plain["entity_label"], plain["score"], start, end, "")
    return LinkedMention(plain["text"], start, end, plain["label"], entity)


def lying(**caught):
    """A liar whose files are read as JSON lines."""
    return lies(WriterContract, attributes={"read": lambda self, written: documents(written)}, **caught)


@define
class Changed(JsonlWriter):
    """Writes other documents than it is given."""

    def write(self, document):
        return super().write(self.change(document))


@lying(test_fits_the_protocol_of_writers="'write' or 'end' is not there")
def never_ends():
    @define
    class Endless(JsonlWriter):
        end = None

    return Endless()


@lying(test_what_is_written_can_be_read="wrote str, not bytes")
def writes_text():
    @define
    class Text(JsonlWriter):
        def write(self, document):
            return super().write(document).decode()

    return Text()


@lying(test_what_is_written_can_be_read="==")
def drops_nil():
    @define
    class Linked(Changed):
        def change(self, document):
            return evolve(document, entities=tuple(m for m in document.entities if m.is_linked))

    return Linked()


@lying(test_what_is_written_can_be_read="==")
def drops_what_failed():
    @define
    class Good(JsonlWriter):
        def write(self, document):
            return b"" if document.error else super().write(document)

    return Good()


@lying(test_nothing_is_a_file_as_well="==")
def ends_with_a_record():
    @define
    class Summary(JsonlWriter):
        def end(self):
            return json.dumps(record(LinkedDocument("the end"))).encode()

    return Summary()


@lying(test_two_files_at_once_do_not_mix="==")
def shares_what_it_keeps():
    kept = []

    @define
    class Shared(JsonlWriter):
        def write(self, document):
            kept.append(super().write(document))
            return b""

        def end(self):
            made = b"".join(kept)
            kept.clear()
            return made

    return Shared()


@lying(test_the_same_documents_are_the_same_bytes="==")
def counts_files():
    made = []

    @define
    class Counting(JsonlWriter):
        def write(self, document):
            made.append(document)
            return super().write(evolve(document, kb_revision=str(len(made))))

    return Counting()


@lying(test_writes_as_documents_come="kept until the end")
def keeps_all():
    @define
    class Keeping(JsonlWriter):
        kept: bytes = b""

        def write(self, document):
            self.kept += super().write(document)
            return b""

        def end(self):
            return self.kept

    return Keeping()
