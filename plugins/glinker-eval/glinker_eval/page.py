"""A page in one file: nothing is loaded from elsewhere, and texts can do nothing but be read."""

from __future__ import annotations

import base64
import hashlib
import html
from collections.abc import Iterable, Sequence
from importlib.resources import files

from glinker_core.cli.console import visible

#: Shows the examples that all of the chosen values belong to; it is the only script that a page may run.
_FILTER = """\
const chosen = [...document.querySelectorAll("select")], examples = [...document.querySelectorAll("details.example")];
const show = () => {
  for (const one of examples) one.hidden = chosen.some((by) => by.value && one.dataset[by.name] !== by.value);
  document.querySelector("output").value = examples.filter((one) => !one.hidden).length + " shown";
};
for (const one of chosen) one.addEventListener("change", show);
show();
"""


def page(title: str, parts: Iterable[str], *, filters: bool = False) -> str:
    """A page of parts that are HTML already; with `filters` its examples can be chosen."""
    digest = base64.b64encode(hashlib.sha256(_FILTER.encode()).digest()).decode()
    policy = "default-src 'none'; style-src 'unsafe-inline'" + (f"; script-src 'sha256-{digest}'" if filters else "")
    style = files("glinker_eval").joinpath("page.css").read_text(encoding="utf-8")
    script = f"<script>{_FILTER}</script>\n" if filters else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f"<title>{escape(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"{''.join(parts)}{script}</body>\n</html>\n"
    )


def escape(text: str) -> str:
    """A text as HTML has it, also within quotes; control characters become pictures of themselves."""
    return html.escape(visible(text, keep="\n\r\t"))


def section(title: str, *parts: str) -> str:
    """A part of the page under a heading."""
    return f"<section>\n<h2>{escape(title)}</h2>\n{''.join(parts)}</section>\n"


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "") -> str:
    """A table of cells that are HTML already; the first column is text, the others are numbers."""
    head = "".join(f"<th>{escape(one)}</th>" for one in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table class="{kind}">\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph of plain text."""
    return f'<p class="{kind}">{escape(text)}</p>\n' if kind else f"<p>{escape(text)}</p>\n"


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names with what they are, both plain text."""
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>\n" for name, value in pairs)
    return f"<dl>\n{rows}</dl>\n"
