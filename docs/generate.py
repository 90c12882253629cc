"""Write the reference pages from the code, or check that they are as the code would write them.

python docs/generate.py            writes docs/reference/*.md
python docs/generate.py --check    says which pages are out of date, exit code 1
"""

from __future__ import annotations

import importlib
import inspect
import sys
import textwrap
import types
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import attrs
import typer

from glinker_core import hookspecs, layers, model
from glinker_core.cli import COMMANDS, app
from glinker_core.layers import LAYERS
from glinker_core.plugins import Offer, Plugins
from glinker_core.structure import MAPPINGS, SEQUENCES, settings

ROOT = Path(__file__).resolve().parent.parent
PAGES = ROOT / "docs" / "reference"
MARK = "<!-- written by docs/generate.py from the code; change the code and run it -->"

#: Plugins of this repository; whatever else is installed is not ours to document.
OURS = {"glinker-core", *(path.name for path in (ROOT / "plugins").glob("glinker-*"))}

_SCALARS = {str: "string", int: "whole number", float: "number", bool: "true or false", Path: "path", Any: "anything"}
_LAYER_TITLES = {
    "recognizer": "L1: recognisers",
    "retriever": "L2: retrievers",
    "linker": "L3: linkers",
    "reranker": "L4: rerankers",
    "gate": "Gates",
    "aggregator": "L0: aggregators",
}


def components() -> Iterator[str]:
    """What can stand in a pipeline file: processors by layer, then stores, readers and writers."""
    plugins = Plugins.installed()
    yield "# Components"
    yield (
        "What a pipeline file can name, with every setting and its default. `glinker plugins` lists what is installed "
        "on your machine, `glinker schema` writes the same for editors."
    )
    for layer in LAYERS.values():
        offers = _ours(plugins, layer.hook)
        if offers:
            yield f"## {_LAYER_TITLES[layer.name]}"
            yield f"Hook `{layer.hook}`, method `{layer.method}`, makes {layer.makes}."
        for offer in offers:
            yield from _component(plugins, offer)
    yield "## Stores"
    yield "The `type` of a layer of `l2_chain`, or of an entry under `stores`. Hook `glinker_stores`."
    for offer in _ours(plugins, "glinker_stores"):
        yield from _component(plugins, offer)
    yield "## Readers"
    yield "File formats of entities and documents, chosen by the ending of the file's name. Hook `glinker_readers`."
    rows = [
        (f"`{offer.name}`", " ".join(f"`{s}`" for s in offer.component.suffixes if s), offer.component.summary)
        for offer in _ours(plugins, "glinker_readers")
    ]
    yield _table(("reader", "endings", "what it reads"), rows)
    yield "## Writers"
    yield (
        "File formats of linked documents, for `glinker link`, chosen by the ending of `--output` or by `--format`. "
        "Hook `glinker_writers`."
    )
    rows = [
        (f"`{offer.name}`", " ".join(f"`{s}`" for s in offer.component.suffixes), offer.component.summary)
        for offer in _ours(plugins, "glinker_writers")
    ]
    yield _table(("writer", "endings", "what it writes"), rows)
    yield "## Engines"
    yield "Who works in a run into a folder, chosen by `glinker link --engine`. Hook `glinker_engines`."
    rows = [(f"`{offer.name}`", offer.component.summary) for offer in _ours(plugins, "glinker_engines")]
    yield _table(("engine", "who works"), rows)
    presets = _ours(plugins, "glinker_presets")
    if presets:
        yield "## Presets"
        yield "Whole pipelines, for `ConfigBuilder.preset` and `glinker init --preset`. Hook `glinker_presets`."
        yield _table(("preset", "what it is"), [(f"`{offer.name}`", offer.component.summary) for offer in presets])


def _ours(plugins: Plugins, hook: str) -> list[Offer]:
    return [offer for offer in plugins.offers(hook) if plugins.plugins[offer.plugin].distribution in OURS]


def _component(plugins: Plugins, offer: Offer) -> Iterator[str]:
    cls = plugins.load(offer)
    yield f"### `{offer.name}`"
    yield f"From `{plugins.plugins[offer.plugin].distribution}`: {offer.component.summary}."
    yield from _described(cls, set())


def _described(cls: type, seen: set[type]) -> Iterator[str]:
    """The docstring of a record, the table of its settings, and the same for the records inside."""
    seen.add(cls)
    yield _doc(cls)
    known = settings(cls)
    if known:
        rows = [(f"`{name}`", _type(wanted), _default(field)) for name, (field, wanted) in known.items()]
        yield _table(("setting", "type", "default"), rows)
    for name, (_, wanted) in known.items():
        for inner in _records(wanted):
            if inner not in seen:
                yield f"#### `{inner.__name__}`, in `{name}`"
                yield from _described(inner, seen)


def _records(wanted: Any) -> Iterator[type]:
    if isinstance(wanted, type) and attrs.has(wanted):
        yield wanted
    for argument in get_args(wanted):
        yield from _records(argument)


def _type(wanted: Any) -> str:
    origin, args = get_origin(wanted), get_args(wanted)
    if wanted in (None, type(None)):
        return "nothing"
    if origin in (Union, types.UnionType):
        return " or ".join(_type(arg) for arg in args)
    if origin is Literal:
        return " or ".join(f"`{arg}`" for arg in args)
    if origin in SEQUENCES:
        return f"list of {_type(args[0])}"
    if origin in MAPPINGS or wanted in MAPPINGS:
        return "mapping"
    return _SCALARS.get(wanted) or f"`{getattr(wanted, '__name__', wanted)}`"


def _default(field: attrs.Attribute[Any]) -> str:
    if field.default is attrs.NOTHING:
        return "**required**"
    value = field.default
    if isinstance(value, attrs.Factory):  # type: ignore[arg-type]
        value = value.factory()
    return _value(value)


def _value(value: Any) -> str:
    """A default the way a pipeline file would write it."""
    if attrs.has(type(value)):
        return f"see `{type(value).__name__}`"
    words = {True: "true", False: "false"} if isinstance(value, bool) else {}
    if isinstance(value, (tuple, list, frozenset)):
        return f"`[{', '.join(map(str, value))}]`"
    if value is None or value == "":
        return "nothing" if value is None else '`""`'
    return f"`{words.get(value, value)}`" if not isinstance(value, dict) else "`{}`"


def hooks() -> Iterator[str]:
    """The hook specifications, in the order of the module."""
    yield "# Hooks"
    yield _doc(hookspecs)
    for name, function in vars(hookspecs).items():
        if inspect.isfunction(function) and name.startswith("glinker_"):
            text, _, example = _doc(function).partition("Example:")
            yield f"## `{name}({', '.join(inspect.signature(function).parameters)})`"
            yield text.strip()
            if example:
                lines = textwrap.dedent(example.strip("\n") if "\n" in example.strip() else example)
                yield f"```python\n{lines.strip().strip('`')}\n```"


def records() -> Iterator[str]:
    """The records that flow through a pipeline and those a store is asked with."""
    yield "# Records"
    yield _doc(model)
    flowing = [cls for cls in vars(model).values() if attrs.has(cls) and cls.__module__ == model.__name__]
    for cls in [*flowing, layers.Search, layers.Name, layers.Upserted]:
        yield f"## `{cls.__name__}`"
        yield _doc(cls)
        yield _table(("field", "type", "default"), _fields(cls))
        rows = [
            (f"`.{name}`", _annotation(value.fget.__annotations__.get("return", "")), _doc(value))
            for name, value in vars(cls).items()
            if isinstance(value, property)
        ]
        if rows:
            yield _table(("property", "type", "what it is"), rows)


def _fields(cls: type) -> Iterator[tuple[str, str, str]]:
    if attrs.has(cls):
        for field in attrs.fields(cls):
            yield f"`{field.name}`", _annotation(field.type), _default(field)
    else:
        for name, annotation in cls.__annotations__.items():
            yield f"`{name}`", _annotation(annotation), "**required**"


def _annotation(annotation: Any) -> str:
    written = getattr(annotation, "__forward_arg__", annotation)
    return f"`{written}`".replace("|", "\\|") if written else ""


def cli() -> Iterator[str]:
    """The program and its commands with their arguments and options."""
    yield "# Command line"
    yield from _command(typer.main.get_command(app), "glinker")
    for name, (target, _) in COMMANDS.items():
        module, _, attribute = target.partition(":")
        found = getattr(importlib.import_module(module), attribute)
        if not isinstance(found, typer.Typer):
            alone = typer.Typer()
            alone.command(name)(found)
            found = alone
        yield from _command(typer.main.get_command(found), f"glinker {name}")
    yield "## Exit codes"
    rows = [("0", "done"), ("1", "the data are wrong"), ("2", "the call or the pipeline is wrong")]
    yield _table(("code", "meaning"), rows)


def _command(command: Any, name: str) -> Iterator[str]:
    yield f"## `{name}`"
    yield inspect.cleandoc(command.help or "")
    hints = get_type_hints(inspect.unwrap(command.callback)) if command.callback else {}
    shown = [p for p in command.params if p.name in hints]  # the rest is help and shell completion
    yield _table(("argument", "meaning", "value", "default"), [_parameter(p, hints[p.name]) for p in shown])
    for child in getattr(command, "commands", {}):
        yield from _command(command.commands[child], f"{name} {child}")


def _parameter(parameter: Any, hint: Any) -> tuple[str, str, str, str]:
    option = parameter.param_type_name == "option"
    names = ", ".join([*parameter.opts, *parameter.secondary_opts]) if option else parameter.name.upper()
    default = "**required**" if parameter.required else _value(parameter.default)
    value = "flag" if hint is bool else _type(hint).removesuffix(" or nothing")
    return f"`{names}`", parameter.help or "", value, "" if default in ("nothing", '`""`', "`false`") else default


def _doc(thing: Any) -> str:
    return inspect.getdoc(thing) or ""


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    if len(lines) == 2:
        return ""
    return "\n".join(f"| {' | '.join(cell.replace(chr(10), ' ') for cell in line)} |" for line in lines)


def pages() -> dict[Path, str]:
    """Every page with its text."""
    made = {"components": components(), "hooks": hooks(), "records": records(), "cli": cli()}
    return {
        PAGES / f"{name}.md": "\n\n".join([MARK, *(part for part in parts if part)]) + "\n"
        for name, parts in made.items()
    }


def main(check: bool) -> int:
    """Write the pages, or compare them and show what differs."""
    stale = 0
    for path, text in pages().items():
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        if check and old != text:
            stale += 1
            name = str(path.relative_to(ROOT))
            print(*unified_diff(old.splitlines(), text.splitlines(), name, "from the code", lineterm=""), sep="\n")
        elif not check:
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"{stale} pages are out of date; run: python docs/generate.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
