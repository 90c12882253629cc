from itertools import count, islice

import pytest
from glinker_formats.obo import OboReader
from hypothesis import given
from hypothesis import strategies as st

from glinker_core.model import Entity
from glinker_core.testing import ReaderContract

SAMPLE = rb"""format-version: 1.4
! a comment of the whole file
default-namespace: gems

[Term]
id: GEM:1
name: Ruby ! as jewellers say
def: "A red gem\: \"the king\" of stones.\nHard." [BOOK:1 "page, 2", BOOK:3] {source="a ! b"}
synonym: "red corundum" EXACT [BOOK:1]
synonym: "balas! ruby" RELATED TRADE [] {x="y"} ! not the same
synonym: "gem" BROAD []
narrow_synonym: "pigeon blood" []
exact_synonym: "rubin" []
alt_id: GEM:7
alt_id: GEM:8
xref: MINE:R
is_a: GEM:2 {inferred="true"} ! Corundum

[Typedef]
id: found_in
name: found in

[Term]
id: GEM:2
name: Corun\
dum
namespace: minerals
"""
RUBY = Entity(
    "GEM:1",
    "Ruby",
    ("red corundum", "rubin"),
    'A red gem: "the king" of stones.\nHard.',
    "gems",
    metadata={
        "alt_id": ["GEM:7", "GEM:8"],
        "xref": ["MINE:R"],
        "is_a": ["GEM:2"],
        "synonyms": {
            "EXACT": ["red corundum", "rubin"],
            "NARROW": ["pigeon blood"],
            "BROAD": ["gem"],
            "RELATED": ["balas! ruby"],
        },
    },
)
CORUNDUM = Entity("GEM:2", "Corundum", entity_type="minerals")


class TestOboReaderKeepsTheContract(ReaderContract):
    entity_file = SAMPLE
    entities = (RUBY, CORUNDUM)
    spans = "a term has no end but the next, or that of the file"

    @pytest.fixture
    def component(self):
        return OboReader()


def read(text, **settings):
    return list(OboReader(**settings).entities(text.encode().splitlines(keepends=True)))


def term(*lines):
    return read("\n".join(["[Term]", *lines, ""]))


def problems(rows):
    return [(row.line, row.problem) for row in rows if row.problem]


def test_other_scopes_become_aliases_on_demand_narrow_before_related():
    rows = read(SAMPLE.decode(), synonyms=("RELATED", "NARROW"))
    assert rows[0].item.aliases == ("pigeon blood", "balas! ruby")


def test_a_synonym_without_scope_is_related():
    (row,) = term("id: a", "name: A", 'synonym: "B" []', 'synonym: "C"')
    assert row.item.aliases == ()
    assert row.item.metadata["synonyms"] == {"RELATED": ["B", "C"]}


def test_obsolete_terms_are_left_out_and_counted_or_read(caplog):
    text = "[Term]\nid: a\nname: A\n[Term]\nid: b\nname: A\nis_obsolete: true\nreplaced_by: a\n[Term]\nid: c\n"
    text += "is_obsolete: true\n[Term]\nid: d\nname: D\nis_obsolete: false\n"
    assert [row.item.entity_id for row in read(text)] == ["a", "d"]
    assert caplog.messages == ["left out: obsolete terms (the setting 'obsolete' reads them): 2"]
    rows = read(text, obsolete=True)
    assert rows[1].item.metadata == {"replaced_by": ["a"], "obsolete": True}
    assert problems(rows) == [(9, "[Term] c has no 'name'")]


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("N-{3-[x]}amide", "N-{3-[x]}amide"),
        ("yahoo! search", "yahoo! search"),
        ("wow ! comment", "wow"),
        (r"wow \! there", "wow ! there"),
        ('a 5" disk ! comment', 'a 5" disk'),
        (r"C\:D\\E\,F \(G\) \[H\] \{I\}", r"C:D\E,F (G) [H] {I}"),
        (r"two\Wwords\tand", "two words\tand"),
        ('A {note="x}", other="y"} ! z', "A"),
    ],
)
def test_comments_modifiers_and_escapes_end_where_they_end(written, name):
    (row,) = term("id: a", f"name: {written}")
    assert row.item.label == name


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("name: again", "'name' a second time: 'again'"),
        ("nothing here", "expected 'tag: value' or '[Term]', got 'nothing here'"),
        ("def: bare", "'def' must be a text in quotes, got 'bare'"),
        ('def: "open', "'def' must be a text in quotes, got '\"open'"),
        ('synonym: "B" EXCAT []', "unknown scope 'EXCAT' of a synonym; did you mean 'EXACT'?"),
        ("synonym: B EXACT []", "'synonym' must be a text in quotes, got 'B EXACT []'"),
        ("is_obsolete: yes", "'is_obsolete' must be true or false, got 'yes'"),
        ("comment: x\\", "ends with a backslash, and so does the file"),
    ],
)
def test_a_bad_line_is_told_behind_its_term(line, problem):
    good, bad = read(f"[Term]\nid: a\nname: A\n{line}")
    assert good.item == Entity("a", "A")
    assert (bad.line, bad.problem) == (4, problem)


def test_bad_stanzas_are_told_with_the_line_they_begin_in():
    rows = read("\n[Term]\nname: A\n\n[Trem]\nid: x\n\n[Term]\nid: b\n\n[Term]\n")
    assert problems(rows) == [
        (2, "[Term] has no 'id'"),
        (5, "unknown stanza [Trem]; did you mean 'Term'?"),
        (8, "[Term] b has no 'name'"),
        (11, "[Term] has no 'id' and no 'name'"),
    ]


def test_a_line_that_goes_on_in_one_that_is_not_text_is_told():
    rows = list(OboReader().entities([b"[Term]\n", b"id: a\n", b"name: A\n", b"comment: b\\\n", b"\xff\n"]))
    assert problems(rows) == [(4, "goes on in line 5, which is not UTF-8: byte 0: invalid start byte")]


def test_a_file_without_end_is_read_term_by_term():
    lines = (line for number in count() for line in (b"[Term]\n", f"id: {number}\n".encode(), b"name: N\n"))
    assert [row.item.entity_id for row in islice(OboReader().entities(lines), 3)] == ["0", "1", "2"]


def escaped(text):
    for plain, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\t", "\\t"), ("!", "\\!"), ("{", "\\{")):
        text = text.replace(plain, written)
    return text


def written(entity):
    lines = ["[Term]", f"id: {entity.entity_id}", f"name: {escaped(entity.label)}", f"namespace: {entity.entity_type}"]
    lines += [f'def: "{escaped(entity.description)}" []']
    exact = entity.metadata.get("synonyms", {"EXACT": []})["EXACT"]  # the label may be among them
    lines += [f'synonym: "{escaped(name)}" EXACT []' for name in exact]
    return "\n".join([*lines, "", ""])


# no space at either end, which the format does not keep
text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), min_size=1).filter(
    lambda text: text == text.strip() and "\x00" not in text
)
entity = st.builds(
    lambda label, aliases, description: Entity(
        "X:1",
        label,
        tuple(alias for alias in aliases if alias != label),
        description,
        "t",
        metadata={"synonyms": {"EXACT": aliases}} if aliases else {},
    ),
    text,
    st.lists(text, unique=True, max_size=3),
    text,
)


@given(st.lists(entity, max_size=3))
def test_what_is_written_is_read_back(entities):
    content = "".join(map(written, entities)).encode()
    lines = [line + b"\n" for line in content.split(b"\n")]
    assert [row.item or row.problem for row in OboReader().entities(lines)] == entities
