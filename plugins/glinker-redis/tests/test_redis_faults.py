"""A server that fails costs time once, never an answer; then it is left alone, and used again when it is back."""

from __future__ import annotations

import logging
import socket
import threading
import time

import pytest

from glinker_core.errors import StoreError
from glinker_core.model import Candidate, Entity

ANSWERS = {name: (Candidate(Entity(f"q-{name}", name), name, "exact", {"l2": 1.0}),) for name in ("Paris", "Seine")}
FOUND = list(ANSWERS.values())


def recall(cache):
    return cache.recall(list(ANSWERS), "scope")


def fails(cache, message):
    with pytest.raises(StoreError, match=message) as caught:
        recall(cache)
    assert str(caught.value).startswith(f"{cache._place}: ")


def asked(monkeypatch, cache):
    """How often the server is asked from now on: a list that grows."""
    calls = []
    execute = cache._client.execute_command
    monkeypatch.setattr(cache._client, "execute_command", lambda *args: calls.append(args[0]) or execute(*args))
    return calls


def test_opening_waits_for_no_server(caches):
    cache = caches(port=1)
    fails(cache, r"cannot be reached \(.*Connection refused.*\); start the server, or correct its address")


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70])
def test_a_host_that_does_not_exist(caches, host):
    fails(caches(host=host), r"cannot be reached \(.*\); start the server, or correct its address")


def test_a_killed_server_is_left_alone_and_used_again_when_it_is_back(serve, caches, clock, monkeypatch):
    server = serve()
    cache = caches(port=server.port)
    cache.remember(ANSWERS, "scope")
    calls = asked(monkeypatch, cache)
    server.kill()
    fails(cache, "cannot be reached")
    assert calls == ["MGET", "MGET"]  # once more, in case only the connection was old
    server.start()
    for call in (lambda: recall(cache), lambda: cache.remember(ANSWERS, "scope"), cache.clear):
        with pytest.raises(StoreError, match="cannot be reached"):
            call()
    assert len(calls) == 2
    clock.wait(2.1)
    assert recall(cache) == [None, None]
    cache.remember(ANSWERS, "scope")
    assert recall(cache) == FOUND


def test_a_server_that_was_started_anew_between_two_batches_is_no_failure(serve, caches):
    server = serve()
    cache = caches(port=server.port)
    cache.remember(ANSWERS, "scope")
    for attempt in (lambda: recall(cache), lambda: cache.remember(ANSWERS, "scope")):
        server.kill()
        server.start()
        assert attempt() in ([None, None], None)


def test_it_is_left_alone_for_longer_each_time_up_to_a_minute(caches, clock, monkeypatch):
    cache = caches(port=1)
    calls = asked(monkeypatch, cache)
    rests = []
    for _ in range(8):
        fails(cache, "cannot be reached")
        started, before = clock.now, len(calls)
        while len(calls) == before:
            clock.wait(1)
            fails(cache, "cannot be reached")
        rests.append(clock.now - started)
        calls.clear()
        clock.wait(-1)
    assert rests[0] == 2
    assert rests == sorted(rests)
    assert rests[-1] <= 61


def test_a_stalled_server_costs_one_timeout_and_answers_rightly_afterwards(serve, caches, clock, monkeypatch):
    server = serve()
    cache = caches(port=server.port, timeout=0.2)
    cache.remember(ANSWERS, "scope")
    calls = asked(monkeypatch, cache)
    server.stall()
    for _ in range(100):
        fails(cache, r"no answer within 0\.2 s; see whether it is stopped or overloaded, or raise 'timeout'")
    assert calls == ["MGET"]
    server.wake()
    clock.wait(2.1)
    assert cache.recall(["Seine", "Nile"], "scope") == [ANSWERS["Seine"], None]  # not the late answer to the first


def test_a_stalled_server_costs_one_timeout_while_answers_are_written(serve, caches, clock, monkeypatch):
    server = serve()
    cache = caches(port=server.port, timeout=0.2)
    recall(cache)
    server.stall()
    with pytest.raises(StoreError, match="no answer within"):
        cache.remember(ANSWERS, "scope")
    calls = asked(monkeypatch, cache)
    fails(cache, "no answer within")
    assert calls == []


def test_what_accepts_and_never_answers_costs_one_timeout(caches, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        cache = caches(port=silent.getsockname()[1], password="hunter2", db=1, timeout=0.1)
        calls = asked(monkeypatch, cache)
        for _ in range(100):
            fails(cache, "no answer within 0.1 s")
        assert len(calls) == 1


def test_what_is_no_redis_is_an_error_and_not_an_answer(caches):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak_http():
            for _ in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        speaker = threading.Thread(target=speak_http)
        speaker.start()
        cache = caches(port=listener.getsockname()[1])
        with pytest.raises(StoreError, match="redis at "):
            recall(cache)
        with pytest.raises(StoreError, match="redis at "):
            caches(port=listener.getsockname()[1]).recall(["Paris"], "scope")
        speaker.join()


def test_one_thread_tries_again_while_the_others_go_on(serve, caches, clock, monkeypatch):
    server = serve()
    cache = caches(port=server.port, timeout=0.5)
    recall(cache)
    server.stall()
    fails(cache, "no answer")
    clock.wait(2.1)
    calls = asked(monkeypatch, cache)
    prober = threading.Thread(target=lambda: fails(cache, "no answer"))
    prober.start()
    deadline = time.monotonic() + 5
    while not calls:  # until it waits for the server
        assert time.monotonic() < deadline
    for _ in range(100):
        fails(cache, "no answer")
    prober.join()
    assert calls == ["MGET"]


def test_a_full_server_still_answers_and_is_not_left_alone(serve, caches):
    server = serve()
    cache = caches(port=server.port)
    cache.remember(ANSWERS, "scope")
    server.client().config_set("maxmemory", "1mb")
    long = {"long": (Candidate(Entity("long", "long", description="x" * 100_000), "long", "exact"),)}
    message = r"is full \(.*maxmemory.*\); let it evict \('maxmemory-policy allkeys-lru'\) or raise its 'maxmemory'"
    for _ in range(3):
        with pytest.raises(StoreError, match=message) as caught:
            cache.remember(long, "scope")
        assert "xxx" not in str(caught.value)
        assert recall(cache) == FOUND
    server.client().config_set("maxmemory", "0")
    cache.remember(long, "scope")
    assert cache.recall(["long"], "scope") == [long["long"]]


def test_a_wrong_password_is_told_and_never_shown(serve, caches, caplog):
    server = serve("--requirepass", "right-secret")
    for settings in (
        {"port": server.port, "password": "wrong-secret"},
        {"port": server.port},
        {"url": f"redis://:wrong-secret@127.0.0.1:{server.port}"},
    ):
        with caplog.at_level(logging.DEBUG), pytest.raises(StoreError) as caught:
            recall(caches(**settings))
        assert "the password is refused" in str(caught.value)
        assert "correct 'password', or the one in 'url'" in str(caught.value)
        assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r} {caught.value.__cause__} {caplog.text}"
    good = caches(port=server.port, password="right-secret")
    good.remember(ANSWERS, "scope")
    assert recall(good) == FOUND


def test_a_user_without_the_right_to_write_is_told(serve, caches):
    server = serve()
    server.client().acl_setuser("reader", enabled=True, nopass=True, keys=["*"], commands=["+mget"])
    cache = caches(url=f"redis://reader:x@127.0.0.1:{server.port}")
    assert recall(cache) == [None, None]
    with pytest.raises(StoreError, match=r"does not work as a cache .*; see its log and the rights of the user"):
        cache.remember(ANSWERS, "scope")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda client, key: client.set(key, b"garbage"),
        lambda client, key: client.set(key, b""),
        lambda client, key: client.set(key, b"[]"),
        lambda client, key: client.append(key, b" "),
        lambda client, key: client.setrange(key, 20, b"X"),
        lambda client, key: client.set(key, client.get(key)[:-3]),
        lambda client, key: (client.delete(key), client.lpush(key, "foreign")),
        lambda client, key: (client.delete(key), client.hset(key, "foreign", "data")),
    ],
)
def test_whatever_stands_under_a_key_is_a_miss_and_written_over(cache, spoil, caplog):
    cache.remember(ANSWERS, "scope")
    client = cache._client
    for key in client.scan_iter(f"{cache.namespace}:*", count=1000):
        spoil(client, key)
    assert recall(cache) == [None, None]
    warnings = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) <= 1
    assert all("a value cannot be read and counts as not remembered" in warning for warning in warnings)
    cache.remember(ANSWERS, "scope")
    assert recall(cache) == FOUND


def test_two_answers_that_changed_places_are_misses(cache):
    cache.remember(ANSWERS, "scope")
    client = cache._client
    one, other = client.scan_iter(f"{cache.namespace}:*", count=1000)
    values = client.mget(one, other)
    client.mset({one: values[1], other: values[0]})
    assert recall(cache) == [None, None]
