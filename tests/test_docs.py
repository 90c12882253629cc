"""README and docs are true: their code runs and prints what they show, their pipelines check, their links lead on.

Blocks of one page run in order, in one copy of the examples and one Python namespace: `python` is executed; `bash` is
run if it begins with `glinker` (and must fail if marked `fails`); `yaml` with `nodes:` must be a pipeline without
problems; `text` after a python or bash block is what that printed (`...` stands for anything). A block with
`title=NAME` is written to that file; one with `not-run` is otherwise only read. At a block with `needs=redis` or
`needs=postgres` the page ends where no server answers; it finds it by `REDIS_URL` or `GLINKER_TEST_POSTGRES`. From a
block with `needs=models` on, models of the hub are tiny ones with random weights.
"""

from __future__ import annotations

import contextlib
import doctest
import importlib.util
import io
import re
import shlex
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from typer.testing import CliRunner

from glinker_core import DAGExecutor
from glinker_core.cli import app
from tests import services

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "plugins").glob("*/README.md"))]
WRITTEN = [page for page in PAGES if "written by docs/generate" not in page.read_text(encoding="utf-8")[:200]]
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)[^)]*\)")


def relative(page):
    return str(page.relative_to(ROOT))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """What `make demo` leaves behind, for all pages."""
    folder = tmp_path_factory.mktemp("demo")
    glinker(f"glinker kb import '{ROOT}/examples/entities.jsonl' --store '{folder}/kb.db'")
    return folder


@pytest.fixture
def place(demo, tmp_path, monkeypatch):
    """A folder with the examples and the knowledge base of the demo in it, as a reader would have."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(demo, tmp_path / "demo")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLINKER_KB", raising=False)
    return tmp_path


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Where the files of a model are, by its name on the hub: the reranker reads labels with the text, others apart."""
    made = {}

    def folder(spec):
        kind = "uni" if "rerank" in spec.model else "bi"
        if kind not in made:
            made[kind] = tiny("gliner").build(kind, tmp_path_factory.mktemp(kind))
        return made[kind]

    return folder


@pytest.fixture(scope="module")
def encoders(tmp_path_factory):
    """Where the files of an encoder are, by its name on the hub."""
    made = {}

    def folder(spec):
        cross = "cross-encoder" in spec.model
        if cross not in made:
            made[cross] = tiny("dense").build(tmp_path_factory.mktemp("encoder"), cross=cross)
        return made[cross]

    return folder


def tiny(plugin):
    """The module by which the tests of a plugin make models."""
    path = ROOT / f"plugins/glinker-{plugin}/tests/tiny.py"
    found = importlib.util.spec_from_file_location(f"tiny_{plugin}", path)
    module = importlib.util.module_from_spec(found)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch, while gliner is imported
        found.loader.exec_module(module)
    return module


def glinker(script, columns=120):
    """Run the commands of a bash block; what they printed, and the exit code of the first that failed."""
    printed = ""
    for line in script.splitlines():
        program, *args = shlex.split(line)
        assert program == "glinker"
        done = CliRunner().invoke(app, args, prog_name=program, env={"COLUMNS": str(columns)}, catch_exceptions=False)
        printed += done.stdout + done.stderr
        if done.exit_code:
            return printed, done.exit_code
    return printed, 0


def run_python(code, page, line, namespace):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile("\n" * line + code, relative(page), "exec"), namespace)
    return printed.getvalue()


@pytest.mark.parametrize("page", WRITTEN, ids=relative)
def test_blocks_of_a_page_do_what_they_say(page, place, models, encoders, monkeypatch):
    text = page.read_text(encoding="utf-8")
    namespace = {"__name__": "__main__"}
    printed = None
    for match in FENCE.finditer(text):
        language, info, code = match[1], match[2].strip(), match[3]
        line = text.count("\n", 0, match.start()) + 1
        if title := re.search(r"title=(\S+)", info):
            Path(title[1]).write_text(code, encoding="utf-8")
        if "needs=postgres" in info:
            monkeypatch.setenv("GLINKER_TEST_POSTGRES", services.postgres())
        if "needs=redis" in info:
            monkeypatch.setenv("REDIS_URL", services.redis())
        if "needs=models" in info:
            monkeypatch.setattr("glinker_gliner.loading._folder", models)
            monkeypatch.setattr("glinker_dense.loading._located", encoders)
        if "not-run" in info or (title and language != "yaml"):
            printed = None
        elif language == "python":
            printed = run_python(code, page, line, namespace)
        elif language == "bash" and code.startswith("glinker"):
            fails = "fails" in info
            printed, status = glinker(code)
            assert bool(status) == fails, f"{relative(page)}:{line}: exit code {status}\n{printed}"
        elif language == "yaml" and re.search(r"^nodes:", code, re.MULTILINE):
            path = Path(f"block-{line}.yaml")
            path.write_text(code, encoding="utf-8")
            DAGExecutor(str(path)).close()
        elif language == "text" and printed is not None:
            flags = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            same = doctest.OutputChecker().check_output(code, printed, flags)
            assert same, f"{relative(page)}:{line}: printed\n{printed}\ninstead of\n{code}"


def test_readme_shows_what_the_demo_prints(place):
    """Links and figures, but for scores, which move with the weights, and for times."""
    shown = next(m[3] for m in FENCE.finditer((ROOT / "README.md").read_text(encoding="utf-8")) if m[1] == "text")
    inputs = [f"--input {path}" for path in sorted(Path("examples/texts").glob("*.txt"))]
    printed, status = glinker(f"glinker link --kb demo/kb.db {' '.join(inputs)} --format table", columns=100)
    assert status == 0
    shown, printed = (re.sub(r" 0\.\d{3}$|NIL;.*", "", text, flags=re.MULTILINE) for text in (shown, printed))
    assert doctest.OutputChecker().check_output(shown, printed, doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE), (
        printed
    )


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_of_a_page_lead_to_files_that_exist(page):
    targets = [target for target in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_reference_pages_are_as_the_code_writes_them():
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
