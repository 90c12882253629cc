"""GLiNKER over the documents of `bulk_glinker.py`, in an interpreter of its own; no model has a part in it.

    OTHER/bin/python benchmarks/bulk_peer.py entities.jsonl documents.jsonl RULER exact,fuzzy SAMPLE

spaCy's patterns (RULER, a saved pipeline) find the mentions and its dictionary their candidates, set up as GLiNKER's
builder does. In the place of L3 each mention is given the label that is right, at no cost. Prints the milliseconds of
the processor for a document, and the shares of mentions that are linked and linked to the right entity.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

BATCH = 32


def main(entities: Path, documents: Path, ruler: str, modes: list[str], sample: int) -> None:
    """Load the entities, then link all texts."""
    from glinker.core import processor_registry as registry
    from glinker.l2.models import DatabaseRecord
    from glinker.l3.models import L3Entity

    fuzzy = {"max_distance": 64, "min_similarity": 0.75, "n_gram_size": 3, "prefix_length": 1}
    layer = {"type": "dict", "priority": 0, "search_mode": modes, "fuzzy": fuzzy, "config": {}}
    l1 = registry.get("l1_spacy")({"model": ruler, "batch_size": BATCH})
    l2 = registry.get("l2_chain")({"layers": [layer], "max_candidates": 5})
    l0 = registry.get("l0_aggregator")({})
    records = [json.loads(line) for line in entities.read_text().splitlines()]
    l2.component.layers[0].load_bulk([DatabaseRecord(**record) for record in records])
    read = [json.loads(line) for line in documents.read_text().splitlines()[:sample]]
    wanted = [{mention["start"]: mention for mention in document["mentions"]} for document in read]
    texts = [document["text"] for document in read]
    seconds, at, right = 0.0, 0, 0
    l1(texts=texts[:BATCH])
    for start in range(0, len(texts), BATCH):
        gold = wanted[start : start + BATCH]
        began = time.process_time()
        mentions = l1(texts=texts[start : start + BATCH]).entities
        candidates = l2(mentions=mentions).candidates
        seconds += time.process_time() - began
        chosen = [
            [
                L3Entity(text=one.text, label=known[one.start]["label"], start=one.start, end=one.end, score=1.0)
                for one in some
                if one.start in known
            ]
            for some, known in zip(mentions, gold, strict=True)
        ]
        began = time.process_time()
        result = l0(l1_entities=mentions, l2_candidates=candidates, l3_entities=chosen)
        seconds += time.process_time() - began
        for some, known in zip(result.entities, gold, strict=True):
            for one in some:
                if (
                    one.linked_entity is not None
                    and one.linked_entity.entity_id != "unknown"
                    and one.mention_start in known
                ):
                    at += 1
                    right += one.linked_entity.entity_id == known[one.mention_start]["entity_id"]
    whole = sum(map(len, wanted))
    print(json.dumps({"milliseconds": 1000 * seconds / len(texts), "linked": at / whole, "right": right / whole}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4].split(","), int(sys.argv[5]))
