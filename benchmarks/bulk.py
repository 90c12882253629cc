"""What a run into a folder costs beside a bare loop, how it grows with documents and workers, and what kills do to it.

    python benchmarks/bulk.py FOLDER [--parts overhead,memory,workers,kills,ray,raykills] [--documents 10000]
    python benchmarks/bulk.py FOLDER --parts glinker --glinker-python OTHER/bin/python

FOLDER is for what is written. Documents are made: sentences over the names of 2,000 invented entities, 300 characters
each. Every run is a process of its own, `glinker link --into`; the bare loop is `DAGExecutor.stream` over the same
documents in a process of its own that writes the same lines. Ratios are medians of pairs that run one after the other.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

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


def main() -> None:
    """Measure the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default="overhead,memory,workers,kills,ray,raykills")
    parser.add_argument("--documents", type=int, default=10_000)
    parser.add_argument("--many", type=int, default=1_000_000, help="documents of the large run of 'memory'")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--glinker-python", type=Path, metavar="PATH", help="an interpreter that has GLiNKER and spaCy")
    parser.add_argument("--kills", type=int, default=30)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    bench = Bench(options.folder, options.documents, options.many, options.rounds, options.kills)
    bench.glinker_python = options.glinker_python
    for name in options.parts.split(","):
        PARTS[name](bench)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


class Bench:
    """The knowledge base and the documents, and runs over them."""

    def __init__(self, folder: Path, documents: int, many: int, rounds: int, kills: int) -> None:
        self.folder, self.size, self.many, self.rounds, self.kill_count = folder, documents, many, rounds, kills
        self.glinker_python: Path | None = None
        self.kb, self.entities = folder / "kb.db", folder / "entities.jsonl"
        names = [f"{first}{last}" for first in _FIRST for last in _LAST]
        with self.entities.open("w") as stream:
            for number in range(2_000):
                label = names[number % len(names)].capitalize()
                about = f"a {_WORDS[number % 40]} of {_WORDS[number * 7 % 40]}"
                record = {"entity_id": f"e{number}", "label": label, "description": about, "popularity": number % 97}
                stream.write(json.dumps(record) + "\n")
        self.kb.unlink(missing_ok=True)
        subprocess.run([sys.executable, "-c", MAIN, "kb", "import", self.entities, "--store", self.kb], check=True)
        self._names = [name.capitalize() for name in names]

    def documents(self, count: int) -> Path:
        """A file of so many documents."""
        path = self.folder / f"documents-{count}.jsonl"
        if not path.exists():
            drawn = random.Random(7)
            with path.open("w") as stream:
                for number in range(count):
                    words = [drawn.choice(self._names) if at % 8 == 3 else drawn.choice(_WORDS) for at in range(45)]
                    stream.write(json.dumps({"id": f"d{number}", "text": f"The {' '.join(words)}."}) + "\n")
        return path

    def command(self, documents: Path, into: str, *options: str) -> list[str]:
        """The command of a run."""
        paths = "--kb", str(self.kb), "--input", str(documents), "--into", str(self.folder / into)
        return [sys.executable, "-c", MAIN, "link", *paths, *options]

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


class Took:
    """Seconds by the clock, seconds of the processor, and the most memory of a process, in MB."""

    def __init__(self, wall: float, processor: float, memory: float) -> None:
        self.wall, self.processor, self.memory = wall, processor, memory

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
    documents = bench.documents(bench.size)
    loop = [sys.executable, "-c", LOOP, str(bench.kb), str(documents), str(bench.folder / "loop.jsonl")]
    pairs = [(Took.of(loop), bench.run(documents, "overhead")) for _ in range(bench.rounds)]
    for what in ("wall", "processor"):
        ratios = [getattr(ours, what) / getattr(theirs, what) for theirs, ours in pairs]
        print(
            f"overhead, {what}: {statistics.median(ratios):.3f} of a bare loop ({min(ratios):.3f} to {max(ratios):.3f})"
        )


def memory(bench: Bench) -> None:
    """Memory over few and over many documents."""
    few = bench.run(bench.documents(10_000), "memory")
    many = bench.run(bench.documents(bench.many), "memory")
    print(f"memory: {few.memory:.0f} MB over 10,000 documents, {many.memory:.0f} MB over {bench.many:,}: "
          f"{many.memory / few.memory:.2f}; {bench.many / many.wall:,.0f} documents/s")  # fmt: skip
    bench.erase("memory")


def workers(bench: Bench) -> None:
    """Processes and threads against one worker."""
    documents, ratios = bench.documents(bench.size), {"processes": [], "threads": []}
    for _ in range(bench.rounds):
        one = bench.run(documents, "workers")
        for engine, found in ratios.items():
            found.append(one.wall / bench.run(documents, "workers", "--engine", engine, "--workers", "2").wall)
    for engine, found in ratios.items():
        print(f"two {engine}: {statistics.median(found):.2f} times one ({min(found):.2f} to {max(found):.2f})")


def ray(bench: Bench) -> None:
    """Two actors of Ray against two processes, whole commands and from the first part on."""
    documents, ratios = bench.documents(bench.size), []
    for _ in range(bench.rounds):
        two = bench.run(documents, "ray", "--engine", "processes", "--workers", "2", "--part-size", "250")
        two_parts = _span(bench.folder / "ray")
        actors = bench.run(documents, "ray", "--engine", "ray", "--workers", "2", "--part-size", "250")
        ratios.append((two.wall / actors.wall, two_parts / _span(bench.folder / "ray")))
    for at, what in enumerate(("whole commands", "from the first part to the last")):
        print(f"Ray, two actors against two processes, {what}: {statistics.median(one[at] for one in ratios):.2f}")


def _span(folder: Path) -> float:
    times = sorted(path.stat().st_mtime for path in folder.glob("part-*"))
    return times[-1] - times[0]


def kills(bench: Bench) -> None:
    """kill -9 at random moments, then --resume, against an undisturbed run."""
    documents = bench.documents(bench.size)
    whole = bench.run(documents, "whole", "--part-size", "100")
    expected, drawn, lost = bench.sorted_output("whole"), random.Random(11), 0
    for _ in range(bench.kill_count):
        bench.erase("killed")
        options = ("--part-size", "100", "--engine", drawn.choice(["threads", "processes"]), "--workers", "2")
        process = _started(bench.command(documents, "killed", *options))
        time.sleep(drawn.uniform(0.2, whole.wall))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        resumed = "--resume" if (bench.folder / "killed" / "manifest.jsonl").exists() else "--quiet"
        Took.of(bench.command(documents, "killed", *options, resumed))
        lost += bench.sorted_output("killed") != expected
    print(
        f"kill -9: {bench.kill_count} runs of {bench.size:,} documents stopped and resumed, {lost} with another output"
    )


def raykills(bench: Bench) -> None:
    """An actor killed at a random moment, the run going on by itself."""
    documents = bench.documents(bench.size)
    whole = bench.run(documents, "whole", "--part-size", "100")
    expected, drawn, lost, killed = bench.sorted_output("whole"), random.Random(13), 0, 0
    for _ in range(max(1, bench.kill_count // 3)):
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
    print(f"Ray: {killed} actors killed in {max(1, bench.kill_count // 3)} runs, {lost} with another output")


def glinker(bench: Bench) -> None:
    """GLiNKER's loop without a model against ours: with the same recogniser, and with the embedded default."""
    import spacy

    if bench.glinker_python is None:
        raise SystemExit("glinker: give --glinker-python PATH")
    documents, ruler = bench.documents(bench.size), bench.folder / "ruler"
    nlp = spacy.blank("en")
    labels = {json.loads(line)["label"] for line in bench.entities.read_text().splitlines()}
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "place", "pattern": label} for label in sorted(labels)])
    nlp.to_disk(ruler)
    peer = [bench.glinker_python, "-W", "ignore", Path(__file__).with_name("bulk_peer.py")]
    layers = {"layers": [{"type": "dict", "search_mode": ["exact"]}]}
    l2, l0 = {"id": "l2", "processor": "l2_chain", "config": layers}, {"id": "l0", "processor": "l0_aggregator"}
    l1 = {"id": "l1", "processor": "l1_spacy", "config": {"model": str(ruler)}}
    default = [{"id": "l1", "processor": "l1_gazetteer"}, l2, {"id": "l3", "processor": "l3_lexical"}, l0]
    ratios: dict[str, list[float]] = {"with the same spaCy patterns": [], "with l1_gazetteer and l3_lexical": []}
    for _ in range(bench.rounds):
        done = subprocess.run([*peer, bench.entities, documents, ruler], check=True, capture_output=True, text=True)
        theirs = json.loads(done.stdout.splitlines()[-1])
        for what, nodes in zip(ratios, ([l1, l2, l0], default), strict=True):
            seconds, linked = _linked({"nodes": nodes}, bench.entities, documents)
            ratios[what].append(theirs["seconds"] / seconds)
            took = f"{theirs['seconds']:.2f} s against {seconds:.2f}"
            print(f"{what}: {took}; {theirs['linked']:,} mentions linked, ours {linked:,}")
    for what, found in ratios.items():
        print(f"GLiNKER's loop against ours {what}: {statistics.median(found):.1f} times")


def _linked(pipeline: dict[str, object], entities: Path, documents: Path) -> tuple[float, int]:
    from glinker_core import DAGExecutor

    texts = [json.loads(line)["text"] for line in documents.read_text().splitlines()]
    with DAGExecutor(pipeline) as executor:
        executor.load_entities(entities)
        executor.link(texts[:32])
        began = time.process_time()
        linked = sum(mention.is_linked for one in executor.stream(texts, 32) for mention in one.entities)
        return time.process_time() - began, linked


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
    "memory": memory,
    "workers": workers,
    "kills": kills,
    "ray": ray,
    "raykills": raykills,
    "glinker": glinker,
}
_FIRST = ("al", "bren", "cor", "dun", "el", "fal", "gor", "hal", "ist", "jor", "kal", "lom", "mar", "nor", "ost", "pel")
_LAST = ("burg", "castle", "dale", "field", "ford", "haven", "holm", "mere", "mouth", "port", "stead", "ton", "wick")
_WORDS = """
river harbour council meeting market bridge season weather station engine library garden window winter summer captain
teacher doctor village mountain valley forest railway paper letter story number colour music kitchen morning evening
minute island corner street circle shadow silver copper
""".split()  # noqa: SIM905  # a list of forty strings is no easier to read


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
