"""Plots with the table of what they show."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from markupsafe import Markup

from touchline.domain.context import EloLines
from touchline.web.look import Look
from touchline.web.plots import Line, Ticks, lines, nice_ticks

HOME, DRAW, AWAY = 0, 1, 2
MOST_ROWS: Final = 60


@dataclass(frozen=True)
class Figure:
    """A plot, its legend (style, name), and a table of the same; `svg` is empty where there is too little to draw."""

    svg: Markup
    legend: tuple[tuple[int, str], ...]
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    about: str = ""
    """What it shows, in a sentence, where that stands on the page, too."""


def outcome_lines(
    look: Look,
    key: str,
    points: Sequence[tuple[datetime | None, tuple[float, float, float]]],
    *,
    head: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    named: Callable[[float], str],
) -> Figure:
    """Three values over time, one for each outcome; drawn from two moments on.

    Args:
        look: how the page is looked at.
        key: identity on the page, and key of its words.
        points: moments and values; those without a moment stand in the table only.
        head: names of the columns of the table.
        rows: rows of the table.
        named: how a value is written.
    """
    t = look.words
    drawn = [(moment.timestamp(), values) for moment, values in points if moment is not None]
    legend = ((HOME, t("win.home")), (DRAW, t("draw")), (AWAY, t("win.away")))
    if len({place for place, _ in drawn}) < 2:
        return Figure(Markup(), (), head, tuple(rows))
    every = [value for _, values in drawn for value in values]
    series = [
        Line(name, tuple((place, values[outcome]) for place, values in drawn), outcome) for outcome, name in legend
    ]
    across = _ends(look, drawn[0][0], drawn[-1][0])
    up = [(value, named(value)) for value in nice_ticks(min(every), max(every))]
    svg = lines(key, t(f"{key}.title"), t(f"{key}.about", n=len(drawn)), series, across, up)
    return Figure(svg, legend, head, tuple(rows))


def _ends(look: Look, first: float, last: float) -> Ticks:
    zone = look.zone
    return [(place, look.words.moment(datetime.fromtimestamp(place, zone))) for place in (first, last)]


def elo_lines(look: Look, known: EloLines, country: str, teams: tuple[str, str]) -> Figure | None:
    """Elo ratings of both teams; None where neither is known."""
    found = {line.team: line.points for line in known.lines if line.country == country and line.team in teams}
    series = [
        Line(team, tuple((date.fromisoformat(day).toordinal(), value) for day, value in found[team]), style)
        for team, style in zip(teams, (HOME, AWAY), strict=True)
        if found.get(team)
    ]
    if not series:
        return None
    t = look.words
    places = [place for line in series for place, _ in line.points]
    values = [value for line in series for _, value in line.points]
    middle = (min(places) + max(places)) // 2
    across = [
        (place, t.short_day(date.fromordinal(int(place)))) for place in sorted({min(places), middle, max(places)})
    ]
    up = [(value, t.number(value, 0)) for value in nice_ticks(min(values), max(values))]
    about = t("elo.about", now=", ".join(f"{line.name} {t.number(line.points[-1][1], 0)}" for line in series))
    rows = sorted(((day, team, value) for team in teams for day, value in found.get(team, ())), reverse=True)
    return Figure(
        lines("elo", t("elo.title"), about, series, across, up),
        tuple((line.style, line.name) for line in series),
        (t("day.name"), t("team"), t("elo.rating")),
        tuple((day, team, t.number(value, 0)) for day, team, value in rows[:MOST_ROWS]),
    )
