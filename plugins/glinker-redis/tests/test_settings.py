import glinker_redis
import pytest
from glinker_redis.cache import RedisCache

from glinker_core import ConfigBuilder, ConfigError, DAGExecutor, Plugins, builtin
from glinker_core.errors import Problem
from glinker_core.source import dotted
from glinker_core.structure import structure
from glinker_core.testing import plugin as fakes


def everything():
    return Plugins({"builtin": builtin, "fakes": fakes, "redis": glinker_redis})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": 0}, "port must be from 1 to 65535, got 0"),
        ({"db": -1}, "db must not be negative, got -1"),
        ({"ttl": -1}, "ttl must not be negative, got -1"),
        ({"timeout": 0.0}, "timeout must be more than 0 seconds, got 0.0"),
        ({"namespace": ""}, "namespace must be made of letters, digits and . : _ -, got ''"),
        ({"namespace": "a*"}, r"namespace must be made of .*, got 'a\*'"),
        ({"url": "redis://h", "port": 7000}, "url says where the server is; leave out host, port, db and password"),
        ({"url": "localhost:6379"}, r"url cannot be read; expected redis://\[user:password@\]host\[:port\]\[/db\]"),
        ({"url": "http://localhost"}, "url cannot be read"),
        ({"url": "redis://localhost/mine"}, "url cannot be read; .* db is a number"),
        ({"url": "redis://localhost?db=x"}, "url cannot be read"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        RedisCache(**settings)


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, "redis at localhost:6379, db 0"),
        ({"host": "::1", "port": 7000, "db": 3}, "redis at ::1:7000, db 3"),
        ({"url": "redis://cache"}, "redis at cache:6379, db 0"),
        ({"url": "rediss://user:hunter2@cache:7000/2?ssl_cert_reqs=none"}, "redis at cache:7000, db 2"),
        ({"url": "unix://user:hunter2@/run/redis.sock?db=2"}, "redis at /run/redis.sock, db 2"),
    ],
)
def test_the_server_is_named_by_its_address_alone(caches, settings, place):
    assert caches(**settings)._place == place


def test_an_empty_password_is_none_and_the_url_can_bring_a_user(caches):
    assert caches(password="")._client.connection_pool.connection_kwargs["password"] is None
    kwargs = caches(url="redis://user:p%40ss@cache", timeout=3.0)._client.connection_pool.connection_kwargs
    assert (kwargs["username"], kwargs["password"], kwargs["socket_timeout"]) == ("user", "p@ss", 3.0)


def test_a_url_cannot_change_how_answers_are_read(caches):
    kwargs = caches(
        url="redis://cache?decode_responses=yes&socket_timeout=99"
    )._client.connection_pool.connection_kwargs
    assert (kwargs["decode_responses"], kwargs["socket_timeout"]) == (False, 1.0)


@pytest.mark.parametrize("settings", [{"password": "hunter2"}, {"url": "redis://:hunter2@localhost"}])
def test_secrets_are_not_shown(caches, settings):
    assert "hunter2" not in repr(caches(**settings))


@pytest.mark.parametrize("url", ["redis://:hunter2/x@localhost:1", "redis://:hunter2@localhost:port", "hunter2"])
def test_a_url_that_cannot_be_read_is_not_shown(url):
    problems: list[Problem] = []
    structure(RedisCache, {"url": url}, dotted, problems)
    assert [str(problem) for problem in problems] == [
        "url: url cannot be read; expected redis://[user:password@]host[:port][/db], where db is a number and signs "
        "such as @ and / in the password are written as %40 and %2F"
    ]


def test_the_settings_of_glinker_are_those_of_the_builder(monkeypatch):
    monkeypatch.setenv("REDIS_PASSWORD", "0123")
    builder = ConfigBuilder(name="test", plugins=everything())
    builder.l2.add("redis", priority=1, host="cache", port=7000, db=1, password="${REDIS_PASSWORD}", ttl=60)
    builder.l2.add("fake")
    with DAGExecutor(builder.get_config(), plugins=everything()) as executor:
        cache = executor.graph.caches["redis"]
        assert (cache.host, cache.port, cache.db, cache.password, cache.ttl) == ("cache", 7000, 1, "0123", 60)
    with pytest.raises(ConfigError, match="unknown key 'hots'; did you mean 'host'"):
        builder.l2.add("redis", hots="cache")


def test_settings_in_a_file_are_checked_before_anything_connects():
    node = {"id": "l2", "processor": "l2_chain", "config": {"layers": [{"type": "redis", "config": {"port": 0}}]}}
    with pytest.raises(ConfigError, match="port must be from 1 to 65535, got 0"):
        DAGExecutor({"name": "test", "nodes": [{"id": "l1", "processor": "l1_external"}, node]}, plugins=everything())
