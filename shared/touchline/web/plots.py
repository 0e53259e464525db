"""Plots as inline SVG, made without a plotting library. Each is an image with a name and a description; what it shows
also stands in a table beside it.

Places across are percent, heights are pixels, and text is never scaled: a plot is as legible on a phone as on a wide
screen. Styles come from the style sheet alone. Lines differ by dashes, bars by pattern, cells by lightness.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup, escape

HEIGHT: Final = 190
_NAMES: Final = 24
"""Height of the names below a plot of lines."""
_BAR: Final = 14
_CELL: Final = 34
_SHADES: Final = 9

Ticks = Sequence[tuple[float, str]]
"""Values of an axis and their names, the lowest first; the first and the last bound the plot."""
Band = Sequence[tuple[float, float, float]]
"""Place, lower and upper value, in the order of places."""


@dataclass(frozen=True)
class Line:
    """One line: its name, and its points (place, value) in the order of their places."""

    name: str
    points: tuple[tuple[float, float], ...]
    style: int
    """0 solid, 1 dotted, 2 dashed."""


@dataclass(frozen=True)
class _Scale:
    across: tuple[float, float]
    up: tuple[float, float]

    def x(self, value: float) -> float:
        low, high = self.across
        return round(100 * (value - low) / ((high - low) or 1), 2)

    def y(self, value: float) -> float:
        low, high = self.up
        return round(HEIGHT - 6 - (HEIGHT - 24) * (value - low) / ((high - low) or 1), 1)


def lines(
    key: str, title: str, about: str, series: Sequence[Line], across: Ticks, up: Ticks, band: Band = ()
) -> Markup:
    """Lines over a common axis.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        series: the lines, each in a style of its own.
        across: names of places.
        up: names of values.
        band: what lies between two lines, behind the others.
    """
    scale = _Scale((across[0][0], across[-1][0]), (up[0][0], up[-1][0]))
    grid = "".join(
        f'<line x2="100%" y1="{scale.y(value)}" y2="{scale.y(value)}" class="grid"/>'
        f'<text y="{scale.y(value) - 4}">{escape(name)}</text>'
        for value, name in up
    )
    drawn = _band(band, scale) + "".join(_line(line, scale) for line in series)
    inner = f'<svg width="100%" height="{HEIGHT}" viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none">{drawn}</svg>'
    dots = "".join(_dots(line, scale) for line in series)
    return _image(key, title, about, HEIGHT + _NAMES, grid + inner + dots + _names(across, scale))


def _line(line: Line, scale: _Scale) -> str:
    points = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in line.points)
    return f'<polyline points="{points}" class="line s{line.style}"/>'


def _band(band: Band, scale: _Scale) -> str:
    edge = [(x, low) for x, low, _ in band] + [(x, high) for x, _, high in reversed(band)]
    points = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in edge)
    return f'<polygon points="{points}" class="band"/>' if points else ""


def _dots(line: Line, scale: _Scale) -> str:
    """Every point of a short line, the last one of a long line."""
    shown = line.points if len(line.points) <= 12 else line.points[-1:]
    return "".join(
        f'<circle cx="{scale.x(x)}%" cy="{scale.y(y)}" r="3.5" class="dot s{line.style}"/>' for x, y in shown
    )  # fmt: skip


def _names(across: Ticks, scale: _Scale) -> str:
    anchors = ["start", *["middle"] * (len(across) - 2), "end"]
    return "".join(
        f'<text x="{scale.x(value)}%" y="{HEIGHT + _NAMES - 8}" text-anchor="{anchor}">{escape(name)}</text>'
        for (value, name), anchor in zip(across, anchors, strict=False)
    )


def bars(
    key: str,
    title: str,
    about: str,
    rows: Sequence[tuple[str, Sequence[float]]],
    kinds: Sequence[str],
    named: Callable[[float], str],
) -> Markup:
    """For each row one bar of every kind; where some are below zero they begin in the middle and point to the left.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        rows: name and one value for each kind.
        kinds: patterns of the bars, `home`, `draw` and `away`.
        named: how a value is written.
    """
    every = [value for _, values in rows for value in values]
    longest = max(map(abs, every), default=0.0) or 1.0
    begin, reach = (50, 40) if min(every, default=0.0) < 0 else (0, 88)
    height = 26 + _BAR * len(kinds)
    drawn = [
        f'<text y="{place * height + 18}" class="name">{escape(name)}</text>'
        + "".join(
            _bar(kind, begin, reach * value / longest, place * height + 24 + number * _BAR, named(value))
            for number, (kind, value) in enumerate(zip(kinds, values, strict=True))
        )
        for place, (name, values) in enumerate(rows)
    ]
    total = height * len(rows) + 6
    middle = f'<line x1="{begin}%" x2="{begin}%" y1="22" y2="{total}" class="grid"/>'
    return _image(key, title, about, total, middle + "".join(drawn))


def _bar(kind: str, begin: int, length: float, top: int, name: str) -> str:
    width = abs(length)
    left, end, anchor = (
        (begin, begin + width + 1, "start") if length >= 0 else (begin - width, begin - width - 1, "end")
    )
    return (
        f'<rect x="{left:.2f}%" y="{top}" width="{width:.2f}%" height="{_BAR - 3}" class="edge" '
        f'fill="url(#{kind[0]})"/>'
        f'<text x="{end:.2f}%" y="{top + 10}" text-anchor="{anchor}" class="small">{escape(name)}</text>'
    )


def heat(
    key: str,
    title: str,
    about: str,
    cells: Sequence[Sequence[tuple[float, str]]],
    labels: Sequence[str],
    axes: tuple[str, str],
) -> Markup:
    """A square grid of cells, darker the higher their value, each with its text.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        cells: rows of (value, text).
        labels: names of the rows, and of the columns.
        axes: what counts down the side, and what across the top.
    """
    highest = max(value for row in cells for value, _ in row) or 1.0
    step = 100 / (len(labels) + 1)
    head = "".join(_middle((place + 1.5) * step, _CELL + 12, label) for place, label in enumerate(labels))
    body = "".join(
        _heat_row(_CELL * (row + 1) + 20, label, values, step, highest)
        for row, (label, values) in enumerate(zip(labels, cells, strict=True))
    )
    names = f'<text y="14">{escape(axes[0])} ↓</text><text x="100%" y="14" text-anchor="end">{escape(axes[1])} →</text>'
    return _image(key, title, about, _CELL * (len(labels) + 1) + 22, names + head + body)


def _heat_row(top: int, label: str, values: Sequence[tuple[float, str]], step: float, highest: float) -> str:
    cells = "".join(
        f'<rect x="{(place + 1) * step:.2f}%" y="{top}" width="{step - 0.4:.2f}%" height="{_CELL - 2}" '
        f'class="cell q{_shade(value, highest)}"/>'
        + _middle((place + 1.5) * step, top + 21, text, f" q{_shade(value, highest)}")
        for place, (value, text) in enumerate(values)
    )
    return _middle(step / 2, top + 21, label) + cells


def _middle(place: float, height: int, text: str, more: str = "") -> str:
    return f'<text x="{place:.2f}%" y="{height}" class="middle{more}">{escape(text)}</text>'


def _shade(value: float, highest: float) -> int:
    return round(_SHADES * value / highest)


def _image(key: str, title: str, about: str, height: float, inner: str) -> Markup:
    return Markup(  # noqa: S704 - all text in it is escaped
        f'<svg class="plot" width="100%" height="{height:g}" role="img" aria-labelledby="{key}-t {key}-d">'
        f'<title id="{key}-t">{escape(title)}</title><desc id="{key}-d">{escape(about)}</desc>{inner}</svg>'
    )


def nice_ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values from below the lowest to above the highest.

    >>> nice_ticks(1432, 1611), nice_ticks(0.21, 0.47)
    ([1400.0, 1450.0, 1500.0, 1550.0, 1600.0, 1650.0], [0.2, 0.3, 0.4, 0.5])
    >>> nice_ticks(3, 3)
    [2.5, 3.0, 3.5]
    """
    rough = ((high - low) or 1.0) / count
    power = 10.0 ** floor(log10(rough))
    step = power * next(size for size in (1, 2, 5, 10) if size * power >= rough)
    first, last = floor(low / step), ceil(high / step)
    if first == last:
        first, last = first - 1, last + 1
    return [round(place * step, 10) for place in range(first, last + 1)]
