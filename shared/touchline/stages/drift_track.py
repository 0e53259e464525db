"""The track record: each model in each competition and season, against prices, Elo and shares on identical matches."""

from collections import Counter
from collections.abc import Iterator
from itertools import product
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline import tables
from touchline.domain import reliability
from touchline.domain.noise_floor import noise_floor
from touchline.domain.scoring import ece
from touchline.domain.settlement import Verdict
from touchline.domain.slices import slices_of
from touchline.domain.standings import by_group
from touchline.domain.track import MOST_MODELS, MOST_VOID, PUBLIC, Entry, Figures, Track, Void, Voided
from touchline.domain.track_scores import DIGITS, Told, curve, entry, scores, slice_of
from touchline.domain.vocabulary import Mode
from touchline.manifest import Manifest, Ref
from touchline.ports import ObjectStore
from touchline.stages.drift_prices import snapshots_of
from touchline.stages.drift_record import Floats, Record, Settled

LEADERS: Final = 3
"""Models whose figures are made for each competition and each season, too: what was public, and the newest."""
NOTHING: Final = "nothing is settled yet: forecasts are settled when their matches are over"
DRAWS: Final = 100
"""Perfect forecasters that are drawn to know the noise of the calibration error."""
Rows = NDArray[np.bool_]
Group = tuple[str, str, Rows]
"""A competition, a season (empty for all), and which rows of the record these are."""


def track(store: ObjectStore, features: Manifest, found: Record | None, mine: Settled, seq: int, mode: Mode) -> Track:
    """The track record of one mode.

    Args:
        store: where the snapshots behind the features are; they know of void matches.
        features: manifest of the current features.
        found: matches with a forecast that is not void, None where there is none.
        mine: forecasts of record of that mode with their verdicts, void ones too.
        seq: number of the features.
        mode: live or simulated.
    """
    void = [pair for pair in mine if pair[1].void_reason]
    counted = Counter((forecast.model_version, verdict.void_reason) for forecast, verdict in void)
    told = Track(
        seq=seq, mode=mode, reason=NOTHING, voids=_voids(store, snapshots_of(features), void),
        voided=tuple(Voided(model, reason, n) for (model, reason), n in sorted(counted.items())),
    )  # fmt: skip
    if found is None:
        return told
    models, groups = _models(found, mine), slices_of(found.rows)
    entries, figures = [], []
    for place, (name, model) in enumerate(models.items()):
        made, drawn = _model(name, model, found, groups, place)
        entries += made
        figures += drawn
    return msgspec.structs.replace(
        told, reason="", until=str(found.days.max()), models=tuple(models), entries=tuple(entries),
        figures=tuple(figures),
    )  # fmt: skip


def _models(found: Record, mine: Settled) -> dict[str, tuple[Rows, Told]]:
    """By model, what was public first, then those of the newest matches: its rows of the record, and what it told."""
    bets = _bets(found, mine)
    said = dict(found.models)
    newest = sorted(said, key=lambda name: (found.days[_rows(said[name])].max(), name), reverse=True)
    if _rows(found.served).any():
        said[PUBLIC], newest = found.served, [PUBLIC, *newest]
        bets[PUBLIC] = _public(bets, found.served_by)
    others = {**found.others, "closing": found.closing}
    rivals = {name: scores(p, found.outcome) for name, p in others.items() if _rows(p).any()}
    made = {
        name: Told(said[name], found.outcome, found.days, scores(said[name], found.outcome), rivals, bets[name])
        for name in newest
    }
    return {name: (_rows(said[name]), told) for name, told in made.items()}


def _rows(p: Floats) -> Rows:
    return np.asarray(~np.isnan(p).any(axis=1))


def _bets(found: Record, mine: Settled) -> dict[str, Floats]:
    """Stake, return and closing-line value by model, (n, 3), as they were settled."""
    place = {match_id: number for number, match_id in enumerate(found.rows.index)}
    bets = {name: np.full((len(place), 3), np.nan) for name in found.models}
    for forecast, verdict in mine:
        if not verdict.void_reason:
            bets[forecast.model_version][place[forecast.match_id]] = _bet(verdict)
    return bets


def _bet(verdict: Verdict) -> list[float]:
    told = (verdict.stake, verdict.returned, verdict.closing_value)
    return [np.nan if value is None else value for value in told]


def _public(bets: dict[str, Floats], by: NDArray[np.object_]) -> Floats:
    made = np.full((len(by), 3), np.nan)
    for name in bets:
        made[by == name] = bets[name][by == name]
    return made


def _model(
    name: str, model: tuple[Rows, Told], found: Record, groups: dict[str, Rows], place: int
) -> tuple[list[Entry], list[Figures]]:
    """All that is told of a model; groups that hold the same matches are reckoned once."""
    known, told = model
    entries: dict[bytes, Entry] = {}
    drawn: dict[bytes, Figures] = {}
    every, shown = [], []
    for league, season, rows in _groups(found, known, whole=place >= MOST_MODELS):
        same, names = rows.tobytes(), {"competition": league, "season": season}
        if same not in entries:
            entries[same] = entry((name, league, season), told.part(rows))
        every.append(msgspec.structs.replace(entries[same], **names))
        if not (league or season) or (place < LEADERS and not (league and season)):
            if same not in drawn:
                drawn[same] = _figures(name, told, groups, rows)
            shown.append(msgspec.structs.replace(drawn[same], **names))
    return every, shown


def _groups(found: Record, known: Rows, *, whole: bool) -> Iterator[Group]:
    """All matches of a model, and unless these alone are told, those of each competition, season, and both."""
    seasons = found.rows["season"].to_numpy(object)
    leagues = [(name, rows) for name, rows in by_group(found.competition) if not (name and whole)]
    years = [(name, rows) for name, rows in by_group(seasons) if not (name and whole)]
    for (league, of_league), (season, of_season) in product(leagues, years):
        rows = known & of_league & of_season
        if rows.any():
            yield league, season, rows


def _figures(name: str, told: Told, groups: dict[str, Rows], rows: Rows) -> Figures:
    part, floor = told.part(rows), noise_floor(told.p[rows], draws=DRAWS).pooled
    return Figures(
        model_version=name, competition="", season="", curve=curve(part),
        bins=reliability.bins(part.p, part.outcome), ece=round(ece(part.p, part.outcome), DIGITS),
        noise=round(floor.mean, DIGITS), noise_high=round(floor.high, DIGITS),
        months=reliability.months(part.p, part.outcome, part.days),
        slices=tuple(
            slice_of(each, told.part(rows & group)) for each, group in groups.items() if (rows & group).any()
        ),
    )  # fmt: skip


def _voids(store: ObjectStore, snapshots: tuple[Ref, ...], void: Settled) -> tuple[Void, ...]:
    """The newest void forecasts, with competition and season as far as the snapshots still know the match."""
    newest = sorted(void, key=lambda pair: (pair[0].kickoff, pair[0].match_id, pair[0].model_version), reverse=True)
    listed = newest[:MOST_VOID]
    wanted = {forecast.match_id for forecast, _ in listed}
    known: dict[str, tuple[str, str]] = {}
    for ref in snapshots if wanted else ():
        table = tables.read(store, ref, ["match_id", "competition", "season"])
        for match_id, league, season in table[table["match_id"].isin(wanted)].itertuples(index=False):
            known[match_id] = league, season
    return tuple(
        Void(
            forecast.match_id, forecast.model_version, *known.get(forecast.match_id, ("", "")),
            str(forecast.kickoff.date()), verdict.void_reason,
        )
        for forecast, verdict in listed
    )  # fmt: skip
