"""Ratings learnt match by match, as compiled loops. All constants come in, so that nothing stale is kept compiled."""

import numpy as np
from numpy.typing import NDArray

from touchline.domain.compiled import compiled, part
from touchline.domain.ratings import Columns, Pace

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@compiled
def replay(
    home: Ints,
    away: Ints,
    competition: Ints,
    season: Ints,
    level_start: Ints,
    counts: Floats,
    prices: Floats,
    teams: Floats,
    leagues: Floats,
    pace: Pace,
    at: Columns,
    team_versions: Floats,
    league_versions: Floats,
) -> None:
    """Learn from matches in teaching order and write every version.

    Matches of one level do not see each other: what they ask of their league is done when all of them were read.

    Arrays:
        home, away, competition, season: (r,) codes.
        level_start: (levels + 1,) first match of each level; no team stands twice in a level.
        counts: (r, len(COUNTS), 2), NaN where not counted.
        prices: (r, 2) log-odds of the home side by the last price, and tendency to draw; NaN without one.
        teams: (teams, RATINGS) ratings now; leagues: (leagues, LEAGUE) rows now. Both are written.
        pace: the constants of learning.
        at: where the columns stand.
        team_versions: (2r, RATINGS) to be written: home and away team after each match.
        league_versions: (r, LEAGUE) to be written: the league after each match.
    """
    played = np.zeros(len(teams))
    last_season = np.full(len(teams), -1)
    asked = np.zeros_like(leagues)
    for level in range(len(level_start) - 1):
        for k in range(level_start[level], level_start[level + 1]):
            h, a, league = home[k], away[k], leagues[competition[k]]
            for team in (h, a):
                settle(teams[team], league, played[team] == 0, last_season[team] != season[k], pace, at)
                last_season[team] = season[k]
            learn(
                teams[h], teams[a], league, asked[competition[k]], counts[k], prices[k], played[h], played[a], pace, at
            )
            played[h] += 1
            played[a] += 1
            team_versions[2 * k] = teams[h]
            team_versions[2 * k + 1] = teams[a]
        for k in range(level_start[level], level_start[level + 1]):
            advance(leagues[competition[k]], asked[competition[k]], pace, at)
        for k in range(level_start[level], level_start[level + 1]):
            league_versions[k] = leagues[competition[k]]


@part
def settle(team: Floats, league: Floats, newcomer: bool, new_season: bool, pace: Pace, at: Columns) -> None:
    """As `ratings.settle`, of one team in place."""
    for row in range(len(team)):
        mean = league[at.means + row]
        if newcomer:
            team[row] = mean + pace.newcomer[row]
        elif new_season:
            team[row] += pace.regression[row] * (mean - team[row])


@compiled
def learn(
    home: Floats,
    away: Floats,
    league: Floats,
    asked: Floats,
    counts: Floats,
    price: Floats,
    home_played: float,
    away_played: float,
    pace: Pace,
    at: Columns,
) -> None:
    """One match: ratings of both teams move, and what it asks of its league is added up."""
    margin = counts[0, 0] - counts[0, 1]
    learn_elo(home, away, margin, pace, at)
    learn_pi(home, away, margin, pace, at)
    learn_rates(home, away, league, asked, counts, home_played, away_played, pace, at)
    if price[0] == price[0]:
        learn_prices(home, away, league, asked, margin, price, pace, at)
    asked[at.shares] += pace.shares * ((margin > 0) - league[at.shares])
    asked[at.shares + 1] += pace.shares * ((margin == 0) - league[at.shares + 1])
    for row in range(len(home)):
        asked[at.means + row] += pace.means * ((home[row] + away[row]) / 2 - league[at.means + row])


@part
def learn_elo(home: Floats, away: Floats, margin: float, pace: Pace, at: Columns) -> None:
    """The winner takes points from the loser: the more, the less they were expected and the more goals."""
    expected = 1 / (1 + 10 ** (-(home[at.elo] - away[at.elo] + pace.elo_home) / pace.elo_scale))
    points = pace.elo_k * (1 + abs(margin)) ** pace.elo_margin * ((np.sign(margin) + 1) / 2 - expected)
    home[at.elo] += points
    away[at.elo] -= points


@part
def learn_pi(home: Floats, away: Floats, margin: float, pace: Pace, at: Columns) -> None:
    """The rating of the venue moves by the error in goals, large ones less than in proportion; the other follows."""
    error = margin - (pi_goals(home[at.pi], pace) - pi_goals(away[at.pi + 1], pace))
    step = pace.pi_rate * pace.pi_spread * np.sign(error) * np.log10(1 + abs(error))
    home[at.pi] += step
    home[at.pi + 1] += pace.pi_carry * step
    away[at.pi + 1] -= step
    away[at.pi] -= pace.pi_carry * step


@part
def pi_goals(rating: float, pace: Pace) -> float:
    """Goal difference expected against an average team."""
    return float(np.sign(rating) * (10.0 ** (abs(rating) / pace.pi_spread) - 1))


@part
def learn_rates(
    home: Floats,
    away: Floats,
    league: Floats,
    asked: Floats,
    counts: Floats,
    home_played: float,
    away_played: float,
    pace: Pace,
    at: Columns,
) -> None:
    """Attack and defence of all kinds; where expected goals are not known, plain goals stand for them."""
    for kind in range(len(pace.kind_counts)):
        count = pace.kind_counts[kind]
        rate, seen = pace.rates[kind], counts[count]
        if seen[0] != seen[0] or seen[1] != seen[1]:
            if pace.fallback[kind] == 0:
                continue
            rate, seen = pace.fallback[kind], counts[0]
        else:
            asked[at.counted + count] += kind != 0
        for side in range(2):
            doer, other = (home, away) if side == 0 else (away, home)
            base = league[at.bases + 2 * count + side]
            error = seen[side] - base * np.exp(doer[at.attack + kind] - other[at.defence + kind])
            pull = rate * min(max(error, -pace.largest[kind]), pace.largest[kind])
            done, suffered = (home_played, away_played) if side == 0 else (away_played, home_played)
            doer[at.attack + kind] += pull * boost(done, pace)
            other[at.defence + kind] -= pull * boost(suffered, pace)
            asked[at.bases + 2 * count + side] += pace.bases * error * (kind != 0)


@part
def boost(played: float, pace: Pace) -> float:
    """Factor on the rates of a team with so many matches behind it: new teams learn faster.

    >>> from touchline.domain.ratings import PACE
    >>> boost.py_func(0.0, PACE) == 1 + PACE.boost, round(boost.py_func(1000.0, PACE), 3)
    (True, 1.0)
    """
    return float(1 + pace.boost * np.exp(-played / pace.boost_matches))


@part
def learn_prices(
    home: Floats, away: Floats, league: Floats, asked: Floats, margin: float, price: Floats, pace: Pace, at: Columns
) -> None:
    """How strong the market held both teams to be, at each speed; then what the result says that it did not know."""
    news = margin - pace.market_margin * price[0]
    news = min(max(news, -pace.largest_news), pace.largest_news)
    for speed in range(len(pace.speeds)):
        row = at.market + speed
        surprise = price[0] - (home[row] - away[row] + league[at.market_home + speed])
        step = pace.speeds[speed] * surprise + pace.news[speed] * news
        home[row] += step
        away[row] -= step
        asked[at.market_home + speed] += pace.market_home * surprise
    surprise = price[1] - (home[at.market_draw] + away[at.market_draw] + league[at.draw_level])
    home[at.market_draw] += pace.draw_rate * surprise
    away[at.market_draw] += pace.draw_rate * surprise
    asked[at.draw_level] += pace.market_home * surprise
    asked[at.priced] += 1


@part
def advance(league: Floats, asked: Floats, pace: Pace, at: Columns) -> None:
    """A league takes what the matches of a level asked of it, once."""
    for row in range(len(league)):
        league[row] += asked[row]
        asked[row] = 0.0
    for row in range(len(pace.lowest)):
        league[at.bases + row] = min(max(league[at.bases + row], pace.lowest[row]), pace.highest[row])
