import gzip
from itertools import count, islice

import pytest
from glinker_formats.umls import UmlsReader

from glinker_core.entities import entity_rows
from glinker_core.errors import InputError
from glinker_core.model import Entity
from glinker_core.plugins import Plugins
from glinker_core.testing import ReaderContract


def atom(cui, name, *, lat="ENG", ts="S", stt="VO", pref="N", aui="A1", sab="TOY", code="1", suppress="N"):
    return f"{cui}|{lat}|{ts}|L1|{stt}|S1|{pref}|{aui}|||D1|{sab}|PT|{code}|{name}|0|{suppress}||\n"


CONSO = "".join(
    [
        atom("C0000001", "glim", aui="A1"),
        atom("C0000001", "Glimmer", ts="P", stt="VO", pref="Y", aui="A2"),
        atom("C0000001", "Glimmer disease", ts="P", stt="PF", pref="Y", aui="A3", sab="MADEUP", code="D9"),
        atom("C0000001", "Glimmer disease", ts="P", stt="PF", aui="A4"),
        atom("C0000001", "Glimmern", lat="GER", ts="P", stt="PF", pref="Y", aui="A5", sab="TOYGER"),
        atom("C0000001", "old glim", suppress="O"),
        atom("C0000002", "Tock", pref="Y", code="2"),
    ]
)
STY = (
    "C0000000|T001|A1|Nothing|AT0||\nC0000001|T047|B2|Disease|AT1||\nC0000001|T033|A2|Finding|AT2||\n"
    "C0000003|T001|A1|Late|AT3||\n"
)
DEF = (
    "C0000001|A5|AT1||TOYGER|Eine Krankheit.|N||\nC0000001|A3|AT2||MADEUP|An old text.|O||\n"
    "C0000001|A3|AT3||MADEUP|A made-up disease.|N||\nC0000001|A1|AT4||TOY|Shining.|N||\n"
)
CODES = {"codes": ["TOY:1", "MADEUP:D9"]}
GLIMMER = Entity("C0000001", "Glimmer disease", ("glim", "Glimmer"), popularity=3, metadata=CODES)
TOCK = Entity("C0000002", "Tock", popularity=1, metadata={"codes": ["TOY:2"]})
FULL = Entity(
    "C0000001",
    "Glimmer disease",
    ("glim", "Glimmer"),
    "A made-up disease.",
    "Finding",
    3,
    {**CODES, "semantic_types": {"T033": "Finding", "T047": "Disease"}, "definitions": ["Shining."]},
)


class TestUmlsReaderKeepsTheContract(ReaderContract):
    entity_file = CONSO.encode()
    entities = (GLIMMER, TOCK)
    spans = "a concept has no end but the next, or that of the file"

    @pytest.fixture
    def component(self):
        return UmlsReader()


@pytest.fixture
def release(tmp_path):
    for name, text in (("MRCONSO", CONSO), ("MRSTY", STY), ("MRDEF", DEF)):
        (tmp_path / f"{name}.RRF").write_text(text, encoding="utf-8")
    return tmp_path


def read(text, **settings):
    return list(UmlsReader(**settings).entities(text.encode().splitlines(keepends=True)))


def problems(rows):
    return [(row.line, row.problem) for row in rows if row.problem]


@pytest.mark.parametrize("packed", [False, True])
def test_a_folder_or_its_main_file_is_read_with_types_and_definitions(release, packed):
    main = release / "MRCONSO.RRF"
    if packed:
        for path in release.iterdir():
            path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        main = release / "MRCONSO.RRF.gz"
    plugins = Plugins.installed()
    for rows in (entity_rows(main, plugins), entity_rows(release, plugins, "umls")):
        assert [row.item for row in rows] == [FULL, TOCK]


def test_languages_and_suppressed_rows_are_settings():
    (row,) = read(CONSO, language="GER")
    assert (row.item.label, row.item.aliases, row.item.metadata) == ("Glimmern", (), {"codes": ["TOYGER:1"]})
    assert read(CONSO, other_languages=["GER"])[0].item.aliases == ("glim", "Glimmer", "Glimmern")
    assert read(CONSO, other_languages=["*"])[0].item.aliases == ("glim", "Glimmer", "Glimmern")
    assert read(CONSO, suppressed=())[0].item.aliases == ("glim", "Glimmer", "old glim")


def test_the_definition_is_in_the_language_of_the_names(release):
    rows = list(UmlsReader(language="GER").entities_from(release))
    assert rows[0].item.description == "Eine Krankheit."
    assert "definitions" not in rows[0].item.metadata


def test_what_is_suppressed_or_unnamed_is_counted(caplog):
    assert [row.item.entity_id for row in read(CONSO + atom("C0000003", "x", suppress="Y"))] == ["C0000001", "C0000002"]
    assert caplog.messages == [
        "left out: concepts without a name in ENG that is not suppressed: 1",
        "left out: suppressed names: 2",
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("C0000001|ENG|x|\n", "expected 18 cells of MRCONSO, each followed by '|', got 'C0000001|ENG|x|'"),
        (atom("", "x"), "the CUI is empty"),
        (atom("C0000000", "x"), "concept C0000000 comes after C0000001; sort the file: LC_ALL=C sort -t'|' -k1,1 -s"),
    ],
)
def test_bad_lines_are_told_and_cost_nothing_else(line, problem):
    lines = CONSO.splitlines(keepends=True)
    rows = read("".join([*lines[:2], line, *lines[2:]]))
    assert [row.item for row in rows if row.item] == [GLIMMER, TOCK]
    assert problems(rows) == [(3, problem)]


def test_a_concept_without_any_text_is_told():
    assert problems(read(atom("C0000001", " "))) == [(1, "'label' is empty")]


def test_a_concept_that_comes_back_is_refused_not_read_in_two_parts():
    rows = read(CONSO + atom("C0000001", "again"))
    assert [row.item for row in rows if row.item] == [GLIMMER, TOCK]
    assert problems(rows)[0][0] == 8


def test_bad_lines_of_the_files_beside_are_told_with_their_file_to_the_end(release):
    (release / "MRSTY.RRF").write_text(STY + "rubbish\n")
    (release / "MRDEF.RRF").write_bytes(b"\xff\n" + DEF.encode() + b"C0000000|A|A||T|late|N||\n")
    rows = list(UmlsReader().entities_from(release))
    assert [row.item for row in rows if row.item] == [FULL, TOCK]
    told = {(row.file.rpartition("/")[2], row.line): row.problem for row in rows if row.problem}
    assert list(told) == [("MRDEF.RRF", 1), ("MRDEF.RRF", 6), ("MRSTY.RRF", 5)]
    assert "comes after C0000001" in told["MRDEF.RRF", 6]


def test_a_path_without_names_is_refused(release):
    with pytest.raises(InputError, match="give that file, or the folder"):
        UmlsReader().entities_from(release / "MRSTY.RRF")
    (release / "MRCONSO.RRF").unlink()
    with pytest.raises(InputError, match=r"there is no MRCONSO\.RRF"):
        UmlsReader().entities_from(release)


def test_a_release_without_end_is_read_concept_by_concept():
    lines = (atom(f"C{number:07}", "N").encode() for number in count())
    assert [row.item.entity_id for row in islice(UmlsReader().entities(lines), 2)] == ["C0000000", "C0000001"]
