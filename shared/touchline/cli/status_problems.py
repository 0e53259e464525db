"""What of a status asks for somebody, the worst first, and what to do about it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from touchline.cli.status_told import Problem, Status

LATE: Final = 3600.0
"""Seconds after which a stage that owes an answer is late."""
OLD: Final = timedelta(days=120)
"""A champion that is older has not seen a third of a season."""
CHAIN: Final = "`touchline run chain`, or `touchline sweep` where functions run apart"
FIXTURES: Final = "`touchline run scrape`, or `touchline ingest` fixtures; then `touchline run chain`"
RESULTS: Final = "`touchline sources`: results may be missing; else `touchline run drift`"
LETTERS: Final = "`touchline deadletters list`; mend the cause, then `touchline deadletters redrive`"


def problems(status: Status) -> tuple[Problem, ...]:
    """All of them, the critical ones first."""
    found = [
        problem for part in (_unread, _functions, _chain, _sources, _model, _record, _rest) for problem in part(status)
    ]
    return tuple(sorted(found, key=lambda one: one.severity != "critical"))


def _unread(status: Status) -> Iterator[Problem]:
    for part, why in status.unread.items():
        yield Problem("critical", part, f"cannot be read: {why}", "`touchline doctor` tries every part")


def _functions(status: Status) -> Iterator[Problem]:
    for one in status.functions:
        if one.dead:
            yield Problem("critical", one.function, f"{one.dead} dead letters: attempts are spent", LETTERS)
        if one.quarantined:
            yield Problem("warning", one.function, f"{one.quarantined} pieces of work were refused and kept", LETTERS)
        if one.outcome == "failed":
            told = f": {one.about}" if one.about else ""
            todo = f"`touchline runs --function {one.function} --failed`; it is tried again"
            yield Problem("warning", one.function, f"the newest run failed{told}", todo)


def _chain(status: Status) -> Iterator[Problem]:
    for one in status.chain:
        if one.lag_seconds is not None and one.lag_seconds > LATE:
            what = f"has not answered the newest scrape for {one.lag_seconds / 3600:.1f} h"
            yield Problem("critical", one.stage, what, CHAIN)


def _sources(status: Status) -> Iterator[Problem]:
    for one in status.sources:
        if one.state != "ok":
            told = f": {one.notes[0]}" if one.notes else ""
            yield Problem("warning", one.source, f"{one.state}{told}", "`touchline sources` has what was seen")


def _model(status: Status) -> Iterator[Problem]:
    model = status.model
    if model is None:
        if "model" not in status.unread:
            yield Problem("warning", "model", "none serves yet", "`touchline run chain` trains and promotes one")
        return
    if model.since is not None and status.at - model.since > OLD:
        days = (status.at - model.since).days
        yield Problem("warning", "model", f"the champion serves for {days} days", "`touchline run train`")
    for trial in model.trials:
        if trial.verdict == "rollback":
            yield Problem("critical", "model", f"worse than {trial.against}: {trial.reason}", "`touchline rollback`")


def _record(status: Status) -> Iterator[Problem]:
    if status.record is not None and status.record.alarm:
        leaning = f" ({status.record.leaning})" if status.record.leaning else ""
        what = f"forecasts do not keep what they promise{leaning}"
        yield Problem(
            "critical", "record", what, "look at /track-record and /drift; `touchline rollback`, or train anew"
        )
    if status.forecasts is not None and not status.forecasts.sealed:
        why = f": {status.forecasts.reason}" if status.forecasts.reason else ""
        yield Problem("warning", "forecasts", f"no coming match is forecast{why}", FIXTURES)


def _rest(status: Status) -> Iterator[Problem]:
    if status.ledger is not None and status.ledger.gaps:
        yield Problem(
            "critical", "ledger", f"{status.ledger.gaps} gaps in the chain of batches", "`touchline verify-ledger`"
        )
    if status.ledger is not None and status.ledger.unsettled:
        what = f"{status.ledger.unsettled} matches are over and not settled"
        yield Problem("warning", "ledger", what, RESULTS)
    if status.drift is not None and status.drift.retrain:
        yield Problem(
            "warning", "drift", f"asks for a training: {status.drift.retrain}", "`touchline runs --function train`"
        )
