"""The simulated league as a source: it speaks the tidy CSV format, as if it had been downloaded."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from touchline.domain import seasons as season_names
from touchline.domain.competitions import SIMULATED
from touchline.domain.simulation import simulate
from touchline.errors import ConfigurationError
from touchline.ports import Payload

NAME: Final = "simulated"
SEASONS: Final = 6


class Simulated:
    """The league of a seed, known up to the moment at which it is fetched."""

    name = NAME

    def __init__(self, seed: int) -> None:
        self._seed = seed

    def fetch(self, competitions: Sequence[str], seasons: Sequence[str], now: datetime) -> Iterator[Payload]:
        """One payload with the last SEASONS seasons, or with those that were asked for; `competitions` say nothing.

        Raises:
            ConfigurationError: a season that the league cannot have.
        """
        table = simulate(self._seed, now, SEASONS)
        if seasons:
            current = season_names.start_year(table["season"].max())
            try:
                years = season_names.years(seasons, current)
            except ValueError as error:
                raise ConfigurationError(str(error), where="TOUCHLINE_SCRAPE_SEASONS") from error
            wanted = [season_names.label(year) for year in years]
            table = simulate(self._seed, now, current - years[0] + 1)
            table = table[table["season"].isin(wanted)]
        body = (
            table.drop(columns="available_time")
            .dropna(axis=1, how="all")
            .to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
        )
        yield Payload(NAME, f"{SIMULATED.code}-{self._seed}.csv", body.encode(), now)
