import pytest

from glinker_core.testing import CacheContract, PluginContract


class TestPlugin(PluginContract):
    plugin = "redis"


class TestRedisCache(CacheContract):
    @pytest.fixture
    def cache(self, cache):
        return cache
