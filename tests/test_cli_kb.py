import json
import re
from functools import partial

import pytest
from attrs import define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from glinker_core.builtin.readers import JsonlReader
from glinker_core.cli import app
from glinker_core.cli.console import progress
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.testing.store import FakeStore
from tests.cli_runs import Terminal, glinker, lines, write_lines
from tests.fake_plugins import fakes


def exported(store):
    done = glinker("kb", "export", "--store", store)
    assert done.exit_code == 0
    return lines(done.stdout)


def ids(store):
    return [record["entity_id"] for record in exported(store)]


# -- import ------------------------------------------------------------------------------------------------------


def test_import_makes_a_store_and_says_what_became_of_the_entities(tmp_path, entities):
    path = tmp_path / "new.db"
    done = glinker("kb", "import", entities, "--store", path)
    assert (done.exit_code, done.stdout) == (0, f"{path}: 3 entities read: 3 added; 3 in all\n")
    again = glinker("kb", "import", entities, "--store", path)
    assert again.stdout == f"{path}: 3 entities read: 3 unchanged; 3 in all\n"


def test_several_files_of_several_formats_are_one_import(tmp_path, entities):
    table = tmp_path / "more.tsv"
    table.write_text("id\ttitle\naa\tAachen\n", encoding="utf-8")
    path = tmp_path / "new.db"
    assert glinker("kb", "import", entities, table, "--store", path).exit_code == 0
    assert ids(path) == ["aa", "fr", "seine", "tx"]


def test_bad_lines_of_all_files_are_told_and_nothing_is_imported(tmp_path, store, entities):
    one = write_lines(tmp_path / "one.jsonl", [{"entity_id": "new", "label": "New"}, "nope", {"entity_id": "x"}])
    two = write_lines(tmp_path / "two.jsonl", [{"entity_id": "y", "label": " "}])
    done = glinker("kb", "import", one, two, "--store", store)
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"nothing was imported from {one}, {two}: 3 problems",
        f"  {one}:2: not JSON: Expecting value, column 1",
        f"  {one}:3: 'label' is missing",
        f"  {two}:1: 'label' is empty",
    ]
    assert ids(store) == ["fr", "seine", "tx"]


def test_bad_lines_are_listed_and_passed_over_on_demand(tmp_path, store):
    path = write_lines(tmp_path / "new.jsonl", [{"entity_id": "new", "label": "New"}, "nope"])
    done = glinker("kb", "import", path, "--store", store, "--on-error", "skip")
    assert done.exit_code == 0
    assert done.stderr == f"{path}:2: not JSON: Expecting value, column 1\n"
    assert done.stdout == f"{store}: 2 entities read: 1 added, 1 skipped; 4 in all\n"


def test_refused_import_leaves_no_new_file_behind(tmp_path):
    bad = write_lines(tmp_path / "bad.jsonl", ["nope"])
    path = tmp_path / "new.db"
    assert glinker("kb", "import", bad, "--store", path).exit_code == 1
    assert list(tmp_path.glob("new.db*")) == []


@pytest.mark.parametrize(
    ("policy", "code", "label", "said"),
    [
        ("error", 1, "Seine", "seine"),
        ("keep", 0, "Seine", "1 kept"),
        ("replace", 0, "La Seine", "1 replaced"),
    ],
)
def test_id_with_other_content_is_treated_by_policy(tmp_path, store, policy, code, label, said):
    path = write_lines(tmp_path / "new.jsonl", [{"entity_id": "seine", "label": "La Seine"}])
    done = glinker("kb", "import", path, "--store", store, "--on-duplicate", policy)
    assert done.exit_code == code
    assert said in done.output
    assert {record["entity_id"]: record["label"] for record in exported(store)}["seine"] == label


def test_import_of_nothing_is_refused():
    done = glinker("kb", "import", "--store", "kb.db")
    assert done.exit_code == 2
    assert "FILE" in done.stderr


def test_import_of_a_file_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "none.jsonl"
    done = glinker("kb", "import", path, "--store", tmp_path / "kb.db")
    assert (done.exit_code, done.stderr) == (2, f"{path}: there is no such file\n")
    assert list(tmp_path.iterdir()) == []


def test_import_of_a_format_nobody_reads_is_refused(tmp_path):
    path = tmp_path / "kb.owl"
    path.write_text("x", encoding="utf-8")
    done = glinker("kb", "import", path, "--store", tmp_path / "kb.db")
    assert done.exit_code == 2
    assert "no installed plugin reads entities from '.owl' files" in done.stderr


def test_store_in_a_folder_that_is_not_there_is_refused(tmp_path, entities):
    done = glinker("kb", "import", entities, "--store", tmp_path / "none" / "kb.db")
    assert done.exit_code == 1
    assert "there is no folder" in done.stderr


def test_store_that_is_another_file_is_refused_and_left_alone(tmp_path, entities):
    path = tmp_path / "notes.db"
    path.write_text("my notes, which are no database at all", encoding="utf-8")
    done = glinker("kb", "import", entities, "--store", path)
    assert done.exit_code == 1
    assert str(path) in done.stderr
    assert path.read_text(encoding="utf-8") == "my notes, which are no database at all"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("fake", "--store-type fake: is not kept in a file; use it from a pipeline"),
        ("fakee", "'fakee' is not offered by any installed plugin; did you mean 'fake'?"),
        ("sqlite", "'sqlite' is not installed; run: pip install glinker-stores"),
    ],
)
def test_store_type_that_cannot_be_used_is_refused(tmp_path, entities, kind, said):
    done = glinker("kb", "import", entities, "--store", tmp_path / "x", "--store-type", kind, plugins=fakes())
    assert (done.exit_code, done.stderr) == (2, f"{said}\n")


@define
class LockedStore(FakeStore):
    """A store of one file that also wants a key."""

    path: str
    key: str


class LockedPlugin:
    @hookimpl
    def glinker_stores(self):
        yield Component("locked", "tests.test_cli_kb:LockedStore", "one file, one key")


def test_store_type_that_needs_more_than_a_path_is_refused(tmp_path, entities):
    args = ("kb", "import", entities, "--store", tmp_path / "x", "--store-type", "locked")
    done = glinker(*args, plugins=fakes(locked=LockedPlugin()))
    assert (done.exit_code, done.stderr) == (2, "--store-type locked: 'key' is missing; use it from a pipeline\n")


class WaitingReader(JsonlReader):
    """Reads on once the terminal shows how far it is."""

    terminal = None

    def entities(self, lines):
        for number, row in enumerate(super().entities(lines)):
            yield row
            while number == 999 and "1,000 entities" not in self.terminal.getvalue():
                pass


class WaitingPlugin:
    @hookimpl
    def glinker_readers(self):
        yield Component("waiting", "tests.test_cli_kb:WaitingReader", "waits", (".jsonl",))


def test_import_shows_at_a_terminal_what_it_has_read_how_fast_and_how_long_it_takes(tmp_path, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    terminal = WaitingReader.terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr("glinker_core.cli.kb.progress", partial(progress, after=0.0))
    many = write_lines(tmp_path / "many.jsonl", [{"id": str(n), "label": "x"} for n in range(1000)])
    plugins = fakes(stores="glinker_stores", waiting=WaitingPlugin())
    args = ["kb", "import", str(many), "--store", str(tmp_path / "kb.db"), "--reader", "waiting"]
    app(args, standalone_mode=False, obj=plugins)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert re.search(r"importing: 1,000 entities, [\d,]+/s, 0:00:00 left", shown)


def test_import_into_a_pipe_says_nothing_of_its_progress(tmp_path):
    many = write_lines(tmp_path / "many.jsonl", [{"id": str(n), "label": "x"} for n in range(2000)])
    done = glinker("kb", "import", many, "--store", tmp_path / "kb.db")
    assert (done.exit_code, done.stderr) == (0, "")


# -- add and remove ----------------------------------------------------------------------------------------------


def test_one_entity_is_added_by_options(store):
    args = ("--id", "oder", "--label", "Oder", "--alias", "Odra", "--alias", "Viadrus", "--description", "A river.",
            "--type", "river", "--popularity", "40")  # fmt: skip
    done = glinker("kb", "add", "--store", store, *args)
    assert (done.exit_code, done.stdout) == (0, f"{store}: 1 entity read: 1 added; 4 in all\n")
    assert exported(store)[1] == {
        "entity_id": "oder", "label": "Oder", "aliases": ["Odra", "Viadrus"], "description": "A river.",
        "entity_type": "river", "popularity": 40, "metadata": {},
    }  # fmt: skip


def test_entities_are_added_from_stdin(store):
    given = '{"id": "a", "label": "A"}\n\n{"id": "b", "label": "B"}\n'
    assert glinker("kb", "add", "--store", store, stdin=given).exit_code == 0
    assert ids(store) == ["a", "b", "fr", "seine", "tx"]


def test_bad_entities_on_stdin_are_all_told_and_none_is_added(store):
    done = glinker("kb", "add", "--store", store, stdin='{"id": "a", "label": "A"}\nnope\n{"id": "b"}\n')
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        "nothing was added: 2 problems",
        "  stdin:2: not JSON: Expecting value, column 1",
        "  stdin:3: 'label' is missing",
    ]
    assert len(ids(store)) == 3


def test_added_entity_without_label_is_refused(store):
    done = glinker("kb", "add", "--store", store, "--id", "x")
    assert done.exit_code == 1
    assert "'label' is empty" in done.stderr


def test_added_entity_without_id_is_refused(store):
    done = glinker("kb", "add", "--store", store, "--label", "X", stdin='{"id": "a", "label": "A"}')
    assert done.exit_code == 2
    assert done.stderr == "--id is missing; give --id and --label, or entities as JSON lines on stdin\n"


@pytest.mark.parametrize("popularity", ["-1", "nan", "inf"])
def test_popularity_that_is_no_number_from_zero_is_refused(store, popularity):
    done = glinker("kb", "add", "--store", store, "--id", "x", "--label", "X", "--popularity", popularity)
    assert done.exit_code == 1
    assert "'popularity' must be 0 or more" in done.stderr


def test_added_id_that_is_there_is_treated_by_policy(store):
    args = ("kb", "add", "--store", store, "--id", "seine", "--label", "La Seine")
    assert glinker(*args).exit_code == 1
    assert glinker(*args, "--on-duplicate", "replace").exit_code == 0
    assert exported(store)[1]["label"] == "La Seine"


def test_entities_are_removed(store):
    done = glinker("kb", "remove", "--store", store, "fr", "tx")
    assert (done.exit_code, done.stdout) == (0, f"{store}: 2 entities removed, 1 left\n")
    assert ids(store) == ["seine"]


def test_unknown_ids_are_told_and_nothing_is_removed(store):
    done = glinker("kb", "remove", "--store", store, "fr", "rome", "oslo", "rome")
    assert done.exit_code == 1
    assert done.stderr.splitlines() == [
        f"nothing was removed from {store}: 2 problems",
        "  there is no entity 'rome'",
        "  there is no entity 'oslo'",
    ]
    assert len(ids(store)) == 3


@pytest.mark.parametrize("args", [("remove", "x"), ("info",), ("export",)])
def test_store_that_is_not_there_is_not_made(args, tmp_path):
    path = tmp_path / "kb.db"
    done = glinker("kb", *args, "--store", path)
    assert done.exit_code == 2
    assert done.stderr == f"{path}: there is no such file; run: glinker kb import ENTITIES --store {path}\n"
    assert not path.exists()


# -- info and export ---------------------------------------------------------------------------------------------


def test_info_counts_entities_names_types_and_homonyms(store):
    done = glinker("kb", "info", "--store", store)
    facts = {line[:16].strip(): line[17:].strip() for line in done.stdout.splitlines()[:5]}
    assert facts["entities"] == "3"
    assert facts["names"] == "4"
    assert facts["ambiguous names"] == "1"
    assert facts["revision"]
    assert facts["file size"].endswith(" MB")
    assert [line.split() for line in done.stdout.splitlines()[7:9]] == [["city", "2"], ["river", "1"]]
    assert "paris                    2: fr, tx" in done.stdout


def test_info_of_an_empty_store(tmp_path):
    path = tmp_path / "kb.db"
    glinker("kb", "import", write_lines(tmp_path / "none.jsonl", []), "--store", path)
    done = glinker("kb", "info", "--store", path)
    assert done.exit_code == 0
    assert "entities         0\n" in done.stdout


def test_info_shows_the_largest_groups_and_says_that_there_are_more(tmp_path):
    records = [{"entity_id": f"{n}-{m}", "label": f"Name {n:02}"} for n in range(30) for m in range(n // 4 + 2)]
    records += [{"entity_id": f"t{n}", "label": f"t{n}", "entity_type": f"type {n}"} for n in range(30)]
    path = tmp_path / "kb.db"
    glinker("kb", "import", write_lines(tmp_path / "many.jsonl", records), "--store", path)
    shown = glinker("kb", "info", "--store", path).stdout
    groups = shown.partition("names that most entities share\n")[2].splitlines()
    assert len(groups) == 11
    assert groups[0].split(maxsplit=2) == ["name", "28", "9: 28-0, 28-1, 28-2, 28-3, 28-4, ..."]
    assert groups[-1] == "  and 20 more"
    assert "  and 11 more" in shown.partition("\nnames that")[0]


def test_export_is_in_order_of_ids_and_into_a_file_on_demand(store, tmp_path):
    path = tmp_path / "out.jsonl"
    done = glinker("kb", "export", "--store", store, "-o", path)
    assert (done.exit_code, done.stdout) == (0, "")
    records = lines(path.read_text(encoding="utf-8"))
    assert [record["entity_id"] for record in records] == ["fr", "seine", "tx"]
    assert records[2]["aliases"] == ["Paris, Texas"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
NAMES = TEXTS.map("n{}".format)  # a name of control characters alone is none
PLAIN = st.none() | st.booleans() | st.integers(-9, 9) | TEXTS
RECORDS = st.fixed_dictionaries(
    {
        "entity_id": NAMES,
        "label": NAMES,
        "aliases": st.lists(NAMES, unique=True, max_size=3),
        "description": TEXTS,
        "entity_type": st.sampled_from(["", "city", "ville\t"]),
        "popularity": st.integers(0, 10**12) | st.floats(0, 1e9),
        "metadata": st.dictionaries(NAMES, PLAIN | st.lists(PLAIN, max_size=2), max_size=2),
    }
)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=st.lists(RECORDS, unique_by=lambda record: record["entity_id"], max_size=4))
def test_export_and_import_lose_nothing(records, tmp_path):
    for old in tmp_path.iterdir():
        old.unlink()
    source = write_lines(tmp_path / "in.jsonl", records)
    assert glinker("kb", "import", source, "--store", tmp_path / "a.db").exit_code == 0
    copy = tmp_path / "copy.jsonl"
    assert glinker("kb", "export", "--store", tmp_path / "a.db", "-o", copy).exit_code == 0
    expected = sorted(records, key=lambda record: record["entity_id"])
    assert [json.loads(line) for line in copy.read_bytes().splitlines()] == expected
    again = glinker("kb", "import", copy, "--store", tmp_path / "a.db")
    assert f"{len(records)} unchanged" in again.stdout or not records
