from glinker_core.testing import PluginContract


class TestPlugin(PluginContract):
    plugin = "eval"
