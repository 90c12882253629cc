"""Invented entities and documents for the benchmarks of bulk runs."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

Record = Mapping[str, Any]


def write_lines(path: Path, records: Iterable[Record]) -> Path:
    """Records as lines of JSON."""
    with path.open("w") as stream:
        stream.writelines(json.dumps(record) + "\n" for record in records)
    return path


def entities(count: int, per_name: float) -> Iterator[Record]:
    """Invented places, so many of each name, and none of the other names like another but by chance."""
    names = [name.capitalize() for name in map("".join, product(_FIRST, _LAST))]
    names += [name.capitalize() for name in map("".join, product(_FIRST, _FIRST, _LAST))]
    names += [f"{name} {second.capitalize()}" for second in _LAST for name in names]
    distinct = round(count / per_name)
    topics = list(product(_TOPICS, _TOPICS))
    random.Random(5).shuffle(topics)
    for number in range(count):
        first, second = topics[number % len(topics)]
        yield {
            "entity_id": f"e{number}",
            "label": names[number % distinct],
            "description": f"a place of {first} and {second}",
            "popularity": number * 31 % 97,
        }


def plain_documents(count: int, names: list[str]) -> Iterator[Record]:
    """Sentences of 300 characters over the names, with nothing that tells namesakes apart."""
    drawn = random.Random(7)
    for number in range(count):
        words = [drawn.choice(names) if at % 8 == 3 else drawn.choice(_WORDS) for at in range(45)]
        yield {"id": f"d{number}", "text": f"The {' '.join(words)}."}


def told_documents(count: int, known: list[Record]) -> Iterator[Record]:
    """Sentences of 300 characters over five entities each, whose ids stand in `mentions`.

    Every tenth name has a letter too few. Behind seven in ten names stands a word of the entity's description.
    """
    drawn = random.Random(7)
    for number in range(count):
        text, mentions = "The", []
        for entity in drawn.choices(known, k=5):
            text += "".join(f" {drawn.choice(_WORDS)}" for _ in range(4)) + " "
            name = entity["label"]
            if drawn.random() < 0.1:
                at = drawn.randrange(2, len(name) - 1)
                name = name[:at] + name[at + 1 :]
            mentions.append(
                {"start": len(text), "end": len(text) + len(name), "text": name, "entity_id": entity["entity_id"]}
            )
            text += name
            if drawn.random() < 0.7:
                text += f" {drawn.choice(entity['description'].split()[3::2])}"
        text += "".join(f" {drawn.choice(_WORDS)}" for _ in range(5)) + "."
        yield {"id": f"d{number}", "text": text, "mentions": mentions}


_FIRST = ("al", "bren", "cor", "dun", "el", "fal", "gor", "hal", "ist", "jor", "kal", "lom", "mar", "nor", "ost", "pel")
_LAST = ("burg", "castle", "dale", "field", "ford", "haven", "holm", "mere", "mouth", "port", "stead", "ton", "wick")
_WORDS = """
river harbour council meeting market bridge season weather station engine library garden window winter summer captain
teacher doctor village mountain valley forest railway paper letter story number colour music kitchen morning evening
minute island corner street circle shadow silver copper
""".split()  # noqa: SIM905  # a list of forty strings is no easier to read
_TOPICS = [
    a + b
    for a, b in product(
        ("bra", "che", "dri", "glo", "plu", "sti", "tre", "vro"),
        ("cket", "lf", "ndle", "mp", "rt", "sk", "zen", "ggle", "rmin", "thic"),
    )
]
