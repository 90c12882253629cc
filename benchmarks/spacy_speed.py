"""`l1_spacy` beside a bare `nlp.pipe` loop of the same pipes, and beside GLiNKER's, in one run.

    python benchmarks/spacy_speed.py [--glinker-python PATH] [--texts 2000] [--rounds 5] [--json spacy.json]

The pipeline has the shape of spaCy's small English one (tok2vec of 96 for tagger and parser, an NER with vectors of its
own) and is trained for a few seconds on sentences made in code; the texts are such sentences. GLiNKER runs in an
interpreter of its own, PATH; without one it is left out. The ways take turns, each in a process of its own, another one
first in each round; ratios are medians over the rounds. Compare only what one run measured.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

PIPELINES = Path(__file__).parent.parent / "plugins" / "glinker-spacy" / "tests" / "pipelines.py"
BATCH = 32
Run = Callable[[list[str]], list[int]]


def bare(model: str, chunks: bool) -> Run:
    """What one would write without glinker."""
    import spacy

    nlp = spacy.load(model)
    pipes = ["tok2vec", "tagger", "parser", "attribute_ruler", "ner"] if chunks else ["ner"]
    disabled = [name for name in nlp.pipe_names if name not in pipes]

    def run(texts: list[str]) -> list[int]:
        counts = []
        for doc in nlp.pipe(texts, batch_size=BATCH, disable=disabled):
            found = [(ent.start_char, ent.end_char, ent.text, ent.label_) for ent in doc.ents]
            if chunks:
                found += [(one.start_char, one.end_char, one.text, "") for one in doc.noun_chunks]
            counts.append(len(found))
        return counts

    return run


def ours(model: str, chunks: bool) -> Run:
    """`l1_spacy`."""
    from glinker_spacy.recognizer import SpacyRecognizer

    from glinker_core.resources import Resources

    component = SpacyRecognizer(model=model, batch_size=BATCH, include_noun_chunks=chunks, min_entity_length=1)
    component.open(Resources())
    return lambda texts: [len(mentions) for mentions in component.recognize(texts)]


def glinker(model: str, chunks: bool) -> Run:  # noqa: ARG001  # it takes the setting and makes none
    """GLiNKER's `l1_spacy`."""
    import glinker  # noqa: F401  # declares its processors
    from glinker.core import processor_registry

    config = {"model": model, "batch_size": BATCH, "min_entity_length": 1}
    layer: Any = processor_registry.get("l1_spacy")(config)
    return lambda texts: [len(entities) for entities in layer(texts=texts).entities]


WAYS = {"bare": bare, "ours": ours, "GLiNKER": glinker}


class Child:
    """A way in a process of its own, which reads texts and answers with seconds and counts as JSON lines."""

    def __init__(self, python: Path, way: str, model: str, chunks: bool) -> None:
        command = [str(python), "-W", "ignore", __file__, "--serve", way, model, str(int(chunks))]
        env = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
        self.version: str = self._read()

    def run(self, texts: Sequence[str]) -> dict[str, Any]:
        """Seconds of the wall and of the processor, and how many mentions there are in each text."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(texts) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = self._read()
        return answer

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        return json.loads(line) if line else sys.exit("a process ended; what it said is above")


def serve(way: str, model: str, chunks: bool) -> None:
    """The child: what libraries print goes to stderr, so that only answers reach the other end."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    run = WAYS[way](model, chunks)
    run(["Ada Lovelace visited Rome."] * 2 * BATCH)
    import spacy

    print(json.dumps(f"spaCy {spacy.__version__}"), file=answers, flush=True)
    for line in sys.stdin:
        texts = json.loads(line)
        wall, cpu = time.perf_counter(), time.process_time()
        counts = run(texts)
        seconds = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        print(json.dumps({**seconds, "mentions": counts}), file=answers, flush=True)


def main() -> None:
    """Train, measure, print the table."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        pipelines = _pipelines()
        model = str(pipelines.trained(Path(folder) / "model", width=96, epochs=options.epochs))
        texts = _texts(pipelines, options.texts, options.seed)
        characters = sum(map(len, texts)) // len(texts)
        print(f"{_machine()}; {options.rounds} rounds of {len(texts):,} texts of {characters} characters")
        results = {
            title: _measure(model, chunks, texts, options)
            for title, chunks in (("entities", False), ("entities and noun chunks", True))
        }
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")
    if options.json:
        options.json.write_text(json.dumps({"machine": _machine(), **results}, indent=1) + "\n", encoding="utf-8")


def _measure(model: str, chunks: bool, texts: list[str], options: argparse.Namespace) -> dict[str, Any]:
    here = Path(sys.executable)
    pythons = {"bare": here, "ours": here}
    if options.glinker_python and not chunks:
        pythons["GLiNKER"] = options.glinker_python
    children = {way: Child(python, way, model, chunks) for way, python in pythons.items()}
    names, rounds = list(children), []
    for turn in range(options.rounds):
        first = turn % len(names)
        rounds.append({way: children[way].run(texts) for way in names[first:] + names[:first]})
    for child in children.values():
        child.close()
    if rounds[0]["bare"]["mentions"] != rounds[0]["ours"]["mentions"] and not chunks:
        sys.exit("bare and ours do not find the same")
    print(f"\n{'entities and noun chunks' if chunks else 'entities'}; {children['bare'].version}")
    print(f"{'':10}{'texts/s':>10}{'texts/s of CPU':>16}{'mentions':>10}{'ours is ... times as fast':>28}")
    for way in names:
        rates = [median(len(texts) / one[way][clock] for one in rounds) for clock in ("wall", "cpu")]
        ratio = median(one[way]["cpu"] / one["ours"]["cpu"] for one in rounds)
        print(f"{way:10}{rates[0]:10,.0f}{rates[1]:16,.0f}{sum(rounds[0][way]['mentions']):10,}{ratio:28.2f}")
    keep = ("wall", "cpu")
    return {way: [{clock: one[way][clock] for clock in keep} for one in rounds] for way in names}


def _texts(pipelines: Any, count: int, seed: int) -> list[str]:
    import spacy

    written = [doc.text for doc in pipelines.sentences(spacy.blank("en"), 400)]
    chosen = random.Random(seed)
    return [" ".join(chosen.choices(written, k=4)) for _ in range(count)]


def _pipelines() -> Any:
    spec = importlib.util.spec_from_file_location("pipelines", PIPELINES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _machine() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    return f"{cpu}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--glinker-python", type=Path, metavar="PATH", help="an interpreter that has GLiNKER")
    parser.add_argument("--texts", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=12, help="of training (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write every time to this file")
    return parser.parse_args()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3], sys.argv[4] == "1")
    else:
        main()
