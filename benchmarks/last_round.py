"""How a reranker that reads candidates in chunks should choose among them: does a last round help, and which chunks?

    python benchmarks/last_round.py [--model FOLDER] [--steps 300] [--absent 0.25] [--mentions 300] [--quick]

A uni-encoder scores a candidate beside the others of its prompt, so scores of different prompts may not compare. The
table says how often each rule puts the right candidate first, and its mean reciprocal rank, on invented homonyms
(`homonyms.py`, which also trains the model if FOLDER has none; 300 steps take 7 minutes on a quiet core). `prompts` is
what a rule costs. `against ours`: how many more mentions of a hundred it gets right than the reranker does as it is,
with a 95 % interval over mentions (bootstrap), and how many only one of them gets right.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Generator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from statistics import mean
from typing import Any, NamedTuple

import numpy as np
import torch
from glinker_gliner.heads import flat_spans
from glinker_gliner.placing import place
from glinker_gliner.reranker import GlinerReranker
from homonyms import Invented, train, untrained

from glinker_core.errors import InputError
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.resources import Resources

Scored = Mapping[str, float]
Asking = Generator[list[list[str]], list[Scored], dict[str, float]]  # asks for chunks, gets logits, gives what counts
Rule = Callable[[Sequence[str], int], Asking]
Cut = Callable[[Sequence[str], int], list[list[str]]]


class Case(NamedTuple):
    """A mention, its candidates as an earlier stage would order them, and the right one."""

    text: str
    mention: Mention
    labels: list[str]
    right: str


# --- rules


def interleaved(labels: Sequence[str], size: int) -> list[list[str]]:
    """Neighbours in different chunks."""
    count = -(-len(labels) // size)
    return [list(labels[start::count]) for start in range(count)]


def consecutive(labels: Sequence[str], size: int) -> list[list[str]]:
    """Neighbours in one chunk; chunks of about equal size."""
    count = -(-len(labels) // size)
    edges = [len(labels) * index // count for index in range(count + 1)]
    return [list(labels[start:end]) for start, end in pairwise(edges)]


def one_prompt(labels: Sequence[str], _: int) -> Asking:
    """All side by side, whatever the size."""
    (scored,) = yield [list(labels)]
    return dict(scored)


def alone(cut: Cut) -> Rule:
    """The scores of the chunks as they are."""

    def rule(labels: Sequence[str], size: int) -> Asking:
        chunks = yield cut(labels, size)
        return {label: value for scored in chunks for label, value in scored.items()}

    return rule


def centred(cut: Cut) -> Rule:
    """The scores of the chunks, less the mean of the chunk."""

    def rule(labels: Sequence[str], size: int) -> Asking:
        chunks = yield cut(labels, size)
        return {label: value - mean(scored.values()) for scored in chunks for label, value in scored.items()}

    return rule


def last_round(cut: Cut, most: int | None = None, averaged: bool = False) -> Rule:
    """The best of each chunk meet until one chunk holds them all: `most` of each, or as many as one chunk holds."""

    def rule(labels: Sequence[str], size: int) -> Asking:
        chunks = yield cut(labels, size)
        values = {label: value for scored in chunks for label, value in scored.items()}
        if len(chunks) == 1:
            return values
        each = most or max(1, size // len(chunks))
        on = {label for scored in chunks for label in sorted(scored, key=lambda label: -scored[label])[:each]}
        later = yield from rule([label for label in labels if label in on], size)
        if averaged:
            later = {label: (value + values[label]) / 2 for label, value in later.items()}
        least = min(later.values())
        return {label: min(value, least) for label, value in values.items()} | later

    return rule


def best_of_all(labels: Sequence[str], size: int) -> Asking:
    """The `size` best scores, from whichever chunks, meet once."""
    values = yield from alone(interleaved)(labels, size)
    best = set(sorted(values, key=lambda label: -values[label])[:size])
    (last,) = yield [[label for label in labels if label in best]]
    least = min(last.values())
    return {label: min(value, least) for label, value in values.items()} | last


def two_deals(labels: Sequence[str], size: int) -> Asking:
    """Each candidate is scored in two chunks, beside others each time; the mean counts."""
    first = yield from alone(interleaved)(labels, size)
    second = yield from alone(consecutive)(labels, size)
    return {label: (first[label] + second[label]) / 2 for label in labels}


OURS = "last round, interleaved (ours)"
RULES: dict[str, Rule] = {
    "one prompt": one_prompt,
    "chunks alone, interleaved": alone(interleaved),
    "chunks alone, consecutive": alone(consecutive),
    "less the chunk's mean, interleaved": centred(interleaved),
    "less the chunk's mean, consecutive": centred(consecutive),
    "two deals, no last round": two_deals,
    OURS: last_round(interleaved),
    "last round, consecutive": last_round(consecutive),
    "last round, one of each chunk": last_round(interleaved, most=1),
    "last round, the best of all": best_of_all,
    "mean of both rounds": last_round(interleaved, averaged=True),
}

# --- what is measured

SETS = {  # candidates, and how many of them have the name at least and at most
    "40": (40, 4, 12),
    "100": (100, 4, 12),
    "40-of-one-name": (40, 40, 40),
}


def cases(count: int, candidates: int, least: int, most: int, seed: int) -> list[Case]:
    """Mentions beside another sentence; candidates come as L2 gives them, those of the same name mostly first."""
    made, chosen = Invented(seed, test=True), np.random.default_rng(seed)
    found = []
    for _ in range(count):
        namesakes, (other,) = made.namesakes(least, most), made.senses(1)
        right = namesakes[0]
        passage = made.passage(right, other)
        (at, _), *_ = passage.meant
        senses = namesakes + made.senses(candidates - len(namesakes))
        quality = 3 * np.array([one.name == right.name for one in senses]) + chosen.normal(size=len(senses))
        order = np.argsort(-quality, kind="stable")
        start = sum(len(word) + 1 for word in passage.words[:at])
        mention = Mention(start, start + len(right.name), right.name)
        found.append(Case(" ".join(passage.words), mention, [senses[i].label for i in order], right.label))
    return found


class Scorer:
    """Logits of chunks of labels for mentions; the same question is asked once."""

    def __init__(self, layer: GlinerReranker) -> None:
        self._layer, self._known = layer, dict[tuple[Any, ...], Scored]()

    def __call__(self, asked: Sequence[tuple[Case, Sequence[str]]]) -> list[Scored]:
        new = [one for one in asked if self._key(*one) not in self._known]
        for (case, labels), logits in zip(new, self._logits(new), strict=True):
            self._known[self._key(case, labels)] = dict(zip(labels, logits, strict=True))
        return [self._known[self._key(*one)] for one in asked]

    @staticmethod
    def _key(case: Case, labels: Sequence[str]) -> tuple[Any, ...]:
        return case.text, case.mention, *labels

    def _logits(self, asked: Sequence[tuple[Case, Sequence[str]]]) -> list[list[float]]:
        model, placed = self._layer.loaded, []
        for case, labels in asked:
            words = model.words(case.text)
            (windows,) = self._layer.windows([words], labels)
            one = place(case.mention, words, windows, model.max_width)
            assert one is not None
            placed.append(one)
        prompted = model.prompt([one.window for one in placed], [labels for _, labels in asked], 16)
        found = []
        with torch.inference_mode():
            for one, (words, vectors) in zip(placed, prompted, strict=True):
                span, of_span = flat_spans([(one.first, one.last)], model.device), torch.zeros(len(vectors)).long()
                found.append(model.head.pairs([words], span, vectors, of_span).tolist())
        return found


def follow(rule: Rule, some: Sequence[Case], size: int, score: Scorer) -> tuple[list[list[str]], float]:
    """The order of the candidates of each case by a rule, and prompts per case."""
    asking = [rule(case.labels, size) for case in some]
    waiting = {index: next(one) for index, one in enumerate(asking)}
    orders: list[list[str]] = [[] for _ in some]
    prompts = 0
    while waiting:
        asked = [(some[index], chunk) for index, chunks in waiting.items() for chunk in chunks]
        prompts += len(asked)
        answers = iter(score(asked))
        for index, chunks in list(waiting.items()):
            try:
                waiting[index] = asking[index].send([next(answers) for _ in chunks])
            except StopIteration as said:
                del waiting[index]
                orders[index] = sorted(some[index].labels, key=said.value.__getitem__, reverse=True)
    return orders, prompts / len(some)


def shipped(layer: GlinerReranker, some: Sequence[Case]) -> list[list[str]]:
    """The order that the reranker itself gives."""
    items = [
        [MentionCandidates(case.mention, tuple(Candidate(_entity(label), label, "exact") for label in case.labels))]
        for case in some
    ]
    return [
        [f"{one.label}: {one.entity.description}" for one in found.candidates]
        for (found,) in layer.rerank([case.text for case in some], items)
    ]


def _entity(label: str) -> Entity:
    name, _, description = label.partition(": ")
    return Entity(label, name, description=description)


def measure(folder: Path, title: str, size: int, count: int, seed: int) -> None:
    """Print the table of one set of mentions and one size of chunks."""
    layer = GlinerReranker(model=str(folder), max_labels=size, local_files_only=True)
    layer.open(Resources())
    some = cases(count, *SETS[title], seed)
    score, outcomes = Scorer(layer), dict[str, tuple[np.ndarray, float]]()
    number, least, most = SETS[title]
    names = f"{least} to {most}" if least < most else "all"
    print(f"\n{number} candidates, {names} of the name, {size} a prompt, {count} mentions")
    for name, rule in RULES.items():
        try:
            orders, prompts = follow(rule, some, size, score)
        except InputError as error:
            print(f"  {name}: {error}")
            continue
        ranks = [order.index(case.right) + 1 for order, case in zip(orders, some, strict=True)]
        outcomes[name] = np.array(ranks), prompts
        if name == OURS:
            real = [order[0] for order in shipped(layer, some[:20])]
            same = sum(order[0] == its for order, its in zip(orders, real, strict=False))
            print(f"  of {len(real)} mentions the reranker itself says the same for {same}")
    print(f"  {'rule':36} {'accuracy@1':>10} {'MRR':>6} {'prompts':>8}   against ours")
    ours, _ = outcomes[OURS]
    for name, (places, prompts) in outcomes.items():
        against = difference(places == 1, ours == 1) if name != OURS else ""
        first, mrr = (places == 1).mean(), (1 / places).mean()
        print(f"  {name:36} {first:10.3f} {mrr:6.3f} {prompts:8.1f}   {against}", flush=True)


def difference(mine: np.ndarray, ours: np.ndarray) -> str:
    """Points more than ours, with an interval, and how many only one of them gets right."""
    drawn = np.random.default_rng(0).integers(0, len(mine), (4_000, len(mine)))
    gaps = 100 * (mine[drawn].mean(1) - ours[drawn].mean(1))
    low, high = np.percentile(gaps, [2.5, 97.5])
    only = (mine & ~ours).sum(), (ours & ~mine).sum()
    more = 100 * (mine.mean() - ours.mean())
    return f"{more:+5.1f} [{low:+.1f}, {high:+.1f}], only it {only[0]}, only ours {only[1]}"


def main() -> None:
    """Train unless there is a model, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a folder: the model there, or where to keep it")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--absent", type=float, default=0.25, help="how often no label is right, in training")
    parser.add_argument("--mentions", type=int, default=300)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 20])
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="a little of all, to see that it runs")
    options = parser.parse_args()
    if options.quick:
        options.steps, options.mentions, options.sizes = 30, 20, [10]
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as passing:
        folder = options.model or Path(passing)
        if not (folder / "gliner_config.json").is_file():
            model = untrained(seed=1)
            train(model, options.steps, options.absent, seed=1)
            model.save_pretrained(folder, safe_serialization=True)
        for size in options.sizes:
            for title in options.sets:
                measure(folder, title, size, options.mentions, options.seed)


if __name__ == "__main__":
    main()
