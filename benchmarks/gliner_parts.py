"""The parts of `gliner_speed.py`: what is compared in each, and the bars."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import torch
from gliner_bench import Bench, entity_of, linker_over, raw_labels, written
from gliner_equal import difference_of_mentions
from gliner_linking import l3, l4
from gliner_peer import NOTHING_PASSES, Seconds
from gliner_rounds import GLINKER, OURS, Part, Table, rounds, timed
from gliner_work import LABELS, Thing, draw_texts, draw_things
from glinker_gliner.recognizer import GlinerRecognizer

from glinker_core import ConfigBuilder, DAGExecutor
from glinker_core.resources import Resources


def l1(bench: Bench) -> Part:
    """Mentions by type: mixed lengths, and one length at a time."""
    part = Part()
    folder, labels = bench.model(), list(LABELS)
    ours = GlinerRecognizer(model=folder, labels=labels, threshold=NOTHING_PASSES)
    ours.open(Resources())
    embeddings = raw_labels(ours.loaded, labels)
    if bench.child:
        bench.child.call("open_l1", folder, labels)
    for title, count, lengths in (
        ("L1, 5-300 words", 1_000, (5, 300)),
        ("L1, 20 words", 200, (20, 20)),
        ("L1, 100 words", 100, (100, 100)),
        ("L1, 300 words", 50, (300, 300)),
    ):
        drawn = [text.text for text in draw_texts(bench.count(count, bench.rounds * 4), *lengths, title)]
        slices = bench.slices(drawn)
        trial = _library_ways(bench, labels, embeddings)
        tried = rounds(trial, [slices[0]], slices[0][:1])
        best = min(tried, key=lambda name: getattr(tried[name][0], bench.clock))
        ways: dict[str, Any] = {OURS: lambda texts: timed(lambda: ours.recognize(texts)), best: trial[best]}
        if bench.child:
            ways |= {
                name: lambda texts, given=given: bench.child.call("l1", texts, given)
                for name, given in ((GLINKER, False), (f"{GLINKER}, label embeddings given", True))
            }
        table = Table(
            f"{title}: {len(drawn)} texts, {len(labels)} labels",
            "text",
            len(slices[0]),
            rounds(ways, slices, drawn[:1]),
        )
        table.notes = ["library, one round: " + "; ".join(_tried(tried, len(slices[0]), bench.clock))]
        part.tables.append(table)
        if GLINKER in ways:
            part.at_least(f"{title}: {GLINKER}'s loop / ours", 1.5, table.ratio(GLINKER, OURS, bench.clock))
        part.at_least(f"{title}: best of the library / ours", 1.0, table.ratio(best, OURS, bench.clock))
    few = draw_texts(4, 30, 60, "equal")
    part.at_most("L1: difference to the library's scores", 1e-5, difference_of_mentions(bench.library, ours, few))
    return part


def _library_ways(bench: Bench, labels: list[str], embeddings: torch.Tensor) -> dict[str, Any]:
    """Its own entry points: batches, texts in order of length, embeddings of the labels computed before."""

    def way(size: int, ordered: bool, given: bool) -> Any:
        def run(texts: list[str]) -> None:
            some = sorted(texts, key=len) if ordered else texts
            if given:
                bench.library.batch_predict_with_embeds(
                    some, embeddings, labels, threshold=NOTHING_PASSES, batch_size=size
                )
            else:
                bench.library.inference(some, labels, threshold=NOTHING_PASSES, batch_size=size)

        return lambda texts: timed(lambda: run(texts))

    return {
        f"library, batch {size}{', by length' * ordered}{', embeddings' * given}": way(size, ordered, given)
        for size in (1, 8, 16, 32)
        for ordered in (False, True)
        for given in (False, True)
        if size > 1 or not ordered
    }


def _tried(tried: dict[str, list[Seconds]], items: int, clock: str) -> Iterator[str]:
    for name, (one,) in tried.items():
        yield f"{name.removeprefix('library, ')} {1e3 * getattr(one, clock) / items:.1f} ms"


def labels(bench: Bench) -> Part:
    """Embeddings of entities of 12 words; the library, which takes a second for eight, is given a sample."""
    part = Part()
    model = linker_over(bench.model(), [], False).loaded
    count = bench.count(100_000, 1_000)
    slices = bench.slices([written(thing) for thing in draw_things(count, 12, "labels")])
    ways: dict[str, Any] = {
        OURS: lambda texts: timed(lambda: model.labels(texts, 64)),
        "library": lambda texts: timed(lambda: bench.library.encode_labels(texts[:32])).times(len(texts) / 32),
    }
    table = Table(f"labels: {count:,} of 12 words each", "label", len(slices[0]), rounds(ways, slices))
    table.notes = [f"the library is given 32 of {len(slices[0]):,} a round, and the time taken so many times"]
    part.tables.append(table)
    part.at_least("labels: library's encode_labels / ours", 20, table.ratio("library", OURS, bench.clock))
    return part


def load(bench: Bench) -> Part:
    """From the files to a model that is ready, in a fresh process each."""
    part, folder = Part(), bench.model()
    ways = {name: lambda _, name=name: _loaded_apart(name, folder) for name in (OURS, "library")}
    taken = rounds(ways, list(range(min(bench.rounds, 3))))
    part.tables.append(Table(f"load, {bench.shape}: after imports", "load", 1, taken))
    part.at_most(f"load of the {bench.shape} shape, s of the processor", 1.5, part.tables[0].each(OURS, "cpu") / 1e3)
    return part


def _loaded_apart(name: str, folder: str) -> Seconds:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(_load, name, folder).result()


def _load(name: str, folder: str) -> Seconds:
    import gliner
    from glinker_gliner import loading

    torch.set_num_threads(1)
    if name == OURS:
        return timed(lambda: loading.load(loading.ModelSpec(folder)))
    return timed(lambda: gliner.GLiNER.from_pretrained(folder))


def pipeline(bench: Bench) -> Part:
    """L1, L2, L3 and L0 with one model, entities in a dict; names are those that the recogniser finds."""
    part, folder, names = Part(), bench.model(), list(LABELS)
    texts = [text.text for text in draw_texts(bench.rounds * bench.count(16, 4), 20, 200, "pipeline")]
    threshold, found = _some_mentions(folder, names, texts)
    of_thing: list[list[str]] = [[] for _ in range(300)]
    for number, name in enumerate(found):  # each name is that of ten entities
        for step in range(10):
            of_thing[(number * 7 + step * 31) % len(of_thing)].append(name)
    things = draw_things(len(of_thing), 12, "pipeline", of_thing)
    slices = bench.slices(texts)
    executor = _executor(folder, names, things, threshold)
    ways: dict[str, Any] = {OURS: lambda some: timed(lambda: executor.execute({"texts": some}))}
    if bench.child:
        for name, given in ((GLINKER, False), (f"{GLINKER}, embeddings given", True)):
            bench.child.call("open_pipeline", name, folder, names, things, threshold, given)
            ways[name] = lambda some, name=name: bench.child.call("pipeline", name, some)
    table = Table(
        f"L1+L2+L3+L0: {len(texts)} texts of 20-200 words, {len(names)} labels, 300 entities",
        "text",
        len(slices[0]),
        rounds(ways, slices, texts[:1]),
    )
    l1_result, l2_result = (executor.execute({"texts": slices[0]}).get(f"l{n}_result") for n in (1, 2))
    counts = [sum(map(len, l1_result)), sum(len(item.candidates) for items in l2_result for item in items)]
    table.notes = [f"{OURS} has {counts} mentions and candidates in the first round"]
    if bench.child:
        (_, theirs) = bench.child.ask("pipeline", GLINKER, slices[0])
        table.notes.append(f"{GLINKER} has {theirs}")
        part.at_least(f"L1+L2+L3+L0: {GLINKER} / ours", 4, table.ratio(GLINKER, OURS, bench.clock))
        given = f"{GLINKER}, embeddings given"
        part.at_least(f"L1+L2+L3+L0: {given} / ours", 4, table.ratio(given, OURS, bench.clock))
    part.tables.append(table)
    executor.close()
    return part


def _executor(folder: str, names: list[str], things: list[Thing], threshold: float) -> DAGExecutor:
    builder = ConfigBuilder(name="speed")
    builder.l1.gliner(model=folder, labels=names, threshold=threshold)
    builder.l2.add("dict", search_mode=["exact"])
    builder.l3.configure(model=folder, threshold=NOTHING_PASSES, use_precomputed_embeddings=True)
    executor = DAGExecutor(builder.get_config())
    executor.load_entities([entity_of(thing) for thing in things])
    executor.precompute_embeddings(batch_size=64)
    return executor


def _some_mentions(folder: str, names: list[str], texts: list[str]) -> tuple[float, list[str]]:
    """A threshold that about six mentions a text pass, and the names of all that do."""
    ours = GlinerRecognizer(model=folder, labels=names, threshold=0.5)
    ours.open(Resources())
    low, high = 0.3, 0.9
    for _ in range(10):
        ours.threshold = (low + high) / 2
        if sum(map(len, ours.recognize(texts[:3]))) > 18:
            low = ours.threshold
        else:
            high = ours.threshold
    ours.threshold = round(low, 4)
    found = [mention.text for mentions in ours.recognize(texts) for mention in mentions]
    return ours.threshold, list(dict.fromkeys(found))


PARTS = {"l1": l1, "l3": l3, "l4": l4, "pipeline": pipeline, "labels": labels, "load": load}
