"""The team state: small, the same bytes every time, honest about names it does not know."""

import io
import subprocess
import sys
import zipfile

import numpy as np
import pandas as pd
import pytest

from matchbook import matchbook
from touchline.domain import elo
from touchline.domain.features import FEATURE_NAMES, build, features_for
from touchline.domain.state import TeamState
from touchline.errors import DataError, UnknownName

KICKOFF = np.array(["2024-08-10T14:00"], "datetime64[us]")
NUMPY_ONLY = """
import sys
sys.modules["pandas"] = sys.modules["pyarrow"] = sys.modules["numba"] = None  # importing any would fail
from touchline.domain import elo
from touchline.domain.features import features_for
from touchline.domain.state import TeamState
import numpy as np
state = TeamState.from_bytes(sys.stdin.buffer.read())
row = features_for(state, ["Ash"], ["Elm"], ["E0"], ["2023-24"], np.array(["2024-08-10T14:00"], "datetime64[us]"))
sys.stdout.buffer.write(row.tobytes())
"""


@pytest.fixture(scope="module")
def state() -> TeamState:
    return build(matchbook(4)).state


def ask(state: TeamState, home: str, away: str, competition: str = "E0", season: str = "2023-24") -> dict[str, float]:
    values = features_for(state, [home], [away], [competition], [season], KICKOFF)
    return dict(zip(FEATURE_NAMES, values[0], strict=True))


class TestBytes:
    def test_the_same_state_has_the_same_bytes(self, state: TeamState) -> None:
        again = TeamState.from_bytes(state.to_bytes())
        assert again.to_bytes() == state.to_bytes() == build(matchbook(4)).state.to_bytes()

    def test_the_archive_carries_no_time(self, state: TeamState) -> None:
        with zipfile.ZipFile(io.BytesIO(state.to_bytes())) as archive:
            assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}

    def test_it_is_read_and_used_with_numpy_alone(self, state: TeamState) -> None:
        done = subprocess.run(
            [sys.executable, "-c", NUMPY_ONLY], input=state.to_bytes(), capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        here = features_for(state, ["Ash"], ["Elm"], ["E0"], ["2023-24"], KICKOFF)
        assert done.stdout == here.tobytes()

    @pytest.mark.parametrize("data", [b"", b"nonsense", b"PK\x03\x04"], ids=["empty", "text", "half"])
    def test_other_bytes_are_refused(self, data: bytes) -> None:
        with pytest.raises(DataError, match="not a team state"):
            TeamState.from_bytes(data)

    @pytest.mark.parametrize("change", [{"format": np.array([99])}, {"teams": None}], ids=["format", "missing"])
    def test_another_format_is_refused(self, state: TeamState, change: dict[str, np.ndarray | None]) -> None:
        with np.load(io.BytesIO(state.to_bytes())) as archive:
            arrays = {**{name: archive[name] for name in archive.files}, **change}
        body = io.BytesIO()
        np.savez(body, **{name: array for name, array in arrays.items() if array is not None})
        with pytest.raises(DataError, match="not a team state"):
            TeamState.from_bytes(body.getvalue())


class TestNames:
    def test_it_lists_teams_with_where_they_played_last(self, state: TeamState) -> None:
        table = matchbook(4)
        played = table[table["status"] == "finished"].sort_values(["available_time", "match_id"])
        sides = pd.concat([played.rename(columns={f"{side}_team": "team"}) for side in ("home", "away")])
        last = sides.sort_values("available_time").groupby("team")["competition"].last()
        assert {name: league for _, league, name in state.teams()} == last.to_dict()
        assert {country for country, *_ in state.teams()} == {"England", "Germany"}

    def test_a_name_nearly_right_is_not_guessed_but_suggested(self, state: TeamState) -> None:
        with pytest.raises(UnknownName) as caught:
            ask(state, "birc", "Elm")
        assert caught.value.details == ("'birc' in England: did you mean Birch?",)

    def test_all_unknown_names_are_told_at_once(self, state: TeamState) -> None:
        with pytest.raises(UnknownName, match="2 unknown teams") as caught:
            ask(state, "Qqq", "Birke")
        assert caught.value.details[1] == "'Qqq' in England: none of its 7 teams is close"

    def test_a_league_of_an_unknown_country_has_no_teams(self, state: TeamState) -> None:
        with pytest.raises(UnknownName) as caught:
            ask(state, "Ash", "Elm", competition="ZZ")
        assert caught.value.details[0] == "'Ash' in ZZ: none of its 0 teams is close"


class TestAnswers:
    def test_a_league_new_to_a_known_country_starts_from_defaults(self, state: TeamState) -> None:
        row = ask(state, "Ash", "Elm", competition="E3")
        assert row["league_draw"] == 0.27
        assert np.isnan(row["market_difference_fast"])
        assert (row["home_new_in_league"], row["home_season_matches"]) == (1, 0)

    def test_a_new_season_starts_from_zero(self, state: TeamState) -> None:
        row = ask(state, "Ash", "Elm", season="2031-32")
        assert (row["home_season_matches"], row["away_season_matches"]) == (0, 0)
        assert row["home_season_points"] == 1.35

    def test_a_team_that_has_fixtures_only_is_a_newcomer(self) -> None:
        table = matchbook(4)
        promoted = table.iloc[[0]].assign(match_id="m-new", competition="E1", home_team="Yew", status="scheduled")
        state = build(pd.concat([table, promoted.assign(home_goals=np.nan)], ignore_index=True)).state
        row = ask(state, "Yew", "Elm", competition="E1")
        assert ("England", "E1", "Yew") in state.teams()
        assert (row["home_experience"], row["home_new_in_league"]) == (0, 1)
        assert row["home_elo_rating"] == pytest.approx(elo.NEWCOMER)

    def test_sides_can_be_exchanged(self, state: TeamState) -> None:
        one, other = ask(state, "Ash", "Elm"), ask(state, "Elm", "Ash")
        assert one["elo_difference"] == -other["elo_difference"]
        assert one["home_points_last5"] == other["away_points_last5"]
        assert one["head_to_head_meetings"] == other["head_to_head_meetings"]
        np.testing.assert_equal(one["head_to_head_goals"], -other["head_to_head_goals"])

    def test_nothing_is_known_before_the_first_result(self) -> None:
        fixtures = matchbook(4).assign(status="scheduled")
        features = build(fixtures)
        assert len(features.state.memory.teams) == 1
        assert features.state.as_of == 0
        assert ("England", "Ash") in {(country, name) for country, _, name in features.state.teams()}
        rows = pd.DataFrame(features.values, columns=FEATURE_NAMES)
        assert (rows["elo_difference"] == 0).all()
        assert (rows["home_experience"] == 0).all()
        assert rows["home_goals_for_span6"].isna().all()
