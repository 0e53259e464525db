"""Trials as they stand after settling: what they show is a view, what they decide is asked of promote.

The limits are those of the newest decision that names some, so that whoever settles and whoever decides mean the same.
What is asked for is named by what it rests on: asking twice for the same is one request.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import numpy as np
import pandas as pd

from touchline import tracing
from touchline.domain.slices import slices_of
from touchline.domain.trial_gates import Claim, TrialFacts, facts, judge
from touchline.domain.trial_policy import TrialPolicy
from touchline.domain.trials import Role, Trials, TrialState
from touchline.manifest import Manifest, encode, sha256
from touchline.ports import Promotion
from touchline.stages.drift_record import Record, Settled, record_of
from touchline.stages.promote_request import TRIALS, Request
from touchline.stages.promote_shadows import Shadow, begun, standing_shadows
from touchline.stages.promote_standing import champions
from touchline.work import Ports

ASKED: Final = ("promote", "reject", "rollback")
"""Verdicts that promote is asked to follow."""
NOBODY: Final = "no model is tried: a candidate is, as soon as one has passed its gates beside a champion"
Kickoffs = Mapping[tuple[str, str], datetime]
"""Model and match -> kick-off as its forecast of record says."""
Judged = list[tuple[TrialFacts, TrialState]]


class Limits(msgspec.Struct, frozen=True):
    """What the trials keep to."""

    trial: TrialPolicy
    leak: float


def trials(ports: Ports, seq: int, features: Manifest, played: pd.DataFrame, settled: Settled) -> tuple[Trials, Judged]:
    """All trials that run, and what they rest on.

    Args:
        ports: all that may be touched.
        seq: number of the current features.
        features: their manifest.
        played: features of the played matches.
        settled: forecasts of record with their verdicts, of any mode.
    """
    mode, history = ports.clock.mode, ports.promotions.history()
    limits, shadows = _limits(history), standing_shadows(history)
    if not shadows or limits is None:
        return Trials(seq=seq, mode=mode, reason=NOBODY), []
    names = {champions(history)[-1].champion, *(shadow.model_id for shadow in shadows)}
    scored = [
        pair for pair in settled
        if pair[0].mode == mode and not pair[1].void_reason and pair[0].model_version in names
    ]  # fmt: skip
    found = record_of(ports, features, played, scored) if scored else None
    said = {(one.model_version, one.match_id): one.kickoff for one, _ in scored}
    judged = list(_judged(history, shadows, found, said, limits))
    until = str(found.days.max()) if found else ""
    return Trials(seq=seq, mode=mode, until=until, trials=tuple(state for _, state in judged)), judged


def ask(ports: Ports, seq: int, judged: Judged) -> tuple[str, ...]:
    """Ask promote for what trials have decided; keys of requests that are new."""
    return tuple(key for told, state in judged if state.verdict in ASKED if (key := _ask(ports, seq, told, state)))


def _ask(ports: Ports, seq: int, told: TrialFacts, state: TrialState) -> str:
    claim: dict[str, Any] = {"verdict": state.verdict, "seq": seq, "facts": told}
    named = sha256(encode([told, state.verdict]))[:12]
    model = "" if state.verdict == "rollback" else state.model_version
    request = Request(
        action=state.verdict,  # type: ignore[arg-type]  # one of ASKED
        model_id=model,
        reason=state.reason,
        requested_by="drift",
        trial=Claim(**claim),
        traceparent=tracing.current(),
    )
    key = f"{TRIALS}{state.verdict}-{state.model_version.lower()}-{named}.json"
    return key if ports.store.create(key, ports.claim.seal(key, encode(request))) else ""


def _limits(history: Sequence[Promotion]) -> Limits | None:
    """Of the newest decision that names some; None before the first that knows trials."""
    for row in reversed(history):
        policy = row.inputs.get("policy", {})
        if "trial" in policy:
            leak = float(policy["candidate"]["suspected_leak"])
            return Limits(msgspec.convert(policy["trial"], TrialPolicy), leak)
    return None


def _judged(
    history: Sequence[Promotion], shadows: Sequence[Shadow], found: Record | None, said: Kickoffs, limits: Limits
) -> Iterator[tuple[TrialFacts, TrialState]]:
    champion = champions(history)[-1].champion
    for shadow in shadows:
        since = begun(history, shadow)
        role: Role = "challenger" if shadow.role == "challenger" else "champion"
        names = (shadow.model_id, champion) if role == "challenger" else (champion, shadow.model_id)
        told = (
            _facts(names, found, said, since)
            if found and since
            else TrialFacts(model_version=names[0], against=names[1])
        )
        yield told, judge(told, role, limits.trial, limits.leak)


def _facts(names: tuple[str, str], found: Record, said: Kickoffs, since: datetime) -> TrialFacts:
    """Of the matches after a moment that both forecast, kicked off when each forecast says, as promote counts them."""
    nothing = np.full((len(found.outcome), 3), np.nan)
    own, other = (found.models.get(name, nothing) for name in names)
    kickoffs = [[said.get((name, match_id), since) for name in names] for match_id in found.rows.index]
    both = np.array([min(pair) > since for pair in kickoffs], bool)
    rows = found.rows[both]
    return facts(
        names,
        [first.date().isoformat() for (first, _), chosen in zip(kickoffs, both, strict=True) if chosen],
        (own[both], other[both]),
        found.outcome[both],
        slices_of(rows),
        found.closing[both],
    )
