"""What is settled beside the scores: accuracy, expected loss, a stake at prices of the snapshot, its closing line."""

from datetime import timedelta
from math import log
from pathlib import Path

import msgspec
import pytest

import settled_ledger
from features_published import played, sealed_before
from snapshots import league, publish_raw
from touchline.bootstrap import Container
from touchline.domain.vocabulary import odds_columns
from touchline.manifest import read_publication
from touchline.stages.drift_prices import prices_behind
from touchline.stages.drift_settle import settled_of, store_settled


@pytest.fixture
def ledger(tmp_path: Path) -> Container:
    return settled_ledger.filled({"TOUCHLINE_HOME": str(tmp_path / "home")})


def test_everything_is_settled_and_losses_are_included(ledger: Container) -> None:
    scored = [one for one in ledger.ledger.settlements() if not one.void_reason]
    assert len(scored) == 8
    for one in scored:
        assert one.stake == 1.0
        assert one.returned == (2.6 if one.outcome == "home" else 0.0)
        assert one.correct == (one.outcome == "home")
        assert one.closing_value == pytest.approx(log(2.6 / 2.4))
    assert {one.returned for one in scored} == {0.0, 2.6}
    assert {one.void_reason for one in ledger.ledger.settlements() if one.void_reason} == {"the match was abandoned"}


def test_what_an_older_version_settled_is_settled_in_full_once(ports: Container) -> None:
    table = played(3)
    for forecast in sealed_before(table, 0.5, 0.3, 0.2):
        ports.ledger.seal([forecast], forecast.kickoff - timedelta(days=2))
    settled = settled_of(ports, table, ())
    blank = {"correct": None, "expected": None}
    old = [(forecast, msgspec.structs.replace(verdict, **blank)) for forecast, verdict in settled]
    assert [store_settled(ports, 1, rows) for rows in (old, settled, settled)] == [3, 3, 0]
    assert all(one.expected and one.stake is None for one in ports.ledger.settlements())


def test_prices_are_of_one_bookmaker_before_and_after(ports: Container) -> None:
    rows = league(2)
    rows = rows[rows["status"] == "finished"].tail(3).copy()
    for columns in [list(odds_columns(name, closing=late)) for name in ("ps", "avg") for late in (False, True)]:
        rows[columns] = float("nan")
    first, second, third = rows["match_id"]
    rows.loc[rows["match_id"] == first, [*odds_columns("ps")]] = [2.0, 3.0, 4.0]
    rows.loc[rows["match_id"] != third, [*odds_columns("avg")]] = [2.1, 3.1, 4.1]
    rows.loc[rows["match_id"] != third, [*odds_columns("avg", closing=True)]] = [2.2, 3.2, 4.2]
    kept = [c for c in rows.columns if not c.startswith(("odds_", "closing_")) or "_ps_" in c or "_avg_" in c]
    _, raw = read_publication(ports.store, publish_raw(ports.store, rows[kept]))
    found = prices_behind(ports.store, tuple(raw.outputs.values()), [first, second, third, "unknown"])
    assert {name: (prices.before[0], prices.closing) for name, prices in found.items()} == {
        first: (2.0, None), second: (2.1, (2.2, 3.2, 4.2)),
    }  # fmt: skip
    assert prices_behind(ports.store, tuple(raw.outputs.values()), []) == {}
