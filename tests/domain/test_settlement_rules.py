"""Which forecast counts, and what it was worth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from touchline.domain.settlement import Ending, Verdict, entropy, of_record, result, score, settle, settle_all
from touchline.domain.vocabulary import OUTCOMES
from touchline.ports import Forecast

KICKOFF = datetime(2026, 3, 7, 15, tzinfo=UTC)


def forecast(minutes_before: float | None = 120, kickoff: datetime = KICKOFF, **changes: Any) -> Forecast:
    sealed = None if minutes_before is None else kickoff - timedelta(minutes=minutes_before)
    plain = Forecast("m", "1", 1, 1, kickoff, 0.5, 0.3, 0.2, "hash", "live", sealed)
    return msgspec.structs.replace(plain, **changes)


def over(
    status: str = "finished", home: float | None = 2, away: float | None = 1, kickoff: datetime = KICKOFF
) -> Ending:
    return Ending(status, kickoff, home, away)


class TestOfRecord:
    @pytest.mark.parametrize(("minutes", "counts"), [(60, True), (59.99, False), (0, False), (None, False)])
    def test_an_hour_before_kickoff_is_the_last_moment(self, minutes: float | None, counts: bool) -> None:
        assert (of_record([forecast(minutes)]) is not None) == counts

    def test_the_last_one_in_time_counts(self) -> None:
        early, late, too_late = forecast(600), forecast(61), forecast(10)
        assert of_record([too_late, late, early]) is late

    def test_kickoff_is_meant_as_it_was_scheduled_then(self) -> None:
        moved = KICKOFF + timedelta(days=30)
        before, after = forecast(90), forecast(90, moved)
        assert of_record([before, after]) is after
        assert of_record([before, forecast(10, moved)]) is before

    def test_of_the_same_moment_the_later_one_counts(self) -> None:
        first, second = forecast(90, seq=1), forecast(90, seq=2)
        assert of_record([first, second]) is second

    def test_without_forecasts_there_is_none(self) -> None:
        assert of_record([]) is None

    @given(st.lists(st.integers(0, 300), max_size=8), st.integers(0, 59))
    def test_law_a_late_forecast_changes_nothing(self, minutes: list[int], late: int) -> None:
        forecasts = [forecast(number) for number in minutes]
        assert of_record([*forecasts, forecast(late)]) == of_record(forecasts)


class TestSettle:
    @pytest.mark.parametrize(("home", "away", "place"), [(2, 1, 0), (0, 0, 1), (1, 4, 2)])
    def test_a_result_is_scored(self, home: int, away: int, place: int) -> None:
        verdict = settle(forecast(), over(home=home, away=away))
        assert verdict is not None
        p = np.array([0.5, 0.3, 0.2])
        assert verdict.outcome == OUTCOMES[place]
        assert verdict.log_loss == pytest.approx(-np.log(p[place]))
        assert verdict.brier == pytest.approx(np.sum((p - np.eye(3)[place]) ** 2))
        steps = np.cumsum(p)[:2] - (np.arange(2) >= place)
        assert verdict.rps == pytest.approx(np.mean(steps**2))
        assert verdict.void_reason == ""

    @pytest.mark.parametrize("status", ["abandoned", "cancelled", "awarded"])
    def test_a_match_without_a_result_voids(self, status: str) -> None:
        assert settle(forecast(), over(status)) == Verdict("", void_reason=f"the match was {status}")

    @pytest.mark.parametrize("status", ["scheduled", "postponed"])
    def test_a_match_to_come_is_not_settled(self, status: str) -> None:
        assert settle(forecast(), over(status, None, None)) is None

    @pytest.mark.parametrize("hours", [2, 24])
    def test_a_kickoff_moved_before_the_sealing_voids(self, hours: int) -> None:
        verdict = settle(forecast(120), over(kickoff=KICKOFF - timedelta(hours=hours)))
        assert verdict == Verdict("", void_reason="kick-off was moved before the sealing")

    def test_a_forecast_that_was_never_sealed_is_void(self) -> None:
        verdict = settle(forecast(None), over())
        assert verdict is not None
        assert verdict.void_reason

    def test_a_kickoff_moved_back_does_no_harm(self) -> None:
        verdict = settle(forecast(120), over(kickoff=KICKOFF + timedelta(days=9)))
        assert verdict == settle(forecast(120), over())

    @pytest.mark.parametrize("missing", [None, float("nan")])
    def test_a_finished_match_has_a_score(self, missing: float | None) -> None:
        with pytest.raises(ValueError, match="without a score"):
            settle(forecast(), over(away=missing))
        with pytest.raises(ValueError, match="without a score"):
            result(missing, 1)

    def test_probabilities_are_probabilities(self) -> None:
        with pytest.raises(ValueError, match="sum to 1"):
            score(forecast(home=0.9), 0)


class TestSettleAll:
    def test_every_model_and_mode_has_its_own_record(self) -> None:
        forecasts = [
            forecast(300),
            forecast(120, home=0.2, away=0.5),
            forecast(120, model_version="2"),
            forecast(120, mode="simulated"),
            forecast(120, match_id="other"),
        ]
        settled = list(settle_all(forecasts, {"m": over()}))
        assert [(each.model_version, each.mode) for each, _ in settled] == [
            ("1", "live"),
            ("1", "simulated"),
            ("2", "live"),
        ]
        assert settled[0][1].log_loss == pytest.approx(-np.log(0.2))

    def test_what_is_open_or_late_is_left_out(self) -> None:
        forecasts = [forecast(match_id="open"), forecast(5, match_id="late")]
        assert list(settle_all(forecasts, {"open": over("postponed"), "late": over()})) == []

    @given(st.permutations([(name, minutes) for name in "abc" for minutes in (70, 90, 200)]))
    def test_law_the_order_of_deliveries_says_nothing(self, order: list[tuple[str, int]]) -> None:
        endings = {"a": over(), "b": over("abandoned"), "c": over(home=0)}
        forecasts = [forecast(minutes, match_id=name) for name, minutes in order]
        expected = [("a", "home"), ("b", ""), ("c", "away")]
        settled = list(settle_all(forecasts, endings))
        assert [(each.match_id, verdict.outcome) for each, verdict in settled] == expected
        assert all(each.sealed_at == KICKOFF - timedelta(minutes=70) for each, _ in settled)


@given(st.floats(0, 1), st.floats(0, 1))
def test_law_a_forecast_expects_its_entropy(first: float, second: float) -> None:
    low, high = sorted((first, second))
    p = np.array([low, high - low, 1 - high])
    told = forecast(home=p[0], draw=p[1], away=p[2])
    losses = [verdict.log_loss for verdict in (score(told, place) for place in range(3))]
    assert entropy(told) == pytest.approx(np.dot(p, np.array(losses, dtype=float)), abs=1e-9)
    assert 0 <= entropy(told) <= np.log(3) + 1e-12
