"""A PostgreSQL server of these tests alone: started anew, full, with users, rights and languages of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from glinker_stores.postgres import PostgresStore

from glinker_core.errors import StoreError
from glinker_core.layers import Search
from glinker_core.model import Entity

PARIS = Entity("1", "Paris", ("Lutetia",), "capital of France", popularity=2)
FUZZY = Search(modes=("exact", "fuzzy"))
SETTINGS = "-c fsync=off -c listen_addresses=127.0.0.1 -c max_connections=20 -c superuser_reserved_connections=1"


class Server:
    """A server in a folder of its own, run by a user who is not root, whom PostgreSQL refuses."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self.programs, self.data, self.sockets = programs, folder / "data", folder
        self.user = "postgres" if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(folder, self.user)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        secret = folder / "secret"
        secret.write_text("s3cret/pw", encoding="utf-8")
        secret.chmod(0o644)
        options = "--username=owner --auth-local=trust --auth-host=scram-sha-256 --encoding=UTF8 --no-locale --no-sync"
        self.run("initdb", f"--pwfile={secret}", f"--pgdata={self.data}", *options.split())
        self.start()

    def run(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), *arguments]
        subprocess.run(command, check=True, user=self.user, cwd="/", stdout=subprocess.DEVNULL, timeout=60)

    def start(self) -> None:
        options = f"{SETTINGS} -c port={self.port} -c unix_socket_directories={self.sockets}"
        self.run(
            "pg_ctl", "start", "--wait", f"--pgdata={self.data}", f"--log={self.sockets}/log", f"--options={options}"
        )

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "stop", "--wait", f"--pgdata={self.data}", f"--mode={mode}")

    def execute(self, *statements: str, database: str = "postgres") -> None:
        place = {"host": str(self.sockets), "port": self.port, "user": "owner", "dbname": database}
        with psycopg.connect(**place, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def store(self, schema: str = "glinker", **settings: Any) -> PostgresStore:
        place = {"host": "127.0.0.1", "port": self.port, "database": "postgres", "user": "owner"}
        return PostgresStore(**{**place, "password": "s3cret/pw", "schema": schema, "timeout": 5, **settings})


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Skips where there is no program to start."""
    found = shutil.which("initdb") or max(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")), default=None)
    if found is None:
        pytest.skip("there is no initdb; run: make services")
    if os.geteuid() == 0 and "postgres" not in {user.pw_name for user in pwd.getpwall()}:
        pytest.skip("there is no user postgres to run a server")
    folder = Path(tempfile.mkdtemp(prefix="glinker-"))  # a short path: sockets have no long names
    try:
        server = Server(Path(found).parent, folder)
        yield server
        with contextlib.suppress(subprocess.CalledProcessError):
            server.stop("immediate")
    finally:
        shutil.rmtree(folder)


@contextlib.contextmanager
def opened(store: PostgresStore) -> Iterator[PostgresStore]:
    store.open()
    try:
        yield store
    finally:
        store.close()


def refusal(store: PostgresStore) -> str:
    with pytest.raises(StoreError) as caught, opened(store):
        pass
    message = str(caught.value)
    assert message.startswith(
        f"PostgreSQL at {store.host}:{store.port}, database {store.database}, schema {store.schema}"
    )
    assert "s3cret" not in message + repr(store)
    return message


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_server_that_was_started_anew_between_two_batches_is_no_failure(server: Server, mode: str):
    with opened(server.store(f"anew_{mode}", pool_size=3)) as store:
        store.upsert([PARIS])
        readers = [store.entities() for _ in range(3)]
        assert [next(reader) for reader in readers] == [PARIS] * 3
        del readers  # three connections are kept, and none of them will work
        for step in (
            lambda: store.search(["Lutetja"], FUZZY)[0][0].entity == PARIS,
            lambda: store.upsert([Entity("2", "Troy")]).added == 1,
            lambda: [one.entity_id for one in store.entities()] == ["1", "2"],
        ):
            server.stop(mode)
            server.start()
            assert step()


def test_a_server_that_stops_during_a_write_leaves_everything_as_it_was(server: Server):
    with opened(server.store("stopped")) as store:
        store.upsert([PARIS])
        before = store.revision, list(store.entities())

        def entities() -> Iterator[Entity]:
            for n in range(5000):
                yield Entity(f"new-{n}", f"new {n}")
            server.stop("immediate")

        with pytest.raises(
            StoreError, match=r"schema stopped: .*(connection broke off|is starting, stopping or failing)"
        ):
            store.upsert(entities())
        with pytest.raises(
            StoreError, match=r"cannot be reached; start the server, or correct .* \(.*Connection refused"
        ):
            store.search(["Paris"], FUZZY)
        server.start()
        assert (store.revision, list(store.entities())) == before


def test_a_server_that_stops_while_entities_are_read_is_no_end_of_them(server: Server):
    with opened(server.store("cut_off")) as store:
        store.upsert(Entity(f"{n:05}", f"name {n}") for n in range(5000))
        reader = store.entities()
        assert next(reader).entity_id == "00000"
        server.stop("immediate")
        with pytest.raises(
            StoreError, match=r"schema cut_off: .*(connection broke off|is starting, stopping or failing)"
        ):
            list(reader)
        server.start()
        assert sum(1 for _ in store.entities()) == 5000


def test_who_is_refused_is_told_why_and_never_shown_a_password(server: Server):
    assert "refuses the user or the password; correct 'user'" in refusal(server.store(password="s3cret but wrong"))
    assert "refuses the user or the password" in refusal(server.store(password=None))
    assert "refuses the user or the password" in refusal(server.store(user="nobody"))
    said = refusal(server.store(database="nowhere"))
    assert "there is no such database; make it (createdb), or correct 'database'" in said


def test_who_may_not_write_can_read(server: Server):
    server.execute(
        "CREATE ROLE reader LOGIN PASSWORD 's3cret'",
        "CREATE SCHEMA empty",
        "GRANT USAGE ON SCHEMA empty TO reader",
    )
    with opened(server.store("shared")) as owner:
        owner.upsert([PARIS])
    as_reader = {"user": "reader", "password": "s3cret"}
    rights = (
        "the user may not do that; ask the owner for rights on the schema, or name another 'schema' (permission denied"
    )
    assert f"{rights} for schema shared)" in refusal(server.store("shared", **as_reader))
    assert f"{rights} for database postgres)" in refusal(server.store("unmade", **as_reader))
    assert f"{rights} for schema empty)" in refusal(server.store("empty", **as_reader))
    server.execute("GRANT USAGE ON SCHEMA shared TO reader", "GRANT SELECT ON ALL TABLES IN SCHEMA shared TO reader")
    with opened(server.store("shared", **as_reader)) as reader:
        assert reader.search(["Lutetja"], FUZZY)[0][0].entity == PARIS
        with pytest.raises(StoreError, match=r"the user may not do that; .*\(permission denied for table entity\)"):
            reader.upsert([Entity("2", "Troy")])
        assert reader.count() == 1


def test_a_server_without_room_for_more_connections_says_so(server: Server):
    server.execute("CREATE ROLE crowd LOGIN PASSWORD 's3cret' CONNECTION LIMIT 1")
    with opened(server.store("crowded")) as owner:
        owner.upsert([PARIS])
    server.execute("GRANT USAGE ON SCHEMA crowded TO crowd", "GRANT SELECT ON ALL TABLES IN SCHEMA crowded TO crowd")
    with opened(server.store("crowded", user="crowd", password="s3cret")) as store:
        reader = store.entities()
        assert next(reader) == PARIS
        with pytest.raises(
            StoreError, match=r"takes no more connections; close some, .* \(.*too many connections for role"
        ):
            store.count()
        del reader
        assert store.count() == 1


def test_a_database_that_cannot_hold_every_name_is_refused(server: Server):
    server.execute("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    assert (
        "the database is encoded in LATIN1, in which not every name can be written; make one with ENCODING 'UTF8'"
        in (refusal(server.store(database="latin")))
    )


def test_the_language_of_a_database_changes_no_order(server: Server):
    server.execute(
        "CREATE DATABASE english TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C'"
    )
    ids = ["b", "B", "a", "10", "9", "_", "é", "z", "Å", "\uff5e", "\U0001f600", "a b", "ab", "a-b"]
    with opened(server.store(database="english")) as store:
        store.upsert(Entity(one, "Troy", (one,), "a city Åb") for one in ids)
        assert [one.entity_id for one in store.entities()] == sorted(ids)
        for search, name in ((FUZZY, "troy"), (Search(modes=("text",)), "city åb")):
            assert [one.entity_id for one in store.search([name], search)[0]] == sorted(ids)
        store.upsert([Entity("x", "Troy")])
        assert [one.entity_id for one in store.search(["Å"], FUZZY)[0]] == ["Å", "a"] or store.search(["Å"], FUZZY)


def test_a_full_disk_is_told_and_nothing_is_written(server: Server, tmp_path: Path):
    disk = server.sockets / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("only root can make a disk that is full soon")
    try:
        shutil.chown(disk, server.user)
        server.execute(f"CREATE TABLESPACE small LOCATION '{disk}'", "CREATE DATABASE full_soon")
        server.execute("ALTER DATABASE full_soon SET default_tablespace = small")
        with opened(server.store(database="full_soon")) as store:
            store.upsert([PARIS])
            before = store.revision, list(store.entities())
            with pytest.raises(
                StoreError, match="the disk of the server is full, nothing was written; free some space"
            ):
                store.upsert(Entity(f"new-{n}", f"new {n}", description=f"{n} " * 500) for n in range(5000))
            assert (store.revision, list(store.entities())) == before
            assert store.upsert([Entity("2", "Troy")]).added == 1
        server.execute("DROP DATABASE full_soon", "DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", disk], check=True)
