"""Recall of gold mentions, by their strings alone, under each way to search, on the development corpora.

    python benchmarks/retrieval.py FOLDER [--corpus geo] [--modes exact,fuzzy] [--misses 50]

FOLDER is the one with `general`, `geo` and `bio`. Only mentions whose gold entity is in the knowledge base count, each
as often as it occurs; a string is looked up once. GLiNKER's row is a sample of the mentions, as it scans everything.
Rates are those of a store just opened, and rough; `stores.py` measures them.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from attrs import evolve
from corpora import CORPORA, Corpus, Gold
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore
from methods import MissingError
from peers import Glinker

from glinker_core.layers import Search, Store
from glinker_core.model import Entity

#: The rows of the table. One whose modes the store does not know is left out, and said.
SETTINGS = {
    ", ".join(modes): Search(modes=modes)
    for modes in (
        ("exact",),
        ("exact", "fuzzy"),
        ("exact", "variant", "fuzzy"),
        ("exact", "variant", "fuzzy", "partial"),
        ("exact", "variant", "fuzzy", "partial", "initials"),
        ("exact", "variant", "fuzzy", "partial", "initials", "similar"),
        ("exact", "variant", "partial", "initials", "fuzzy", "similar"),
        ("exact", "variant", "similar"),
        ("similar",),
    )
}
RANKS = (1, 10, 30)

Lookup = Callable[[Sequence[str]], list[list[str]]]  # names to the ids of their candidates, best first


def main() -> None:
    """Print one table for each corpus."""
    options = _options()
    settings = dict(SETTINGS)
    if options.modes:
        settings = {modes: Search(modes=tuple(modes.split(","))) for modes in options.modes}
    if options.fill:
        settings = {title: evolve(search, fill=True) for title, search in settings.items()}
    for name in options.corpus or CORPORA:
        corpus = CORPORA[name](options.folder)
        print(
            f"\n{corpus.name}: {len(corpus.entities):,} entities; {corpus.mentions:,} of {corpus.linked:,} linked"
            f" mentions have their gold there, {len({gold.text for gold in corpus.golds}):,} different strings"
        )
        print(f"{'':58}{'n':>8}" + "".join(f"{f'R@{rank}':>8}" for rank in RANKS) + f"{'names/s':>10}")
        with tempfile.TemporaryDirectory() as folder:
            store: Store = DictStore() if options.store == "dict" else SqliteStore(str(Path(folder, "kb.db")))
            store.open()
            store.upsert(corpus.entities)
            for title, search in settings.items():
                if unknown := set(search.modes).difference(getattr(type(store), "modes", ())):
                    print(f"{title:58}{'no mode ' + ', '.join(sorted(unknown)):>24}")
                    continue
                store.close()  # what the row before this one left in memory is not for this one
                store.open()
                found = _row(title, corpus.golds, _ids(store, search))
                if options.misses:
                    _tell_misses(corpus, found, options.misses)
            store.close()
        if options.glinker:
            _glinker_row(corpus, options.glinker, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the development data")
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="this corpus alone; may be repeated")
    parser.add_argument(
        "--modes", action="append", help="these modes, with commas, instead of the table; may be repeated"
    )
    parser.add_argument("--fill", action="store_true", help="go on to the next mode until there are enough candidates")
    parser.add_argument("--store", choices=("dict", "sqlite"), default="sqlite")
    parser.add_argument("--misses", type=int, default=0, metavar="N", help="print the N mentions each row misses most")
    parser.add_argument("--glinker", type=int, default=150, metavar="N", help="size of GLiNKER's sample; 0 for none")
    parser.add_argument("--seed", type=int, default=1, help="what GLiNKER's sample is drawn with")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"{options.folder}: is not there; give the folder of the development data")
    return options


def _ids(store: Store, search: Search) -> Lookup:
    return lambda names: [[candidate.entity_id for candidate in found] for found in store.search(names, search)]


def _row(title: str, golds: Sequence[Gold], lookup: Lookup) -> dict[str, list[str]]:
    """Look up each string once, print recall and rate, and give what was found."""
    names = list(dict.fromkeys(gold.text for gold in golds))
    started = time.perf_counter()
    found = dict(zip(names, lookup(names), strict=True))
    took = time.perf_counter() - started
    total = sum(gold.count for gold in golds)
    recalls = [
        sum(gold.count for gold in golds if not gold.entity_ids.isdisjoint(found[gold.text][:rank])) / total
        for rank in RANKS
    ]
    print(f"{title:58}{total:8,}" + "".join(f"{recall:8.3f}" for recall in recalls) + f"{len(names) / took:10,.0f}")
    return found


def _tell_misses(corpus: Corpus, found: dict[str, list[str]], count: int) -> None:
    """Print the most frequent mentions that are not found within the last rank."""
    missed = [gold for gold in corpus.golds if gold.entity_ids.isdisjoint(found[gold.text][: RANKS[-1]])]
    entities = {entity.entity_id: entity for entity in corpus.entities}
    for gold in sorted(missed, key=lambda gold: (-gold.count, gold.text))[:count]:
        golds = " | ".join(_named(entities[entity_id]) for entity_id in sorted(gold.entity_ids))
        print(f"    {gold.count:4} x {gold.text!r} -> {golds}; found {len(found[gold.text])}")


def _named(entity: Entity) -> str:
    aliases = ", ".join(entity.aliases[:8]) + (" ..." if len(entity.aliases) > 8 else "")
    return entity.label + (f" ({aliases})" if aliases else "")


def _glinker_row(corpus: Corpus, count: int, seed: int) -> None:
    glinker = Glinker()
    try:
        glinker.open()
    except MissingError as error:
        print(error)
        return
    glinker.add(corpus.entities)
    drawn = random.Random(seed).choices(corpus.golds, [gold.count for gold in corpus.golds], k=count)
    golds = [Gold(gold.text, gold.entity_ids, 1) for gold in drawn]
    _row("GLiNKER exact, fuzzy", golds, lambda names: list(map(glinker.ids, glinker.search("fuzzy", names))))


if __name__ == "__main__":
    main()
