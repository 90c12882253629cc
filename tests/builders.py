"""What a builder has made of the calls it got, for tests."""

from glinker_core.graph import build
from glinker_core.source import Source


def nodes(builder):
    """Its nodes by their ids."""
    return {node["id"]: node for node in builder.get_config()["nodes"]}


def config(builder, level):
    """The settings it has for a layer."""
    return nodes(builder)[level]["config"]


def made(builder, level):
    """The component that the configuration makes, with all its defaults."""
    return build(Source(builder.get_config()), builder.plugins).node(level).component
