"""The tutorial shows the very files of the example, and they are all there is to a plugin."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "plugin"
TUTORIAL = (ROOT / "docs" / "tutorial" / "write-a-plugin.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(`{3,})\w+ file=(\S+)[^\n]*\n(.*?)^\1$", re.MULTILINE | re.DOTALL)


def test_the_tutorial_shows_every_file_as_it_is():
    shown = {name: code for _, name, code in BLOCK.findall(TUTORIAL)}
    files = {
        str(path.relative_to(EXAMPLE)): path.read_text(encoding="utf-8")
        for path in EXAMPLE.rglob("*")
        if path.suffix in {".py", ".toml", ".md"}
    }
    assert shown == files


def test_the_tutorial_names_each_file_where_it_is_to_be_saved():
    for _, name, _ in BLOCK.findall(TUTORIAL):
        before = TUTORIAL[: TUTORIAL.index(f"file={name}")]
        assert f"`{name}`" in before, name
