"""Accuracy of linking gold mentions on the development corpora: trivial baselines beside the lexical linker.

    python benchmarks/accuracy.py FOLDER [--corpus geo] [--write docs/reference/benchmarks.md]

FOLDER is the one with `general`, `geo` and `bio`. Only mentions whose gold entity is in the knowledge base count. In
`general` entities without a description are left out, and its alias table is used where the row says so, with 1 / rank
as the uses of a name; popularity in `bio` is counted in train alone, and with `names of train` the strings of its
mentions are names with their counts, which is what any annotated documents can give.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from attrs import evolve, frozen
from glinker_lexical.linker import LexicalLinker
from glinker_stores.sqlite import SqliteStore

from glinker_core.builtin.shortened import joined, longer_names
from glinker_core.files import read_lines
from glinker_core.layers import Search
from glinker_core.model import Candidate, Entity, Mention, MentionCandidates
from glinker_core.names import normalise

Found = dict[str, tuple[Candidate, ...]]

MODES = ("exact", "variant", "fuzzy", "partial", "initials", "similar")
SEARCHES = {
    "exact, fuzzy": Search(("exact", "fuzzy")),
    "all": Search(MODES),
    "all, fill": Search(MODES, fill=True),
}
LONGER = ", longer"  # behind the name of a search: names are looked up by the longer names of their document too
RECALL_AT = 30


@frozen
class Gold:
    """A document, its mentions and for each the entities of which any is right, none where it has none in the KB."""

    text: str
    mentions: tuple[Mention, ...]
    right: tuple[frozenset[str], ...]


@frozen
class Row:
    """One line of the table."""

    corpus: str
    search: str
    mentions: int
    recall: float
    exact: float
    popularity: float
    lexical: float
    rate: float  # kB of text per second, the linker alone


def main() -> None:
    """Print the table, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="the folder of the development data")
    parser.add_argument("--corpus", action="append", choices=CORPORA, help="this corpus alone; may be repeated")
    parser.add_argument("--search", action="append", choices=SEARCHES, help="this search alone; may be repeated")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table as a page")
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"{options.folder}: is not there; give the folder of the development data")
    rows = []
    print(_line("corpus", "search", "mentions", f"R@{RECALL_AT}", "exact", "popularity", "lexical", "kB/s"))
    for name in options.corpus or CORPORA:
        if not (options.folder / name.partition(",")[0] / "entities.jsonl.gz").is_file():
            print(f"{name}: is not in {options.folder}")
            continue
        for row in _rows(name, options.folder, options.search or SEARCHES):
            rows.append(row)
            print(_line(*_cells(row)), flush=True)
    if options.write:
        options.write.write_text(_page(rows), encoding="utf-8")


def _rows(name: str, folder: Path, searches: Sequence[str]) -> Iterator[Row]:
    entities, documents = CORPORA[name](folder)
    names = list(dict.fromkeys(mention.text for document in documents for mention in document.mentions))
    with tempfile.TemporaryDirectory() as place:
        store = SqliteStore(str(Path(place, "kb.db")))
        store.open()
        store.upsert(entities)
        longer = [longer_names(document.text, document.mentions) for document in documents]
        names = list(dict.fromkeys([*names, *(other for full in longer for some in full.values() for other in some)]))
        for title in searches:
            found = dict(zip(names, store.search(names, SEARCHES[title]), strict=True))
            yield _measured(name, title, documents, [found] * len(documents))
            joint = [
                found | {one: joined(one, some, found, RECALL_AT) for one, some in full.items()} for full in longer
            ]
            yield _measured(name, title + LONGER, documents, joint)
        store.close()


def _measured(name: str, title: str, documents: Sequence[Gold], found: Sequence[Found]) -> Row:
    items = [
        [MentionCandidates(m, known[m.text]) for m in d.mentions] for d, known in zip(documents, found, strict=True)
    ]
    texts = [document.text for document in documents]
    started = time.process_time()
    linked = LexicalLinker().link(texts, items)
    took = time.process_time() - started
    ranked = [
        (right, before.candidates, item.candidates)
        for document, given, after in zip(documents, items, linked, strict=True)
        for right, before, item in zip(document.right, given, after, strict=True)
        if right
    ]

    def share(hit: Callable[[frozenset[str], Sequence[str]], bool], best: Callable[..., Sequence[Candidate]]) -> float:
        return sum(hit(right, [c.entity_id for c in best(given, after)]) for right, given, after in ranked) / len(
            ranked
        )

    def first(right: frozenset[str], ids: Sequence[str]) -> bool:
        return bool(ids) and ids[0] in right

    def exact(given: Sequence[Candidate], _: object) -> list[Candidate]:
        return [one for one in given if one.match in ("exact", "normalised")]

    def popular(given: Sequence[Candidate], _: object) -> list[Candidate]:
        return sorted(exact(given, _), key=lambda one: -one.entity.popularity) or list(given)

    return Row(
        name,
        title,
        len(ranked),
        share(lambda right, ids: not right.isdisjoint(ids[:RECALL_AT]), lambda given, _: given),
        share(first, exact),
        share(first, popular),
        share(first, lambda _, after: after),
        sum(map(len, texts)) / 1000 / took,
    )


def _general(folder: Path, table: bool = False) -> tuple[list[Entity], list[Gold]]:
    entities = []
    for row in _read(folder / "general/entities.jsonl.gz"):
        if row["description"]:
            ranks = row["anchor_aliases"] if table else {}
            uses = {normalise(surface): 1 / rank for surface, rank in ranks.items()}
            entities.append(_entity(row, tuple(ranks), uses))
    return entities, _documents(folder / "general/documents.jsonl.gz", entities)


def _geo(folder: Path) -> tuple[list[Entity], list[Gold]]:
    entities = [_entity(row) for row in _read(folder / "geo/entities.jsonl.gz")]
    return entities, _documents(folder / "geo/documents.jsonl.gz", entities)


def _bio(folder: Path, train: bool = False) -> tuple[list[Entity], list[Gold]]:
    popularity: Counter[str] = Counter()
    names: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row in _read(folder / "bio/documents_train.jsonl.gz"):
        for mention in row["mentions"]:
            for entity_id in _ids(mention):
                popularity[entity_id] += 1
                names[entity_id][mention["text"]] += 1
    entities = []
    for row in _read(folder / "bio/entities.jsonl.gz"):
        learnt = names[row["entity_id"]] if train else Counter()
        uses: Counter[str] = Counter()
        for name, count in learnt.items():
            uses[normalise(name)] += count
        entities.append(evolve(_entity(row, tuple(sorted(learnt)), uses), popularity=popularity[row["entity_id"]]))
    return entities, _documents(folder / "bio/documents_dev.jsonl.gz", entities)


CORPORA: dict[str, Callable[[Path], tuple[list[Entity], list[Gold]]]] = {
    "general": _general,
    "general, alias table": lambda folder: _general(folder, table=True),
    "geo": _geo,
    "bio": _bio,
    "bio, names of train": lambda folder: _bio(folder, train=True),
}


def _entity(row: dict[str, Any], more: tuple[str, ...] = (), uses: Any = None) -> Entity:
    aliases = tuple(dict.fromkeys((*row["aliases"], *more)))
    metadata = {"priors": dict(uses)} if uses else {}
    given = (row["description"], row["entity_type"], row["popularity"], metadata)
    return Entity(row["entity_id"], row["label"], aliases, *given)


def _documents(path: Path, entities: Sequence[Entity]) -> list[Gold]:
    known = {entity.entity_id for entity in entities}
    documents = []
    for row in _read(path):
        mentions = tuple(Mention(m["start"], m["end"], m["text"]) for m in row["mentions"])
        right = tuple(frozenset(known.intersection(_ids(mention))) for mention in row["mentions"])
        documents.append(Gold(row["text"], mentions, right))
    return documents


def _ids(mention: dict[str, Any]) -> list[str]:
    return (mention.get("entity_ids") or [mention["entity_id"]]) if mention["entity_id"] is not None else []


def _read(path: Path) -> Iterator[dict[str, Any]]:
    return map(json.loads, read_lines(path))


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.recall, row.exact, row.popularity, row.lexical)
    return row.corpus, row.search, f"{row.mentions:,}", *(f"{one:.3f}" for one in shares), f"{row.rate:,.0f}"


def _line(corpus: str, search: str, *cells: str) -> str:
    return f"{corpus:24}{search:24}" + "".join(f"{cell:>11}" for cell in cells)


def _page(rows: Sequence[Row]) -> str:
    head = ("corpus", "search", "mentions", f"recall@{RECALL_AT}", "exact", "popularity", "`l3_lexical`", "kB/s")
    table = "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *map(_cells, rows)))
    return f"""# Accuracy

Share of gold mentions whose best candidate is right, by `python benchmarks/accuracy.py FOLDER --write FILE` on
{date.today().isoformat()}, Python {platform.python_version()}, {platform.machine()}, one core of a shared machine. Only
mentions whose entity is in the knowledge base count. The corpora are development data that is not part of the
repository: `general` is OKE 2015 and 2016, Reuters-128 and RSS-500 against Wikipedia titles with a description, `geo`
LGL and GeoVirus against GeoNames, `bio` the dev part of BC5CDR against MeSH and MEDIC. The weights of the linker were
chosen with their help.

{table}

* `exact`: the first candidate of the same name. `popularity`: the best known of them.
* `alias table`: surfaces that another system knows for entities, with their ranks.
* `names of train`: how the mentions of BC5CDR's train part are written, with their counts.
* `search`: `all` is {", ".join(MODES)};
  with `fill` each mode is asked until there are {RECALL_AT} candidates; with `longer` names are looked up
  by the longer names of their document as well (`longer_names` of `l2_chain`).
* `kB/s`: text linked per second of processor time, by the linker alone with all its candidates there.
"""


if __name__ == "__main__":
    main()
