"""What batches save: `nlp.pipe` with the pipe `glinker`, 64 documents at a time against one by one, and the same docs.

python benchmarks/spacy_pipe.py [ENTITIES] [--texts 2000] [--number 600] [--repeat 5]

ENTITIES is a file of entities as JSON lines; those of the examples if none is given, with more made of them up to the
number asked for. An entity ruler stands for NER; its time is shown apart.
"""

from __future__ import annotations

import argparse
import gc
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

EXAMPLES = Path(__file__).parent.parent / "examples" / "entities.jsonl"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("entities", nargs="?", type=Path, default=EXAMPLES)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--number", type=int, default=600, help="of entities")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args()
    chance = random.Random(given.seed)
    entities = list(_entities(given.entities, given.number))
    texts = list(_texts(entities, given.texts, chance))
    with tempfile.TemporaryDirectory() as folder:
        kb = Path(folder, "entities.jsonl")
        kb.write_text("".join(f"{json.dumps(entity)}\n" for entity in entities), encoding="utf-8")
        nlp = spacy.blank("en")
        ruler: Any = nlp.add_pipe("entity_ruler")
        names = {name: entity for entity in entities for name in (entity["label"], *entity.get("aliases", ()))}
        ruler.add_patterns([{"label": e.get("entity_type") or "X", "pattern": name} for name, e in names.items()])
        nlp.add_pipe("glinker", config={"kb": str(kb)})
        _report(nlp, texts, given.repeat, len(entities))


def _report(nlp: Language, texts: list[str], repeat: int, entities: int) -> None:
    single, batched = ([_shown(doc) for doc in nlp.pipe(texts, batch_size=size)] for size in (1, 64))
    assert single == batched == [_shown(nlp(text)) for text in texts], "docs differ"
    mentions = sum(map(len, single))
    linked = sum(bool(name) for doc in single for *_, name, _ in doc)
    print(f"spaCy {spacy.__version__}, {len(texts)} texts, {entities} entities, {mentions} mentions, {linked} linked")
    link: Any = nlp.get_pipe("glinker")
    ways: dict[str, Callable[[Iterator[Doc]], Iterable[Doc]]] = {
        "one by one": lambda docs: map(link, docs),
        "batches of 1": lambda docs: link.pipe(docs, batch_size=1),
        "batches of 64": lambda docs: link.pipe(docs, batch_size=64),
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeat):
        for name, way in ways.items():  # in turns, so that what else the machine does meets all of them
            with nlp.select_pipes(disable="glinker"):
                docs = [*nlp.pipe(texts)]
            gc.collect()  # or one way would pay for what the other has left
            took[name].append(_timed(lambda docs=docs, way=way: _consume(way(_handed_on(docs)))))
    base = statistics.median(took["one by one"])
    print("| the pipe `glinker` alone | texts/s of CPU, median | slowest and fastest round | against one by one |")
    print("|---|---|---|---|")
    for name, seconds in took.items():
        middle, rates = statistics.median(seconds), sorted(len(texts) / second for second in seconds)
        print(f"| {name} | {len(texts) / middle:,.0f} | {rates[0]:,.0f} to {rates[-1]:,.0f} | {base / middle:.2f} |")
    whole = {size: _timed(lambda size=size: _consume(nlp.pipe(texts, batch_size=size))) for size in (1, 64)}
    calls = _timed(lambda: _consume(map(nlp, texts)))
    print(f"all of nlp, tokenizer and ruler included: nlp(text) {len(texts) / calls:,.0f} texts/s, "
          f"nlp.pipe at 1 {len(texts) / whole[1]:,.0f}, at 64 {len(texts) / whole[64]:,.0f}")  # fmt: skip


def _handed_on(docs: list[Doc]) -> Iterator[Doc]:
    """The documents, of which none is kept, as in a stream."""
    docs.reverse()
    while docs:
        yield docs.pop()


def _consume(docs: Iterable[Doc]) -> None:
    for _ in docs:
        pass


def _timed(work: Any) -> float:
    started = time.process_time()  # all is one thread; what else the machine does is not counted
    work()
    return time.process_time() - started


def _shown(doc: Doc) -> list[tuple[Any, ...]]:
    return [(ent.start, ent.end, ent.label_, ent.kb_id_, ent._.glinker) for ent in doc.ents]


def _entities(path: Path, number: int) -> Iterator[dict[str, Any]]:
    """The entities of a file, then the same with other ids and names of their own beside the shared ones."""
    given = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for index in range(max(number, len(given))):
        entity, copy = given[index % len(given)], index // len(given)
        if copy:
            entity = {**entity, "entity_id": f"{entity['entity_id']}-{copy}", "popularity": 1,
                      "aliases": [entity["label"], f"{entity['label']} {copy}"],
                      "label": f"New {entity['label']} {copy}"}  # fmt: skip
        yield entity


def _texts(entities: list[dict[str, Any]], number: int, chance: random.Random) -> Iterator[str]:
    """Sentences of one to four names with words of descriptions around them."""
    for _ in range(number):
        chosen = chance.sample(entities, chance.randint(1, 4))
        words = [f"{e['label']} {' '.join(e.get('description', '').split()[:8])}" for e in chosen]
        yield f"They say that {', and '.join(words)}."


if __name__ == "__main__":
    main()
