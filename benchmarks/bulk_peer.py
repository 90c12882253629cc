"""GLiNKER over the documents of `bulk.py`, in an interpreter of its own; no model has a part in it.

    OTHER/bin/python benchmarks/bulk_peer.py entities.jsonl documents.jsonl RULER

spaCy's patterns (RULER, a saved pipeline) find the mentions, its dictionary finds their candidates, and in the place of
L3 the first candidate of each mention is taken, at no cost. Prints the seconds of the processor that linking took, and
how many mentions were linked.
"""

from __future__ import annotations

import json
import sys
import time
import warnings
from pathlib import Path

BATCH = 32


def main(entities: Path, documents: Path, ruler: str) -> None:
    """Load the entities, then link all texts."""
    from glinker.core import processor_registry as registry
    from glinker.l2.models import DatabaseRecord
    from glinker.l3.models import L3Entity

    layer = {"type": "dict", "priority": 0, "search_mode": ["exact"], "config": {}}
    l1 = registry.get("l1_spacy")({"model": ruler, "batch_size": BATCH})
    l2 = registry.get("l2_chain")({"layers": [layer], "max_candidates": 30})
    l0 = registry.get("l0_aggregator")({})
    records = [json.loads(line) for line in entities.read_text().splitlines()]
    l2.component.layers[0].load_bulk([DatabaseRecord(**record) for record in records])
    texts = [json.loads(line)["text"] for line in documents.read_text().splitlines()]
    began, linked = time.process_time(), 0
    for start in range(0, len(texts), BATCH):
        mentions = l1(texts=texts[start : start + BATCH]).entities
        candidates = l2(mentions=mentions).candidates
        chosen = [
            [
                L3Entity(text=mention.text, label=mention.text, start=mention.start, end=mention.end, score=1.0)
                for mention in some
            ]
            for some in mentions
        ]
        result = l0(l1_entities=mentions, l2_candidates=candidates, l3_entities=chosen)
        linked += sum(one.linked_entity is not None for some in result.entities for one in some)
    print(json.dumps({"seconds": time.process_time() - began, "linked": linked}))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
