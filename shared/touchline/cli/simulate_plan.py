"""What a simulation goes through: which matches, from when to when, in which home."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pandas as pd

from touchline import settings
from touchline.adapters.clock import VirtualClock
from touchline.cli import demo_plan
from touchline.errors import ConfigurationError, DataError
from touchline.platform.runner import Platform
from touchline.platform.season import Season
from touchline.platform.telling import Change, Teller
from touchline.sources import files

if TYPE_CHECKING:
    from touchline.bootstrap import Around

OWN: Final = (
    "STORE", "STORE_LOCK_DAYS", "DATABASE", "CACHE", "SINK", "CRASHES", "NOW", "SCRAPE_SOURCES", "SCRAPE_LIVE_SOURCE",
    "TRAIN_STUDY",
)  # fmt: skip
"""Settings of other homes that a simulation does not take over: its parts all lie in its own home."""


class Wish(msgspec.Struct, frozen=True):
    """What the user asked for; empty fields leave the choice to us."""

    since: datetime
    until: datetime
    data: tuple[Path, ...]
    competitions: tuple[str, ...] = ()
    seasons: tuple[str, ...] = ()
    home: str = ""
    step: timedelta = timedelta(0)
    shuffle: int | None = None
    pages: bool = False


class Plan:
    """A simulation that can begin.

    Args:
        wish: what was asked for.
        matches: rows as a source's parser gives them.
        environ: environment of the functions.
        change: done to what is told, at its moment.
        around: put around each port that a function gets.
    """

    def __init__(
        self,
        wish: Wish,
        matches: pd.DataFrame,
        environ: Mapping[str, str],
        change: Change | None = None,
        around: "Around | None" = None,
    ) -> None:
        self.since, self.until, self.shuffle = wish.since, wish.until, wish.shuffle
        self.matches, self.environ, self.home = matches, dict(environ), environ["TOUCHLINE_HOME"]
        self._change, self._around, self._pages, self._step = change, around, wish.pages, wish.step

    @contextmanager
    def opened(self) -> Iterator[Season]:
        """The platform of the new home, at the beginning."""
        clock = VirtualClock(self.since)
        with Platform(self.environ, clock=clock, pause=lambda _: None, around=self._placed) as platform:
            horizon = settings.load(settings.ForecastSettings, self.environ, "forecast").horizon_days
            teller = Teller(self.matches, self._change)
            yield Season(
                platform, clock, teller, horizon=timedelta(days=horizon), step=self._step, shuffle=self.shuffle
            )

    def _placed(self, name: str, part: Any) -> Any:
        if name == "reporter" and not self._pages:
            part = Undrawn()
        return self._around(name, part) if self._around else part


class Undrawn:
    """A drift reporter that draws no page; what drift found stands in `report.json` all the same."""

    def report(self, reference: pd.DataFrame, current: pd.DataFrame, *_: Any, **__: Any) -> tuple[str, dict[str, Any]]:
        """A line in place of the page."""
        return "<p>This simulation drew no pages: <code>touchline simulate --pages</code> does.</p>\n", {}


def plan(wish: Wish, environ: Mapping[str, str]) -> Plan:
    """Read the matches, and choose a home that is empty.

    Raises:
        ConfigurationError: the home holds something already.
        NotFound, DataError: files that do not exist or cannot be read, or hold no match of that time.
    """
    found = [demo_plan.rows_of(payload) for path in wish.data for payload in files.read(path, wish.since)]
    asked = demo_plan.Wish(competitions=wish.competitions, seasons=wish.seasons)
    narrow = asked.competitions or asked.seasons
    rows = pd.concat([demo_plan.narrowed(table, asked) if narrow else table for table in found], ignore_index=True)
    rows = rows[rows["kickoff"] < wish.until]
    if not (rows["kickoff"] >= wish.since).any():
        span = f"{wish.since.date()} and {wish.until.date()}"
        raise DataError(f"no match lies between {span}", where="--data", hint="choose other days or files")
    return Plan(wish, rows, surroundings(environ, _home(wish, environ)))


def surroundings(environ: Mapping[str, str], home: str) -> dict[str, str]:
    """Environment of a simulation: settings of functions as they are, all parts in its own home."""
    foreign = {f"TOUCHLINE_{name}" for name in OWN} | {"MLFLOW_TRACKING_URI"}
    kept = {name: value for name, value in environ.items() if name not in foreign}
    return {"TOUCHLINE_REGISTRY": "folder", "TOUCHLINE_TRAIN_THREADS": "1", **kept, "TOUCHLINE_HOME": home}


def _home(wish: Wish, environ: Mapping[str, str]) -> str:
    parts = f"simulated-{wish.since:%Y%m%d}-{wish.until:%Y%m%d}" + f"-shuffled-{wish.shuffle}" * (
        wish.shuffle is not None
    )
    home = Path(wish.home or Path(environ.get("TOUCHLINE_HOME", ".touchline"), parts))
    if home.exists() and any(home.iterdir()):
        raise ConfigurationError(
            "this home is not empty, and a simulation begins with nothing", where=str(home),
            hint="choose another with --home, or remove it",
        )  # fmt: skip
    return str(home)
