"""Why a forecast is what it is: what each group of features, and each feature of the strongest, adds to it."""

from hashlib import blake2b
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain.attribution import Parts, attribute
from touchline.domain.feature_groups import group
from touchline.domain.routing import Arm
from touchline.errors import Unavailable
from touchline.stages.predict_board import Board, Serving, require_published
from touchline.stages.predict_model import asked_of, checked, named
from touchline.stages.predict_names import find_match

Floats = NDArray[np.float64]
BACKGROUND: Final = 24
"""Published matches that a match is compared with, at most; fewer of a model of many features."""
ROWS: Final = 6000
"""Rows that the model is asked about for one explanation, at most: it bounds the time that it takes."""
ROUNDS: Final = 2
"""Pairs of walks from each of them, at least: the difference of two says how sure a part is."""
STRONGEST: Final = 3
"""Groups whose features are told one by one."""
_WORDS: Final = {
    "prices": "the prices of the match",
    "past prices": "prices of earlier matches",
    "head to head": "earlier meetings",
    "league": "what is usual in the competition",
    "table": "the table",
    "rest": "rest between matches",
    "form of shots": "shots in recent matches",
    "form of results": "recent results",
    "weekly fits": "strengths fitted to all results",
    "goals": "the goals that the ratings expect",
    "ratings": "ratings",
}
"""Groups as a sentence names them."""
_WORTH_TELLING: Final = 0.005
"""A smaller part is left out of the sentence."""
_CLOSE: Final = 0.05
"""What is ahead of the next likeliest by less is slightly so."""


class Contribution(msgspec.Struct, frozen=True):
    """What a group of features, or a feature, adds to the chances of home win, draw and away win."""

    name: str
    home: float
    draw: float
    away: float
    group: str = ""
    """Group of a feature; empty of a group."""
    value: float | None = None
    """Of a feature; None of a group, and where it was not known."""


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """How a forecast comes from what is expected of any match: base + sum of groups = forecast."""

    match_id: str
    home_team: str
    away_team: str
    model_version: str
    arm: Arm
    """Of the route: which model is explained."""
    base: tuple[float, float, float]
    """Mean forecast of the background."""
    background: str
    """What the match is compared with, in words."""
    forecast: tuple[float, float, float]
    groups: tuple[Contribution, ...]
    """Strongest first; they sum exactly to forecast - base."""
    features: tuple[Contribution, ...]
    """Of the strongest groups, by group; those of a group sum exactly to it."""
    standard_error: float
    """Of a contribution of a group, the largest: what another draw of walks would change it by, about."""
    sentence: str


def explain(board: Board, match_id: str, arm: Arm = "champion") -> Explanation:
    """What the features of a match add to its forecast, beginning with the mean forecast of published matches.

    The same board gives the same answer: the walks of `domain.attribution` are drawn from a hash of the match.

    Raises:
        NotFound: no forecast of the match is published.
        Unavailable: features were not published beside the forecasts, or not those that the model wants.
    """
    match, asked = find_match(board, match_id), asked_of(board, (match_id,), arm)
    if asked is None:
        raise Unavailable(
            "no features were published with these forecasts",
            where=require_published(board).publication,
            hint="run forecast again with this version of Touchline",
        )
    serving, names = asked.serving, asked.serving.predictor.features
    walks = max(ROUNDS, ROWS // (2 * (len(names) + 1)))
    background, members = _background(board, arm, walks // ROUNDS), _members(names)
    parts = attribute(
        lambda rows: checked(serving, serving.predictor.predict(rows)),
        asked.values[0], background, list(members.values()),
        rounds=walks // len(background), seed=_seed(serving, match_id),
    )  # fmt: skip
    told = {name: parts.together(places) for name, places in members.items()}
    ranked = sorted(told, key=lambda name: -float(np.abs(told[name][0]).max()))
    groups = tuple(Contribution(name, *_three(told[name][0])) for name in ranked)
    return Explanation(
        match_id=match.match_id,
        home_team=match.home_team,
        away_team=match.away_team,
        model_version=serving.version,
        arm=named(board, arm)[1],
        base=_three(parts.base),
        background=f"mean forecast of {len(background)} coming matches",
        forecast=_three(parts.forecast),
        groups=groups,
        features=tuple(
            each
            for name in ranked[:STRONGEST]
            for each in _features(parts, names, members[name], name, asked.values[0])
        ),
        standard_error=max((error for _, error in told.values()), default=0.0),
        sentence=sentence(match.home_team, match.away_team, _three(parts.forecast), groups),
    )


def sentence(home: str, away: str, forecast: tuple[float, float, float], groups: tuple[Contribution, ...]) -> str:
    """Plain words: what is likeliest, by what, and what speaks against it."""
    second, chance = sorted(forecast)[1:]
    side = ("home", "draw", "away")[forecast.index(chance)]
    points = {each.name: getattr(each, side) for each in groups if abs(getattr(each, side)) >= _WORTH_TELLING}
    for_it = sorted((name for name in points if points[name] > 0), key=lambda name: -points[name])[:2]
    against = min((name for name in points if points[name] < 0), key=points.__getitem__, default="")
    slightly = "slightly " if chance - second < _CLOSE else ""
    if side == "draw":
        told = f"A draw is {slightly}likelier than either win ({chance:.0%})"
    else:
        told = f"{home if side == 'home' else away} are {slightly}favoured ({chance:.0%})"
    if for_it:
        told += " mainly by " + " and ".join(_said(name, points[name]) for name in for_it)
    else:
        told += ", by no more than is usual"
    them = "it" if side == "draw" else "them"
    return f"{told}; against {them}: {_said(against, points[against])}." if against else f"{told}."


def _said(name: str, points: float) -> str:
    return f"{_WORDS[name]} ({100 * points:+.1f} points)"


def _background(board: Board, arm: Arm, count: int) -> Floats:
    """Features of so many published matches at most, evenly picked."""
    known = require_published(board).forecasts.matches
    picked = np.linspace(0, len(known) - 1, min(BACKGROUND, count, len(known))).astype(int)
    asked = asked_of(board, [known[place].match_id for place in picked], arm)
    assert asked is not None, "asked for one match before"
    return asked.values


def _members(names: tuple[str, ...]) -> dict[str, list[int]]:
    members: dict[str, list[int]] = {}
    for place, name in enumerate(names):
        members.setdefault(group(name), []).append(place)
    return members


def _features(
    parts: Parts, names: tuple[str, ...], members: list[int], which: str, values: Floats
) -> list[Contribution]:
    ranked = sorted(members, key=lambda place: -float(np.abs(parts.parts[place]).max()))
    known = [None if np.isnan(values[place]) else float(values[place]) for place in ranked]
    return [
        Contribution(names[place], *_three(parts.parts[place]), which, value)
        for place, value in zip(ranked, known, strict=True)
    ]


def _seed(serving: Serving, match_id: str) -> int:
    return int.from_bytes(blake2b(f"{serving.model_id} {match_id}".encode(), digest_size=8).digest(), "big")


def _three(chances: Floats) -> tuple[float, float, float]:
    home, draw, away = chances.tolist()
    return home, draw, away
