"""The simulated league as a source: it speaks the tidy CSV format, as if it had been downloaded."""

from collections.abc import Generator
from datetime import datetime, timedelta
from typing import Final

from touchline.collecting import About, Page, Scope, Verdict
from touchline.domain import seasons as season_names
from touchline.domain.competitions import SIMULATED
from touchline.domain.simulation import simulate
from touchline.errors import ConfigurationError
from touchline.ports import Payload

NAME: Final = "simulated"
SEASONS: Final = 6
_ALL: Final = "all"


class Simulated:
    """The league of a seed, known up to the moment at which it is asked for."""

    name = NAME
    about = About(
        gives="an invented league with results, statistics and prices; no real club plays in it",
        terms="made by Touchline",
        rate="as fast as this machine",
        freshness="up to the moment",
        pace_seconds=0.0,
        transport="made",
    )

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def pages(self, scope: Scope, now: datetime) -> Generator[Page, Payload | None, None]:
        """One page with the last SEASONS seasons, or with those that were asked for; the competitions say nothing.

        Raises:
            ConfigurationError: a season that the league cannot have.
        """
        current = season_names.start_year(simulate(self._seed, now, 1)["season"].max())
        try:
            years = season_names.years(scope.seasons, current) if scope.seasons else ()
        except ValueError as error:
            raise ConfigurationError(str(error), where="seasons") from error
        seasons = ",".join(map(season_names.label, years))
        name = f"{SIMULATED.code}-{self._seed}{f'-{seasons}' if seasons else ''}.csv"
        yield Page(source=NAME, endpoint="league", name=name, url=f"{NAME}:{seasons}", leaf=True)

    def make(self, page: Page, now: datetime) -> bytes:
        """CSV of the seasons that the page's address names, of all if it names none."""
        wanted = page.url.partition(":")[2].split(",")
        table = simulate(self._seed, now, SEASONS)
        if wanted != [""]:
            current, first = (season_names.start_year(season) for season in (table["season"].max(), wanted[0]))
            table = simulate(self._seed, now, current - first + 1)
            table = table[table["season"].isin(wanted)]
        narrow = table.drop(columns="available_time").dropna(axis=1, how="all")
        text: str = narrow.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        return text.encode()

    def verdict(self, page: Page, payload: Payload, now: datetime) -> Verdict:
        """Always whole, and different whenever the clock has moved."""
        return Verdict(again=timedelta(0))
