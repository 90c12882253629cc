import pytest
from attrs import define

from glinker_core import ConfigError
from glinker_core.graph import build
from glinker_core.hookspecs import Component, hookimpl
from glinker_core.layers import StoreSpec
from glinker_core.source import Source
from glinker_core.testing.cache import FakeCache
from tests.fake_plugins import fakes, node, pipeline

L1, L0 = node("l1", "l1_fake"), node("l0", "l0_aggregator")


@define
class Owner:
    """Declares a store and refers to another."""

    refers: str = "kb"

    def declared_stores(self):
        return (StoreSpec("own", "fake"), StoreSpec(self.refers, ""))

    def retrieve(self, texts, mentions=None):
        return [() for _ in texts]


class OwnerPlugin:
    @hookimpl
    def glinker_retrievers(self):
        yield Component("l2_owner", f"{__name__}:Owner", "has stores")


def graph(*nodes, **rest):
    return build(Source(pipeline(*nodes, **rest)), fakes(owner=OwnerPlugin()))


def refused(*nodes, **rest):
    with pytest.raises(ConfigError) as caught:
        graph(*nodes, **rest)
    return [str(problem) for problem in caught.value.problems]


def chain(*layers):
    return L1, node("l2", "l2_chain", layers=list(layers)), L0


def test_stores_are_shared_by_name_and_made_once():
    stores = {"kb": {"type": "fake"}, "spare": {"type": "fake", "write": False}}
    nodes = [node(f"l2{n}", "l2_chain", {"mentions": "l1"}, layers=[{"store": "kb"}]) for n in "ab"]
    made = graph(L1, *nodes, node("l0", "l0_aggregator", {"candidates": ["l2a", "l2b"]}), stores=stores)
    assert list(made.stores) == ["kb", "spare"]
    assert made.store_specs["kb"] == StoreSpec("kb", "fake")
    assert made.store_specs["spare"].write is False
    assert made.stores["kb"] is not made.stores["spare"]


def test_stores_of_layers_have_names_of_their_own():
    layers = [{"type": "fake", "name": "big"}, {"type": "fake", "name": "small"}]
    assert list(graph(L1, node("l2", "l2_chain", layers=layers), L0).stores) == ["big", "small"]


def test_one_store_may_be_declared_twice_but_not_as_two():
    same = [{"type": "fake", "search_mode": ["exact"]}, {"type": "fake", "search_mode": ["fuzzy"]}]
    assert list(graph(L1, node("l2", "l2_chain", layers=same), L0).stores) == ["fake"]
    other = [{"type": "fake"}, {"type": "fake", "write": False}]
    assert refused(L1, node("l2", "l2_chain", layers=other), L0) == [
        "nodes[1].config.layers[1]: two different stores are called 'fake'; give one a 'name'"
    ]


def test_what_is_wrong_with_stores_is_said_where_they_are_declared():
    stores = {"kb": {"type": "fak"}, "remote": {"type": "postgres", "config": {"host": "x"}}}
    layers = [{"store": "kbs"}, {"type": "fake", "config": {"path": "x"}}]
    assert refused(L1, node("l2", "l2_chain", layers=layers), L0, stores=stores) == [
        "stores.kb.type: 'fak' is not offered by any installed plugin; did you mean 'fake'?",
        "stores.remote.type: 'postgres' is not installed; run: pip install glinker-stores[postgres]",
        "nodes[1].config.layers[0]: no store 'kbs' under 'stores'; did you mean 'kb'?",
        "nodes[1].config.layers[1].config.path: unknown key 'path'",
    ]


def test_any_component_may_declare_stores():
    made = graph(L1, node("l2", "l2_owner"), L0, stores={"kb": {"type": "fake"}})
    assert list(made.stores) == ["kb", "own"]
    (problem,) = refused(L1, node("l2", "l2_owner", refers="nope"), L0)
    assert problem.endswith("no store 'nope' under 'stores'")


def test_fields_are_mapped_by_stores_that_can_and_a_warning_for_others():
    mapping = {"label": "title", "entity_id": "entity_id"}
    layers = [{"type": "mapped", "field_mapping": mapping}, {"type": "fake", "field_mapping": mapping}]
    made = graph(L1, node("l2", "l2_chain", layers=layers), L0)
    assert made.stores["mapped"].field_mapping == {"label": "title"}
    assert made.warnings == ("nodes[1].config.layers[1]: field_mapping has no effect on a 'fake' store",)
    same = [{"type": "fake", "field_mapping": {"label": "label"}}]
    assert graph(L1, node("l2", "l2_chain", layers=same), L0).warnings == ()


# -- warnings ------------------------------------------------------------------------------------------------------


def test_a_cache_is_no_store():
    made = graph(*chain({"type": "fake_cache", "priority": 1, "name": "quick"}, {"type": "fake"}))
    assert (list(made.stores), list(made.caches)) == (["fake"], ["quick"])
    assert made.caches["quick"] == FakeCache()
    assert list(made.store_specs) == ["quick", "fake"]
    assert made.warnings == ()


def test_the_ttl_of_a_layer_reaches_what_has_such_a_setting_and_is_a_warning_elsewhere():
    cache, store = {"type": "fake_cache", "priority": 1, "ttl": 60}, {"type": "fake", "ttl": 5}
    made = graph(*chain(cache, store))
    assert made.caches["fake_cache"].ttl == 60
    assert graph(*chain({**cache, "ttl": 0}, {"type": "fake", "ttl": 0})).caches["fake_cache"].ttl == 0
    assert made.warnings == ("nodes[1].config.layers[1]: ttl has no effect on a 'fake' store",)
    assert refused(*chain({**cache, "config": {"ttl": 61}}, {"type": "fake"})) == [
        "nodes[1].config.layers[0].ttl: 'ttl' stands here and in 'config', and is not the same; write one of them"
    ]


def test_what_belongs_to_the_declaration_of_a_store_is_refused_where_the_store_is_only_named():
    assert refused(*chain({"store": "kb", "ttl": 5}), stores={"kb": {"type": "fake"}}) == [
        "nodes[1].config.layers[0].ttl: ttl is for a layer with a 'type'; write it under 'stores', at 'kb'"
    ]


def test_a_chain_of_caches_alone_is_refused():
    message = "a cache holds no entities; add a store behind it, such as {type: sqlite}"
    assert refused(*chain({"type": "fake_cache"})) == [f"nodes[1].config.layers: {message}"]
    assert refused(*chain({"store": "quick"}), stores={"quick": {"type": "fake_cache"}}) == [
        f"nodes[1].config.layers: {message}"
    ]


@pytest.mark.parametrize(
    "layers",
    [
        [{"type": "fake", "priority": 1}, {"type": "fake_cache"}],
        [{"type": "fake"}, {"type": "fake_cache"}],  # of equal priority, the order in which they are written
        [{"type": "fake", "priority": -1}, {"type": "fake_cache", "priority": -2}],
    ],
)
def test_a_cache_without_a_slower_store_is_a_warning(layers):
    (warning,) = graph(*chain(*layers)).warnings
    assert warning == (
        "nodes[1].config.layers[1]: cache 'fake_cache' has no slower store behind it; give it a higher priority"
    )


def test_a_cache_between_stores_is_fine_and_a_store_that_is_missing_is_no_cache():
    layers = [{"type": "fake", "name": name, "priority": n} for name, n in (("a", 2), ("b", 0))]
    assert graph(*chain(*layers, {"type": "fake_cache", "priority": 1})).warnings == ()
    assert refused(*chain({"type": "fake_cache", "priority": 1}, {"type": "sqlite"})) == [
        "nodes[1].config.layers[1].type: 'sqlite' is not installed; run: pip install glinker-stores"
    ]


def test_settings_of_stores_read_the_environment_once(monkeypatch):
    monkeypatch.setenv("COLUMN", "${NOT_READ_AGAIN}")
    layers = [{"type": "mapped", "config": {"field_mapping": {"label": "x${COLUMN}"}}}]
    made = graph(L1, node("l2", "l2_chain", layers=layers), L0)
    assert made.stores["mapped"].field_mapping == {"label": "x${NOT_READ_AGAIN}"}


def test_a_variable_that_is_not_set_is_named_with_its_place(monkeypatch):
    monkeypatch.delenv("KB_PATH", raising=False)
    layers = [{"type": "mapped", "config": {"field_mapping": {"label": "${KB_PATH}"}}}]
    (problem,) = refused(L1, node("l2", "l2_chain", layers=layers), L0)
    assert problem.startswith(
        "nodes[1].config.layers[0].config.field_mapping.label: label: environment variable KB_PATH "
    )
