"""What all components promise: the protocol of their layer, a config that can be written in a file, and batches."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar

import pytest

from glinker_core.layers import LAYERS, Layer
from glinker_core.model import Entity
from glinker_core.resources import Resources
from glinker_core.testing.checks import assert_same
from glinker_core.testing.contracts.config import ConfigContract
from glinker_core.testing.entities import ENTITIES, NIL_NAMES
from glinker_core.testing.items import PORTS, Item, arguments, close_component, items_of, open_component
from glinker_core.testing.rerun import assert_same_under_another_hash_seed
from glinker_core.testing.store import store_of
from glinker_core.testing.texts import NASTY, TEXTS

_FLOAT = re.compile(r"\d+\.\d+(e-?\d+)?")


class ComponentContract(ConfigContract):
    """What the contracts of all layers have in common; override the fixture `component`.

    `texts` are the texts a component is tried on beside the nasty ones, `entities` the knowledge base. A gap is
    declared by its reason: `deterministic = "sampling"` leaves out what needs the same output twice; `tolerance` is
    how much a score may move from batch to batch (1e-4 is usual for neural models, 0 for all others).
    """

    layer_name: ClassVar[str]
    texts: ClassVar[Sequence[str]] = TEXTS
    entities: ClassVar[Sequence[Entity]] = ENTITIES
    deterministic: ClassVar[str] = ""
    tolerance: ClassVar[float] = 0.0

    @pytest.fixture
    def resources(self) -> Resources:
        """What the component is opened with: one store, `kb`, that holds `entities`."""
        return Resources({"kb": store_of(self.entities)})

    @pytest.fixture
    def opened(self, component: Any, resources: Resources) -> Iterator[Any]:
        """The component, opened; override it as a class method of class scope where opening takes long."""
        open_component(component, resources)
        yield component
        close_component(component)

    @property
    def layer(self) -> Layer:
        """The layer this contract is about."""
        return LAYERS[self.layer_name]

    def items(self, texts: Sequence[str] | None = None) -> list[Item]:
        """What the component is called with: each text with what the layers before would have made of it."""
        return items_of(self.texts if texts is None else texts, self.entities, NIL_NAMES)

    def run(self, component: Any, items: Sequence[Item]) -> list[Any]:
        """The component's answer to a batch."""
        method = self.layer.method
        return list(getattr(component, method)(**arguments(component, method, items)))

    def test_fits_the_protocol_of_its_layer(self, component: Any) -> None:
        """Has the method of its layer, and every argument of it is a port."""
        assert isinstance(component, self.layer.protocol), f"no method '{self.layer.method}' for the {self.layer.name}"
        ports = inspect.signature(getattr(component, self.layer.method)).parameters
        named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        wrong = [str(port) for port in ports.values() if port.name not in PORTS or port.kind not in named]
        assert not wrong, f"arguments of '{self.layer.method}' that are no ports: {wrong}; ports are {PORTS}"
        assert "texts" in ports, f"'{self.layer.method}' does not take the port 'texts'"

    def test_gives_one_item_per_text(self, opened: Any) -> None:
        """Answers a batch with as many items as it has texts."""
        items = self.items()
        assert len(self.run(opened, items)) == len(items)

    def test_takes_an_empty_batch(self, opened: Any) -> None:
        """No texts, no items, no exception."""
        assert self.run(opened, []) == []

    def test_takes_an_empty_text(self, opened: Any) -> None:
        """An empty text has an item like any other, alone or between others."""
        assert len(self.run(opened, [Item("")])) == 1
        items = self.items()
        assert len(self.run(opened, [items[0], Item(""), items[1]])) == 3

    @pytest.mark.parametrize("name", NASTY)
    def test_takes_nasty_texts(self, opened: Any, name: str) -> None:
        """Any sequence of code points is a text: emoji, NUL, lone surrogates, right to left, very long."""
        assert len(self.run(opened, self.items([NASTY[name]]))) == 1

    def test_a_batch_gives_the_same_as_one_by_one(self, opened: Any) -> None:
        """The size of a batch changes nothing."""
        self.needs("deterministic")
        items = self.items([*self.texts, *NASTY.values()])
        expected = [self.run(opened, [item])[0] for item in items]
        assert_same(self.run(opened, items), expected, "a batch differs from one by one", self.tolerance)

    def test_the_order_of_texts_changes_nothing(self, opened: Any) -> None:
        """A text gets the same answer wherever it stands in its batch, and when it stands there twice."""
        self.needs("deterministic")
        items = self.items()
        expected = self.run(opened, items)
        turned = self.run(opened, [*reversed(items), *items])
        assert_same(turned, [*reversed(expected), *expected], "the order of texts changes the answer", self.tolerance)

    def test_two_runs_give_the_same(self, opened: Any) -> None:
        """Nothing is carried over from batch to batch."""
        self.needs("deterministic")
        items = self.items()
        expected = self.run(opened, items)
        self.run(opened, items[:1])
        assert_same(self.run(opened, items), expected, "a second run differs from the first", self.tolerance)

    def test_two_threads_give_the_same(self, opened: Any) -> None:
        """Batches that run at the same time do not disturb each other."""
        self.needs("deterministic")
        items = self.items()
        halves = [items[: len(items) // 2], items[len(items) // 2 :]] * 4
        expected = [self.run(opened, half) for half in halves]
        with ThreadPoolExecutor(2) as pool:
            got = list(pool.map(lambda half: self.run(opened, half), halves))
        assert_same(got, expected, "two threads at once give another answer", self.tolerance)

    def test_the_hash_seed_changes_nothing(self, opened: Any, request: pytest.FixtureRequest) -> None:
        """Another process with another `PYTHONHASHSEED` gives the same: no set decides an order."""
        self.needs("deterministic")
        answer = repr(self.run(opened, self.items()))
        assert_same_under_another_hash_seed(_FLOAT.sub("~", answer) if self.tolerance else answer, request)

    def test_leaves_its_input_as_it_was(self, opened: Any) -> None:
        """Nothing that is passed in is changed."""
        given = arguments(opened, self.layer.method, self.items())
        before = copy.deepcopy(given)
        getattr(opened, self.layer.method)(**given)
        assert_same(given, before, "the input was changed")

    def test_closing_twice_is_closing_once(self, component: Any, resources: Resources) -> None:
        """`close()` may be called again, and before `open()`."""
        close_component(component)
        open_component(component, resources)
        close_component(component)
        close_component(component)
