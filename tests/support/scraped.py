"""Rows as a scrape would hand them to the match store."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from touchline.domain.competitions import competition
from touchline.domain.simulation import simulate
from touchline.domain.vocabulary import BOOKMAKERS, MATCH_COLUMNS, odds_columns
from touchline.ports import ScrapeRun

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAYLOAD = "a" * 64


def payload(number: int) -> str:
    """A sha256 that is easy to read."""
    return f"{number:064x}"


def run(number: int = 1, retrieved: datetime | None = None, *, simulated: bool = False) -> ScrapeRun:
    """The ingestion with this number; later numbers retrieved their payload later."""
    when = retrieved or NOW + timedelta(minutes=number)
    return ScrapeRun(f"run-{number}", "test", (payload(number),), when, simulated)


def simulated(seed: int = 7, seasons: int = 2, **changes: Any) -> pd.DataFrame:
    """Rows of the simulated league."""
    return simulate(seed, NOW, seasons=seasons).assign(payload=payload(1), **changes)


def match(match_id: str = "e0-2025-26-leeds-hull", **values: Any) -> pd.DataFrame:
    """One row of a match that is scheduled for the day after NOW, or what `values` make of it."""
    return matches({match_id: values})


def matches(values: Mapping[str, Mapping[str, Any]]) -> pd.DataFrame:
    """Such rows by their match_id."""
    return pd.DataFrame([_row(match_id, given) for match_id, given in values.items()])


def _row(match_id: str, values: Mapping[str, Any]) -> dict[str, Any]:
    _, home, away = match_id.rsplit("-", 2)
    kickoff = values.get("kickoff", NOW + timedelta(days=1))
    return dict.fromkeys(MATCH_COLUMNS, float("nan")) | {
        "match_id": match_id, "competition": "E0", "season": "2025-26", "kickoff": kickoff, "kickoff_known": True,
        "home_team": home.title(), "away_team": away.title(), "status": "scheduled",
        "available_time": kickoff + timedelta(hours=5), "payload": PAYLOAD, **values,
    }  # fmt: skip


def finished(home: float, away: float, **values: Any) -> dict[str, Any]:
    """Values of a match that was played."""
    return {"status": "finished", "home_goals": float(home), "away_goals": float(away)} | values


def prices(bookmaker: str, *triple: float, closing: bool = False) -> dict[str, float]:
    """Values of a bookmaker's prices."""
    assert bookmaker in BOOKMAKERS
    return dict(zip(odds_columns(bookmaker, closing=closing), triple, strict=True))


def teams_of(rows: pd.DataFrame) -> Mapping[tuple[str, str], str]:
    """All names in the rows, as seen for the first time."""
    pairs = pd.concat(
        [rows[["competition", side]].set_axis(["code", "team"], axis=1) for side in ("home_team", "away_team")]
    )
    return {(competition(code).country, team): team for code, team in pairs.drop_duplicates().itertuples(index=False)}


def stored(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows as a snapshot shows them."""
    columns = [*MATCH_COLUMNS, "available_time", "payload"]
    return rows.sort_values(["kickoff", "match_id"], ignore_index=True)[columns]
