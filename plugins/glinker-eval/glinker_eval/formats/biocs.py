"""BioC in XML or JSON: passages at their offsets, with annotations in them.

http://bioc.sourceforge.net/
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define

from glinker_core.errors import PluginError
from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_eval.formats.parts import concepts, mention

if TYPE_CHECKING:
    from bioc import BioCAnnotation, BioCDocument

_IDS = ("identifier", "concept_id", "database_id", "entity_id", "kb_id", "mesh", "omim", "cui", "ncbi gene")


@define
class BiocReader:
    """Documents with the texts of their passages at their offsets; which syntax it is follows from the first sign.

    The id of an annotation is its infon `identifier`, or one of the names other corpora use; any of several is right,
    with its prefix (`MESH:D001241`) or without. One that lies at several places is taken from its first to its last
    character, and its text then does not agree. The whole file is held in memory.
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per document."""
        _installed()
        read = list(lines)
        documents, faults = _parsed(read)
        yield from faults
        line = 1
        for document in documents:
            line = _line(str(document.id), read, line)
            try:
                yield Row(line, _document(document))
            except ValueError as error:
                yield Row(line, None, f"document '{document.id}': {error}")


def _installed() -> None:
    try:
        import bioc  # noqa: F401
    except ImportError as error:
        raise PluginError('BioC files need bioc; run: pip install "glinker-eval[bioc]"') from error


def _parsed(lines: Sequence[bytes]) -> tuple[Sequence[BioCDocument], list[Row]]:
    """The documents, or what is wrong with the file."""
    from bioc import biocjson, biocxml

    content = b"".join(lines)
    if not content.strip():
        return (), []
    try:
        if content.lstrip()[:1] == b"<":
            return biocxml.load(io.BytesIO(content)).documents, []
        return biocjson.loads(content.decode("utf-8")).documents, []
    except Exception as error:  # noqa: BLE001  # whatever its parsers stumble over in a file; it is told
        line = min(max(int(getattr(error, "lineno", None) or 1), 1), len(lines))
        reason = f"'{error.args[0]}' is missing" if isinstance(error, KeyError) else str(error)
        return (), [Row(line, None, f"not readable as BioC: {' '.join(reason.split())[:200]}")]


def _line(name: str, lines: Sequence[bytes], start: int) -> int:
    """The next line that has the id of a document, from a line on; that line where there is none."""
    wanted = name.encode("utf-8", "replace")
    later = ((number, line) for number, line in enumerate(lines[start - 1 :], start) if wanted in line)
    return next((number for number, _ in later), start)


def _document(document: BioCDocument) -> Document:
    text = ""
    mentions: list[dict[str, Any]] = []
    for passage in document.passages:
        parts = passage.sentences if not passage.text else [passage]
        for part in parts:
            if not part.text:
                continue
            if part.offset < len(text):
                raise ValueError(
                    f"a text at offset {part.offset} begins within the one before it, of {len(text)} characters"
                )
            text = f"{text}{_gap(part.offset - len(text))}{part.text}"
        for holder in (passage, *passage.sentences):
            mentions.extend(_mention(annotation) for annotation in holder.annotations)
    mentions.extend(_mention(annotation) for annotation in document.annotations)
    return Document(text, str(document.id or ""), tuple(mentions))


def _gap(size: int) -> str:
    """What stands between two passages: as much as their offsets say, with a line break at its end."""
    return " " * (size - 1) + "\n" if size else ""


def _mention(annotation: BioCAnnotation) -> dict[str, Any]:
    if not annotation.locations:
        raise ValueError(f"annotation '{annotation.id}' has no location")
    start = min(int(location.offset) for location in annotation.locations)
    end = max(int(location.offset) + int(location.length) for location in annotation.locations)
    infons = {str(name).lower(): str(value) for name, value in annotation.infons.items()}
    given = next((infons[name] for name in _IDS if name in infons), "")
    return mention(start, end, annotation.text, concepts(given), infons.get("type", ""))
