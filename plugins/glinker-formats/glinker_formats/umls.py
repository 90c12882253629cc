"""UMLS Metathesaurus in Rich Release Format: one entity per concept (CUI) of MRCONSO.RRF.

Format: https://www.ncbi.nlm.nih.gov/books/NBK9685/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from attrs import define, field

from glinker_core.errors import InputError
from glinker_core.files import read_lines
from glinker_core.layers import Row
from glinker_formats.rows import decoded, names, row_of, tell

#: How many columns the files have; every line ends with a separator.
_COLUMNS = {"MRCONSO": 18, "MRSTY": 6, "MRDEF": 8}


class _Line(NamedTuple):
    """A line of a file: its cells, the first the CUI; or what is wrong with it, under the CUI of the line before."""

    number: int
    cui: str
    cells: list[str]
    problem: str = ""


class _Atom(NamedTuple):
    """A row of MRCONSO: a name of a concept in one source."""

    cui: str
    language: str
    term_status: str
    term: str
    string_type: str
    string: str
    preferred: str
    aui: str
    source_atom: str
    source_concept: str
    source_descriptor: str
    source: str
    term_type: str
    code: str
    name: str
    restriction: str
    suppress: str
    view: str


@define
class UmlsReader:
    """Concepts with their names in a language, definition, first semantic type, and number of sources as popularity.

    The label is the preferred name by term status (TS), string type (STT) and ISPREF, in this order; all other names
    in `language`, and in `other_languages` (`["*"]` is all), are aliases. Rows with a SUPPRESS flag among `suppressed`,
    and concepts without a name in `language`, are left out and counted in the log. Semantic types, further definitions
    and codes of the sources stand in `metadata`. Languages are called as in UMLS: ENG, GER, FRE.
    """

    language: str = "ENG"
    other_languages: tuple[str, ...] = field(default=(), converter=tuple)
    suppressed: tuple[str, ...] = field(default=("O", "E", "Y"), converter=tuple)

    def entities(self, lines: Iterable[bytes]) -> Iterator[Row]:
        """One row per concept of MRCONSO.RRF, which must be in order of CUIs, as it is released."""
        return self._concepts("", lines, None, None)

    def entities_from(self, path: Path) -> Iterator[Row]:
        """Concepts of a folder with MRCONSO.RRF, or of that file, with MRSTY.RRF and MRDEF.RRF if they are there."""
        names_file = _find(path, "MRCONSO") if path.is_dir() else path
        if names_file is None:
            raise InputError(f"{path}: there is no MRCONSO.RRF in this folder")
        if names_file.name.startswith(("MRSTY", "MRDEF")):
            raise InputError(f"{path}: is read beside MRCONSO.RRF; give that file, or the folder of both")
        types, definitions = (_find(names_file.parent, name) for name in ("MRSTY", "MRDEF"))
        return self._concepts(
            str(names_file),
            read_lines(names_file),
            None if types is None else _Beside(types, "MRSTY"),
            None if definitions is None else _Beside(definitions, "MRDEF"),
        )

    def _concepts(
        self, file: str, lines: Iterable[bytes], types: _Beside | None, definitions: _Beside | None
    ) -> Iterator[Row]:
        left_out: Counter[str] = Counter()
        beside = [side for side in (types, definitions) if side is not None]
        for cui, group in groupby(_lines(lines, "MRCONSO"), key=lambda line: line.cui):
            found = list(group)
            good = [line for line in found if not line.problem]
            if good:
                atoms = [_Atom(*line.cells) for line in good]
                kinds = {cells[1]: cells[3] for cells in (types.of(cui) if types else ())}
                texts = definitions.of(cui) if definitions else []
                record = self._record(cui, atoms, dict(sorted(kinds.items())), texts, left_out)
                if record is not None:
                    yield row_of(good[0].number, record, file)
            yield from (Row(line.number, None, line.problem, file) for line in found if line.problem)
            for side in beside:
                yield from side.problems()
        for side in beside:
            side.finish()
            yield from side.problems()
        tell(left_out)

    def _record(
        self, cui: str, atoms: list[_Atom], kinds: dict[str, str], texts: list[list[str]], left_out: Counter[str]
    ) -> dict[str, Any] | None:
        """A concept under our field names, or None if it has no name that may be shown."""
        kept = [atom for atom in atoms if atom.suppress not in self.suppressed]
        left_out["suppressed names"] += len(atoms) - len(kept)
        ours = [atom for atom in kept if atom.language == self.language]
        if not ours:
            left_out[f"concepts without a name in {self.language} that is not suppressed"] += 1
            return None
        label = min(ours, key=lambda a: (a.term_status != "P", a.string_type != "PF", a.preferred != "Y")).name
        wanted = {self.language, *self.other_languages}
        aliases = [atom.name for atom in kept if atom.language in wanted or "*" in wanted]
        languages = {atom.aui: atom.language for atom in atoms}
        shown = [
            cells[5]
            for cells in texts
            if cells[6] not in self.suppressed and languages.get(cells[1], self.language) == self.language
        ]
        metadata: dict[str, Any] = {
            "codes": list(dict.fromkeys(f"{atom.source}:{atom.code}" for atom in ours)),
        }
        if kinds:
            metadata["semantic_types"] = kinds
        if shown[1:]:
            metadata["definitions"] = shown[1:]
        return {
            "entity_id": cui,
            "label": label,
            "aliases": names(label, aliases),
            "description": shown[0] if shown else "",
            "entity_type": next(iter(kinds.values()), ""),
            "popularity": len({atom.source for atom in kept}),
            "metadata": metadata,
        }


class _Beside:
    """A file beside MRCONSO.RRF in the same order, read as far as the concepts are."""

    def __init__(self, path: Path, kind: str) -> None:
        self._file = str(path)
        self._lines = _lines(read_lines(path), kind)
        self._next = next(self._lines, None)
        self._problems: list[Row] = []

    def of(self, cui: str) -> list[list[str]]:
        """Cells of the lines of a concept; those of concepts before it are passed over."""
        found = []
        while self._next is not None and self._next.cui <= cui:
            if self._next.problem:
                self._problems.append(Row(self._next.number, None, self._next.problem, self._file))
            elif self._next.cui == cui:
                found.append(self._next.cells)
            self._next = next(self._lines, None)
        return found

    def finish(self) -> None:
        """Read what is left, for the problems in it."""
        while self._next is not None:
            self.of(self._next.cui)

    def problems(self) -> list[Row]:
        """What was wrong with the lines read since the last time."""
        found, self._problems = self._problems, []
        return found


def _find(folder: Path, name: str) -> Path | None:
    """A file of a release, packed or not."""
    return next((path for ending in ("RRF", "RRF.gz") if (path := folder / f"{name}.{ending}").is_file()), None)


def _lines(lines: Iterable[bytes], kind: str) -> Iterator[_Line]:
    """Lines with ascending CUIs; one that comes too late is a problem, so that no concept is read in two parts."""
    last = ""
    for number, text, problem in decoded(lines):
        if not (text or problem):
            continue
        cells = text.split("|")
        if problem or len(cells) != _COLUMNS[kind] + 1 or cells[-1]:
            columns = f"expected {_COLUMNS[kind]} cells of {kind}, each followed by '|', got {text[:60]!r}"
            yield _Line(number, last, [], problem or columns)
        elif not cells[0]:
            yield _Line(number, last, [], "the CUI is empty")
        elif cells[0] < last:
            late = f"concept {cells[0]} comes after {last}; sort the file: LC_ALL=C sort -t'|' -k1,1 -s"
            yield _Line(number, last, [], late)
        else:
            last = cells[0]
            yield _Line(number, last, cells[:-1])
