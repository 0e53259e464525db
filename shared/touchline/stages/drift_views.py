"""Views of the settled record: who forecasts how well on identical matches, and what flat stakes would have returned.

Everything follows from the ledger, the promotions and the current features, and is made anew by each run of drift. What
is published is created once, under the hash of its content; a pointer says which is the newest.
"""

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from touchline.domain import standings
from touchline.domain.competitions import competition as competition_of
from touchline.domain.views import POINTER, Leaderboard, ReturnsTable, Standing, ViewsPointer
from touchline.errors import NotFound
from touchline.manifest import Manifest, advance, content_id, current, encode, sha256, write_object
from touchline.ports import ObjectStore
from touchline.stages.drift_record import Floats, Record, Settled, record_of
from touchline.stages.drift_track import track
from touchline.work import Ports

STAGE: Final = "views"
VERSION: Final = "2"
NOTHING: Final = "nothing is settled yet: forecasts are settled when their matches are over"


def publish_views(
    ports: Ports,
    seq: int,
    features: Manifest,
    played: pd.DataFrame,
    settled: Settled,
    beside: Mapping[str, bytes] | None = None,
) -> bool:
    """Publish the views of what is settled; whether they are new.

    Args:
        ports: all that may be touched.
        seq: number of the current features.
        features: their manifest.
        played: features of the played matches.
        settled: forecasts of record with their verdicts, of any mode.
        beside: views that others made, by title.
    """
    mode = ports.clock.mode
    mine = [pair for pair in settled if pair[0].mode == mode]
    scored = [pair for pair in mine if not pair[1].void_reason]
    found = None
    if scored:
        found = record_of(ports, features, played, scored)
        until = str(found.days.max())
        board = _leaderboard(found, _serving(ports.store), seq, mode, until)
        returned = ReturnsTable(seq=seq, mode=mode, until=until, returns=_returns(found))
    else:
        board = Leaderboard(seq=seq, mode=mode, reason=NOTHING)
        returned = ReturnsTable(seq=seq, mode=mode, reason=NOTHING)
    told = track(ports.store, features, found, mine, seq, mode)
    contents = {"leaderboard": encode(board), "returns": encode(returned), "track": encode(told), **(beside or {})}
    return _publish(ports.store, seq, features, contents)


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
    views = ViewsPointer(seq=seq, manifest=ref.key, sha256=ref.sha256)
    return advance(store, POINTER, encode(views), ViewsPointer, lambda now: now.seq > seq or now == views)
