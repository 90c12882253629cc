"""Plots as SVG that stands in a page: colours are those of its style sheet, so that they suit light and dark alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from glinker_eval.page import escape

_WIDTH, _HEIGHT = 420, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 14, 12, 42
#: Tick marks of a share.
SHARES = {"0": 0.0, "0.2": 0.2, "0.4": 0.4, "0.6": 0.6, "0.8": 0.8, "1": 1.0}

Point = tuple[float, float]


@frozen
class Line:
    """Points from 0 to 1 on either axis, joined by a line, with what is told where the mouse is on one of them."""

    name: str
    points: Sequence[Point]
    told: Sequence[str] = ()


@frozen
class Bar:
    """Parts that stand upon each other, from `start` to `end`; heights from 0 to 1, with what is told of each."""

    start: float
    end: float
    parts: Sequence[tuple[float, str]]


@frozen
class Axis:
    """What an axis is called, and its tick marks by their text."""

    name: str
    ticks: Mapping[str, float]


def lines(title: str, x: Axis, y: Axis, drawn: Sequence[Line], *, diagonal: bool = False) -> str:
    """Lines over one another; `diagonal` draws where both axes say the same."""
    marks = [_path([(0, 0), (1, 1)], "even")] if diagonal else []
    for number, line in enumerate(drawn):
        marks.append(_path(line.points, f"line s{number % SERIES}"))
        marks += [
            f'<circle class="s{number % SERIES}" cx="{_x(across)}" cy="{_y(up)}" r="3.5">{_title(told)}</circle>'
            for (across, up), told in zip(line.points, line.told, strict=False)
        ]
    return _figure(title, x, y, marks, [line.name for line in drawn])


#: How many colours there are; further lines begin anew.
SERIES = 6


def bars(title: str, x: Axis, y: Axis, drawn: Iterable[Bar], names: Sequence[str]) -> str:
    """Bars, their parts one upon the other in the order of their names."""
    marks = []
    for bar in drawn:
        foot = 0.0
        for number, (height, told) in enumerate(bar.parts):
            left, right, top, bottom = _x(bar.start), _x(bar.end), _y(foot + height), _y(foot)
            size = f'width="{_number(float(right) - float(left) - 1)}" height="{_number(float(bottom) - float(top))}"'
            if height:
                marks.append(f'<rect class="s{number}" x="{left}" y="{top}" {size}>{_title(told)}</rect>')
            foot += height
    return _figure(title, x, y, marks, names)


def _figure(title: str, x: Axis, y: Axis, marks: Sequence[str], names: Sequence[str]) -> str:
    grid = [
        f'<line class="grid" x1="{_x(0)}" x2="{_x(1)}" y1="{_y(at)}" y2="{_y(at)}"/>'
        f'<text class="up" x="{_LEFT - 7}" y="{_y(at)}" dy=".32em">{escape(text)}</text>'
        for text, at in y.ticks.items()
    ]
    grid += [f'<text x="{_x(at)}" y="{_HEIGHT - _BOTTOM + 17}">{escape(text)}</text>' for text, at in x.ticks.items()]
    middle = _number(_TOP + (_HEIGHT - _TOP - _BOTTOM) / 2)
    grid += [
        f'<text class="axis" x="{_x(0.5)}" y="{_HEIGHT - 6}">{escape(x.name)}</text>',
        f'<text class="axis" x="11" y="{middle}" transform="rotate(-90 11 {middle})">{escape(y.name)}</text>',
    ]
    legend = "".join(f'<li class="s{number % SERIES}">{escape(name)}</li>' for number, name in enumerate(names))
    return (
        f'<figure>\n<figcaption>{escape(title)}</figcaption>\n<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{escape(title)}">\n{chr(10).join((*grid, *marks))}\n</svg>\n<ul class="legend">{legend}</ul>\n'
        "</figure>\n"
    )


def _path(points: Iterable[Point], kind: str) -> str:
    return f'<polyline class="{kind}" points="{" ".join(f"{_x(across)},{_y(up)}" for across, up in points)}"/>'


def _title(told: str) -> str:
    return f"<title>{escape(told)}</title>"


def _x(share: float) -> str:
    return _number(_LEFT + share * (_WIDTH - _LEFT - _RIGHT))


def _y(share: float) -> str:
    return _number(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM))


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
