"""The parts of `gliner_speed.py`: what is compared in each, and the bars."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import torch
from gliner_equal import difference_of_linkers, difference_of_mentions
from gliner_peer import NOTHING_PASSES, TEMPLATE, Child, Seconds
from gliner_rounds import GLINKER, OURS, Part, Table, rounds, timed
from gliner_work import LABELS, Text, Thing, draw_pools, draw_texts, draw_things
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.model import Model
from glinker_gliner.recognizer import GlinerRecognizer
from glinker_gliner.reranker import GlinerReranker
from glinker_gliner.vectors import EntityVectors
from glinker_gliner.windows import groups
from glinker_stores.dict import DictStore
from shapes import SHAPES, make

from glinker_core import ConfigBuilder, DAGExecutor
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.resources import Resources


@dataclass
class Bench:
    """Where the models are, how much is done, and the other interpreter."""

    folder: Path
    rounds: int
    size: float  # of the work, 1 for all
    clock: str
    child: Child | None

    def model(self, shape: str) -> str:
        """The folder of a model of that shape; made if it is not there."""
        folder = self.folder / shape
        if not (folder / "gliner_config.json").is_file():
            make(SHAPES[shape], 0).save_pretrained(folder, safe_serialization=True)
        return str(folder)

    def library(self, shape: str) -> Any:
        """The model as the library has it."""
        from gliner import GLiNER
        from transformers.initialization import no_init_weights

        with no_init_weights():
            return GLiNER.from_pretrained(self.model(shape)).eval()

    @cached_property
    def edge(self) -> Any:
        return self.library("edge")

    def count(self, number: int, least: int = 1) -> int:
        """So many at full size."""
        return max(least, round(number * self.size))

    def slices(self, items: Sequence[Any]) -> list[Any]:
        """The work in as many slices as there are rounds."""
        return [list(items[turn :: self.rounds]) for turn in range(self.rounds)]


def l1(bench: Bench) -> Part:
    """Mentions by type: mixed lengths, and one length at a time."""
    part = Part()
    folder, labels = bench.model("edge"), list(LABELS)
    ours = GlinerRecognizer(model=folder, labels=labels, threshold=NOTHING_PASSES)
    ours.open(Resources())
    embeddings = _raw_labels(ours.loaded, labels)
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
    part.at_most("L1: difference to the library's scores", 1e-5, difference_of_mentions(bench.edge, ours, few))
    return part


def _library_ways(bench: Bench, labels: list[str], embeddings: torch.Tensor) -> dict[str, Any]:
    """Its own entry points: batches, texts in order of length, embeddings of the labels computed before."""

    def way(size: int, ordered: bool, given: bool) -> Any:
        def run(texts: list[str]) -> None:
            some = sorted(texts, key=len) if ordered else texts
            if given:
                bench.edge.batch_predict_with_embeds(
                    some, embeddings, labels, threshold=NOTHING_PASSES, batch_size=size
                )
            else:
                bench.edge.inference(some, labels, threshold=NOTHING_PASSES, batch_size=size)

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


def _raw_labels(model: Model, labels: Sequence[str]) -> torch.Tensor:
    """What the library's `encode_labels` gives, without its padding."""
    with torch.inference_mode():
        return model._label_vectors(labels, 64, None).clone()


def l3(bench: Bench) -> Part:
    """Ten mentions a text, 10 to 1,000 candidates each, with embeddings in the store and without."""
    part, folder = Part(), bench.model("edge")
    things = draw_things(bench.count(3_000, 1_200), 12, "l3")
    per_round = bench.count(8, 2)
    texts = draw_texts(per_round * bench.rounds, 90, 110, "l3", mentions=10)
    slices = bench.slices(list(range(len(texts))))
    ours, cold = _linker(folder, things, True), _linker(folder, things, False)
    vectors = _raw_labels(ours.loaded, [_written(thing) for thing in things])
    if bench.child:
        bench.child.call("open_linker", "l3", "l3_batch", folder, things, True)
    ways: dict[str, Any] = {"the text encoder alone": lambda some: _encoder(ours.loaded, [texts[i] for i in some])}
    sizes = (10, 30, 100, 1_000)
    for size in sizes:
        pools = draw_pools(texts, len(things), size, "l3")
        items = [_candidates(text, pools[index], things) for index, text in enumerate(texts)]
        _add_l3(ways, bench, f"{size}", ours, cold, texts, items, pools, things, vectors)
        if bench.child:
            for turn, some in enumerate(slices):
                rows = [texts[i] for i in some]
                bench.child.call("work", f"{size} {turn}", *zip(*rows, strict=True), [pools[i] for i in some])
            for given in (True, False) if size <= 100 else (True,):
                ways[f"{size} {GLINKER}{', embeddings given' * given}"] = lambda some, size=size, given=given: (
                    bench.child.call("link", "l3", f"{size} {some[0]}", given)
                )
    taken = rounds(ways, slices)
    alone = taken.pop("the text encoder alone")
    for size in sizes:
        own = {name.partition(" ")[2]: of for name, of in taken.items() if name.startswith(f"{size} ")}
        title = f"L3, 10 x {size}: texts of 100 words, {len(things):,} entities"
        table = Table(title, "text", len(slices[0]), {**own, "the text encoder alone": alone})
        part.tables.append(table)
        share = table.ratio("the text encoder alone", OURS, bench.clock)
        table.notes = [f"the text encoder is {share:.0%} of the time of {OURS}"]
        if size == 30:
            if GLINKER in own:
                given, named = f"{GLINKER}, embeddings given", "embeddings in the store"
                part.at_least(f"L3, 10 x 30: {GLINKER} / ours, {named}", 3, table.ratio(given, OURS, bench.clock))
                warm = f"L3, 10 x 30: {GLINKER} without / ours"
                part.at_least(warm, 10, table.ratio(GLINKER, OURS, bench.clock))
                first = f"{OURS}, embeddings made now"
                value = 1 / table.ratio(first, GLINKER, bench.clock)
                part.tables[-1].notes.append(f"nobody has an embedding: {value:.2f} times as fast as {GLINKER}")
            part.at_least("L3, 10 x 30: share of the text encoder in our time", 0.85, share)
    both = Table("", "", 1, {"ten": taken[f"10 {OURS}"], "thousand": taken[f"1000 {OURS}"]})
    part.at_most("L3, 10 mentions: 1,000 candidates / 10 candidates", 1.2, both.ratio("thousand", "ten", bench.clock))
    few = [(text, draw_pools([text], 300, 30, text.text)[0]) for text in texts[:4]]
    pairs, worst = difference_of_linkers(bench.edge, cold, few, things)
    part.at_most(f"L3: difference to the library's scores, {pairs:,} pairs", 1e-5, worst)
    return part


def _add_l3(ways: dict[str, Any], bench: Bench, size: str, ours: GlinerLinker, cold: GlinerLinker, *work: Any) -> None:
    """Our ways and the library's for one number of candidates."""
    texts, items, pools, things, vectors = work

    def linked(linker: GlinerLinker, some: list[int]) -> None:
        linker.link([texts[i].text for i in some], [items[i] for i in some])

    def made_now(some: list[int]) -> Seconds:
        cold._vectors = EntityVectors(cold.loaded, TEMPLATE, Resources(), False, False, cold.batch_size)
        return timed(lambda: linked(cold, some))

    def library(some: list[int]) -> None:
        for index in some:
            union = list(dict.fromkeys(number for pool in pools[index] for number in pool))
            spans = [[{"start": start, "end": end} for start, end in texts[index].spans]]
            labels = [_written(things[number]) for number in union]
            given = {"threshold": NOTHING_PASSES, "input_spans": spans}
            bench.edge.batch_predict_with_embeds([texts[index].text], vectors[union], labels, **given)

    linked(ours, list(range(len(texts))))  # what is measured is a stream: vectors come from the store once
    ways[f"{size} {OURS}"] = lambda some: timed(lambda: linked(ours, some))
    if int(size) <= 100:
        ways[f"{size} {OURS}, embeddings made now"] = made_now
    ways[f"{size} library, embeddings given"] = lambda some: timed(lambda: library(some))


def l4(bench: Bench) -> Part:
    """Four mentions with 100 candidates each, in chunks of 20, by a model that reads them with the text."""
    part, folder, things = Part(), bench.model("rerank"), draw_things(1_000, 12, "l4")
    texts = draw_texts(bench.rounds, 90, 110, "l4", mentions=4)
    pools = draw_pools(texts, len(things), 100, "l4")
    ours = GlinerReranker(model=folder, max_labels=20, threshold=NOTHING_PASSES)
    ours.open(Resources())
    items = [_candidates(text, pools[index], things) for index, text in enumerate(texts)]
    ways: dict[str, Any] = {OURS: lambda i: timed(lambda: ours.rerank([texts[i].text], [items[i]]))}
    if bench.child:
        bench.child.call("open_linker", "l4", "l4_reranker", folder, things, False)
        for i, text in enumerate(texts):
            bench.child.call("work", f"l4 {i}", [text.text], [text.spans], [pools[i]])
        ways[GLINKER] = lambda i: bench.child.call("link", "l4", f"l4 {i}")
    taken = rounds(ways, list(range(len(texts))))
    title = "L4, 4 x 100: chunks of 20 candidates, a text of 100 words, rerank shape"
    part.tables.append(Table(title, "text", 1, taken))
    return part


def labels(bench: Bench) -> Part:
    """Embeddings of entities of 12 words."""
    part = Part()
    model = _linker(bench.model("edge"), [], False).loaded
    slices = bench.slices([_written(thing) for thing in draw_things(bench.count(10_000, 1_000), 12, "labels")])
    ways: dict[str, Any] = {
        OURS: lambda texts: timed(lambda: model.labels(texts, 64)),
        "library": lambda texts: _each(timed(lambda: bench.edge.encode_labels(texts[:32])), len(texts) / 32),
    }
    table = Table("labels: 12 words each", "label", len(slices[0]), rounds(ways, slices))
    table.notes = ["the library is given 32 a round"]
    part.tables.append(table)
    part.at_least("labels: library's encode_labels / ours", 20, table.ratio("library", OURS, bench.clock))
    return part


def _each(seconds: Seconds, times: float) -> Seconds:
    return Seconds(seconds.wall * times, seconds.cpu * times)


def load(bench: Bench) -> Part:
    """From the files to a model that is ready, in a fresh process each."""
    part, folder = Part(), bench.model("edge")
    ways = {name: lambda _, name=name: _loaded_apart(name, folder) for name in (OURS, "library")}
    taken = rounds(ways, list(range(min(bench.rounds, 3))))
    part.tables.append(Table("load, edge: after imports", "load", 1, taken))
    part.at_most("load of the edge shape, s of the processor", 1.5, part.tables[0].each(OURS, "cpu") / 1e3)
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
    part, folder, names = Part(), bench.model("edge"), list(LABELS)
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
    executor.load_entities([_entity(thing) for thing in things])
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


def _linker(folder: str, things: Sequence[Thing], precomputed: bool) -> GlinerLinker:
    """A linker over a dict store with the entities."""
    store = DictStore()
    store.open()
    store.upsert([_entity(thing) for thing in things])
    linker = GlinerLinker(model=folder, threshold=NOTHING_PASSES, use_precomputed_embeddings=precomputed)
    linker.open(Resources({"dict": store}))
    if precomputed:
        linker.precompute_embeddings(["dict"], 64)
    return linker


def _entity(thing: Thing) -> Entity:
    return Entity(thing.entity_id, thing.label, thing.aliases, thing.description)


def _written(thing: Thing) -> str:
    return TEMPLATE.format(label=thing.label, description=thing.description)


def _candidates(text: Text, pools: Sequence[Sequence[int]], things: Sequence[Thing]) -> list[MentionCandidates]:
    """The mentions of a text with their candidates, as a retriever hands them on."""
    return [
        MentionCandidates(
            Mention(start, end, text.text[start:end]),
            tuple(Candidate(_entity(things[n]), things[n].label, "exact", {"l2": 1.0}) for n in pool),
        )
        for (start, end), pool in zip(text.spans, pools, strict=True)
    ]


def _encoder(model: Model, texts: Sequence[Text]) -> Seconds:
    """The text encoder on the batches we make of texts, tokenised before."""
    words = [model.words(text.text).words for text in texts]
    batches = []
    for group in groups([len(some) for some in words], 16):
        inputs = model._processor.tokenize_inputs([words[index] for index in group], None)
        batches.append((inputs["input_ids"], inputs["attention_mask"]))
    with torch.inference_mode():
        return timed(lambda: [model._core.token_rep_layer.encode_text(*batch) for batch in batches])


PARTS = {"l1": l1, "l3": l3, "l4": l4, "pipeline": pipeline, "labels": labels, "load": load}
