"""Settled matches, and what every forecaster said of them: what the views of the settled record are made from."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline import tables
from touchline.domain import benchmarks
from touchline.domain.encoding import reference_prices
from touchline.domain.settlement import SEALED_BEFORE, Verdict
from touchline.domain.vocabulary import OUTCOMES, REFERENCE_BOOKMAKERS, odds_columns
from touchline.manifest import Manifest, Ref
from touchline.ports import Forecast, ObjectStore, Promotion
from touchline.stages.drift_prices import snapshots_of
from touchline.work import Ports

ELO: Final = "elo_difference"
LEARNT_FROM: Final = 100
"""Fewer matches than this before the first settled one teach a benchmark nothing."""
_PRICES: Final = [column for bookmaker in REFERENCE_BOOKMAKERS for column in odds_columns(bookmaker)]
Floats = NDArray[np.float64]
Settled = list[tuple[Forecast, Verdict]]


@dataclass(frozen=True)
class Record:
    """Settled matches, each once, in the order of their ids, and what every forecaster said of them."""

    rows: pd.DataFrame
    """Their features, by id."""
    outcome: NDArray[np.int64]
    competition: NDArray[np.object_]
    days: NDArray[np.datetime64]
    prices: Floats
    """(n, 3) decimal prices before the match, NaN where there are none."""
    models: dict[str, Floats]
    """(n, 3) by model version, NaN where it has no forecast of record."""
    others: dict[str, Floats]
    """The same of the benchmarks."""
    closing: Floats
    """The same of closing prices."""
    served: Floats
    """(n, 3): what was public last, of the forecasts of record."""
    served_by: NDArray[np.object_]
    """(n,): which model that was, empty where none was."""


def record_of(ports: Ports, features: Manifest, played: pd.DataFrame, scored: Settled) -> Record:
    """The record of forecasts that are not void.

    Args:
        ports: all that may be touched.
        features: manifest of the current features.
        played: features of the played matches.
        scored: forecasts of record with their verdicts, of one mode, at least one.
    """
    rows = played.set_index("match_id").loc[sorted({forecast.match_id for forecast, _ in scored})]
    place = {match_id: number for number, match_id in enumerate(rows.index)}
    models: dict[str, Floats] = {}
    for forecast, _ in scored:
        said = models.setdefault(forecast.model_version, np.full((len(rows), 3), np.nan))
        said[place[forecast.match_id]] = forecast.home, forecast.draw, forecast.away
    known = {forecast.match_id: verdict.outcome for forecast, verdict in scored}
    quoted = _quoted(ports.store, features, rows.index)
    served, by = _served(ports.promotions.history(), scored, place)
    return Record(
        rows=rows,
        outcome=np.array([OUTCOMES.index(known[match_id]) for match_id in rows.index], np.int64),
        competition=rows["competition"].to_numpy(object),
        days=rows["kickoff"].dt.tz_localize(None).to_numpy().astype("datetime64[D]"),
        prices=_prices(ports.store, snapshots_of(features), rows.index),
        models=models,
        others={name: p for name, p in quoted.items() if name == "bookmaker"} | _plain(played, rows),
        closing=quoted.get("closing", np.full((len(rows), 3), np.nan)),
        served=served,
        served_by=by,
    )


def _quoted(store: ObjectStore, features: Manifest, match_ids: pd.Index) -> dict[str, Floats]:
    """What prices before the match and at its kick-off say."""
    if "benchmarks" not in features.outputs:
        return {}
    columns = {name: [f"{name}_{outcome}" for outcome in OUTCOMES] for name in ("bookmaker", "closing")}
    asked = ["match_id", *(column for three in columns.values() for column in three)]
    quoted = tables.read(store, features.outputs["benchmarks"], asked).set_index("match_id").reindex(match_ids)
    return {name: quoted[three].to_numpy(np.float64) for name, three in columns.items()}


def _plain(played: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Floats]:
    """What Elo and the shares say, learnt from matches before the first settled one."""
    found: dict[str, Floats] = {}
    before = played[played["kickoff"] < rows["kickoff"].min()].sort_values(["kickoff", "match_id"])
    if len(before) >= LEARNT_FROM:
        outcome = before["outcome"].to_numpy(np.int64)
        if ELO in before:
            asked = rows[ELO].to_numpy(np.float64)
            found["elo"] = benchmarks.elo(before[ELO].to_numpy(np.float64), outcome, asked)
        leagues = before["competition"].to_numpy(object), rows["competition"].to_numpy(object)
        found["prior"] = benchmarks.shares(outcome, *leagues)
    return found


def _prices(store: ObjectStore, snapshots: tuple[Ref, ...], match_ids: pd.Index) -> Floats:
    """Decimal prices before the match, as the snapshot of the features has them."""
    found = np.full((len(match_ids), 3), np.nan)
    for ref in snapshots:
        table = tables.read(store, ref).set_index("match_id").reindex(index=match_ids, columns=_PRICES)
        found = np.where(np.isnan(found), reference_prices(table.astype(np.float64)), found)
    return found


def _served(history: list[Promotion], scored: Settled, place: Mapping[str, int]) -> tuple[Floats, NDArray[np.object_]]:
    """What was said to everybody, and by whom: of the forecasts of record, the one that was public last."""
    champion, reigns = {row.number: row.champion for row in history}, _reigns(history)
    said, by = np.full((len(place), 3), np.nan), np.full(len(place), "", object)
    told = [(since, one) for one, _ in scored if (since := _public_since(one, champion, reigns))]
    for _, forecast in sorted(told, key=lambda pair: (pair[0], pair[1].model_version)):
        said[place[forecast.match_id]] = forecast.home, forecast.draw, forecast.away
        by[place[forecast.match_id]] = forecast.model_version
    return said, by


def _reigns(history: list[Promotion]) -> dict[str, list[Promotion]]:
    """By model, the decisions that made it the champion."""
    found: dict[str, list[Promotion]] = {}
    for before, row in pairwise((None, *history)):
        if row is not None and row.champion != (before.champion if before else ""):
            found.setdefault(row.champion, []).append(row)
    return found


def _public_since(
    forecast: Forecast, champion: Mapping[int, str], reigns: Mapping[str, list[Promotion]]
) -> tuple[str, int] | None:
    """Since when a forecast was public, and by which decision; None if it never was.

    A champion's is from its sealing on. Who became champion after that, from the shadow or by a rollback, seals nothing
    anew that says the same, so what it had said is public from then on, if it was in time for the record.
    """
    model, deadline = forecast.model_version, forecast.kickoff - SEALED_BEFORE
    later = [row for row in reigns.get(model, []) if row.number > forecast.promotion and row.decided_at <= deadline]
    if later:
        return str(later[-1].decided_at), later[-1].number
    return (str(forecast.sealed_at), forecast.promotion) if champion.get(forecast.promotion) == model else None
