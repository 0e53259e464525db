"""How healthy the models are: what their forecasts promised against what came of it, and what is still to come."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import msgspec
import numpy as np

from touchline import tables
from touchline.domain import calibration_gap, scoring, settlement
from touchline.domain.health import Health, Signal
from touchline.domain.settlement import Verdict
from touchline.domain.vocabulary import OUTCOMES
from touchline.errors import NotFound
from touchline.manifest import Manifest, current
from touchline.ports import Forecast, ObjectStore
from touchline.work import Ports

NOTHING: Final = "no forecast is sealed yet"
FIRST: Final = 0.5
"""Share of all attention that lies on the champion over all competitions; its competitions have half of the rest."""
RECENT: Final = timedelta(days=30)
"""A model without a forecast of record of the newest matches, of so many days, is over: its gap changes no more."""
_DIGITS: Final = 12
Settled = list[tuple[Forecast, Verdict]]
Key = tuple[str, str]
"""Model version, and competition (empty for all together)."""


def health(ports: Ports, seq: int, features: Manifest, settled: Settled) -> Health:
    """Signals of the champion, and of every model with a forecast of record of late in this mode.

    Args:
        ports: all that may be touched.
        seq: number of the current features.
        features: their manifest.
        settled: forecasts of record with their verdicts, of any mode.
    """
    mode = ports.clock.mode
    mine = [pair for pair in settled if pair[0].mode == mode]
    scored = [pair for pair in mine if not pair[1].void_reason]
    over = {(forecast.match_id, forecast.model_version) for forecast, _ in mine}
    waiting = list(_waiting((one for one in ports.ledger.forecasts() if one.mode == mode), over))
    if not scored and not waiting:
        return Health(seq=seq, mode=mode, reason=NOTHING)
    league = _leagues(ports.store, features)
    known, open_ = _grouped(scored, league), _open(waiting, league)
    champion = champion_of(ports.store)
    told = {champion, *_recent([*(forecast for forecast, _ in scored), *waiting])}
    keys = sorted((key for key in {*known, *open_} if key[0] in told), key=lambda key: (key[0] != champion, key))
    return Health(
        seq=seq,
        mode=mode,
        until=str(max(forecast.kickoff for forecast, _ in scored).date()) if scored else "",
        signals=judged([_signal(key, known.get(key, []), open_.get(key, [])) for key in keys], champion),
    )


def champion_of(store: ObjectStore) -> str:
    """Version of the model that serves, empty if none does."""
    try:
        _, serving = current(store, "serving")
    except NotFound:
        return ""
    return str(serving.parameters.get("model_version", ""))


def judged(signals: list[Signal], champion: str) -> tuple[Signal, ...]:
    """The same signals with their alarms, all together at most 5 % of the time where all are healthy."""
    told = [signal for signal in signals if signal.evidence is not None]
    evidence = [signal.evidence or 0.0 for signal in told]
    alarms = calibration_gap.accused(evidence, attention([_key(signal) for signal in told], champion))
    raised = {_key(signal) for signal, alarm in zip(told, alarms, strict=True) if alarm}
    return tuple(
        msgspec.structs.replace(signal, alarm=True) if _key(signal) in raised else _quiet(signal) for signal in signals
    )


def attention(keys: list[Key], champion: str) -> list[float]:
    """Share of each signal in the attention, summing to 1: half on the champion, a quarter on its competitions.

    What nobody takes up goes to the others.

    >>> attention([("2", ""), ("2", "E0"), ("2", "E1"), ("1", ""), ("1", "E0")], "2")
    [0.5, 0.125, 0.125, 0.125, 0.125]
    >>> attention([("1", ""), ("1", "E0")], ""), attention([("2", "")], "2")
    ([0.5, 0.5], [1.0])
    """
    ranks = [(0 if not league else 1) if version == champion else 2 for version, league in keys]
    shares = {0: FIRST, 1: FIRST / 2, 2: FIRST / 2}
    total = sum(shares[rank] for rank in set(ranks))
    return [shares[rank] / total / ranks.count(rank) for rank in ranks]


def _waiting(forecasts: Iterable[Forecast], over: set[tuple[str, str]]) -> Iterable[Forecast]:
    """Forecasts of record of matches that are not settled."""
    rivals: dict[tuple[str, str], list[Forecast]] = {}
    for forecast in forecasts:
        rivals.setdefault((forecast.match_id, forecast.model_version), []).append(forecast)
    for key in sorted(rivals.keys() - over):
        found = settlement.of_record(rivals[key])
        if found is not None:
            yield found


def _recent(forecasts: list[Forecast]) -> set[str]:
    """Models that forecast one of the newest matches."""
    newest = max(forecast.kickoff for forecast in forecasts)
    return {forecast.model_version for forecast in forecasts if newest - forecast.kickoff < RECENT}


def _leagues(store: ObjectStore, features: Manifest) -> Mapping[str, str]:
    """Competition of each match of the features, played or to come."""
    found: dict[str, str] = {}
    for title in ("played", "upcoming"):
        if title in features.outputs:
            table = tables.read(store, features.outputs[title], ["match_id", "competition"])
            found |= dict(zip(table["match_id"].tolist(), table["competition"].tolist(), strict=True))
    return found


def _grouped(scored: Settled, league: Mapping[str, str]) -> dict[Key, Settled]:
    groups: dict[Key, Settled] = {}
    for pair in scored:
        for name in {"", league.get(pair[0].match_id, "")}:
            groups.setdefault((pair[0].model_version, name), []).append(pair)
    return groups


def _open(waiting: list[Forecast], league: Mapping[str, str]) -> dict[Key, list[float]]:
    """Entropies of what is still to come."""
    groups: dict[Key, list[float]] = {}
    for forecast in waiting:
        for name in {"", league.get(forecast.match_id, "")}:
            groups.setdefault((forecast.model_version, name), []).append(settlement.entropy(forecast))
    return groups


def _signal(key: Key, scored: Settled, ahead: list[float]) -> Signal:
    version, league = key
    coming = round(float(np.mean(ahead)), _DIGITS) if ahead else None
    if not scored:
        return Signal(model_version=version, competition=league, n=0, waiting=len(ahead), ahead=coming)
    p = np.concatenate([settlement.probabilities(forecast) for forecast, _ in scored])
    y = [OUTCOMES.index(verdict.outcome) for _, verdict in scored]
    gap = calibration_gap.gap(p, y)
    return Signal(
        model_version=version,
        competition=league,
        n=gap.n,
        settled=round(gap.settled, _DIGITS),
        expected=round(gap.expected, _DIGITS),
        gap=round(gap.settled - gap.expected, _DIGITS),
        gap_z=round(gap.z, 9),
        rps=round(float(scoring.rps(p, y).mean()), _DIGITS),
        ece=round(scoring.ece(p, y), _DIGITS),
        evidence=round(gap.evidence, 9),
        leaning=gap.leaning,
        waiting=len(ahead),
        ahead=coming,
    )


def _key(signal: Signal) -> Key:
    return signal.model_version, signal.competition


def _quiet(signal: Signal) -> Signal:
    return msgspec.structs.replace(signal, leaning="")
