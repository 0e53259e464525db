"""What a match page gives beside the result, as the tables of `touchline.collecting.DETAILS`.

A page that breaks off (`partial`) gives its line-ups and no sums: they would be too low. A page without data gives no
row at all, so that it never takes the place of what an earlier one gave; what it was worth is remembered with the page.
Which match it is, the page does not decide: all rows carry the number of the match alone.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from touchline.domain.vocabulary import STATISTIC_BOUNDS, side_columns
from touchline.sources.whoscored import happenings, match_page, players, totals
from touchline.sources.whoscored.cells import mapping, number, text, whole
from touchline.sources.whoscored.happenings import Card, Event, Shot
from touchline.sources.whoscored.match_page import MatchPage

SIDES: Final = ("home", "away")
_TEXT: Final = "str"
_COUNTED: Final = ("goals_half_time", *totals.MATCH, "yellow_cards", "red_cards")
COLUMNS: Final[Mapping[str, Mapping[str, str]]] = {
    "statistics": {"source_id": _TEXT} | {column: "float64" for name in _COUNTED for column in side_columns(name)},
    "match_details": {
        "source_id": _TEXT, "completeness": _TEXT, "venue": _TEXT, "attendance": "float64", "referee": _TEXT,
        "events": "float64", "last_minute": "float64", "home_goals_extra_time": "float64",
        "away_goals_extra_time": "float64", "home_penalties": "float64", "away_penalties": "float64",
    },
    "team_details": {
        "source_id": _TEXT, "side": _TEXT, "formation": _TEXT, "manager": _TEXT, "rating": "float64",
        "possession": "float64", **dict.fromkeys(totals.TEAM, "float64"),
    },
    "line_ups": {
        "source_id": _TEXT, "player": "int64", "side": _TEXT, "name": _TEXT, "shirt_number": "float64",
        "position": _TEXT, "starter": "bool", "captain": "bool", "minute_on": "float64", "minute_off": "float64",
    },
    "player_stats": {
        "source_id": _TEXT, "player": "int64", "side": _TEXT, "rating": "float64", "goals": "float64",
        "own_goals": "float64", "assists": "float64", **dict.fromkeys(totals.PLAYER, "float64"),
        "yellow_cards": "float64", "red_cards": "float64",
    },
    "shots": {
        "source_id": _TEXT, "shot": "int64", "side": _TEXT, "player": "Int64", "minute": "float64",
        "second": "float64", "period": _TEXT, "result": _TEXT, "x": "float64", "y": "float64", "goal_y": "float64",
        "goal_z": "float64", "penalty": "bool", "own_goal": "bool",
    },
}  # fmt: skip
"""Tables with their columns and kinds."""


class Details(msgspec.Struct, frozen=True):
    """The tables of one page, and what is odd about it."""

    tables: dict[str, pd.DataFrame]
    notes: tuple[str, ...]


def of(page: MatchPage) -> Details:
    """Every table of a page, empty where the page has nothing of it."""
    source_id = str(page.header.match)
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in COLUMNS}
    notes = list(page.notes)
    happened = page.events
    sides = _sides(page)
    few = happenings.counted(happened)
    attempts, shown = happenings.shots(few, sides), happenings.cards(few, sides)
    if page.state in ("available", "partial"):
        rows["match_details"] = [_match(page, happened, attempts)]
        squad = players.squad(page.data, few, shown)
        rows["line_ups"] = [players.line_up(player) for player in squad]
    if page.state == "available":
        rows["statistics"], doubtful = _statistics(page, shown)
        notes += doubtful
        rows["team_details"] = _teams(page)
        rows["player_stats"] = players.statistics(squad, attempts, shown)
        rows["shots"] = [row for shot in attempts if (row := _shot(shot))]
    return Details({name: _table(name, made, source_id) for name, made in rows.items()}, tuple(notes))


def _table(name: str, rows: list[dict[str, Any]], source_id: str) -> pd.DataFrame:
    kinds = COLUMNS[name]
    columns = {name: [row.get(name) for row in rows] for name in kinds} | {"source_id": [source_id] * len(rows)}
    return pd.DataFrame({name: _cells(cells, kinds[name]) for name, cells in columns.items()}, copy=False)


def _cells(cells: list[Any], kind: str) -> Any:
    """A column; numpy makes one of numbers faster than pandas does, and pandas an array faster than a series."""
    return np.array(cells, dtype=kind) if kind in ("float64", "int64", "bool") else pd.array(cells, dtype=kind)


def _sides(page: MatchPage) -> dict[int, str]:
    """Number of a team -> home or away."""
    found = {"home": page.header.home_id, "away": page.header.away_id}
    found |= {side: team for side in SIDES if (team := whole(mapping(page.data.get(side)).get("teamId"))) is not None}
    return {team: side for side, team in found.items() if team is not None}


def _match(page: MatchPage, happened: list[Event], attempts: list[Shot]) -> dict[str, Any]:
    data = page.data
    extra = _extra_time(happened, attempts) if page.state == "available" else None
    penalties = match_page.goals(data.get("pkScore"))
    attendance = whole(data.get("attendance"))
    return {
        "completeness": page.state,
        "venue": text(data.get("venueName")) or None,
        "attendance": attendance if attendance is not None and attendance >= 0 else None,
        "referee": text(mapping(data.get("referee")).get("name")) or None,
        "events": len(happened) if happened else None,
        "last_minute": page.last_minute,
        **_pair("goals_extra_time", extra),
        **_pair("penalties", penalties),
    }


def _pair(name: str, values: tuple[float | None, float | None] | None) -> dict[str, float | None]:
    return dict(zip(side_columns(name), values or (None, None), strict=True))


def _extra_time(happened: list[Event], attempts: list[Shot]) -> tuple[int, int] | None:
    """Goals in extra time, None if there was none. `etScore` is not used: it has been seen to be wrong."""
    played = any(happenings.period(event) in happenings.EXTRA_TIME for event in happened)
    return happenings.scored(attempts, happenings.EXTRA_TIME) if played else None


def _statistics(page: MatchPage, shown: list[Card]) -> tuple[list[dict[str, Any]], list[str]]:
    """The row of statistics of both sides; those that cannot be are left out, and told."""
    stats = [mapping(mapping(page.data.get(side)).get("stats")) for side in SIDES]
    sums = [totals.sums(one, totals.MATCH) for one in stats]
    found = {name: tuple(one[name] for one in sums) for name in totals.MATCH}
    for column in ("yellow_cards", "red_cards"):
        found[column] = tuple(
            float(sum(card.column == column and card.side == side for card in shown)) for side in SIDES
        )
    found["goals_half_time"] = _half_time(page.data) or (None, None)
    odd = [name for name, pair in found.items() if not all(_possible(name, value) for value in pair)]
    row = {
        column: value
        for name in found
        if name not in odd
        for column, value in zip(side_columns(name), found[name], strict=True)
    }
    return [row], [f"impossible {name.replace('_', ' ')}, left out" for name in odd]


def _possible(name: str, value: float | None) -> bool:
    low, high = STATISTIC_BOUNDS[name]
    return value is None or (low <= value <= high and value == int(value))


def _half_time(data: Mapping[str, Any]) -> tuple[float, float] | None:
    """Goals at half-time: as the sides say, else as the score does; None where they are more than at the end."""
    scores = [mapping(mapping(data.get(side)).get("scores")) for side in SIDES]
    home, away = (number(score.get("halftime")) for score in scores)
    found = (home, away) if home is not None and away is not None else match_page.goals(data.get("htScore"))
    end = match_page.goals(data.get("score"))
    if found is None or (end is not None and (found[0] > end[0] or found[1] > end[1])):
        return None
    return float(found[0]), float(found[1])


def _teams(page: MatchPage) -> list[dict[str, Any]]:
    teams = [mapping(page.data.get(side)) for side in SIDES]
    stats = [mapping(team.get("stats")) for team in teams]
    possession = totals.share(stats[0], stats[1], "possession")
    return [
        {
            "side": side,
            "formation": players.formation(team),
            "manager": text(team.get("managerName")) or None,
            "rating": totals.rating(numbers),
            "possession": part,
            **totals.sums(numbers, totals.TEAM),
        }
        for side, team, numbers, part in zip(SIDES, teams, stats, possession, strict=True)
    ]


def _shot(shot: Shot) -> dict[str, Any] | None:
    """Row of the table `shots`; without its number or its minute an attempt cannot be kept apart from others."""
    if shot.shot is None or shot.minute is None:
        return None
    return {name: getattr(shot, name) for name in COLUMNS["shots"] if name != "source_id"}
