"""Forecast: what the champion says of the coming fixtures, sealed in the ledger before kick-off, then published.

What is published depends on the features, the champion, and which fixtures lie within the horizon; the moments of
sealing stand in the ledger alone.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa

from touchline import tables
from touchline.domain import joint_goals, score_grid
from touchline.domain.availability import deadline
from touchline.domain.competitions import is_simulated
from touchline.domain.features import FEATURE_NAMES
from touchline.domain.forecasts import ForecastSet, MatchForecast, ModelSummary, Score, valid_probabilities
from touchline.domain.uses import reached
from touchline.domain.vocabulary import Uses
from touchline.errors import DataError, NotFound
from touchline.learning.card import ModelCard, ModelScore
from touchline.manifest import (
    Manifest,
    Publication,
    Ref,
    bundle_of,
    content_id,
    current,
    decode,
    encode,
    publication_key,
    publish,
    read_object,
    read_publication,
    sha256,
    superseded,
    write_object,
)
from touchline.ports import Forecast, ObjectStore, Predictor
from touchline.settings import ForecastSettings
from touchline.work import Event, Ports, Result

STAGE: Final = "predictions"
VERSION: Final = "1"

Rates = dict[str, tuple[float, float]]
"""Expected goals of home and away by match."""


def run(event: Event, ports: Ports, settings: ForecastSettings) -> Result:
    """Publish the forecasts of the current features by the current champion, unless that was done.

    Time alone brings fixtures into the horizon: those are sealed too, and published as a further revision.

    Raises:
        DataError: the champion was trained on other features, or gives no probabilities.
    """
    if event.kind == "object" and (newer := superseded(ports.store, event.key)):
        return Result(outcome="skipped", reason=f"superseded by {newer}")
    try:
        (features, featured), (serving, served) = current(ports.store, "features"), current(ports.store, "serving")
    except NotFound as missing:
        return Result(outcome="skipped", reason=f"nothing to forecast from: {missing.what}")
    upcoming = _upcoming(ports.store, featured)
    due, reason = within_horizon(upcoming, ports.clock.now(), settings.horizon_days)
    sealed, rates = _seal(ports, due, served, features, serving.seq)
    told = _told(ports, due, sealed, rates, settings, served, reason)
    revision, published = _published(ports.store, features.seq, serving.seq)
    if published is not None and {match.match_id for match in told.matches} <= published:
        return Result(
            outcome="unchanged", publications=(publication_key(STAGE, features.seq, serving.seq, revision - 1),)
        )
    _export_ledger(ports, upcoming["match_id"], sealed, (features.seq, serving.seq, revision))
    key, created = _publish(ports, told, (features, featured), (serving, served), revision)
    return Result(
        outcome="done" if created else "unchanged",
        publications=(key,),
        reason=told.reason,
        summary={
            "seq": features.seq,
            "promotion": serving.seq,
            "forecasts": len(sealed),
            "late": len(due) - len(sealed),
        },
    )


def _upcoming(store: ObjectStore, featured: Manifest) -> pd.DataFrame:
    """Coming matches with their features, and whether a bookmaker has named prices of them (`priced`)."""
    table = tables.read(store, featured.outputs["upcoming"])
    prices = tables.read(store, featured.outputs["benchmarks"]).set_index("match_id")["bookmaker_home"]
    return table.assign(priced=table["match_id"].map(prices).notna().to_numpy(bool))


def within_horizon(upcoming: pd.DataFrame, now: datetime, days: int) -> tuple[pd.DataFrame, str]:
    """Fixtures that can still be sealed and kick off within so many days, by kick-off and match; and why there is none.

    They have a column more: the `deadline` of sealing.
    """
    upcoming = upcoming.assign(deadline=deadline(upcoming))
    kickoff, open_ = upcoming["kickoff"], upcoming["deadline"] > now
    due = upcoming[open_ & (kickoff <= now + timedelta(days=days))]
    if len(due):
        return due.sort_values(["kickoff", "match_id"], ignore_index=True), ""
    if upcoming.empty:
        return due, "no coming fixture is known"
    ahead = kickoff[open_]
    other = f"the next is on {ahead.min().date()}" if len(ahead) else f"the last known was on {kickoff.max().date()}"
    return due, f"no fixture in the next {days} days ({other})"


def _published(store: ObjectStore, seq: int, promotion: int) -> tuple[int, set[str] | None]:
    """The next revision, and the matches of the newest one, None if nothing was published of these inputs."""
    stem = publication_key(STAGE, seq, promotion).removesuffix(".json")
    keys = [info.key for info in store.list(stem)]
    if not keys:
        return 0, None
    publication, manifest = read_publication(store, max(keys))
    ref = manifest.outputs["forecasts"]
    matches = decode(read_object(store, ref), ForecastSet, ref.key).matches
    return publication.revision + 1, {match.match_id for match in matches}


def _seal(
    ports: Ports, due: pd.DataFrame, served: Manifest, features: Publication, promotion: int
) -> tuple[list[Forecast], Rates]:
    if due.empty:
        return [], {}
    predictor = ports.model(*bundle_of(served))
    values = _asked_of(predictor, due, features.manifest)
    probabilities = _probabilities(predictor, values)
    forecasts = [
        Forecast(
            match_id=row.match_id,
            model_version=str(served.parameters["model_version"]),
            promotion=promotion,
            seq=features.seq,
            kickoff=row.deadline.to_pydatetime(),
            home=home, draw=draw, away=away,
            features_hash=row_hash(asked),
            mode=ports.clock.mode,
        )
        for row, (home, draw, away), asked in zip(due.itertuples(), probabilities, values, strict=True)
    ]  # fmt: skip
    return ports.ledger.seal(forecasts, ports.clock.now()), _rates(predictor, due, values)


def _rates(predictor: Predictor, due: pd.DataFrame, values: "np.ndarray[Any, Any]") -> Rates:
    rates = predictor.rates(values)
    known = np.isfinite(rates).all(axis=1)
    bounded = score_grid.bounded(rates[known]).tolist()
    return {match: (home, away) for match, (home, away) in zip(due["match_id"][known], bounded, strict=True)}


def _asked_of(predictor: Predictor, due: pd.DataFrame, where: str) -> "np.ndarray[Any, Any]":
    """The features that the champion learnt from, in his order."""
    unknown = sorted(set(predictor.features) - set(FEATURE_NAMES))
    if unknown:
        raise DataError(
            f"the champion {predictor.model_id} was trained on {len(unknown)} features that this version does not make",
            where="features.json",
            hint="train a model on the current features and promote it",
            details=tuple(unknown[:10]),
        )
    missing = [name for name in predictor.features if name not in due]
    if missing:
        raise DataError(
            f"{len(missing)} features are missing, {missing[0]} is the first",
            where=where,
            hint="make the features again with this version: replay the newest validated publication",
        )
    return np.asarray(due[list(predictor.features)], dtype=np.float64)


def _probabilities(predictor: Predictor, values: "np.ndarray[Any, Any]") -> list[list[float]]:
    rows: list[list[float]] = predictor.predict(values).tolist()
    if not valid_probabilities(rows):
        raise DataError("the champion gave rows that are no probabilities", where=predictor.model_id)
    return rows


def row_hash(features: "np.ndarray[Any, Any]") -> str:
    """Hash of the features of one match that the model saw; all missing values count as the same."""
    return sha256(np.where(np.isnan(features), np.nan, features).astype("<f8").tobytes())


def _told(
    ports: Ports,
    due: pd.DataFrame,
    sealed: list[Forecast],
    rates: Rates,
    settings: ForecastSettings,
    served: Manifest,
    reason: str,
) -> ForecastSet:
    said = {forecast.match_id: forecast for forecast in sealed}
    model = _summary(ports, served)
    matches = tuple(
        _match(row, said[row.match_id], rates.get(row.match_id), reached(model.uses, row.priced))
        for row in due.itertuples()
        if row.match_id in said
    )
    simulated = ports.clock.mode == "simulated"
    return ForecastSet(
        mode=ports.clock.mode,
        as_of=ports.clock.now().isoformat() if simulated else "",
        simulated=model.simulated or any(is_simulated(match.competition) for match in matches),
        horizon_days=settings.horizon_days,
        features_hash=sha256(encode(list(FEATURE_NAMES))),
        reason=reason if matches or reason else "every fixture of the horizon has kicked off",
        model=model,
        matches=matches,
    )


def _match(row: Any, forecast: Forecast, rates: tuple[float, float] | None, uses: Uses) -> MatchForecast:
    return MatchForecast(
        match_id=row.match_id,
        competition=row.competition,
        season=row.season,
        kickoff=row.kickoff.to_pydatetime(),
        kickoff_known=bool(row.kickoff_known),
        home_team=row.home_team,
        away_team=row.away_team,
        home=forecast.home,
        draw=forecast.draw,
        away=forecast.away,
        uses=uses,
        rates=rates,
        rho=joint_goals.RHO,
    )


_FORECASTERS: Final = {
    "ours": "This model",
    "closing": "Bookmaker, at kick-off",
    "bookmaker": "Bookmaker, before the match",
    "elo": "Elo rating alone",
    "prior": "League averages",
}


def _summary(ports: Ports, served: Manifest) -> ModelSummary:
    ref = next(ref for ref in served.outputs.values() if ref.key.endswith("/card.json"))
    card = decode(read_object(ports.store, ref), ModelCard, ref.key)
    return ModelSummary(
        model_id=str(served.parameters["model_id"]),
        version=str(served.parameters["model_version"]),
        promotion=int(served.parameters["promotion"]),
        simulated=card.simulated,
        uses=card.uses,
        trained_until=card.trained_until.date().isoformat(),
        matches=card.matches,
        scores=tuple(_score(title, card.scores[name]) for name, title in _FORECASTERS.items() if name in card.scores),
    )


def _score(title: str, score: ModelScore) -> Score:
    loss = score.log_loss
    return Score(title, score.n, loss.value, loss.low, loss.high, score.rps.value)


def _export_ledger(
    ports: Ports, match_ids: Iterable[str], sealed: list[Forecast], number: tuple[int, int, int]
) -> None:
    """What stands behind this publication, and all that was sealed of its inputs, also by an attempt that broke."""
    (seq, promotion, _), mode, standing = number, ports.clock.mode, set(sealed)
    rows = [
        row
        for row in ports.ledger.forecasts(match_ids)
        if row in standing or (row.seq, row.promotion, row.mode) == (seq, promotion, mode)
    ]
    if not rows:
        return
    data = encode({"seq": seq, "promotion": promotion, "mode": mode, "forecasts": rows})
    where = f"ledger/forecasts/{publication_key(STAGE, *number).rpartition('/')[2]}"
    if not ports.store.create(where, data) and ports.store.get(where) != data:
        ports.store.create(f"{where.removesuffix('.json')}-{sha256(data)[:12]}.json", data)


def _publish(
    ports: Ports,
    told: ForecastSet,
    features: tuple[Publication, Manifest],
    serving: tuple[Publication, Manifest],
    revision: int,
) -> tuple[str, bool]:
    inputs = tuple(Ref(publication.manifest, publication.sha256) for publication, _ in (features, serving))
    compact = encode(told)
    parameters = {
        "horizon_days": told.horizon_days,
        "mode": told.mode,
        "as_of": told.as_of,
        "simulated": told.simulated,
    }
    versions = {STAGE: VERSION}
    name = content_id(STAGE, inputs, {**parameters, "content": sha256(compact)}, versions)
    where, state = f"{STAGE}/{name}", features[1].outputs["state"]
    rows = len(told.matches)
    outputs = {
        "forecasts": write_object(ports.store, f"{where}/forecasts.json", compact, rows=rows),
        "table": write_object(ports.store, f"{where}/forecasts.parquet", _people(told), rows=rows),
        "state": write_object(ports.store, f"{where}/state.npz", read_object(ports.store, state)),
    }
    manifest = Manifest(
        stage=STAGE, id=name, inputs=inputs, outputs=outputs, parameters=parameters, versions=versions,
        counts={"forecasts": rows},
    )  # fmt: skip
    seq, promotion = features[0].seq, serving[0].seq
    return publish(ports.store, manifest, seq, promotion=promotion, revision=revision, seal=ports.claim.seal)


_COLUMNS: Final = pa.schema(
    [(name, pa.string()) for name in ("match_id", "competition", "season", "date")]
    + [("kickoff", pa.timestamp("us", "UTC")), ("kickoff_known", pa.bool_())]
    + [(name, pa.string()) for name in ("home_team", "away_team")]
    + [(name, pa.float64()) for name in ("home", "draw", "away")]
    + [(name, pa.float64()) for name in ("expected_goals_home", "expected_goals_away", "over_25", "both_score")]
    + [("likeliest_score", pa.string())]
    + [("model_version", pa.string()), ("promotion", pa.int64()), ("uses", pa.string())]
    + [("mode", pa.string()), ("simulated", pa.bool_())]
)


def _people(told: ForecastSet) -> bytes:
    """The forecasts as a table for people."""
    fixed = {
        "model_version": told.model.version,
        "promotion": told.model.promotion,
        "mode": told.mode,
        "simulated": told.simulated,
    }
    goals = joint_goals.goals_of(told.matches)
    rows = [
        {name: getattr(match, name) for name in match.__struct_fields__}
        | {"date": match.kickoff.date().isoformat()}
        | (msgspec.structs.asdict(goals[match.match_id]) if match.match_id in goals else {})
        | fixed
        for match in told.matches
    ]
    return tables.arrow_bytes(pa.Table.from_pylist(rows, schema=_COLUMNS))
