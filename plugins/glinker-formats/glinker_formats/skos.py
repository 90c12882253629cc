"""Thesauri and vocabularies in SKOS, as Turtle, N-Triples, RDF/XML or JSON-LD: one entity per skos:Concept.

Vocabulary: https://www.w3.org/TR/skos-reference/
"""

from __future__ import annotations

import json
import re
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from attrs import define, field

from glinker_core.errors import PluginError
from glinker_core.layers import Row
from glinker_formats.languages import Text, best, spoken
from glinker_formats.rows import decoded, names, row_of, tell

if TYPE_CHECKING:
    from rdflib import Graph

_SKOS = "http://www.w3.org/2004/02/skos/core#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_RDFS_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_DEPRECATED = "http://www.w3.org/2002/07/owl#deprecated"
_NAMES = ("prefLabel", "altLabel", "hiddenLabel")
#: Types that say nothing about what a thing is.
_PLAIN_TYPES = re.compile(r"http://www\.w3\.org/(2004/02/skos/core|2002/07/owl|2000/01/rdf-schema)#")
#: What relative addresses are resolved against, so that they do not depend on where the reader runs.
_BASE = "http://relative.invalid/"

_JSON = re.compile(rb"\s*(\{|\[\s*[\]{])")
_SYNTAXES = {"json-ld": "JSON-LD", "xml": "RDF/XML", "turtle": "Turtle or N-Triples"}
_XML = re.compile(rb"\s*<(\?|!|[\w.:-]+\s)")
_POSITION = re.compile(r"\S*:(\d+):\d+: ")
_NAMED = re.compile(r"""[/#:"'<]([^\s/#:"'<>;,]+)""")


@define
class SkosReader:
    """Concepts by their IRI, with labels, definition and class in a language; what else SKOS says is in `metadata`.

    The label is the preferred one in `language`, else in a variant of it, without language, or in any (by tag), else
    an rdfs:label. All labels in `language`, `other_languages` (`["*"]` is all) or none are aliases, the hidden ones
    too. The type is the first rdf:type beside skos:Concept, without its namespace. Deprecated concepts are left out and
    counted in the log unless `obsolete` is set. The whole graph is held in memory, about 2 kB per triple.
    """

    language: str = "en"
    other_languages: tuple[str, ...] = field(default=(), converter=tuple)
    obsolete: bool = False

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per concept, in order of the first line that names it; the syntax follows from the first signs."""
        _installed()
        read = list(lines)
        graph, faults = _parsed(read)
        if graph is None:
            yield from faults
            return
        left_out: Counter[str] = Counter()
        concepts, nameless = _concepts(graph)
        places = _first_lines(concepts, read)
        if not concepts and not nameless and len(graph):
            yield Row(1, None, f"holds {len(graph):,} statements and no skos:Concept")
        for concept in sorted(concepts, key=lambda iri: (places[iri], iri)):
            row = self._row(concept, places[concept], graph, left_out)
            if row is not None:
                yield row
        if nameless:
            yield Row(max(places.values(), default=1), None, f"concepts without an IRI to be their id: {nameless:,}")
        tell(left_out)

    def _row(self, iri: str, line: int, graph: Graph, left_out: Counter[str]) -> Row | None:
        """A row, or None for what is left out and counted."""
        said = _statements(iri, graph)
        if any(text.text in ("true", "1") for text in said.get(_DEPRECATED, ())):
            if not self.obsolete:
                left_out["deprecated concepts (the setting 'obsolete' reads them)"] += 1
                return None
            obsolete = {"obsolete": True}
        else:
            obsolete = {}
        label = best(said.get(_SKOS + "prefLabel") or said.get(_RDFS_LABEL) or (), self.language)
        if not label:
            return Row(line, None, f"concept <{iri}> has no skos:prefLabel")
        languages = (self.language, *self.other_languages)
        definitions = said.pop(_SKOS + "definition", [])
        description = best(definitions, self.language)
        others = {
            predicate.removeprefix(_SKOS): [text.removeprefix(_BASE) for text in spoken(texts, languages)]
            for predicate, texts in [*said.items(), (_SKOS + "definition", definitions)]
            if predicate.startswith(_SKOS) and predicate.removeprefix(_SKOS) not in _NAMES
        }
        others["definition"] = [text for text in others["definition"] if text != description]
        kinds = [text.text for text in said.get(_TYPE, ()) if not _PLAIN_TYPES.match(text.text)]
        record = {
            "entity_id": iri.removeprefix(_BASE),
            "label": label,
            "aliases": names(label, (n for kind in _NAMES for n in spoken(said.get(_SKOS + kind, ()), languages))),
            "description": description,
            "entity_type": _local(kinds[0]) if kinds else "",
            "metadata": {name: texts for name, texts in others.items() if texts} | obsolete,
        }
        return row_of(line, record)


def _installed() -> None:
    try:
        import rdflib  # noqa: F401
    except ImportError as error:
        raise PluginError('SKOS files need rdflib; run: pip install "glinker-formats[rdf]"') from error


def _parsed(lines: Sequence[bytes]) -> tuple[Graph | None, list[Row]]:
    """The graph, or what is wrong with the file."""
    from rdflib import Graph

    content = b"".join(lines)
    syntax = "json-ld" if _JSON.match(content) else "xml" if _XML.match(content) else "turtle"
    faults: list[Row] = []
    if syntax != "xml":  # which says its encoding itself
        faults = [Row(number, None, problem) for number, _, problem in decoded(lines) if problem]
    graph = Graph()
    if faults or not content.strip():
        return (None if faults else graph), faults
    try:
        if syntax == "json-ld" and (address := _remote_context(json.loads(content))):
            problem = f"its context is at {address[:200]}, and nothing is fetched; write the context into the file"
            return None, [Row(1, None, problem)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of rdflib's own parts, by rdflib
            graph.parse(data=content, format=syntax, publicID=_BASE)
    except Exception as error:  # noqa: BLE001  # whatever its parsers stumble over in a file; it is told
        line = min(max(_line(error), 1), len(lines))
        return None, [Row(line, None, f"not readable as {_SYNTAXES[syntax]}: {_reason(error)}")]
    return graph, []


def _line(error: Exception) -> int:
    """The line of the error, as the parsers of the three syntaxes tell it."""
    if callable(number := getattr(error, "getLineNumber", None)):
        return int(number() or 1)
    if isinstance(line := getattr(error, "lines", None), int):
        return line + 1
    if found := _POSITION.match(str(error)):
        return int(found[1])
    return int(getattr(error, "lineno", None) or 1)


def _reason(error: Exception) -> str:
    """The reason alone, on one line."""
    for name in ("_why", "msg", "getMessage"):
        said = getattr(error, name, None)
        said = said() if callable(said) else said
        if isinstance(said, str) and said:
            return _POSITION.sub("", said)
    return " ".join(f"{type(error).__name__}: {error}".split())[:200]


def _remote_context(document: Any) -> str:
    """The address of a context that would have to be fetched, if there is one."""
    waiting = [document]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            for key in ("@context", "@import"):
                given = part.get(key)
                for one in given if isinstance(given, list) else [given]:
                    if isinstance(one, str):
                        return one
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return ""


def _concepts(graph: Graph) -> tuple[list[str], int]:
    """The IRIs of all concepts, in order, and how many concepts have none."""
    from rdflib import URIRef

    found = set(graph.subjects(URIRef(_TYPE), URIRef(_SKOS + "Concept")))
    named = sorted(str(concept) for concept in found if isinstance(concept, URIRef))
    return named, len(found) - len(named)


def _statements(iri: str, graph: Graph) -> dict[str, list[Text]]:
    """What is said of a concept, by predicate, in order of language and text; nodes without a name are left out."""
    from rdflib import BNode, Literal, URIRef

    said: dict[str, list[Text]] = {}
    for predicate, value in graph.predicate_objects(URIRef(iri)):
        if not isinstance(value, BNode):
            language = value.language or "" if isinstance(value, Literal) else ""
            said.setdefault(str(predicate), []).append(Text(language, str(value)))
    return {predicate: sorted(said[predicate]) for predicate in sorted(said)}


def _local(iri: str) -> str:
    return re.split("[/#:]", iri)[-1]


def _first_lines(concepts: Sequence[str], lines: Sequence[bytes]) -> dict[str, int]:
    """For each concept the first line that names it; 1 where it is written in a way that hides its name."""
    wanted = {_local(iri) for iri in concepts}
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for found in _NAMED.finditer(line.decode("utf-8", "replace")):
            for name in (found[1], found[1].rstrip(".")):
                if name in wanted:
                    first.setdefault(name, number)
    return {iri: first.get(_local(iri), 1) for iri in concepts}
