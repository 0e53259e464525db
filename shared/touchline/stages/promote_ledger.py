"""Facts of a trial from the ledger alone, so that promote need not believe what it is told."""

from datetime import datetime

import numpy as np

from touchline.domain.settlement import probabilities
from touchline.domain.trial_gates import TrialFacts, facts
from touchline.domain.vocabulary import OUTCOMES
from touchline.ports import Forecast, Settlement
from touchline.work import Ports

Pair = tuple[Forecast, Settlement]


def ledger_facts(ports: Ports, model: str, against: str, since: datetime) -> TrialFacts:
    """What the settled forecasts of record of two models say, of the matches after a moment that both forecast.

    Closing prices and groups of matches are not in the ledger, so they are left out.

    Args:
        ports: all that may be touched.
        model: the one on trial.
        against: the one that it is compared with.
        since: when the trial began; matches that were kicked off by then do not count.
    """
    first, second = (_of_record(ports, name, since) for name in (model, against))
    both = sorted(first.keys() & second.keys())
    said = tuple(
        np.concatenate([probabilities(one[match][0]) for match in both]) if both else np.empty((0, 3))
        for one in (first, second)
    )
    days = [first[match][0].kickoff.date().isoformat() for match in both]
    outcome = np.array([OUTCOMES.index(first[match][1].outcome) for match in both], np.int64)
    return facts((model, against), days, (said[0], said[1]), outcome, {})


def _of_record(ports: Ports, model: str, since: datetime) -> dict[str, Pair]:
    """Match -> forecast of record and settlement, of those that are not void."""
    mode = ports.clock.mode
    settled = {
        (row.match_id, row.sealed_at): row
        for row in ports.ledger.settlements()
        if (row.model_version, row.mode, row.void_reason) == (model, mode, "")
    }
    forecasts = ports.ledger.forecasts(sorted({match for match, _ in settled}))
    return {
        one.match_id: (one, settled[one.match_id, one.sealed_at])
        for one in forecasts
        if (one.model_version, one.mode) == (model, mode)
        and (one.match_id, one.sealed_at) in settled
        and one.kickoff > since
    }
