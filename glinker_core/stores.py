"""The stores and caches of a pipeline: each declared in one place or several, and made once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any

from attrs import Factory, frozen

from glinker_core.config import Draft
from glinker_core.errors import PluginError, near
from glinker_core.layers import CandidateCache, DeclaresStores, Store, StoreSpec
from glinker_core.plugins import Plugins
from glinker_core.source import Where
from glinker_core.structure import settings, structure


@frozen
class Stores:
    """What was declared and what became of it, by name; `caches` are those that only remember answers."""

    specs: dict[str, StoreSpec] = Factory(dict)
    stores: dict[str, Store] = Factory(dict)
    caches: dict[str, CandidateCache] = Factory(dict)


def make_stores(draft: Draft, plugins: Plugins, components: Sequence[tuple[Any, Where]]) -> Stores:
    """The stores of the pipeline and of its components, each of which stands at its place; problems go to the draft."""
    made = Stores()
    owners = [(component, where) for component, where in components if isinstance(component, DeclaresStores)]
    for spec, where in _declared(draft, owners):
        if not spec.type:
            if spec.name not in draft.stores:
                draft.refuse(where, f"no store '{spec.name}' under 'stores'{near(spec.name, draft.stores)}")
            continue
        if spec.name in made.specs:
            if made.specs[spec.name] != spec:
                draft.refuse(where, f"two different stores are called '{spec.name}'; give one a 'name'")
            continue
        made.specs[spec.name] = spec
        thing = _make(spec, where, draft, plugins)
        if isinstance(thing, CandidateCache) and not hasattr(type(thing), "search"):
            made.caches[spec.name] = thing
        elif thing is not None:
            made.stores[spec.name] = thing
    for component, where in owners:
        _check_caches(draft, component.declared_stores(), (*where, "config", "layers"), made.caches)
    return made


def _declared(draft: Draft, owners: Sequence[tuple[DeclaresStores, Where]]) -> Iterator[tuple[StoreSpec, Where]]:
    for name, shared in draft.stores.items():
        yield StoreSpec(name, shared.type, shared.config, shared.field_mapping, shared.write), ("stores", name)
    for component, where in owners:
        for index, spec in enumerate(component.declared_stores()):
            yield spec, (*where, "config", "layers", index)


def _make(spec: StoreSpec, where: Where, draft: Draft, plugins: Plugins) -> Any:
    try:
        cls = plugins.load(plugins.find(spec.type, "glinker_stores"))
    except PluginError as error:
        draft.refuse((*where, "type"), str(error))
        return None
    config = dict(spec.config)
    mapping = {ours: theirs for ours, theirs in spec.field_mapping.items() if ours != theirs}
    for name, value in (("field_mapping", mapping or None), ("ttl", spec.ttl)):
        if name not in settings(cls):
            if value:
                draft.warn(where, f"{name} has no effect on a '{spec.type}' store")
        elif value is not None and config.setdefault(name, value) != value:
            message = f"'{name}' stands here and in 'config', and is not the same; write one of them"
            draft.refuse((*where, name), message)
    return structure(cls, config, draft.source.place, draft.problems, (*where, "config"))


def _check_caches(draft: Draft, specs: Sequence[StoreSpec], where: Where, caches: Mapping[str, CandidateCache]) -> None:
    """Say which caches of a component have no slower store whose answers they could remember."""
    ordered = sorted(range(len(specs)), key=lambda index: -specs[index].priority)
    behind = list(takewhile(lambda index: specs[index].name in caches, reversed(ordered)))
    if specs and len(behind) == len(specs):
        draft.refuse(where, "a cache holds no entities; add a store behind it, such as {type: sqlite}")
        return
    for index in sorted(behind):
        name = specs[index].name
        draft.warn((*where, index), f"cache '{name}' has no slower store behind it; give it a higher priority")
