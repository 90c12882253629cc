import pytest

from glinker_core.errors import StoreError
from glinker_core.model import Entity
from glinker_core.resources import Resources
from glinker_core.testing.cache import FakeCache
from glinker_core.testing.store import FakeStore, store_of
from tests.chains import CountingStore


class Closing(FakeStore):
    """Says when it is closed, and may fail to."""

    def __init__(self, log, name, fails=False):
        super().__init__()
        self.log, self.name, self.fails = log, name, fails

    def close(self):
        self.log.append(self.name)
        if self.fails:
            raise OSError(f"{self.name} is stuck")


@pytest.fixture
def resources():
    first = store_of([Entity("a", "A", description="of the first"), Entity("b", "B")])
    second = store_of([Entity("a", "A", description="of the second"), Entity("c", "C", ("CC",))])
    return Resources({"first": first, "second": second})


def test_the_knowledge_base_has_each_entity_once_the_first_store_speaking_for_it(resources):
    assert [(e.entity_id, e.description) for e in resources.kb.entities()] == [
        ("a", "of the first"),
        ("b", ""),
        ("c", ""),
    ]
    assert resources.kb.count() == 3
    assert [e and e.entity_id for e in resources.kb.get(["c", "x", "a"])] == ["c", None, "a"]
    assert resources.kb.get(["a"])[0].description == "of the first"
    assert [name.surface for name in resources.kb.names()] == ["A", "B", "A", "C", "CC"]


def test_entities_of_several_stores_are_asked_for_many_at_a_time():
    first, second = CountingStore([Entity("e7", "of the first")]), [Entity(f"e{n}", "E") for n in range(2500)]
    resources = Resources({"first": first, "second": store_of(second)})
    found = {entity.entity_id: entity.label for entity in resources.kb.entities()}
    assert len(found) == resources.kb.count() == 2500
    assert found["e7"] == "of the first"
    assert [len(asked) for asked in first.fetched] == [1000, 1000, 500] * 2


def test_caches_are_no_part_of_the_knowledge_base():
    resources = Resources({"kb": store_of([Entity("a", "A")])}, {"quick": FakeCache()})
    assert list(resources.kb.stores) == ["kb"]
    assert resources.kb.revision == resources.store("kb").revision
    with pytest.raises(StoreError, match="'quick' is a cache and holds no entities"):
        resources.store("quick")


def test_the_revision_of_the_knowledge_base_moves_with_any_store(resources):
    before = resources.kb.revision
    resources.store("second").upsert([Entity("d", "D")])
    assert resources.kb.revision != before


def test_a_single_store_counts_for_itself():
    assert Resources({"one": store_of([Entity("a", "A")])}).kb.count() == 1


def test_an_unknown_store_is_named_with_a_near_one(resources):
    with pytest.raises(StoreError, match=r"no store 'frist' in this pipeline; did you mean 'first'\?"):
        resources.store("frist")


def test_what_is_shared_is_made_once_whoever_asks(resources):
    made = []

    def make():
        made.append(object())
        return made[-1]

    assert resources.shared(("model", "cpu"), make) is resources.shared(("model", "cpu"), make)
    assert resources.shared(("model", "cuda"), make) is made[1]


def test_everything_is_closed_even_when_one_fails_and_the_failure_is_told():
    log = []
    resources = Resources({"bad": Closing(log, "bad", fails=True), "good": Closing(log, "good")})
    resources.shared("model", lambda: Closing(log, "model"))
    resources.shared("plain", lambda: "needs no closing")
    with pytest.raises(OSError, match="bad is stuck"):
        resources.close()
    assert log == ["model", "bad", "good"]
