"""What is true on the replica, in the columns of Touchline: to be compared with what was collected, cell by cell."""

from collections.abc import Callable
from math import nan
from typing import Any, Final

import pandas as pd

from replica_feeds import cards
from replica_game import STARTERS, Goal
from replica_league import LONDON, Fixture
from replica_matches import shown_of
from replica_sheet import Sheet, manager
from replica_site import Site

_SIDES: Final = ("home", "away")
_STATES: Final = {6: "finished", 0: "scheduled", 1: "scheduled"}
"""Everything else is `postponed` until somebody knows better."""
_COMPLETENESS: Final = {
    "full": "available", "truncated": "partial", "null": "empty", "initial": "not_available",
    "never_served": "empty", "future": "expected", "live": "expected",
}  # fmt: skip
_TEAM: Final = {
    "touches": "touches", "passes": "passesTotal", "passes_accurate": "passesAccurate", "key_passes": "passesKey",
    "tackles": "tacklesTotal", "interceptions": "interceptions", "clearances": "clearances",
    "aerials_won": "aerialsWon", "dribbles_won": "dribblesWon", "dispossessed": "dispossessed",
    "offsides": "offsidesCaught", "shots_blocked": "shotsBlocked", "shots_off_target": "shotsOffTarget",
}  # fmt: skip
_PLAYER: Final = {
    "shots": "shotsTotal", "shots_on_target": "shotsOnTarget", "key_passes": "passesKey", "passes": "passesTotal",
    "passes_accurate": "passesAccurate", "touches": "touches", "tackles": "tacklesTotal",
    "interceptions": "interceptions", "clearances": "clearances", "aerials_won": "aerialsWon",
    "dribbles_won": "dribblesWon", "fouls": "foulsCommited",
}  # fmt: skip
_STATISTICS: Final = {
    "shots": "shotsTotal", "shots_on_target": "shotsOnTarget", "corners": "cornersTotal", "fouls": "foulsCommited",
}  # fmt: skip
"""Our column -> the statistic of the site."""


class Truth:
    """Tables of what the site shows at its present moment; of a competition and season ("" = of all).

    The tables of details hold matches that are over and whose page has all events; `match_details` and `line_ups`
    also those of which a part is missing. Numbers are floats, as pandas has them beside missing ones.
    """

    def __init__(self, site: Site) -> None:
        self.site = site

    def table(self, name: str, competition: str = "", season: str = "") -> pd.DataFrame:
        """A table by its name.

        Raises:
            ValueError: there is no such table.
        """
        makers: dict[str, Callable[[str, str], pd.DataFrame]] = {
            "clubs": self.clubs, "schedule": self.schedule, "pages": self.pages, "statistics": self.statistics,
            "match_details": self.match_details, "team_details": self.team_details, "line_ups": self.line_ups,
            "player_stats": self.player_stats, "shots": self.shots, "live": self.live,
        }  # fmt: skip
        if name not in makers:
            raise ValueError(f"no table {name!r}; there are {', '.join(makers)}")
        return makers[name](competition, season)

    def clubs(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """competition, country, team (as in the feeds), centre_name (as on match pages), number."""
        rows = {
            (fixture.code, club.number): (fixture.code, club.country, club.name, club.centre_name, club.number)
            for fixture in self._fixtures(competition, season)
            for club in fixture.clubs
        }
        return pd.DataFrame(list(rows.values()), columns=["competition", "country", "team", "centre_name", "number"])

    def schedule(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Rows of the month feeds; `status` is scheduled, finished or postponed, scores are those of 90 minutes."""
        return pd.DataFrame([self._row(fixture) for fixture in self._fixtures(competition, season)])

    def _row(self, fixture: Fixture) -> dict[str, Any]:
        standing, game = self.site.standing(fixture), self.site.game(fixture)
        home, away = game.full_time if standing.finished else (nan, nan)
        return {
            "source_id": str(fixture.number),
            "competition": fixture.code,
            "season": fixture.season,
            "kickoff": pd.Timestamp(self.site.kickoff(fixture)),
            "home_team": fixture.home.name,
            "away_team": fixture.away.name,
            "status": _STATES.get(standing.status, "postponed"),
            "raw_status": f"{standing.status}/{standing.elapsed}" if standing.elapsed else f"{standing.status}",
            "home_goals": float(home),
            "away_goals": float(away),
        }

    def live(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """LIVE_COLUMNS of the matches of today (UK time); scores of all that have begun."""
        rows = []
        known = {fixture.number for fixture in self._fixtures(competition, season)}
        for fixture in self.site.on_day(self.site.now.astimezone(LONDON).date()):
            if fixture.number not in known:
                continue
            standing, row = self.site.standing(fixture), self._row(fixture)
            until = standing.until
            home, away = (nan, nan) if until is None else self.site.game(fixture).score(until)
            state = "live" if standing.begun and not standing.finished else row.pop("status")
            begun = standing.elapsed if standing.begun else ""
            row |= {"state": state, "minute": begun or "", "home_goals": float(home), "away_goals": float(away)}
            rows.append({name: row[name] for name in _LIVE})
        return pd.DataFrame(rows, columns=list(_LIVE))

    def pages(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """source_id, variant (see `Site.page_of`) and completeness of every match page."""
        rows = [(fixture, self.site.page_of(fixture)) for fixture in self._fixtures(competition, season)]
        made = [(str(fixture.number), kind, _COMPLETENESS[kind]) for fixture, kind in rows]
        return pd.DataFrame(made, columns=["source_id", "variant", "completeness"])

    def statistics(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Both sides' statistics and goals at half-time."""
        return self._table((competition, season), lambda shown: [_statistics(shown)], whole=True)

    def match_details(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Columns of `match_details`; goals of extra time are those that fell in it."""
        return self._table((competition, season), lambda shown: [self._details(shown)])

    def _details(self, shown: Sheet) -> dict[str, Any]:
        game = shown.game
        extra = game.extra_time or (nan, nan)
        shootout = game.penalties if game.shootout else (nan, nan)
        return {
            "completeness": _COMPLETENESS[self.site.page_of(game.fixture)],
            "venue": f"{game.fixture.home.centre_name} Park",
            "attendance": float(game.attendance),
            "referee": " ".join(game.referee),
            "events": float(shown.shown.sum()),
            "last_minute": float(game.half(shown.last).minute(shown.last)),
            **{f"{side}_goals_extra_time": float(extra[index]) for index, side in enumerate(_SIDES)},
            **{f"{side}_penalties": float(shootout[index]) for index, side in enumerate(_SIDES)},
        }

    def team_details(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Columns of `team_details`, one row a side."""
        return self._table((competition, season), lambda shown: [_team(shown, side) for side in (0, 1)], whole=True)

    def line_ups(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Columns of `line_ups`: everybody who was named; minutes are those of the clock, 0 for the eleven."""
        return self._table((competition, season), _line_ups)

    def player_stats(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Columns of `player_match_stats`: everybody who played."""
        return self._table((competition, season), _players, whole=True)

    def shots(self, competition: str = "", season: str = "") -> pd.DataFrame:
        """Columns of `shots`: own goals and penalties of a shoot-out too."""
        return self._table((competition, season), _shots, whole=True)

    def _fixtures(self, competition: str, season: str) -> list[Fixture]:
        found = self.site.league.fixtures.values()
        return [one for one in found if competition in ("", one.code) and season in ("", one.season)]

    def _table(
        self, where: tuple[str, str], made: Callable[[Sheet], list[dict[str, Any]]], whole: bool = False
    ) -> pd.DataFrame:
        """Rows of every page with events; `whole`: of those that lack none, for half of a match is no sum."""
        rows = []
        for fixture in self._fixtures(*where):
            kinds = ("full",) if whole else ("full", "truncated")
            shown = shown_of(self.site, fixture) if self.site.page_of(fixture) in kinds else None
            if shown is not None:
                rows += [{"source_id": str(fixture.number), **row} for row in made(shown)]
        return pd.DataFrame(rows)


_LIVE: Final = (
    "source_id", "competition", "season", "kickoff", "home_team", "away_team", "state", "raw_status", "minute",
    "home_goals", "away_goals",
)  # fmt: skip


_PERIOD: Final = {
    1: "first_half", 2: "second_half", 3: "extra_first_half", 4: "extra_second_half", 5: "shoot_out",
}  # fmt: skip


def _minute(shown: Sheet, place: int) -> int:
    moment = int(shown.events.moment[place])
    return 120 if shown.period(place) == 5 else shown.game.half(moment).minute(moment)


def _statistics(shown: Sheet) -> dict[str, Any]:
    game = shown.game
    row: dict[str, Any] = {}
    for index, side in enumerate(_SIDES):
        row[f"{side}_goals_half_time"] = float(game.half_time[index])
        row |= {f"{side}_{name}": float(shown.totals[theirs][index].sum()) for name, theirs in _STATISTICS.items()}
        found = cards(game, index, shown.until)
        row[f"{side}_yellow_cards"], row[f"{side}_red_cards"] = float(found["YellowCards"]), float(found["RedCards"])
    return row


def _team(shown: Sheet, side: int) -> dict[str, Any]:
    share = shown.totals["possession"].sum(axis=1)
    return {
        "side": _SIDES[side],
        "formation": shown.game.formations[side][1],
        "manager": manager(shown.game.fixture.clubs[side].number),
        "rating": shown.team_rating(side),
        "possession": float(share[side] / share.sum()),
        **{name: float(shown.totals[theirs][side].sum()) for name, theirs in _TEAM.items()},
    }


def _line_ups(shown: Sheet) -> list[dict[str, Any]]:
    game, rows = shown.game, []
    for side in (0, 1):
        changes = [change for change in game.changes if change.side == side and change.moment < shown.until]
        came = dict.fromkeys(range(STARTERS), 0.0)
        came |= {change.on: float(game.half(change.moment).minute(change.moment)) for change in changes}
        went = {change.off: float(game.half(change.moment).minute(change.moment)) for change in changes}
        gone = {place: moment for place, moment in game.sent_off(side).items() if moment < shown.until}
        went |= {place: float(game.half(moment).minute(moment)) for place, moment in gone.items()}
        for place, player in enumerate(game.squads[side]):
            rows.append({
                "player": player.number,
                "side": _SIDES[side],
                "name": player.name,
                "shirt_number": float(player.shirt),
                "position": player.position,
                "starter": place < STARTERS,
                "captain": place == game.captains[side],
                "minute_on": came.get(place),
                "minute_off": went.get(place),
            })  # fmt: skip
    return rows


def _players(shown: Sheet) -> list[dict[str, Any]]:
    game, goals, rows = shown.game, shown.goals(), []
    for side in (0, 1):
        booked = [card for card in game.cards if card.side == side and not card.void and card.moment < shown.until]
        for place, player in enumerate(game.squads[side]):
            if shown.times(side, place) is None:
                continue
            mine = [goal for goal in goals if (goal.side, goal.scorer) == (side, place)]
            shown_to = [card.kind for card in booked if card.player == place]
            yellow = shown_to.count("Yellow")
            rows.append({
                "player": player.number,
                "side": _SIDES[side],
                "rating": shown.rating(side, place),
                "goals": _count(mine, own=False),
                "own_goals": _count(mine, own=True),
                "assists": float(sum((goal.side, goal.assist) == (side, place) for goal in goals)),
                **{name: float(shown.totals[theirs][side, place]) for name, theirs in _PLAYER.items()},
                "yellow_cards": float(yellow),
                "red_cards": float(len(shown_to) - yellow),
            })  # fmt: skip
    return rows


def _count(goals: list[Goal], own: bool) -> float:
    return float(sum((goal.kind == "own") == own for goal in goals))


def _shots(shown: Sheet) -> list[dict[str, Any]]:
    events, game, rows = shown.events, shown.game, []
    for place in shown.places:
        extra = events.extra.get(place, {})
        if "result" not in extra:
            continue
        side, moment = int(events.side[place]), int(events.moment[place])
        mouth = extra.get("mouth", (None, None))
        rows.append({
            "shot": shown.number(place),
            "side": _SIDES[side],
            "player": game.squads[side][int(events.player[place])].number,
            "minute": float(_minute(shown, place)),
            "second": float(moment % 60) if shown.second_known(place) else None,
            "period": _PERIOD[shown.period(place)],
            "result": extra["result"],
            "x": float(events.x[place]),
            "y": float(events.y[place]),
            "goal_y": mouth[0] if mouth[0] is None else round(mouth[0], 1),
            "goal_z": mouth[1] if mouth[1] is None else round(mouth[1], 1),
            "penalty": any(name == "Penalty" for name, *_ in extra.get("qualifiers", ())),
            "own_goal": bool(extra.get("isOwnGoal")),
        })  # fmt: skip
    return rows
