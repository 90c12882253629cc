"""Accuracy of linking gold mentions on the development corpora: trivial baselines beside the lexical linker.

    python benchmarks/accuracy.py FOLDER [--corpus geo] [--write docs/reference/benchmarks.md]

FOLDER is the one with `general`, `geo` and `bio`. Only mentions whose gold entity is in the knowledge base count. In
`general` entities without a description are left out, and its alias table is used where the row says so, with 1 / rank
as the uses of a name; popularity in `bio` is counted in train alone. With `learnt`, priors and names come from
annotated documents by `glinker kb learn-priors --names`: from train for `bio`, for `general` from four fifths of its
documents for the last fifth, five times. A second table has pipelines that find the mentions themselves, as
`end_to_end.py` measures them.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date
from pathlib import Path

import end_to_end
from attrs import frozen
from glinker_eval.gold import GoldDocument
from glinker_lexical.linker import LexicalLinker
from parts import CORPORA, MODES, Part, filled, mentions_of

from glinker_core.builtin.shortened import joined, longer_names
from glinker_core.layers import Search, Store
from glinker_core.model import Candidate, MentionCandidates

Found = dict[str, tuple[Candidate, ...]]

SEARCHES = {
    "exact, fuzzy": Search(("exact", "fuzzy")),
    "all": Search(MODES),
    "all, fill": Search(MODES, fill=True),
}
LONGER = ", longer"  # behind the name of a search: names are looked up by the longer names of their document too
RECALL_AT = 30


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
    there = [name for name in options.corpus or CORPORA if _is_there(name, options.folder)]
    for name in there:
        for row in _rows(CORPORA[name](options.folder), name, options.search or SEARCHES):
            rows.append(row)
            print(_line(*_cells(row)), flush=True)
    whole = []
    print(end_to_end.line("corpus", "pipeline", "precision", "recall", "F1", "links"))
    for name in there:
        if name in end_to_end.CORPORA:
            for one in end_to_end.rows(name, options.folder):
                whole.append(one)
                print(end_to_end.line(*end_to_end.cells(one)), flush=True)
    if options.write:
        options.write.write_text(_page(rows, whole), encoding="utf-8")


def _is_there(name: str, folder: Path) -> bool:
    found = (folder / name.partition(",")[0] / "entities.jsonl.gz").is_file()
    if not found:
        print(f"{name}: is not in {folder}")
    return found


def _rows(parts: Sequence[Part], name: str, searches: Sequence[str]) -> Iterator[Row]:
    documents = [document for part in parts for document in part.documents]
    longer = {document.id: longer_names(document.text, mentions_of(document)) for document in documents}
    with tempfile.TemporaryDirectory() as place, ExitStack() as stack:
        stores = [filled(part, Path(place, f"{number}.db")) for number, part in enumerate(parts)]
        for store in stores:
            stack.callback(store.close)
        for title in searches:
            alone, joint = list[Found](), list[Found]()
            for part, store in zip(parts, stores, strict=True):
                found = _found(part.documents, longer, store, SEARCHES[title])
                for document in part.documents:
                    full = longer[document.id]
                    alone.append(found)
                    joint.append(found | {n: joined(n, some, found, RECALL_AT) for n, some in full.items()})
            yield _measured(name, title, documents, alone)
            yield _measured(name, title + LONGER, documents, joint)


def _found(
    documents: Sequence[GoldDocument], longer: Mapping[str, Mapping[str, Sequence[str]]], store: Store, search: Search
) -> Found:
    names = dict.fromkeys(mention.text for document in documents for mention in document.mentions)
    names |= dict.fromkeys(n for document in documents for some in longer[document.id].values() for n in some)
    return dict(zip(names, store.search(list(names), search), strict=True))


def _measured(name: str, title: str, documents: Sequence[GoldDocument], found: Sequence[Found]) -> Row:
    items = [
        [MentionCandidates(m, known[m.text]) for m in mentions_of(d)] for d, known in zip(documents, found, strict=True)
    ]
    texts = [document.text for document in documents]
    started = time.process_time()
    linked = LexicalLinker().link(texts, items)
    took = time.process_time() - started
    ranked = [
        (frozenset(mention.entity_ids), before.candidates, item.candidates)
        for document, given, after in zip(documents, items, linked, strict=True)
        for mention, before, item in zip(document.mentions, given, after, strict=True)
        if mention.entity_ids
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


def _cells(row: Row) -> tuple[str, ...]:
    shares = (row.recall, row.exact, row.popularity, row.lexical)
    return row.corpus, row.search, f"{row.mentions:,}", *(f"{one:.3f}" for one in shares), f"{row.rate:,.0f}"


def _line(corpus: str, search: str, *cells: str) -> str:
    return f"{corpus:24}{search:24}" + "".join(f"{cell:>11}" for cell in cells)


def _page(rows: Sequence[Row], whole: Sequence[end_to_end.Row]) -> str:
    causes = "\n".join(f"* {one.corpus}: {one.causes}" for one in whole if one.pipeline == "default")
    head = ("corpus", "search", "mentions", f"recall@{RECALL_AT}", "exact", "popularity", "`l3_lexical`", "kB/s")
    return f"""# Accuracy

Share of gold mentions whose best candidate is right, by `python benchmarks/accuracy.py FOLDER --write FILE` on
{date.today().isoformat()}, Python {platform.python_version()}, {platform.machine()}, one core of a shared machine. Only
mentions whose entity is in the knowledge base count. The corpora are development data that is not part of the
repository: `general` is OKE 2015 and 2016, Reuters-128 and RSS-500 against Wikipedia titles with a description, `geo`
LGL and GeoVirus against GeoNames, `bio` the dev part of BC5CDR against MeSH and MEDIC. The weights of the linker were
chosen with their help.

{_table(head, map(_cells, rows))}

* `exact`: the first candidate of the same name. `popularity`: the best known of them.
* `alias table`: surfaces that another system knows for entities, with their ranks.
* `learnt`: priors and names by `glinker kb learn-priors --names`, from BC5CDR's train part for `bio`, for `general` by
  cross-validation over documents (learnt on four fifths, measured on the last).
* `search`: `all` is {", ".join(MODES)};
  with `fill` each mode is asked until there are {RECALL_AT} candidates; with `longer` names are looked up
  by the longer names of their document as well (`longer_names` of `l2_chain`).
* `kB/s`: text linked per second of processor time, by the linker alone with all its candidates there.

## With the mentions found by the pipeline

Strong annotation match, micro-averaged over annotations of entities in the knowledge base (InKB), as `glinker eval`
counts them.

{_table(("corpus", "pipeline", "precision", "recall", "F1", "links"), map(end_to_end.cells, whole))}

* `popularity`: `l1_gazetteer` and the best known entity of the same name; `no guard` takes every name it finds.
* `default`: what `glinker link` runs. The guard is `words` for `bio`, `case` for the others.
* These corpora annotate what they are about, places for instance, and not every name that a knowledge base has: what is
  found beside that counts as wrong.

Where the errors of the default come from (see [Find the cause of errors](../how-to/find-the-cause-of-errors.md)), `-`
what is missed, `+` what is extra:

{causes}
"""


def _table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ("---",) * len(head), *lines))


if __name__ == "__main__":
    main()
