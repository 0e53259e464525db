"""Plots as inline SVG, made without a plotting library. Each is an image with a name and a description; what it shows
also stands in a table beside it.

Places across are percent, heights are pixels, and text is never scaled: a plot is as legible on a phone as on a wide
screen. Styles come from the style sheet alone. Lines differ by dashes, bars by pattern, cells by lightness.
"""

from collections.abc import Sequence
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


@dataclass(frozen=True)
class Line:
    """One line: its name, and its points (place, value) in the order of their places."""

    name: str
    points: tuple[tuple[float, float], ...]


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


def lines(key: str, title: str, about: str, series: Sequence[Line], across: Ticks, up: Ticks) -> Markup:
    """Lines over a common axis; the first is solid, the second dashed, the third dotted.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        series: at most three lines.
        across: names of places.
        up: names of values.
    """
    scale = _Scale((across[0][0], across[-1][0]), (up[0][0], up[-1][0]))
    grid = "".join(
        f'<line x2="100%" y1="{scale.y(value)}" y2="{scale.y(value)}" class="grid"/>'
        f'<text y="{scale.y(value) - 4}">{escape(name)}</text>'
        for value, name in up
    )
    drawn = "".join(_line(number, line, scale) for number, line in enumerate(series))
    inner = f'<svg width="100%" height="{HEIGHT}" viewBox="0 0 100 {HEIGHT}" preserveAspectRatio="none">{drawn}</svg>'
    dots = "".join(_dots(number, line, scale) for number, line in enumerate(series))
    return _image(key, title, about, HEIGHT + _NAMES, grid + inner + dots + _names(across, scale))


def _line(number: int, line: Line, scale: _Scale) -> str:
    points = " ".join(f"{scale.x(x)},{scale.y(y)}" for x, y in line.points)
    return f'<polyline points="{points}" class="line s{number}"/>'


def _dots(number: int, line: Line, scale: _Scale) -> str:
    """Every point of a short line, the last one of a long line."""
    shown = line.points if len(line.points) <= 12 else line.points[-1:]
    return "".join(
        f'<circle cx="{scale.x(x)}%" cy="{scale.y(y)}" r="3.5" class="dot s{number}"/>' for x, y in shown
    )  # fmt: skip


def _names(across: Ticks, scale: _Scale) -> str:
    anchors = ["start", *["middle"] * (len(across) - 2), "end"]
    return "".join(
        f'<text x="{scale.x(value)}%" y="{HEIGHT + _NAMES - 8}" text-anchor="{anchor}">{escape(name)}</text>'
        for (value, name), anchor in zip(across, anchors, strict=False)
    )


def bars(key: str, title: str, about: str, rows: Sequence[tuple[str, Sequence[float]]], kinds: Sequence[str]) -> Markup:
    """For each row one bar of every kind, to the right of the middle if above zero, else to the left.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        rows: name and one value for each kind.
        kinds: patterns of the bars, `home`, `draw` and `away`.
    """
    longest = max((abs(value) for _, values in rows for value in values), default=0.0) or 1.0
    height = 26 + _BAR * len(kinds)
    drawn = [
        f'<text y="{place * height + 18}" class="name">{escape(name)}</text>'
        + "".join(
            _bar(kind, value / longest, place * height + 24 + number * _BAR)
            for number, (kind, value) in enumerate(zip(kinds, values, strict=True))
        )
        for place, (name, values) in enumerate(rows)
    ]
    total = height * len(rows) + 6
    middle = f'<line x1="50%" x2="50%" y1="22" y2="{total}" class="grid"/>'
    return _image(key, title, about, total, middle + "".join(drawn))


def _bar(kind: str, share: float, top: int) -> str:
    width = round(48 * abs(share), 2)
    left = 50.0 if share >= 0 else round(50 - width, 2)
    return f'<rect x="{left}%" y="{top}" width="{width}%" height="{_BAR - 3}" fill="url(#{kind[0]})" class="edge"/>'


def heat(
    key: str, title: str, about: str, cells: Sequence[Sequence[tuple[float, str]]], axes: tuple[str, str]
) -> Markup:
    """A grid of cells, darker the higher their value, each with its text.

    Args:
        key: identity on the page, for the names.
        title: what it is.
        about: what it shows, in a sentence.
        cells: rows of (value, text).
        axes: what counts down the side, and what across the top.
    """
    highest = max(value for row in cells for value, _ in row) or 1.0
    step = 100 / (len(cells[0]) + 1)
    head = "".join(
        f'<text x="{round((place + 1.5) * step, 2)}%" y="{_CELL + 12}" class="middle">{place}</text>'
        for place in range(len(cells[0]))
    )
    body = "".join(_heat_row(row, values, step, highest) for row, values in enumerate(cells))
    names = f'<text y="14">{escape(axes[0])} ↓</text><text x="100%" y="14" text-anchor="end">{escape(axes[1])} →</text>'
    return _image(key, title, about, _CELL * (len(cells) + 1) + 22, names + head + body)


def _heat_row(row: int, values: Sequence[tuple[float, str]], step: float, highest: float) -> str:
    top = _CELL * (row + 1) + 20
    cells = "".join(
        f'<rect x="{round((place + 1) * step, 2)}%" y="{top}" width="{round(step - 0.4, 2)}%" height="{_CELL - 2}" '
        f'class="cell q{_shade(value, highest)}"/>'
        f'<text x="{round((place + 1.5) * step, 2)}%" y="{top + 21}" class="middle q{_shade(value, highest)}">'
        f"{escape(text)}</text>"
        for place, (value, text) in enumerate(values)
    )
    return f'<text x="{round(step / 2, 2)}%" y="{top + 21}" class="middle">{row}</text>{cells}'


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
