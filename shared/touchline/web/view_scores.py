"""Tables of scores with a picture of their intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

from touchline.web.look import Look


@dataclass(frozen=True)
class Scored:
    """One row before it is laid out: a mean, its interval, and further cells."""

    name: str
    value: float
    low: float | None
    high: float | None
    cells: tuple[str, ...]
    own: bool = False
    few: bool = False


@dataclass(frozen=True)
class Row:
    """One row of the table; places on the picture are percent of its width, None without an interval."""

    name: str
    value: str
    interval: str
    cells: tuple[str, ...]
    at: float
    low: float | None
    high: float | None
    own: bool
    few: bool


def rows(look: Look, scored: Sequence[Scored], digits: int = 4, *, percent: bool = False) -> tuple[Row, ...]:
    """Rows whose pictures share one scale."""
    t = look.words
    ends = [end for one in scored for end in (one.low, one.high, one.value) if end is not None]
    low, high = min(ends, default=0.0), max(ends, default=0.0)

    def place(value: float | None) -> float | None:
        return None if value is None else round(4 + 92 * (value - low) / ((high - low) or 1), 2)

    def text(value: float) -> str:
        return t.percent(value, 1) if percent else t.number(value, digits)

    return tuple(
        Row(
            name=one.name,
            value=text(one.value),
            interval="–" if one.low is None or one.high is None else t("to", low=text(one.low), high=text(one.high)),
            cells=one.cells,
            at=place(one.value) or 0.0,
            low=place(one.low),
            high=place(one.high),
            own=one.own,
            few=one.few,
        )
        for one in scored
    )
