"""What a `PostgresStore` says when it is set up wrongly, or when something is wrong with the server; never a secret."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from glinker_stores.postgres import PostgresStore

from glinker_core.errors import Problem, StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity
from glinker_core.source import dotted
from glinker_core.structure import structure
from tests import services

PARIS = Entity("1", "Paris", ("Lutetia",), popularity=2)
EXACT = Search(modes=("exact",))
Open = Callable[..., PostgresStore]
Server = psycopg.Connection[Any]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"port": 0}, "port must be from 1 to 65535, got 0"),
        (
            {"schema": "Kb"},
            "schema must be made of small letters, digits and _, and not begin with pg_, at most 63, got 'Kb'",
        ),
        ({"schema": "kb; drop"}, "schema must be made of small letters, digits and _, .*"),
        ({"schema": "k" * 64}, "schema must be made of small letters, digits and _, .*, at most 63, got '.*'"),
        ({"schema": "pg_kb"}, "schema must be made of small letters, digits and _, .*"),
        ({"timeout": 0}, "timeout must be more than 0 seconds, got (0|0.0)"),
        ({"pool_size": 0}, "pool_size must be at least 1, got 0"),
        ({"url": "postgresql://h/d", "host": "other"}, "url says where the database is; leave out host, .*"),
        ({"url": "postgresql://h/d", "password": "s3cret"}, "url says where the database is; leave out host, .*"),
        ({"url": "s3cret"}, "url cannot be read; expected postgresql://.*"),
        ({"url": "mysql://u:s3cret@h/d"}, "url cannot be read; .*"),
        ({"url": "postgresql+psycopg2://u:s3cret@h/d"}, "url cannot be read; .*"),
        ({"url": "postgresql://u:s3cret@h:s3cret/d"}, "url cannot be read; .* written as %40 and %2F"),
        ({"url": "postgresql://u:p@ss/s3cret@h:5432/d"}, "url cannot be read; .*"),
        ({"url": "postgresql://u:p@s3cret@h:5432/d"}, "url cannot be read; .*"),
        ({"url": "postgresql://h/d?schema=a", "schema": "b"}, "schema stands here and in url, .*"),
        ({"url": "postgresql://h/d?schema=A"}, "schema must be made of small letters, .*"),
    ],
)
def test_settings_that_cannot_be_are_refused_by_their_names(settings: dict[str, Any], message: str):
    problems: list[Problem] = []
    structure(PostgresStore, settings, dotted, problems)
    assert len(problems) == 1
    with pytest.raises(ValueError, match=f"^{message}$"):
        PostgresStore(**settings)
    assert "s3cret" not in str(problems[0])


@pytest.mark.parametrize(
    ("settings", "place"),
    [
        ({}, "PostgreSQL at localhost:5432, database glinker, schema glinker"),
        ({"host": "h", "port": 1, "database": "d", "schema": "s"}, "PostgreSQL at h:1, database d, schema s"),
        ({"url": "postgresql://u:p@h/d?sslmode=require"}, "PostgreSQL at h:5432, database d, schema glinker"),
        ({"url": "postgres:///d?host=/run/pg"}, "PostgreSQL at /run/pg:5432, database d, schema glinker"),
        ({"url": "postgresql://h/d?schema=s"}, "PostgreSQL at h:5432, database d, schema s"),
        ({"url": "postgresql+psycopg://"}, "PostgreSQL at localhost:5432, database of the user, schema glinker"),
    ],
)
def test_a_store_says_where_it_is(settings: dict[str, Any], place: str):
    assert PostgresStore(**settings).place == place


def test_secrets_are_shown_nowhere(open_store: Open):
    secret = "s3cret"
    for store in (
        PostgresStore(f"postgresql://glinker:{secret}@127.0.0.1:1/glinker?sslpassword={secret}"),
        PostgresStore(host="127.0.0.1", port=1, user="glinker", password=secret),
    ):
        with pytest.raises(StoreError) as caught:
            store.open()
        error: BaseException | None = caught.value
        while error is not None:
            assert secret not in str(error) + repr(error)
            error = error.__cause__ or error.__context__
        assert secret not in repr(store) + store.place


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 70, "/no/such/folder"])
def test_a_host_that_does_not_exist(host: str):
    with pytest.raises(
        StoreError, match=r"^PostgreSQL at .*: cannot be reached; start the server, or correct 'url' or"
    ):
        PostgresStore(host=host).open()


def test_a_server_that_does_not_run():
    with pytest.raises(StoreError, match=r"cannot be reached; start the server, .* \(.*Connection refused\)"):
        PostgresStore(host="127.0.0.1", port=1).open()


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def test_a_server_that_never_answers(listener: socket.socket):
    store = PostgresStore(host="127.0.0.1", port=listener.getsockname()[1], timeout=0.1)
    with pytest.raises(StoreError, match="does not answer; see whether the server is stopped or overloaded"):
        store.open()


def test_a_server_of_another_kind(listener: socket.socket):
    def answer() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(100)
            connection.sendall(b"HTTP/1.1 400 Bad Request")

    with ThreadPoolExecutor(1) as pool:
        pool.submit(answer)
        with pytest.raises(StoreError, match="is no PostgreSQL; correct 'host' and 'port', or 'url'"):
            PostgresStore(host="127.0.0.1", port=listener.getsockname()[1], timeout=5).open()


def test_an_option_of_the_url_that_does_not_exist():
    url = services.postgres()
    for option in ("no_such_option=1", "sslmode=sometimes"):
        with pytest.raises(StoreError, match=r"'url' has an option that is not understood; correct it|correct 'url'"):
            PostgresStore(f"{url}?{option}").open()  # of a wrong value libpq says only which it is, when it is old


def test_a_server_that_does_not_encrypt(server: Server):
    if server.execute("SHOW ssl").fetchone() == ("on",):
        pytest.skip("this one does")
    with pytest.raises(StoreError, match="does not encrypt as it is asked to; correct 'sslmode' in 'url'"):
        PostgresStore(f"{services.postgres()}?sslmode=require").open()


def test_without_the_driver_the_extra_is_named():
    code = """
import sys
sys.modules["psycopg"] = None
from glinker_core.errors import StoreError
from glinker_core.plugins import Plugins
plugins = Plugins.installed()
store = plugins.load(plugins.find("postgres", "glinker_stores"))(host="h")
try:
    store.open()
except StoreError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "schema glinker: the driver psycopg cannot be imported" in done.stdout
    assert done.stdout.endswith('; run: pip install "glinker-stores[postgres]"\n')


@pytest.mark.parametrize("timeout", [1e-9, 1e30, float("inf")])
def test_any_time_may_be_waited(open_store: Open, timeout: float):
    store = open_store(timeout=10)
    store.timeout = timeout
    store.close()
    if timeout < 1:
        with pytest.raises(StoreError, match=r"no answer within 1e-09 s|does not answer"):
            store.open()
    else:
        store.open()
        assert store.upsert([PARIS]).added == 1


def test_a_store_that_is_not_open_says_so(open_store: Open):
    store = open_store(PARIS)
    store.close()
    for use in (store.count, lambda: store.search(["Paris"], EXACT), lambda: store.upsert([PARIS])):
        with pytest.raises(StoreError, match=r"schema \w+: the store is not open; call open\(\) first"):
            use()
    store.open()
    store.open()
    assert store.count() == 1


def test_an_answer_that_takes_too_long_is_an_error_and_the_next_one_is_none(open_store: Open, server: Server):
    store = open_store(PARIS, timeout=0.2)
    with server.transaction():
        server.execute(f"LOCK TABLE {store.schema}.name IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(
            StoreError, match=r"no answer within 0\.2 s; see what the server is doing .*, or raise 'timeout'"
        ):
            store.search(["Paris"], EXACT)
    assert store.search(["Paris"], EXACT)[0][0].entity == PARIS


def test_a_write_may_take_longer_than_an_answer(open_store: Open, server: Server):
    store = open_store(PARIS, timeout=0.2)
    server.execute(
        f"CREATE FUNCTION {store.schema}.slow() RETURNS trigger LANGUAGE plpgsql "
        "AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NEW; END $$;"
        f"CREATE TRIGGER slow BEFORE INSERT ON {store.schema}.entity EXECUTE FUNCTION {store.schema}.slow()"
    )
    assert store.upsert([Entity("2", "Troy")]).added == 1


def test_a_writer_that_gives_entities_too_slowly_for_the_server(open_store: Open):
    options = "options=-c%20idle_in_transaction_session_timeout%3D100"
    store = open_store(PARIS, url=f"{services.postgres()}?{options}")
    before = store.revision, list(store.entities())

    def entities() -> Iterator[Entity]:
        yield Entity("2", "Troy")
        time.sleep(0.5)
        yield Entity("3", "Sparta")

    with pytest.raises(
        StoreError, match=r"the server ended a transaction that was idle for too long|connection broke off"
    ):
        store.upsert(entities())
    assert (store.revision, list(store.entities())) == before


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("53200", "the server is out of memory"),
        ("53300", "takes no more connections"),
        ("25006", "the server only reads, as a replica does"),
        ("40001", "a replica could not keep the state that was read"),
        ("57P03", "is starting, stopping or failing over; try again when it is up"),
        ("XX001", "its data are damaged; restore them, or import the entities into another schema"),
        ("22012", r"PostgreSQL failed \(said\)"),
    ],
)
def test_what_the_server_says_is_told_with_what_to_do(open_store: Open, state: str, message: str):
    with (
        pytest.raises(StoreError, match=rf"^PostgreSQL at .*, schema \w+: {message}"),
        open_store().reading() as connection,
    ):
        connection.exec_driver_sql(f"DO $$ BEGIN RAISE EXCEPTION SQLSTATE '{state}' USING MESSAGE = 'said'; END $$")


def test_a_schema_without_a_store_cannot_be_read(open_store: Open, server: Server, schema: str):
    with pytest.raises(StoreError, match="there is no store in it; import entities into it first, or correct 'schema'"):
        open_store(read_only=True)
    assert server.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).rowcount == 0


def test_a_store_opened_to_be_read_refuses_every_write(open_store: Open):
    open_store(PARIS)
    store = open_store(read_only=True)
    for write in (lambda: store.upsert([]), lambda: store.delete(["1"]), store.clear):
        with pytest.raises(StoreError, match="is opened with read_only: true; open it with read_only: false to write"):
            write()
    assert store.search(["Paris"], EXACT)[0][0].entity == PARIS


@pytest.mark.parametrize(
    "tables",
    [
        "CREATE TABLE {schema}.entity (id int)",
        "CREATE TABLE {schema}.meta (key text, value text)",
        "CREATE TABLE {schema}.meta (name text); CREATE VIEW {schema}.name AS SELECT 1 AS one",
    ],
)
def test_tables_of_another_program_are_left_alone(open_store: Open, server: Server, schema: str, tables: str):
    server.execute(f"CREATE SCHEMA {schema};" + tables.format(schema=schema))
    for read_only in (False, True):
        with pytest.raises(StoreError, match="there are tables of another program in it; give a 'schema' of its own"):
            open_store(read_only=read_only)


def test_tables_of_other_names_may_lie_in_the_same_schema(open_store: Open, server: Server, schema: str):
    server.execute(f"CREATE SCHEMA {schema}; CREATE TABLE {schema}.customer (id int)")
    assert open_store(PARIS).count() == 1


def test_a_store_of_a_newer_version_is_refused_with_both_versions(open_store: Open, server: Server):
    store = open_store()
    server.execute(f"UPDATE {store.schema}.meta SET value = '7' WHERE key = 'glinker_stores'")
    message = r"was written in format 7, this .* reads format \d; run: pip install --upgrade glinker-stores, or import"
    with pytest.raises(StoreError, match=message):
        open_store()


def test_a_schema_that_is_dropped_is_told(open_store: Open, server: Server):
    store = open_store(PARIS)
    server.execute(f"DROP SCHEMA {store.schema} CASCADE")
    for use in (store.count, lambda: store.search(["Paris"], EXACT), lambda: store.upsert([PARIS])):
        with pytest.raises(StoreError, match=r"tables of the store are gone; import the entities again \(relation"):
            use()
