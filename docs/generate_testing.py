"""Write the reference page of the test kit from the contracts, or check that it is as they would write it.

python docs/generate_testing.py            writes docs/reference/testing.md
python docs/generate_testing.py --check    shows what is out of date, exit code 1
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path

import glinker_core.testing as kit
from glinker_core.testing import entities, fakes, texts
from glinker_core.testing.contracts.component import ComponentContract
from glinker_core.testing.contracts.config import ConfigContract

PAGE = Path(__file__).resolve().parent / "reference" / "testing.md"
MARK = "<!-- written by docs/generate_testing.py from the contracts; change them and run it -->"
CONTRACTS = (
    kit.PluginContract, kit.RecognizerContract, kit.RetrieverContract, kit.LinkerContract, kit.RerankerContract,
    kit.GateContract, kit.AggregatorContract, kit.StoreContract, kit.CacheContract, kit.VectorStoreContract,
    kit.ReaderContract, kit.WriterContract,
)  # fmt: skip
SHARED = (ComponentContract, ConfigContract)

_OPENED_ONCE = """
class TestHeavyLinker(LinkerContract):
    @pytest.fixture
    def component(self):
        return HeavyLinker("a-model")

    @pytest.fixture(scope="class")
    @classmethod
    def opened(cls):
        linker = HeavyLinker("a-model")
        linker.open(Resources())
        yield linker
        linker.close()
"""


def page() -> Iterator[str]:
    """The parts of the page."""
    yield MARK
    yield "# Test kit"
    yield (
        "What a component promises stands in test classes to inherit. Install `glinker-core[testing]`, override the "
        "fixture that makes your component, and every promise is a test with a name and a message that says which "
        "text, mention or candidate breaks it:"
    )
    yield "```python not-run\n" + inspect.cleandoc(_example()) + "\n```"
    yield (
        "[Write a plugin](../tutorial/write-a-plugin.md) does this step by step. A promise you rightly cannot keep is "
        'a gap, declared with its reason (`deterministic = "sampling"`): its tests are skipped, and `pytest -ra` '
        "shows the reason. A single test is left out by overriding it."
    )
    yield "## All components"
    yield _doc(ComponentContract)
    yield (
        "`opened` is the component, opened with the fixture `resources` (one store with `entities`) and closed after "
        "the test. Where opening takes long, override it with class scope, and it is opened once for all:"
    )
    yield "```python not-run\n" + inspect.cleandoc(_OPENED_ONCE) + "\n```"
    yield _tests(*SHARED)
    for contract in CONTRACTS:
        yield f"## `{contract.__name__}`"
        yield _doc(contract)
        inherits = [cls.__name__ for cls in SHARED if issubclass(contract, cls)]
        if inherits:
            what = "component" if ComponentContract.__name__ in inherits else "config"
            yield f"Also what [all components](#all-components) promise{' of their settings' * (what == 'config')}."
        yield _tests(*(cls for cls in contract.__mro__[:-1] if cls not in SHARED))
    yield "## Fakes"
    yield _doc(fakes)
    rows = [(f"`{name}`", _doc(getattr(fakes, name)).splitlines()[0]) for name in fakes.__all__]
    yield _table(("in `glinker_core.testing.fakes`", "what it does"), rows)
    yield (
        "`glinker_core.testing.plugin` offers them to pipelines as `l1_fake`, `l2_fake`, `l3_fake`, `l4_fake`, "
        "`gate_fake`, `l0_fake`, `fake` for store and reader, and `fake_cache`: "
        '`Plugins({"builtin": glinker_core.builtin, "fakes": glinker_core.testing.plugin})`.'
    )
    yield "## Texts and entities"
    yield f"`glinker_core.testing.texts`: {_lower(_doc(texts))}"
    yield "`NASTY` holds, by name: " + ", ".join(f"`{name}`" for name in texts.NASTY) + "."
    yield f"`glinker_core.testing.entities`: {_lower(_doc(entities))}"
    names = ", ".join(f"{name} ({len(ids)})" for name, ids in entities.HOMONYMS.items())
    yield f"`ENTITIES` are {len(entities.ENTITIES)} entities; the homonyms among them are {names}."


def _example() -> str:
    """The code of the docstring of the package."""
    return _doc(kit).split("\n\n", 1)[1].rpartition("\n\n")[0]


def _tests(*contracts: type) -> str:
    tests = [(name, test) for contract in contracts for name, test in vars(contract).items()]
    rows = {f"`{name}`": inspect.getdoc(test) or "" for name, test in reversed(tests) if name.startswith("test_")}
    return _table(("test", "promise"), reversed(rows.items()))


def _doc(thing: object) -> str:
    return inspect.getdoc(thing) or ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |" for line in lines)


def main(check: bool) -> int:
    """Write the page, or compare it and show what differs."""
    new = "\n\n".join(page()) + "\n"
    old = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if check:
        print(
            *unified_diff(old.splitlines(), new.splitlines(), "testing.md", "from the contracts", lineterm=""), sep="\n"
        )
    else:
        PAGE.write_text(new, encoding="utf-8")
    return int(check and old != new)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
