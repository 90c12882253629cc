"""L3 and L4: candidates scored by a bi-encoder, and by a model that reads them with the text."""

from __future__ import annotations

from typing import Any

from gliner_bench import Bench, candidates_of, encoder_alone, linker_over, raw_labels, written
from gliner_equal import difference_of_linkers
from gliner_peer import NOTHING_PASSES, TEMPLATE, Seconds
from gliner_rounds import GLINKER, OURS, Part, Table, rounds, timed
from gliner_work import draw_pools, draw_texts, draw_things
from glinker_gliner.linker import GlinerLinker
from glinker_gliner.reranker import GlinerReranker
from glinker_gliner.vectors import EntityVectors

from glinker_core.resources import Resources

FEW = 2  # texts of a round for what is slow: embeddings of candidates made now


def l3(bench: Bench) -> Part:
    """Ten mentions a text, 10 to 1,000 candidates each, with embeddings in the store and without."""
    part, folder = Part(), bench.model()
    things = draw_things(bench.count(3_000, 1_200), 12, "l3")
    texts = draw_texts(8 * bench.rounds, 90, 110, "l3", mentions=10)
    slices = bench.slices(list(range(len(texts))))
    ours, cold = linker_over(folder, things, True), linker_over(folder, things, False)
    vectors = raw_labels(ours.loaded, [written(thing) for thing in things])
    if bench.child:
        bench.child.call("open_linker", "l3", "l3_batch", folder, things, True)
    ways: dict[str, Any] = {"the text encoder alone": lambda some: encoder_alone(ours.loaded, [texts[i] for i in some])}
    sizes = (10, 30, 100, 1_000)
    for size in sizes:
        pools = draw_pools(texts, len(things), size, "l3")
        items = [candidates_of(text, pools[index], things) for index, text in enumerate(texts)]
        _add_l3(ways, bench, f"{size}", ours, cold, texts, items, pools, things, vectors)
        if bench.child:
            for some in slices:
                for given, part_of in ((True, some), (False, some[:FEW])):
                    rows = zip(*[texts[i] for i in part_of], strict=True)
                    bench.child.call("work", f"{size} {some[0]} {given}", *rows, [pools[i] for i in part_of])
            for given in (True, False) if size <= 100 else (True,):
                ways[f"{size} {GLINKER}{', embeddings given' * given}"] = lambda some, size=size, given=given: (
                    bench.child.call("link", "l3", f"{size} {some[0]} {given}", given).times(
                        1 if given else len(some) / FEW
                    )
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
    every = Table("", "", 1, taken)
    for what, ten, thousand in (
        ("1 mention", "one, 10", "one, 1000"),
        ("10 mentions", f"10 {OURS}", f"1000 {OURS}"),
    ):
        value = every.ratio(thousand, ten, bench.clock)
        part.at_most(f"L3, {what} a text: 1,000 candidates / 10 candidates", 1.2, value)
    few = [(text, draw_pools([text], 300, 30, text.text)[0]) for text in texts[:4]]
    pairs, worst = difference_of_linkers(bench.library, cold, few, things)
    part.at_most(f"L3: difference to the library's scores, {pairs:,} pairs", 1e-5, worst)
    return part


def _add_l3(ways: dict[str, Any], bench: Bench, size: str, ours: GlinerLinker, cold: GlinerLinker, *work: Any) -> None:
    """Our ways and the library's for one number of candidates."""
    texts, items, pools, things, vectors = work

    def linked(linker: GlinerLinker, some: list[int]) -> None:
        linker.link([texts[i].text for i in some], [items[i] for i in some])

    def made_now(some: list[int]) -> Seconds:
        cold._vectors = EntityVectors(cold.loaded, TEMPLATE, Resources(), False, False, cold.batch_size)
        return timed(lambda: linked(cold, some[:FEW])).times(len(some) / FEW)

    def library(some: list[int]) -> None:
        for index in some:
            union = list(dict.fromkeys(number for pool in pools[index] for number in pool))
            spans = [[{"start": start, "end": end} for start, end in texts[index].spans]]
            labels = [written(things[number]) for number in union]
            given = {"threshold": NOTHING_PASSES, "input_spans": spans}
            bench.library.batch_predict_with_embeds([texts[index].text], vectors[union], labels, **given)

    linked(ours, list(range(len(texts))))  # what is measured is a stream: vectors come from the store once
    first = [some[:1] for some in items]
    ways[f"{size} {OURS}"] = lambda some: timed(lambda: linked(ours, some))
    ways[f"one, {size}"] = lambda some: timed(
        lambda: ours.link([texts[i].text for i in some], [first[i] for i in some])
    )
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
    items = [candidates_of(text, pools[index], things) for index, text in enumerate(texts)]
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
