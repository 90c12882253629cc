from glinker_core.testing import PluginContract


class TestRay(PluginContract):
    plugin = "ray"
