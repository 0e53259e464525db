"""A small league in which everything happens: files, a matchday, a corrected score, settlements, models, a route.

In each phase the files come in any order, and the world is brought to rest. What makes a model is spread over the
phases so that each schedule has the same models (one that comes of half of the files would be another one): the gates
want all files of the first phase, and a training is asked for only when the corrected score has settled.
"""

from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

import msgspec

from touchline import bootstrap
from touchline.adapters.clock import VirtualClock
from touchline.domain.simulation import simulate
from touchline.manifest import encode
from touchline.sources.files import incoming_key
from touchline.testing.deliveries import Chances
from touchline.testing.digests import Digest, digest
from touchline.testing.remembered import remembering
from touchline.testing.worlds import World

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

START: Final = datetime(2025, 8, 27, 12, tzinfo=UTC)
"""A Wednesday after three rounds of the season."""
WEEK: Final = timedelta(days=7)
_SEED, _TEAMS, _SEASONS = 7, 6, 6
_DELIVERIES: Final = 12
"""After fewer deliveries than this, from some moment on, comes what comes afterwards."""
POLICY: Final = """
version: 1
smoke: {max_parity: 1.0e-4, sample_rows: 16}
candidate: {min_matches: 5, better_than_priors: -9.0, better_than_elo: -9.0, max_ece: 1.0, ece_noise: 0.77,
            suspected_leak: 9.0}
champion: {min_matches: 1, at_once: 9.0}
trial: {challengers: 2, horizon: 10000, gain: 0.002, max_rps: 0.001, max_ece: 0.01, slice_matches: 300,
        slice_loss: 0.02}
rollback: {min_requests: 100, cool_down_hours: 24}
"""
"""Lets any working model serve: the league is too small for the real rules."""
_ROUTE: Final = {"action": "route", "mode": "ab", "share": 0.3, "model_id": "previous"}
"""The first model challenges the second."""


class Phase(msgspec.Struct, frozen=True):
    """What comes, and when; then the world is brought to rest."""

    now: datetime
    objects: dict[str, bytes] = {}
    """Put down under these keys, at the start of the phase."""
    afterwards: dict[str, bytes] = {}
    """Put down while the stages are at work on what came before: soon, or (two seeds of three) on its features."""
    ticks: tuple[str, ...] = ()
    """Functions whose schedules fire."""
    same: bool = True
    """Whether every schedule is in one state after it; not where a report may come before or after the first model."""


class Page:
    """A drift reporter that is quick; as a real one may, it draws a new id for every page."""

    drawn = 0

    def report(self, reference: "pd.DataFrame", current: "pd.DataFrame") -> tuple[str, dict[str, Any]]:
        """A page with an id of its own, and how many rows were compared."""
        Page.drawn += 1
        return f"<p>page {Page.drawn}</p>", {"reference": len(reference), "current": len(current)}


def environment(folder: Path) -> dict[str, str]:
    """Environment of a world below a folder: one small model, and no part that is slow to start."""
    policy = folder / "policy.yaml"
    policy.write_text(POLICY)
    first = sum(_finished(body) for body in phases()[0].objects.values())
    return {
        "TOUCHLINE_HOME": str(folder / "home"),
        "TOUCHLINE_REGISTRY": "folder",
        "TOUCHLINE_LOG_LEVEL": "CRITICAL",
        "TOUCHLINE_PROMOTE_POLICY": str(policy),
        "TOUCHLINE_VALIDATE_MIN_FINISHED": str(first),
        "TOUCHLINE_TRAIN_TRIALS": "1",
        "TOUCHLINE_TRAIN_FOLDS": "1",
        "TOUCHLINE_TRAIN_TEST_DAYS": "30",
        "TOUCHLINE_TRAIN_THREADS": "1",
        "TOUCHLINE_TRAIN_FAMILIES": "logistic",
        "TOUCHLINE_TRAIN_MIN_NEW_MATCHES": "1000",
        "TOUCHLINE_DRIFT_CURRENT_MATCHES": "50",
    }


@cache
def phases() -> tuple[Phase, ...]:
    """All that happens, in the order of time."""
    later, hour = START + WEEK, timedelta(hours=1)
    past, season = _seasons(START)
    wrong, right = _corrected(_seasons(later)[1], later)
    return (
        Phase(START, _files(START, {"past": past, "now": season}), same=False),
        Phase(later, wrong, right, ("drift", "forecast")),
        Phase(later + hour, {"requests/retrain/users/more.json": encode({"reason": "a matchday"})}),
        Phase(later + 2 * hour, {"requests/promotion/users/route.json": encode(_ROUTE)}, ticks=("drift", "forecast")),
    )


def play(
    folder: Path,
    seed: int,
    *,
    chances: Chances | None = None,
    around: bootstrap.Around | None = None,
    afresh: bool = False,
) -> tuple[World, tuple[Digest, ...]]:
    """One schedule of the league in an empty folder; and the states that it must have come to rest in.

    Args:
        folder: where everything is put.
        seed: of the schedule.
        chances: how bad the day is.
        around: put around the ports.
        afresh: compute everything, whatever an earlier schedule computed already.

    Raises:
        CorruptObject: a state does not keep what it promises.
        Unavailable: the world came to no rest.
    """
    environ, clock = environment(folder), VirtualClock(START)
    home = Path(environ["TOUCHLINE_HOME"])
    home.mkdir()
    (home / "touchline.db").write_bytes(_empty_database())
    known = nullcontext() if afresh else remembering()
    with known, World(environ, clock=clock, seed=seed, chances=chances, around=_placing(around)) as world:
        found: list[Digest] = []
        for phase in phases():
            clock.move(phase.now)
            for key, data in phase.objects.items():
                world.put(key, data)
            for function in phase.ticks:
                world.tick(function)
            if phase.afterwards:
                _let_begin(world, seed)
            for key, data in phase.afterwards.items():
                world.put(key, data)
            world.rest()
            if phase.same:
                found.append(digest(world.ports))
    return world, tuple(found)


@cache
def _empty_database() -> bytes:
    """A migrated database without rows, to begin with."""
    with TemporaryDirectory() as home:
        bootstrap.ports({"TOUCHLINE_HOME": home}).engine.dispose()
        return (Path(home) / "touchline.db").read_bytes()


def _let_begin(world: World, seed: int) -> None:
    """Let the functions begin with what came; for most seeds until there are new features of it."""
    before = len(list(world.store.list("features/published/")))
    while seed % 3 and len(list(world.store.list("features/published/"))) == before and world.go(1):
        pass
    world.go(seed % _DELIVERIES)


def _placing(around: bootstrap.Around | None) -> bootstrap.Around:
    def placed(name: str, part: Any) -> Any:
        part = Page() if name == "reporter" else part
        return around(name, part) if around else part

    return placed


def _seasons(now: datetime) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The past seasons, and the one that is played, as known at a moment."""
    table = simulate(_SEED, now, seasons=_SEASONS, teams=_TEAMS)
    newest = table["season"] == table["season"].max()
    return table[~newest], table[newest]


def _corrected(season: "pd.DataFrame", now: datetime) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Two files: the season with a wrong score of its newest match, and a minute later that match alone, corrected."""
    finished = season[season["status"] == "finished"]
    newest = finished.index[-1]
    wrong = season.copy()
    side = "away" if season.loc[newest, "home_goals"] >= season.loc[newest, "away_goals"] else "home"
    wrong.loc[newest, [f"{side}_{what}" for what in ("goals", "shots", "shots_on_target")]] += 5  # another winner
    before = now - timedelta(minutes=1)
    return _files(before, {"wrong": wrong}), _files(now, {"right": season.loc[[newest]]})


def _files(moment: datetime, tables: "Mapping[str, pd.DataFrame]") -> dict[str, bytes]:
    """Key under `incoming/` -> CSV."""
    bodies = {f"{name}.csv": _csv(table) for name, table in tables.items()}
    return {incoming_key(name, body, moment): body for name, body in bodies.items()}


def _csv(table: "pd.DataFrame") -> bytes:
    narrow = table.drop(columns=["available_time", "match_id"]).dropna(axis=1, how="all")
    return bytes(narrow.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ"), "utf-8")


def _finished(body: bytes) -> int:
    return body.count(b",finished,")
