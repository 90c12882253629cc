"""What a run into a folder costs beside a bare loop, how it grows with documents and workers, and what kills do to it.

    python benchmarks/bulk.py FOLDER [--parts overhead,scaling,kills,ray,raykills] [--documents 10000]
    python benchmarks/bulk.py FOLDER --parts scaling --sizes 10000,1000000 --rounds 1
    python benchmarks/bulk.py FOLDER --parts stores --postgres postgresql://user:password@localhost/database

FOLDER is for what is written. Documents are made: sentences over the names of 2,000 invented entities, 300 characters
each. Every run is a process of its own, `glinker link --into`; the bare loop is `DAGExecutor.stream` over the same
documents in a process of its own that writes the same lines. Ratios are medians of pairs that run one after the other.
Memory is that of the largest process of a run. `stores` are runs over 20,000 entities, each of another name, in SQLite
and in the schema `bulk` of PostgreSQL. GLiNKER's loop is in `bulk_glinker.py`.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import median

from attrs import frozen
from bulk_made import entities, plain_documents, write_lines

LOOP = """
import sys
from glinker_core import DAGExecutor
from glinker_core.builtin.writers import JsonlWriter
from glinker_core.entities import document_rows
from pathlib import Path
kb, documents, out = sys.argv[1:]
layer = {"type": "sqlite", "write": False, "config": {"path": kb, "read_only": True}}
from glinker_core.cli.defaults import default_pipeline
with DAGExecutor(default_pipeline(layer)) as executor, open(out, "wb") as stream:
    writer = JsonlWriter()
    rows = document_rows(Path(documents), executor.plugins)
    for linked in executor.stream((row.item for row in rows), 32):
        stream.write(writer.write(linked))
"""
MAIN = "from glinker_core.cli import main; main()"


WAYS = {
    "one worker": (),
    "two threads": ("--engine", "threads", "--workers", "2"),
    "two processes": ("--engine", "processes", "--workers", "2"),
}


def main() -> None:
    """Measure the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default="overhead,scaling,kills,ray,raykills")
    parser.add_argument("--documents", type=int, default=10_000, help="of all parts but 'scaling'")
    parser.add_argument("--sizes", default="1000,10000", help="documents of the runs of 'scaling'")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--postgres", metavar="URL", help="a database for 'stores'")
    parser.add_argument("--kills", type=int, default=30)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options)
    for name in options.parts.split(","):
        PARTS[name](bench)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def load(entities: Path, store: Path | str) -> None:
    """Put entities into a store, in the place of those that are there."""
    command = [sys.executable, "-c", MAIN, "kb", "import", entities, "--store", store, "--on-duplicate", "replace"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


class Bench:
    """The knowledge base and the documents, and runs over them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.rounds, self.folder = options, options.rounds, options.folder
        known = list(entities(2_000, 10))
        self.names = sorted({one["label"] for one in known})
        self.kb = self.folder / "kb.db"
        self.kb.unlink(missing_ok=True)
        load(write_lines(self.folder / "entities.jsonl", known), self.kb)

    def documents(self, count: int = 0) -> Path:
        """A file of so many documents, or as many as were asked for."""
        count = count or self.options.documents
        path = self.folder / f"documents-{count}.jsonl"
        return path if path.exists() else write_lines(path, plain_documents(count, self.names))

    def command(self, documents: Path, into: str, *options: str) -> list[str]:
        """The command of a run."""
        kb = () if "--pipeline" in options else ("--kb", str(self.kb))
        paths = "--input", str(documents), "--into", str(self.folder / into)
        return [sys.executable, "-c", MAIN, "link", *kb, *paths, *options]

    def erase(self, into: str) -> None:
        """Make a folder be gone."""
        subprocess.run(["rm", "-rf", self.folder / into], check=True)

    def run(self, documents: Path, into: str, *options: str) -> Took:
        """A whole run, measured."""
        self.erase(into)
        return Took.of(self.command(documents, into, *options))

    def sorted_output(self, into: str) -> bytes:
        """All lines of a folder, sorted."""
        return b"\n".join(sorted(b"".join(p.read_bytes() for p in (self.folder / into).glob("part-*")).splitlines()))


@frozen
class Took:
    """Seconds by the clock, seconds of the processor, and the most memory of a process, in MB."""

    wall: float
    processor: float
    memory: float

    @classmethod
    def of(cls, command: list[str]) -> Took:
        """Run a command to its end."""
        began = time.monotonic()
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed with {process.returncode}")
        return cls(time.monotonic() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def overhead(bench: Bench) -> None:
    """One worker against a bare loop."""
    documents = bench.documents()
    loop = [sys.executable, "-c", LOOP, str(bench.kb), str(documents), str(bench.folder / "loop.jsonl")]
    pairs = [(Took.of(loop), bench.run(documents, "overhead")) for _ in range(bench.rounds)]
    for what in ("wall", "processor"):
        ratios = [getattr(ours, what) / getattr(theirs, what) for theirs, ours in pairs]
        print(f"overhead, {what}: {median(ratios):.3f} of a bare loop ({min(ratios):.3f} to {max(ratios):.3f})")


def scaling(bench: Bench) -> None:
    """Documents a second by the clock and of a core, and memory, against documents and workers."""
    first: list[Took] = []
    print("| documents | workers | documents/s | times one worker | documents/s of a core | MB | times the first row |")
    print("|---|---|---|---|---|---|---|")
    for size in map(int, bench.options.sizes.split(",")):
        found: dict[str, list[Took]] = {way: [] for way in WAYS}
        for _, way in product(range(bench.rounds), WAYS):
            found[way].append(bench.run(bench.documents(size), "scaling", *WAYS[way]))
        first = first or found["one worker"]
        for way, took in found.items():
            wall, core, memory = (
                median(getattr(one, name) for one in took) for name in ("wall", "processor", "memory")
            )
            faster = median(one.wall / other.wall for one, other in zip(found["one worker"], took, strict=True))
            pace = f"{size / wall:,.0f} | {faster:.2f} | {size / core:,.0f}"
            grown = memory / median(one.memory for one in first)
            print(f"| {size:,} | {way} | {pace} | {memory:.0f} | {grown:.2f} |", flush=True)
    bench.erase("scaling")


def stores(bench: Bench) -> None:
    """20,000 entities of as many names in SQLite and in PostgreSQL, read by one process and by two."""
    from glinker_core.cli.defaults import default_pipeline
    from glinker_core.source import dump

    url, folder = bench.options.postgres, bench.folder
    if url is None:
        raise SystemExit("stores: give --postgres URL")
    known = list(entities(20_000, 1))
    documents = plain_documents(bench.options.documents, [one["label"] for one in known])
    written = write_lines(folder / "documents-stores.jsonl", documents)
    listed = write_lines(folder / "entities-stores.jsonl", known)
    layers = {
        "SQLite": {"type": "sqlite", "config": {"path": str(folder / "stores.db"), "read_only": True}},
        "PostgreSQL": {"type": "postgres", "config": {"url": url, "schema": "bulk", "read_only": True}},
    }
    for kind, store in (("SQLite", folder / "stores.db"), ("PostgreSQL", f"{url}?schema=bulk")):
        load(listed, store)
        (folder / f"{kind}.yaml").write_text(dump(default_pipeline({**layers[kind], "write": False}).data))
    found: dict[tuple[str, str], list[float]] = {(w, k): [] for w in ("one worker", "two processes") for k in layers}
    for _, (way, kind) in product(range(bench.rounds), found):
        options = "--pipeline", str(folder / f"{kind}.yaml"), *WAYS[way]
        found[way, kind].append(bench.run(written, "stores", *options).wall)
    for (way, kind), walls in found.items():
        print(f"{kind}, {way}: {bench.options.documents / median(walls):,.0f} documents/s")


def ray(bench: Bench) -> None:
    """Two actors of Ray against two processes, whole commands and from the first part on."""
    documents, ratios = bench.documents(), []
    for _ in range(bench.rounds):
        two = bench.run(documents, "ray", *WAYS["two processes"], "--part-size", "250")
        two_parts = _span(bench.folder / "ray")
        actors = bench.run(documents, "ray", "--engine", "ray", "--workers", "2", "--part-size", "250")
        ratios.append((two.wall / actors.wall, two_parts / _span(bench.folder / "ray")))
    for at, what in enumerate(("whole commands", "from the first part to the last")):
        print(f"Ray, two actors against two processes, {what}: {median(one[at] for one in ratios):.2f}")


def _span(folder: Path) -> float:
    times = sorted(path.stat().st_mtime for path in folder.glob("part-*"))
    return times[-1] - times[0]


def kills(bench: Bench) -> None:
    """kill -9 at random moments, then --resume, against an undisturbed run."""
    documents = bench.documents()
    whole = bench.run(documents, "whole", "--part-size", "100")
    expected, drawn, lost = bench.sorted_output("whole"), random.Random(11), 0
    for _ in range(bench.options.kills):
        bench.erase("killed")
        options = ("--part-size", "100", "--engine", drawn.choice(["threads", "processes"]), "--workers", "2")
        process = _started(bench.command(documents, "killed", *options))
        time.sleep(drawn.uniform(0.2, whole.wall))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        resumed = "--resume" if (bench.folder / "killed" / "manifest.jsonl").exists() else "--quiet"
        Took.of(bench.command(documents, "killed", *options, resumed))
        lost += bench.sorted_output("killed") != expected
    runs = f"{bench.options.kills} runs of {bench.options.documents:,} documents"
    print(f"kill -9: {runs} stopped and resumed, {lost} with another output")


def raykills(bench: Bench) -> None:
    """An actor killed at a random moment, the run going on by itself."""
    documents = bench.documents()
    whole = bench.run(documents, "whole", "--part-size", "100")
    expected, drawn, lost, killed = bench.sorted_output("whole"), random.Random(13), 0, 0
    for _ in range(max(1, bench.options.kills // 3)):
        bench.erase("killed")
        options = ("--part-size", "100", "--engine", "ray", "--workers", "2")
        process = _started(bench.command(documents, "killed", *options))
        while not list((bench.folder / "killed").glob("part-*")) and process.poll() is None:
            time.sleep(0.05)
        time.sleep(drawn.uniform(0, whole.wall / 2))
        killed += _kill_actor()
        if process.wait():
            raise SystemExit(f"the run failed with {process.returncode}")
        lost += bench.sorted_output("killed") != expected
    print(f"Ray: {killed} actors killed in {max(1, bench.options.kills // 3)} runs, {lost} with another output")


def _kill_actor() -> int:
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdigit() and b"ray::_Linker" in (process / "cmdline").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)
                return 1
        except OSError:  # it is gone already
            continue
    return 0


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, start_new_session=True, **quiet)


PARTS: dict[str, Callable[[Bench], None]] = {
    "overhead": overhead,
    "scaling": scaling,
    "stores": stores,
    "kills": kills,
    "ray": ray,
    "raykills": raykills,
}


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
