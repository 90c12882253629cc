"""What a reader of entities or documents promises."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, repeat, zip_longest
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.layers import DocumentReader, EntityPathReader, EntityReader, Row
from glinker_core.model import Document, Entity, evolve
from glinker_core.testing.contracts.config import ConfigContract

#: A line that no format made of text takes for a record.
RUBBISH = b'\xff\xfe\x80{"\n'


class ReaderContract(ConfigContract):
    """A reader: rows from lines of bytes, each a record or a problem with its line; never an exception.

    Override `component`, and say what your format looks like: `entity_file` with the `entities` in it, `document_file`
    with the `documents` in it, or both. Gaps: `lazy` for formats that must be read whole, `resumes` for those in which
    nothing can be read behind a fault, `spans` for those in which a record without its last lines is a record still.
    """

    entity_file: ClassVar[bytes] = b""
    entities: ClassVar[Sequence[Entity]] = ()
    document_file: ClassVar[bytes] = b""
    documents: ClassVar[Sequence[Document]] = ()
    lazy: ClassVar[str] = ""
    resumes: ClassVar[str] = ""
    spans: ClassVar[str] = ""

    @pytest.fixture(params=["entities", "documents"])
    def kind(self, request: pytest.FixtureRequest, component: Any) -> str:
        """Which of the two methods is under test; the one a reader does not have is left out."""
        kind: str = request.param
        if not isinstance(component, EntityReader if kind == "entities" else DocumentReader):
            pytest.skip(f"the reader does not read {kind}")
        assert self.file(kind), f"say what your format looks like: override '{kind}' and the file they stand in"
        return kind

    def file(self, kind: str) -> list[bytes]:
        """The lines of the sample file."""
        return (self.entity_file if kind == "entities" else self.document_file).splitlines(keepends=True)

    def expected(self, kind: str) -> list[Any]:
        """The records in the sample file."""
        return list(self.entities if kind == "entities" else self.documents)

    def rows(self, component: Any, kind: str, lines: Sequence[bytes]) -> list[Row]:
        """All rows, checked one by one."""
        return [_checked(row, len(lines)) for row in getattr(component, kind)(iter(lines))]

    def items(self, component: Any, kind: str, lines: Sequence[bytes]) -> list[Any]:
        """The records among the rows."""
        return [row.item for row in self.rows(component, kind, lines) if row.item is not None]

    def test_fits_a_protocol_of_readers(self, component: Any) -> None:
        """Has `entities`, `documents`, or both, and is made without arguments, as a file's suffix makes it."""
        assert isinstance(component, (EntityReader, DocumentReader)), "neither 'entities' nor 'documents' is there"
        assert isinstance(type(component)(), type(component))

    def test_reads_what_the_file_says(self, component: Any, kind: str) -> None:
        """The records of the sample file, all of them, in order, without a problem."""
        rows = self.rows(component, kind, self.file(kind))
        assert [row.problem for row in rows if row.problem] == []
        assert [row.item for row in rows] == self.expected(kind)

    def test_lines_are_counted_from_1(self, component: Any, kind: str) -> None:
        """Rows come in order of their lines, which are lines of the file."""
        lines = [row.line for row in self.rows(component, kind, self.file(kind))]
        assert lines == sorted(lines)

    def test_two_files_at_once_do_not_mix(self, component: Any, kind: str) -> None:
        """A reader keeps nothing of a file: one object reads several, also in turns."""
        lines = self.file(kind)
        read = getattr(component, kind)
        turns = [row and row.item for pair in zip_longest(read(iter(lines)), read(iter(lines))) for row in pair]
        assert turns == [item for item in self.expected(kind) for _ in range(2)]

    def test_a_path_reads_as_the_lines_in_it(self, component: Any, tmp_path: Path) -> None:
        """A reader that reads from paths itself gives the same rows as for the lines of the file."""
        if not isinstance(component, EntityPathReader):
            pytest.skip("the reader does not read from paths itself")
        path = tmp_path / "sample"
        path.write_bytes(self.entity_file)
        rows = [row._replace(file="") for row in component.entities_from(path)]
        assert rows == self.rows(component, "entities", self.file("entities"))

    def test_an_empty_file_has_no_entities(self, component: Any, kind: str) -> None:
        """Nothing in, no entity out, no exception; an empty file may be an empty document."""
        items = self.items(component, kind, [])
        assert items == [] or kind == "documents"

    def test_a_bad_line_is_a_problem_with_its_line(self, component: Any, kind: str) -> None:
        """What cannot be read is a row with the problem, never left out in silence."""
        lines = self.file(kind)
        rows = self.rows(component, kind, [*lines[:-1], RUBBISH, lines[-1]])
        assert [row for row in rows if row.problem], "a line that is not even text is no problem"
        if not self.resumes:
            assert [row.line for row in rows if row.problem] == [len(lines)]

    def test_a_bad_line_costs_nothing_but_itself(self, component: Any, kind: str) -> None:
        """All good records are read, also those behind a bad one."""
        self.needs("resumes")
        lines = self.file(kind)
        items = self.items(component, kind, [*lines[:-1], RUBBISH, lines[-1]])
        assert list(map(_nameless, items)) == list(map(_nameless, self.expected(kind)))

    def test_a_file_cut_short_raises_nothing(self, component: Any, kind: str) -> None:
        """Every beginning of the file gives rows; whole lines of a format that is read lazily, the first records."""
        lines = self.file(kind)
        content = b"".join(lines)
        for end in range(len(content)):
            self.rows(component, kind, content[:end].splitlines(keepends=True))
        for count in range(len(lines) * (not self.lazy)):
            items = self.items(component, kind, lines[:count])[: -1 if self.spans else None]
            assert items == self.expected(kind)[: len(items)]

    @settings(max_examples=50, deadline=None, database=None, derandomize=True,
              suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.differing_executors])  # fmt: skip
    @given(data=st.data())
    def test_rubbish_raises_nothing(self, component: Any, kind: str, data: st.DataObject) -> None:
        """Any bytes at all, and the lines of the file in any order with bytes among them, give rows."""
        line = st.one_of(st.binary(max_size=40), st.sampled_from([*self.file(kind), RUBBISH, b"\x00\n", b"\n", b'"\n']))
        self.rows(component, kind, data.draw(st.lists(line, max_size=6)))

    def test_reads_no_further_than_it_must(self, component: Any, kind: str) -> None:
        """The first row comes before the end of the file is read: files may be larger than memory."""
        self.needs("lazy")
        lines = self.file(kind)
        long = chain.from_iterable(repeat(lines, 10_000))
        next(iter(getattr(component, kind)(long)))
        assert next(long, None) is not None, "the whole file is read before the first row comes"


def _nameless(item: Any) -> Any:
    """A document without its id, which a reader may take from the number of the line."""
    return evolve(item, id="") if isinstance(item, Document) else item


def _checked(row: Any, lines: int) -> Row:
    assert isinstance(row, Row), f"{row!r} is not a Row"
    assert (row.item is None) == bool(row.problem), f"a row is either a record or a problem: {row}"
    assert isinstance(row.item, (Entity, Document, type(None))), f"{row.item!r} is neither Entity nor Document"
    assert type(row.line) is int, f"line {row.line!r} is not an int"
    assert 1 <= row.line <= max(lines, 1), f"line {row.line} of a file of {lines} lines"
    return row
