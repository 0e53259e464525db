"""On real matches: what the features are worth, so that a change for the worse is noticed."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from touchline.domain.availability import available_time
from touchline.domain.features import FEATURE_NAMES, build
from touchline.domain.scoring import log_loss, rps
from touchline.ports import Payload
from touchline.sources import tidy

TOP_FIVE = ("E0", "D1", "I1", "SP1", "F1")

pytestmark = [pytest.mark.real, pytest.mark.slow]


@pytest.fixture(scope="module")
def history(real_data: Path) -> tuple[pd.DataFrame, np.ndarray]:
    """All real matches since 1993 with their features."""
    path = real_data / "football_data_uk.parquet"
    table = tidy.parse(Payload("real", path.name, path.read_bytes(), datetime(2026, 1, 1, tzinfo=UTC))).rows
    table["match_id"] = [f"m{number}" for number in range(len(table))]
    table = table.assign(available_time=available_time(table))
    return table, build(table).values


def scores(history: tuple[pd.DataFrame, np.ndarray], columns: list[str]) -> tuple[float, float]:
    """RPS over all divisions and log-loss over the top five, learnt up to June 2021, for the three seasons after."""
    table, values = history
    margin = (table["home_goals"] - table["away_goals"]).to_numpy()
    outcome = np.where(margin > 0, 0, np.where(margin == 0, 1, 2))
    year = table["season"].str[:4].astype(int).to_numpy()
    known, asked = (year >= 2006) & (year < 2021), year >= 2021
    x = values[:, [FEATURE_NAMES.index(name) for name in columns]]
    model = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(C=0.01, tol=1e-3, max_iter=100))
    p = model.fit(x[known], outcome[known]).predict_proba(x[asked])
    top = table["competition"].isin(TOP_FIVE).to_numpy()[asked]
    return float(rps(p, outcome[asked]).mean()), float(log_loss(p[top], outcome[asked][top]).mean())


def test_elo_alone_is_as_good_as_measured(history: tuple[pd.DataFrame, np.ndarray]) -> None:
    ranked, loss = scores(history, ["elo_difference"])
    assert ranked < 0.2080
    assert loss < 0.988


def test_all_features_are_better_than_elo_and_no_better_than_the_market(
    history: tuple[pd.DataFrame, np.ndarray],
) -> None:
    ranked, loss = scores(history, list(FEATURE_NAMES))
    assert 0.2016 < ranked < 0.2045
    assert 0.9679 < loss < 0.9790
