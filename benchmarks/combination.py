"""What learnt weights gain, how far calibrated scores are from the truth, and whether bounds on errors hold.

    python benchmarks/combination.py DATA [--sets geo general] [--cache FOLDER] [--draws 20] [--splits 100]

Each set goes once through SQLite and `l3_lexical` with gold mentions; what it had to choose among is kept in the cache
folder, if one is given: empty it after a change. Then, on random documents:

* weights of `glinker fit` from fifty of them, or the old ones where it refuses, scored on the rest;
* calibration on half of them, its error measured on the other half;
* the threshold of `max_error: 0.05` on half of them, links counted on the other half.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import attrs
import corpora
import numpy as np
from attrs import evolve, frozen
from glinker_eval.calibrating import Judged, calibrate, expected_calibration_error, max_error
from glinker_eval.choices import Choice
from glinker_eval.fitting import fit_choices, measured
from glinker_eval.gold import Gold, GoldDocument, GoldMention
from glinker_eval.observing import Weighting, choices, weighted_node
from glinker_eval.running import run

from glinker_core import DAGExecutor
from glinker_core.files import read_lines
from glinker_core.model import Entity

FITTED_ON = 50
ERROR = 0.05
MODES = {"bio": ["exact", "variant", "fuzzy", "initials", "similar"]}  # what is not said: exact and fuzzy
DOCUMENTS = {"geo": "geo/documents", "bio": "bio/documents_dev"}


@frozen
class Kept:
    """What a set's mentions had to choose among, in documents, and the weights that chose."""

    name: str
    old: Weighting
    choices: tuple[Choice, ...]

    @property
    def documents(self) -> list[str]:
        return list(dict.fromkeys(choice.document for choice in self.choices))

    def of(self, documents: Iterable[str]) -> list[Choice]:
        wanted = frozenset(documents)
        return [choice for choice in self.choices if choice.document in wanted]

    @property
    def judged(self) -> list[Judged]:
        least = self.old.threshold
        return [Judged(c.document, c.scores[0], 0 in c.right, c.scores[0] >= least) for c in self.choices if c.scores]


def general(data: Path) -> tuple[Entity, ...]:
    """Described entities."""
    return corpora.general(data).entities


def general_anchors(data: Path) -> tuple[Entity, ...]:
    """The same, with the surfaces of a table that another system made."""
    return tuple(
        evolve(e, aliases=tuple(dict.fromkeys((*e.aliases, *(e.metadata.get("anchor_aliases") or ())))))
        for e in general(data)
    )


SETS = {
    "geo": lambda data: corpora.geo(data).entities,
    "general": general,
    "general_anchors": general_anchors,
    "bio": lambda data: corpora.bio(data).entities,
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--splits", type=int, default=100)
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        sys.exit(f"{arguments.data}: there is no such folder")
    for name in arguments.sets:
        kept = load(name, arguments.data, arguments.cache)
        print(f"{name}: {len(kept.documents)} documents, {len(kept.choices)} mentions")
        for lines in (
            fitted(kept, arguments.draws),
            calibrated(kept, arguments.draws),
            bounded(kept, arguments.splits),
        ):
            for line in lines:
                print(f"  {line}", flush=True)


def fitted(kept: Kept, draws: int) -> Iterator[str]:
    """What weights from fifty documents gain on the rest."""
    differences, written, documents = [], 0, kept.documents
    for draw in range(draws):
        order = np.random.default_rng(1000 + draw).permutation(len(documents))
        few, rest = ([documents[at] for at in some] for some in (order[:FITTED_ON], order[FITTED_ON:]))
        found = fit_choices(kept.of(few), kept.old)
        others = kept.of(rest)
        before = measured(others, kept.old)
        after = measured(others, found.new) if found.better else before
        differences.append(np.subtract(after, before))
        written += found.better
    rows = np.array(differences)
    yield f"fit on {FITTED_ON} documents, {draws} draws: written {written}"
    for at, figure in enumerate(("accuracy@1", "F1 of links")):
        better, worse = int((rows[:, at] > 0).sum()), int((rows[:, at] < 0).sum())
        yield (
            f"{figure:12} better {better}, equal {draws - better - worse}, worse {worse}; "
            f"mean {rows[:, at].mean():+.4f}, least {rows[:, at].min():+.4f}, most {rows[:, at].max():+.4f}"
        )


def calibrated(kept: Kept, draws: int) -> Iterator[str]:
    """The calibration error of links on halves that took no part."""
    rows, kinds = [], []
    for one, other in halves(kept, draws):
        found = calibrate(one)
        links = [item for item in other if item.linked]
        curve = found.curve or (lambda score: score)
        right = [item.right for item in links]
        scores = [item.score for item in links]
        rows.append([expected_calibration_error(s, right) for s in (scores, [curve(score) for score in scores])])
        kinds.append(found.kind)
    before, after = np.mean(rows, axis=0)
    counted = ", ".join(f"{kind} {kinds.count(kind)}" for kind in dict.fromkeys(kinds))
    most = np.max(rows, axis=0)[1]
    yield f"ECE of links, half and half, {draws} draws: {before:.3f} -> {after:.3f}, at most {most:.3f}"
    every = calibrate(kept.judged)
    yield f"curves: {counted}; cross-validated on all documents {every.before:.3f} -> {every.after:.3f} ({every.kind})"


def bounded(kept: Kept, splits: int) -> Iterator[str]:
    """How often the error of links is above the bound on halves that took no part."""
    errors, coverage, none, plain = [], [], 0, []
    for one, other in halves(kept, splits):
        bound = max_error(one, ERROR, len(one))
        links = [item for item in other if item.linked and bound is not None and item.score >= bound.threshold]
        none += bound is None
        errors.append(sum(not item.right for item in links) / max(len(links), 1))
        coverage.append(len(links) / len(other))
        everything = [item for item in other if item.linked]
        plain.append(sum(not item.right for item in everything) / max(len(everything), 1))
    above = sum(error > ERROR for error in errors)
    yield (
        f"max_error {ERROR:g}, {splits} splits: above it {above}, mean error {np.mean(errors):.3f} of "
        f"{np.mean(coverage):.1%} of the mentions; no threshold found {none} times; without it {np.mean(plain):.3f}"
    )


def halves(kept: Kept, times: int) -> Iterator[tuple[list[Judged], list[Judged]]]:
    """Random halves of the documents, and their best candidates."""
    documents, items = kept.documents, kept.judged
    for draw in range(times):
        order = np.random.default_rng(2000 + draw).permutation(len(documents))
        half = {documents[at] for at in order[: len(documents) // 2]}
        yield [i for i in items if i.document in half], [i for i in items if i.document not in half]


def load(name: str, data: Path, cache: Path | None) -> Kept:
    """The choices of a set, from the cache or from a run."""
    path = cache / f"{name}.jsonl.gz" if cache is not None else None
    if path is not None and path.is_file():
        first, *rest = (json.loads(line) for line in read_lines(path))
        return Kept(name, Weighting(**first), tuple(Choice(*_tuples(row)) for row in rest))
    kept = make(name, data)
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(path, "wt", encoding="utf-8") as stream:
            for row in (attrs.asdict(kept.old), *(attrs.astuple(choice) for choice in kept.choices)):
                stream.write(json.dumps(row) + "\n")
    return kept


def _tuples(row: Sequence[Any]) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for value in row]


def make(name: str, data: Path) -> Kept:
    """Run a set through the pipeline."""
    entities = SETS[name](data)
    known = {entity.entity_id for entity in entities}
    documents = tuple(gold(data / f"{DOCUMENTS.get(name, 'general/documents')}.jsonl.gz", known, name))
    with tempfile.TemporaryDirectory() as folder:
        store = {
            "type": "sqlite",
            "config": {"path": f"{folder}/kb.db"},
            "search_mode": MODES.get(name, ["exact", "fuzzy"]),
        }
        nodes = [
            {"id": "l1", "processor": "l1_external"},
            {"id": "l2", "processor": "l2_chain", "config": {"layers": [store]}},
            {"id": "l3", "processor": "l3_lexical"},
            {"id": "l0", "processor": "l0_aggregator"},
        ]
        with DAGExecutor({"nodes": nodes}) as executor:
            executor.load_entities(entities)
            node, old = weighted_node(executor.graph.nodes)
            outcome = run(executor, Gold(name, documents).against(executor.resources.kb), "gold")
            return Kept(name, old, tuple(choices(outcome.documents, node)))


def gold(path: Path, known: set[str], name: str) -> Iterator[GoldDocument]:
    """Documents with their mentions; where only described entities are kept, those of the others are left out."""
    for line in read_lines(path):
        document = json.loads(line)
        mentions = []
        for one in document["mentions"]:
            ids = tuple(one.get("entity_ids") or ([one["entity_id"]] if one["entity_id"] is not None else []))
            if not name.startswith("general") or not ids or known.intersection(ids):
                mentions.append(GoldMention(one["start"], one["end"], one["text"], ids))
        yield GoldDocument(document["id"], document["text"], tuple(sorted(mentions, key=lambda m: (m.start, m.end))))


if __name__ == "__main__":
    main()
