"""What a trial decides: pure functions of facts, so that a verdict can be repeated from what was stored with it.

The sequential test on log-loss (`domain/sequential.py`) says when, the gates beside it say whether. Where it says that
a challenger is better and a gate says no, the trial goes on until its horizon.
"""

from collections.abc import Iterator, Mapping
from math import sqrt
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from touchline.domain import scoring, sequential
from touchline.domain.promotion import Check
from touchline.domain.standings import clustered
from touchline.domain.trial_policy import TrialPolicy
from touchline.domain.trials import Role, TrialState, TrialVerdict

Floats = NDArray[np.float64]
_DIGITS: Final = 12
_SURE: Final = 0.77
"""A perfect forecaster shows a calibration error of up to this / sqrt(n), 19 times in 20."""


class Slice(msgspec.Struct, frozen=True):
    """A group of matches: its name, how many, and the mean difference in log-loss."""

    name: str
    n: int
    difference: float


class TrialFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a trial rests on: the first model minus the other on the matches that both forecast, by match day.

    >>> TrialFacts(model_version="m2", against="m1").counts
    ()
    """

    model_version: str
    against: str
    days: tuple[str, ...] = ()
    """Match days, ISO 8601, in the order of time."""
    counts: tuple[int, ...] = ()
    """Matches of each."""
    sums: tuple[float, ...] = ()
    """Sums of the differences in log-loss."""
    rps: float | None = None
    rps_high: float | None = None
    """Mean difference in RPS, and the upper end of its 95 % interval."""
    ece: float | None = None
    ece_against: float | None = None
    """Calibration errors of the two."""
    closing_counts: tuple[int, ...] = ()
    """Matches of each day with closing prices; empty where none are known."""
    closing_sums: tuple[float, ...] = ()
    """Sums of log-loss minus that of the closing prices."""
    slices: tuple[Slice, ...] = ()


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What whoever settles forecasts says of a trial, for promote to look into.

    >>> Claim(verdict="promote", seq=7, facts=TrialFacts(model_version="m2", against="m1")).seq
    7
    """

    verdict: TrialVerdict
    seq: int
    """Number of the features whose results were settled."""
    facts: TrialFacts


def facts(
    names: tuple[str, str],
    days: list[str],
    said: tuple[Floats, Floats],
    outcome: NDArray[np.int64],
    groups: Mapping[str, NDArray[np.bool_]],
    closing: Floats | None = None,
) -> TrialFacts:
    """Facts of matches that both models forecast.

    Args:
        names: of the model on trial, and of the one that it is compared with.
        days: (n,) of the matches, ISO 8601.
        said: (n, 3) probabilities of both.
        outcome: (n,) as in `scoring`.
        groups: which rows belong to which group, (n,) each.
        closing: (n, 3) probabilities of the closing prices, rows of NaN where there are none.

    >>> half, third = np.full((2, 3), [0.5, 0.25, 0.25]), np.full((2, 3), 1 / 3)
    >>> told = facts(("m2", "m1"), ["2026-03-07"] * 2, (half, third), np.array([0, 1]), {})
    >>> told.counts, [round(value, 4) for value in told.sums]
    ((2,), [-0.1178])
    """
    if not days:
        return TrialFacts(model_version=names[0], against=names[1])
    own, other = (scoring.log_loss(p, outcome) for p in said)
    listed, counts, sums = sequential.by_day(days, own - other)
    rps, _, high = clustered(scoring.rps(said[0], outcome) - scoring.rps(said[1], outcome), days)
    shown = {name: rows for name, rows in groups.items() if rows.any()}
    return TrialFacts(
        model_version=names[0],
        against=names[1],
        days=tuple(listed),
        counts=tuple(map(int, counts)),
        sums=_rounded(sums),
        rps=rps,
        rps_high=high,
        ece=round(scoring.ece(said[0], outcome), _DIGITS),
        ece_against=round(scoring.ece(said[1], outcome), _DIGITS),
        slices=tuple(
            Slice(name, int(rows.sum()), round(float((own - other)[rows].mean()), _DIGITS))
            for name, rows in sorted(shown.items())
        ),
        **_closing(listed, days, own, outcome, closing),
    )


def _closing(
    listed: list[str], days: list[str], own: Floats, outcome: NDArray[np.int64], closing: Floats | None
) -> dict[str, Any]:
    """The model against closing prices, on the same days."""
    if closing is None or np.isnan(closing).any(axis=1).all():
        return {}
    known = np.asarray(~np.isnan(closing).any(axis=1))
    gap = own[known] - scoring.log_loss(closing[known], outcome[known])
    dates, counts, sums = sequential.by_day(
        [day for day, there in zip(days, known.tolist(), strict=True) if there], gap
    )
    n, total = dict(zip(dates, counts, strict=True)), dict(zip(dates, _rounded(sums), strict=True))
    return {
        "closing_counts": tuple(int(n.get(day, 0)) for day in listed),
        "closing_sums": tuple(total.get(day, 0.0) for day in listed),
    }


def _rounded(values: Floats) -> tuple[float, ...]:
    return tuple(round(value, _DIGITS) for value in values.tolist())


def judge(told: TrialFacts, role: Role, policy: TrialPolicy, leak: float) -> TrialState:
    """How a trial stands.

    Args:
        told: its facts.
        role: who is on trial: a challenger, or the champion against the one before.
        policy: the limits.
        leak: better than closing prices by more than this, even at the worse end of the interval, is not believed.

    >>> policy = TrialPolicy(challengers=2, horizon=5000, gain=0.002, max_rps=0.001, max_ece=0.01, slice_matches=300,
    ...                      slice_loss=0.02)
    >>> days = tuple(f"2026-{month:02}-{day:02}" for month in (1, 2, 3) for day in range(1, 29))
    >>> better = TrialFacts(model_version="m2", against="m1", days=days, counts=(10,) * 84, sums=(-0.7, -0.5) * 42,
    ...                     rps=-0.01, rps_high=-0.009, ece=0.01, ece_against=0.01)
    >>> judge(better, "challenger", policy, 0.005).verdict, judge(better, "champion", policy, 0.005).verdict
    ('promote', 'hold')
    """
    if not told.counts:
        waits: TrialVerdict = "collect" if role == "challenger" else "hold"
        why = "no match yet that both forecast"
        return TrialState(
            model_version=told.model_version, against=told.against, role=role, n=0, verdict=waits, reason=why
        )
    made = sequential.path(told.counts, told.sums, policy.horizon)
    return (_challenger if role == "challenger" else _champion)(told, made, policy, leak)


def _challenger(told: TrialFacts, made: sequential.Path, policy: TrialPolicy, leak: float) -> TrialState:
    better = int(sequential.first(made.high < 0))
    useless = int(sequential.first(made.low > -policy.gain))
    checks = tuple(_checks(told, made, policy, leak))
    refused = [check for check in checks if not check.passed]
    mean, dev = float(made.mean[-1]), float(made.deviation[-1])
    last = len(told.counts)
    if not checks[-1].passed:
        return _state(told, "challenger", made, "reject", 0, f"blocked: {checks[-1].reason}", checks)
    if useless < min(better, last):
        reason = f"it gains less than {policy.gain} a match, if anything: {_said(made)}"
        return _state(told, "challenger", made, "reject", 0, reason, checks)
    if better < last and not refused:
        return _state(told, "challenger", made, "promote", 0, f"it is better: {_said(made)}", checks)
    why = f"it is better, but {refused[0].reason}" if better < last else f"nothing is shown yet: {_said(made)}"
    if made.n[-1] >= policy.horizon:
        reason = f"{int(made.n[-1])} matches are over, of {policy.horizon} that a trial lasts; {why}"
        return _state(told, "challenger", made, "reject", 0, reason, checks)
    ahead = [
        sequential.needed(float(made.n[-1]), dev, distance, policy.horizon, policy.horizon)
        for distance in (-mean, mean + policy.gain)
    ]
    found = min((n for n in ahead if n is not None), default=None) if np.isfinite(dev) and dev > 0 else None
    return _state(told, "challenger", made, "collect", None if better < last else found, why, checks)


def _champion(told: TrialFacts, made: sequential.Path, policy: TrialPolicy, _: float) -> TrialState:
    worse = int(sequential.first(made.low > 0))
    if worse < len(told.counts):
        return _state(told, "champion", made, "rollback", 0, f"it is worse than the one before: {_said(made)}", ())
    n, mean, dev = float(made.n[-1]), float(made.mean[-1]), float(made.deviation[-1])
    sure = np.isfinite(dev) and dev > 0
    ahead = sequential.needed(n, dev, mean, policy.horizon, int(n) + policy.horizon) if sure else None
    return _state(told, "champion", made, "hold", ahead, f"not shown to be worse: {_said(made)}", ())


def _checks(told: TrialFacts, made: sequential.Path, policy: TrialPolicy, leak: float) -> Iterator[Check]:
    """Gates beside the test; the leak comes last."""
    rps = told.rps_high
    said = "" if rps is None else f"RPS {told.rps:+.5f} against the champion, at most {rps:+.5f}"
    yield Check("rps", rps is not None and rps <= policy.max_rps, said or "no interval of the RPS yet")
    yield _calibration(told, int(made.n[-1]), policy)
    yield _worst(told, policy)
    yield _leak(told, policy, leak)


def _calibration(told: TrialFacts, n: int, policy: TrialPolicy) -> Check:
    own, other = told.ece or 0.0, told.ece_against or 0.0
    allowed = other + policy.max_ece + _SURE / sqrt(n)
    return Check(
        "ece", own <= allowed, f"calibration error {own:.4f}, the champion's {other:.4f}, allowed {allowed:.4f}"
    )


def _worst(told: TrialFacts, policy: TrialPolicy) -> Check:
    wide = [group for group in told.slices if group.n >= policy.slice_matches]
    if not wide:
        return Check("slices", True, f"no group of {policy.slice_matches} matches yet")
    worst = max(wide, key=lambda group: (group.difference, group.name))
    said = f"worst of {len(wide)} groups is {worst.name}: {worst.difference:+.4f} on {worst.n} matches"
    return Check("slices", worst.difference <= policy.slice_loss, f"{said}, allowed {policy.slice_loss:+.4f}")


def _leak(told: TrialFacts, policy: TrialPolicy, leak: float) -> Check:
    """By the same interval, so that it may be looked at every day."""
    if not told.closing_counts:
        return Check("leak", True, "no closing prices to compare with")
    made = sequential.path(told.closing_counts, told.closing_sums, policy.horizon)
    said = f"log-loss {made.mean[-1]:+.4f} against closing prices on {int(made.n[-1])} matches"
    if not (made.high < -leak).any():
        return Check("leak", True, said)
    return Check("leak", False, f"{said}: better by more than {leak} is too good to be true; suspected leak")


def _said(made: sequential.Path) -> str:
    mean, n = float(made.mean[-1]), int(made.n[-1])
    if not np.isfinite(made.width[-1]):
        return f"log-loss {mean:+.4f} on {n} matches, too few for an interval"
    return f"log-loss {mean:+.4f} ({made.low[-1]:+.4f} to {made.high[-1]:+.4f}) on {n} matches"


def _state(
    told: TrialFacts,
    role: Role,
    made: sequential.Path,
    verdict: TrialVerdict,
    needed: int | None,
    reason: str,
    checks: tuple[Check, ...],
) -> TrialState:
    mean, width = float(made.mean[-1]), float(made.width[-1])
    known = bool(np.isfinite(width))
    towards = -mean if role == "challenger" else mean
    return TrialState(
        model_version=told.model_version,
        against=told.against,
        role=role,
        n=int(made.n[-1]),
        days=len(told.days),
        difference=round(mean, _DIGITS),
        low=round(mean - width, _DIGITS) if known else None,
        high=round(mean + width, _DIGITS) if known else None,
        evidence=round(towards / width, 6) if known and width > 0 else None,
        verdict=verdict,
        needed=needed,
        reason=reason,
        checks=checks,
    )
