import pytest
from glinker_stores.postgres import PostgresStore

from glinker_core.testing import StoreContract, VectorStoreContract
from tests import services


class TestPostgresStore(StoreContract, VectorStoreContract):
    @pytest.fixture
    def store(self, kept_schema: str):
        store = PostgresStore(services.postgres(), schema=kept_schema)
        store.open()
        store.clear()
        yield store
        store.close()

    @pytest.fixture
    def reopen(self):
        def again(store: PostgresStore) -> PostgresStore:
            store.close()
            other = PostgresStore(store.url, schema=store.schema)
            other.open()
            return other

        return again
