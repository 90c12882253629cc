"""Which reader reads a file of entities: by the ending of its name, by its own name, or as it is given."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from attrs import define

from glinker_core import DAGExecutor, Entity
from glinker_core.entities import entity_rows
from glinker_core.errors import DataError, InputError
from glinker_core.files import endings
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import Row
from tests.cli_runs import glinker
from tests.fake_plugins import fakes


@define
class ColonReader:
    """Reads `id:label` lines; or a folder, with a label in each file."""

    separator: str = ":"
    shout: bool = False

    def entities(self, lines):
        for number, line in enumerate(lines, 1):
            entity_id, found, label = line.decode().strip().partition(self.separator)
            label = label.upper() if self.shout else label
            yield Row(number, Entity(entity_id, label)) if found else Row(number, None, f"no {self.separator}")


@define
class FolderReader(ColonReader):
    """Reads the files of a folder."""

    def entities_from(self, path):
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            for row in self.entities(file.read_bytes().splitlines()):
                yield row._replace(file=str(file))


class ColonPlugin:
    @hookimpl
    def glinker_readers(self):
        where = "tests.test_entity_readers"
        yield Component("colons", f"{where}:ColonReader", "id:label", (".colon.json", ".colons"))
        yield Component("folder", f"{where}:FolderReader", "id:label in the files of a folder", (".colonfolder",))


@pytest.fixture
def plugins():
    return fakes(colons=ColonPlugin())


def ids(rows):
    return [row.item.entity_id for row in rows]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jsonl", [".jsonl"]),
        ("a.b.JSONL.gz", [".b.jsonl", ".jsonl"]),
        ("dump.2024.wikidata.json", [".2024.wikidata.json", ".wikidata.json", ".json"]),
        ("README", [""]),
        ("x.gz", [""]),
    ],
)
def test_endings_come_longest_first_without_gz(name, expected):
    assert endings(Path("folder.d") / name) == expected


def test_the_longest_ending_chooses_the_reader(tmp_path, plugins):
    (tmp_path / "a.colon.json").write_text("x:X\n")
    (tmp_path / "a.json").write_text('{"entity_id": "y", "label": "Y"}\n')
    assert ids(entity_rows(tmp_path / "a.colon.json", plugins)) == ["x"]
    assert ids(entity_rows(tmp_path / "a.json", plugins)) == ["y"]


def test_a_reader_is_chosen_by_name_or_given(tmp_path, plugins):
    path = tmp_path / "a.json.gz"
    path.write_bytes(gzip.compress(b"x:X\n"))
    assert ids(entity_rows(path, plugins, "colons")) == ["x"]
    assert list(entity_rows(str(path), plugins, ColonReader(shout=True))) == [Row(1, Entity("x", "X"))]


def test_a_reader_that_does_not_read_entities_is_refused(tmp_path, plugins):
    (tmp_path / "a.json").write_text("")
    with pytest.raises(InputError, match="'text' does not read entities"):
        entity_rows(tmp_path / "a.json", plugins, "text")


def test_a_reader_without_a_file_is_refused(plugins):
    with pytest.raises(InputError, match="a reader reads files, and records were given"):
        entity_rows([{"entity_id": "a", "label": "A"}], plugins, "colons")


def test_a_folder_is_read_by_a_reader_of_folders_alone(tmp_path, plugins):
    (tmp_path / "one").write_text("a:A\n")
    (tmp_path / "two").write_text("b:B\n")
    assert ids(entity_rows(tmp_path, plugins, "folder")) == ["a", "b"]
    with pytest.raises(InputError, match="is a folder, not a file; name the reader that reads such folders"):
        entity_rows(tmp_path, plugins)
    with pytest.raises(InputError, match=r"is a folder, not a file$"):
        entity_rows(tmp_path, plugins, "colons")
    with pytest.raises(InputError, match="there is no such file"):
        entity_rows(tmp_path / "none", plugins, "folder")


def test_a_bad_line_of_one_of_several_files_is_told_with_its_file(tmp_path, plugins):
    (tmp_path / "one").write_text("a:A\n")
    (tmp_path / "two").write_text("b:B\nnothing\n")
    nodes = [{"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "fake"}]}}]
    with DAGExecutor({"nodes": nodes}, plugins=plugins) as executor:
        with pytest.raises(DataError) as error:
            executor.load_entities(tmp_path, reader="folder")
        assert [str(problem) for problem in error.value.problems] == [f"{tmp_path}/two:2: no :"]
        assert executor.load_entities(tmp_path, reader=FolderReader(), on_error="skip") == {"l2": {"fake": 2}}


def test_import_takes_a_reader_and_its_settings(tmp_path, plugins):
    (tmp_path / "names.txt").write_text("a=Alpha\nb=Beta\n")
    arguments = ["kb", "import", tmp_path / "names.txt", "--store", tmp_path / "kb.db", "--reader", "colons"]
    plugins.register("stores", "glinker_stores")
    done = glinker(*arguments, "--set", "separator==", "--set", "shout=true", plugins=plugins)
    assert (done.exit_code, done.stdout) == (0, f"{tmp_path}/kb.db: 2 entities read: 2 added; 2 in all\n")
    assert '"label": "ALPHA"' in glinker("kb", "export", "--store", tmp_path / "kb.db").stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--set", "shout=true"], "--set: sets up a reader; name it with --reader"),
        (["--reader", "colons", "--set", "shout"], "--set shout: expected KEY=VALUE"),
        (["--reader", "colons", "--set", "shout=1"], "--reader colons: shout: expected true or false, got 1"),
        (["--reader", "colons", "--set", "shut=true"], "--reader colons: unknown key 'shut'; did you mean 'shout'?"),
        (["--reader", "colns", "--set", "shout=true"], "did you mean 'colons'?"),
        (["--reader", "umls"], "'umls' is not installed; run: pip install glinker-formats"),
        (["--reader", "colons", "--set", "shout=[1"], "--set shout:1:3"),
    ],
)
def test_settings_of_a_reader_are_checked(tmp_path, plugins, options, message):
    (tmp_path / "names.txt").write_text("a:A\n")
    plugins.register("stores", "glinker_stores")
    done = glinker("kb", "import", tmp_path / "names.txt", "--store", tmp_path / "kb.db", *options, plugins=plugins)
    assert done.exit_code == 2
    assert message in done.stderr
    assert not (tmp_path / "kb.db").exists()
