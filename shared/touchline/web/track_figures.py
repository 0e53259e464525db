"""Plots of the track record, each with the table of what it shows."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from markupsafe import Markup

from touchline.domain.track import Bin, Curve, Figures, Month
from touchline.web.figures import MOST_ROWS, Figure
from touchline.web.look import Look
from touchline.web.plots import Band, Line, lines, nice_ticks

SOLID, DOTTED, BAND = 0, 1, 3
"""Styles of lines; the last one stands for a band in a legend."""
LEAST: Final = 10
"""Matches of a month that is drawn: few of them say so little that the others could not be seen beside it."""
_TENTH: Final = 0.1
Points = Sequence[tuple[date, float, float | None, float | None]]
"""Day, value, lower and upper end of its band."""


def curve_figure(look: Look, curve: Curve) -> Figure:
    """Summed difference to the prices, match day by match day, with its band."""
    t = look.words
    days = [date.fromisoformat(day) for day in curve.days]
    points = list(zip(days, curve.total, curve.low, curve.high, strict=True))
    rival, total = t(f"forecaster.{curve.rival}"), t.number(curve.total[-1])
    about = t("track.curve.about", rival=rival, n=t.count(curve.n), total=total)
    step = -(-len(points) // MOST_ROWS)
    rows = [
        (t.short_day(day), t.number(value), _interval(look, low, high, 2)) for day, value, low, high in points[::-step]
    ]
    legend = ((SOLID, t("track.total")), (BAND, t("track.band")))
    head = (t("day.name"), t("track.total"), t("track.band"))
    return Figure(_over_time(look, "curve", (t("track.curve.title"), about), points), legend, head, tuple(rows), about)


def gap_figure(look: Look, months: Sequence[Month]) -> Figure:
    """Settled minus expected log-loss by month, with its band."""
    t = look.words
    drawn = [one for one in months if one.n >= LEAST] or months
    points = [(date.fromisoformat(f"{one.month}-01"), one.gap.value, one.gap.low, one.gap.high) for one in drawn]
    about = t("track.gap.about", n=t.count(drawn[-1].n), value=t.number(drawn[-1].gap.value, 3))
    rows = [
        (one.month, t.number(one.gap.value, 3), _interval(look, one.gap.low, one.gap.high, 3), t.count(one.n))
        for one in reversed(months)
    ]
    legend = ((SOLID, t("track.gap")), (BAND, t("track.band")))
    head = (t("track.month"), t("track.gap"), t("track.band"), t("matches"))
    return Figure(_over_time(look, "gap", (t("track.gap.title"), about), points), legend, head, tuple(rows), about)


def reliability_figure(look: Look, figures: Figures) -> Figure:
    """How often what was promised came, with the band within which it comes if the promises are right."""
    t = look.words
    told = [one for one in figures.bins if one.count]
    n = sum(one.count for one in told) // 3
    series = [
        Line(t("track.perfect"), ((0.0, 0.0), (1.0, 1.0)), DOTTED),
        Line(t("track.came"), tuple((one.promised, one.came) for one in told), SOLID),
    ]
    ticks = [(share, t.percent(share)) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    band = [(one.promised, one.low, one.high) for one in told]
    about = t("track.bins.about", n=t.count(n))
    svg = lines("bins", t("track.bins.title"), about, series, ticks, ticks, band)
    legend = ((SOLID, t("track.came")), (DOTTED, t("track.perfect")), (BAND, t("track.perfect.band")))
    head = (t("track.tenth"), t("track.count"), t("track.promised"), t("track.came"), t("track.perfect.band"))
    return Figure(svg, legend, head, tuple(_bin(look, place, one) for place, one in enumerate(figures.bins)), about)


def _bin(look: Look, place: int, one: Bin) -> tuple[str, ...]:
    t = look.words
    tenth = t("to", low=t.percent(place * _TENTH), high=t.percent((place + 1) * _TENTH))
    if not one.count:
        return (tenth, "0", "–", "–", "–")
    band = t("to", low=t.percent(one.low, 1), high=t.percent(one.high, 1))
    return (tenth, t.count(one.count), t.percent(one.promised, 1), t.percent(one.came, 1), band)


def _over_time(look: Look, key: str, words: tuple[str, str], points: Points) -> Markup:
    """A line with its band over days; nothing where there is one day alone."""
    if len(points) < 2:
        return Markup()
    t = look.words
    line = tuple((float(day.toordinal()), value) for day, value, _, _ in points)
    band: Band = [
        (float(day.toordinal()), low, high) for day, _, low, high in points if low is not None and high is not None
    ]
    ends = [0.0, *(value for _, value in line), *(end for _, low, high in band for end in (low, high))]
    ticks = nice_ticks(min(ends), max(ends))
    digits = 0 if max(map(abs, ticks)) >= 10 else 2
    first, last = points[0][0], points[-1][0]
    across = [(float(day.toordinal()), t.short_day(day)) for day in (first, last)]
    return lines(key, *words, [Line(words[0], line, SOLID)], across, [(one, t.number(one, digits)) for one in ticks],
                 band)  # fmt: skip


def _interval(look: Look, low: float | None, high: float | None, digits: int) -> str:
    t = look.words
    if low is None or high is None:
        return "–"
    return t("to", low=t.number(low, digits), high=t.number(high, digits))
