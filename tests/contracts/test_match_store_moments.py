"""Whatever order rows come in, what they end in is that of the order of their moments."""

from datetime import timedelta
from itertools import count
from typing import Any

import pandas as pd
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scraped import NOW, finished, payload, prices, run
from scraped import match as told
from touchline.adapters.clock import VirtualClock
from touchline.adapters.match_store import SqlMatchStore

TEAMS = {("England", name): name for name in ("Leeds", "Hull")}
NUMBERS = count()
STANDS = st.one_of(
    st.just({"status": "scheduled"}),
    st.builds(finished, st.integers(0, 3), st.integers(0, 3)),
    st.builds(lambda goals: finished(goals, 3) | {"status": "awarded"}, st.integers(0, 3)),
)
STATISTICS = st.fixed_dictionaries({"home_shots": st.integers(0, 9), "away_shots": st.integers(0, 9)})
PRICES = st.builds(lambda price: prices("b365", price, 3.0, 4.0), st.floats(1.5, 3.0))
NOTHING = st.just({})
TELLING = st.tuples(STANDS | st.none(), STATISTICS | NOTHING, PRICES | NOTHING)


STEPS = 4
ARRIVAL = st.lists(st.integers(0, STEPS - 1), min_size=STEPS, max_size=STEPS)
"""In which run what was true at each moment comes."""
SCENARIO = st.tuples(st.lists(TELLING, min_size=STEPS, max_size=STEPS), ARRIVAL)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scenarios=st.lists(SCENARIO, min_size=15, max_size=15))
def test_the_end_is_that_of_the_order_of_moments(engine: sa.Engine, scenarios: list[Any]) -> None:
    store = SqlMatchStore(engine, VirtualClock(NOW))
    in_order = [(f"e0-{next(NUMBERS)}", tellings, range(STEPS)) for tellings, _ in scenarios]
    as_they_come = [(f"e0-{next(NUMBERS)}", *scenario) for scenario in scenarios]
    every = [*in_order, *as_they_come]
    store.record(run(0), pd.concat([_row(match_id) for match_id, *_ in every]), TEAMS)
    for step in range(STEPS):
        rows = [
            _row(match_id, place, tellings[place])
            for match_id, tellings, arrival in every
            for place in range(STEPS)
            if arrival[place] == step
        ]
        store.record(run(step + 1), pd.concat(rows, ignore_index=True), {})
    table = store.snapshot(store.head()).set_index("match_id").drop(columns="payload")
    for (mine, *_), (other, *_) in zip(in_order, as_they_come, strict=True):
        pd.testing.assert_series_equal(table.loc[mine], table.loc[other], check_names=False)


def _row(match_id: str, place: int = -1, telling: Any = ({}, {}, {})) -> pd.DataFrame:
    """What is told of a match at a moment."""
    stands, counted, quoted = telling
    return told("e0-leeds-hull", **((stands or {}) | counted | quoted)).assign(
        match_id=match_id,
        payload=payload(place + 1),
        bare=stands is None,
        retrieved=pd.Timestamp(NOW + timedelta(hours=place)),
    )
