"""`RedisCache`: remembers answers of slower stores in a Redis server, and does without it when it fails."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping, Sequence
from time import monotonic
from typing import Any, TypeVar
from urllib.parse import urlsplit

import redis
from attrs import define, field
from redis.backoff import NoBackoff
from redis.connection import parse_url
from redis.retry import Retry

from glinker_core.errors import StoreError
from glinker_core.model import Candidate
from glinker_redis import answers as kept

log = logging.getLogger(__name__)
T = TypeVar("T")

_FIRST_REST, _LONGEST_REST = 2.0, 60.0  # seconds
_SHOWN = 200


@define(eq=False)
class RedisCache:
    """Answers of slower stores, for all processes that use the same server and `namespace` (`layers.CandidateCache`).

    The server is at `url` (`redis://`, `rediss://` or `unix://`), or at `host` and `port`. An answer is kept for `ttl`
    seconds, 0 for as long as the server keeps it. A server that does not connect or answer within `timeout` seconds is
    left alone for 2 seconds, then twice as long each time, at most a minute: until then nothing waits for it.
    Safe to use from several threads, and after a fork.
    """

    url: str = field(default="", repr=False)
    host: str = "localhost"
    port: int = 6379
    db: int = 0
    password: str | None = field(default=None, repr=False)
    ttl: int = 86_400
    namespace: str = "glinker"
    timeout: float = 1.0

    _client: redis.Redis | None = field(default=None, init=False, repr=False)
    _place: str = field(default="redis", init=False, repr=False)
    _rest: float = field(default=0.0, init=False, repr=False)  # seconds; 0.0 while the server answers
    _rests_until: float = field(default=0.0, init=False, repr=False)
    _reason: str = field(default="", init=False, repr=False)
    _warned: set[str] = field(factory=set, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.url and (self.host, self.port, self.db, self.password) != ("localhost", 6379, 0, None):
            raise ValueError("url says where the server is; leave out host, port, db and password, or the url")
        if not 1 <= self.port <= 65_535:
            raise ValueError(f"port must be from 1 to 65535, got {self.port}")
        for name in ("db", "ttl"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must not be negative, got {getattr(self, name)}")
        if not re.fullmatch(r"[\w.:-]+", self.namespace, re.ASCII):
            raise ValueError(f"namespace must be made of letters, digits and . : _ -, got {self.namespace!r}")
        if not self.timeout > 0:
            raise ValueError(f"timeout must be more than 0 seconds, got {self.timeout}")
        self._address()

    def _address(self) -> dict[str, Any]:
        if not self.url:
            return {"host": self.host, "port": self.port, "db": self.db, "password": self.password or None}
        try:
            address = dict(parse_url(self.url))
        except ValueError:  # says what it choked on, which may be a piece of the password
            address = {}
        if not address or ("path" not in address and "db" not in address and urlsplit(self.url).path.strip("/")):
            raise ValueError(
                "url cannot be read; expected redis://[user:password@]host[:port][/db], where db is a number and signs "
                "such as @ and / in the password are written as %40 and %2F"
            )
        return address

    def open(self) -> None:
        """Make ready to connect; the first question does."""
        address = self._address()
        pool = redis.ConnectionPool(
            **{
                **address,
                "socket_timeout": self.timeout,
                "socket_connect_timeout": self.timeout,
                "retry": Retry(NoBackoff(), 0),
                "decode_responses": False,
                "protocol": 2,
            }
        )
        socket = address.get("path") or f"{address.get('host', 'localhost')}:{address.get('port', 6379)}"
        self._place = f"redis at {socket}, db {address.get('db', 0)}"
        self._client = redis.Redis(connection_pool=pool)
        self._rest = self._rests_until = 0.0

    def close(self) -> None:
        """Let go of the connections; the answers stay."""
        if self._client is not None:
            self._client.connection_pool.disconnect()
            self._client = None

    def recall(self, names: Sequence[str], scope: str) -> list[tuple[Candidate, ...] | None]:
        """Per name the answer remembered under that scope, or None; one round trip."""
        if not names:
            return []
        keys = kept.keys(self.namespace, scope, names)
        values = self._ask(lambda client: client.execute_command("MGET", *keys))
        return [self._decoded(*pair) for pair in zip(keys, values, strict=True)]

    def _decoded(self, key: bytes, value: bytes | None) -> tuple[Candidate, ...] | None:
        if value is None:
            return None
        try:
            return kept.decode(key, value)
        except (ValueError, TypeError, RecursionError) as error:
            self._lose("a value cannot be read and counts as not remembered", f"{key.decode()}: {error}")
            return None

    def remember(self, answers: Mapping[str, tuple[Candidate, ...]], scope: str) -> None:
        """Keep answers; one round trip. What JSON would change is not kept."""
        values = {}
        for name, key in zip(answers, kept.keys(self.namespace, scope, answers), strict=True):
            try:
                values[key] = kept.encode(key, answers[name])
            except ValueError as error:
                self._lose("an answer cannot be remembered", f"{name[:_SHOWN]!r}: {error}")
        if not values:
            return
        expiry = ("EX", self.ttl) if self.ttl else ()

        def write(client: redis.Redis) -> list[Any]:
            with client.pipeline(transaction=False) as pipe:
                for key, value in values.items():
                    pipe.execute_command("SET", key, value, *expiry)
                return pipe.execute(raise_on_error=False)  # or the error would quote the value

        for result in self._ask(write):
            if isinstance(result, redis.RedisError):
                raise self._failure(result)

    def clear(self) -> None:
        """Forget all answers of this namespace, of whatever version; nothing else on the server."""
        ours = re.compile(rf"{re.escape(self.namespace)}:\d+:[0-9a-f]{{32}}".encode())  # `a` must not clear `a:b`

        def unlink(client: redis.Redis) -> None:
            cursor = 0
            while True:
                cursor, keys = client.execute_command("SCAN", cursor, "MATCH", f"{self.namespace}:*", "COUNT", 1000)
                if keys := [key for key in keys if ours.fullmatch(key)]:
                    client.execute_command("UNLINK", *keys)
                if not int(cursor):
                    return

        self._ask(unlink)

    def _ask(self, work: Callable[[redis.Redis], T]) -> T:
        """What the server answers; StoreError if it fails, and at once while it is left alone."""
        client, now = self._client, monotonic()
        if client is None:
            raise StoreError(f"{self._place}: not open; call open() first")
        if now < self._rests_until:
            raise StoreError(self._reason)
        rest = self._rest
        self._rests_until = now + rest  # when it is tried again, one thread tries and the others go on
        try:
            try:
                result = work(client)
            except redis.ConnectionError:  # a connection kept from before the server was started anew
                result = work(client)
        except (redis.ConnectionError, redis.TimeoutError, UnicodeError) as error:  # the last for impossible hosts
            self._rest = min(max(2 * rest, _FIRST_REST), _LONGEST_REST)
            self._rests_until = monotonic() + self._rest
            failure = self._failure(error)
            self._reason = str(failure)
            raise failure from error
        except redis.RedisError as error:
            raise self._failure(error) from error
        self._rest = self._rests_until = 0.0
        return result

    def _failure(self, error: Exception) -> StoreError:
        reason = str(error)[:_SHOWN]
        if isinstance(error, redis.TimeoutError):
            what = f"no answer within {self.timeout:g} s; see whether it is stopped or overloaded, or raise 'timeout'"
        elif isinstance(error, redis.AuthenticationError):
            what = f"the password is refused ({reason}); correct 'password', or the one in 'url'"
        elif isinstance(error, (redis.ConnectionError, UnicodeError)):
            what = f"cannot be reached ({reason}); start the server, or correct its address"
        elif isinstance(error, redis.exceptions.OutOfMemoryError):
            what = f"is full ({reason}); let it evict ('maxmemory-policy allkeys-lru') or raise its 'maxmemory'"
        else:
            what = f"does not work as a cache ({reason}); see its log and the rights of the user"
        return StoreError(f"{self._place}: {what}")

    def _lose(self, what: str, detail: str) -> None:
        """Say that an answer is lost to the cache, which costs time only: the first of a kind aloud."""
        log.log(logging.DEBUG if what in self._warned else logging.WARNING, "%s: %s: %s", self._place, what, detail)
        self._warned.add(what)
