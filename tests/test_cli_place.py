import pytest
from attrs import define

from glinker_core.cli.place import Place
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.testing.fakes import FakeCache
from glinker_core.testing.store import FakeStore
from tests.cli_runs import ENTITIES, glinker, write_lines
from tests.fake_plugins import fakes

KEPT = FakeStore()


@define
class FarStore(FakeStore):
    """Keeps its entities in one place, whatever the address."""

    url: str = ""
    read_only: bool = False

    def open(self):
        self._entities = KEPT._entities

    def close(self):
        KEPT._entities = self._entities


class Far:
    @hookimpl
    def glinker_stores(self):
        yield Component("far", f"{__name__}:FarStore", "a store at an address")
        yield Component("brief", f"{__name__}:BriefCache", "a cache at an address")


@define
class BriefCache(FakeCache):
    url: str = ""


@pytest.mark.parametrize(
    ("given", "store_type", "shown"),
    [
        ("kb.db", "sqlite", "kb.db"),
        ("a:b@c/kb.db", "sqlite", "a:b@c/kb.db"),
        ("postgresql://me:secret@host/db", "postgres", "postgresql://me@host/db"),
        ("postgresql+psycopg://me:se:c@r/et@host:5432/db", "postgres", "postgresql+psycopg://me@host:5432/db"),
        ("postgres://host/db?user=me&password=secret&x=1", "postgres", "postgres://host/db?user=me&password=***&x=1"),
        ("far://host", "far", "far://host"),
    ],
)
def test_an_address_says_its_type_and_is_shown_without_a_password(given, store_type, shown):
    assert (Place(given).store_type, str(Place(given))) == (store_type, shown)


def test_a_store_at_an_address_is_filled_and_read(tmp_path):
    KEPT.clear()
    entities = write_lines(tmp_path / "entities.jsonl", ENTITIES)
    address, plugins = "far://me:secret@host/db", fakes(far=Far())
    done = glinker("kb", "import", entities, "--store", address, plugins=plugins)
    assert (done.exit_code, done.stdout) == (0, "far://me@host/db: 3 entities read: 3 added; 3 in all\n")
    info = glinker("kb", "info", "--store", address, plugins=plugins)
    assert "entities         3" in info.stdout
    assert "file size" not in info.stdout


def test_an_address_of_a_cache_is_refused():
    done = glinker("kb", "info", "--store", "brief://host", plugins=fakes(far=Far()))
    assert (done.exit_code, "is a cache and holds no entities" in done.stderr) == (2, True)


def test_an_address_for_a_store_in_a_file_is_refused():
    done = glinker("kb", "info", "--store", "https://host/kb.db", "--store-type", "sqlite")
    assert (done.exit_code, "--store-type sqlite: has no address" in done.stderr) == (2, True)
