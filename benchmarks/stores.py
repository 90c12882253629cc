"""Stores side by side on one knowledge base: ours, GLiNKER's dictionary, rapidfuzz over all names, and a plain dict.

    python benchmarks/stores.py FOLDER [FILE] [--json stores.json] [--plot stores.png]

FOLDER holds FILE (default `geo/entities.jsonl.gz`), entities as JSON lines; FOLDER may be the file itself. Each method
has a process of its own; what lasts is opened again in a fresh one. Rates are taken in rounds, the methods after one
another in each, and told as medians; each lookup is of a name not asked for before. Slow methods are given as many
queries as the time allows. Run it on a quiet machine, and compare only columns of one run.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

from corpora import read_entities
from measure import METHODS, Facts, Measured, apart
from methods import WAYS, MissingError
from queries import KINDS, Names, draw_queries, taken
from report import machine, show

from glinker_core.model import Entity

RATED = {"exact": 40_000}  # names for one rate of one round; where they last longer than the time, fewer do
RATED_OTHERWISE = 8_000


def main() -> None:
    """Measure all methods, print the tables, write what was asked for."""
    options = _options()
    source: Path = options.folder / options.file if options.folder.is_dir() else options.folder
    if not source.is_file():
        sys.exit(f"{source}: is not there; give the folder of the development data, or a file in it")
    results: Facts = {"machine": machine(), "source": source.name, "options": _plain(options)}
    names = Names.of(read_entities(source))
    results["entities"], results["names"] = len(names.ids), len(names.surfaces)
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        methods = _built(running, options, source, folder, names, results)
        results["rates"] = _rates(methods, results["facts"], names, options)
        results["recall"], results["taken"] = _recall(methods, results["facts"], names, options)
        batches, dozens = _new_entities(names, options.seed)
        for kind, method in methods.items():
            _say(f"edits of {kind}")
            results["facts"][kind] |= method.edits(batches, dozens)
            method.erase()
    results["load_at_end"] = machine()["load"]
    show(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    if options.plot:
        from figure import draw

        draw(results, options.plot)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("file", nargs="?", default="geo/entities.jsonl.gz")
    parser.add_argument("--methods", default=",".join(METHODS), help="which, with commas (default: %(default)s)")
    parser.add_argument("--seed", default="1", help="what queries are drawn with; tune with another")
    parser.add_argument("--queries", type=int, default=1_000, help="of each kind, for recall (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="of rates (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=2.0, help="for one rate; ten times that for one recall")
    parser.add_argument("--json", type=Path, help="write everything measured to this file")
    parser.add_argument("--plot", type=Path, help="write a picture to this file, .png or .svg")
    options = parser.parse_args()
    options.methods = options.methods.split(",")
    if unknown := set(options.methods) - METHODS.keys():
        sys.exit(f"--methods: unknown {', '.join(sorted(unknown))}; known are {', '.join(METHODS)}")
    if options.plot and find_spec("matplotlib") is None:  # said now, not when everything is measured
        sys.exit("--plot: needs matplotlib; run: pip install matplotlib")
    return options


def _plain(options: argparse.Namespace) -> Facts:
    return {name: value for name, value in vars(options).items() if name in ("seed", "queries", "rounds", "seconds")}


def _built(
    running: ExitStack, options: argparse.Namespace, source: Path, folder: Path, names: Names, results: Facts
) -> dict[str, Measured]:
    """Each method with all entities, in a process that has done nothing but open and look up."""
    methods: dict[str, Measured] = {}
    results["facts"], results["missing"] = {}, {}
    queries = {way: _texts(names, WAYS[way].rated_with, 1_000, f"{options.seed} workload") for way in WAYS}
    for kind in options.methods:
        _say(f"building {kind}")
        path = folder / f"{kind}.db"
        own = running.enter_context(ExitStack())
        try:
            method = own.enter_context(apart(kind, path))
            facts = method.build(source)
        except MissingError as error:
            results["missing"][kind] = str(error)
            continue
        if facts["lasting"]:
            facts |= method.size()
            own.close()
            method = running.enter_context(apart(kind, path))
            facts |= method.open(queries["exact"].pop(), queries["fuzzy"].pop())
        facts |= method.memory({way: queries[way] for way in facts["ways"]})
        methods[kind], results["facts"][kind] = method, facts
    return methods


def _rates(methods: dict[str, Measured], facts: Facts, names: Names, options: argparse.Namespace) -> Facts:
    """Names per second of each method and way, single and in batches, one figure for each round."""
    rates: Facts = {kind: {way: {"single": [], "batched": []} for way in facts[kind]["ways"]} for kind in methods}
    order = list(methods)
    asked: set[str] = set()
    for turn in range(options.rounds):
        _say(f"rates, round {turn + 1} of {options.rounds}")
        for way, of_way in WAYS.items():
            for how, batch in (("single", 1), ("batched", None)):
                count = RATED.get(of_way.rated_with, RATED_OTHERWISE)
                drawn = _texts(names, of_way.rated_with, count, f"{options.seed} rate {turn} {way} {how}")
                texts = [text for text in dict.fromkeys(drawn) if text not in asked]
                asked.update(texts)
                for kind in order[turn % len(order) :] + order[: turn % len(order)]:
                    if way in facts[kind]["ways"] and texts:
                        rates[kind][way][how].append(methods[kind].rate(way, texts, batch, options.seconds))
    return rates


def _recall(
    methods: dict[str, Measured], facts: Facts, names: Names, options: argparse.Namespace
) -> tuple[Facts, dict[str, float]]:
    """Hits of each method and way for each kind of query, and how many queries are the name of somebody else."""
    recall: Facts = {}
    shares = {}
    for kind_of_query in KINDS:
        _say(f"recall of {kind_of_query.strip()}")
        queries = draw_queries(names, kind_of_query, options.queries, options.seed)
        shares[kind_of_query] = taken(names, queries)
        recall[kind_of_query] = {
            kind: {
                way: method.recall(way, queries, options.seconds * 10)
                for way in facts[kind]["ways"]
                if WAYS[way].recalled
            }
            for kind, method in methods.items()
            if queries
        }
    return recall, shares


def _new_entities(names: Names, seed: str) -> tuple[list[list[Entity]], list[list[Entity]]]:
    """Entities with names that are not there: ten batches of a thousand, and nine dozen."""
    made = _entities_of(names, seed)
    return (
        [[next(made) for _ in range(1_000)] for _ in range(10)],
        [[next(made) for _ in range(12)] for _ in range(9)],
    )


def _entities_of(names: Names, seed: str) -> Iterator[Entity]:
    texts = dict.fromkeys(_texts(names, "absent names", 40_000, f"{seed} new"))
    for number, (label, *aliases) in enumerate(zip(*[iter(texts)] * 3, strict=False)):
        yield Entity(f"new:{number}", label, tuple(aliases), f"made of {label}", "new", number)


def _texts(names: Names, kind: str, count: int, seed: str) -> list[str]:
    return [query.text for query in draw_queries(names, kind, count, seed)]


def _say(what: str) -> None:
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
