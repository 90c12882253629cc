"""How fast the Redis cache recalls and remembers, and where the time goes.

    make services && python benchmarks/redis_cache.py [redis://host:port/db]

Batches of 500 answers of five candidates each (about 1 kB as JSON), the best of 20. In a namespace of its own, removed
afterwards.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from glinker_redis import answers as kept
from glinker_redis.cache import RedisCache

from glinker_core.model import Candidate, Entity

NAMES = [f"Paris {n}" for n in range(500)]
REPEATS = 20


def answer(name: str) -> tuple[Candidate, ...]:
    """Five homonyms with a description of a usual length."""
    description = "capital and largest city of France, on the Seine in the north of the country"
    aliases = (f"{name}, France", "Ville Lumière", "Lutetia")
    facts = {"country": "France", "founded": -250}
    entities = [Entity(f"{name}-{n}", name, aliases, description, "city", 900.5 - n, facts) for n in range(5)]
    return tuple(Candidate(entity, name, "normalised", {"l2": 0.99}) for entity in entities)


def best(work: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return min(times)


def main(url: str) -> None:
    """Print the table."""
    answers = {name: answer(name) for name in NAMES}
    keys = kept.keys("glinker-benchmark", "scope", NAMES)
    values = [kept.encode(key, answers[name]) for key, name in zip(keys, NAMES, strict=True)]
    cache = RedisCache(url=url, namespace="glinker-benchmark")
    cache.open()
    cache.remember(answers, "scope")
    assert cache.recall(NAMES, "scope") == list(answers.values())
    steps: dict[str, Callable[[], object]] = {
        "remember": lambda: cache.remember(answers, "scope"),
        "recall": lambda: cache.recall(NAMES, "scope"),
        "recall, nothing there": lambda: cache.recall(NAMES, "another scope"),
        "without a server: keys": lambda: kept.keys("glinker-benchmark", "scope", NAMES),
        "without a server: encode": lambda: [
            kept.encode(key, answers[name]) for key, name in zip(keys, NAMES, strict=True)
        ],
        "without a server: decode": lambda: [kept.decode(key, value) for key, value in zip(keys, values, strict=True)],
        "   of which JSON": lambda: [json.loads(value[4:].decode("utf-8", "surrogatepass")) for value in values],
    }
    print(f"{len(values[0])} bytes per answer")
    for step, work in steps.items():
        seconds = best(work)
        print(f"{step:26}{1000 * seconds:8.2f} ms{len(NAMES) / seconds:12,.0f} answers/s")
    cache.clear()
    cache.close()


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "redis://localhost:6379/0")
