"""NIF 2.0 in Turtle: a nif:Context with its text, and a resource for each mention in it.

https://persistence.uni-leipzig.org/nlp2rdf/
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from attrs import define

from glinker_core.errors import PluginError
from glinker_core.layers import Row
from glinker_core.model import Document
from glinker_eval.formats.parts import decoded, mention, names_of

if TYPE_CHECKING:
    from rdflib import Graph

NIF = "http://persistence.uni-leipzig.org/nlp2rdf/ontologies/nif-core#"
ITS = "http://www.w3.org/2005/11/its/rdf#"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_BASE = "http://relative.invalid/"  # what relative addresses are resolved against, wherever the reader runs
_WHOLE_TEXT = re.compile(r"#char=0,\d*$")
_NAMED = re.compile(r"""[^\s<>"']+""")
_NIL = "notInWiki"  # how GERBIL's datasets name entities without a page


@define
class NifReader:
    """Contexts in order of the lines; entities are right under their IRI or the title in it.

    The id of a document is the IRI of its context without `#char=0,...`. A mention without itsrdf:taIdentRef is NIL,
    and so is one that says `notInWiki`. Offsets are code points, and the text that nif:anchorOf gives is checked. The
    whole graph is held in memory.
    """

    def documents(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per context."""
        _installed()
        read = list(lines)
        graph, faults = _parsed(read)
        yield from faults
        if graph is None:
            return
        mentions = _mentions(graph)
        contexts = _texts(graph, "isString")
        places = _first_lines({*contexts, *mentions}, read)
        for iri in sorted(places, key=lambda iri: (places[iri], iri)):
            name = _name(_WHOLE_TEXT.sub("", iri))
            if iri not in contexts:
                yield Row(places[iri], None, f"<{name}> has {len(mentions[iri])} mentions and no nif:isString")
                continue
            given = sorted(mentions.get(iri, ()), key=lambda one: (one["start"], one["end"], one["entity_ids"]))
            yield Row(places[iri], Document(contexts[iri], name, tuple(given)))


def _installed() -> None:
    try:
        import rdflib  # noqa: F401
    except ImportError as error:
        raise PluginError('NIF files need rdflib; run: pip install "glinker-eval[nif]"') from error


def _parsed(lines: Sequence[bytes]) -> tuple[Graph | None, list[Row]]:
    """The graph, or what is wrong with the file."""
    from rdflib import Graph

    if faults := [Row(number, None, problem) for number, _, problem in decoded(lines) if problem]:
        return None, faults
    graph = Graph()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of rdflib's own parts, by rdflib
            graph.parse(data=b"".join(lines), format="turtle", publicID=_BASE)
    except Exception as error:  # noqa: BLE001  # whatever its parser stumbles over in a file; it is told
        line = min(max(int(getattr(error, "lines", 0)) + 1, 1), max(len(lines), 1))
        reason = getattr(error, "_why", "") or f"{type(error).__name__}: {error}"
        return None, [Row(line, None, f"not readable as Turtle: {' '.join(str(reason).split())[:200]}")]
    return graph, []


def _texts(graph: Graph, predicate: str, namespace: str = NIF) -> dict[str, str]:
    """What is said by a predicate, by subject; of several things the first."""
    from rdflib import URIRef

    said = sorted((str(one), str(value)) for one, value in graph.subject_objects(URIRef(namespace + predicate)))
    return dict(reversed(said))


def _mentions(graph: Graph) -> dict[str, list[dict[str, Any]]]:
    """The mentions by the context they refer to."""
    from rdflib import URIRef

    first, last, anchors = _texts(graph, "beginIndex"), _texts(graph, "endIndex"), _texts(graph, "anchorOf")
    kinds = _texts(graph, "taClassRef", ITS)
    refs: dict[str, list[str]] = {}
    for subject, entity in graph.subject_objects(URIRef(ITS + "taIdentRef")):
        refs.setdefault(str(subject), []).append(str(entity))
    phrases = {str(subject) for subject in graph.subjects(URIRef(_TYPE), URIRef(NIF + "Phrase"))}
    found: dict[str, list[dict[str, Any]]] = {}
    for one, context in sorted(_texts(graph, "referenceContext").items()):
        if one not in refs and one not in phrases:
            continue  # a sentence or a paragraph
        names = [name for ref in sorted(refs.get(one, ())) if _NIL not in ref for name in names_of(_name(ref))]
        kind = _name(kinds.get(one, ""))
        kind = kind if _BASE in kinds.get(one, "") else re.split("[/#:]", kind)[-1]
        made = mention(_whole(first.get(one)), _whole(last.get(one)), anchors.get(one), names, kind)
        found.setdefault(context, []).append(made)
    return found


def _name(iri: str) -> str:
    """What a resource is called: an address of this file is a name that was no address, written by `NifWriter`."""
    return unquote(iri[len(_BASE) :]) if iri.startswith(_BASE) else iri


def _whole(value: str | None) -> int:
    """An offset; -1, which no text has, where there is none."""
    return int(value) if value is not None and value.isdecimal() else -1


def _first_lines(names: Collection[str], lines: Sequence[bytes]) -> dict[str, int]:
    """For each resource the first line that names it; 1 where it is written in a way that hides its name."""
    first: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        for word in _NAMED.findall(line.decode("utf-8", "replace")):
            first.setdefault(_local(word), number)
    return {name: first.get(_local(name), 1) for name in names}


def _local(iri: str) -> str:
    return re.split("[/:]", iri)[-1]
