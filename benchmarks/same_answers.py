"""Whether all stores give the same answers: random edits of a knowledge base, and random queries in all modes.

    python benchmarks/same_answers.py [FILE] [--edits 1000] [--queries 10000] [--seed 1] [--postgres URL]

FILE has entities as JSON lines; without it, names are made of syllables, so that many are near others. After an edit or
several (entities added, changed, replaced, kept, deleted; rarely all of them) each store answers some of the queries in
one batch: names as they are written, mistyped, cut, turned round, in part, by their initials, words of descriptions,
and names nobody has. Answers are compared whole: entities, names, kinds of match, scores, order. PostgreSQL is left out
where it does not answer; its schema is emptied before and after.
"""

from __future__ import annotations

import argparse
import itertools
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from attrs import evolve
from corpora import read_entities
from glinker_stores.dict import DictStore
from glinker_stores.lookup import MODES
from glinker_stores.postgres import PostgresStore
from glinker_stores.sqlite import SqliteStore

from glinker_core.errors import StoreError
from glinker_core.layers import Search, Store
from glinker_core.model import Entity

URL = "postgresql://glinker:glinker@localhost:5432/glinker"
POOL = 2_000  # entities that edits draw from
SYLLABLES = ("ber", "lin", "ham", "burg", "köln", "new", "york", "san", "ta", "de", "la", "of", "u.s.", "東", "京", "s")
TYPES = ("city", "river", "person", "")


def generated(draw: random.Random) -> Iterator[Entity]:
    """Entities whose names have much in common."""
    for number in range(POOL):
        names = [_made_name(draw) for _ in range(draw.choice((1, 1, 2, 4)))]
        description = " ".join(
            draw.choices(("capital", "of", "France", "a", "river", "Berlin", "old"), k=draw.randrange(6))
        )
        popularity = draw.choice((0, 1, draw.randrange(100), draw.random() * 1e6))
        yield Entity(f"e{number}", names[0], tuple(names[1:]), description, draw.choice(TYPES), popularity)


def _made_name(draw: random.Random) -> str:
    words = ("".join(draw.choices(SYLLABLES, k=draw.choice((1, 2, 2, 3)))) for _ in range(draw.choice((1, 1, 2, 3))))
    return draw.choice((str.title, str.upper, str))(" ".join(words))


def pool_of(path: Path, draw: random.Random) -> list[Entity]:
    """Neighbours in a file, among which names are near each other more often than among others."""
    start = draw.randrange(1_000)
    return list(itertools.islice(read_entities(path), start, start + POOL))


def edit(stores: Iterable[Store], there: dict[str, Entity], pool: Sequence[Entity], draw: random.Random) -> str:
    """Change all stores in the same way, and what should be in them."""
    kind = draw.choices(("replace", "keep", "change", "delete", "clear"), (40, 5, 30, 25, 0.2))[0]
    if kind == "clear":
        for store in stores:
            store.clear()
        there.clear()
        return kind
    if kind == "delete":
        gone = draw.sample(sorted(there), min(len(there), draw.choice((1, 2, 20))))
        for store in stores:
            store.delete(gone)
        for entity_id in gone:
            del there[entity_id]
        return kind
    new = draw.choices(pool, k=draw.choice((1, 3, 30, 100)))
    if kind == "change":
        new = [_changed(one, draw) for one in draw.sample(sorted(there.values(), key=_id), min(len(there), 5))]
    policy = "keep" if kind == "keep" else "replace"
    said = [store.upsert(new, policy) for store in stores]
    assert all(one == said[0] for one in said), said
    for one in new:
        if policy == "replace" or one.entity_id not in there:
            there[one.entity_id] = one
    return kind


def _id(entity: Entity) -> str:
    return entity.entity_id


def _changed(entity: Entity, draw: random.Random) -> Entity:
    return draw.choice(
        (
            evolve(entity, popularity=draw.choice((0, 1.5, draw.randrange(1000)))),
            evolve(entity, label=f"{_mistyped(entity.label, draw)} {draw.choice(SYLLABLES)}"),
            evolve(entity, aliases=(*entity.aliases[1:], _made_name(draw))),
            evolve(entity, description=f"{entity.description} {_made_name(draw)}", metadata={"edited": True}),
        )
    )


def query(there: Sequence[Entity], draw: random.Random) -> str:
    """A name, a word of a description, or something like one of them."""
    if not there or draw.random() < 0.1:
        return draw.choice((_made_name(draw), "", "?", "zzzz", "\x00", "%_'"))
    one = draw.choice(there)
    name = draw.choice(one.names)
    words = name.split() or [name]
    return draw.choice(
        (
            name,
            name.swapcase(),
            _mistyped(name, draw),
            _mistyped(_mistyped(name, draw), draw),
            " ".join(reversed(words)),
            name + "s",
            "".join(words),
            draw.choice(words),
            name[: draw.randrange(1, len(name) + 1)],
            "".join(word[0] for word in words),
            draw.choice(one.description.split() or ["capital"]),
            f"{name} {draw.choice(SYLLABLES)}",
        )
    )


def _mistyped(name: str, draw: random.Random) -> str:
    at = draw.randrange(len(name) + 1)
    letter = draw.choice("aeinrst ")
    return draw.choice(
        (name[:at] + letter + name[at:], name[:at] + name[at + 1 :], name[:at] + letter + name[at + 1 :])
    )


def search_of(draw: random.Random) -> Search:
    """A way to search: any modes in any order, with any limits."""
    return Search(
        modes=tuple(draw.sample(MODES, draw.randrange(1, len(MODES) + 1))),
        limit=draw.choice((1, 3, 30)),
        max_distance=draw.choice((0, 1, 2)),
        min_similarity=draw.choice((0.3, 0.75)),
        prefix_length=draw.choice((0, 0, 1)),
        min_popularity=draw.choice((0, 0, 2)),
        min_cosine=draw.choice((0.2, 0.4)),
        types=draw.choice(((), (), TYPES[:2], ("",))),
        fill=draw.random() < 0.5,
    )


def compare(
    stores: Mapping[str, Store], pool: Sequence[Entity], edits: int, queries: int, seed: int, report: Any = None
) -> Counter[str]:
    """Edit and ask all stores, which are empty; how often each was done. AssertionError says where answers differ."""
    draw, done = random.Random(seed), Counter[str]()
    there: dict[str, Entity] = {}
    for number in range(edits):
        done[edit(stores.values(), there, pool, draw)] += 1
        if draw.random() < 0.5 and number + 1 < edits:  # the next edit comes before anybody looks
            continue
        known = sorted(there.values(), key=_id)
        share = queries * (number + 1) // edits - done["queries"]
        asked, search = [query(known, draw) for _ in range(share)], search_of(draw)
        (first, expected), *others = [(name, store.search(asked, search)) for name, store in stores.items()]
        for name, answers in others:
            for one, mine, theirs in zip(asked, expected, answers, strict=True):
                assert mine == theirs, f"edit {number}: {one!r} by {search}\n{first}: {mine}\n{name}: {theirs}"
        done["queries"] += len(asked)
        done["candidates"] += sum(map(len, expected))
        done.update(f"match {one.match}" for answer in expected for one in answer)
        if report:
            report(number + 1, done)
    for name, store in stores.items():
        assert list(store.entities()) == sorted(there.values(), key=_id), f"entities of {name}"
        names = sorted((surface, one.entity_id) for one in there.values() for surface in one.names)
        assert sorted((one.surface, one.entity_id) for one in store.names()) == names, f"names of {name}"
    return done


def _main() -> None:
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, help="entities as JSON lines")
    parser.add_argument("--edits", type=int, default=1_000)
    parser.add_argument("--queries", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--postgres", default=URL, metavar="URL", help="a database to make a schema in")
    parser.add_argument("--schema", default="same_answers", help="which is emptied")
    given = parser.parse_args()
    draw = random.Random(given.seed)
    pool = pool_of(given.file, draw) if given.file else list(generated(draw))
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        stores: dict[str, Any] = {"dict": DictStore(), "sqlite": SqliteStore(str(Path(folder) / "kb.db"))}
        stores["postgres"] = PostgresStore(given.postgres, schema=given.schema)
        for name in list(stores):
            try:
                stores[name].open()
            except StoreError as error:
                print(f"{name} is left out: {error}", file=sys.stderr)
                del stores[name]
                continue
            stack.callback(stores[name].close)
            stack.callback(stores[name].clear)
            stores[name].clear()
        started = time.monotonic()
        done = compare(stores, pool, given.edits, given.queries, given.seed, _show if sys.stderr.isatty() else None)
    kinds = ", ".join(f"{done[kind]} {kind}" for kind in ("replace", "change", "keep", "delete", "clear") if done[kind])
    print(
        f"{', '.join(stores)}: identical answers to {done['queries']:,} queries in {time.monotonic() - started:.0f} s"
    )
    print(f"edits: {kinds}; candidates: {done['candidates']:,}")
    matches = sorted(((count, kind[6:]) for kind, count in done.items() if kind.startswith("match ")), reverse=True)
    print(f"matches: {', '.join(f'{count:,} {kind}' for count, kind in matches)}")


def _show(edits: int, done: Counter[str]) -> None:
    print(f"\r{edits} edits, {done['queries']:,} queries", end="", file=sys.stderr)


if __name__ == "__main__":
    _main()
