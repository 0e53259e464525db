"""Views of the settled record: who forecasts how well on identical matches, and what flat stakes would have returned.

Everything follows from the ledger, the promotions and the current features, and is made anew by each run of drift. What
is published is created once, under the hash of its content; a pointer says which is the newest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline import tables
from touchline.domain import benchmarks, standings
from touchline.domain.competitions import competition as competition_of
from touchline.domain.encoding import reference_prices
from touchline.domain.settlement import Verdict
from touchline.domain.views import POINTER, Leaderboard, ReturnsTable, Standing, ViewsPointer
from touchline.domain.vocabulary import OUTCOMES, REFERENCE_BOOKMAKERS, odds_columns
from touchline.errors import NotFound
from touchline.manifest import Manifest, Ref, content_id, current, decode, encode, sha256, write_object
from touchline.ports import Forecast, ObjectStore, Promotion
from touchline.work import Ports

STAGE: Final = "views"
VERSION: Final = "1"
ELO: Final = "elo_difference"
LEARNT_FROM: Final = 100
"""Fewer matches than this before the first settled one teach a benchmark nothing."""
NOTHING: Final = "nothing is settled yet: forecasts are settled when their matches are over"
_PRICES: Final = [column for bookmaker in REFERENCE_BOOKMAKERS for column in odds_columns(bookmaker)]
Floats = NDArray[np.float64]
Settled = list[tuple[Forecast, Verdict]]


@dataclass(frozen=True)
class Record:
    """Settled matches, each once, in the order of their ids, and what every forecaster said of them."""

    outcome: NDArray[np.int64]
    competition: NDArray[np.object_]
    days: NDArray[np.datetime64]
    prices: Floats
    """(n, 3) decimal prices before the match, NaN where there are none."""
    models: dict[str, Floats]
    """(n, 3) by model version, NaN where it has no forecast of record."""
    others: dict[str, Floats]
    """The same of the benchmarks."""
    served: Floats
    """(n, 3): what the champion of the moment of sealing said."""


def publish_views(ports: Ports, seq: int, features: Manifest, played: pd.DataFrame, settled: Settled) -> bool:
    """Publish the views of what is settled; whether they are new.

    Args:
        ports: all that may be touched.
        seq: number of the current features.
        features: their manifest.
        played: features of the played matches.
        settled: forecasts of record with their verdicts, of any mode.
    """
    mode = ports.clock.mode
    scored = [pair for pair in settled if pair[0].mode == mode and not pair[1].void_reason]
    if scored:
        found = _record(ports, features, played, scored)
        until = str(found.days.max())
        board = _leaderboard(found, _serving(ports.store), seq, mode, until)
        returned = ReturnsTable(seq=seq, mode=mode, until=until, returns=_returns(found))
    else:
        board = Leaderboard(seq=seq, mode=mode, reason=NOTHING)
        returned = ReturnsTable(seq=seq, mode=mode, reason=NOTHING)
    return _publish(ports.store, seq, features, {"leaderboard": encode(board), "returns": encode(returned)})


def _record(ports: Ports, features: Manifest, played: pd.DataFrame, scored: Settled) -> Record:
    rows = played.set_index("match_id").loc[sorted({forecast.match_id for forecast, _ in scored})]
    place = {match_id: number for number, match_id in enumerate(rows.index)}
    models: dict[str, Floats] = {}
    for forecast, _ in scored:
        said = models.setdefault(forecast.model_version, np.full((len(rows), 3), np.nan))
        said[place[forecast.match_id]] = forecast.home, forecast.draw, forecast.away
    known = {forecast.match_id: verdict.outcome for forecast, verdict in scored}
    return Record(
        outcome=np.array([OUTCOMES.index(known[match_id]) for match_id in rows.index], np.int64),
        competition=rows["competition"].to_numpy(object),
        days=rows["kickoff"].dt.tz_localize(None).to_numpy().astype("datetime64[D]"),
        prices=_prices(ports.store, features.inputs, rows.index),
        models=models,
        others=_others(ports.store, features, played, rows),
        served=_served(ports.promotions.history(), scored, place),
    )


def _others(store: ObjectStore, features: Manifest, played: pd.DataFrame, rows: pd.DataFrame) -> dict[str, Floats]:
    """What the benchmarks say; Elo and the shares are learnt from matches before the first settled one."""
    found: dict[str, Floats] = {}
    if "benchmarks" in features.outputs:
        columns = [f"bookmaker_{outcome}" for outcome in OUTCOMES]
        quoted = tables.read(store, features.outputs["benchmarks"], ["match_id", *columns]).set_index("match_id")
        found["bookmaker"] = quoted.reindex(rows.index)[columns].to_numpy(np.float64)
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


def _served(history: list[Promotion], scored: Settled, place: Mapping[str, int]) -> Floats:
    """What was said to everybody: the last forecast of record by who was champion when it was sealed."""
    champion = {row.number: row.champion for row in history}
    said = np.full((len(place), 3), np.nan)
    public = [pair[0] for pair in scored if champion.get(pair[0].promotion) == pair[0].model_version]
    for forecast in sorted(public, key=lambda one: (str(one.sealed_at), one.model_version)):
        said[place[forecast.match_id]] = forecast.home, forecast.draw, forecast.away
    return said


def _serving(store: ObjectStore) -> tuple[str, str]:
    """Versions of the champion and of the challenger, empty where there is none."""
    try:
        _, serving = current(store, "serving")
    except NotFound:
        return "", ""
    challenger: dict[str, Any] = serving.parameters.get("challenger") or {}
    return str(serving.parameters.get("model_version", "")), str(challenger.get("model_version", ""))


def contenders(models: Mapping[str, Floats], days: NDArray[np.datetime64], serving: tuple[str, str]) -> tuple[str, ...]:
    """Who is compared: the champion, and the challenger if they have a match in common.

    A champion of whom nothing is settled gives way to the model of the newest match; without a challenger, the model
    that has most matches in common with the champion takes its place.
    """
    known = {name: ~np.isnan(p).any(axis=1) for name, p in models.items()}
    first = serving[0] if serving[0] in known else max(known, key=lambda name: (days[known[name]].max(), name))
    common = {name: int((rows & known[first]).sum()) for name, rows in known.items() if name != first}
    shared = [name for name, n in common.items() if n]
    if not shared:
        return (first,)
    second = serving[1] if serving[1] in shared else max(shared, key=lambda name: (common[name], name))
    return (first, second)


def _leaderboard(found: Record, serving: tuple[str, str], seq: int, mode: Any, until: str) -> Leaderboard:
    names = contenders(found.models, found.days, serving)
    asked = {name: found.models[name] for name in names} | found.others
    compared: list[Standing] = []
    every: list[Standing] = []
    duels = []
    for league, rows in standings.by_group(found.competition):
        wide, same = standings.identical({name: p[rows] for name, p in asked.items()}, names)
        compared += _standings({name: asked[name][rows][same] for name in wide}, league, found, rows, same)
        for name, p in sorted(found.models.items()):
            own = np.asarray(~np.isnan(p[rows]).any(axis=1))
            every += _standings({name: p[rows][own]}, league, found, rows, own)
        pairs = [(name, other) for name in names for other in asked if name != other]
        told = (
            standings.duel(pair, league, (asked[pair[0]][rows], asked[pair[1]][rows]), found.outcome[rows],
                           found.days[rows])
            for pair in pairs
        )  # fmt: skip
        duels += [one for one in told if one is not None]
    return Leaderboard(
        seq=seq, mode=mode, until=until, contenders=names, standings=tuple(compared), duels=tuple(duels),
        every=tuple(every),
    )  # fmt: skip


def _standings(
    forecasts: Mapping[str, Floats], league: str, found: Record, rows: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> list[Standing]:
    """Standings on some of the rows of a group, the best first; none where there is no match."""
    if not chosen.any():
        return []
    outcome, days = found.outcome[rows][chosen], found.days[rows][chosen]
    made = [standings.standing(name, league, p, outcome, days) for name, p in forecasts.items()]
    return sorted(made, key=lambda one: (one.log_loss, one.model_version))


def _returns(found: Record) -> tuple[Any, ...]:
    """Of all matches of which the record has a public forecast: all together, then country by country."""
    public = ~np.isnan(found.served).any(axis=1)
    country = np.array([competition_of(str(code)).country for code in found.competition[public]], object)
    p, prices, outcome, days = (
        found.served[public], found.prices[public], found.outcome[public], found.days[public],
    )  # fmt: skip
    return tuple(
        standings.returns(region, p[rows], prices[rows], outcome[rows], days[rows])
        for region, rows in standings.by_group(country)
    )


def _publish(store: ObjectStore, seq: int, features: Manifest, contents: Mapping[str, bytes]) -> bool:
    inputs = (features.outputs["played"],)
    parameters = {"seq": seq, **{name: sha256(data) for name, data in contents.items()}}
    versions = {STAGE: VERSION}
    name = content_id(STAGE, inputs, parameters, versions)
    outputs = {title: write_object(store, f"{STAGE}/{name}/{title}.json", data) for title, data in contents.items()}
    manifest = Manifest(
        stage=STAGE, id=name, inputs=inputs, outputs=outputs, parameters=parameters, versions=versions, counts={}
    )
    ref = write_object(store, f"{STAGE}/{name}/manifest.json", encode(manifest))
    return _point(store, ViewsPointer(seq=seq, manifest=ref.key, sha256=ref.sha256))


def _point(store: ObjectStore, views: ViewsPointer) -> bool:
    """Move the pointer to views, never to those of older features; whether it moved."""
    data = encode(views)
    while True:
        info = store.stat(POINTER)
        if info is None:
            if store.create(POINTER, data):
                return True
            continue
        stands = decode(store.get(POINTER), ViewsPointer, POINTER)
        if stands.seq > views.seq or stands == views:
            return False
        if store.swap(POINTER, data, info.etag):
            return True
