"""What stands around a match: form, meetings, prices, earlier forecasts, Elo lines, goals and players."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import boards
import served
from touchline.bootstrap import Container
from touchline.domain.context import Meeting, Quoted
from touchline.domain.forecasts import MatchForecast
from touchline.domain.involvement import chance
from touchline.domain.simulation import simulate
from touchline.errors import DataError, NotFound, UnknownName
from touchline.stages.forecast_quotes import quoted_of
from touchline.stages.predict_board import Board, read_board
from touchline.stages.predict_goals import grid_of
from touchline.stages.predict_match import answer
from touchline.stages.predict_players import player
from touchline.stages.predict_teams import context_of, elo_of


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    return read_board(boards.home(tmp_path_factory.mktemp("around")))


@pytest.fixture(scope="module")
def played() -> pd.DataFrame:
    table = simulate(7, served.NOW, seasons=2)
    return table[table["status"] == "finished"].sort_values(["kickoff", "match_id"], ascending=False)


def matches(board: Board) -> tuple[MatchForecast, ...]:
    assert board.published is not None
    return board.published.forecasts.matches


def rows(table: pd.DataFrame) -> list[tuple[str, str, int, int]]:
    columns = (table[f"{side}_{what}"] for what in ("team", "goals") for side in ("home", "away"))
    return [(home, away, int(goals), int(other)) for home, away, goals, other in zip(*columns, strict=True)]


def told(meetings: tuple[Meeting, ...]) -> list[tuple[str, str, int, int]]:
    return [(each.home_team, each.away_team, each.home_goals, each.away_goals) for each in meetings]


def test_form_and_meetings_are_the_last_ones(board: Board, played: pd.DataFrame) -> None:
    for match in matches(board):
        found = context_of(board, match.match_id)
        for team, form in ((match.home_team, found.form_home), (match.away_team, found.form_away)):
            own = played[(played["home_team"] == team) | (played["away_team"] == team)].head(5)
            assert told(form) == rows(own)
            assert [m.day for m in form] == own["kickoff"].dt.strftime("%Y-%m-%d").tolist()
        pair = {match.home_team, match.away_team}
        both = played[[{*teams} == pair for teams in played[["home_team", "away_team"]].to_numpy()]]
        assert [(m.home_team, m.away_team, m.home_goals, m.away_goals) for m in found.head_to_head] == rows(
            both.head(10)
        )
        margin = np.where(both["home_team"] == match.home_team, 1, -1) * (both["home_goals"] - both["away_goals"])
        counts = (int((margin > 0).sum()), int((margin == 0).sum()), int((margin < 0).sum()))
        assert found.head_to_head_counts == counts


def test_prices_and_what_was_sealed_stand_there(board: Board) -> None:
    found = [context_of(board, match.match_id) for match in matches(board)]
    priced = [each for each in found if each.odds]
    assert 0 < len(priced) < len(found)
    assert {each.odds for each in priced} == {(Quoted(None, "b365", 2.1, 3.4, 3.6),)}
    for match, each in zip(matches(board), found, strict=True):
        (row,) = each.history
        assert (row.sealed_at, row.model_version, row.home) == (served.NOW, "m1", match.home)


def test_quotes_are_told_by_bookmaker_and_moment() -> None:
    moments = [served.NOW - timedelta(hours=hour) for hour in (5, 3)]
    quotes = pd.DataFrame(
        [
            ("m", book, "h2h", outcome, 0.0, price + step, moment, "test")
            for step, moment in enumerate(moments)
            for book in ("one", "two")
            for outcome, price in (("home", 2.0), ("draw", 3.0), ("away", 4.0))
        ],
        columns=["match_id", "bookmaker", "market", "outcome", "line", "price", "quoted_at", "source"],
    )
    partial = (quotes["bookmaker"] == "two") & (quotes["outcome"] == "draw") & (quotes["quoted_at"] == moments[1])
    assert quoted_of(quotes[~partial]) == {
        "m": (
            Quoted(moments[0], "one", 2.0, 3.0, 4.0),
            Quoted(moments[0], "two", 2.0, 3.0, 4.0),
            Quoted(moments[1], "one", 3.0, 4.0, 5.0),
        )
    }
    assert quoted_of(quotes.assign(market="totals")) == {}


def test_elo_lines_are_the_ratings_before_each_match(board: Board) -> None:
    made, _ = served.tables()
    for match in matches(board)[:3]:
        line = elo_of(board, match.home_team)
        own = [
            (row.kickoff.strftime("%Y-%m-%d"), round(getattr(row, f"{side}_elo_rating"), 1))
            for table in (made["played"], made["upcoming"].sort_values("kickoff").head(60))
            for row in table.sort_values(["kickoff", "match_id"]).itertuples()
            for side in ("home", "away")
            if getattr(row, f"{side}_team") == line.team
        ]
        before = len(made["played"].query("home_team == @line.team or away_team == @line.team"))
        assert line.points == tuple(own[: before + 1][-100:])
        assert (line.country, line.team) == (line.country, match.home_team)


def test_a_team_is_found_by_slug_and_others_are_suggested(board: Board) -> None:
    team = matches(board)[0].home_team
    line = elo_of(board, team.lower())
    assert elo_of(board, f"{line.country}-{team}".lower()) == line
    with pytest.raises(UnknownName) as refused:
        elo_of(board, team[:-1])
    assert team.lower() in refused.value.details
    with pytest.raises(NotFound):
        elo_of(board, "?")


def test_the_table_of_scores_agrees_with_the_forecast(board: Board) -> None:
    for match in matches(board):
        grid, told = grid_of(board, match.match_id), answer(board, match.match_id)
        scores = np.array(grid.scores)
        assert scores.shape == (9, 9)
        np.testing.assert_allclose(scores.sum(), 1)
        said = [np.tril(scores, -1).sum(), np.trace(scores), np.triu(scores, 1).sum()]
        np.testing.assert_allclose(said, [grid.home, grid.draw, grid.away], atol=1e-4)  # 8 and more are one place
        np.testing.assert_allclose([grid.home, grid.draw], [told.probabilities.home, told.probabilities.draw])
        assert [line.line for line in grid.lines] == [0.5, 1.5, 2.5, 3.5, 4.5]
        np.testing.assert_allclose([line.over + line.under for line in grid.lines], 1)
        total = np.add.outer(np.arange(9), np.arange(9))
        np.testing.assert_allclose([line.over for line in grid.lines], [scores[total > n].sum() for n in range(5)])
        np.testing.assert_allclose([grid.lines[2].over, grid.both_score], [told.goals.over_25, told.goals.both_score])
        np.testing.assert_allclose(grid.both_score, scores[1:, 1:].sum())
        home, away = map(int, grid.likely[0].score.split("-"))
        assert grid.likely[0].score == told.goals.likeliest_score
        assert grid.likely[0].chance == scores[home, away] == scores.max()
        assert not grid.from_results


def test_a_player_has_his_share_of_the_goals_of_his_team(board: Board) -> None:
    match = matches(board)[0]
    grid, table = grid_of(board, match.match_id), boards.player_tables()["players"].set_index("name")
    for team, goals in ((match.home_team, grid.expected_goals_home), (match.away_team, grid.expected_goals_away)):
        name = f"{team} 8"
        told = player(board, name.upper(), match_id=match.match_id, minutes=60)
        share = table.loc[name, "share_goals"]
        np.testing.assert_allclose(told.expected_goals, share * goals * 60 / 90)
        np.testing.assert_allclose(told.scores, chance(share, goals, 60))
        assert (told.player, told.team, told.line) == (name, team, "forward")
        assert {told.team, told.opponent} == {match.home_team, match.away_team}
        assert told.expected_involvements > told.expected_goals
        assert told.involved > told.scores


def test_the_next_match_of_his_team_is_taken(board: Board) -> None:
    team = matches(board)[-1].home_team
    first = next(match for match in matches(board) if team in (match.home_team, match.away_team))
    assert player(board, f"{team} 9").match_id == first.match_id


def test_players_that_make_no_sense_are_refused(board: Board) -> None:
    first = matches(board)[0]
    team = first.home_team
    other = next(match for match in matches(board) if team not in (match.home_team, match.away_team))
    with pytest.raises(UnknownName, match="no player") as unknown:
        player(board, f"{team} x", team=team)
    assert f"{team} 8" in unknown.value.details or unknown.value.details
    with pytest.raises(UnknownName, match="no line-ups of a team"):
        player(board, f"{team} 8", team=team[:-1])
    with pytest.raises(DataError, match="do not play"):
        player(board, f"{team} 8", match_id=other.match_id)
    with pytest.raises(DataError, match="minutes"):
        player(board, f"{team} 8", minutes=0.5)


def test_without_line_ups_that_is_said(ports: Container) -> None:
    ports.registry = served.ListedRegistry()
    boards.publish(ports, players=False)
    board = read_board(ports)
    with pytest.raises(NotFound, match="no line-ups are known"):
        player(board, "Anybody")
