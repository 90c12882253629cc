from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from glinker_core.errors import StoreError
from glinker_core.model import Candidate, Entity
from tests import services


def answer(name: str) -> tuple[Candidate, ...]:
    return tuple(Candidate(Entity(f"{name}-{n}", name), name, "exact", {"l2": 1.0}) for n in range(3))


ANSWERS = {name: answer(name) for name in ("Paris", "Seine", "Troy")}


@pytest.fixture
def client():
    with redis.Redis.from_url(services.redis()) as client:
        yield client


def keys_of(client, namespace):
    return sorted(client.scan_iter(f"{namespace}:*", count=1000))


def test_two_processes_share_what_one_of_them_remembers(caches, namespace):
    first, second = (caches(url=services.redis(), namespace=namespace) for _ in range(2))
    first.remember(ANSWERS, "scope")
    assert second.recall(["Troy", "Nile", "Paris"], "scope") == [ANSWERS["Troy"], None, ANSWERS["Paris"]]


def test_two_namespaces_do_not_see_each_other(caches, namespace):
    one, other = (caches(url=services.redis(), namespace=f"{namespace}{end}") for end in ("", ":b"))
    one.remember(ANSWERS, "scope")
    assert other.recall(["Paris"], "scope") == [None]
    other.remember({"Paris": ()}, "scope")
    assert one.recall(["Paris"], "scope") == [ANSWERS["Paris"]]


def test_clear_takes_what_is_its_own_and_nothing_else(caches, client, namespace):
    one, longer = (caches(url=services.redis(), namespace=f"{namespace}{end}") for end in ("", ":1"))
    one.remember({str(n): () for n in range(2500)}, "scope")
    longer.remember(ANSWERS, "scope")
    strangers = [f"{namespace}:mine", f"{namespace}:1:mine", f"{namespace}:x:{'0' * 32}"]
    for key in strangers:
        client.set(key, "theirs")
    old = f"{namespace}:0:{'0' * 32}"  # an earlier format
    client.set(old, "old")
    one.clear()
    assert one.recall(["1"], "scope") == [None]
    assert longer.recall(list(ANSWERS), "scope") == list(ANSWERS.values())
    left = [key.decode() for key in keys_of(client, namespace)]
    assert set(strangers) < set(left)
    assert old not in left
    assert len(left) == len(strangers) + len(ANSWERS)


def test_answers_are_forgotten_after_their_time(caches, client, namespace):
    brief = caches(url=services.redis(), namespace=namespace, ttl=1)
    brief.remember(ANSWERS, "scope")
    assert brief.recall(["Paris"], "scope") == [ANSWERS["Paris"]]
    deadline = time.monotonic() + 5
    while brief.recall(["Paris"], "scope") != [None]:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert keys_of(client, namespace) == []


@pytest.mark.parametrize(("ttl", "said"), [(0, -1), (500, 500)])
def test_no_time_to_live_is_for_ever(caches, client, namespace, ttl, said):
    caches(url=services.redis(), namespace=namespace, ttl=ttl).remember({"Paris": ()}, "scope")
    (key,) = keys_of(client, namespace)
    assert said - 10 < client.ttl(key) <= said


def test_a_batch_is_one_round_trip(serve, caches, namespace):
    """As the server counts them: commands, and how often it read from a connection."""
    server = serve()
    cache = caches(port=server.port, namespace=namespace)
    cache.recall(["warm"], "scope")
    watcher = server.client()
    names = [f"name {n}" for n in range(500)]
    watcher.config_resetstat()
    cache.remember(dict.fromkeys(names, ()), "scope")
    assert cache.recall(names, "scope") == [()] * 500
    stats = watcher.info("commandstats")
    assert (stats["cmdstat_mget"]["calls"], stats["cmdstat_set"]["calls"]) == (1, 500)
    assert set(stats) == {"cmdstat_mget", "cmdstat_set", "cmdstat_config|resetstat"}
    assert watcher.info("stats")["total_reads_processed"] < 100  # not 500: the commands come in a few packets


def test_nothing_asked_is_nothing_sent(caches):
    unreachable = caches(port=1)
    assert unreachable.recall([], "scope") == []
    unreachable.remember({}, "scope")


def test_threads_share_one_cache(cache):
    def work(worker: int) -> bool:
        mine = {f"{worker}-{n}": answer(f"{worker}-{n}") for n in range(50)}
        for name, candidates in mine.items():
            cache.remember({name: candidates}, "scope")
            assert cache.recall([name, "nobody"], "scope") == [candidates, None]
        return cache.recall(list(mine), "scope") == list(mine.values())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(8)))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(cache):
    """Parent and child would otherwise read each other's answers."""
    cache.remember(ANSWERS, "scope")
    expected = list(ANSWERS.values())
    child = os.fork()
    if child == 0:
        same = all(cache.recall(list(ANSWERS), "scope") == expected for _ in range(200))
        os._exit(0 if same else 1)
    assert all(cache.recall(list(ANSWERS), "scope") == expected for _ in range(200))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_a_closed_cache_says_so_and_opens_again(cache):
    cache.remember(ANSWERS, "scope")
    cache.close()
    for call in (lambda: cache.recall(["Paris"], "scope"), lambda: cache.remember(ANSWERS, "scope"), cache.clear):
        with pytest.raises(StoreError, match=r"redis at .*: not open; call open\(\) first"):
            call()
    cache.open()
    assert cache.recall(["Paris"], "scope") == [ANSWERS["Paris"]]


def test_what_json_would_change_is_not_remembered_and_that_is_said_once(cache, caplog):
    odd = (Candidate(Entity("a", "a", metadata={"years": (1, 2)}), "a", "exact"),)
    cache.remember({"odd": odd, "Paris": ANSWERS["Paris"]}, "scope")
    cache.remember({"odd again": odd}, "scope")
    assert cache.recall(["odd", "Paris", "odd again"], "scope") == [None, ANSWERS["Paris"], None]
    (record,) = caplog.records
    assert record.getMessage() == (
        f"{cache._place}: an answer cannot be remembered: 'odd': metadata would come back changed; "
        "use lists rather than tuples and strings as keys"
    )
