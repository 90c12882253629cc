"""Linked documents in the formats of others, each as the reader of the format reads it back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from attrs import define, field

from glinker_core.errors import DataError, Problem
from glinker_core.files import json_line
from glinker_core.model import LinkedDocument, LinkedMention
from glinker_eval.formats.nif import ITS, NIF

_ADDRESS = re.compile(r"https?://[^\x00-\x20<>\"{}|\\^`]+")


@define
class ElevantWriter:
    """Linked documents as benchmarks of ELEVANT, such as a gold standard to correct by hand; NIL is `Unknown1`, ..."""

    def write(self, document: LinkedDocument) -> bytes:
        """One line."""
        labels = [_label(number, mention) for number, mention in enumerate(document.entities)]
        record = {"id": document.id, "title": "", "text": document.text, "labels": labels}
        failed = {} if document.error is None else {"error": document.error}
        return json_line({**record, **failed}).encode()

    def end(self) -> bytes:
        return b""


def _label(number: int, mention: LinkedMention) -> dict[str, Any]:
    entity = mention.linked_entity
    return {
        "id": number,
        "span": [mention.start, mention.end],
        "entity_id": entity.entity_id if entity else f"Unknown{number + 1}",
        "name": entity.label if entity else "Unknown",
        "parent": None,
        "children": [],
        "optional": False,
        "type": mention.label or "OTHER",
    }


@define
class BiocWriter:
    """Linked documents as BioC in JSON, one passage each; a NIL mention has the infon `identifier` "-"."""

    _begun: bool = field(default=False, init=False)

    def write(self, document: LinkedDocument) -> bytes:
        """One document of the collection."""
        head = ",\n" if self._begun else _HEAD
        self._begun = True
        passage = {
            "offset": 0,
            "infons": {},
            "text": document.text,
            "sentences": [],
            "annotations": [_annotation(number, one) for number, one in enumerate(document.entities, 1)],
            "relations": [],
        }
        infons = {} if document.error is None else {"error": document.error}
        made = {"id": document.id, "infons": infons, "passages": [passage], "annotations": [], "relations": []}
        return f"{head}{json.dumps(made)}".encode()

    def end(self) -> bytes:
        return f"{'' if self._begun else _HEAD}\n]}}\n".encode()


_HEAD = '{"source": "glinker", "date": "", "key": "", "version": "1.0", "infons": {}, "documents": [\n'


def _annotation(number: int, mention: LinkedMention) -> dict[str, Any]:
    entity = mention.linked_entity
    infons = {"type": mention.label, "identifier": entity.entity_id if entity else "-"}
    if entity is not None:
        infons["score"] = str(entity.score)
    place = {"offset": mention.start, "length": mention.end - mention.start}
    return {"id": str(number), "infons": infons, "text": mention.mention_text, "locations": [place]}


@define
class NifWriter:
    """Linked documents as NIF in Turtle, one after the other; NIL mentions have no itsrdf:taIdentRef.

    Ids and labels that are no web addresses become relative ones, which `NifReader` turns back. What went wrong with a
    document stands in an rdfs:comment.
    """

    _begun: bool = field(default=False, init=False)

    def write(self, document: LinkedDocument) -> bytes:
        """The context of a document and its mentions."""
        head = "" if self._begun else _PREFIXES
        self._begun = True
        try:
            return (head + "".join(_turtle(document))).encode()
        except UnicodeEncodeError as error:
            problem = Problem(f"document '{document.id}'", "holds half of a surrogate pair, which no RDF can hold")
            raise DataError("NIF", [problem]) from error

    def end(self) -> bytes:
        return b""


_PREFIXES = f"""@prefix nif: <{NIF}> .
@prefix itsrdf: <{ITS}> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""


def _turtle(document: LinkedDocument) -> Iterator[str]:
    name = _address(document.id)
    yield f"\n<{name}#char=0,> a nif:Context, nif:RFC5147String ;\n"
    if document.error is not None:
        yield f"    rdfs:comment {_literal(document.error)} ;\n"
    yield f'    nif:beginIndex "0"^^xsd:nonNegativeInteger ; nif:endIndex {_offset(len(document.text))} ;\n'
    yield f"    nif:isString {_literal(document.text)} .\n"
    for mention in document.entities:
        yield f"<{name}#char={mention.start},{mention.end}> a nif:Phrase, nif:RFC5147String ;\n"
        yield f"    nif:referenceContext <{name}#char=0,> ; nif:anchorOf {_literal(mention.mention_text)} ;\n"
        yield f"    nif:beginIndex {_offset(mention.start)} ; nif:endIndex {_offset(mention.end)}"
        yield f"{_meaning(mention)} .\n"


def _meaning(mention: LinkedMention) -> str:
    said = f" ;\n    itsrdf:taClassRef <{_address(mention.label)}>" if mention.label else ""
    if (entity := mention.linked_entity) is not None:
        said += f" ;\n    itsrdf:taIdentRef <{_address(entity.entity_id)}>"
        said += f' ; itsrdf:taConfidence "{entity.score}"^^xsd:double'
    return said


def _address(name: str) -> str:
    return name if _ADDRESS.fullmatch(name) else quote(name, safe="")


def _offset(number: int) -> str:
    return f'"{number}"^^xsd:nonNegativeInteger'


def _literal(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
