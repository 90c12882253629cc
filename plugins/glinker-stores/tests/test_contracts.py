from pathlib import Path

import pytest
from glinker_stores.dict import DictStore
from glinker_stores.sqlite import SqliteStore

from glinker_core.testing import PluginContract, StoreContract, VectorStoreContract


class TestPlugin(PluginContract):
    plugin = "stores"


class TestDictStore(StoreContract, VectorStoreContract):
    @pytest.fixture
    def store(self):
        store = DictStore()
        store.open()
        return store


class TestSqliteStore(StoreContract, VectorStoreContract):
    @pytest.fixture
    def store(self, tmp_path: Path):
        store = SqliteStore(str(tmp_path / "kb.db"), timeout=0.2)
        store.open()
        yield store
        store.close()

    @pytest.fixture
    def reopen(self):
        def again(store: SqliteStore) -> SqliteStore:
            store.close()
            other = SqliteStore(store.path)
            other.open()
            return other

        return again
