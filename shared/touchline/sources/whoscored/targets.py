"""Our competitions among the tournaments of the site, and the season that is under way."""

from datetime import date, datetime

import msgspec

from touchline.domain import seasons as season_names
from touchline.domain.competitions import competition
from touchline.errors import ConfigurationError, UnknownName
from touchline.sources import leagues
from touchline.sources.table import LONDON
from touchline.sources.whoscored.names import NAME


class Target(msgspec.Struct, frozen=True):
    """A tournament of the site, and our code of it."""

    code: str
    region: int
    tournament: int

    @property
    def path(self) -> str:
        """Its page."""
        return f"/Regions/{self.region}/Tournaments/{self.tournament}"


def target_of(code: str) -> Target:
    """The tournament that is a competition of ours.

    Raises:
        ConfigurationError: the site does not have it, as far as is known.
    """
    try:
        region, _, tournament = leagues.known_as(NAME, code).partition("/")
    except UnknownName as error:
        raise ConfigurationError(
            f"WhoScored has no competition {code}, as far as is known",
            where="TOUCHLINE_SCRAPE_COMPETITIONS",
            hint=f"known are {', '.join(leagues.codes(NAME))}",
        ) from error
    return Target(code, int(region), int(tournament))


def code_of(region: int | None, tournament: int) -> str:
    """Our code of a tournament by its numbers, empty if we have none."""
    targets = map(target_of, leagues.codes(NAME))
    return next((one.code for one in targets if one.tournament == tournament and region in (None, one.region)), "")


def current_season(code: str, now: datetime) -> str:
    """Season that is under way by the calendar."""
    return season_names.season_of(uk_day(now), competition(code).calendar_year)


def uk_day(moment: datetime) -> date:
    """Day of a moment in the United Kingdom."""
    return moment.astimezone(LONDON).date()
