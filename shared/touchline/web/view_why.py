"""Why a forecast is what it is: what groups of features add to each of the three chances."""

from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from touchline.stages.predict_explain import Contribution, Explanation
from touchline.web.look import Look
from touchline.web.plots import bars

DRAWN: Final = 6


@dataclass(frozen=True)
class Part:
    """What one group or feature adds, in percentage points, home, draw, away."""

    name: str
    added: tuple[str, ...]
    value: str = ""


@dataclass(frozen=True)
class Why:
    """How a forecast comes about: base, groups, forecast."""

    sentence: str
    svg: Markup
    base: tuple[str, ...]
    groups: tuple[Part, ...]
    forecast: tuple[str, ...]
    features: tuple[Part, ...]


def why(look: Look, told: Explanation) -> Why:
    """An explanation as the page shows it."""
    t = look.words
    groups = tuple(Part(_group(look, one), tuple(t.signed(value) for value in _added(one))) for one in told.groups)
    drawn = [(_group(look, one), _added(one)) for one in told.groups[:DRAWN]]
    return Why(
        sentence=_sentence(look, told),
        svg=bars("why", t("why.title"), t("why.about"), drawn, ("home", "draw", "away"), t.signed),
        base=tuple(t.percent(value, 1) for value in told.base),
        groups=groups,
        forecast=tuple(t.percent(value, 1) for value in told.forecast),
        features=tuple(_feature(look, one) for one in told.features),
    )


def _added(one: Contribution) -> tuple[float, float, float]:
    return one.home, one.draw, one.away


def _group(look: Look, one: Contribution) -> str:
    return look.words.or_else(f"group.{one.name}", one.name)


def _feature(look: Look, one: Contribution) -> Part:
    t = look.words
    value = t("why.unknown") if one.value is None else t.number(one.value, 2)
    return Part(one.name, tuple(t.signed(each) for each in _added(one)), value)


def _sentence(look: Look, told: Explanation) -> str:
    """What moves the likeliest outcome most."""
    t = look.words
    outcome = max(range(3), key=lambda place: told.forecast[place])
    names = (t("win.of", team=told.home_team), t("draw"), t("win.of", team=told.away_team))
    strongest = sorted(told.groups, key=lambda one: -abs(_added(one)[outcome]))[:2]
    movers = t("and").join(f"{_group(look, one)} ({t.signed(_added(one)[outcome])})" for one in strongest)
    return t(
        "why.sentence",
        outcome=names[outcome],
        base=t.percent(told.base[outcome]),
        forecast=t.percent(told.forecast[outcome]),
        movers=movers,
    )
