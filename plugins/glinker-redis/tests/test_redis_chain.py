"""The cache in its place: before a slower store, in a chain."""

from __future__ import annotations

import logging

import glinker_redis
import pytest

from glinker_core import DAGExecutor, NodeError, Plugins, builtin
from glinker_core.model import Entity
from glinker_core.testing import plugin as fakes
from glinker_core.testing.store import FakeStore
from tests import services

PARIS = [Entity("fr", "Paris", popularity=900), Entity("tx", "Paris", popularity=25), Entity("seine", "Seine")]


@pytest.fixture
def asked(monkeypatch):
    """What the store behind the cache is asked."""
    questions = []
    search = FakeStore.search
    monkeypatch.setattr(
        FakeStore, "search", lambda self, names, how: questions.append(names) or search(self, names, how)
    )
    return questions


@pytest.fixture
def run():
    """Makes pipelines that look names up in a `fake` store behind a cache, filled with entities."""
    opened = []

    def make(entities=PARIS, layer=None, chain=None, **settings):
        layers = [{"type": "redis", "priority": 1, "config": settings, **(layer or {})}, {"type": "fake"}]
        nodes = [
            {"id": "l1", "processor": "l1_external"},
            {"id": "l2", "processor": "l2_chain", "config": {"layers": layers, **(chain or {})}},
        ]
        known = Plugins({"builtin": builtin, "fakes": fakes, "redis": glinker_redis})
        executor = DAGExecutor({"name": "test", "nodes": nodes}, plugins=known)
        opened.append(executor)
        executor.load_entities(entities, target_layers=["fake"])
        return executor

    yield make
    for executor in opened:
        executor.close()


def ids(executor, *names):
    mentions = [[{"start": 0, "end": len(name), "text": name}] for name in names]
    result = executor.execute({"texts": list(names), "entities": mentions}).get("l2_result")
    return [[candidate.entity_id for candidate in items[0].candidates] for items in result]


def test_a_second_process_does_not_ask_the_slower_store(run, asked, namespace):
    where = {"url": services.redis(), "namespace": namespace}
    first = run(**where)
    assert ids(first, "Paris", "Nile", "Seine") == [["fr", "tx"], [], ["seine"]]
    second = run(**where)
    assert ids(second, "Seine", "Nile", "Paris") == [["seine"], [], ["fr", "tx"]]
    assert asked == [["Paris", "Nile", "Seine"]]


def test_a_changed_knowledge_base_never_gets_stale_candidates(run, asked, namespace):
    where = {"url": services.redis(), "namespace": namespace}
    executor = run(**where)
    assert ids(executor, "Paris", "Nile") == [["fr", "tx"], []]
    executor.load_entities([Entity("nile", "Nile")], target_layers=["fake"])
    assert ids(executor, "Paris", "Nile") == [["fr", "tx"], ["nile"]]
    executor.resources.store("fake").delete(["fr"])
    assert ids(executor, "Paris", "Nile") == [["tx"], ["nile"]]
    assert ids(run([], **where), "Paris", "Nile") == [[], []]
    before = len(asked)
    assert ids(run(**where), "Paris", "Nile") == [["fr", "tx"], []]  # as it was at first: remembered
    assert len(asked) == before


def test_another_way_to_search_has_answers_of_its_own(run, namespace):
    where = {"url": services.redis(), "namespace": namespace}
    assert ids(run(**where), "Pariss") == [["fr", "tx"]]
    assert ids(run(chain={"max_candidates": 1}, **where), "Pariss") == [["fr"]]


def test_a_server_that_dies_during_a_run_is_one_warning_and_a_counter(run, serve, clock, caplog):
    server = serve()
    executor = run(port=server.port)
    assert ids(executor, "Paris") == [["fr", "tx"]]
    server.kill()
    with caplog.at_level(logging.WARNING):
        for _ in range(20):
            assert ids(executor, "Paris", "Nile") == [["fr", "tx"], []]
    (record,) = caplog.records
    assert "redis at localhost:" in record.getMessage()
    assert "start the server" in record.getMessage()
    (counter,) = executor.resources.counters.items()
    assert "'redis'" in counter[0]
    assert counter[1] == 20
    server.start()
    clock.wait(2.1)
    assert ids(executor, "Paris") == [["fr", "tx"]]
    assert executor.resources.counters[counter[0]] == 20
    assert server.client().dbsize() == 1


def test_a_stalled_server_does_not_hold_up_a_run(run, serve, clock):
    server = serve()
    executor = run(port=server.port, timeout=0.2)
    assert ids(executor, "Paris") == [["fr", "tx"]]
    server.stall()
    for _ in range(50):
        assert ids(executor, "Paris", "Seine") == [["fr", "tx"], ["seine"]]
    server.wake()
    clock.wait(2.1)
    assert ids(executor, "Seine", "Paris") == [["seine"], ["fr", "tx"]]


def test_a_full_server_does_not_hold_up_a_run(run, serve, caplog):
    server = serve("--maxmemory", "1mb")
    executor = run([Entity("long", "long", description="x" * 100_000), *PARIS], port=server.port)
    for _ in range(3):
        assert ids(executor, "long", "Paris") == [["long"], ["fr", "tx"]]
    (record,) = caplog.records
    assert "maxmemory" in record.getMessage()


def test_a_cache_that_is_meant_to_be_there_is_an_error_when_it_is_not(run):
    executor = run(port=1, layer={"on_error": "raise"})
    with pytest.raises(NodeError, match=r"node 'l2', batch 0 .*: redis at localhost:1, db 0: cannot be reached"):
        ids(executor, "Paris")


def test_a_wrong_password_is_not_shown_by_a_run(run, serve, caplog, monkeypatch):
    monkeypatch.setenv("REDIS_PASSWORD", "wrong-secret")
    server = serve("--requirepass", "right-secret")
    executor = run(port=server.port, password="${REDIS_PASSWORD}")
    with caplog.at_level(logging.DEBUG):
        assert ids(executor, "Paris") == [["fr", "tx"]]
    assert "the password is refused" in caplog.text
    assert "secret" not in caplog.text


def test_clearing_the_databases_forgets_the_answers(run, asked, namespace):
    executor = run(url=services.redis(), namespace=namespace)
    ids(executor, "Paris")
    executor.clear_databases()
    assert executor.resources.caches["redis"]._client.keys(f"{namespace}*") == []
    assert ids(executor, "Paris") == [[]]
