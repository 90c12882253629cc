"""A lexical pipeline beside GLiNKER's loop, without a model: time, and how many links are right.

    python benchmarks/bulk_glinker.py FOLDER --glinker-python OTHER/bin/python [--data DATA/general] [--documents 2000]

FOLDER is for what is written. Invented knowledge bases: 2,000 places with ten namesakes each, 2,000 and 20,000 with two
of each twentieth name; `--data` adds a real one, with its documents. A document has the mentions that are in it, of
which one in ten is misspelt; spaCy's patterns find them, the same on both sides. GLiNKER's loop (`bulk_peer.py`) is
called without its executor, with its L3 replaced by one that knows the right label and takes no time, so that its share
of right links is the most it could reach. Ours are the same nodes, then with the lexical linker as well, and last our
default, which finds the mentions itself.

Modes: `exact`, and `exact` with `fuzzy`, which is what GLiNKER's builder sets (similarity 0.75, the first letter equal,
five candidates). There it compares each mention with every entity, and is given a sample of the documents. Times are
those of the processor, medians of rounds in which all take turns.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import statistics
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen
from bulk_made import entities, told_documents, write_lines

FUZZY = {"max_distance": 2, "min_similarity": 0.75, "prefix_length": 1}
COMPARED = 4_000_000  # entities that GLiNKER compares with a document, over a whole sample


@frozen
class Case:
    """A knowledge base with documents, and the patterns that find their mentions."""

    name: str
    size: int
    entities: Path
    documents: Path
    ruler: Path


@frozen
class Result:
    """Milliseconds for a document, and shares of the mentions that are linked, and linked to the right entity."""

    milliseconds: float
    linked: float
    right: float


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--glinker-python", type=Path, required=True, metavar="PATH", help="has GLiNKER and spaCy")
    parser.add_argument("--data", type=Path, help="a folder with entities.jsonl.gz and documents.jsonl.gz")
    parser.add_argument("--documents", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print("| entities | modes | who | ms a document | linked | right | GLiNKER / ours |\n|---|---|---|---|---|---|---|")
    for case in cases(options.folder, options.documents, options.data):
        for modes in (["exact"], ["exact", "fuzzy"]):
            compare(case, modes, options)
    print(f"load of the machine at the end: {os.getloadavg()[0]:.1f}")


def cases(folder: Path, documents: int, data: Path | None) -> list[Case]:
    """The knowledge bases."""
    made = []
    for name, size, per_name in (
        ("2,000, ten of each name", 2_000, 10.0),
        ("2,000", 2_000, 1.05),
        ("20,000", 20_000, 1.05),
    ):
        known = list(entities(size, per_name))
        made.append(case(folder, name, known, list(told_documents(documents, known))))
    if data is not None:
        known = [{**one, "popularity": int(one["popularity"])} for one in read(data / "entities.jsonl.gz")]
        made.append(
            case(folder, f"{len(known):,} of {data.name}", known, read(data / "documents.jsonl.gz")[:documents])
        )
    return made


def read(path: Path) -> list[Any]:
    """Packed lines of JSON."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def case(folder: Path, name: str, known: list[Any], documents: list[Any]) -> Case:
    """Write what both sides read."""
    import spacy

    plain = name.replace(",", "").replace(" ", "-")
    labels = {one["entity_id"]: one["label"] for one in known}
    mentions = [mention for document in documents for mention in document["mentions"]]
    for mention in mentions:
        mention["label"] = labels.get(mention["entity_id"], mention["text"])
    nlp = spacy.blank("en")
    patterns = [{"label": "place", "pattern": text} for text in sorted({mention["text"] for mention in mentions})]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    ruler = folder / f"ruler-{plain}"
    nlp.to_disk(ruler)
    keys = ("entity_id", "label", "aliases", "description", "entity_type", "popularity")
    kept = [{key: one[key] for key in keys if one.get(key) is not None} for one in known]
    written = [
        write_lines(folder / f"{what}-{plain}.jsonl", some) for what, some in (("kb", kept), ("documents", documents))
    ]
    return Case(name, len(known), *written, ruler)


def compare(case: Case, modes: list[str], options: argparse.Namespace) -> None:
    """All pipelines in turn over one case, and their rows."""
    sample = max(50, COMPARED // case.size) if "fuzzy" in modes else options.documents
    layers = {"layers": [{"type": "dict", "search_mode": modes, "fuzzy": FUZZY}], "max_candidates": 5}
    l1 = {"id": "l1", "processor": "l1_spacy", "config": {"model": str(case.ruler)}}
    l2, l3 = {"id": "l2", "processor": "l2_chain", "config": layers}, {"id": "l3", "processor": "l3_lexical"}
    l0 = {"id": "l0", "processor": "l0_aggregator"}
    chain = {**l2, "config": {"layers": [{"type": "dict", "search_mode": modes, "fuzzy": FUZZY}]}}
    ours = {
        "ours, the same nodes": [l1, l2, l0],
        "ours, with l3_lexical": [l1, chain, l3, l0],
        "ours, the default": [{"id": "l1", "processor": "l1_gazetteer"}, chain, l3, l0],
    }
    found: dict[str, list[Result]] = {"GLiNKER": [], **{who: [] for who in ours}}
    for _ in range(options.rounds):
        found["GLiNKER"].append(theirs(case, modes, sample, options.glinker_python))
        for who, nodes in ours.items():
            found[who].append(linked({"nodes": nodes}, case, sample))
    for who, results in found.items():
        took = statistics.median(one.milliseconds for one in results)
        pairs = zip(found["GLiNKER"], results, strict=True)
        ratio = statistics.median(peer.milliseconds / one.milliseconds for peer, one in pairs)
        times = "" if who == "GLiNKER" else f"{ratio:.1f}"
        note = f" (over {sample:,})" if who == "GLiNKER" and sample < options.documents else ""
        print(f"| {case.name} | {' + '.join(modes)} | {who} | {took:.2f}{note} | {results[0].linked:.0%} | "
              f"{results[0].right:.0%} | {times} |", flush=True)  # fmt: skip


def theirs(case: Case, modes: list[str], sample: int, python: Path) -> Result:
    """GLiNKER's loop, in a process of its own."""
    script = Path(__file__).with_name("bulk_peer.py")
    command = [python, "-W", "ignore", script, case.entities, case.documents, case.ruler, ",".join(modes), str(sample)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return Result(**json.loads(done.stdout.splitlines()[-1]))


def linked(pipeline: Mapping[str, object], case: Case, sample: int) -> Result:
    """A pipeline of ours: its time over all documents, the first batch, which opens everything, left out; its links
    over the sample."""
    from glinker_core import DAGExecutor

    documents = [json.loads(line) for line in case.documents.read_text().splitlines()]
    texts = [document["text"] for document in documents]
    with DAGExecutor(pipeline) as executor:
        executor.load_entities(case.entities)
        executor.link(texts[:32])
        began = time.process_time()
        results = [
            [(m.start, m.linked_entity.entity_id) for m in one.entities if m.is_linked]
            for one in executor.stream(texts, 32)
        ]
        seconds = time.process_time() - began
    wanted = [{mention["start"]: mention["entity_id"] for mention in one["mentions"]} for one in documents[:sample]]
    whole = sum(map(len, wanted))
    pairs = [(gold, start, one) for gold, some in zip(wanted, results, strict=False) for start, one in some]
    at = sum(start in gold for gold, start, _ in pairs)
    right = sum(gold.get(start) == one for gold, start, one in pairs)
    return Result(1000 * seconds / len(texts), at / whole, right / whole)


if __name__ == "__main__":
    main()
