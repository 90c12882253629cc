"""Install the built wheels one by one into a clean environment, and use each as a newcomer would.

    python .ci/wheel_smoke.py dist

Everything runs in a folder of its own, so that nothing is imported from the checkout.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
import zipfile
from pathlib import Path

ENTITIES = [
    {"entity_id": "bonn", "label": "Bonn", "description": "City on the Rhine, birthplace of the composer Beethoven."},
    {"entity_id": "bonn-michigan", "label": "Bonn", "description": "Invented village in Michigan, among cornfields."},
]
CONSTRAINTS = Path(__file__).resolve().parent.parent / "constraints.txt"  # or torch would be one for another machine
TEXT = "The composer Beethoven was born in Bonn, on the Rhine."


def main(dist: Path) -> None:
    """Check what is in each wheel, then install core, stores and lexical in turn and run the program after each."""
    wheels = {path.name.split("-")[0]: path for path in sorted(dist.resolve().glob("*.whl"))}
    check(set(wheels) >= {"glinker_core", "glinker_stores", "glinker_lexical"}, f"wheels in {dist}: {sorted(wheels)}")
    for name, path in wheels.items():
        check_contents(name, path)

    with tempfile.TemporaryDirectory(prefix="glinker-wheels-") as folder:
        place = Place(Path(folder))

        place.install(wheels.pop("glinker_core"))
        origin = place.python("-c", "import glinker_core; print(glinker_core.__file__)").strip()
        check(origin.startswith(str(place.folder)), f"glinker_core comes from {origin}, not from its wheel")
        check("link" in place.glinker("--help"), "glinker --help does not name its commands")
        missing = place.run(place.bin / "glinker", "link", TEXT, expected=2)
        check("pip install glinker-" in missing, f"core alone does not say what to install:\n{missing}")

        place.install(wheels.pop("glinker_stores"))
        (place.folder / "entities.jsonl").write_text("".join(json.dumps(entity) + "\n" for entity in ENTITIES))
        place.glinker("kb", "import", "entities.jsonl", "--store", "kb.db")

        place.install(wheels.pop("glinker_lexical"))
        linked = json.loads(place.glinker("link", "--kb", "kb.db", TEXT).splitlines()[0])
        ids = [entity["entity_id"] for entity in linked["entities"] if entity["entity_id"]]
        check(ids == ["bonn"], f"linked {ids} instead of bonn in {linked}")

        for wheel in wheels.values():
            place.install(wheel, "-c", str(CONSTRAINTS))
            place.glinker("plugins")
        place.python("-m", "pip", "check")
        extra = ("install", "--quiet", "--no-index", "--find-links", str(dist.resolve()), "glinker-core[default]")
        place.python("-m", "pip", *extra)
    print("wheels: installed one by one, and linked")


def check_contents(name: str, path: Path) -> None:
    """A wheel holds its one package, typed and licensed, and no tests."""
    files = zipfile.ZipFile(path).namelist()
    check(f"{name}/py.typed" in files, f"{path.name}: no {name}/py.typed")
    strangers = [f for f in files if f.split("/")[0] != name and ".dist-info/" not in f]
    check(not strangers, f"{path.name}: beside {name} there is {strangers[:3]}")
    check(not any("/tests/" in f for f in files), f"{path.name}: brings its tests")
    metadata = next(f for f in files if f.endswith(".dist-info/METADATA"))
    check("License-Expression: Apache-2.0" in zipfile.ZipFile(path).read(metadata).decode(), f"{path.name}: no licence")


class Place:
    """A folder with an environment of its own, in which commands run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        venv.create(self.folder / "venv", with_pip=True)
        self.bin = self.folder / "venv" / ("Scripts" if os.name == "nt" else "bin")

    def install(self, wheel: Path, *options: str) -> None:
        print(f"wheels: {wheel.name}", flush=True)
        self.python("-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options, str(wheel))

    def python(self, *args: str) -> str:
        return self.run(self.bin / "python", *args)

    def glinker(self, *args: str) -> str:
        return self.run(self.bin / "glinker", *args)

    def run(self, program: Path, *args: str, expected: int = 0) -> str:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "GLINKER"))}
        done = subprocess.run([program, *args], cwd=self.folder, env=clean, capture_output=True, text=True, check=False)
        command = f"{program.name} {' '.join(args)}"
        check(done.returncode == expected, f"{command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout if expected == 0 else done.stdout + done.stderr


def check(good: bool, message: str) -> None:
    """Stop with the message unless it is good."""
    if not good:
        sys.exit(f"wheel smoke test: {message}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
