"""Readers that break promises."""

from __future__ import annotations

from glinker_core.layers import Row
from glinker_core.model import Entity, evolve
from glinker_core.testing import ReaderContract
from glinker_core.testing.fakes import FakeReader
from tests.liars.making import lies

SAMPLE = {
    "entity_file": b"a=A\nb=B\nc=C=D\n",
    "entities": (Entity("a", "A"), Entity("b", "B"), Entity("c", "C", ("D",))),
}


def reader(change):
    """A reader of entities whose rows are changed: `change(rows of FakeReader, lines)`."""

    class Changed(FakeReader):
        documents = None

        def entities(self, lines):
            return change(super().entities, lines)

    return Changed()


def lying(**caught):
    """A liar with the sample file."""
    return lies(ReaderContract, attributes=SAMPLE, **caught)


@lying(test_reads_what_the_file_says="==")
def drops_aliases():
    return reader(
        lambda read, lines: (row._replace(item=row.item and evolve(row.item, aliases=())) for row in read(lines))
    )


@lying(test_reads_what_the_file_says="is not a Row")
def bare_records():
    return reader(lambda read, lines: (row.item for row in read(lines)))


@lying(test_lines_are_counted_from_1="line 0 of a file of 3 lines")
def lines_from_0():
    return reader(lambda read, lines: (row._replace(line=row.line - 1) for row in read(lines)))


@lying(test_lines_are_counted_from_1="==")
def last_line_first():
    return reader(lambda read, lines: reversed(list(read(lines))))


@lying(test_a_path_reads_as_the_lines_in_it="==")
def other_records_from_a_path():
    class Pathed(FakeReader):
        documents = None

        def entities_from(self, path):
            return iter([Row(1, Entity("a", "A"))])

    return Pathed()


@lying(test_an_empty_file_has_no_entities="StopIteration")
def needs_a_first_line():
    def entities(read, lines):
        first = next(lines)
        return read([first, *lines])

    return reader(entities)


@lying(test_a_bad_line_is_a_problem_with_its_line="is no problem")
def skips_bad_lines():
    return reader(lambda read, lines: (row for row in read(lines) if row.item))


@lying(test_a_bad_line_is_a_problem_with_its_line="==", test_reads_what_the_file_says="either a record or a problem")
def problems_elsewhere():
    return reader(
        lambda read, lines: (row if row.item is None else Row(1, row.item, "see below") for row in read(lines))
    )


@lying(test_a_bad_line_costs_nothing_but_itself="==")
def stops_at_a_bad_line():
    def entities(read, lines):
        for row in read(lines):
            yield row
            if row.problem:
                return

    return reader(entities)


@lying(
    test_a_bad_line_costs_nothing_but_itself="UnicodeDecodeError",
    test_a_bad_line_is_a_problem_with_its_line="UnicodeDecodeError",
    test_rubbish_raises_nothing="UnicodeDecodeError",
)
def decodes_without_care():
    return reader(lambda read, lines: read([line.decode().encode() for line in lines]))


@lying(test_a_file_cut_short_raises_nothing="IndexError")
def needs_whole_lines():
    return reader(lambda read, lines: read([line for line in lines if line.split(b"=")[1]]))


@lying(test_reads_no_further_than_it_must="the whole file is read")
def reads_everything_first():
    return reader(lambda read, lines: iter(list(read(lines))))


@lying(test_two_files_at_once_do_not_mix="==")
def one_file_at_a_time():
    class Single(FakeReader):
        documents = last = None

        def entities(self, lines):
            for row in super().entities(lines):
                if row.item and self.last == row.item.entity_id:
                    continue
                self.last = row.item.entity_id if row.item else None
                yield row

    return Single()


@lying(test_fits_a_protocol_of_readers="neither 'entities' nor 'documents'")
def reads_nothing():
    class Empty(FakeReader):
        documents = None
        entities = None

    return Empty()
