"""Settle what is over.

Results come from the features only, and matches that will have no result from the snapshot that those were made of, so
that nothing that a gate refused is ever settled.
"""

from collections.abc import Collection
from datetime import datetime

import msgspec
import pandas as pd

from touchline import tables
from touchline.domain import settlement
from touchline.domain.settlement import Ending, Verdict
from touchline.manifest import Ref
from touchline.ports import Forecast, ObjectStore, Settlement
from touchline.stages import settlement_exports
from touchline.stages.drift_prices import prices_behind
from touchline.work import Ports

Settled = list[tuple[Forecast, Verdict]]


def settled_of(ports: Ports, played: pd.DataFrame, snapshots: tuple[Ref, ...]) -> Settled:
    """Forecasts of record of all matches that are over, each with what it was worth.

    Args:
        ports: all that may be touched.
        played: features of the played matches.
        snapshots: tables that they were made of.
    """
    forecasts = ports.ledger.forecasts()
    now = ports.clock.now()
    overdue = {forecast.match_id for forecast in forecasts if forecast.kickoff < now}
    endings = endings_of(ports.store, played, snapshots, {forecast.match_id for forecast in forecasts}, overdue)
    prices = prices_behind(ports.store, snapshots, {name for name in endings if endings[name].status == "finished"})
    return list(settlement.settle_all(forecasts, endings, prices))


def store_settled(ports: Ports, seq: int, settled: Settled) -> int:
    """Write verdicts down, and export the settled record; how many are new or differ.

    Args:
        ports: all that may be touched.
        seq: number of the features.
        settled: verdicts.
    """
    stored = ports.ledger.settle([_settlement(*pair, ports.clock.now()) for pair in settled])
    settlement_exports.export(ports.store, seq, ports.ledger.settlements())
    return stored


def endings_of(
    store: ObjectStore, played: pd.DataFrame, snapshots: tuple[Ref, ...], wanted: set[str], overdue: Collection[str]
) -> dict[str, Ending]:
    """How matches ended: those that were played, and of those that should be over the ones that never will be.

    Args:
        store: where the snapshots are.
        played: features of the played matches.
        snapshots: tables that they were made of.
        wanted: matches that are asked for.
        overdue: matches whose kick-off has passed.
    """
    finished = _finished(played, wanted)
    return finished | _without_result(store, snapshots, set(overdue) - set(finished))


def _finished(played: pd.DataFrame, wanted: set[str]) -> dict[str, Ending]:
    rows = played.loc[played["match_id"].isin(wanted), ["match_id", "kickoff", "home_goals", "away_goals"]]
    return {
        match_id: Ending("finished", kickoff.to_pydatetime(), float(home), float(away))
        for match_id, kickoff, home, away in rows.itertuples(index=False)
    }


def _without_result(store: ObjectStore, snapshots: tuple[Ref, ...], overdue: set[str]) -> dict[str, Ending]:
    """Of matches that should be over: those that were abandoned, cancelled or awarded, as the gates let them pass."""
    if not overdue:
        return {}
    unplayed = [
        tables.read(store, ref).loc[
            lambda rows: rows["match_id"].isin(overdue) & rows["status"].isin(settlement.VOID_STATUSES)
        ]
        for ref in snapshots
    ]
    return {
        match_id: Ending(status, kickoff.to_pydatetime())
        for rows in unplayed
        for match_id, status, kickoff in rows[["match_id", "status", "kickoff"]].itertuples(index=False)
    }


def _settlement(forecast: Forecast, verdict: Verdict, now: datetime) -> Settlement:
    return Settlement(
        match_id=forecast.match_id,
        model_version=forecast.model_version,
        mode=forecast.mode,
        sealed_at=forecast.sealed_at,
        settled_at=now,
        **msgspec.structs.asdict(verdict),
    )
