"""Ontologies in the OBO flat file format, version 1.2 and 1.4: one entity per [Term].

Format: https://owlcollab.github.io/oboformat/doc/GO.format.obo-1_4.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from attrs import define, field

from glinker_core.errors import near
from glinker_core.layers import Row
from glinker_formats.rows import decoded, names, row_of, tell

Scope = Literal["EXACT", "NARROW", "BROAD", "RELATED"]

#: Stanzas that hold no terms: relations, individuals, and what older versions of the format knew.
_OTHER_STANZAS = ("Typedef", "Instance", "Annotation", "Formula")
_SCOPES = ("EXACT", "NARROW", "BROAD", "RELATED")
#: Tags of version 1.0 that name the scope themselves.
_OLD_SYNONYMS = {"exact_synonym": "EXACT", "narrow_synonym": "NARROW", "broad_synonym": "BROAD",
                 "related_synonym": "RELATED"}  # fmt: skip
#: Tags that a term has at most once and that are read into fields of the entity.
_ONCE = ("id", "name", "def", "namespace", "is_obsolete")

_STANZA = re.compile(r"\[([^\]]*)\]\s*(!.*)?")
_TAG = re.compile(r"([A-Za-z_][\w.-]*)\s*:\s*(.*)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(.*)')
_COMMENT = re.compile(r"(?:^|\s)!")
_MODIFIERS = re.compile(r'\s\{\s*[^\s={}]+\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^"{}])*\}$')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t", "W": " "}


class _Stanza(NamedTuple):
    """A stanza as it is read: where it begins, values by tag, synonyms by scope, and bad lines."""

    line: int
    kind: str
    tags: dict[str, list[str]]
    synonyms: dict[str, list[str]]
    problems: list[Row]


@define
class OboReader:
    """Terms with their names, definition, namespace as type, and every other tag in `metadata`.

    Synonyms of the scopes in `synonyms` become aliases: by default EXACT alone, since the others name narrower, broader
    or merely related things, and a linker takes every alias for a name of the entity itself. All stay in
    `metadata["synonyms"]`, by scope. Obsolete terms are left out and counted in the log, since they share their names
    with the terms that took their place; with `obsolete` they are read, with `metadata["obsolete"]` true.
    """

    synonyms: tuple[Scope, ...] = field(default=("EXACT",), converter=tuple)
    obsolete: bool = False

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per term, and one per line that is none of the format."""
        left_out: Counter[str] = Counter()
        namespace = ""
        for stanza in _stanzas(lines):
            if stanza.kind == "Term":
                yield from self._term(stanza, namespace, left_out)
            elif stanza.kind == "header":
                namespace = next(iter(stanza.tags.get("default-namespace", ())), "")
            yield from stanza.problems
        tell(left_out)

    def _term(self, stanza: _Stanza, namespace: str, left_out: Counter[str]) -> Iterator[Row]:
        tags = dict(stanza.tags)
        once = {tag: tags.pop(tag, [""])[0] for tag in _ONCE}
        obsolete = once["is_obsolete"] == "true"
        if obsolete and not self.obsolete:
            left_out["obsolete terms (the setting 'obsolete' reads them)"] += 1
            return
        aliases = [name for scope in _SCOPES if scope in self.synonyms for name in stanza.synonyms.get(scope, ())]
        metadata: dict[str, Any] = dict(tags)
        if stanza.synonyms:
            metadata["synonyms"] = {scope: stanza.synonyms[scope] for scope in _SCOPES if scope in stanza.synonyms}
        if obsolete:
            metadata["obsolete"] = True
        record = {
            "label": once["name"],
            "aliases": names(once["name"], aliases),
            "description": once["def"],
            "entity_type": once["namespace"] or namespace,
            "metadata": metadata,
        }
        missing = [f"'{tag}'" for tag in ("id", "name") if not once[tag].strip()]
        if missing:
            which = f"[Term] {once['id']}" if once["id"] else "[Term]"
            yield Row(stanza.line, None, f"{which} has no {' and no '.join(missing)}")
        else:
            yield row_of(stanza.line, {"entity_id": once["id"], **record})


def _stanzas(lines: Iterable[bytes]) -> Iterator[_Stanza]:
    """The header, then the stanzas, each once its last line is read."""
    stanza = _Stanza(1, "header", {}, {}, [])
    for number, text, problem in _logical(lines):
        if found := _STANZA.fullmatch(text):
            yield stanza
            stanza = _Stanza(number, found[1], {}, {}, [])
            if stanza.kind not in ("Term", *_OTHER_STANZAS):
                hint = near(stanza.kind, ("Term", *_OTHER_STANZAS))
                problem = f"unknown stanza [{stanza.kind}]{hint}"
        elif text and not problem:
            problem = _read_tag(text, stanza)
        if problem:
            stanza.problems.append(Row(number, None, problem))
    yield stanza


def _logical(lines: Iterable[bytes]) -> Iterator[tuple[int, str, str]]:
    """Lines without comments, those that end with a backslash joined with the next."""
    begun: list[str] = []
    start = 0
    for number, text, problem in decoded(lines):
        start = start if begun else number
        if not problem and (len(text) - len(text.rstrip("\\"))) % 2:
            begun.append(text[:-1])
            continue
        if problem and begun:
            yield start, "", f"goes on in line {number}, which is {problem}"
        else:
            yield start, "" if problem else _bare("".join((*begun, text))), problem
        begun = []
    if begun:
        yield start, "", "ends with a backslash, and so does the file"


def _bare(text: str) -> str:
    """A line without its comment (`!` at the beginning or after a space, outside of quotes) and spaces around."""
    text = text.strip()
    for found in _COMMENT.finditer(text):
        before = text[: found.start()]
        if _even_quotes(before):
            return before.rstrip()
    return text


def _even_quotes(text: str) -> bool:
    tag, _, value = text.partition(":")
    quoted = value.lstrip().startswith('"') or "{" in value or tag == "xref"
    return not quoted or len(re.findall(r'(?<!\\)(?:\\\\)*"', text)) % 2 == 0


def _read_tag(text: str, stanza: _Stanza) -> str:
    """Add a line to its stanza; says what is wrong with it, if anything."""
    found = _TAG.fullmatch(text)
    if found is None:
        return f"expected 'tag: value' or '[Term]', got {text[:60]!r}"
    tag, value = found[1], found[2]
    if stanza.kind != "Term" and tag != "default-namespace":
        return ""
    value = _MODIFIERS.sub("", f" {value}").strip()
    if tag == "synonym" or tag in _OLD_SYNONYMS:
        return _read_synonym(tag, value, stanza.synonyms)
    if tag == "def":
        quoted = _QUOTED.fullmatch(value)
        if quoted is None:
            return f"'def' must be a text in quotes, got {value[:60]!r}"
        value = quoted[1]
    if tag in _ONCE and tag in stanza.tags:
        return f"'{tag}' a second time: {value[:60]!r}"
    if tag == "is_obsolete" and value not in ("true", "false"):
        return f"'is_obsolete' must be true or false, got {value[:60]!r}"
    stanza.tags.setdefault(tag, []).append(_unescaped(value))
    return ""


def _read_synonym(tag: str, value: str, synonyms: dict[str, list[str]]) -> str:
    quoted = _QUOTED.fullmatch(value)
    if quoted is None:
        return f"'{tag}' must be a text in quotes, got {value[:60]!r}"
    first = quoted[2].partition("[")[0].split()[:1]
    scope = _OLD_SYNONYMS.get(tag) or (first[0] if first else "RELATED")  # what the format says where nothing is said
    if scope not in _SCOPES:
        return f"unknown scope '{scope}' of a synonym{near(scope, _SCOPES)}"
    synonyms.setdefault(scope, []).append(_unescaped(quoted[1]))
    return ""


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text)
