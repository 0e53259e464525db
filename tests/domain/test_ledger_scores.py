"""Settlements recomputed apart from the code that settles: both say the same, and what differs is named."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from touchline.domain.ledger_batches import Said
from touchline.domain.ledger_scores import Ended, Settled, compared, expected_of
from touchline.domain.settlement import Ending, settle
from touchline.domain.staking import Prices, Triple, prices_of

KICKOFF = datetime(2026, 3, 7, 15, tzinfo=UTC)
GOALS = st.integers(0, 9)
PRICE = st.floats(1.01, 30)
TRIPLE = st.tuples(PRICE, PRICE, PRICE)


def said(hours: float = 5, p: Triple = (0.5, 0.3, 0.2), **changes: Any) -> Said:
    return msgspec.structs.replace(Said("m", "1", "live", KICKOFF, KICKOFF - timedelta(hours=hours), *p), **changes)


def settled(forecast: Said, ended: Ended, **changes: Any) -> Settled:
    fields = {"match_id": forecast.match_id, "model_version": forecast.model_version, "mode": forecast.mode}
    return Settled(**{**fields, "settled_at": KICKOFF, **expected_of(forecast, ended), **changes})


def over(home: float = 2, away: float = 1, **changes: Any) -> Ended:
    return msgspec.structs.replace(
        Ended("m", "finished", KICKOFF, home, away, (2.2, 3.0, 6.0), (2.0, 3.0, 6.0)), **changes
    )


@st.composite
def probabilities(draw: Any) -> Triple:
    first, second = sorted((draw(st.floats(0, 1)), draw(st.floats(0, 1))))
    return first, second - first, 1 - second


@given(probabilities(), GOALS, GOALS, TRIPLE, TRIPLE, st.booleans(), st.booleans())
@example((0.5, 0.25, 0.25), 1, 0, (1.1, 1.1, 1.1), (1.2, 1.2, 1.2), True, True)  # nothing is worth a stake
def test_law_both_ways_of_settling_agree(
    p: Triple, home: int, away: int, before: Triple, closing: Triple, priced: bool, closed: bool
) -> None:
    forecast = said(p=p)
    prices = Prices(before, closing if closed else None) if priced else None
    verdict = settle(forecast, Ending("finished", KICKOFF, home, away), prices)
    assert verdict is not None
    ended = over(home, away, before=before if priced else None, closing=closing if priced and closed else None)
    told = Settled(
        match_id="m", model_version="1", mode="live", sealed_at=forecast.sealed_at, settled_at=KICKOFF,
        **msgspec.structs.asdict(verdict),
    )  # fmt: skip
    assert list(compared([forecast], {"m": ended}, [told])) == []


@pytest.mark.parametrize("status", ["abandoned", "cancelled", "awarded"])
def test_void_matches_have_their_reason(status: str) -> None:
    verdict = settle(said(), Ending(status, KICKOFF))
    assert verdict is not None
    told = expected_of(said(), over(status=status))
    assert told["void_reason"] == verdict.void_reason == f"the match was {status}"
    assert told["log_loss"] is told["stake"] is None
    early = over(kickoff=KICKOFF - timedelta(hours=9))
    moved = settle(said(), Ending("finished", early.kickoff, 1, 0))
    assert moved is not None
    assert expected_of(said(), early)["void_reason"] == moved.void_reason


@pytest.mark.parametrize("name", ["log_loss", "rps", "brier", "expected", "stake", "returned", "closing_value"])
def test_what_differs_is_named(name: str) -> None:
    value = expected_of(said(), over())[name]
    (fault,) = compared([said()], {"m": over()}, [settled(said(), over(), **{name: value + 1e-6})])
    assert (fault.match, fault.what.split()[0]) == ("m", name)
    assert list(compared([said()], {"m": over()}, [settled(said(), over(), **{name: value * (1 + 2**-50)})])) == []


def test_only_the_forecast_of_record_is_settled() -> None:
    early, late, too_late = said(9), said(1), said(0.5)
    for order in ([early, late, too_late], [too_late, late, early]):
        assert list(compared(order, {"m": over()}, [settled(late, over())])) == []
        (fault,) = compared(order, {"m": over()}, [settled(early, over())])
        assert fault.what.startswith("sealed_at")


def test_what_should_not_be_there_and_what_is_missing() -> None:
    (unsettled,) = compared([said()], {"m": over()}, [])
    assert unsettled.what == "over, and not settled for 1"
    (unsealed,) = compared([], {"m": over()}, [settled(said(), over())])
    assert "no forecast in time" in unsealed.what
    (unplayed,) = compared([said()], {}, [settled(said(), over())])
    assert "no result" in unplayed.what
    assert list(compared([said(0.5), said(match_id="coming")], {"m": over()}, [])) == []
    assert list(compared([said()], {"m": over(status="cancelled")}, [])) == [], "it may be voided yet"


class TestStake:
    @pytest.mark.parametrize(("home", "away", "returned"), [(2, 1, 2.2), (1, 1, 0.0), (0, 1, 0.0)])
    def test_losses_are_included(self, home: int, away: int, returned: float) -> None:
        prices = Prices((2.2, 3.0, 4.0), (2.0, 3.2, 4.4))
        verdict = settle(said(), Ending("finished", KICKOFF, home, away), prices)
        assert verdict is not None
        assert (verdict.stake, verdict.returned, verdict.correct) == (1.0, returned, home > away)
        assert verdict.closing_value == pytest.approx(0.09531, abs=1e-5)

    @pytest.mark.parametrize("price", [float("nan"), 1.0, float("inf")])
    def test_prices_that_are_none_are_left_out(self, price: float) -> None:
        assert prices_of((price, 3.0, 4.0), (2.0, 3.0, 4.0)) is None
        assert prices_of((2.0, 3.0, 4.0), (price, 3.0, 4.0)) == Prices((2.0, 3.0, 4.0))
